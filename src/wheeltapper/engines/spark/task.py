"""What runs in Spark's Python workers: Arrow batches in, Arrow batches out.

A task knows the workspace by its folder, which all machines reach by the same name, and reads
detectors, rules and models from there; state and exchange are files there, too.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import activity, finding
from wheeltapper.engines import attempt
from wheeltapper.engines.exchange import Exchange
from wheeltapper.engines.local.checkpoint import Checkpoint, Manifest
from wheeltapper.engines.local.judges import Judges, judges_in
from wheeltapper.engines.worker import Worker, fell_to
from wheeltapper.store.lake import REPEATING

Batches = Iterator[pa.RecordBatch]
WORKER = "worker"
"""Column that says which worker an act is shown to."""
FOUND = "found"
"""Column of a row that is no act: findings of rules as an Arrow stream."""
RULED = ("event_id", "time", "source", "raw", *activity.ENTITY_COLUMNS)
"""What rules and their findings read."""
ANSWER = pa.schema(
    [pa.field("kind", pa.string()), pa.field("name", pa.string()), pa.field("data", pa.binary())]
)
"""Rows of what a task says: `findings` as an Arrow stream, a `file` and its checksum, or how many
seconds a part of its work took."""
ANSWER_DDL = "kind string, name string, data binary"
FINDINGS, FILE, SECONDS = "findings", "file", "seconds"


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
    """Folder for this attempt at this step alone."""
    include_late: bool
    days: tuple[int, ...]
    """Of the step, in days since 1970-01-01; days without an act may be among them."""


@cache
def _judges(root: str, off: tuple[str, ...]) -> Judges:
    """Read once a Python process, which Spark keeps from task to task."""
    return judges_in(Path(root), off)


def dealt(job: Job, names: Sequence[str]) -> Callable[[Batches], Batches]:
    """Sends each act, its columns `names`, to every worker that has a shard of it.

    Rules judge it here, where all of it is at hand; what they find goes to the first worker.
    """
    told = [*names, WORKER, FOUND]

    def found(table: pa.Table) -> pa.RecordBatch:
        columns = [pa.nulls(1, activity.SCHEMA.field(name).type) for name in names]
        columns += [pa.array([0], pa.int32()), pa.array([_bytes(table)], pa.binary())]
        return pa.RecordBatch.from_arrays(columns, told)

    def task(batches: Batches) -> Batches:
        judges = _judges(job.root, job.off)
        for batch in batches:
            if judges.rules.rules:
                by_rules = judges.rules.judge(_acts([batch.select(list(RULED))]))
                if len(by_rules):
                    yield found(by_rules)
            on_time = batch.select(list(names))
            if not job.include_late:
                on_time = on_time.filter(pc.invert(on_time["late"]))
            acts = pa.Table.from_batches([on_time])
            for worker, rows in enumerate(fell_to(acts, judges, job.shards, job.workers)):
                if rows.size:
                    shown = on_time.take(pa.array(rows))
                    number = pa.array(np.full(rows.size, worker, np.int32))
                    nothing = pa.nulls(rows.size, pa.binary())
                    yield pa.RecordBatch.from_arrays([*shown.columns, number, nothing], told)

    return task


def judged(job: Job) -> Callable[[Batches], Batches]:
    """Judges a worker's acts, which come in order of time, and saves its state.

    All workers of a job have to run at once, for they wait for each other.
    """

    def task(batches: Batches) -> Batches:
        from pyspark import BarrierTaskContext

        context = BarrierTaskContext.get()
        number, parent = context.partitionId(), os.getppid()
        folder = Path(job.exchange)
        exchange = Exchange(
            folder=folder, worker=number, workers=job.workers,
            alive=lambda: os.getppid() == parent and folder.is_dir(),
        )  # fmt: skip
        laps = Laps()
        given = [batch for batch in batches if len(batch)]
        laps.end("receive")
        with attempt.at_work(folder):
            worker = Worker(_judges(job.root, job.off), exchange, job.shards)
            checkpoint = Checkpoint(Path(job.root) / "state")
            worker.restore(checkpoint, job.manifest)
            laps.end("restore")
            acts, by_rules = apart(given)
            found = worker.judge(acts, job.days)
            laps.end("judge")
            files = worker.save(checkpoint, job.step)
            laps.end("save")
        said = [(FILE, name, checksum.encode()) for name, checksum in files.items()]
        said += [(FINDINGS, "", one) for one in by_rules]
        said += [(SECONDS, name, f"{took:.3f}".encode()) for name, took in laps.seconds.items()]
        yield _answer([(FINDINGS, "", _bytes(found)), *said])

    return task


class Laps:
    """How long each part of some work took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = time.perf_counter()

    def end(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = now - self._began
        self._began = now


def apart(given: list[pa.RecordBatch]) -> tuple[pa.Table, list[bytes]]:
    """Acts, and what rules have found already."""
    if not given:
        return activity.SCHEMA.empty_table(), []
    by_rules = [one for batch in given for one in batch[FOUND].drop_null().to_pylist()]
    acts = [batch.filter(pc.is_null(batch[FOUND])) for batch in given]
    return _acts(acts), by_rules


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


@dataclass(frozen=True, slots=True)
class Said:
    """What all tasks of a step said."""

    findings: pa.Table
    files: dict[str, str]
    """Checksums of the files of state, by name."""
    seconds: dict[str, float]
    """What parts of the work took, at the worker where they took longest."""


def read(answers: pa.Table) -> Said:
    found, files, seconds = [finding.SCHEMA.empty_table()], {}, dict[str, float]()
    for row in answers.to_pylist():
        if row["kind"] == FILE:
            files[row["name"]] = row["data"].decode()
        elif row["kind"] == SECONDS:
            seconds[row["name"]] = max(seconds.get(row["name"], 0.0), float(row["data"]))
        else:
            found.append(pa.ipc.open_stream(row["data"]).read_all())
    return Said(pa.concat_tables(found), files, seconds)
