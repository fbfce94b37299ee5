import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.lockstep import (
    LEAST_TIME,
    MOST_OTHER,
    MOST_RAISED,
    MOST_TIME,
    PRIOR,
    judged,
    strange_bits,
    team_bits,
    time_bits,
)

from .crowd import of_all_teams, of_one_team

SIZES = {"developer": 20, "sales": 20, "support": 20, "finance": 20, "data": 20, "platform": 20}
MINUTE = 60.0


def evenly(n, gap_s):
    return [i * gap_s for i in range(n)]


def given_to(who, *, gap_s, place=0.0, client=0.0):
    n = len(who)
    return judged(
        evenly(n, gap_s),
        new_place=None if place is None else (round(place * n), n),
        new_client=None if client is None else (round(client * n), n),
        teams=Counter(team for _, team in who),
        sizes=SIZES,
    )


ONE_HAND = {
    "from one new address with a new program": {"gap_s": 20.0, "place": 1.0, "client": 1.0},
    "a new program, whose address is strange": {"gap_s": 20.0, "place": 1.0, "client": None},
    "mostly": {"gap_s": 60.0, "place": 0.9, "client": 0.9},
}
ARRANGED = {
    "a roll-out": {"gap_s": 30 * MINUTE, "place": 0.1, "client": None},
    "a program pushed to all at noon": {"gap_s": 5.0, "place": 0.0, "client": None},
    "a mail that all open at once": {"gap_s": 5.0, "place": 0.0, "client": 0.0},
    "another way out, all at once": {"gap_s": 1.0, "place": None, "client": 0.0},
    "a new office": {"gap_s": 40 * MINUTE, "place": None, "client": 0.0},
    "a conference": {"gap_s": 10 * MINUTE, "place": 1.0, "client": 0.0},
    "new telephones on the way": {"gap_s": 45 * MINUTE, "place": 1.0, "client": 1.0},
    "nothing but that it was at once": {"gap_s": 1.0, "place": None, "client": None},
}


@pytest.mark.parametrize("what", ONE_HAND)
@pytest.mark.parametrize("n", [8, 12, 40, 100])
def test_one_hand(what, n):
    assert given_to(of_all_teams(n), **ONE_HAND[what]).one_hand


@pytest.mark.parametrize("what", ARRANGED)
@pytest.mark.parametrize("n", [5, 12, 40, 100])
def test_arranged(what, n):
    assert not given_to(of_all_teams(n), **ARRANGED[what]).one_hand


def test_a_team_in_one_room_with_a_new_program_is_none():
    lesson = {"gap_s": 20.0, "place": 1.0, "client": None}
    assert given_to(of_all_teams(14), **lesson).one_hand
    assert not given_to(of_one_team(14), **lesson).one_hand


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=60),
    st.integers(0, 60),
    st.integers(0, 60),
    st.dictionaries(st.sampled_from([*SIZES, "", "gone"]), st.integers(1, 30)),
    st.randoms(),
)
def test_every_part_is_bounded_and_the_order_of_accounts_does_not_matter(
    seconds, place, client, teams, draw
):
    def one(seconds):
        return judged(
            seconds, new_place=(place, 60), new_client=(client, 60), teams=teams, sizes=SIZES
        )

    said = one(seconds)
    assert abs(said.time) <= MOST_TIME
    assert max(abs(said.place), abs(said.client)) <= MOST_OTHER
    assert 0 <= said.team <= MOST_OTHER
    assert 0 <= said.raised <= MOST_RAISED
    assert (said.raised > 0) == said.one_hand
    assert said.one_hand == (said.time >= LEAST_TIME and said.bits > 0)
    mixed = list(seconds)
    draw.shuffle(mixed)
    assert one(mixed) == said


@given(st.integers(5, 200), st.floats(1, 1000), st.floats(1, 1000))
def test_the_closer_the_more(n, a, b):
    near, far = sorted((a, b))
    assert time_bits(evenly(n, near)) >= time_bits(evenly(n, far)) - 1e-9


def test_a_straggler_moves_nothing_and_halves_of_a_day_are_no_step():
    assert time_bits([*evenly(30, 5.0), 1e6]) == pytest.approx(MOST_TIME)
    assert time_bits(evenly(12, 8 * 3600 / 12)) < 0


@given(st.integers(1, 300), st.data())
def test_the_stranger_the_more_and_half_says_nothing(n, data):
    k = data.draw(st.integers(0, n - 1))
    assert strange_bits(k, n) <= strange_bits(k + 1, n)
    assert strange_bits(k, n) == pytest.approx(-strange_bits(n - k, n))
    assert strange_bits(n, 2 * n) == pytest.approx(0, abs=1e-9)


def test_strangeness_is_a_ratio_of_beta_binomials():
    # Ten of ten: Beta(4, 1) gives 4 / 14, Beta(1, 4) 10! 4! / 14!.
    ratio = (4 / 14) / (math.factorial(10) * math.factorial(4) / math.factorial(14))
    assert strange_bits(10, 10) == pytest.approx(math.log2(ratio))


@given(st.dictionaries(st.sampled_from(list(SIZES)), st.integers(1, 20), min_size=1))
def test_a_team_speaks_for_an_arrangement_or_not_at_all(teams):
    assert team_bits(teams, SIZES) >= 0


def test_teams():
    assert team_bits({"developer": 12}, SIZES) == MOST_OTHER
    assert team_bits({"developer": 5}, SIZES) == pytest.approx(5 * math.log2(6) - math.log2(6))
    assert team_bits(Counter(t for _, t in of_all_teams(12)), SIZES) == 0
    many = {f"team{n}": 3 for n in range(500)}
    assert team_bits(dict.fromkeys(list(many)[:12], 1), many) == 0
    assert team_bits({"team7": 12}, many) == MOST_OTHER
    assert team_bits({"": 12}, SIZES) == 0
    assert team_bits({"developer": 12}, {"developer": 20}) == 0


def test_the_prior_is_one_in_a_thousand():
    assert 2.0**PRIOR == 1 / 1024
