"""Habits: few things make up most, people differ, weeks differ a little."""

from collections import Counter

import pytest

from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.habits import Habit, zipf

ITEMS = tuple(range(40))


def _counts(habit: Habit[int], week: int, key: str) -> Counter:
    chance = Chance(key)
    return Counter(habit.draw(chance, week) for _ in range(4_000))


def test_few_things_make_up_most():
    counts = _counts(Habit(ITEMS, zipf(40), "a"), 0, "draws")
    top = sum(n for _, n in counts.most_common(5))
    assert top / 4_000 > 0.4


def test_people_differ():
    counts = [_counts(Habit(ITEMS, zipf(40), person), 0, "d") for person in range(12)]
    favourites = {count.most_common(1)[0][0] for count in counts}
    assert len(favourites) >= 4


def test_habits_drift_but_do_not_turn_over():
    habit = Habit(ITEMS, zipf(40), "b")
    first, later = _counts(habit, 0, "x"), _counts(habit, 8, "y")
    shared = sum((first & later).values()) / 4_000
    assert 0.5 < shared < 0.97


def test_asking_later_weeks_at_once_or_one_by_one_is_the_same():
    one, two = Habit(ITEMS, zipf(40), "c"), Habit(ITEMS, zipf(40), "c")
    for week in range(6):
        two.draw(Chance("between"), week)
    assert _counts(one, 5, "z") == _counts(two, 5, "z")


def test_weights_of_no_items_cannot_be_drawn_from():
    with pytest.raises(IndexError):
        Habit((), (), "d").draw(Chance("e"), 0)
