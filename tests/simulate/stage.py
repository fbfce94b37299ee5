"""A whole organisation on which scenarios are performed without living through its days."""

from datetime import UTC, datetime

from wheeltapper.simulate.cast import Stage
from wheeltapper.simulate.diary import Calendar
from wheeltapper.simulate.journal import DAY_S, Journal
from wheeltapper.simulate.life import Life
from wheeltapper.simulate.people import hire
from wheeltapper.simulate.robots import Robots
from wheeltapper.simulate.simulation import START


def stage(people: int, days: int, seed: int) -> Stage:
    calendar = Calendar(start=START, days=days, seed=seed)
    staff = hire(people, days, seed)
    return Stage([Life(p, calendar) for p in staff], Robots(calendar, staff), calendar)


def journal(on: Stage) -> Journal:
    first = datetime.combine(on.calendar.start, datetime.min.time(), UTC).timestamp()
    return Journal(int(first), int(first) + on.calendar.days * DAY_S)
