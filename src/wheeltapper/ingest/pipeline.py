"""Files to Activities, batch by batch: read, recognise, map, check.

Records of one source are gathered over as many files as make a batch, then mapped by one SQL
statement. A record that is not of its file's kind is looked at alone and joins its own kind.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import xxhash

from wheeltapper import config
from wheeltapper.activity import NATIVE_SCHEMA
from wheeltapper.ingest.batch import Batch, Progress, Reject, reject
from wheeltapper.ingest.inputs import expand
from wheeltapper.ingest.kinds import Kind, Sources
from wheeltapper.ingest.mapper import Mapper
from wheeltapper.ingest.mapping import Mapping, PathTo
from wheeltapper.ingest.nesting import unnested
from wheeltapper.ingest.readers import Limits
from wheeltapper.ingest.reading import Part, parts
from wheeltapper.ingest.waiting import BATCH_BYTES, Pending, Segment

SAMPLE_RECORDS = 20
"""So many first records say what kind a file is,"""
SAMPLE_LINES = 500
"""and so many where those are of no kind: a text log names a program that we know now and then."""
UNKNOWN_LINE = (
    "text of no log kind that is known here; if you know it, name it with --source, else write a "
    "mapping: docs/add-a-log-source.md"
)
UNKNOWN_RECORD = (
    "has no time: it is of no log kind that is known here, and no field has a usual name of a time "
    "(time, timestamp, created_at, ...); if you know its kind, name it with --source, else write a "
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
    limits = _limits(settings)
    hint = "; is it of another kind? leave --source out to have that found out" if given else ""
    mapper = Mapper(settings, now=now, timezone=timezone, hint=hint)
    work = _Work(mapper, settings.batch, sources, given)
    return work.batches(expand(paths, limits), limits, progress)


def expanded(paths: Sequence[Path | str], settings: config.Ingest) -> list[Path]:
    """What `read` would read below `paths`: files, and folders that are read as a whole.

    Raises
    ------
    WheeltapperError   for a path that isn't there.
    """
    return expand(paths, _limits(settings))


def _limits(settings: config.Ingest) -> Limits:
    return Limits(
        max_record_bytes=int(settings.max_record_mib * (1 << 20)),
        max_file_bytes=int(settings.max_file_gib * (1 << 30)),
        max_ratio=settings.max_ratio,
    )


class _Work:
    """One call of `read`."""

    def __init__(
        self, mapper: Mapper, batch_records: int, sources: Sources, given: Mapping | None
    ) -> None:
        self._mapper = mapper
        self._batch_records = batch_records
        self._sources = sources
        self._given = given
        self._pending: dict[tuple[str, bool], Pending] = {}
        self._rejects: list[Reject] = []
        """Waiting for the next batch."""
        self._rejected_bytes = 0

    def batches(
        self, files: list[Path], limits: Limits, progress: Callable[[Progress], None] | None
    ) -> Iterator[Batch]:
        size = {str(path): path.stat().st_size for path in files if path.is_file()}
        so_far = Progress(
            file="",
            files_done=0,
            files=len(files),
            bytes_done=0,
            bytes=sum(size.values()),
            records=0,
        )
        done_bytes = 0
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
            done_bytes += size.get(part.file, 0) if part.last else 0
            so_far = replace(
                so_far,
                file=part.file,
                files_done=so_far.files_done + part.last,
                bytes_done=done_bytes + (0 if part.last else part.packed_bytes),
                records=so_far.records + len(part.raw) + len(part.rejects),
            )
            if progress:
                progress(so_far)
        # Twice: misfits of the first round fill batches of their own kind.
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
        if kind is None or (kind.mapping.fallback and not self._given):
            self._sort_each(part)
        else:
            self._wait(kind, part, certain=self._given is not None)

    def _sort_each(self, part: Part) -> None:
        found: dict[Kind, list[int]] = {}
        for i, record in enumerate(part.raw):
            if kind := self._sources.kind_of_raw(record):
                found.setdefault(kind, []).append(i)
            else:
                unknown = UNKNOWN_LINE if record.startswith(b'{"line":') else UNKNOWN_RECORD
                self._reject(reject(part.file, part.lines[i], unknown, record))
        for kind, places in found.items():
            raw = [part.raw[i] for i in places]
            lines = [part.lines[i] for i in places]
            self._wait(kind, replace(part, raw=raw, lines=lines, text=None), certain=True)

    def _wait(self, kind: Kind, part: Part, *, certain: bool) -> None:
        if not part.raw:
            return
        text = part.text
        if kind.at.steps or kind.nested:
            raw = [_unwrapped(record, kind.at) for record in part.raw]
            text = pa.array([unnested(r, kind.nested) for r in raw] if kind.nested else raw, _BYTES)
        elif text is None:
            text = pa.array(part.raw, _BYTES)
        key = (kind.mapping.name, certain)
        pending = self._pending.setdefault(key, Pending(kind.mapping, certain))
        pending.add(Segment(part.file, part.changed, text.cast(pa.string()), part.lines))

    def _reject(self, rejected: Reject) -> None:
        self._rejects.append(rejected)
        self._rejected_bytes += len(rejected.raw)

    def _batches(self, *, full_only: bool) -> Iterator[Batch]:
        for pending in list(self._pending.values()):
            while pending.records >= self._batch_records or pending.bytes >= BATCH_BYTES:
                yield self._mapped(pending)
            if pending.records and not full_only:
                yield self._mapped(pending)
        if len(self._rejects) >= self._batch_records or self._rejected_bytes >= BATCH_BYTES:
            yield self._batch("", [], NATIVE_SCHEMA.empty_table(), 0)

    def _mapped(self, pending: Pending) -> Batch:
        segments = pending.take(self._batch_records)
        mapped = self._mapper.map(pending.mapping, segments, certain=pending.certain)
        for rejected in mapped.rejects:
            self._reject(rejected)
        for segment, places in mapped.misfits:
            raw = [segment.raw(place) for place in places]
            lines = [segment.lines[place] for place in places]
            self._sort_each(Part(segment.file, segment.changed, False, False, raw, lines))
        records = sum(len(segment.text) for segment in segments)
        records -= len(mapped.rejects) + mapped.misfit_records
        return self._batch(pending.mapping.name, segments, mapped.activities, records)

    def _batch(
        self, source: str, segments: list[Segment], activities: pa.Table, records: int
    ) -> Batch:
        """`records` without those rejected; the rejects that wait go with this batch."""
        rejects, self._rejects, self._rejected_bytes = self._rejects, [], 0
        ids = xxhash.xxh3_128(source.encode())
        for chunk in activities.column("event_id").chunks:
            ids.update(b"".join(chunk.to_pylist()))
        files = dict.fromkeys([*(s.file for s in segments), *(r.file for r in rejects)])
        return Batch(
            activities=activities,
            rejects=rejects,
            batch_id=ids.hexdigest(),
            files=tuple(files),
            source=source,
            records=records + sum(1 for rejected in rejects if rejected.line),
        )


_BYTES = pa.binary()


def _unwrapped(record: bytes, at: PathTo) -> bytes:
    """The text of the object inside another, as it stands there; the record where there is none."""
    for key in at.steps:
        try:
            record = bytes(_object.decode(record)[str(key)])
        except (KeyError, msgspec.DecodeError):
            return record
    return record
