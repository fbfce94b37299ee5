"""The engines by name: one ingest and one detection, whoever hands out the work."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypedDict, Unpack

from wheeltapper.config import Config
from wheeltapper.engines.local.checkpoint import Checkpoint
from wheeltapper.engines.local.crew import shared_out
from wheeltapper.engines.local.detect import Detection
from wheeltapper.engines.local.detect import detect as locally
from wheeltapper.engines.local.ingest import Ingested
from wheeltapper.engines.local.ingest import ingest as ingest_locally
from wheeltapper.engines.local.judges import Judges
from wheeltapper.enrich import Enricher
from wheeltapper.errors import WheeltapperError
from wheeltapper.ingest import Progress, Sources, expanded, read
from wheeltapper.store.lake import Lake

ENGINES = ("local", "spark", "flink")


class Workspace(Protocol):
    """What ingest asks of a workspace."""

    root: Path
    config: Config

    @property
    def lake(self) -> Lake: ...
    @property
    def checkpoint(self) -> Checkpoint: ...
    @property
    def rejects(self) -> Path: ...
    def sources(self) -> Sources: ...
    def enricher(self) -> Enricher: ...


class Where(TypedDict, total=False):
    """Who does the work; what is left out is this process."""

    engine: str
    master: str | None
    """Of Spark: where the cluster is."""


class Judging(Where, total=False):
    """How detection is to run; what is left out is as the settings say."""

    replay: bool
    """Judge everything again from the beginning."""
    include_late: bool
    """With `replay`: take acts that came late in their place."""
    jobs: int | None
    """Worker processes, or tasks of a cluster."""


def ingest(
    ws: Workspace,
    paths: Sequence[str | Path],
    source: str | None,
    *,
    engine: str = "local",
    master: str | None = None,
    reading: Callable[[Progress], None] | None = None,
    progress: Callable[[Ingested], None] | None = None,
) -> Ingested:
    """Read files into the workspace's lake, on an engine by its name.

    Raises
    ------
    WheeltapperError   for an engine, a path or a log kind that is not there.
    """
    _known(engine)
    now, watermark_us = datetime.now(UTC), ws.checkpoint.manifest().watermark_us
    sources = ws.sources()
    if engine == "spark":
        from wheeltapper.engines.spark.ingest import ingest as on_spark
        from wheeltapper.engines.spark.session import session

        files = expanded(paths, ws.config.ingest)
        if source:
            sources.named(source)
        return on_spark(
            ws.root, files, ws.lake, ws.rejects, session(master), source=source, now=now,
            watermark_us=watermark_us, reading=reading, progress=progress,
        )  # fmt: skip
    batches = read(
        paths, settings=ws.config.ingest, now=now, source=source, timezone=ws.config.timezone,
        sources=sources, progress=reading,
    )  # fmt: skip
    return ingest_locally(
        batches, ws.enricher(), ws.lake, ws.rejects, watermark_us=watermark_us, progress=progress
    )


def detect(
    root: Path,
    config: Config,
    lake: Lake,
    judges: Judges,
    progress: Callable[[int], None] | None = None,
    **how: Unpack[Judging],
) -> Detection:
    """Judge what came since the last time, on an engine by its name.

    `progress` is told how many acts each step has judged.

    Raises
    ------
    WheeltapperError   for an engine that is not there.
    """
    engine = how.get("engine", "local")
    _known(engine)
    checkpoint = Checkpoint(root / "state")
    replay, include_late = how.get("replay", False), how.get("include_late", False)
    off, settings = config.detect.off, config.detect
    if engine == "spark":
        from wheeltapper.engines.spark.detect import detect as on_spark
        from wheeltapper.engines.spark.session import session

        return on_spark(
            root, off, lake, config.lake_path(root), checkpoint, judges, session(how.get("master")),
            step_rows=settings.step, workers=how.get("jobs"), replay=replay,
            include_late=include_late, progress=progress,
        )  # fmt: skip
    jobs = how.get("jobs") or settings.jobs
    if engine == "flink":
        from wheeltapper.engines.flink.detect import detect as on_flink

        return on_flink(
            root, off, lake, config.lake_path(root), checkpoint, judges, step_rows=settings.step,
            workers=jobs, powershell=settings.powershell, replay=replay, include_late=include_late,
            progress=progress,
        )  # fmt: skip
    return locally(
        lake, checkpoint, judges, step_rows=settings.step, threads=settings.threads,
        replay=replay, include_late=include_late, progress=progress,
        crew=shared_out(root, off, checkpoint, jobs=jobs),
    )  # fmt: skip


def _known(engine: str) -> None:
    if engine not in ENGINES:
        raise WheeltapperError(f"there is no engine {engine!r}; there are: {', '.join(ENGINES)}")
