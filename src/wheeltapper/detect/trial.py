"""Trial: a test that stands beside an entry: what is usual, what happens then, of whom it speaks.

    [[share.folder.test]]
    it = "speaks of somebody from sales in the payroll folder"
    every = { app = "Files", action = "open" }
    usual = [
        { actor = ["eva", "finn"], target = "/payroll/may.xlsx", peer_group = "hr" },
        { actor = ["ana", "ben"], target = "/sales/plan.xlsx", peer_group = "sales" },
    ]
    then = { actor = "ana", target = "/payroll/may.xlsx", peer_group = "sales" }
    fires = ["ana"]

What is usual is done on every working day of six weeks; `then` is the Wednesday after. Or the test
names files of native records, which are read as `ingest` reads them.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any  # what a TOML table holds, of any type until it is checked here

import pyarrow as pa

from wheeltapper import activity
from wheeltapper.detect import hint
from wheeltapper.errors import ConfigError

FIRST = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday; what is usual begins on it."""
LEARNING = timedelta(days=14)
"""In its first two weeks a detector may speak of what is usual."""
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WORKING = DAYS[:5]
THEN = "Wednesday"
WEEKS = 6
MOST_TIMES = 10_000
HOW = ("at", "on", "times", "minutes")
FIELDS = ("it", "every", "usual", "then", "weeks", "records", "source", "since", "fires")
PLAIN: Mapping[str, object] = {
    "late": False, "source": "test", "app": "app", "action": "view",
    "category": activity.OTHER, "outcome": activity.SUCCESS, "actor_type": activity.HUMAN,
}  # fmt: skip
"""What an act is unless something else is said."""
Mistake = Callable[..., ConfigError]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """Acts that are alike but for who does them, and when."""

    columns: Mapping[str, object]
    """Activity columns; of a list, each does it."""
    on: tuple[str, ...]
    minute: int
    """Of the day, UTC, when the first is done."""
    times: int
    minutes: float
    """Over which the times are spread."""

    def rows(self, monday: datetime) -> Iterator[dict[str, object]]:
        """The acts of the week that begins on `monday`."""
        lists = {k: v for k, v in self.columns.items() if isinstance(v, tuple)}
        for day in self.on:
            start = monday + timedelta(days=DAYS.index(day), minutes=self.minute)
            for n in range(self.times):
                when = start + timedelta(minutes=self.minutes * n / self.times)
                for chosen in itertools.product(*lists.values()):
                    yield {
                        **PLAIN,
                        "time": when,
                        "received": when,
                        "hour_of_week": when.weekday() * 24 + when.hour,
                        "workday": when.weekday() < len(WORKING),
                        **self.columns,
                        **dict(zip(lists, chosen, strict=True)),
                    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One test of an entry."""

    it: str
    """What the detector does, in words: the test's name."""
    usual: tuple[Acts, ...] = ()
    then: tuple[Acts, ...] = ()
    weeks: int = WEEKS
    records: tuple[str, ...] = ()
    """Files of native records, instead of `usual` and `then`; beside the entry's file."""
    source: str = ""
    """Their log kind, where it is not to be detected."""
    since: datetime | None = None
    """With records: when what is tested begins; before it the detector learns."""
    fires: frozenset[str]
    """Entities that it speaks of, and of no others."""

    @property
    def begins(self) -> datetime | None:
        """From when on findings are what is tested."""
        return self.since if self.records else FIRST + timedelta(weeks=self.weeks)

    def activities(self) -> pa.Table:
        """What is usual and what happens then, in order; without the files' records."""
        rows = [
            row
            for week in range(self.weeks)
            for acts in self.usual
            for row in acts.rows(FIRST + timedelta(weeks=week))
        ]
        rows += [
            row for acts in self.then for row in acts.rows(FIRST + timedelta(weeks=self.weeks))
        ]
        for number, row in enumerate(rows):
            row["event_id"] = number.to_bytes(16, "big")
        return pa.Table.from_pylist(rows, activity.SCHEMA).sort_by(
            [("time", "ascending"), ("event_id", "ascending")]
        )


def read(tables: Sequence[Mapping[str, Any]], mistake: Mistake) -> tuple[Trial, ...]:
    """An entry's tests, each checked.

    Raises
    ------
    ConfigError   made by `mistake`, for the first thing that cannot be used.
    """
    return tuple(_trial(table, mistake, f"test#{n}") for n, table in enumerate(tables, start=1))


def _trial(table: Mapping[str, Any], mistake: Mistake, name: str) -> Trial:
    for key in table:
        if key not in FIELDS:
            raise mistake(f"is no field of a test; {hint.meant(key, FIELDS)}", name, key)
    if not isinstance(table.get("it"), str) or not table["it"].strip():
        raise mistake('lacks it = "what the detector does, in words"', name)
    if not _texts(table.get("fires")):
        raise mistake('fires must list whom it speaks of, such as ["ana"]; [] for nobody', name)
    fires = frozenset(table["fires"])
    if "records" in table:
        return _of_records(table, fires, mistake, name)
    if "then" not in table:
        raise mistake("lacks then = { … }: what happens, or records: files of native records", name)
    weeks = table.get("weeks", WEEKS)
    if not isinstance(weeks, int) or isinstance(weeks, bool) or not 0 <= weeks <= 200:
        raise mistake(f"must be a whole number of weeks up to 200, got {weeks!r}", name, "weeks")
    every = table.get("every", {})
    if not isinstance(every, dict):
        raise mistake('must be columns that all acts have, like { app = "Files" }', name, "every")
    usual = _many(table.get("usual", []), every, mistake, name, "usual", WORKING, 240.0)
    then = _many(table["then"], every, mistake, name, "then", (THEN,), 10.0)
    return Trial(it=table["it"], usual=usual, then=then, weeks=weeks, fires=fires)


def _of_records(
    table: Mapping[str, Any], fires: frozenset[str], mistake: Mistake, name: str
) -> Trial:
    records = table["records"]
    records = [records] if isinstance(records, str) else records
    if not _texts(records) or not records:
        raise mistake("must be a file of native records, or a list of them", name, "records")
    if "usual" in table or "then" in table:
        raise mistake("stands instead of usual and then, not beside them", name, "records")
    since = table.get("since")
    if since is not None and not isinstance(since, datetime):
        raise mistake("must be a time, such as 2026-03-02T00:00:00Z", name, "since")
    if since is not None and since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    return Trial(
        it=table["it"], records=tuple(records), source=str(table.get("source", "")), since=since,
        fires=fires,
    )  # fmt: skip


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _many(
    value: object,
    every: Mapping[str, Any],
    mistake: Mistake,
    name: str,
    key: str,
    on: Sequence[str],
    minutes: float,
) -> tuple[Acts, ...]:
    rows = [value] if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise mistake('must be acts like { actor = "ana", action = "view" }', name, key)
    return tuple(_acts({**every, **row}, mistake, name, key, on, minutes) for row in rows)


def _acts(
    row: Mapping[str, Any], mistake: Mistake, name: str, key: str, on: Sequence[str], minutes: float
) -> Acts:
    def wrong(what: str) -> ConfigError:
        return mistake(what, name, key)

    columns: dict[str, object] = {}
    for column, value in row.items():
        if column in HOW:
            continue
        if column not in activity.SCHEMA.names or column in ("event_id", "time", "received"):
            known = [n for n in activity.SCHEMA.names if n not in ("event_id", "time", "received")]
            raise wrong(
                f"{column} is no column; {hint.meant(column, [*known, *HOW], hint.COLUMNS)}"
            )
        columns[column] = _value(column, value, wrong)
    return Acts(
        columns=columns,
        on=_days(row.get("on", on), wrong),
        minute=_minute(row.get("at", "09:00"), wrong),
        times=_times(row.get("times", 1), wrong),
        minutes=_minutes(row.get("minutes", minutes), wrong),
    )


def _value(column: str, value: object, wrong: Callable[[str], ConfigError]) -> object:
    if column == "raw":  # a record may be written as a table
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    given = tuple(value) if isinstance(value, list) else (value,)
    if column in hint.CODES:
        for one in given:
            if one not in hint.CODES[column]:
                raise wrong(f"{column} is never {one!r}; one of {', '.join(hint.CODES[column])}")
    try:
        pa.array(given, activity.SCHEMA.field(column).type)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        kind = activity.SCHEMA.field(column).type
        raise wrong(f"{column} = {value!r} must be {kind}") from error
    return given if isinstance(value, list) else value


def _days(value: object, wrong: Callable[[str], ConfigError]) -> tuple[str, ...]:
    days = (
        [value]
        if isinstance(value, str)
        else list(value)
        if isinstance(value, list | tuple)
        else []
    )
    found = [
        d
        for day in days
        for d in DAYS
        if isinstance(day, str) and len(day) > 2 and d.lower().startswith(day.lower())
    ]
    if not days or len(found) != len(days):
        raise wrong(f'on = {value!r} must be days of the week, such as ["Friday"]')
    return tuple(found)


def _minute(value: object, wrong: Callable[[str], ConfigError]) -> int:
    told = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", value) if isinstance(value, str) else None
    if not told:
        raise wrong(f'at = {value!r} must be a time of day (UTC), such as "09:30"')
    return int(told[1]) * 60 + int(told[2])


def _times(value: object, wrong: Callable[[str], ConfigError]) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_TIMES:
        raise wrong(f"times = {value!r} must be a whole number from 1 to {MOST_TIMES:,}")
    return value


def _minutes(value: object, wrong: Callable[[str], ConfigError]) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1440:
        raise wrong(f"minutes = {value!r} must be a number from 0 to 1440")
    return float(value)
