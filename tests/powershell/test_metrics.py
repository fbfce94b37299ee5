import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.powershell import metrics

ROWS = st.lists(
    st.tuples(st.integers(-3, 3), st.integers(0, 1), st.integers(0, 3)), min_size=2, max_size=40
).filter(lambda rows: {0, 1} <= {label for _, label, weight in rows if weight})


def arrays(rows):
    score, label, weight = map(np.array, zip(*rows, strict=True))
    return score.astype(float), label, weight.astype(float)


@given(ROWS)
def test_auc_is_the_share_of_pairs_in_order(rows):
    pairs = [
        (w * v, 1.0 if s > t else 0.5 if s == t else 0.0)
        for s, a, w in rows
        for t, b, v in rows
        if a == 1 and b == 0
    ]
    expected = sum(w * right for w, right in pairs) / sum(w for w, _ in pairs)
    assert metrics.auc(*arrays(rows)) == pytest.approx(expected)


@given(ROWS, st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0]))
def test_share_found_at_a_rate_is_the_best_threshold_that_keeps_it(rows, rate):
    bad = sum(w for _, a, w in rows if a)
    good = sum(w for _, a, w in rows if not a)
    best = 0.0
    for threshold in range(-3, 5):
        false = sum(w for s, a, w in rows if not a and s >= threshold) / good
        if false <= rate + 1e-12:
            best = max(best, sum(w for s, a, w in rows if a and s >= threshold) / bad)
    assert metrics.tpr_at(*arrays(rows), rate) == pytest.approx(best)


@given(ROWS)
def test_a_weight_of_two_is_the_text_twice(rows):
    doubled = [(s, a, 1) for s, a, w in rows for _ in range(w)]
    one, two = metrics.measures(*arrays(rows)), metrics.measures(*arrays(doubled))
    assert one == pytest.approx(two)


def test_average_precision_of_a_perfect_and_of_a_blind_model():
    label, ones = np.array([1, 0, 1, 0]), np.ones(4)
    perfect = np.array([2.0, 0.0, 2.0, 0.0])
    assert metrics.average_precision(perfect, label, ones) == 1.0
    assert metrics.average_precision(np.zeros(4), label, ones) == 0.5
    assert metrics.name(1e-3) == "1e-3"


def test_clusters_are_drawn_whole_and_sources_keep_their_size():
    groups, strata = list("aabbcc"), list("xxxxyy")
    for weight in metrics.draws(groups, strata, 20, seed=1):
        assert weight[0] == weight[1]
        assert weight[2] == weight[3]
        assert weight[:4].sum() == 4
        assert weight[4:].tolist() == [1, 1]


def test_calibration_of_an_honest_and_of_a_loud_model():
    label, ones = np.array([0, 1] * 50), np.ones(100)
    assert metrics.calibration_error(np.zeros(100), label, ones) < 0.11
    loud = metrics.calibration_error(np.full(100, 20.0), label, ones)
    assert loud == pytest.approx(0.5, abs=0.11)


def test_what_is_said_stands_beside_what_is_found():
    score = np.repeat([-np.log(3), np.log(3)], 40)  # says 1 in 4 and 3 in 4
    label = np.tile([0, 0, 0, 1], 10).tolist() + np.tile([1, 1, 1, 0], 10).tolist()
    found = metrics.reliability(score, np.array(label), np.ones(80), bins=2)
    np.testing.assert_allclose(found, [(0.25, 0.25), (0.75, 0.75)])


@given(ROWS)
def test_even_weights_make_both_classes_weigh_the_same(rows):
    _, label, weight = arrays(rows)
    even = metrics.even(label, weight)
    assert even[label == 1].sum() == pytest.approx(1)
    assert even[label == 0].sum() == pytest.approx(1)
