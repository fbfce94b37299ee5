"""Ingest on one machine: files are read and mapped, enriched, and committed to the lake.

While one batch is enriched and written, a thread of its own reads and maps the next. A batch has
an id made from its content: the same files again add nothing, after a kill as well.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import config
from wheeltapper.enrich import Enricher
from wheeltapper.errors import WheeltapperError
from wheeltapper.ingest import Sources, read
from wheeltapper.ingest.batch import Batch, Reject
from wheeltapper.store.lake import Lake


@dataclass(slots=True)
class Ingested:
    """What a run of ingest did."""

    records: int = 0
    added: int = 0
    """Acts that the lake did not have."""
    known: int = 0
    """Acts that it had."""
    late: int = 0
    """Acts that were added, of a time that has been judged already."""
    rejected: int = 0
    sources: dict[str, int] = field(default_factory=dict)
    """Acts by log kind."""
    files: int = 0


def ingest(
    batches: Iterable[Batch],
    enricher: Enricher | None,
    lake: Lake,
    rejects: Path,
    *,
    watermark_us: int | None,
    progress: Callable[[Ingested], None] | None = None,
) -> Ingested:
    """Commit batches to the lake; what cannot be used goes to `rejects` as NDJSON.

    `watermark_us`: acts up to this time have been judged already; one that is new is marked late.
    Without an `enricher` the batches hold whole Activities already.
    """
    done = Ingested()
    files: set[str] = set()
    began: datetime | None = None
    for batch in _ahead(iter(batches)):
        table = enricher.enrich(batch.activities) if enricher else batch.activities
        if watermark_us is not None:
            times = table["time"].cast(pa.int64())
            late = pc.less_equal(times, watermark_us)
            table = table.set_column(table.schema.get_field_index("late"), "late", late)
            if pc.any(late).as_py():
                received = pc.min(table["received"]).as_py()
                began = received if began is None else min(began, received)
        added = lake.append(table, batch.batch_id) if len(table) else 0
        _keep(batch.rejects, rejects)
        files.update(batch.files)
        done.records += batch.records
        done.added += added
        done.known += len(table) - added
        done.rejected += len(batch.rejects)
        done.sources[batch.source] = done.sources.get(batch.source, 0) + len(table)
        done.files = len(files)
        if progress:
            progress(done)
    if began:
        # Asked of the lake: of the acts that came late, most may have been known.
        late_now = lake.sql(
            "select count(*) n from activities where late and received >= ?", [began]
        )
        done.late = late_now["n"][0].as_py()
    return done


def acts_of(
    files: Sequence[Path],
    *,
    source: str | None,
    sources: Sources,
    settings: config.Ingest,
    enricher: Enricher,
    timezone: str,
    now: datetime,
) -> pa.Table:
    """The acts of a few files, enriched and in order, kept nowhere.

    Raises
    ------
    WheeltapperError   with file and line, if one of their records cannot be used.
    """
    tables = []
    for batch in read(
        files, settings=settings, now=now, timezone=timezone, source=source, sources=sources
    ):
        for one in batch.rejects:
            raise WheeltapperError(f"{one.file}:{one.line}: {one.reason}")
        tables.append(enricher.enrich(batch.activities))
    acts = pa.concat_tables(tables)
    return acts.sort_by([("time", "ascending"), ("event_id", "ascending")])


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, the next one being read while this one is used."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def _keep(rejects: Sequence[Reject], folder: Path) -> None:
    """Write rejects in one step; named by their content, the same again are the same file."""
    if not rejects:
        return
    lines = "".join(
        json.dumps(dataclasses.asdict(reject), ensure_ascii=True) + "\n" for reject in rejects
    ).encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.blake2b(lines, digest_size=12).hexdigest()}.ndjson"
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
