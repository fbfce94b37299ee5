"""A batch of Activities as the numbers that kernels read.

Filters and values are judged by DuckDB over the Arrow batch, all detectors in one query, so that a
filter means the same on every engine. Each string column is hashed once, by distinct value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from wheeltapper.detect import sql
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.family import Columns
from wheeltapper.detect.hashing import NULL, Hashes, hash_column, mix
from wheeltapper.detect.table import Index, Int32s, Int64s, number_all

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
Bools = np.ndarray[tuple[int], np.dtype[np.bool_]]


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
    amount: np.ndarray[tuple[int], np.dtype[np.float64]]
    filters: dict[str, Bools]
    values: dict[str, pa.ChunkedArray]
    """Values that are expressions, by their SQL."""
    numbers: dict[str, Int32s] = field(default_factory=dict)
    """Dense entity numbers by entity column; -1 for rows that no detector of it looks at."""
    hashes: dict[str, Hashes] = field(default_factory=dict)

    def hash_of(self, column: str) -> Hashes:
        if column not in self.hashes:
            table = self.values if column in self.values else self.events
            self.hashes[column] = hash_column(table[column], self.secret)
        return self.hashes[column]

    def acts(self) -> Hashes:
        """A number for each act itself: the first half of its id, which is a hash already."""
        if "event_id" not in self.hashes:
            ids = self.events["event_id"].cast(pa.binary(16)).combine_chunks()
            data = np.frombuffer(ids.buffers()[1], np.uint64)[2 * ids.offset :]
            self.hashes["event_id"] = data[::2][: len(ids)].copy()
        return self.hashes["event_id"]

    def value_of(self, detector: Detector) -> Hashes:
        if not detector.value:
            return np.zeros(len(self.days), np.uint64)
        if detector.value not in self.hashes:
            if not detector.columns:
                return self.hash_of(detector.value)
            value = self.hash_of(detector.columns[0])
            for column in detector.columns[1:]:
                value = _mixed(value, self.hash_of(column))
            self.hashes[detector.value] = value
        return self.hashes[detector.value]

    def columns_of(self, detector: Detector) -> Columns:
        """The acts a detector looks at, whole batch, in order."""
        row = np.flatnonzero(self.filters[detector.filter])
        if not row.size:
            empty, hashes = np.empty(0, np.int64), np.empty(0, np.uint64)
            narrow = np.empty(0, np.int32)
            return Columns(
                empty, hashes, narrow, hashes, hashes, hashes, empty, narrow, np.empty(0)
            )
        if detector.unit == "session":
            # An act without a session stands for itself.
            unit = self.hash_of("session")[row]
            alone = unit == NULL
            unit[alone] = self.acts()[row[alone]]
        elif detector.unit == "day":
            unit = self.days[row].astype(np.uint64) + np.uint64(1)
        else:
            unit = self.acts()[row]
        return Columns(
            row=row,
            entity=self.hash_of(detector.entity)[row],
            number=self.numbers[detector.entity][row],
            group=self.hash_of(detector.peers)[row] if detector.peers else np.zeros_like(unit),
            value=self.value_of(detector)[row],
            unit=unit,
            hour=self.hours[row],
            hour_of_week=self.hour_of_week[row],
            amount=self.amount[row],
        )


def _judged(events: pa.Table, selected: Sequence[str]) -> list[pa.ChunkedArray]:
    """Columns of SQL expressions over the events, in the events' order."""
    if not selected:
        return []
    # DuckDB's threads hand rows back in whatever order they finish.
    connection = sql.connect()
    connection.register(
        "numbered", events.append_column("row_number_", pa.array(np.arange(len(events))))
    )
    query = ", ".join(f"{expression} as c{i}" for i, expression in enumerate(selected))
    found = connection.sql(f"select row_number_, {query} from numbered").to_arrow_table()
    rows = found["row_number_"].to_numpy()
    if (np.diff(rows) < 0).any():
        found = found.take(pa.array(np.argsort(rows)))
    return list(found.columns[1:])


def prepare(events: pa.Table, detectors: Sequence[Detector], secret: bytes) -> Prepared:
    """Judge filters and values of all detectors over a batch in (time, event_id) order."""
    filters = sorted({d.filter for d in detectors})
    values = sorted({d.value for d in detectors if d.value and not d.columns})
    selected = [f"coalesce(({f}), false)::boolean" for f in filters]
    # A value that is an expression is computed only where a detector wants it.
    wanted = {v: " or ".join(f"({d.filter})" for d in detectors if d.value == v) for v in values}
    selected += [f"case when {wanted[v]} then ({v})::varchar end" for v in values]
    judged = _judged(events, selected)
    time_us = events["time"].cast(pa.int64()).to_numpy()
    how = pc.fill_null(events["hour_of_week"].cast(pa.int32()), -1).to_numpy()
    amount = pc.fill_null(events["count"].cast(pa.float64()), 1.0).to_numpy()
    return Prepared(
        events=events,
        secret=secret,
        days=(time_us // DAY_US).astype(np.int32),
        hours=time_us // HOUR_US,
        hour_of_week=how,
        amount=amount,
        filters={f: c.to_numpy() for f, c in zip(filters, judged, strict=False)},
        values=dict(zip(values, judged[len(filters) :], strict=True)),
    )


def number_entities(
    prepared: Prepared, detectors: Sequence[Detector], indexes: dict[str, Index]
) -> dict[str, Index]:
    """Give each entity that some detector looks at its dense number; `indexes` moved on."""
    moved = dict(indexes)
    for entity in sorted({d.entity for d in detectors}):
        looked_at = np.zeros(len(prepared.days), np.bool_)
        for condition in {d.filter for d in detectors if d.entity == entity}:
            looked_at |= prepared.filters[condition]
        numbers = np.full(len(prepared.days), -1, np.int32)
        moved[entity], numbers[looked_at] = number_all(
            indexes[entity], prepared.hash_of(entity)[looked_at]
        )
        prepared.numbers[entity] = numbers
    return moved
