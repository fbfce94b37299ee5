import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.discount import CAMPAIGN_ENTITIES, discount

from .few_findings import finding, frame, many, same


def wave(n, **more):
    return discount(frame([finding(entity=f"person{i}", **more) for i in range(n)]))


def test_forty_at_once_share_their_evidence():
    found = wave(40)
    assert set(found["together"]) == {40}
    assert found["evidence"].to_list() == pytest.approx(
        [8 * 0.5 * math.log2(5) / math.log2(40)] * 40
    )


def test_four_at_once_do_not():
    assert wave(4)["evidence"].to_list() == [8.0] * 4


def test_one_account_forty_times_does_not():
    found = discount(frame([finding(hours=n / 60) for n in range(40)]))
    assert set(found["evidence"]) == {8.0}


def test_forty_within_a_month_do_not():
    rows = [finding(entity=f"person{i}", days=4 * i) for i in range(40)]
    assert set(discount(frame(rows))["evidence"]) == {8.0}


def test_forty_with_another_value_each_do_not():
    rows = [finding(entity=f"person{i}", value=f"C{i}") for i in range(40)]
    assert set(discount(frame(rows))["evidence"]) == {8.0}


def test_what_has_no_value_is_no_wave():
    assert set(wave(40, value=None, key="", peer_group=None)["evidence"]) == {8.0}


def busy(n, of_peers, **more):
    """So many of a team with so many others make far more changes than ever, on one day."""
    return wave(n, value=None, key="", of_peers=float(of_peers), **more)


@pytest.mark.parametrize(("n", "of_peers"), [(3, 3), (4, 5), (3, 20), (20, 20), (3, 400)])
def test_a_team_that_is_busy_together_is_worth_what_picks_one_of_it(n, of_peers):
    left = math.log2((of_peers + 1) / n)
    assert busy(n, of_peers)["evidence"].to_list() == pytest.approx([min(8.0, left)] * n)


def test_two_who_are_busy_together_are_told_whole():
    assert set(busy(2, 5)["evidence"]) == {8.0}


def test_busy_on_other_days_or_in_other_teams_is_not_together():
    rows = [finding(entity=f"p{i}", value=None, key="", days=3 * i) for i in range(5)]
    assert set(discount(frame(rows))["evidence"]) == {8.0}
    rows = [finding(entity=f"p{i}", value=None, key="", peer_group=f"team{i}") for i in range(5)]
    assert set(discount(frame(rows))["evidence"]) == {8.0}


@pytest.mark.parametrize("hour", range(24))
def test_a_working_day_is_one_in_every_zone(hour):
    """Nine hours that begin at any hour of UTC."""
    rows = [
        finding(entity=f"p{i}", value=None, key="", hours=hour + 3 * i, of_peers=3.0)
        for i in range(4)
    ]
    assert set(discount(frame(rows))["evidence"]) == {0.0}


@given(st.integers(1, 200))
def test_the_more_the_less_each_never_negative(n):
    fewer, more = wave(n)["evidence"][0], wave(n + 1)["evidence"][0]
    assert 0 < more <= fewer <= 8
    assert (more < 8) == (n + 1 >= CAMPAIGN_ENTITIES)


@given(many())
def test_the_order_of_rows_does_not_matter(rows):
    assert same(discount(frame(rows)), discount(frame(rows[::-1])))
