import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.review import ordering

COUNT = 40


def queue(size=9, **changed):
    rng = np.random.default_rng(1)
    none = np.zeros(COUNT, bool)
    asked = {
        "score": rng.random(COUNT), "novelty": rng.random(COUNT), "reach": rng.random(COUNT) * 50,
        "must": none, "drawn": none, "gold": none, "left": ~none, "size": size,
    }  # fmt: skip
    return asked | changed, ordering.order(**asked | changed)


def test_three_lists_take_turns_and_each_gives_its_first():
    asked, made = queue()
    assert len(made) == 9
    first = {turn.via: turn.account for turn in reversed(made)}
    assert first["uncertain"] == np.abs(asked["score"] - 0.5).argmin()
    assert {turn.via for turn in made[:4]} == {"uncertain", "novel", "costly"}


def test_all_that_the_policy_wants_and_all_that_was_drawn_are_there():
    must, drawn = np.arange(COUNT) < 5, np.arange(COUNT) % 3 == 0
    _, made = queue(must=must, drawn=drawn)
    there = {turn.account for turn in made}
    assert set(np.flatnonzero(must | drawn).tolist()) <= there


def test_gold_is_dealt_in_and_only_gold_is_a_check():
    gold = np.arange(COUNT) == 39
    _, made = queue(gold=gold, left=~gold)
    assert [turn.account for turn in made if turn.via == "check"] == [39]


@given(st.integers(0, 60), st.lists(st.booleans(), min_size=COUNT, max_size=COUNT))
def test_nobody_is_there_twice_and_nobody_who_was_judged(size, left):
    left = np.array(left)
    _, made = queue(size=size, left=left, must=left, drawn=left)
    there = [turn.account for turn in made]
    assert len(there) == len(set(there))
    assert left[there].all() if there else True
