from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.enrich import clock
from wheeltapper.enrich.clock import NO_OFFSET, Rows

ZONES = ["America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Amsterdam", "UTC"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEAR_US = 366 * clock.DAY_US


def rows(*items):
    """Of (datetime or microseconds, zone or -1, offset or None)."""
    times = [
        t if isinstance(t, int) else (t - EPOCH) // timedelta(microseconds=1) for t, _, _ in items
    ]
    return Rows(
        time_us=np.array(times, np.int64),
        zone=np.array([zone for _, zone, _ in items], np.int64),
        offset_minutes=np.array([NO_OFFSET if o is None else o for _, _, o in items], np.int64),
    )


@given(
    st.lists(
        st.tuples(
            st.integers(0, 80 * YEAR_US),
            st.integers(-1, len(ZONES) - 1),
            st.none() | st.integers(-14 * 60, 14 * 60),
        )
    ),
    st.sampled_from(ZONES),
)
def test_wall_and_week_are_as_pythons_own(items, fallback):
    local = clock.local_us(rows(*items), ZONES, fallback)
    for (us, zone, offset), got_us, got_hour in zip(
        items, local, clock.hour_of_week(local), strict=True
    ):
        utc = EPOCH + timedelta(microseconds=us)
        if zone >= 0:
            wall = utc.astimezone(ZoneInfo(ZONES[zone])).replace(tzinfo=UTC)
        elif offset is not None:
            wall = utc + timedelta(minutes=offset)
        else:
            wall = utc.astimezone(ZoneInfo(fallback)).replace(tzinfo=UTC)
        assert EPOCH + timedelta(microseconds=int(got_us)) == wall
        assert got_hour == wall.weekday() * 24 + wall.hour


def test_the_hour_that_summer_time_takes_and_the_one_it_gives_twice():
    amsterdam = ZONES.index("Europe/Amsterdam")
    spring = [datetime(2023, 3, 26, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    autumn = [datetime(2023, 10, 29, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    asked = rows(*[(time, amsterdam, None) for time in spring + autumn])
    hours = clock.hour_of_week(clock.local_us(asked, ZONES, "UTC"))
    assert (hours - 6 * 24).tolist() == [1, 3, 2, 2]


def test_the_directory_counts_more_than_the_record_and_it_more_than_the_workspace():
    noon = datetime(2023, 7, 10, 12, tzinfo=UTC)  # a Monday
    new_york = ZONES.index("America/New_York")
    asked = rows((noon, new_york, 60), (noon, -1, 60), (noon, -1, 0), (noon, -1, None))
    hours = clock.hour_of_week(clock.local_us(asked, ZONES, "Europe/Amsterdam"))
    assert hours.tolist() == [8, 13, 12, 14]


def test_workday_knows_weekends_and_holidays_of_the_country():
    days = [
        datetime(2023, 4, 27, 12, tzinfo=UTC),  # King's day in the Netherlands, a Thursday
        datetime(2023, 4, 28, 12, tzinfo=UTC),  # Friday: weekend in Saudi Arabia
        datetime(2023, 4, 29, 12, tzinfo=UTC),  # Saturday
        datetime(2023, 4, 30, 12, tzinfo=UTC),  # Sunday: working day in Saudi Arabia
    ]
    local = rows(*[(day, -1, None) for day in days]).time_us
    countries = ["NL", "SA", "XX"]

    def work(code):
        return clock.workday(local, np.full(4, code), countries).tolist()

    assert work(0) == [False, True, False, False]
    assert work(1) == [True, False, False, True]
    assert work(2) == [True, True, False, False]  # no calendar is known for it
    assert work(-1) == [True, True, False, False]
    mixed = clock.workday(local, np.array([0, 1, -1, 1]), countries)
    assert mixed.tolist() == [False, False, False, True]


@pytest.mark.parametrize("country", ["US", "IN"])
def test_workday_is_as_the_calendar_says_over_two_years(country):
    start = (datetime(2023, 1, 1, tzinfo=UTC) - EPOCH).days
    local = np.arange(start, start + 730, dtype=np.int64) * clock.DAY_US
    calendar = holidays.country_holidays(country, years=[2023, 2024])
    want = [calendar.is_working_day(datetime(2023, 1, 1) + timedelta(days=n)) for n in range(730)]  # noqa: DTZ001  a day on the wall
    assert clock.workday(local, np.zeros(730, np.int64), [country]).tolist() == want
