"""Detection as Spark jobs: the lake is read, dealt and judged by the cluster.

A step is one job over some pieces of time. Who reads a piece lets rules judge it, and sends each
act to the workers that have a shard of it; there kernels and models judge it. That is a barrier
stage: its tasks run at once, for they exchange what they saw where a day ends. Only what was found
comes back to the driver, which makes the step true as on one machine.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from wheeltapper.detect.prepare import DAY_US
from wheeltapper.engines import attempt, worker
from wheeltapper.engines.local import steps
from wheeltapper.engines.local.checkpoint import Checkpoint, Manifest
from wheeltapper.engines.local.detect import Detection, latest
from wheeltapper.engines.local.judges import Judges
from wheeltapper.engines.spark.session import told
from wheeltapper.engines.spark.task import (
    ANSWER_DDL,
    SHOWN_DDL,
    WORKER,
    Job,
    Laps,
    Said,
    judged,
    read,
    shown,
)
from wheeltapper.errors import WheeltapperError
from wheeltapper.store.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PIECES = 2
"""That each worker's share of a step is read in."""
_log = logging.getLogger(__name__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def detect(
    root: Path,
    off: Sequence[str],
    lake: Lake,
    lake_url: str,
    checkpoint: Checkpoint,
    judges: Judges,
    spark: "SparkSession",
    *,
    step_rows: int,
    workers: int | None = None,
    replay: bool = False,
    include_late: bool = False,
    until: datetime | None = None,
    progress: Callable[[int], None] | None = None,
) -> Detection:
    """Judge what the lake holds beyond the checkpoint; findings are those of one machine.

    Parameters
    ----------
    root, lake_url : the workspace and its lake, by names that every machine of the cluster knows
    step_rows : acts that one worker judges in a step
    workers : tasks that judge side by side; no more than the cluster can run at once (default: as
        many). When detection begins, accounts are dealt to as many shards, two at least.

    The others are those of detection on one machine.

    Raises
    ------
    WheeltapperError   if the saved state is damaged, or that of one process.
    """
    attempt.begin(checkpoint.folder)
    manifest = steps.begin(lake, checkpoint, replay=replay).manifest
    at_once = min(workers or spark.sparkContext.defaultParallelism, 10_000)
    manifest = _dealt_already(manifest, at_once)
    acts = late = found = 0
    behind = steps.came_late(lake, manifest) if judges.rules.rules else None
    if behind is not None:
        findings = judges.rules.judge(behind)
        done = replace(manifest, step=manifest.step + 1, late_us=latest(behind["received"]))
        steps.append(lake, findings, done.step)
        manifest = checkpoint.commit_shards(done, manifest.files)
        late, found = len(behind), len(findings)
    after = None if manifest.watermark_us is None else _time(manifest.watermark_us)
    at_once = min(at_once, manifest.shards)
    pieces = lake.windows(after, until, max(1, step_rows // PIECES))
    for start in range(0, len(pieces), at_once * PIECES):
        some = tuple(pieces[start : start + at_once * PIECES])
        first, last = some[0][0], some[-1][1]
        count, time_us, received_us = _counted(lake, first, last)
        if not count:
            continue
        laps = Laps()
        with told(), attempt.folder(checkpoint.folder) as scratch:
            job = Job(
                root=str(root.absolute()), lake=lake_url, off=tuple(off), manifest=manifest,
                step=manifest.step + 1, pieces=some, shards=manifest.shards, workers=at_once,
                exchange=str(scratch), include_late=include_late,
                days=tuple(range(first // DAY_US, time_us // DAY_US + 1)),
            )  # fmt: skip
            said = _judged(spark, job)
        laps.end("job")
        done = replace(
            manifest, step=job.step, saved=job.step, watermark_us=time_us,
            late_us=max(manifest.late_us or 0, received_us),
        )  # fmt: skip
        steps.append(lake, said.findings, done.step)
        manifest = checkpoint.commit_shards(done, said.files)
        laps.end("commit")
        _tell(done.step, count, laps.seconds | said.seconds)
        acts += count
        found += len(said.findings)
        if progress:
            progress(count)
    return Detection(acts=acts, late=late, findings=found, anew=(), shards=manifest.shards)


def _dealt_already(manifest: Manifest, workers: int) -> Manifest:
    """The manifest with its number of shards: that of the workers where detection begins."""
    if manifest.snapshot:
        raise WheeltapperError(
            "detection here began with one process, whose state cannot be dealt to several; begin "
            "anew, with the same findings: wheeltapper detect --replay --engine spark"
        )
    if manifest.files:
        return manifest
    return replace(manifest, shards=max(workers, worker.LEAST_SHARDS))


def _counted(lake: Lake, first: int, last: int) -> tuple[int, int, int]:
    """How many acts there are, when the last happened, and when the last was received.

    Two columns of the files: asked here, which is less work than a job.
    """
    row = lake.sql(
        "select count(*) n, max(time) time, max(received) received from activities "
        "where time between make_timestamptz(?) and make_timestamptz(?)",
        [first, last], since=_time(first), until=_time(last + 1),
    )  # fmt: skip
    if not row["n"][0].as_py():
        return 0, 0, 0
    return row["n"][0].as_py(), latest(row["time"]), latest(row["received"])


def _tell(step: int, acts: int, seconds: Mapping[str, float]) -> None:
    """Where a step's time went: parts of the last stage are told, what is left of the job is
    Spark's own work and the stage before it, which reads, judges by rules and deals.
    """
    _log.debug(
        "step %d: %d acts; seconds: %s", step, acts,
        ", ".join(f"{name} {took:.1f}" for name, took in seconds.items()),
        extra={"fields": {"step": step, "acts": acts, "seconds": dict(seconds)}},
    )  # fmt: skip


def _judged(spark: "SparkSession", job: Job) -> Said:
    said = (
        spark.range(0, len(job.pieces), 1, len(job.pieces))
        .mapInArrow(shown(job), SHOWN_DDL)
        .repartitionById(job.workers, WORKER)
        .mapInArrow(judged(job), ANSWER_DDL, barrier=True)
        .toArrow()
    )
    return read(said)


def _time(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)
