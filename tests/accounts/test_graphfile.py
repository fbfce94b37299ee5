import numpy as np
import pytest

from accounts import village
from wheeltapper.accounts import graphfile
from wheeltapper.errors import WheeltapperError


def test_a_graph_file_is_read(tmp_path):
    read = graphfile.read(village.write(tmp_path / "v.npz"))
    assert read.own.rows.shape == (300, 3)
    assert read.fraud.sum() == 60
    assert read.ties.accounts == 300


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("edges", np.array([[0, 300]]), "outside 0 to 299"),
        ("edges", np.zeros((3, 3), int), "edges of the wrong shape"),
        ("node_labels", np.arange(300), "node_labels of the wrong"),
        ("node_features", np.zeros((7, 3)), "node_features of the wrong"),
        ("node_features", np.array([["x"] * 3] * 300), "do not hold numbers"),
        ("test_masks", village.arrays()["train_masks"], "two parts"),
        ("val_masks", np.ones((1, 300), bool), "val_masks of the wrong"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, field, value, said):
    with pytest.raises(WheeltapperError, match=said):
        graphfile.read(village.write(tmp_path / "v.npz", **{field: value}))


def test_what_is_no_graph_file_is_refused_and_never_unpickled(tmp_path):
    path = tmp_path / "v.npz"
    path.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(WheeltapperError, match="not a graph file"):
        graphfile.read(path)
    np.savez(path, edges=np.zeros((1, 2)))
    with pytest.raises(WheeltapperError, match="without node_features"):
        graphfile.read(path)
    np.savez(path, **(village.arrays() | {"edges": np.array([{"a": 1}], dtype=object)}))
    with pytest.raises(WheeltapperError, match="not a graph file"):
        graphfile.read(path)
