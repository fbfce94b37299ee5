import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wheeltapper.refine.calibrate import BEYOND_BITS, FEWEST, TAIL_SHARE, calibrate

evidences = arrays(np.float64, st.integers(1, 120), elements=st.floats(0, 200, width=32))


@given(evidences, st.integers(0, 5000))
def test_monotone_never_negative_and_bounded(evidence, days):
    score = calibrate(evidence, days)
    order = np.argsort(evidence, kind="stable")
    assert (np.diff(score[order]) >= -1e-9).all()
    same = np.diff(evidence[order]) == 0
    assert (np.diff(score[order])[same] == 0).all()
    assert (score >= 0).all()
    assert (score <= np.log2(max(days, evidence.size)) + BEYOND_BITS).all()


@given(evidences, st.integers(0, 5000))
def test_the_bulk_is_counted_exactly(evidence, days):
    score = calibrate(evidence, days)
    n = max(days, evidence.size)
    threshold = np.sort(evidence)[int(evidence.size * (1 - TAIL_SHARE))]
    for e, s in zip(evidence, score, strict=True):
        if e <= threshold or evidence.size < FEWEST:
            assert s == pytest.approx(np.log2(n / (evidence >= e).sum()))


def test_on_clean_data_one_in_n_is_one_in_n():
    draws = np.random.default_rng(1).exponential(3.0, 100_000)
    score = calibrate(draws, draws.size)
    for s in range(11):
        expected = 2.0**-s
        wide = 5 * np.sqrt(expected / draws.size)
        assert (score >= s).mean() == pytest.approx(expected, abs=wide)


def test_days_without_a_story_make_each_story_rarer():
    draws = np.random.default_rng(2).exponential(3.0, 1_000)
    rarer = calibrate(draws, 64_000) - calibrate(draws, 1_000)
    assert rarer[draws <= np.quantile(draws, 0.9)] == pytest.approx(6.0)
    assert (rarer > 0).all()


def test_a_few_huge_stories_do_not_move_the_others():
    draws = np.random.default_rng(3).exponential(3.0, 10_000)
    with_attacks = np.concatenate([draws, [1e4, 2e4, 5e4]])
    alone, beside = calibrate(draws, 50_000), calibrate(with_attacks, 50_000)[: draws.size]
    assert np.abs(alone - beside).max() < 0.15
    assert calibrate(with_attacks, 50_000)[-1] > alone.max()


def test_few_stories_are_counted_and_none_is_none():
    assert calibrate(np.empty(0), 100).size == 0
    assert calibrate(np.array([1.0, 5.0]), 64).tolist() == [5.0, 6.0]


def test_all_alike_is_no_tail():
    assert calibrate(np.full(50, 7.0), 100).tolist() == [1.0] * 50


@given(evidences, st.integers(0, 5000), st.data())
def test_what_is_hidden_makes_nothing_else_rarer(evidence, days, data):
    hidden = data.draw(arrays(np.bool_, evidence.size))
    left = np.where(hidden, 0.0, evidence)
    before, after = calibrate(evidence, days), calibrate(left, days, evidence)
    assert (after[~hidden] == before[~hidden]).all()
    assert (after <= before).all()
