import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.errors import ConfigError
from wheeltapper.refine.weights import KNOTS, Curve, Weights, load

WEIGHTS = Weights(
    method="m", since="2020-01-01", until="2020-12-31", sessions=900, exchanged=300, actors=30,
    average_precision={"learned": 0.6, "prior": 0.5},
    tpr_at_fpr={"1e-2": {"learned": 0.7, "prior": 0.6}},
    curves={"git.hour": Curve((0.1, 0.9, 0.3, 0.0))},
)  # fmt: skip
slopes = st.tuples(*[st.floats(0, 5)] * (len(KNOTS) - 1))


@given(slopes, st.floats(-60, 60), st.floats(-60, 60))
def test_a_curve_rises_through_zero(given_slopes, one, other):
    points = Curve(given_slopes).points()
    low, high = (float(np.interp(x, *points)) for x in sorted((one, other)))
    assert low <= high
    assert np.interp(0.0, *points) == 0.0


def test_a_curve_adds_up_its_pieces():
    points = Curve((0.5, 1.0, 2.0, 0.25)).points()
    assert [float(np.interp(x, *points)) for x in (-4, 0, 1, 2, 5, 9)] == [-2, 0, 1, 2, 8, 9]


@pytest.mark.parametrize("wrong", [(1.0, 1.0), (1.0, -0.1, 1.0, 1.0), (1.0, float("nan"), 1, 1)])
def test_a_curve_that_falls_is_refused(wrong):
    with pytest.raises(ValueError, match="a curve has 4 slopes from 0"):
        Curve(wrong)


def test_weights_come_back_as_they_were(tmp_path):
    path = tmp_path / "models" / "weights.json"
    WEIGHTS.save(path)
    assert load(path) == WEIGHTS
    assert [p.name for p in path.parent.iterdir()] == ["weights.json"]


def test_where_there_is_no_file_nothing_was_learned(tmp_path):
    assert load(tmp_path / "weights.json") == Weights()


@pytest.mark.parametrize(
    "change", [{"curves": {"git.hour": {"slopes": [1, -1, 1, 1]}}}, {"more": 1}, {"curves": 3}]
)
def test_a_file_that_is_something_else_says_what_to_do(tmp_path, change):
    path = tmp_path / "weights.json"
    WEIGHTS.save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ConfigError, match=r"weights.json: not a file of weights .*train"):
        load(path)


def test_a_file_of_another_version_says_so(tmp_path):
    path = tmp_path / "weights.json"
    WEIGHTS.save(path)
    path.write_text(path.read_text().replace('"version": 1', '"version": 7'))
    with pytest.raises(ConfigError, match="weights of version 7; learn them again"):
        load(path)
