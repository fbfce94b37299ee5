"""Hours: when somebody wants to be left alone, by the clock on their own wall.

Quiet hours repeat every day; days that are no working days are quiet from midnight to midnight.
Everything is asked of the wall clock, so a change of summer time moves nothing but the moment.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALL_DAYS = frozenset(range(7))
_DAY_MINUTES = 24 * 60
_AHEAD_DAYS = 15
"""One working day in seven, and that one may lose its hour to summer time."""
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class Hours:
    """Quiet hours and working days of one person or group."""

    quiet: tuple[tuple[int, int], ...] = ()
    """From and before which minute of the day; where the second is smaller, past midnight."""
    workdays: frozenset[int] = ALL_DAYS
    """Monday is 0."""


def parse(quiet: Sequence[str], workdays: Sequence[str]) -> Hours:
    """Read `19:00-08:00` and `mon-fri`, several of each; nothing: no quiet hours, every day.

    Raises
    ------
    ValueError   that says what is wrong; also where no minute is left to ask in.
    """
    spans = tuple(_span(text) for text in quiet)
    if all(any(_within(m, span) for span in spans) for m in range(_DAY_MINUTES)):
        raise ValueError("quiet hours leave no minute of the day")
    days = frozenset(day for text in workdays for day in _days(text)) if workdays else ALL_DAYS
    return Hours(spans, days)


def _span(text: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(text.strip())
    hint = "write quiet hours like 19:00-08:00, from and to on the clock of whoever is asked"
    if not found:
        raise ValueError(f"{text!r} is no span of hours; {hint}")
    begin, end = (int(found[i]) * 60 + int(found[i + 1]) for i in (1, 3))
    if max(int(found[2]), int(found[4])) > 59 or begin >= _DAY_MINUTES or end > _DAY_MINUTES:
        raise ValueError(f"{text!r} has an hour that no clock shows; {hint}")
    if begin == end:
        raise ValueError(f"{text!r} is no time or the whole day; {hint}")
    return begin, end


def _days(text: str) -> Iterator[int]:
    first, dash, last = (part.strip().lower()[:3] for part in text.partition("-"))
    if first not in DAYS or (dash and last not in DAYS):
        raise ValueError(f"{text!r} is no working day; write mon-fri, or [sun, mon, tue]")
    day, end = DAYS.index(first), DAYS.index(last or first)
    yield day
    while day != end:
        day = (day + 1) % 7
        yield day


def _within(minute: float, span: tuple[int, int]) -> bool:
    begin, end = span
    return begin <= minute < end if begin < end else minute >= begin or minute < end


def is_quiet(moment: datetime, hours: Hours, zone: ZoneInfo) -> bool:
    """Whether somebody with these hours is left alone at this moment."""
    wall = moment.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    return wall.weekday() not in hours.workdays or any(_within(minute, s) for s in hours.quiet)


def deliver_after(now: datetime, hours: Hours, zone: ZoneInfo) -> datetime:
    """The first moment from `now` on that is not quiet; UTC."""
    if not is_quiet(now, hours, zone):
        return now.astimezone(UTC)
    return min(
        moment
        for moment in _ends(now, hours, zone)
        if moment >= now and not is_quiet(moment, hours, zone)
    )


def _ends(now: datetime, hours: Hours, zone: ZoneInfo) -> Iterator[datetime]:
    """Moments at which quiet may end: midnights, ends of spans, and where the clock is put on."""
    today = now.astimezone(zone).date()
    for ahead in range(-1, _AHEAD_DAYS + 1):
        day = today + timedelta(days=ahead)
        minutes = {0, *(end % _DAY_MINUTES for _, end in hours.quiet)}
        midnight = datetime.combine(day, time(), zone)
        if midnight.utcoffset() != (midnight + timedelta(days=1)).utcoffset():
            # Clocks are put on or back by whole half hours.
            minutes.update(range(0, _DAY_MINUTES, 30))
        for minute in minutes:
            wall = datetime.combine(day, time(minute // 60, minute % 60), zone)
            # A time that the clock shows twice is two moments; one that it skips is the next.
            yield from (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
