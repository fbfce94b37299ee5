"""What tasks of ingest do: files are read, mapped and enriched where there is room for it.

Each batch is left as a file in the folder of the attempt, named by its task and its place there, so
that a task that is tried again leaves the same; the driver is told the names alone.

A Parquet file with the columns of an Activity, as another lake's, is taken as it is.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from wheeltapper import activity, config
from wheeltapper.config import Config
from wheeltapper.engines import attempt
from wheeltapper.enrich import Enricher
from wheeltapper.ingest import Batch, Reject, Sources, read
from wheeltapper.ingest.batch import reject

NAME = "name"
NAME_DDL = "name string"
PARQUET = ".parquet"
Batches = Iterator[pa.RecordBatch]
_ABOUT = b"wheeltapper"
"""Metadata of a batch's file: all of it but its acts, as JSON."""
_NEEDED = frozenset({"event_id", "time", "source", "action"})
_ID_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One round of ingest, as its tasks are told of it."""

    root: str
    """The workspace, under a name by which all machines reach it."""
    folder: str
    """Of this attempt."""
    first: int
    """Number of the first part."""
    parts: tuple[tuple[str, ...], ...]
    """Files of each task."""
    source: str | None
    now: datetime


@cache
def _room(root: str) -> tuple[Config, Sources, Enricher]:
    """Read once a Python process, which Spark keeps from task to task."""
    folder = Path(root)
    settings = config.load(folder / config.FILE)
    own = folder / "sources"
    return (
        settings,
        Sources.load(own if own.is_dir() else None),
        Enricher(settings.enrich, root=folder, timezone=settings.timezone),
    )


def mapped(job: Reading) -> Callable[[Batches], Batches]:
    """Leaves the acts of its files, a file for each batch; is given the numbers of its parts."""

    def task(numbers: Batches) -> Batches:
        folder = Path(job.folder)
        names = []
        with attempt.at_work(folder):
            for number in [n for batch in numbers for n in batch.column(0).to_pylist()]:
                for place, batch in enumerate(
                    batches(job.root, job.parts[number - job.first], job.source, job.now)
                ):
                    names.append(f"{number:06d}-{place:06d}.arrow")
                    leave(folder / names[-1], batch)
        yield pa.RecordBatch.from_arrays([pa.array(names, pa.string())], [NAME])

    return task


def batches(root: str, files: Sequence[str], source: str | None, now: datetime) -> Iterator[Batch]:
    """Whole Activities of files, as the workspace in `root` maps and enriches them."""
    settings, sources, enricher = _room(root)
    logs = [file for file in files if not file.endswith(PARQUET)]
    if logs:
        for batch in read(
            logs, settings=settings.ingest, now=now, source=source,
            timezone=settings.timezone, sources=sources,
        ):  # fmt: skip
            yield replace(batch, activities=enricher.enrich(batch.activities))
    for file in files:
        if file.endswith(PARQUET):
            yield from acts_in(file, now, settings.ingest.batch)


def acts_in(file: str, now: datetime, rows: int) -> Iterator[Batch]:
    """Activities of a Parquet file, as many as `rows` at once; columns that it lacks are null.

    They are received now; whether they are late is found out when they are added.
    """
    try:
        parquet = pq.ParquetFile(file)
        names = set(parquet.schema_arrow.names)
        if not names >= _NEEDED:
            lacks = ", ".join(sorted(_NEEDED - names))
            raise pa.ArrowInvalid(f"it has no column {lacks}, so its rows are no activities")
        wanted = [name for name in activity.SCHEMA.names if name in names]
        for batch in parquet.iter_batches(rows, columns=wanted):
            yield _acts(file, pa.Table.from_batches([batch]), now)
    except (OSError, pa.ArrowException, ValueError) as error:
        yield _batch(file, activity.SCHEMA.empty_table(), [reject(file, 0, str(error), b"")])


def _acts(file: str, table: pa.Table, now: datetime) -> Batch:
    given = {"received": pa.scalar(now, activity.TIME), "late": pa.scalar(value=False)}
    columns = []
    for field in activity.SCHEMA:
        if field.name in given:
            columns.append(pa.repeat(given[field.name], len(table)).cast(field.type))
        elif field.name in table.column_names:
            columns.append(table[field.name].cast(field.type))
        else:
            columns.append(pa.nulls(len(table), field.type))
    acts = pa.table(columns, schema=activity.SCHEMA)
    for name in sorted(_NEEDED):
        if acts[name].null_count:
            raise ValueError(f"column {name} has {acts[name].null_count} rows without a value")
    if set(map(len, acts["event_id"].to_pylist())) - {_ID_BYTES}:
        raise ValueError(f"column event_id has values that are not {_ID_BYTES} bytes long")
    return _batch(file, acts, [])


def _batch(file: str, acts: pa.Table, rejects: list[Reject]) -> Batch:
    ids = xxhash.xxh3_128(b"".join(acts["event_id"].to_pylist())).hexdigest()
    sources = acts["source"].unique().to_pylist()
    return Batch(
        activities=acts, rejects=rejects, batch_id=ids, files=(file,),
        source=sources[0] if len(sources) == 1 else "", records=len(acts),
    )  # fmt: skip


def leave(path: Path, batch: Batch) -> None:
    """A batch as a file that is there whole or not at all."""
    about = {
        "batch_id": batch.batch_id, "files": batch.files, "source": batch.source,
        "records": batch.records, "rejects": [asdict(one) for one in batch.rejects],
    }  # fmt: skip
    acts = batch.activities.replace_schema_metadata({_ABOUT: json.dumps(about).encode()})
    beside = path.with_suffix(".new")
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        pa.OSFile(str(beside), "wb") as sink,
        pa.ipc.new_stream(sink, acts.schema, options=options) as writer,
    ):
        writer.write_table(acts)
    beside.replace(path)


def left(path: Path) -> Batch:
    """What a task left there."""
    with pa.OSFile(str(path)) as file:
        acts = pa.ipc.open_stream(file).read_all()
    about = json.loads(acts.schema.metadata[_ABOUT])
    return Batch(
        activities=acts.replace_schema_metadata(None), batch_id=about["batch_id"],
        files=tuple(about["files"]), source=about["source"], records=about["records"],
        rejects=[Reject(**one) for one in about["rejects"]],
    )  # fmt: skip
