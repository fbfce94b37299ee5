import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wheeltapper.refine.exchange import (
    RARE,
    RIDGE,
    SHAPE,
    Lesson,
    average_precision,
    evidence,
    fit,
    found_at,
    stretch,
)
from wheeltapper.refine.weights import KNOTS


def lesson(tells, own=3000, others=300, seed=1):
    """Two detectors: the first's ratios rise by `tells` bits with an exchange, the second's not."""
    chance = np.random.default_rng(seed)
    llr = chance.normal(0.0, 1.0, (own + others, 2))
    exchanged = np.arange(own + others) >= own
    llr[exchanged, 0] += tells
    return Lesson(llr, exchanged)


def test_what_tells_own_from_foreign_gains_weight_and_what_does_not_loses_it():
    useful, useless = fit(lesson(2.0), [0.5, 0.5])
    assert useful.slopes[1] > 1.0
    assert sum(useless.slopes[1:3]) < 0.5 * sum(SHAPE[1:3])


def test_without_exchanges_the_catalogues_weights_stay():
    nothing = Lesson(np.zeros((50, 2)), np.zeros(50, np.bool_))
    for weight, curve in zip([1.0, 0.3], fit(nothing, [1.0, 0.3]), strict=True):
        assert curve.slopes == pytest.approx([weight * s for s in SHAPE], abs=1e-3)


def test_a_detector_that_never_spoke_keeps_its_weight_while_others_learn():
    one = lesson(2.0)
    silent = Lesson(np.hstack([one.llr, np.zeros((len(one.llr), 1))]), one.exchanged)
    assert fit(silent, [0.5, 0.5, 0.7])[2].slopes == pytest.approx([0.7 * s for s in SHAPE])


def test_it_is_the_maximum_under_its_bounds():
    # Slow and obvious: no slope can be moved a little, within bounds, to a better posterior.
    one = lesson(1.0, own=400, others=60)
    prior = [0.4, 0.9]
    slopes = np.array([c.slopes for c in fit(one, prior)])
    count = np.where(one.exchanged, RARE * (~one.exchanged).sum() / one.exchanged.sum(), 1.0)

    def worse(slopes, intercept):
        total = np.full(len(one.llr), intercept)
        for j, row in enumerate(slopes):
            for slope, low, high in zip(row, KNOTS[:-1], KNOTS[1:], strict=True):
                zero = min(max(0.0, low), high)
                total += slope * (np.clip(one.llr[:, j], low, high) - zero)
        nats = total * np.log(2)
        loss = count * (np.logaddexp(0, nats) - one.exchanged * nats)
        pull = (slopes - np.outer(prior, SHAPE)) * np.log(2)
        return loss.sum() + RIDGE / 2 * (pull**2).sum()

    around = np.linspace(-12, -2, 2001)
    here = min(worse(slopes, b) for b in around)
    for at in np.ndindex(slopes.shape):
        for step in (-0.02, 0.02):
            moved = slopes.copy()
            moved[at] = max(0.0, moved[at] + step)
            assert here <= min(worse(moved, b) for b in around[::4]) + 1e-3


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(-1, 4))
def test_evidence_never_falls_when_a_ratio_rises(seed, tells):
    curves = fit(lesson(tells, own=200, others=40, seed=seed), [1.0, 0.2])
    assert all(s >= 0 for c in curves for s in c.slopes)
    low = np.random.default_rng(seed).normal(0, 4, (50, 2))
    high = low + np.random.default_rng(seed + 1).exponential(1.0, low.shape)
    assert (evidence(low, curves) <= evidence(high, curves) + 1e-9).all()


def test_the_same_lesson_teaches_the_same():
    assert fit(lesson(1.0), [1.0, 1.0]) == fit(lesson(1.0), [1.0, 1.0])


def test_average_precision_of_a_known_ranking():
    truth = np.array([True, False, True, False])
    assert average_precision(truth, np.array([4.0, 3.0, 2.0, 1.0])) == pytest.approx(
        (1 + 2 / 3) / 2
    )
    # All alike: precision is the share that is true.
    assert average_precision(truth, np.ones(4)) == pytest.approx(0.5)
    assert average_precision(truth, np.ones(4), rate=0.01) == pytest.approx(0.01)
    assert average_precision(np.zeros(3, np.bool_), np.ones(3)) == 0.0


def test_found_at_a_rate_of_false_alarms():
    truth = np.arange(110) >= 100
    score = np.append(np.arange(100.0), [99.5, 98.5, *[0.0] * 8])
    assert found_at(truth, score, 0.0) == pytest.approx(0.1)
    assert found_at(truth, score, 0.01) == pytest.approx(0.2)


def test_stretched_curves_weigh_together_what_the_catalogue_gave_them():
    one, prior = lesson(2.0), [0.5, 0.25]
    curves = fit(one, prior)
    by = stretch(one.llr, curves, prior)
    against = np.maximum(one.llr, 0.0)
    wide = [c.stretched(by) for c in curves]
    assert evidence(against, wide).sum() == pytest.approx((against @ prior).sum(), rel=1e-3)
    assert stretch(one.llr * 0, curves, prior) == 1.0
