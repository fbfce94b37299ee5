"""What the clock on the actor's wall said, and whether it was a working day there.

The zone is the one of the actor's directory entry; else the offset that the record tells; else
the workspace's. Days and hours are those of that wall, through every change of summer time.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import polars as pl

HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
_HOURS_OF_WEEK = 168
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_SATURDAY_SUNDAY = frozenset({5, 6})
NO_OFFSET = -(2**15)
"""Stands for "the record tells no offset"; no zone is 22 days from UTC."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What is asked about: one item a row in each array."""

    time_us: np.ndarray
    """int64: UTC, microseconds since 1970-01-01."""
    zone: np.ndarray
    """int64: which of the zones that are passed along; -1 where the directory names none."""
    offset_minutes: np.ndarray
    """int64: minutes east of UTC that the record tells, or NO_OFFSET."""


def local_us(rows: Rows, zones: list[str], fallback: str) -> np.ndarray:
    """Time on the actor's wall, in microseconds since 1970-01-01 00:00 there; int64, one a row."""
    local: np.ndarray = rows.time_us + rows.offset_minutes * 60_000_000
    for code, zone in enumerate(zones):
        here = rows.zone == code
        local[here] = _on_wall(rows.time_us[here], zone)
    here = (rows.zone < 0) & (rows.offset_minutes == NO_OFFSET)
    local[here] = _on_wall(rows.time_us[here], fallback)
    return local


def _on_wall(time_us: np.ndarray, zone: str) -> np.ndarray:
    if zone == "UTC" or not time_us.size:
        return time_us
    utc = pl.Series(time_us).cast(pl.Datetime("us", "UTC"))
    wall = utc.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    moved: np.ndarray = wall.to_physical().to_numpy()
    return moved


def hour_of_week(local: np.ndarray) -> np.ndarray:
    """0 (Monday 00 h) to 167; int16."""
    hours: np.ndarray = (local // HOUR_US + 24 * _EPOCH_WEEKDAY) % _HOURS_OF_WEEK
    return hours.astype(np.int16)


def workday(local: np.ndarray, country: np.ndarray, countries: list[str]) -> np.ndarray:
    """Neither weekend nor public holiday; bool, one a row.

    `country` says which of `countries` (ISO 3166-1 alpha-2) each row's actor works in. At -1, and
    for a country whose calendar is not known, the weekend is Saturday and Sunday and no day is a
    holiday.
    """
    day = local // DAY_US
    days, place = np.unique(day, return_inverse=True)
    work = _working(days, None)[place]
    for code, name in enumerate(countries):
        here = country == code
        if here.any():
            work[here] = _working(days, name)[place[here]]
    return work


def _working(days: np.ndarray, country: str | None) -> np.ndarray:
    flags = [_is_workday(int(day) + _EPOCH_ORDINAL, country) for day in days]
    return np.array(flags, bool)


def _is_workday(ordinal: int, country: str | None) -> bool:
    day = date.fromordinal(ordinal)
    if country is None:
        return day.weekday() not in _SATURDAY_SUNDAY
    weekend, closed = _calendar(country, day.year)
    return day.weekday() not in weekend and day not in closed


@lru_cache(maxsize=1_000)
def _calendar(country: str, year: int) -> tuple[frozenset[int], frozenset[date]]:
    """Weekdays that are weekend, and public holidays of one year."""
    # Imported where a country is named: it costs a quarter of a second.
    import holidays

    try:
        calendar = holidays.country_holidays(country, years=[year])
    except NotImplementedError:
        return _SATURDAY_SUNDAY, frozenset()
    return frozenset(calendar.weekend), frozenset(calendar)
