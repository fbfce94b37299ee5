"""Ingest as Spark jobs: files are dealt to tasks, which map and enrich them; the driver adds acts.

The lake has one writer, so what is known already and what comes late is decided as on one machine,
by the same function. While the acts of one round are added, the cluster reads the next.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wheeltapper.engines import attempt
from wheeltapper.engines.local import ingest as local
from wheeltapper.engines.local.ahead import ahead
from wheeltapper.engines.local.ingest import Ingested
from wheeltapper.engines.reading import NAME, NAME_DDL, Reading, left, mapped
from wheeltapper.engines.spark.session import told
from wheeltapper.ingest import Batch, Progress, Reject
from wheeltapper.store.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PART_BYTES = 32 << 20
"""A task reads files of about so many bytes, as they lie on disk, or one larger file."""
PARTS_AT_ONCE = 2
"""Of a round, for each task that the cluster can run at once."""


def ingest(
    root: Path,
    files: Sequence[Path],
    lake: Lake,
    rejects: Path,
    spark: "SparkSession",
    *,
    source: str | None,
    now: datetime,
    watermark_us: int | None,
    reading: Callable[[Progress], None] | None = None,
    progress: Callable[[Ingested], None] | None = None,
    origin: Callable[[Reject], Reject] | None = None,
) -> Ingested:
    """Read files into the lake; the same acts are there afterwards as by one machine's ingest.

    Parameters
    ----------
    root : the workspace; it and `files` have names by which every machine of the cluster reaches
        them
    source : the log kind that all are taken for; None finds out
    now : the time that `received` gets
    origin : tells a reject by where its file's records come from; None: the file

    Raises
    ------
    WheeltapperError   if Spark fails. What was added by then stays, and is not added again.
    """
    state = root.absolute() / "state"
    state.mkdir(exist_ok=True)
    attempt.begin(state)
    wide = spark.sparkContext.defaultParallelism
    sizes = [(str(f.absolute()), f.stat().st_size if f.is_file() else 0) for f in files]
    parts = dealt(sizes, wide)
    with attempt.folder(state) as folder:

        def rounds() -> Iterator[list[Path]]:
            for first in range(0, len(parts), wide * PARTS_AT_ONCE):
                some = tuple(parts[first : first + wide * PARTS_AT_ONCE])
                job = Reading(
                    root=str(root.absolute()), folder=str(folder), first=first, parts=some,
                    source=source, now=now,
                )  # fmt: skip
                with told():
                    numbers = spark.range(first, first + len(some), 1, len(some))
                    names = numbers.mapInArrow(mapped(job), NAME_DDL).toArrow()[NAME]
                yield [folder / name for name in sorted(names.to_pylist())]

        return local.ingest(
            _told(_left(ahead(rounds()), dict(sizes), reading), origin), None, lake, rejects,
            watermark_us=watermark_us, progress=progress,
        )  # fmt: skip


def dealt(sizes: Sequence[tuple[str, int]], wide: int) -> list[tuple[str, ...]]:
    """Files in order, put together to parts of about one size; at least `wide` where files allow.

    `sizes` are names and bytes.
    """
    most = min(PART_BYTES, sum(size for _, size in sizes) // wide + 1)
    parts: list[list[str]] = []
    room = 0
    for name, size in sizes:
        if size > room or not parts:
            parts.append([])
            room = most
        parts[-1].append(name)
        room -= size
    return [tuple(part) for part in parts]


def _told(batches: Iterator[Batch], origin: Callable[[Reject], Reject] | None) -> Iterator[Batch]:
    for batch in batches:
        yield replace(batch, rejects=[origin(one) for one in batch.rejects]) if origin else batch


def _left(
    rounds: Iterator[list[Path]],
    size: dict[str, int],
    reading: Callable[[Progress], None] | None,
) -> Iterator[Batch]:
    """The batches that tasks left, each gone from the disk when it is handed on."""
    seen = set[str]()
    done = records = 0
    for path in (path for paths in rounds for path in paths):
        batch = left(path)
        path.unlink()
        done += sum(size.get(file, 0) for file in set(batch.files) - seen)
        seen.update(batch.files)
        records += batch.records
        if reading:
            reading(
                Progress(
                    file=batch.files[-1] if batch.files else "", files_done=len(seen),
                    files=len(size), bytes_done=done, bytes=sum(size.values()), records=records,
                )
            )  # fmt: skip
        yield batch
