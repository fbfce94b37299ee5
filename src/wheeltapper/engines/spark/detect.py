"""Detection as Spark jobs: the lake's files are read, dealt, ordered and judged by the cluster.

A step is three jobs over one piece of time: how many acts, rules where the acts lie, and kernels
and models after a shuffle that brings each shard's acts together in order of time. The last is a
barrier stage: its tasks run at once, for they exchange what they saw where a day ends. Only what
was found comes back to the driver, which makes the step true as on one machine.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from wheeltapper import activity
from wheeltapper.detect.prepare import DAY_US
from wheeltapper.engines import worker
from wheeltapper.engines.local import steps
from wheeltapper.engines.local.checkpoint import Checkpoint, Manifest
from wheeltapper.engines.local.detect import Detection, latest
from wheeltapper.engines.local.judges import Judges
from wheeltapper.engines.spark.task import ANSWER_DDL, WORKER, Job, dealt, judged, read, ruled
from wheeltapper.errors import WheeltapperError
from wheeltapper.store.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

RULED = ("event_id", "time", "source", "raw", *activity.ENTITY_COLUMNS)
"""What rules and their findings read."""
_DDL = {
    pa.string(): "string", pa.binary(): "binary", pa.bool_(): "boolean", pa.int16(): "short",
    pa.int64(): "long", pa.float32(): "float", activity.TIME: "timestamp",
}  # fmt: skip
SCHEMA_DDL = ", ".join(f"`{f.name}` {_DDL[f.type]}" for f in activity.SCHEMA)
"""`activity.SCHEMA` as Spark names types."""
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # A worker is a partition by its number: none may be put together or split.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    # The lake's log knows its files: no job need look for them.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000000",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def session(master: str | None) -> "SparkSession":
    """The session that `spark-submit` made, or one on `master` (default: all cores here).

    Raises
    ------
    WheeltapperError   if the extra [spark] is not installed.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise WheeltapperError(
            "--engine spark needs the extra [spark]; install it with: "
            "pip install 'wheeltapper[spark]'"
        ) from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("wheeltapper")
    if master or "SPARK_ENV_LOADED" not in os.environ:
        builder = builder.master(master or "local[*]")
    if (master or "local").startswith("local"):
        # One machine: its name need not be known to any resolver.
        os.environ.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")
        builder = builder.config("spark.ui.enabled", "false")
        builder = builder.config("spark.ui.showConsoleProgress", "false")
    spark = builder.getOrCreate()
    for name, value in _SETTINGS.items():
        spark.conf.set(name, value)
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def detect(
    root: Path,
    off: Sequence[str],
    lake: Lake,
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
    root : the workspace, under a name by which every machine of the cluster reaches it
    step_rows : acts that one worker judges in a step
    workers : tasks that judge side by side; no more than the cluster can run at once (default: as
        many). When detection begins, accounts are dealt to as many shards.

    The others are those of detection on one machine.

    Raises
    ------
    WheeltapperError   if the saved state is damaged, or that of one process.
    """
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
    after = None
    if manifest.watermark_us is not None:
        after = _EPOCH + timedelta(microseconds=manifest.watermark_us)
    at_once = min(at_once, manifest.shards)
    for first, last, files in lake.windows(after, until, step_rows * at_once):
        frame = _frame(spark, files, first, last)
        count, time_us, received_us = _counted(frame)
        if not count:
            continue
        scratch = Path(tempfile.mkdtemp(prefix="exchange-", dir=checkpoint.folder))
        try:
            job = Job(
                root=str(root.absolute()), off=tuple(off), manifest=manifest,
                step=manifest.step + 1, shards=manifest.shards, workers=at_once,
                exchange=str(scratch.absolute()),
                days=tuple(range(first // DAY_US, time_us // DAY_US + 1)),
            )  # fmt: skip
            findings, saved = _judged(frame, job, judges, include_late=include_late)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        done = replace(
            manifest, step=job.step, saved=job.step, watermark_us=time_us,
            late_us=max(manifest.late_us or 0, received_us),
        )  # fmt: skip
        steps.append(lake, findings, done.step)
        manifest = checkpoint.commit_shards(done, saved)
        acts += count
        found += len(findings)
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
    return manifest if manifest.files else replace(manifest, shards=workers)


def _frame(spark: "SparkSession", files: Sequence[str], first: int, last: int) -> "DataFrame":
    """The acts between two times, both included; null where a file lacks a column."""
    from pyspark.sql import functions as F

    time_us = F.unix_micros("time")
    # Without a scheme a cluster would look for them in its own file system. Nothing is decoded
    # there, so nothing is encoded here.
    uris = [f if "://" in f else f"file://{Path(f).absolute()}" for f in files]
    rows = spark.read.schema(SCHEMA_DDL).parquet(*uris)
    return rows.where((time_us >= first) & (time_us <= last))


def _counted(frame: "DataFrame") -> tuple[int, int, int]:
    """How many acts there are, when the last happened, and when the last was received."""
    from pyspark.sql import functions as F

    row = frame.agg(
        F.count("*"), F.max(F.unix_micros("time")), F.max(F.unix_micros("received"))
    ).head()
    if row is None or not row[0]:
        return 0, 0, 0
    return int(row[0]), int(row[1]), int(row[2] or 0)


def _judged(
    frame: "DataFrame", job: Job, judges: Judges, *, include_late: bool
) -> tuple[pa.Table, dict[str, str]]:
    """Findings of a step, and checksums of the files that hold the state after it."""
    tables = []
    if judges.rules.rules:
        by_rules = frame.select(*RULED).mapInArrow(ruled(job), ANSWER_DDL)
        tables.append(by_rules.toArrow())
    on_time = frame if include_late else frame.where("not late")
    names = worker.columns_for(judges)
    shown = on_time.select(*names).mapInArrow(
        dealt(job), ", ".join([_named(names), f"{WORKER} int"])
    )
    tables.append(
        shown.repartitionById(job.workers, WORKER)
        .sortWithinPartitions("time", "event_id")
        .mapInArrow(judged(job), ANSWER_DDL, barrier=True)
        .toArrow()
    )
    return read(pa.concat_tables(tables))


def _named(names: Sequence[str]) -> str:
    return ", ".join(f"`{n}` {_DDL[activity.SCHEMA.field(n).type]}" for n in names)
