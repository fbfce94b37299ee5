"""A batch of records of one kind to Activities: one SQL statement, then the clock is checked."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from wheeltapper import config
from wheeltapper.activity import NATIVE_SCHEMA, TIME
from wheeltapper.errors import ConfigError
from wheeltapper.ingest.batch import Reject, reject
from wheeltapper.ingest.mapping import Mapping
from wheeltapper.ingest.projection import statement
from wheeltapper.ingest.waiting import Segment

SCAN_ROWS = 16384
"""Records in a piece that one DuckDB thread takes."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What became of a batch's records; each is in exactly one of the three."""

    activities: pa.Table
    """`NATIVE_SCHEMA`, in the order of the records."""
    rejects: list[Reject]
    misfits: list[tuple[Segment, list[int]]]
    """Records that are not of the mapping's kind after all: their places in a segment."""

    @property
    def misfit_records(self) -> int:
        return sum(len(places) for _, places in self.misfits)


class Mapper:
    """Runs mappings.

    Parameters
    ----------
    now        becomes `received`; what lies too far after it is a broken clock
    timezone   of times that tell none
    hint       added to the reason where no time is found
    """

    def __init__(
        self, settings: config.Ingest, *, now: datetime, timezone: str, hint: str = ""
    ) -> None:
        self._year = settings.year
        self._now = now
        self._timezone = timezone
        self._hint = hint
        self._earliest = _day(settings.earliest)
        self._latest = now + timedelta(hours=settings.latest_ahead_hours)
        self._statements: dict[str, str] = {}
        self._database = database()

    def map(self, mapping: Mapping, segments: Sequence[Segment], *, certain: bool) -> Mapped:
        """Records to Activities; `certain`: their kind was found out before, all of them fit."""
        raw = pa.chunked_array([segment.text for segment in segments], pa.string())
        if raw.num_chunks > 1 + len(raw) // SCAN_ROWS * 4:
            raw = pa.chunked_array([raw.combine_chunks()])
        rows = self._project(mapping, segments, raw)
        number = rows.column("number").to_numpy()
        fits = np.ones(len(rows), dtype=bool)
        if not certain:
            fits = rows.column("known").to_numpy()
        sound = fits & self._in_time(rows.column("time"))
        starts = [0, *accumulate(len(segment.text) for segment in segments)]
        rejects = []
        if not sound.all():
            # A record that gives several activities is rejected once.
            wrong = np.flatnonzero(fits & ~sound)
            for row in wrong[np.unique(number[wrong], return_index=True)[1]].tolist():
                at = bisect_right(starts, number[row]) - 1
                segment, place = segments[at], int(number[row]) - starts[at]
                problem = self._problem(mapping, rows.column("time")[row].value)
                line = segment.lines[place]
                rejects.append(reject(segment.file, line, problem, segment.raw(place)))
        misfits = _places(segments, starts, np.unique(number[~fits]).tolist())
        if not sound.all():
            rows = rows.filter(pa.array(sound))
        return Mapped(self._activities(mapping, rows, raw), rejects, misfits)

    def _project(
        self, mapping: Mapping, segments: Sequence[Segment], raw: pa.ChunkedArray
    ) -> pa.Table:
        if mapping.name not in self._statements:
            sql = statement(mapping, timezone=self._timezone, year=self._year)
            self._statements[mapping.name] = sql
        changed = np.repeat(
            np.array([int(s.changed.timestamp() * 1e6) for s in segments], dtype=np.int64),
            [len(s.text) for s in segments],
        )
        batch = pa.table(
            {
                "number": pa.array(np.arange(len(raw), dtype=np.int64)),
                "raw": raw,
                "changed": pa.array(changed).cast(TIME),
            }
        )
        batch = pa.Table.from_batches(batch.to_batches(max_chunksize=SCAN_ROWS), batch.schema)
        self._database.register("batch", batch)
        try:
            return self._database.sql(self._statements[mapping.name]).to_arrow_table()
        finally:
            self._database.unregister("batch")

    def _in_time(self, time: pa.ChunkedArray) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        after = pc.greater_equal(time, pa.scalar(self._earliest, TIME))
        before = pc.less_equal(time, pa.scalar(self._latest, TIME))
        mask: np.ndarray[tuple[int], np.dtype[np.bool_]]
        mask = pc.and_(after, before).fill_null(False).to_numpy()
        return mask

    def _problem(self, mapping: Mapping, time_us: int | None) -> str:
        if time_us is None:
            return f"has no time that can be read where {mapping.name} keeps it{self._hint}"
        early = time_us < self._earliest.timestamp() * 1e6
        limit = "early (ingest.earliest)" if early else "far ahead (ingest.latest_ahead_hours)"
        try:
            at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)).isoformat()
        except OverflowError:
            at = f"{time_us} microseconds after 1970"
        return f"its time, {at}, is too {limit}: a broken clock"

    def _activities(self, mapping: Mapping, rows: pa.Table, raw: pa.ChunkedArray) -> pa.Table:
        numbers = rows.column("number").to_numpy()
        if len(numbers) != len(raw) or (numbers != np.arange(len(raw))).any():
            raw = raw.take(rows.column("number"))
        own = {
            "event_id": _event_ids(mapping.name, raw, rows.column("part").to_numpy()),
            "received": pa.repeat(pa.scalar(self._now, TIME), len(rows)),
            "late": pa.repeat(pa.scalar(False), len(rows)),
            "source": pa.repeat(pa.scalar(mapping.name), len(rows)),
            "raw": raw,
        }
        columns = [
            own[f.name] if f.name in own else rows.column(f.name).cast(f.type)
            for f in NATIVE_SCHEMA
        ]
        return pa.table(columns, schema=NATIVE_SCHEMA)


def database() -> duckdb.DuckDBPyConnection:
    """A DuckDB as statements of mappings want it: nothing but memory, times in UTC."""
    made = duckdb.connect(config={"enable_external_access": "false"})
    made.execute("set TimeZone = 'UTC'")
    # It makes a join of IN with five values and more: slow to plan, and rows lose their order.
    made.execute("set disabled_optimizers = 'in_clause'")
    return made


def _event_ids(source: str, raw: pa.ChunkedArray, parts: Iterable[int]) -> pa.Array:
    """128-bit hash of source, record and part: the same record read twice is one event."""
    digest = xxhash.xxh3_128_digest
    seeds: dict[int, int] = {}
    part = iter(parts.tolist() if isinstance(parts, np.ndarray) else parts)
    ids = []
    for chunk in raw.chunks:
        offsets = np.frombuffer(chunk.buffers()[1], np.int32)[
            chunk.offset : chunk.offset + len(chunk) + 1
        ].tolist()
        data = memoryview(chunk.buffers()[2] or b"")
        for start, stop, number in zip(offsets, offsets[1:], part, strict=False):
            if number not in seeds:
                seeds[number] = xxhash.xxh3_64_intdigest(f"{source}\0{number}".encode())
            ids.append(digest(data[start:stop], seeds[number]))
    return pa.array(ids, pa.binary())


def _places(
    segments: Sequence[Segment], starts: list[int], numbers: list[int]
) -> list[tuple[Segment, list[int]]]:
    found: dict[int, list[int]] = {}
    for number in numbers:
        at = bisect_right(starts, number) - 1
        found.setdefault(at, []).append(number - starts[at])
    return [(segments[at], places) for at, places in found.items()]


def _day(text: str) -> datetime:
    try:
        day = datetime.fromisoformat(text)
    except ValueError as error:
        problem = f"ingest.earliest is {text!r}, not a day; write it like 2000-01-01"
        raise ConfigError(problem) from error
    return day if day.tzinfo else day.replace(tzinfo=UTC)
