"""What runs in Spark's Python workers: Arrow batches in, Arrow batches out.

A task knows the workspace by its folder, which all machines reach by the same name, and reads
detectors, rules and models from there; state and exchange are files there, too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from wheeltapper import activity, finding
from wheeltapper.detect import catalogue
from wheeltapper.engines.exchange import Exchange
from wheeltapper.engines.local import judges as local
from wheeltapper.engines.local.checkpoint import Checkpoint, Manifest
from wheeltapper.engines.local.judges import Judges
from wheeltapper.engines.worker import Worker, fell_to
from wheeltapper.store.lake import REPEATING

Batches = Iterator[pa.RecordBatch]
WORKER = "worker"
"""Column that says which worker an act is shown to."""
ANSWER = pa.schema(
    [pa.field("kind", pa.string()), pa.field("name", pa.string()), pa.field("data", pa.binary())]
)
"""Rows of what a task says: `findings` as an Arrow stream, or a `file` and its checksum."""
ANSWER_DDL = "kind string, name string, data binary"
FINDINGS, FILE = "findings", "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One step of detection, as its tasks are told of it."""

    root: str
    off: tuple[str, ...]
    manifest: Manifest
    """Where detection stands before it."""
    step: int
    shards: int
    workers: int
    exchange: str
    """Folder for this try at this step alone."""
    days: tuple[int, ...]
    """Of the step, in days since 1970-01-01; days without an act may be among them."""


@cache
def _judges(root: str, off: tuple[str, ...]) -> Judges:
    """Read once a Python process, which Spark keeps from task to task."""
    return local.judges(Path(root), catalogue.load([Path(root) / "detectors"], off), off)


def ruled(job: Job) -> Callable[[Batches], Batches]:
    """Judges acts by rules, wherever they lie."""

    def task(batches: Batches) -> Batches:
        judges = _judges(job.root, job.off)
        for batch in batches:
            found = judges.rules.judge(_acts([batch]))
            if len(found):
                yield _answer([(FINDINGS, "", _bytes(found))])

    return task


def dealt(job: Job) -> Callable[[Batches], Batches]:
    """Sends each act to every worker that has a shard of it."""

    def task(batches: Batches) -> Batches:
        judges = _judges(job.root, job.off)
        for batch in batches:
            acts = pa.Table.from_batches([batch])
            for worker, rows in enumerate(fell_to(acts, judges, job.shards, job.workers)):
                if rows.size:
                    shown = batch.take(pa.array(rows))
                    number = pa.array(np.full(rows.size, worker, np.int32))
                    yield pa.RecordBatch.from_arrays(
                        [*shown.columns, number], [*shown.schema.names, WORKER]
                    )

    return task


def judged(job: Job) -> Callable[[Batches], Batches]:
    """Judges a worker's acts, which come in order of time, and saves its state.

    All workers of a job have to run at once, for they wait for each other.
    """

    def task(batches: Batches) -> Batches:
        from pyspark import BarrierTaskContext

        context = BarrierTaskContext.get()
        number = context.partitionId()
        judges = _judges(job.root, job.off)
        exchange = Exchange(folder=Path(job.exchange), worker=number, workers=job.workers)
        worker = Worker(judges, exchange, job.shards)
        checkpoint = Checkpoint(Path(job.root) / "state")
        worker.restore(checkpoint, job.manifest)
        given = [batch for batch in batches if len(batch)]
        acts = _acts(given) if given else activity.SCHEMA.empty_table()
        found = worker.judge(acts, job.days)
        files = worker.save(checkpoint, job.step)
        said = [(FILE, name, checksum.encode()) for name, checksum in files.items()]
        yield _answer([(FINDINGS, "", _bytes(found)), *said])

    return task


def _acts(batches: list[pa.RecordBatch]) -> pa.Table:
    """Acts as the lake would hand them over: texts that repeat are coded."""
    table = pa.Table.from_batches(batches)
    names = [name for name in table.column_names if name in activity.SCHEMA.names]
    columns = [
        table[name].cast(activity.SCHEMA.field(name).type).dictionary_encode()
        if name in REPEATING
        else table[name].cast(activity.SCHEMA.field(name).type)
        for name in names
    ]
    return pa.table(columns, names=names)


def _answer(rows: list[tuple[str, str, bytes]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [dict(zip(ANSWER.names, row, strict=True)) for row in rows], schema=ANSWER
    )


def _bytes(found: pa.Table) -> bytes:
    found = found.cast(finding.SCHEMA)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, found.schema) as writer:
        writer.write_table(found)
    return bytes(sink.getvalue())


def read(answers: pa.Table) -> tuple[pa.Table, dict[str, str]]:
    """Findings, and checksums of files by name, of what all tasks said."""
    found, files = [finding.SCHEMA.empty_table()], {}
    for row in answers.to_pylist():
        if row["kind"] == FILE:
            files[row["name"]] = row["data"].decode()
        else:
            found.append(pa.ipc.open_stream(row["data"]).read_all())
    return pa.concat_tables(found), files
