"""Exchange: what all workers saw on a day, handed to each of them through a folder they share.

It is a barrier: who asks for a day waits until every worker has told theirs. A worker that is
started again tells the same again, so a file that is there already is as good as its own. The
folder is made for one try at one piece of work, and goes with it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from wheeltapper.detect.peers import SUM
from wheeltapper.detect.shard import Sums
from wheeltapper.errors import WheeltapperError

PATIENCE_S = 600.0
_LOOKS_EVERY_S = 0.002
_SCHEMA = pa.schema([pa.field("detector", pa.string()), pa.field("sums", pa.large_binary())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One worker's side of it."""

    folder: Path
    worker: int
    """From 0."""
    workers: int
    alive: Callable[[], bool] = lambda: True
    """Asked while waiting: False gives up, as where nobody is left who wants to know."""
    patience_s: float = PATIENCE_S

    def swap(self, day: int, saw: Sums) -> list[Sums]:
        """Tell what this worker saw on `day`, and hear what each one saw, itself included.

        Raises
        ------
        WheeltapperError   if another one does not tell in time.
        """
        if self.workers == 1:
            return [saw]
        path = self._path(day, self.worker)
        beside = path.with_suffix(".new")
        beside.write_bytes(to_bytes(saw))
        beside.replace(path)
        return [saw if n == self.worker else self._heard(day, n) for n in range(self.workers)]

    def _heard(self, day: int, worker: int) -> Sums:
        path = self._path(day, worker)
        until = time.monotonic() + self.patience_s
        while not path.exists():
            if time.monotonic() > until or not self.alive():
                raise WheeltapperError(
                    f"{path}: worker {worker} of {self.workers} has not told what it saw in "
                    f"{self.patience_s:.0f} s; is it still running, and does it reach this folder?"
                )
            time.sleep(_LOOKS_EVERY_S)
        return from_bytes(path.read_bytes())

    def _path(self, day: int, worker: int) -> Path:
        return self.folder / f"{day}-{worker}.arrow"


def to_bytes(saw: Sums) -> bytes:
    table = pa.table(
        {"detector": list(saw), "sums": [rows.tobytes() for rows in saw.values()]}, schema=_SCHEMA
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def from_bytes(data: bytes) -> Sums:
    rows = pa.ipc.open_stream(data).read_all().to_pylist()
    return {row["detector"]: np.frombuffer(row["sums"], SUM) for row in rows}
