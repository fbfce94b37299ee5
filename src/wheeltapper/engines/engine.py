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

ENGINES = ("local",)


class Judging(TypedDict, total=False):
    """How detection is to run; what is left out is as the settings say."""

    replay: bool
    """Judge everything again from the beginning."""
    include_late: bool
    """With `replay`: take acts that came late in their place."""
    jobs: int | None
    """Worker processes, or partitions of a cluster."""


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
    jobs = how.get("jobs") or config.detect.jobs
    checkpoint = Checkpoint(root / "state")
    return locally(
        lake, checkpoint, judges,
        step_rows=config.detect.step, threads=config.detect.threads,
        replay=how.get("replay", False), include_late=how.get("include_late", False),
        progress=progress,
        crew=shared_out(root, config.detect.off, checkpoint, jobs=jobs),
    )  # fmt: skip
