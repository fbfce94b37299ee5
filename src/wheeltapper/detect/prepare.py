"""A batch of Activities as the numbers that kernels read.

Filters and values are SQL, judged by DuckDB so that an entry means the same on every engine. Each
string column is hashed once, by distinct value. What detectors have in common is made once.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from wheeltapper import activity
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.distinct import Memo, Values, measured
from wheeltapper.detect.family import Columns, families
from wheeltapper.detect.hashing import NULL, Hashes, hash_column, mix
from wheeltapper.detect.table import (
    Bools,
    Float64s,
    Index,
    Int32s,
    Int64s,
    Records,
    number_all,
    widened,
)

EVIDENCE = ("app", "action", "source", "session", "target", "src_ip", "outcome")
"""Columns that a finding quotes."""
ALWAYS_READ = (
    "event_id", "time", "hour_of_week", "workday", "count", "session", *EVIDENCE,
)  # fmt: skip
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
HOURS_A_DAY, HOURS_A_WEEK = 24, 168
FRIDAY, SATURDAY, SUNDAY = 4 * HOURS_A_DAY, 5 * HOURS_A_DAY, 6 * HOURS_A_DAY
"""First hour of the week of each."""
NO_MARK, NO_MEASURE = np.zeros(0, np.bool_), np.zeros(0, np.float64)
MOST_ACTS = 1_000_000
"""A record that says it stands for more is taken to stand for so many."""


@njit(cache=True, nogil=True)
def _mixed(a: Hashes, b: Hashes) -> Hashes:
    out = np.empty(a.size, np.uint64)
    for i in range(a.size):
        missing = a[i] == NULL or b[i] == NULL
        out[i] = NULL if missing else mix(a[i], b[i])
    return out


@dataclass(slots=True)
class Prepared:
    """One batch, with what detectors share computed once."""

    events: pa.Table
    secret: bytes
    days: Int32s
    """Days since 1970-01-01 of each row."""
    hours: Int64s
    """Hours since 1970-01-01 of each row."""
    hour_of_week: Int32s
    amount: Float64s
    time_us: Int64s
    rows: dict[str, Int64s]
    """Rows that a filter lets through, by its SQL."""
    values: dict[str, Values]
    """Values that are expressions, by their SQL."""
    marks: dict[str, Bools]
    """Which rows meet a mark, by its SQL."""
    measures: dict[str, Float64s]
    """Numbers, by column or SQL; and those of `NUMBERS` that families need."""
    numbers: dict[str, Int32s] = field(default_factory=dict)
    """Dense entity numbers by entity column; -1 for rows that no detector of it looks at."""
    hashes: dict[str, Hashes] = field(default_factory=dict)

    def hash_of(self, column: str) -> Hashes:
        if column not in self.hashes:
            self.hashes[column] = (
                self.values[column].hash_of_each()
                if column in self.values
                else hash_column(self.events[column], self.secret)
            )
        return self.hashes[column]

    def acts(self) -> Hashes:
        """A number for each act itself: the first half of its id, which is a hash already."""
        if "event_id" not in self.hashes:
            halves = [_first_halves(chunk) for chunk in self.events["event_id"].chunks]
            self.hashes["event_id"] = np.concatenate([np.empty(0, np.uint64), *halves])
        return self.hashes["event_id"]

    def group_of(self, detector: Detector) -> Hashes:
        return self.hash_of(detector.peers) if detector.peers else self._nothing()

    def unit_of(self, detector: Detector) -> Hashes:
        if detector.unit == "act":
            return self.acts()
        name = f"unit {detector.unit}"
        if name not in self.hashes:
            if detector.unit == "session":
                # An act without a session stands for itself.
                session = self.hash_of("session")
                self.hashes[name] = np.where(session == NULL, self.acts(), session)
            else:
                self.hashes[name] = self.days.astype(np.uint64) + np.uint64(1)
        return self.hashes[name]

    def value_of(self, detector: Detector) -> Hashes:
        if not detector.value:
            return self._nothing()
        if detector.value not in self.hashes:
            if not detector.columns:
                return self.hash_of(detector.value)
            value = self.hash_of(detector.columns[0])
            for column in detector.columns[1:]:
                value = _mixed(value, self.hash_of(column))
            self.hashes[detector.value] = value
        return self.hashes[detector.value]

    def _nothing(self) -> Hashes:
        if "" not in self.hashes:
            self.hashes[""] = np.zeros(len(self.days), np.uint64)
        return self.hashes[""]

    def columns_of(self, detector: Detector) -> Columns:
        """What a detector's kernel reads."""
        place = {c: self.measures[c] for c in _numbers_of(detector)}
        return Columns(
            row=self.rows[detector.filter],
            entity=self.hash_of(detector.entity),
            number=self.numbers[detector.entity],
            group=self.group_of(detector),
            value=self.value_of(detector),
            unit=self.unit_of(detector),
            day=self.days,
            hour=self.hours,
            hour_of_week=self.hour_of_week,
            amount=self.amount,
            time=self.time_us,
            mark=self.marks.get(detector.mark, NO_MARK),
            measure=self.measures.get(detector.measure, NO_MEASURE),
            latitude=place.get("latitude", NO_MEASURE),
            longitude=place.get("longitude", NO_MEASURE),
            utc_offset=place.get("utc_offset", NO_MEASURE),
        )


NUMBERS = {"place": ("latitude", "longitude"), "offset": ("utc_offset",)}
"""Columns that a family gets as numbers, by what it says it needs."""


def _numbers_of(detector: Detector) -> list[str]:
    needs = families()[detector.family].needs
    return [column for need in needs for column in NUMBERS.get(need, ())]


def columns_read(detectors: Sequence[Detector]) -> list[str]:
    """The Activity columns that these detectors and their findings need."""
    texts = " ".join(
        f"{d.filter} {d.value} {d.mark} {d.measure} {d.entity} {d.peers}" for d in detectors
    )
    named = set(re.findall(r"[a-z_]+", texts.lower()))
    named |= {column for d in detectors for column in _numbers_of(d)}
    return [f.name for f in activity.FIELDS if f.name in named or f.name in ALWAYS_READ]


def prepare(
    events: pa.Table, detectors: Sequence[Detector], secret: bytes, memo: Memo | None = None
) -> Prepared:
    """Judge filters and values of all detectors over a batch in (time, event_id) order.

    What comes before needs no state, so a thread may prepare the next batch while kernels run.
    `memo`, of this secret, remembers from batch to batch what SQL said.
    """
    memo = memo or Memo(secret)
    hashes: dict[str, Hashes] = {}

    def hash_of(column: str) -> Hashes:
        if column not in hashes:
            hashes[column] = hash_column(events[column], secret)
        return hashes[column]

    marks = {d.mark for d in detectors if d.mark}
    rows = memo.filtered(events, sorted({d.filter for d in detectors} | marks), hash_of)

    def wanted(name: str, expression: str) -> Int64s:
        """Rows at which some detector wants an expression: it is computed only there."""
        filters = {d.filter for d in detectors if getattr(d, name) == expression}
        if len(filters) == 1:
            return rows[filters.pop()]
        return np.flatnonzero(_any(rows, filters, len(events)))

    values = {
        value: memo.valued(events, value, wanted("value", value), hash_of)
        for value in sorted({d.value for d in detectors if d.value and not d.columns})
    }
    measures = {
        measure: measured(events, measure, wanted("measure", measure))
        for measure in sorted({d.measure for d in detectors if d.measure})
    }
    everything = np.arange(len(events))
    for column in sorted({c for d in detectors for c in _numbers_of(d)}):
        measures[column] = measured(events, column, everything)
    # A copy: to Numba an array that may not be written is of another type, and each kernel would
    # be compiled twice.
    time_us = np.array(events["time"].cast(pa.int64()).to_numpy())
    amount = pc.fill_null(events["count"], 1).to_numpy()
    prepared = Prepared(
        events=events,
        secret=secret,
        days=(time_us // DAY_US).astype(np.int32),
        hours=time_us // HOUR_US,
        hour_of_week=_hours_of_week(events),
        amount=np.clip(amount, 1, MOST_ACTS).astype(np.float64),
        time_us=time_us,
        rows=rows,
        values=values,
        marks={mark: _at(rows[mark], len(events)) for mark in marks},
        measures=measures,
        hashes=hashes,
    )
    for d in detectors:  # all hashes are made here: threads only read them
        prepared.hash_of(d.entity)
        prepared.group_of(d)
        prepared.value_of(d)
        prepared.unit_of(d)
    return prepared


def _hours_of_week(events: pa.Table) -> Int32s:
    """As a timetable has them: a holiday runs like a Sunday; -1 where no hour is known.

    Where the weekend is another, a day of work at ours runs like a Friday: the families take
    Saturday and Sunday for the days of rest. Where `workday` is null the day is what it is called.
    """
    how = pc.fill_null(events["hour_of_week"].cast(pa.int32()), -1).to_numpy()
    work = pc.fill_null(events["workday"].cast(pa.int32()), -1).to_numpy()
    hour = how % HOURS_A_DAY
    how = np.where((work == 0) & (how >= 0) & (how < SATURDAY), SUNDAY + hour, how)
    how = np.where((work == 1) & (how >= SATURDAY), FRIDAY + hour, how)
    return np.where((how >= 0) & (how < HOURS_A_WEEK), how, np.int32(-1)).astype(np.int32)


def _at(rows: Int64s, length: int) -> Bools:
    """True at the given rows."""
    out = np.zeros(length, np.bool_)
    out[rows] = True
    return out


def _any(rows: dict[str, Int64s], filters: Iterable[str], length: int) -> Bools:
    """Which acts some filter lets through."""
    out = np.zeros(length, np.bool_)
    for condition in filters:
        out[rows[condition]] = True
    return out


def _first_halves(ids: pa.Array) -> Hashes:
    """The first 8 bytes of 16-byte ids."""
    fixed = ids.cast(pa.binary(16))
    data = np.frombuffer(fixed.buffers()[1], np.uint64)[2 * fixed.offset :]
    return data[::2][: len(fixed)]


@njit(cache=True, nogil=True)
def _seen(numbers: Int32s, day: Int32s, seen: Records) -> None:
    """Acts are in order of time: another day than the last is one more."""
    for i in range(numbers.size):
        if numbers[i] >= 0:
            one = seen[numbers[i]]
            if one.days == 0 or one.last != day[i]:
                one.days += 1
                one.last = day[i]


def number_entities(
    prepared: Prepared, detectors: Sequence[Detector], indexes: dict[str, Index]
) -> dict[str, Index]:
    """Give each entity that some detector looks at its dense number; `indexes` moved on."""
    moved = dict(indexes)
    for entity in sorted({d.entity for d in detectors}):
        filters = {d.filter for d in detectors if d.entity == entity}
        looked_at = _any(prepared.rows, filters, len(prepared.days))
        index, numbers = number_all(indexes[entity], prepared.hash_of(entity), looked_at)
        seen = widened(index.seen, int(index.size[0]))
        _seen(numbers, prepared.days, seen)
        moved[entity] = index._replace(seen=seen)
        prepared.numbers[entity] = numbers
    return moved
