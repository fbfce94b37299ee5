from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.hours import Hours, deliver_after, is_quiet, parse

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
OFFICE = parse(["19:00-08:00"], ["mon-fri"])
ZONES = ["UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
         "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca"]  # fmt: skip

minutes = st.integers(0, 24 * 60 - 1)
hours = st.builds(
    Hours,
    # Short ones, so that two never fill the day.
    st.lists(st.builds(lambda a, n: (a, (a + n) % 1440), minutes, st.integers(1, 700)), max_size=2)
    .map(tuple),
    st.sets(st.integers(0, 6), min_size=1).map(frozenset),
)  # fmt: skip
YEAR_2024 = datetime(2024, 1, 1, tzinfo=UTC)
CHANGES = [datetime(2026, *at, tzinfo=UTC) for at in
           ((3, 29, 1), (10, 25, 1), (3, 8, 7), (4, 4, 15), (10, 3, 15))]  # fmt: skip
moments = st.builds(
    lambda at, minutes: at + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-1440, 1440),
) | st.builds(lambda m: YEAR_2024 + timedelta(minutes=m), st.integers(0, 6 * 365 * 1440))


def wall(*at, zone=AMSTERDAM, fold=0):
    return datetime(*at, tzinfo=zone, fold=fold).astimezone(UTC)


@given(moments, hours, st.sampled_from(ZONES).map(ZoneInfo))
def test_never_within_quiet_hours_and_never_before_now(now, some, zone):
    then = deliver_after(now, some, zone)
    assert then >= now
    assert not is_quiet(then, some, zone)
    assert (then == now) == (not is_quiet(now, some, zone))
    # No sooner moment would have done: everything between is quiet.
    step = max(timedelta(minutes=1), (then - now) / 500)
    between = now
    while between < then:
        assert is_quiet(between, some, zone)
        between += step
    assert then == now or is_quiet(then - timedelta(microseconds=1), some, zone)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (wall(2026, 5, 18, 13, 57), wall(2026, 5, 18, 13, 57)),  # Monday afternoon
        (wall(2026, 5, 18, 19, 0), wall(2026, 5, 19, 8, 0)),
        (wall(2026, 5, 19, 3, 0), wall(2026, 5, 19, 8, 0)),
        (wall(2026, 5, 22, 20, 0), wall(2026, 5, 25, 8, 0)),  # over the weekend
        (wall(2026, 3, 27, 20, 0), wall(2026, 3, 30, 8, 0)),  # over the change to summer time
        (wall(2026, 10, 23, 20, 0), wall(2026, 10, 26, 8, 0)),  # and back
    ],
)
def test_an_office_s_week(now, then):
    assert deliver_after(now, OFFICE, AMSTERDAM) == then


def test_an_end_that_the_clock_skips_is_the_moment_it_is_put_on():
    night = parse(["22:00-02:30"], [])
    assert deliver_after(wall(2026, 3, 29, 1, 0), night, AMSTERDAM) == wall(2026, 3, 29, 3, 0)


def test_an_end_that_the_clock_shows_twice_comes_first_once():
    night = parse(["22:00-02:30"], [])
    assert deliver_after(wall(2026, 10, 25, 1, 0), night, AMSTERDAM) == wall(2026, 10, 25, 2, 30)
    again = wall(2026, 10, 25, 2, 10, fold=1)  # the wall is in quiet hours again
    assert deliver_after(again, night, AMSTERDAM) == wall(2026, 10, 25, 2, 30, fold=1)


def test_working_days_wrap_and_list():
    assert parse([], ["sun-thu"]).workdays == {6, 0, 1, 2, 3}
    assert parse([], ["Monday", "wed - Fri"]).workdays == {0, 2, 3, 4}
    assert parse([], []) == Hours()


@pytest.mark.parametrize(
    ("quiet", "days", "says"),
    [
        (["7pm-8am"], [], "no span of hours; write quiet hours like 19:00-08:00"),
        (["25:00-08:00"], [], "an hour that no clock shows"),
        (["19:00-24:01"], [], "an hour that no clock shows"),
        (["19:75-20:00"], [], "an hour that no clock shows"),
        (["08:00-08:00"], [], "no time or the whole day"),
        (["08:00-20:00", "20:00-08:00"], [], "leave no minute"),
        (["00:00-24:00"], [], "leave no minute"),
        ([], ["weekdays"], "'weekdays' is no working day; write mon-fri"),
    ],
)
def test_what_is_no_hours_is_told(quiet, days, says):
    with pytest.raises(ValueError, match=says):
        parse(quiet, days)
