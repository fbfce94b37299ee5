import numpy as np
import onnxruntime
import pytest
from sklearn.ensemble import IsolationForest

from wheeltapper.detect.models.forest import average_path, to_onnx


def run(model, rows):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(["scores"], {"deviation": rows})[0].ravel()


@pytest.mark.parametrize(("rows", "trees", "sample"), [(600, 40, 128), (30, 5, 30), (3, 2, 2)])
def test_onnx_equals_scikit_learn(rows, trees, sample):
    rng = np.random.default_rng(rows)
    # Rounded, so that many rows lie exactly on a threshold or share a leaf.
    x = rng.standard_t(3, size=(rows, 4)).round(1).astype(np.float32)
    forest = IsolationForest(n_estimators=trees, max_samples=sample, random_state=1).fit(x)
    np.testing.assert_allclose(run(to_onnx(forest, 4), x), -forest.score_samples(x), atol=2e-6)


def test_same_forest_same_bytes():
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    forest = IsolationForest(n_estimators=3, random_state=1).fit(x)
    assert to_onnx(forest, 3) == to_onnx(forest, 3)


def test_average_path_is_that_of_the_paper():
    np.testing.assert_allclose(
        average_path(np.array([0, 1, 2, 256])), [0, 0, 1, 10.2447], atol=1e-4
    )
