"""What runs in Flink's Python workers: a number in, acts for each worker out, findings kept.

Nothing here knows Flink. A stream carries the numbers of steps; `Reader` turns each into what every
worker has to be shown, `Judging` answers for one worker, `Keeper` makes a step true when all have
answered. Each drops what it has had already, so that a stream may be played again from any of its
checkpoints. State between them is immutable bytes: Flink writes a value down when it likes.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import activity, finding
from wheeltapper.detect import catalogue
from wheeltapper.detect.prepare import DAY_US
from wheeltapper.engines.attempt import at_work
from wheeltapper.engines.exchange import Exchange
from wheeltapper.engines.local import judges as local
from wheeltapper.engines.local import lock, steps
from wheeltapper.engines.local.checkpoint import Checkpoint, Manifest, checksum_of
from wheeltapper.engines.local.detect import columns_for as columns_of_all
from wheeltapper.engines.local.detect import latest
from wheeltapper.engines.local.judges import Judges
from wheeltapper.engines.wire import from_bytes, to_bytes
from wheeltapper.engines.worker import Worker, dealt, part
from wheeltapper.errors import WheeltapperError
from wheeltapper.store.lake import Lake

COMMITS = "commit.lock"
"""In the folder `state/`: held by whoever makes a step true."""
DONE = "done.ndjson"
"""In the folder of an attempt: a line for each step that was made true."""
_SCHEMA = pa.schema([pa.field("name", pa.string()), pa.field("data", pa.large_binary())])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FOUND, _ACTS, _RULED = "found", "acts", "ruled"

Said = tuple[int, int, str, bytes]
"""(worker, step, JSON about it, bytes): what travels along the stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One detection, as all its tasks are told of it, in this attempt and in those that follow."""

    root: str
    lake: str
    off: tuple[str, ...]
    powershell: bool
    base: int
    """The step before its first."""
    windows: tuple[tuple[int, int], ...]
    """Times of each step, both included, in microseconds."""
    step_rows: int
    shards: int
    workers: int
    include_late: bool
    attempt: str = ""
    """Folder of this attempt."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        values = json.loads(text)
        values["off"] = tuple(values["off"])
        values["windows"] = tuple((first, last) for first, last in values["windows"])
        return cls(**values)


@cache
def _judges(root: str, off: tuple[str, ...], powershell: bool) -> Judges:
    """Read once a Python process."""
    folder = Path(root)
    detectors = catalogue.load([folder / "detectors"], off)
    return local.judges(folder, detectors, off, powershell=powershell)


def _judges_of(job: Job) -> Judges:
    return _judges(job.root, job.off, job.powershell)


@dataclass(slots=True)
class Reader:
    """Reads a step's acts from the lake, and deals them to all workers."""

    job: Job

    def read(self, number: int) -> Iterator[Said]:
        """What each worker has to be shown of window `number`, from 0."""
        judges, job = _judges_of(self.job), self.job
        first, last = job.windows[number]
        names = columns_of_all(judges)
        tables = list(
            Lake(job.lake).scan(
                _time(first - 1), _time(last + 1), job.step_rows * 4, columns=names, dictionary=True
            )
        )
        # The lake's log rounds times: behind the last act there may be a window without any.
        empty = pa.schema([activity.SCHEMA.field(name) for name in names]).empty_table()
        acts = pa.concat_tables(tables) if tables else empty
        on_time = acts if job.include_late else acts.filter(pc.invert(acts["late"]))
        about = {
            "acts": len(acts),
            "watermark_us": latest(acts["time"]) if len(acts) else None,
            "received_us": latest(acts["received"]) if len(acts) else 0,
            "days": np.unique(on_time["time"].cast(pa.int64()).to_numpy() // DAY_US).tolist(),
        }
        for worker, own in enumerate(dealt(on_time, judges, job.shards, job.workers)):
            shown = {
                _ACTS: to_bytes(own),
                _RULED: to_bytes(part(acts, worker, job.workers)),
            }
            yield worker, job.base + number + 1, json.dumps(about), packed(shown)


@dataclass(slots=True)
class Judging:
    """The workers of this process; usually one."""

    job: Job
    _live: dict[int, tuple[int, Worker]] = field(default_factory=dict)

    def answer(self, state: bytes | None, given: Said) -> tuple[bytes, Said] | None:
        """A worker's state after what it is shown, and its answer; None for what it has had.

        `state` is what was returned the time before; without one, detection goes on from where the
        workspace stands.

        Raises
        ------
        WheeltapperError   if a step is missing between the state and what is shown.
        """
        number, step, about, data = given
        worker, known, snapshots = self._at(number, state)
        if step <= known:
            return None
        if step != known + 1:
            raise WheeltapperError(
                f"worker {number} stands at step {known} and is shown step {step}"
            )
        job, said, shown = self.job, json.loads(about), unpacked(data)
        with at_work(Path(job.attempt)):
            acts = from_bytes(shown[_ACTS])
            by_rules = _judges_of(job).rules.judge(from_bytes(shown[_RULED]))
            tables = [worker.judge(acts, said["days"]), by_rules]
            found = pa.concat_tables([t.cast(finding.SCHEMA) for t in tables])
            files = worker.save(snapshots, step)
            own_files = dict(snapshots.files)
            # A key's state has to be whole by itself.
            own = files | worker.save_peers(snapshots, step)
        self._live[number] = (step, worker)
        day_us = None if worker.day is None else worker.day * DAY_US
        manifest = Manifest(
            step=step, saved=step, watermark_us=day_us, shards=job.shards, files=own
        )
        after = packed({"manifest": json.dumps(asdict(manifest)).encode(), **snapshots.files})
        answer = packed({_FOUND: to_bytes(found), **own_files})
        return after, (number, step, about, answer)

    def _at(self, number: int, state: bytes | None) -> tuple[Worker, int, "Snapshots"]:
        """A worker as the state says it stands, its last step, and where to put snapshots."""
        job = self.job
        folder = Path(job.root) / "state"
        if state is None:
            checkpoint = Checkpoint(folder)
            manifest = replace(checkpoint.manifest(), shards=job.shards)
            if number not in self._live or self._live[number][0] != manifest.step:
                self._live[number] = (manifest.step, self._worker(number))
                self._live[number][1].restore(checkpoint, manifest)
        else:
            kept = unpacked(state)
            manifest = Manifest(**json.loads(kept.pop("manifest")))
            if number not in self._live or self._live[number][0] != manifest.step:
                self._live[number] = (manifest.step, self._worker(number))
                self._live[number][1].restore(Snapshots(folder, kept), manifest)
        return self._live[number][1], manifest.step, Snapshots(folder)

    def _worker(self, number: int) -> Worker:
        parent = os.getppid()  # Flink's JVM: without it nobody wants to know
        exchange = Exchange(
            folder=Path(self.job.attempt), worker=number, workers=self.job.workers,
            alive=lambda: os.getppid() == parent,
        )  # fmt: skip
        return Worker(_judges_of(self.job), exchange, self.job.shards)


@dataclass(slots=True)
class Snapshots:
    """Snapshots of one worker in memory, as a `Checkpoint` has them on disk."""

    folder: Path
    files: dict[str, bytes] = field(default_factory=dict)

    def read(self, name: str, expected: str) -> bytes:
        data = self.files.get(name, b"")
        if checksum_of(data) != expected:
            raise WheeltapperError(f"{name}: damaged in Flink's state; detect --replay begins anew")
        return data

    def put(self, name: str, data: bytes) -> str:
        self.files[name] = data
        return checksum_of(data)


class Waiting(Protocol):
    """Answers of a step that not all have given yet, by number. Flink's map state is one."""

    def contains(self, key: int) -> bool: ...
    def get(self, key: int) -> Said: ...
    def put(self, key: int, value: Said) -> None: ...
    def remove(self, key: int) -> None: ...


@dataclass(slots=True)
class Keeper:
    """Makes steps true in the workspace, one after the other."""

    job: Job
    _begun: bool = False

    def take(self, answer: Said, waiting: Waiting) -> int | None:
        """One worker's answer; the step, where it was the last that was missing.

        Workers run ahead of each other, and one that is played again does not repeat what it said
        before the checkpoint: so answers wait in what the checkpoint holds.

        Raises
        ------
        WheeltapperError   if a step is missing between the workspace and what all have answered.
        """
        folder = Path(self.job.root) / "state"
        with at_work(Path(self.job.attempt)), lock.awaited(folder / COMMITS):
            checkpoint, lake = Checkpoint(folder), Lake(self.job.lake)
            if not self._begun:
                steps.begin(lake, checkpoint, replay=False)
                self._begun = True
            number, step, *_ = answer
            manifest = checkpoint.manifest()
            first = step * self.job.workers
            keys = range(first, first + self.job.workers)
            others = [key for key in keys if key != first + number and waiting.contains(key)]
            if step > manifest.step and len(others) + 1 < self.job.workers:
                waiting.put(first + number, answer)
                return None
            answers = [*map(waiting.get, others), answer]
            for key in others:
                waiting.remove(key)
            if step <= manifest.step:
                return None
            if step != manifest.step + 1:
                raise WheeltapperError(f"after step {manifest.step} came step {step}")
            self._keep(lake, checkpoint, manifest, sorted(answers, key=lambda one: one[0]))
            return step

    def _keep(
        self, lake: Lake, checkpoint: Checkpoint, manifest: Manifest, answers: list[Said]
    ) -> None:
        about = json.loads(answers[0][2])
        tables: list[pa.Table] = []
        files: dict[str, str] = {}
        # Written here alone: a worker that another one replaced may live a moment longer.
        for one in answers:
            parts = unpacked(one[3])
            tables.append(from_bytes(parts.pop(_FOUND)))
            files |= {name: checkpoint.put(name, data) for name, data in parts.items()}
        found = pa.concat_tables(tables)
        done = replace(
            manifest, step=manifest.step + 1, saved=manifest.step + 1, shards=self.job.shards,
            watermark_us=about["watermark_us"] or manifest.watermark_us,
            late_us=max(manifest.late_us or 0, about["received_us"]),
        )  # fmt: skip
        steps.append(lake, found, done.step)
        checkpoint.commit_shards(done, files)
        line = {"step": done.step, "acts": about["acts"], "findings": len(found)}
        with (Path(self.job.attempt) / DONE).open("a", encoding="utf-8") as told:
            told.write(json.dumps(line) + "\n")


def packed(parts: Mapping[str, bytes]) -> bytes:
    """Named bytes as one Arrow stream, compressed: it is copied many times on its way."""
    table = pa.table({"name": list(parts), "data": list(parts.values())}, schema=_SCHEMA)
    return to_bytes(table, compression="lz4")


def unpacked(data: bytes) -> dict[str, bytes]:
    return {row["name"]: row["data"] for row in from_bytes(data).to_pylist()}


def _time(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)
