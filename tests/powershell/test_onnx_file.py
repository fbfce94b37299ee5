"""The graph against the same network written out in NumPy, as plain as can be."""

import numpy as np
import onnxruntime
import pytest

from wheeltapper.powershell import encode
from wheeltapper.powershell.nets import SHAPES, WIDE
from wheeltapper.powershell.ngrams import bag
from wheeltapper.powershell.onnx_file import to_onnx


def parameters(name, seed=1):
    rng = np.random.default_rng(seed)
    return {
        key: (rng.standard_normal(shape) * 0.1).astype(np.float16).astype(np.float32)
        for key, shape in SHAPES[name].items()
    }


def run(name, params, **codes):
    session = onnxruntime.InferenceSession(to_onnx(name, params))
    return session.run(["scores"], codes)[0]


def conv(x, weight, bias):
    """x (C, L) with nothing added at the ends: (O, L - k + 1)."""
    size = weight.shape[2]
    columns = [
        np.tensordot(weight, x[:, at : at + size], ([1, 2], [0, 1])) + bias
        for at in range(x.shape[1] - size + 1)
    ]
    return np.maximum(np.array(columns).T, 0)


def pool(x, size):
    length = x.shape[1] // size * size
    return x[:, :length].reshape(x.shape[0], -1, size).max(2)


def dense(x, p, layer):
    return p[f"{layer}_weight"] @ x + p[f"{layer}_bias"]


def branch(p, name, codes):
    there = (codes != encode.PAD).astype(float)
    x = p[f"{name}_columns"][codes].T * there
    x = conv(np.pad(x, ((0, 0), (2, 2))), p[f"{name}_conv1_weight"], p[f"{name}_conv1_bias"])
    x, there = pool(x * there, 4), pool(there[None], 4)[0]
    x = conv(np.pad(x, ((0, 0), (2, 2))), p[f"{name}_conv2_weight"], p[f"{name}_conv2_bias"])
    x = x * there
    return np.concatenate([x.max(1), x.sum(1) / max(1, there.sum())])


def test_branches():
    p = parameters("branches")
    raw, plain = encode.encode("IEX (New-Object X)", 64), encode.encode("iex(y)", 64)
    found = np.concatenate([branch(p, "raw", raw), branch(p, "plain", plain)])
    places, values = bag("IEX (New-Object X)", "iex(y)")
    sums = values @ p["bag_columns"][places]
    found = np.concatenate([found, np.maximum(sums[1:] + p["bag_bias"], 0)])
    expected = dense(np.maximum(dense(found, p, "dense"), 0), p, "out") + WIDE * sums[0]
    got = run("branches", p, raw=raw[None], plain=plain[None], places=places[None],
              values=values[None])  # fmt: skip
    np.testing.assert_allclose(got[0], expected, rtol=1e-3, atol=1e-4)


def test_branches_do_not_see_what_a_text_is_filled_up_with():
    p = parameters("branches")
    scores = [
        run("branches", p, raw=encode.encode("Get-Date", n)[None],
            plain=encode.encode("get-date", n)[None], places=np.zeros((1, n), np.int64),
            values=np.zeros((1, n), np.float32))
        for n in (32, 64, 512)
    ]  # fmt: skip
    np.testing.assert_allclose(scores[1:], [scores[0]] * 2, rtol=1e-4, atol=1e-5)


def test_cnn():
    p = parameters("cnn")
    raw = encode.encode("IEX (New-Object X)")
    x = pool(conv(encode.image(raw), p["conv_weight"], p["conv_bias"]), 8).reshape(-1)
    for layer in ("dense1", "dense2"):
        x = np.maximum(dense(x, p, layer), 0)
    got = run("cnn", p, raw=raw[None])
    np.testing.assert_allclose(got[0], dense(x, p, "out"), rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize("name", SHAPES)
def test_the_same_parameters_give_the_same_bytes(name):
    assert to_onnx(name, parameters(name)) == to_onnx(name, parameters(name))
