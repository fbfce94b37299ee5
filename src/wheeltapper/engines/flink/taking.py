"""What Flink's workers do with messages of Kafka: they are mapped and enriched where they come in.

Nothing here knows Flink. Each batch of acts is left as a file, which the driver adds to the lake.
What is played again after a checkpoint is left again under another name, and adds nothing twice.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from wheeltapper.engines import messages, reading
from wheeltapper.errors import WheeltapperError

HELD_BYTES = 256 << 20
"""Of acts that wait for the driver; beyond it the topics are not read."""
LOOKS_EVERY_S = 0.2
SUFFIX = ".arrow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """What all workers are told."""

    root: str
    """The workspace, under a name by which all machines reach it."""
    folder: str
    """Where acts are left; it goes when nobody waits for them."""
    kinds: Mapping[str, str]
    """Log kind by topic; empty: it is found out."""


def take(job: Taking, table: pa.Table) -> int:
    """Leave the acts of messages (`messages.COLUMNS`); how many files of them.

    Raises
    ------
    WheeltapperError   if nobody waits for them.
    """
    folder = Path(job.folder)
    _room_in(folder)
    count = 0
    order = [("topic", "ascending"), ("partition", "ascending"), ("offset", "ascending")]
    for name in messages.leave(folder, table.sort_by(order)):
        file = folder / name
        kind = job.kinds[messages.topic_of(name)] or None
        acts = reading.batches(job.root, [str(file)], kind, datetime.now(UTC))
        for place, batch in enumerate(acts):
            once = f"{time.time_ns()}-{os.getpid()}"
            reading.leave(folder / f"{name}~{place:06d}~{once}{SUFFIX}", batch)
            count += 1
        file.unlink()
    return count


def _room_in(folder: Path) -> None:
    """Wait while the driver has enough to do; Flink then waits with the topics."""
    while True:
        held = 0
        for file in folder.glob(f"*{SUFFIX}"):
            try:
                held += file.stat().st_size
            except FileNotFoundError:  # it was just added
                continue
        if held < HELD_BYTES:
            break
        time.sleep(LOOKS_EVERY_S)
    if not folder.is_dir():
        raise WheeltapperError(f"{folder}: nobody waits for messages any more")
