"""The engines by name: one detection, whoever hands out the work."""

from collections.abc import Callable
from pathlib import Path
from typing import TypedDict, Unpack

from wheeltapper.config import Config
from wheeltapper.engines.local.checkpoint import Checkpoint
from wheeltapper.engines.local.crew import shared_out
from wheeltapper.engines.local.detect import Detection
from wheeltapper.engines.local.detect import detect as locally
from wheeltapper.engines.local.judges import Judges
from wheeltapper.errors import WheeltapperError
from wheeltapper.store.lake import Lake

ENGINES = ("local", "spark")


class Judging(TypedDict, total=False):
    """How detection is to run; what is left out is as the settings say."""

    replay: bool
    """Judge everything again from the beginning."""
    include_late: bool
    """With `replay`: take acts that came late in their place."""
    jobs: int | None
    """Worker processes, or tasks of a cluster."""
    master: str | None
    """Of Spark: where the cluster is."""


def detect(
    engine: str,
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
    if engine not in ENGINES:
        raise WheeltapperError(f"there is no engine {engine!r}; there are: {', '.join(ENGINES)}")
    checkpoint = Checkpoint(root / "state")
    replay, include_late = how.get("replay", False), how.get("include_late", False)
    off, settings = config.detect.off, config.detect
    if engine == "spark":
        from wheeltapper.engines.spark.detect import detect as on_spark
        from wheeltapper.engines.spark.detect import session

        return on_spark(
            root, off, lake, checkpoint, judges, session(how.get("master")),
            step_rows=settings.step, workers=how.get("jobs"), replay=replay,
            include_late=include_late, progress=progress,
        )  # fmt: skip
    jobs = how.get("jobs") or settings.jobs
    return locally(
        lake, checkpoint, judges, step_rows=settings.step, threads=settings.threads,
        replay=replay, include_late=include_late, progress=progress,
        crew=shared_out(root, off, checkpoint, jobs=jobs),
    )  # fmt: skip
