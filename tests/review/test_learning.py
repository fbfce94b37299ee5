import numpy as np
import pytest

from wheeltapper.review import learning


def test_one_in_three_is_held_out_and_stays_so():
    held = [learning.held_out(f"a{n}") for n in range(3000)]
    assert 900 < sum(held) < 1100
    assert held == [learning.held_out(f"a{n}") for n in range(3000)]


def test_held_out_answers_are_not_learned_even_where_the_table_knows_them():
    people = {f"a{n}": "fraud" for n in range(30)}
    made = learning.labels({"a1": False, "b": False, **dict.fromkeys(people, False)}, people)
    assert not any(learning.held_out(a) for a in made if a in people)
    assert made["b"] is False
    assert all(made[a] for a in people if a in made)


def test_a_better_model_is_told_from_a_worse_one_only_beyond_chance():
    rng = np.random.default_rng(1)
    fraud = rng.random(300) < 0.4
    good, bad = np.where(fraud, 0.9, 0.1), np.full(300, 0.4)
    better = learning.compare(bad, good, fraud)
    assert better.high < 0
    assert not better.refused
    assert learning.compare(good, bad, fraud).refused
    few = learning.compare(good[:9], bad[:9], fraud[:9])
    assert not few.refused
    assert learning.compare(good[:0], bad[:0], fraud[:0]) is None


def test_quality_is_by_the_book():
    found = learning.quality(np.array([0.9, 0.4, 0.6, 0.1]), np.array([True, True, False, False]))
    assert found.auc == pytest.approx(0.75)
    assert found.precision == 0.5
    assert found.recall == 0.5
    assert found.brier == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4)
    one = learning.quality(np.array([0.1]), np.array([False]))
    assert (one.auc, one.precision, one.recall) == (None, None, None)


def test_changes_of_step_are_counted_the_most_first():
    assert learning.changed(["allow", "allow", "hold"], ["hold", "hold", "allow"]) == {
        "allow → hold": 2, "hold → allow": 1,
    }  # fmt: skip
