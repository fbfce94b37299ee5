"""What runs in Spark's Python workers: pieces of time in, acts for each worker, findings out.

A task knows the workspace by its folder, which all machines reach by the same name, and reads
detectors, rules and models from there; state and exchange are files there, too. It reads the lake
as one machine does. Between tasks acts are bytes, which Spark carries without looking into them:
as rows each of them would be written and read four times on its way.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import activity, finding
from wheeltapper.engines import attempt
from wheeltapper.engines.exchange import Exchange
from wheeltapper.engines.local.checkpoint import Checkpoint, Manifest
from wheeltapper.engines.local.detect import columns_for as columns_of_all
from wheeltapper.engines.local.judges import Judges, judges_in
from wheeltapper.engines.wire import from_bytes, to_bytes
from wheeltapper.engines.worker import KEEPER, Worker, dealt
from wheeltapper.store.lake import Lake

Batches = Iterator[pa.RecordBatch]
WORKER = "worker"
"""Column that says which worker it is for."""
_SHOWN = pa.schema(
    [
        pa.field(WORKER, pa.int32()),
        pa.field("piece", pa.int32()),
        pa.field("acts", pa.binary()),
        pa.field("found", pa.binary()),
    ]
)
SHOWN_DDL = f"{WORKER} int, piece int, acts binary, found binary"
"""Rows of what is shown to workers: acts of a piece of time, and what rules found in it."""
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
    lake: str
    off: tuple[str, ...]
    manifest: Manifest
    """Where detection stands before it."""
    step: int
    shards: int
    workers: int
    exchange: str
    """Folder for this attempt at this step alone."""
    pieces: tuple[tuple[int, int], ...]
    """Times that are read together, both included, in microseconds, in order."""
    include_late: bool
    days: tuple[int, ...]
    """Of the step, in days since 1970-01-01; days without an act may be among them."""


@cache
def _judges(root: str, off: tuple[str, ...]) -> Judges:
    """Read once a Python process, which Spark keeps from task to task."""
    return judges_in(Path(root), off)


def shown(job: Job) -> Callable[[Batches], Batches]:
    """Reads pieces, whose numbers it is given, and sends each act to the workers of its shards.

    Rules judge it here, where all of it is at hand; what they find goes to the first worker.
    """

    def task(numbers: Batches) -> Batches:
        judges, lake = _judges(job.root, job.off), Lake(job.lake)
        names = columns_of_all(judges)
        for number in [n for batch in numbers for n in batch.column(0).to_pylist()]:
            first, last = job.pieces[number]
            acts = lake.window(first, last, names)
            by_rules = judges.rules.judge(acts).cast(finding.SCHEMA)
            on_time = acts if job.include_late else acts.filter(pc.invert(acts["late"]))
            for worker, own in enumerate(dealt(on_time, judges, job.shards, job.workers)):
                found = to_bytes(by_rules) if worker == KEEPER and len(by_rules) else None
                if len(own) or found:
                    yield _row(worker, number, to_bytes(own, compression="lz4"), found)

    return task


def _row(worker: int, piece: int, acts: bytes, found: bytes | None) -> pa.RecordBatch:
    row = {WORKER: worker, "piece": piece, "acts": acts, "found": found}
    return pa.RecordBatch.from_pylist([row], schema=_SHOWN)


def judged(job: Job) -> Callable[[Batches], Batches]:
    """Judges what a worker is shown, piece by piece, and saves its state.

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
        acts, by_rules = apart(batches)
        laps.end("receive")
        with attempt.at_work(folder):
            worker = Worker(_judges(job.root, job.off), exchange, job.shards)
            checkpoint = Checkpoint(Path(job.root) / "state")
            worker.restore(checkpoint, job.manifest)
            laps.end("restore")
            found = worker.judge(acts, job.days)
            laps.end("judge")
            files = worker.save(checkpoint, job.step)
            laps.end("save")
        said = [(FILE, name, checksum.encode()) for name, checksum in files.items()]
        said += [(FINDINGS, "", one) for one in by_rules]
        said += [(SECONDS, name, f"{took:.3f}".encode()) for name, took in laps.seconds.items()]
        yield _answer([(FINDINGS, "", to_bytes(found.cast(finding.SCHEMA))), *said])

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


def apart(batches: Batches) -> tuple[pa.Table, list[bytes]]:
    """Acts in order of time, and what rules have found already."""
    rows = [row for batch in batches for row in batch.to_pylist()]
    rows.sort(key=lambda row: row["piece"])
    acts = [from_bytes(row["acts"]) for row in rows]
    by_rules = [row["found"] for row in rows if row["found"]]
    return pa.concat_tables(acts) if acts else activity.SCHEMA.empty_table(), by_rules


def _answer(rows: list[tuple[str, str, bytes]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [dict(zip(ANSWER.names, row, strict=True)) for row in rows], schema=ANSWER
    )


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
            found.append(from_bytes(row["data"]))
    return Said(pa.concat_tables(found), files, seconds)
