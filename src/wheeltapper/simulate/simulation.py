"""Simulation: an organisation goes about its work for some weeks, and its logs come out.

`simulate` is the whole of it: it hires the staff, lives through the days, puts the scenarios in and
writes the files.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from wheeltapper.errors import WheeltapperError
from wheeltapper.simulate import desk, files, sources
from wheeltapper.simulate.cast import Stage
from wheeltapper.simulate.diary import Calendar
from wheeltapper.simulate.drive import work_on_documents
from wheeltapper.simulate.happenings import happen
from wheeltapper.simulate.journal import DAY_S, Journal
from wheeltapper.simulate.life import Life
from wheeltapper.simulate.objects import fetch
from wheeltapper.simulate.people import Person, hire
from wheeltapper.simulate.robots import Robots
from wheeltapper.simulate.scenario import chosen, perform, usual
from wheeltapper.simulate.truth import Truth

START = date(2026, 3, 23)
"""A Monday whose two months hold a clock change, Easter and several national holidays."""
FEWEST_PEOPLE = 20
FEWEST_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What was written, and where."""

    out: Path
    logs: Path
    """Folder with all native logs; nothing else lies in it."""
    people: int
    start: date
    end: date
    """First day that is not in it."""
    records: dict[str, int] = field(default_factory=dict)
    """By log kind."""
    files: int = 0
    real: int = 0
    """Records that are real, of attacks."""
    truths: tuple[Truth, ...] = ()
    left_out: tuple[str, ...] = ()
    """Why scenarios that were not asked for by name are not in it."""


def simulate(
    out: Path,
    *,
    people: int = 120,
    days: int = 60,
    seed: int = 1,
    start: date = START,
    attack: bool = True,
    scenarios: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Write the logs of a simulated organisation into a folder.

    Parameters
    ----------
    out        a folder that is empty or not there yet; it can then be used as a workspace
    people     employees
    days       length of the story
    seed       another number, another organisation; the same, the same bytes
    start      first day, UTC
    attack     put scenarios in
    scenarios  which, by name; empty: all that are not only for the asking and find room in an
               organisation of this size
    progress   called with days done and days in all

    Raises
    ------
    WheeltapperError   if `out` holds something, the organisation would be too small, there is no
                       scenario of a name, or one asked for by name finds no room.
    """
    if people < FEWEST_PEOPLE or days < FEWEST_DAYS:
        raise WheeltapperError(
            f"an organisation of {people} people for {days} days is too small to have habits; "
            f"simulate at least {FEWEST_PEOPLE} people and {FEWEST_DAYS} days"
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise WheeltapperError(f"{out} is not empty: give a new folder, or empty this one first")
    calendar = Calendar(start=start, days=days, seed=seed)
    staff = hire(people, days, seed)
    lives = [Life(person, calendar) for person in staff]
    robots = Robots(calendar, staff)
    first_s = int(datetime.combine(start, datetime.min.time(), UTC).timestamp())
    journal = Journal(first_s, first_s + days * DAY_S)
    stage = Stage(lives, robots, calendar)
    truths, left_out = _perform(tuple(scenarios), stage, journal) if attack else ([], [])
    logs = out / "logs"
    logs.mkdir(parents=True)
    counts = {"cloudtrail": 0, "drive": 0, "okta": 0, "sshd": 0}
    written = 0
    # A local day touches the UTC day before and after it, so a day is complete one round later.
    for day in range(days + 1):
        for life in lives:
            if day < days:
                life.live(day, journal)
                work_on_documents(life, day, journal)
                fetch(life, day, journal)
        if day < days:
            robots.live(day, first_s + day * DAY_S, journal)
            desk.share(lives, calendar, day, journal)
            happen(lives, calendar, day, journal)
        if day > 0:
            midnight_s = first_s + (day - 1) * DAY_S
            cloud, okta, documents = journal.take(day - 1)
            written += files.write_cloudtrail(logs, seed, day - 1, midnight_s, cloud)
            written += files.write_okta(logs, midnight_s, okta)
            written += files.write_drive(logs, midnight_s, documents)
            counts["cloudtrail"] += len(cloud)
            counts["drive"] += len(documents)
            counts["okta"] += len(okta)
            if progress is not None:
                progress(day, days)
    host_files, counts["sshd"] = files.write_hosts(logs, journal)
    _beside(out, staff, calendar, tuple(truths))
    return Summary(
        out=out,
        logs=logs,
        people=people,
        start=start,
        end=start + timedelta(days=days),
        records=counts,
        files=written + host_files,
        real=sum(len(t.native_ids) for t in truths if t.real),
        truths=tuple(truths),
        left_out=tuple(left_out),
    )


def _perform(
    names: tuple[str, ...], stage: Stage, journal: Journal
) -> tuple[list[Truth], list[str]]:
    """What was put in; and of what found no room, if nobody asked for it, the reason."""
    truths, left_out = [], []
    for scenario in chosen(names) if names else usual():
        try:
            truths.append(perform(scenario, stage, journal))
        except WheeltapperError as error:
            if names:
                raise
            left_out.append(str(error))
    return truths, left_out


def _beside(out: Path, staff: list[Person], calendar: Calendar, truths: tuple[Truth, ...]) -> None:
    """What lies beside the logs: directory, truth, sources, settings."""
    since = [(calendar.start + timedelta(days=p.first_day)).isoformat() for p in staff]
    (out / "directory.csv").write_text(files.directory(staff, since), encoding="utf-8")
    (out / "truth.ndjson").write_bytes(b"".join(t.to_json() + b"\n" for t in truths))
    (out / "SOURCES.md").write_text(sources.text(len(staff), calendar, truths), encoding="utf-8")
    (out / "wheeltapper.toml").write_text(_SETTINGS, encoding="utf-8")


_SETTINGS = """\
# A workspace for the simulated logs in logs/ (see SOURCES.md):
#   wheeltapper -w . run logs && wheeltapper -w . serve
name = "Meridian (simulated)"
timezone = "Europe/Amsterdam"

[enrich]
directory = "directory.csv"
"""
