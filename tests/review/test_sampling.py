import numpy as np
import pytest

from wheeltapper.review import sampling
from wheeltapper.review.sampling import Looked


def population(seed, count=4000):
    rng = np.random.default_rng(seed)
    score = rng.beta(0.2, 0.9, count)
    return [f"a{seed}-{n}" for n in range(count)], score, rng.random(count) < score


def estimated(ids, score, fraud, size):
    of = sampling.strata(score)
    drawn = sampling.draw(ids, score, size)
    truth = {ids[i]: "fraud" if fraud[i] else "honest" for i in np.flatnonzero(drawn)}
    accounts = np.bincount(of, minlength=sampling.STRATA).tolist()
    return sampling.looked(
        accounts, {i: int(s) for i, s in zip(ids, of, strict=True) if i in truth}, truth
    )


def test_the_sample_has_some_of_every_stratum_and_about_the_size_that_was_asked_for():
    ids, score, _ = population(0)
    drawn = sampling.draw(ids, score, 200)
    assert 200 <= drawn.sum() <= 230
    of = sampling.strata(score)
    assert (np.bincount(of[drawn], minlength=sampling.STRATA) >= sampling.FEWEST).all()


def test_who_was_drawn_mostly_stays_drawn_when_scores_change_a_little():
    ids, score, _ = population(0)
    before = sampling.draw(ids, score, 200)
    assert np.array_equal(before, sampling.draw(ids, score, 200))
    after = sampling.draw(ids, np.clip(score + 0.002, 0, 1), 200)
    assert (before & after).sum() > 0.8 * before.sum()


def test_intervals_hold_what_is_true_nineteen_times_in_twenty():
    held = {"prevalence": 0, "recall": 0, "precision": 0}
    runs = 60
    for seed in range(runs):
        ids, score, fraud = population(seed)
        seen = estimated(ids, score, fraud, 200)
        high = sampling.strata(score) >= 3
        true = {
            "prevalence": fraud.mean(),
            "recall": fraud[high].sum() / fraud.sum(),
            "precision": fraud[high].mean(),
        }
        for name, found in (
            ("prevalence", sampling.prevalence(seen)),
            ("recall", sampling.recall(seen, 3)),
            ("precision", sampling.precision(seen, 3)),
        ):
            assert found.low <= found.value <= found.high
            held[name] += found.low <= true[name] <= found.high
    assert all(count >= 0.9 * runs for count in held.values()), held


def test_a_stratum_that_nobody_looked_at_lets_nothing_be_said():
    seen = [Looked(100, 0, 0), Looked(10, 5, 5)]
    assert sampling.prevalence(seen) is None
    assert sampling.recall(seen, 1) is None
    assert sampling.precision(seen, 1).value == 1.0


def test_nothing_found_is_not_nothing_there():
    seen = [Looked(10_000, 50, 0), Looked(10, 5, 0)]
    found = sampling.prevalence(seen)
    assert found.value == 0
    assert found.high > 0.02
    assert sampling.recall(seen, 1) is None


def test_looking_at_all_leaves_no_doubt_worth_the_name():
    found = sampling.prevalence([Looked(50, 50, 10), Looked(50, 50, 40)])
    assert found.value == pytest.approx(0.5)
    assert found.high - found.low < 0.25
