"""An isolation forest as ONNX: one tree-ensemble operator and the score made of it.

In goes a fitted scikit-learn `IsolationForest`, out comes a model with input `deviation` and output
`scores`: 2 to the power of minus the mean path length over that of a random tree, so 0.5 is average
and 1 is odd, the negative of scikit-learn's `score_samples`.

Written out here because skl2onnx makes an operator of every tree: for 256 trees that took a minute
instead of 0.2 s, and made a model twice as large and fourteen times as slow (two busy cores).
"""

from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt

_OPSET, _OPSET_ML, _IR = 15, 3, 8


def to_onnx(forest: Any, features: int) -> bytes:  # scikit-learn ships no types
    """The model's bytes; the same forest gives the same bytes."""
    from onnx import TensorProto, helper

    node: dict[str, list[Any]] = defaultdict(list)
    leaf: dict[str, list[Any]] = defaultdict(list)
    for number, estimator in enumerate(forest.estimators_):
        tree = estimator.tree_
        inner = tree.children_left >= 0
        count = tree.node_count
        node["tree"] += [number] * count
        node["id"] += range(count)
        node["feature"] += np.where(inner, tree.feature, 0).tolist()
        node["value"] += np.where(inner, _not_above(tree.threshold), 0.0).tolist()
        node["mode"] += np.where(inner, "BRANCH_LEQ", "LEAF").tolist()
        node["true"] += np.where(inner, tree.children_left, 0).tolist()
        node["false"] += np.where(inner, tree.children_right, 0).tolist()
        leaves = np.flatnonzero(~inner)
        leaf["tree"] += [number] * len(leaves)
        leaf["id"] += leaves.tolist()
        lengths = _depths(tree)[leaves] + average_path(tree.n_node_samples[leaves])
        leaf["weight"] += lengths.tolist()
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        ["deviation"],
        ["length"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="AVERAGE",
        nodes_treeids=node["tree"],
        nodes_nodeids=node["id"],
        nodes_featureids=node["feature"],
        nodes_values=node["value"],
        nodes_modes=node["mode"],
        nodes_truenodeids=node["true"],
        nodes_falsenodeids=node["false"],
        target_treeids=leaf["tree"],
        target_nodeids=leaf["id"],
        target_ids=[0] * len(leaf["id"]),
        target_weights=leaf["weight"],
    )
    usual = average_path(np.array([forest.max_samples_]))[0]
    graph = helper.make_graph(
        [
            ensemble,
            helper.make_node("Mul", ["length", "per_length"], ["power"]),
            helper.make_node("Pow", ["two", "power"], ["scores"]),
        ],
        "isolation_forest",
        [helper.make_tensor_value_info("deviation", TensorProto.FLOAT, [None, features])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 1])],
        [
            helper.make_tensor("per_length", TensorProto.FLOAT, [1], [-1.0 / usual]),
            helper.make_tensor("two", TensorProto.FLOAT, [1], [2.0]),
        ],
    )
    model = helper.make_model(
        graph,
        producer_name="wheeltapper",
        ir_version=_IR,
        opset_imports=[
            helper.make_opsetid("", _OPSET),
            helper.make_opsetid("ai.onnx.ml", _OPSET_ML),
        ],
    )
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def average_path(n: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Mean depth of a leaf when n points are isolated at random: c(n) of the paper."""
    size = n.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        path = 2.0 * (np.log(size - 1.0) + np.euler_gamma) - 2.0 * (size - 1.0) / size
    return np.where(size <= 1, 0.0, np.where(size == 2, 1.0, path))


def _depths(tree: Any) -> npt.NDArray[np.int64]:  # scikit-learn ships no types
    """Edges from the root to each node; children come after their parents."""
    depth = np.zeros(tree.node_count, np.int64)
    for parent in np.flatnonzero(tree.children_left >= 0):
        depth[tree.children_left[parent]] = depth[tree.children_right[parent]] = depth[parent] + 1
    return depth


def _not_above(threshold: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """The nearest 32-bit number not above: a 32-bit feature is then on the same side of both."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)
