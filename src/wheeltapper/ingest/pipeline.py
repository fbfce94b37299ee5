"""Files to Activities, batch by batch: read, recognise, map, check.

Records of one source are gathered over as many files as make a batch, then mapped by one SQL
statement. A record that is not of its file's kind is looked at alone and joins its own kind.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from wheeltapper import config
from wheeltapper.activity import NATIVE_SCHEMA, TIME
from wheeltapper.errors import ConfigError
from wheeltapper.ingest.batch import Batch, Progress, Reject, reject
from wheeltapper.ingest.inputs import expand
from wheeltapper.ingest.kinds import Kind, Sources
from wheeltapper.ingest.mapping import Mapping, PathTo
from wheeltapper.ingest.nesting import unnested
from wheeltapper.ingest.projection import compile as to_sql
from wheeltapper.ingest.readers import Limits
from wheeltapper.ingest.reading import Part, parts

SAMPLE_RECORDS = 20
"""So many first records say what kind a file is."""
SAMPLE_LINES = 500
"""And so many lines of text: a log of everything names a program we know now and then."""
BATCH_BYTES = 256 << 20
"""A batch is cut at this size too: memory stays bounded when records are large."""
SCAN_ROWS = 16384
"""Records in a piece that one DuckDB thread takes."""
UNKNOWN = (
    "of no log kind that is known here; if you know it, name it with --source, else write a "
    "mapping: docs/add-a-log-source.md"
)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read(
    paths: Sequence[Path | str],
    *,
    settings: config.Ingest,
    now: datetime,
    timezone: str = "UTC",
    source: str | None = None,
    sources: Sources | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[Batch]:
    """Activities of everything below `paths`, and what could not become one.

    Parameters
    ----------
    now        the time that `received` gets and the future is measured from
    timezone   of text logs that tell none
    source     the kind that everything is taken for; None finds out, file by file
    sources    mappings; None takes those of the package

    Raises
    ------
    WheeltapperError   for a path that isn't there or a source nobody knows. Bad input raises
    nothing: it is in `Batch.rejects`.
    """
    sources = sources or Sources.load()
    given = sources.named(source) if source else None
    limits = Limits(
        max_record_bytes=int(settings.max_record_mib * (1 << 20)),
        max_file_bytes=int(settings.max_file_gib * (1 << 30)),
        max_ratio=settings.max_ratio,
    )
    work = _Work(settings, now, timezone, sources, given)
    files = expand(paths, limits)
    return work.batches(files, limits, progress)


@dataclass(slots=True)
class _Segment:
    """Records of one file, waiting to be mapped."""

    file: str
    changed: datetime
    raw: list[bytes]
    lines: Sequence[int]


@dataclass(slots=True)
class _Pending:
    """Records of one kind, waiting to fill a batch."""

    mapping: Mapping
    certain: bool
    """Their kind was found one by one, or given: it is not looked at again."""
    segments: list[_Segment] = field(default_factory=list)
    records: int = 0
    bytes: int = 0

    def add(self, segment: _Segment) -> None:
        self.segments.append(segment)
        self.records += len(segment.raw)
        self.bytes += sum(map(len, segment.raw))

    def take(self, records: int) -> list[_Segment]:
        """The first `records`, or as many as `BATCH_BYTES` hold."""
        taken: list[_Segment] = []
        room, room_bytes = records, BATCH_BYTES
        while self.segments and room > 0 and room_bytes > 0:
            segment = self.segments.pop(0)
            if len(segment.raw) > room:
                file, changed, raw, lines = (
                    segment.file,
                    segment.changed,
                    segment.raw,
                    segment.lines,
                )
                self.segments.insert(0, _Segment(file, changed, raw[room:], lines[room:]))
                segment = _Segment(file, changed, raw[:room], lines[:room])
            room -= len(segment.raw)
            room_bytes -= sum(map(len, segment.raw))
            taken.append(segment)
        self.records -= sum(len(segment.raw) for segment in taken)
        self.bytes -= sum(sum(map(len, segment.raw)) for segment in taken)
        return taken


class _Work:
    """One call of `read`."""

    def __init__(
        self,
        settings: config.Ingest,
        now: datetime,
        timezone: str,
        sources: Sources,
        given: Mapping | None,
    ) -> None:
        self._settings = settings
        self._now = now
        self._timezone = timezone
        self._sources = sources
        self._given = given
        self._earliest = _day(settings.earliest)
        self._latest = now + timedelta(hours=settings.latest_ahead_hours)
        self._pending: dict[tuple[str, bool], _Pending] = {}
        self._rejects: list[Reject] = []
        """Waiting for the next batch."""
        self._rejected_bytes = 0
        self._statements: dict[str, str] = {}
        self._database = duckdb.connect(config={"enable_external_access": "false"})
        self._database.execute("set TimeZone = 'UTC'")

    def batches(
        self, files: list[Path], limits: Limits, progress: Callable[[Progress], None] | None
    ) -> Iterator[Batch]:
        size = {str(path): path.stat().st_size for path in files if path.is_file()}
        total_bytes, done_bytes, files_done, records = sum(size.values()), 0, 0, 0
        kind: Kind | None = None
        for part in parts(files, limits):
            for rejected in part.rejects:
                self._reject(rejected)
            if part.first:
                kind = None
            if kind is None and part.raw:
                kind = self._kind_of_file(part.raw)
            self._sort(part, kind)
            yield from self._batches(full_only=True)
            records += len(part.raw) + len(part.rejects)
            if part.last:
                files_done += 1
                done_bytes += size.get(part.file, 0)
            if progress:
                progress(
                    Progress(
                        file=part.file,
                        files_done=files_done,
                        files=len(files),
                        bytes_done=done_bytes + (0 if part.last else part.packed_bytes),
                        bytes=total_bytes,
                        records=records,
                    )
                )
        while any(pending.records for pending in self._pending.values()):
            yield from self._batches(full_only=False)
        if self._rejects:
            yield self._batch("", [], NATIVE_SCHEMA.empty_table(), 0)

    def _kind_of_file(self, raw: list[bytes]) -> Kind | None:
        if self._given:
            return self._sources.place(self._given, raw[:SAMPLE_RECORDS])
        few = self._sources.kind_of_file(raw[:SAMPLE_RECORDS])
        return few or self._sources.kind_of_file(raw[:SAMPLE_LINES])

    def _sort(self, part: Part, kind: Kind | None) -> None:
        """Put records where those of their kind wait."""
        if self._given and kind:
            self._wait(kind, part, range(len(part.raw)), certain=True)
        elif kind is None or kind.mapping.fallback:
            self._sort_each(part.file, part.changed, part.raw, part.lines)
        else:
            self._wait(kind, part, range(len(part.raw)), certain=False)

    def _sort_each(
        self, file: str, changed: datetime, raw: list[bytes], lines: Sequence[int]
    ) -> None:
        found: dict[Kind, list[int]] = {}
        for i, record in enumerate(raw):
            if kind := self._sources.kind_of_raw(record):
                found.setdefault(kind, []).append(i)
            else:
                self._reject(reject(file, lines[i], UNKNOWN, record))
        part = Part(file, changed, False, False, raw, lines)
        for kind, indices in found.items():
            self._wait(kind, part, indices, certain=True)

    def _wait(self, kind: Kind, part: Part, indices: Sequence[int], *, certain: bool) -> None:
        key = (kind.mapping.name, certain)
        pending = self._pending.setdefault(key, _Pending(kind.mapping, certain))
        whole = len(indices) == len(part.raw)
        raw = part.raw if whole else [part.raw[i] for i in indices]
        lines = part.lines if whole else [part.lines[i] for i in indices]
        if kind.at.steps:
            raw = [_unwrapped(record, kind.at) for record in raw]
        if kind.nested:
            raw = [unnested(record, kind.nested) for record in raw]
        if raw:
            pending.add(_Segment(part.file, part.changed, raw, lines))

    def _reject(self, rejected: Reject) -> None:
        self._rejects.append(rejected)
        self._rejected_bytes += len(rejected.raw)

    def _batches(self, *, full_only: bool) -> Iterator[Batch]:
        for pending in list(self._pending.values()):
            rows = self._settings.batch
            while pending.records >= rows or pending.bytes >= BATCH_BYTES:
                yield self._mapped(pending.mapping, pending.take(rows), pending.certain)
            if pending.records and not full_only:
                yield self._mapped(pending.mapping, pending.take(rows), pending.certain)
        if len(self._rejects) >= self._settings.batch or self._rejected_bytes >= BATCH_BYTES:
            yield self._batch("", [], NATIVE_SCHEMA.empty_table(), 0)

    def _mapped(self, mapping: Mapping, segments: list[_Segment], certain: bool) -> Batch:
        raw = [record for segment in segments for record in segment.raw]
        rows = self._project(mapping, segments, raw)
        number = rows.column("number").to_numpy()
        keep = self._in_time(rows.column("time"))
        if not certain and not pc.all(rows.column("known")).as_py():
            known = rows.column("known").to_numpy(zero_copy_only=False)
            self._sort_again(segments, np.unique(number[~known]))
            keep &= known
        else:
            known = np.ones(len(keep), dtype=bool)
        moved = len(np.unique(number[~known]))
        bad = np.flatnonzero(known & ~keep)
        for row in bad[np.unique(number[bad], return_index=True)[1]]:
            segment, at = _find(segments, int(number[row]))
            problem = self._time_problem(mapping, rows.column("time")[int(row)].value)
            self._reject(reject(segment.file, segment.lines[at], problem, segment.raw[at]))
        if not keep.all():
            rows = rows.filter(pa.array(keep))
        activities = self._activities(mapping, rows, raw)
        rejected = len(np.unique(number[bad]))
        return self._batch(mapping.name, segments, activities, len(raw) - moved - rejected)

    def _project(self, mapping: Mapping, segments: list[_Segment], raw: list[bytes]) -> pa.Table:
        if mapping.name not in self._statements:
            year = self._settings.year
            self._statements[mapping.name] = to_sql(mapping, timezone=self._timezone, year=year)
        changed = np.repeat(
            np.array([int(s.changed.timestamp() * 1e6) for s in segments], dtype=np.int64),
            [len(s.raw) for s in segments],
        )
        table = pa.table(
            {
                "number": pa.array(np.arange(len(raw), dtype=np.int64)),
                "raw": _as_text(raw),
                "changed": pa.array(changed).cast(TIME),
            }
        )
        table = pa.Table.from_batches(table.to_batches(max_chunksize=SCAN_ROWS))
        self._database.register("batch", table)
        try:
            return self._database.sql(self._statements[mapping.name]).to_arrow_table()
        finally:
            self._database.unregister("batch")

    def _in_time(self, time: pa.ChunkedArray) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        sound = pc.and_(
            pc.greater_equal(time, pa.scalar(self._earliest, TIME)),
            pc.less_equal(time, pa.scalar(self._latest, TIME)),
        )
        return sound.fill_null(False).to_numpy()

    def _time_problem(self, mapping: Mapping, time_us: int | None) -> str:
        if time_us is None:
            problem = f"has no time that can be read where {mapping.name} keeps it"
            return problem + ("; is it of another kind? leave --source out" if self._given else "")
        early = time_us < self._earliest.timestamp() * 1e6
        limit = "ingest.earliest" if early else "ingest.latest_ahead_hours"
        try:
            at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)).isoformat()
        except OverflowError:
            at = f"{time_us} microseconds after 1970"
        return (
            f"its time, {at}, is too {'early' if early else 'far ahead'}: a broken clock ({limit})"
        )

    def _sort_again(self, segments: list[_Segment], numbers: Iterable[int]) -> None:
        """Records that turned out not to be of their file's kind."""
        found: dict[int, list[int]] = {}
        starts = _starts(segments)
        for number in map(int, numbers):
            at = bisect_right(starts, number) - 1
            found.setdefault(at, []).append(number - starts[at])
        for at, places in found.items():
            segment = segments[at]
            self._sort_each(
                segment.file,
                segment.changed,
                [segment.raw[i] for i in places],
                [segment.lines[i] for i in places],
            )

    def _activities(self, mapping: Mapping, rows: pa.Table, raw: list[bytes]) -> pa.Table:
        numbers = rows.column("number").to_numpy()
        parts = rows.column("part").to_numpy()
        seeds = [_seed(mapping.name, part) for part in range(int(parts.max(initial=0)) + 1)]
        digest = xxhash.xxh3_128_digest
        kept = [raw[i] for i in numbers.tolist()]
        ids = [
            digest(record, seeds[part]) for record, part in zip(kept, parts.tolist(), strict=True)
        ]
        own = {
            "event_id": pa.array(ids, pa.binary()),
            "received": pa.repeat(pa.scalar(self._now, TIME), len(kept)),
            "late": pa.repeat(pa.scalar(False), len(kept)),
            "source": pa.repeat(pa.scalar(mapping.name), len(kept)),
            "raw": _as_text(kept),
        }
        columns = [
            own[f.name] if f.name in own else rows.column(f.name).cast(f.type)
            for f in NATIVE_SCHEMA
        ]
        return pa.table(columns, schema=NATIVE_SCHEMA)

    def _batch(
        self, source: str, segments: list[_Segment], activities: pa.Table, records: int
    ) -> Batch:
        rejects, self._rejects, self._rejected_bytes = self._rejects, [], 0
        ids = xxhash.xxh3_128(activities.column("event_id").combine_chunks().buffers()[2] or b"")
        return Batch(
            activities=activities,
            rejects=rejects,
            batch_id=ids.hexdigest(),
            files=tuple(dict.fromkeys([*(s.file for s in segments), *(r.file for r in rejects)])),
            source=source,
            records=records + sum(1 for r in rejects if r.line),
        )


def _unwrapped(record: bytes, at: PathTo) -> bytes:
    """The text of the object inside another, as it stands there; the record where there is none."""
    for key in at.steps:
        try:
            record = bytes(_object.decode(record)[str(key)])
        except (KeyError, msgspec.DecodeError):
            return record
    return record


def _as_text(raw: list[bytes]) -> pa.StringArray:
    """UTF-8 that was checked when it was read, not checked again."""
    array = pa.array(raw, pa.binary())
    return pa.Array.from_buffers(pa.string(), len(array), array.buffers())


def _seed(source: str, part: int) -> int:
    return int(xxhash.xxh3_64_intdigest(f"{source}\0{part}".encode()))


def _starts(segments: list[_Segment]) -> list[int]:
    return [0, *accumulate(len(segment.raw) for segment in segments)][:-1]


def _find(segments: list[_Segment], number: int) -> tuple[_Segment, int]:
    starts = _starts(segments)
    at = bisect_right(starts, number) - 1
    return segments[at], number - starts[at]


def _day(text: str) -> datetime:
    try:
        day = datetime.fromisoformat(text)
    except ValueError as error:
        problem = f"ingest.earliest is {text!r}, not a day; write it like 2000-01-01"
        raise ConfigError(problem) from error
    return day if day.tzinfo else day.replace(tzinfo=UTC)
