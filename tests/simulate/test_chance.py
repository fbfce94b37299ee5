"""Draws repeat, and have the shapes they claim."""

import pytest

from wheeltapper.simulate.chance import Chance, running


def test_the_same_key_gives_the_same_draws_and_another_key_others():
    draws = [
        [c.uniform() for _ in range(300)] for c in (Chance(1, "a"), Chance(1, "a"), Chance(1, "b"))
    ]
    assert draws[0] == draws[1]
    assert not set(draws[0]) & set(draws[2])


def test_streams_are_the_same_on_every_machine():
    chance = Chance(1, "day", 7, 3)
    assert [round(chance.uniform(), 12) for _ in range(3)] == [
        0.603447372606,
        0.660397353998,
        0.704821263838,
    ]
    assert chance.uuid() == "81684e09-0d29-4237-ae05-a54224d56be5"


@pytest.mark.parametrize("exponent", [0.9, 1.1, 1.6])
def test_ranks_fall_off_and_stay_in_range(exponent):
    chance = Chance("rank")
    ranks = [chance.rank(30, exponent) for _ in range(20_000)]
    counts = [ranks.count(r) for r in range(30)]
    assert sum(counts) == 20_000
    assert counts[0] > counts[3] > counts[12] > counts[29] > 0


def test_counts_have_the_mean_asked_for():
    chance = Chance("count")
    assert sum(chance.count(3.5) for _ in range(10_000)) / 10_000 == pytest.approx(3.5, rel=0.03)
    assert chance.count(0) == 0


def test_weights_are_followed_and_nothing_is_never_drawn():
    chance = Chance("weights")
    drawn = [chance.weighed(running([1.0, 0.0, 3.0])) for _ in range(8_000)]
    assert drawn.count(1) == 0
    assert drawn.count(2) / drawn.count(0) == pytest.approx(3, rel=0.1)
