from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from wheeltapper.store.tables import UtcTime

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=ZONES)  # noqa: DTZ001


@given(MOMENTS)
def test_a_moment_comes_back_in_utc_to_the_microsecond(moment):
    kept = {
        UtcTime().process_bind_param(moment, dialect)
        for dialect in (sqlite.dialect(), postgresql.dialect())
    }
    (number,) = kept
    found = UtcTime().process_result_value(number, sqlite.dialect())
    assert found == moment
    assert found.utcoffset() == timedelta(0)


@given(MOMENTS, MOMENTS)
def test_numbers_are_ordered_as_the_moments_are(one, other):
    numbers = [UtcTime().process_bind_param(m, sqlite.dialect()) for m in (one, other)]
    assert (numbers[0] < numbers[1]) == (one < other)


def test_nothing_stays_nothing_and_a_time_without_zone_is_refused():
    assert UtcTime().process_bind_param(None, sqlite.dialect()) is None
    assert UtcTime().process_result_value(None, sqlite.dialect()) is None
    with pytest.raises(ValueError, match="names no zone"):
        UtcTime().process_bind_param(datetime.now(UTC).replace(tzinfo=None), sqlite.dialect())
