"""Several processes on this machine, a worker in each.

A step's acts are written once, as Arrow in a file that every worker maps into its memory; findings
come back the same way. A command and its answer are one line of JSON each. Workers read detectors,
rules and models from the workspace as this process did.
"""

import errno
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa

from wheeltapper import finding
from wheeltapper.detect.prepare import DAY_US
from wheeltapper.engines.exchange import Exchange
from wheeltapper.engines.local.checkpoint import Checkpoint, Manifest
from wheeltapper.engines.local.judges import judges_in
from wheeltapper.engines.worker import Worker, part
from wheeltapper.errors import WheeltapperError
from wheeltapper.store.lake import Lake

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
"""Workers share the cores: each keeps to one."""
_SCRATCH = "crew-"


def shared_out(
    root: Path, off: Sequence[str], checkpoint: Checkpoint, *, jobs: int
) -> Callable[[Manifest], "Crew | None"]:
    """What brings a crew where there are shards for one.

    Into how many parts accounts are dealt is settled when detection begins: a state cannot be dealt
    anew.
    """

    def crew(manifest: Manifest) -> Crew | None:
        begun = manifest if manifest.step else replace(manifest, shards=jobs)
        return Crew(root, off, checkpoint, begun, jobs) if begun.shards > 1 else None

    return crew


class Kept:
    """The same for a process that goes on: workers stay from one detection to the next.

    Two seconds of imports would else be paid for each pass. They stay only as long as what they
    know is what the manifest says: after a failure others are started, from the last snapshot.
    """

    def __init__(
        self, root: Path, off: Sequence[str], checkpoint: Checkpoint, *, jobs: int
    ) -> None:
        self._shared_out = shared_out(root, off, checkpoint, jobs=jobs)
        self._crew: Crew | None = None

    def __call__(self, manifest: Manifest) -> "Crew | None":
        if self._crew is None or self._crew.at != manifest:
            self.close()
            self._crew = self._shared_out(manifest)
            if self._crew:
                self._crew.stays = True
        return self._crew

    def close(self) -> None:
        if self._crew:
            self._crew.end()
        self._crew = None


class WorkerLost(WheeltapperError):
    """A worker process was killed, as by a system that is short of memory; nothing is lost."""


class Crew:
    """The hands of several workers."""

    anew: Sequence[str] = ()
    stays = False
    """Whether `close` leaves the workers to whoever comes next."""

    def __init__(
        self, root: Path, off: Sequence[str], checkpoint: Checkpoint, manifest: Manifest, jobs: int
    ) -> None:
        """Start `jobs` workers, or one for each shard of the manifest if those are fewer."""
        self.shards = manifest.shards
        self.at: Manifest | None = None
        """What the workers know is what this says; None while they know more."""
        self._checkpoint = checkpoint
        for left in checkpoint.folder.glob(f"{_SCRATCH}*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        self._scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=checkpoint.folder))
        self._written = 0
        workers = min(jobs, manifest.shards)
        self._workers = [
            _Process(
                {
                    "root": str(root), "off": list(off), "scratch": str(self._scratch),
                    "worker": number, "workers": workers, "shards": manifest.shards,
                }
            )
            for number in range(workers)
        ]  # fmt: skip
        try:
            self._all({"do": "restore"})
        except (WheeltapperError, OSError):
            self.end()
            raise

    def close(self) -> None:
        if not self.stays or self.at is None:
            self.end()

    def end(self) -> None:
        """Have the workers end; what they know is saved, or is done again."""
        self.at = None
        for worker in self._workers:
            worker.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def teach(self, lake: Lake, *, last: datetime, step_rows: int, include_late: bool) -> None:
        raise AssertionError("workers that find a changed detector have said so")

    def ready(self, acts: pa.Table, on_time: pa.Table) -> Mapping[str, object]:
        self._written += 1
        path = self._scratch / f"acts-{self._written}.arrow"
        same = acts is on_time
        write(path, acts)
        if not same:
            write(path.with_suffix(".on_time"), on_time)
        days = np.unique(on_time["time"].cast(pa.int64()).to_numpy() // DAY_US).tolist()
        return {"path": str(path), "same": same, "days": days}

    def judge(self, acts: pa.Table, ready: Mapping[str, object]) -> pa.Table:
        self.at = None
        said = self._all({"do": "judge", **ready})
        found = pa.concat_tables([_read(Path(str(one["path"]))) for one in said])
        for path in self._scratch.glob(f"{Path(str(ready['path'])).stem}.*"):
            path.unlink()
        return found

    def commit(self, manifest: Manifest) -> Manifest:
        files: dict[str, str] = {}
        for said in self._all({"do": "save", "step": manifest.step}):
            files |= json.loads(str(said["files"]))
        whole = replace(manifest, shards=self.shards, saved=manifest.step)
        self.at = self._checkpoint.commit_shards(whole, files)
        return self.at

    def _all(self, command: Mapping[str, object]) -> list[Mapping[str, object]]:
        """Have every worker do the same; their answers in order."""
        for worker in self._workers:
            worker.ask(command)
        # Whoever is first: one that died must be noticed while others wait for it.
        waiting, said = {worker.answers: worker for worker in self._workers}, {}
        while waiting:
            for pipe in select.select(list(waiting), [], [])[0]:
                worker = waiting.pop(pipe)
                said[worker] = worker.answer()
        return [said[worker] for worker in self._workers]


class _Process:
    """A worker process as its crew sees it."""

    def __init__(self, setting: Mapping[str, object]) -> None:
        self._process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", "wheeltapper.engines.local.crew", json.dumps(setting)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | ONE_THREAD,
        )  # fmt: skip

    @property
    def answers(self) -> IO[bytes]:
        """Something can be read from it when there is an answer, or the process has ended."""
        return _to(self._process.stdout)

    def ask(self, command: Mapping[str, object]) -> None:
        try:
            _to(self._process.stdin).write(json.dumps(command).encode() + b"\n")
            _to(self._process.stdin).flush()
        except BrokenPipeError:
            pass  # the answer will tell

    def answer(self) -> Mapping[str, object]:
        line = self.answers.readline()
        if not line:
            code = self._process.wait()
            raise WorkerLost(
                f"a worker process ended with code {code} before its work was done; what it said "
                "is above. Run the same again: nothing is lost"
            )
        said: Mapping[str, object] = json.loads(line)
        if "errno" in said:
            raise OSError(int(str(said["errno"])), str(said["error"]))
        if "error" in said:
            raise WheeltapperError(str(said["error"]))
        return said

    def close(self) -> None:
        self._process.kill()  # it holds nothing that is not saved
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):  # what one that was killed before has not read
                _to(pipe).close()


def _to(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("the process was started with pipes")
    return pipe


def write(path: Path, table: pa.Table) -> None:
    """As an Arrow stream; dictionaries may differ from chunk to chunk."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def _read(path: Path) -> pa.Table:
    """The same, mapped into memory."""
    return pa.ipc.open_stream(pa.memory_map(str(path))).read_all()


def serve(setting: Mapping[str, object], commands: IO[str], answers: IO[str]) -> None:
    """What a worker process does, until its commands end."""
    root, scratch = Path(str(setting["root"])), Path(str(setting["scratch"]))
    off = [str(one) for one in setting["off"]]  # type: ignore[attr-defined]
    number, workers, shards = (int(str(setting[n])) for n in ("worker", "workers", "shards"))
    parent = os.getppid()
    mine = judges_in(root, off)
    exchange = Exchange(
        folder=scratch, worker=number, workers=workers, alive=lambda: os.getppid() == parent
    )
    worker = Worker(mine, exchange, shards)
    checkpoint = Checkpoint(root / "state")
    for line in commands:
        command = json.loads(line)
        try:
            said: dict[str, object] = {}
            if command["do"] == "restore":
                worker.restore(checkpoint, checkpoint.sound().manifest)
            elif command["do"] == "judge":
                path = Path(command["path"])
                acts = _read(path)
                on_time = acts if command["same"] else _read(path.with_suffix(".on_time"))
                tables = [
                    worker.judge(on_time, command["days"]),
                    mine.rules.judge(part(acts, number, workers)),
                ]
                answer = path.with_suffix(f".found-{number}")
                write(answer, pa.concat_tables([t.cast(finding.SCHEMA) for t in tables]))
                said = {"path": str(answer)}
            else:
                said = {"files": json.dumps(worker.save(checkpoint, command["step"]))}
        except WheeltapperError as error:
            said = {"error": str(error)}
        except OSError as error:  # a disk that is full, most likely: whoever follows waits for room
            said = {"error": str(error), "errno": error.errno or errno.EIO}
        try:
            answers.write(json.dumps(said) + "\n")
            answers.flush()
        except BrokenPipeError:  # whoever asked was killed: what is not committed is done again
            return


if __name__ == "__main__":
    # What libraries print must not come between the answers.
    private = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(json.loads(sys.argv[1]), sys.stdin, private)
    os._exit(0)  # what lies unsent in a broken pipe would be a traceback
