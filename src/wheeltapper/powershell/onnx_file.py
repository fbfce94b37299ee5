"""A network as ONNX: the graph that `nets` computes, with the parameters it was trained to.

Input: codes (`encode`), uint8 of shape (N, L): `raw`, for `cnn` with L = 1024. `branches` takes
`plain` too, and `places` (int64) and `values` (float) of 3-grams (`ngrams.bag`), both of shape
(N, K), filled up with values of 0. Output: `scores`, log-odds of shape (N, 1). The same parameters
give the same bytes.
The graph is written out here, operator by operator: it is small, and PyTorch's exporter would bring
two more packages and a file that changes with its version.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from wheeltapper.powershell.encode import LENGTH, PAD, TABLE
from wheeltapper.powershell.nets import WIDE

_OPSET, _IR = 17, 8


def to_onnx(name: str, params: dict[str, npt.NDArray[np.float32]]) -> bytes:
    """The bytes of a network's file; weights are kept in 16 bits."""
    from onnx import TensorProto, helper

    graph = _Graph(params)
    length: int | str = LENGTH if name == "cnn" else "length"
    out = graph.cnn() if name == "cnn" else graph.branches()
    inputs = [helper.make_tensor_value_info("raw", TensorProto.UINT8, ["n", length])]
    if name == "branches":
        inputs += [
            helper.make_tensor_value_info("plain", TensorProto.UINT8, ["n", length]),
            helper.make_tensor_value_info("places", TensorProto.INT64, ["n", "k"]),
            helper.make_tensor_value_info("values", TensorProto.FLOAT, ["n", "k"]),
        ]
    made = helper.make_graph(
        [*graph.nodes, helper.make_node("Identity", [out], ["scores"])],
        name,
        inputs,
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 1])],
        graph.constants,
    )
    model = helper.make_model(
        made,
        producer_name="wheeltapper",
        ir_version=_IR,
        opset_imports=[helper.make_opsetid("", _OPSET)],
    )
    content: bytes = model.SerializeToString(deterministic=True)
    return content


class _Graph:
    """Operators so far; every method adds some and gives the name of what comes out."""

    def __init__(self, params: dict[str, npt.NDArray[np.float32]]) -> None:
        self.params = params
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._known: set[str] = set()

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        out = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def constant(self, name: str, value: npt.NDArray[Any]) -> str:
        from onnx import numpy_helper

        if name not in self._known:
            self._known.add(name)
            self.constants.append(numpy_helper.from_array(value, name))
        return name

    def param(self, name: str) -> str:
        half = self.constant(name, self.params[name].astype(np.float16))
        return self.op("Cast", half, to=1)

    def cnn(self) -> str:
        table = self.constant("table", TABLE)
        columns = self.op("Gather", table, self.op("Cast", "raw", to=7), axis=0)
        image = self.op("Transpose", columns, perm=[0, 2, 1])
        found = self.op("Conv", image, self.param("conv_weight"), self.param("conv_bias"))
        found = self.op("Relu", found)
        found = self.op("MaxPool", found, kernel_shape=[8], strides=[8])
        hidden = self.op("Flatten", found, axis=1)
        for layer in ("dense1", "dense2"):
            hidden = self.op("Relu", self.dense(hidden, layer))
        return self.dense(hidden, "out")

    def dense(self, inputs: str, layer: str) -> str:
        weight, bias = self.param(f"{layer}_weight"), self.param(f"{layer}_bias")
        return self.op("Gemm", inputs, weight, bias, transB=1)

    def branches(self) -> str:
        parts = [part for branch in ("raw", "plain") for part in self.branch(branch)]
        wide, deep = self.bag()
        found = self.op("Concat", *parts, deep, axis=1)
        hidden = self.op("Relu", self.dense(found, "dense"))
        return self.op("Add", self.dense(hidden, "out"), wide)

    def bag(self) -> tuple[str, str]:
        """What goes straight to the output, and what goes through the hidden layer."""
        rows = self.op("Gather", self.param("bag_columns"), "places", axis=0)
        axis = self.constant("axis1", np.array([1], np.int64))
        each = self.op("Unsqueeze", "values", axis)
        sums = self.op("Squeeze", self.op("MatMul", each, rows), axis)
        hidden = self.params["bag_bias"].size
        at = [self.constant(f"at{n}", np.array([n], np.int64)) for n in (0, 1, hidden + 1)]
        wide = self.op("Slice", sums, at[0], at[1], axis)
        deep = self.op("Slice", sums, at[1], at[2], axis)
        times = self.constant("wide", np.array(WIDE, np.float32))
        return self.op("Mul", wide, times), self.op(
            "Relu", self.op("Add", deep, self.param("bag_bias"))
        )

    def branch(self, name: str) -> list[str]:
        codes = self.op("Cast", name, to=7)
        pad = self.constant("pad", np.array(PAD, np.int64))
        there = self.op("Cast", self.op("Greater", codes, pad), to=1)
        second_axis = self.constant("axis1", np.array([1], np.int64))
        there = self.op("Unsqueeze", there, second_axis)
        columns = self.op("Gather", self.param(f"{name}_columns"), codes, axis=0)
        columns = self.op("Mul", self.op("Transpose", columns, perm=[0, 2, 1]), there)
        first = self.op("Mul", self.conv(columns, f"{name}_conv1"), there)
        first = self.op("MaxPool", first, kernel_shape=[4], strides=[4])
        there = self.op("MaxPool", there, kernel_shape=[4], strides=[4])
        second = self.op("Mul", self.conv(first, f"{name}_conv2"), there)
        last_axis = self.constant("axis2", np.array([2], np.int64))
        one = self.constant("one", np.array(1, np.float32))
        size = self.op("Max", self.op("ReduceSum", there, last_axis, keepdims=0), one)
        total = self.op("ReduceSum", second, last_axis, keepdims=0)
        greatest = self.op("ReduceMax", second, axes=[2], keepdims=0)
        return [greatest, self.op("Div", total, size)]

    def conv(self, inputs: str, layer: str) -> str:
        weight, bias = self.param(f"{layer}_weight"), self.param(f"{layer}_bias")
        return self.op("Relu", self.op("Conv", inputs, weight, bias, pads=[2, 2]))
