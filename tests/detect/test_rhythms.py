"""Rhythms of real working lives, as clocks on walls tell them: no habit is odd week after week.

People act in the hours of their own zone; `enrich` says what hour that is; the shipped detectors
judge. Of each rhythm: it is learned, and the odd act in the midst of it is told.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays
import pyarrow as pa
import pytest

from wheeltapper.config import Enrich
from wheeltapper.detect import catalogue
from wheeltapper.detect.process import process, start
from wheeltapper.enrich import Enricher
from wheeltapper.testing import activities, activity

SECRET = b"0123456789abcdef"
BEGIN = date(2025, 1, 6)  # a Monday
WEEKS = 52
ZONES = (
    "Europe/Amsterdam",  # summer time from March to October
    "America/New_York",  # three weeks earlier, one week later
    "Australia/Sydney",  # the other hemisphere: from October to April
    "Australia/Lord_Howe",  # half an hour of summer time
    "America/Sao_Paulo",  # none
    "Africa/Casablanca",  # back for Ramadan
)


def office(draw: random.Random, day: date) -> Iterator[tuple[float, int]]:
    """(hour of the day, acts) from eight to six on working days."""
    if day.weekday() < 5:
        for hour in range(8, 18):
            if draw.random() < 0.7:
                yield hour + draw.random(), draw.randrange(1, 5)


def night_office(draw: random.Random, day: date) -> Iterator[tuple[float, int]]:
    """Every night from Sunday to Thursday, over the hour that summer time takes and gives."""
    if day.weekday() in (6, 0, 1, 2, 3):
        for hour in range(6):
            if draw.random() < 0.8:
                yield hour + draw.random(), draw.randrange(1, 5)


def part_time(draw: random.Random, day: date) -> Iterator[tuple[float, int]]:
    if day.weekday() in (1, 2, 3):
        yield from office(draw, day)


def three_shifts(draw: random.Random, day: date) -> Iterator[tuple[float, int]]:
    """A week of early, a week of late, a week of night shifts."""
    begin = (6, 14, 22)[(day - BEGIN).days // 7 % 3]
    if day.weekday() < 5:
        for hour in range(begin, begin + 8):
            if draw.random() < 0.7:
                yield hour + draw.random(), draw.randrange(1, 5)


def four_on_four_off(draw: random.Random, day: date) -> Iterator[tuple[float, int]]:
    """Twelve hours, four days on and four off, by day and by night in turn."""
    nth = (day - BEGIN).days % 16
    if nth % 8 < 4:
        for hour in range(7 if nth < 8 else 19, 19 if nth < 8 else 31):
            if draw.random() < 0.6:
                yield hour + draw.random(), draw.randrange(1, 5)


def month_end(draw: random.Random, day: date) -> Iterator[tuple[float, int]]:
    """The office, and ten times as much on the last days of a month."""
    yield from office(draw, day)
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    if day.weekday() < 5 and (last - day).days <= 2:
        for hour in range(9, 18):
            yield hour + draw.random(), draw.randrange(20, 60)


def friday(draw: random.Random, day: date) -> Iterator[tuple[float, int]]:
    """The office, and the week's paperwork on Friday afternoon."""
    yield from office(draw, day)
    if day.weekday() == 4:
        yield 15.2, draw.randrange(60, 120)


@dataclass(frozen=True)
class Person:
    name: str
    rhythm: Callable[[random.Random, date], Iterator[tuple[float, int]]]
    zone: str = "Europe/Amsterdam"
    country: str = ""
    odd: list[datetime] = field(default_factory=list, hash=False)


def acts_of(person: Person, weeks: int) -> list[dict]:
    draw = random.Random(person.name)
    zone = ZoneInfo(person.zone)
    rows = []
    for n in range(7 * weeks):
        day = BEGIN + timedelta(days=n)
        for hour, count in person.rhythm(draw, day):
            wall = datetime.combine(day, time()) + timedelta(hours=hour)
            # Both of an hour that happens twice, and neither that never happens.
            moment = wall.replace(tzinfo=zone, fold=draw.randrange(2)).astimezone(UTC)
            rows += [_act(person, moment + timedelta(seconds=s)) for s in range(count)]
    return rows


def _act(person: Person, moment: datetime) -> dict:
    return activity(person.name, time=moment, category="admin")


def said(tmp_path, detector: str, people: list[Person], weeks: int = WEEKS) -> dict[str, list]:
    """Times at which a shipped detector speaks of each of these people."""
    (entry,) = [d for d in catalogue.load() if d.name == detector]
    lines = ["actor,timezone,country,peer_group,actor_type"]
    lines += [f"{p.name},{p.zone},{p.country},{p.rhythm.__name__},human" for p in people]
    (tmp_path / "directory.csv").write_text("\n".join(lines) + "\n")
    enricher = Enricher(Enrich(directory="directory.csv"), root=tmp_path, timezone="UTC")
    rows = [row for p in people for row in acts_of(p, weeks)]
    rows += [_act(p, moment) for p in people for moment in p.odd]
    acts = enricher.enrich(activities(rows))
    _, findings = process(start([entry]), acts, [entry], SECRET)
    told: dict[str, list] = {p.name: [] for p in people}
    for row in findings.to_pylist():
        told[row["entity"]].append(row["time"])
    return told


def week(moment: datetime) -> int:
    return (moment.date() - BEGIN).days // 7


@pytest.mark.parametrize("rhythm", [office, night_office, part_time])
def test_summer_time_is_nobodys_odd_hour(tmp_path, rhythm):
    """In both hemispheres, both ways, with an hour that happens twice and one that never does."""
    people = [Person(f"p{i}", rhythm, zone) for i, zone in enumerate(ZONES)]
    told = said(tmp_path, "any.hour", people)
    assert {name: [t for t in times if week(t) >= 4] for name, times in told.items()} == {
        p.name: [] for p in people
    }


@pytest.mark.parametrize("zone", ZONES)
def test_an_act_at_night_is_odd_on_both_sides_of_summer_time(tmp_path, zone):
    """At three in the night on the wall, whichever of its times that is in UTC."""
    odd = [
        datetime(2025, month, 12, 3, 10, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for month in (3, 6, 9, 12)
    ]
    told = said(tmp_path, "any.hour", [Person("ana", office, zone, odd=odd)])
    # The second time it is known to happen, if rarely.
    assert odd[0] in told["ana"]
    assert {week(t) for t in told["ana"]} <= {week(t) for t in odd}


@pytest.mark.parametrize(
    ("rhythm", "learned"), [(three_shifts, 7), (four_on_four_off, 16), (part_time, 3)]
)
def test_shifts_are_learned(tmp_path, rhythm, learned):
    """After two rounds of a rota it is told no more, but for a stray hour or so in a year."""
    people = [Person(f"p{i}", rhythm) for i in range(4)]
    told = said(tmp_path, "any.hour", people)
    late = {name: sorted({week(t) for t in times if week(t) >= learned})
            for name, times in told.items()}  # fmt: skip
    assert max(map(len, late.values())) <= 1, late


def test_an_hour_outside_the_shifts_is_odd(tmp_path):
    """A Sunday in a life of three shifts from Monday to Saturday morning."""
    odd = datetime(2025, 10, 12, 13, 5, tzinfo=UTC)
    people = [
        Person("p0", three_shifts, odd=[odd]),
        *(Person(f"p{i}", three_shifts) for i in (1, 2)),
    ]
    assert odd in said(tmp_path, "any.hour", people)["p0"]


@pytest.mark.parametrize(("rhythm", "learned", "most"), [(month_end, 8, 3), (friday, 12, 2)])
def test_busy_days_that_come_again_are_learned(tmp_path, rhythm, learned, most):
    """By how much a month's end differs is known after two of them; a busy Friday takes longer.

    `most`: what a year may still tell of one person; of 52 Fridays or 10 ends of a month.
    """
    people = [Person(f"p{i}", rhythm) for i in range(4)]
    told = said(tmp_path, "any.changes", people)
    for name, times in told.items():
        later = [t for t in times if week(t) >= learned]
        assert len({t.date() for t in later}) <= most, (name, later)


def test_far_more_than_a_month_end_is_odd(tmp_path):
    noon = datetime(2025, 9, 16, 12, tzinfo=UTC)
    people = [Person(f"p{i}", month_end) for i in range(3)]
    burst = [noon + timedelta(seconds=s) for s in range(600)]
    told = said(tmp_path, "any.changes", [*people, Person("p3", month_end, odd=burst)])
    assert any(noon <= t < noon + timedelta(hours=1) for t in told["p3"])
    assert not any(week(t) == week(noon) for name in ("p0", "p1", "p2") for t in told[name])


@cache
def _holiday() -> datetime:
    return datetime(2025, 12, 25, 10, 30, tzinfo=UTC)  # a Thursday


DUTCH, SAUDI = (holidays.country_holidays(c, years=[2025]) for c in ("NL", "SA"))


def at_home_on_holidays(draw: random.Random, day: date) -> Iterator[tuple[float, int]]:
    if day not in DUTCH:
        yield from office(draw, day)


def test_a_holiday_is_a_day_of_rest_where_it_is_one(tmp_path):
    odd = [_holiday()]
    people = [
        Person("dutch", at_home_on_holidays, country="NL", odd=odd),
        Person("japanese", at_home_on_holidays, zone="Europe/Amsterdam", country="JP", odd=odd),
        Person("unknown", at_home_on_holidays, odd=odd),
        *(Person(f"p{i}", at_home_on_holidays, country="NL") for i in range(3)),
    ]
    told = said(tmp_path, "any.hour", people)
    assert _holiday() in told["dutch"]
    assert _holiday() not in told["japanese"]  # no holiday there: a Thursday like any other
    assert not told["unknown"]
    assert not any(told[f"p{i}"] for i in range(3))
    # Who works through the holidays of the country that the directory names is known to, soon.
    assert {week(t) for t in told["japanese"]} <= set(range(20))


def sunday_to_thursday(draw: random.Random, day: date) -> Iterator[tuple[float, int]]:
    if day.weekday() not in (4, 5) and day not in SAUDI:
        for hour in range(8, 18):
            if draw.random() < 0.7:
                yield hour + draw.random(), 2


def test_another_weekend_is_a_weekend(tmp_path):
    friday_noon = datetime(2025, 10, 10, 9, 5, tzinfo=UTC)
    people = [
        Person(f"p{i}", sunday_to_thursday, "Asia/Riyadh", "SA",
               odd=[friday_noon] if i == 0 else [])
        for i in range(3)
    ]  # fmt: skip
    told = said(tmp_path, "any.hour", people)
    assert told["p0"] == [friday_noon]
    assert told["p1"] == told["p2"] == []


def test_the_rhythms_above_are_what_they_are_called():
    """Else the tests pass by testing nothing."""
    acts = pa.Table.from_pylist(acts_of(Person("p", night_office), 52))
    hours = {t.astimezone(ZoneInfo("Europe/Amsterdam")).hour for t in acts["time"].to_pylist()}
    assert hours == set(range(6))
    assert len(acts) > 2_000
    weekend = [t for t in pa.Table.from_pylist(acts_of(Person("p", four_on_four_off), 52))["time"]
               .to_pylist() if t.weekday() > 4]  # fmt: skip
    assert len(weekend) > 500
