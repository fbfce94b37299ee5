"""Detection as a Flink job: a stream of steps, judged by keyed workers, made true one by one.

What the workspace says is the truth on every engine, so detection goes on anywhere. Flink's own
checkpoints hold the workers' snapshots as well: a job that died goes on from the newest that is
whole, and drops what it had done since.
"""

import json
import logging
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any  # Flink's own objects

from wheeltapper.engines import attempt
from wheeltapper.engines.flink.task import DONE, Job
from wheeltapper.engines.local import steps
from wheeltapper.engines.local.checkpoint import Checkpoint, Manifest, write
from wheeltapper.engines.local.detect import Detection, latest
from wheeltapper.engines.local.follow import Stopped
from wheeltapper.engines.local.judges import Judges
from wheeltapper.engines.worker import LEAST_SHARDS
from wheeltapper.errors import WheeltapperError
from wheeltapper.store.lake import Lake

if TYPE_CHECKING:
    from pyflink.common import Configuration
    from pyflink.datastream import StreamExecutionEnvironment

FOLDER = "flink"
"""In the folder `state/`: the job that runs, or died, and its checkpoints."""
_JOB = "job.json"
_CHECKPOINT_MS = int(os.environ.get("WHEELTAPPER_FLINK_CHECKPOINT_MS", "10000"))
STEP_ROWS = 25_000
"""A worker is shown no more in a step: rules read whole records, which travel through Flink."""
_RESTARTS = 3
_LOOKS_EVERY_S = 0.1
_TELLING = tuple(
    re.compile(text)
    for text in (r"wheeltapper\.errors\.\w+: ", r"(?=[A-Za-z_]\w*Error: )", r"Caused by: [\w.$]+: ")
)
_log = logging.getLogger(__name__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def available() -> None:
    """
    Raises
    ------
    WheeltapperError   if the extra [flink] is not installed, or there is no Java.
    """
    try:
        import pyflink  # noqa: F401
    except ImportError as error:
        raise WheeltapperError(
            "--engine flink needs the extra [flink], in an environment of its own; install it "
            "with: pip install 'wheeltapper[flink]'"
        ) from error
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and (Path(home) / "bin" / "java").exists())):
        raise WheeltapperError(
            "--engine flink needs Java 17 or 11, and there is no `java`; install one (Debian: "
            "apt install openjdk-17-jre-headless) or set JAVA_HOME"
        )


def detect(
    root: Path,
    off: Sequence[str],
    lake: Lake,
    lake_url: str,
    checkpoint: Checkpoint,
    judges: Judges,
    *,
    step_rows: int,
    workers: int,
    powershell: bool = False,
    replay: bool = False,
    include_late: bool = False,
    until: datetime | None = None,
    progress: Callable[[int], None] | None = None,
) -> Detection:
    """Judge what the lake holds beyond the checkpoint; findings are those of one process.

    Parameters
    ----------
    root, lake_url : the workspace and its lake, by names that every machine of the cluster knows
    step_rows : acts that one worker judges in a step, `STEP_ROWS` at most
    workers : of them; when detection begins, accounts are dealt to as many shards, two at least

    The others are those of detection on one machine.

    Raises
    ------
    WheeltapperError   if Flink is not there or fails, or the saved state is damaged or that of one
                       process.
    """
    available()
    attempt.begin(checkpoint.folder)
    folder = checkpoint.folder / FOLDER
    newest = checkpoint.manifest()
    manifest = steps.begin(lake, checkpoint, replay=replay).manifest
    if replay or manifest != newest:  # what Flink knows is of another past
        shutil.rmtree(folder, ignore_errors=True)
    if manifest.snapshot:
        raise WheeltapperError(
            "detection here began with one process, whose state cannot be dealt to several; begin "
            "anew, with the same findings: wheeltapper detect --replay --engine flink"
        )
    acts = late = found = 0
    behind = steps.came_late(lake, manifest) if judges.rules.rules else None
    if behind is not None:
        shutil.rmtree(folder, ignore_errors=True)
        findings = judges.rules.judge(behind)
        done = replace(manifest, step=manifest.step + 1, late_us=latest(behind["received"]))
        steps.append(lake, findings, done.step)
        manifest = checkpoint.commit_shards(done, manifest.files)
        late, found = len(behind), len(findings)
    shards = manifest.shards if manifest.files else max(workers, LEAST_SHARDS)
    wanted = Job(
        root=str(root.absolute()), lake=lake_url, off=tuple(off), powershell=powershell,
        base=manifest.step, windows=(), step_rows=min(step_rows, STEP_ROWS) * min(workers, shards),
        shards=shards, workers=min(workers, shards), include_late=include_late,
    )  # fmt: skip
    while (job := _job(folder, wanted, lake, manifest, until)) is not None:
        with attempt.folder(checkpoint.folder) as at:
            _run(replace(job, attempt=str(at)), folder, progress)
            for line in (at / DONE).read_text("utf-8").splitlines() if (at / DONE).exists() else ():
                acts += json.loads(line)["acts"]
                found += json.loads(line)["findings"]
        shutil.rmtree(folder, ignore_errors=True)
        manifest = checkpoint.manifest()
        wanted = replace(wanted, base=manifest.step)
    return Detection(acts=acts, late=late, findings=found, anew=(), shards=shards)


def _job(
    folder: Path, wanted: Job, lake: Lake, manifest: Manifest, until: datetime | None
) -> Job | None:
    """The job that died here, if it can go on; else one for what is left; None if that is nothing.

    A job knows its steps from the first: those after a checkpoint are the same when it goes on.
    """
    kept = folder / _JOB
    if kept.exists() and newest_checkpoint(folder):
        job = Job.from_json(kept.read_text("utf-8"))
        same = replace(job, base=wanted.base, windows=()) == wanted
        if same and job.base <= manifest.step < job.base + len(job.windows):
            return job
    shutil.rmtree(folder, ignore_errors=True)
    after = None
    if manifest.watermark_us is not None:
        after = _EPOCH + timedelta(microseconds=manifest.watermark_us)
    if next(lake.scan(after, until, wanted.step_rows, columns=["time"]), None) is None:
        return None
    windows = tuple(lake.windows(after, until, wanted.step_rows))
    job = replace(wanted, windows=windows)
    folder.mkdir(parents=True)
    write(kept, job.to_json().encode())
    return job


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint or savepoint that was finished."""
    whole = [path.parent for path in folder.glob("*/**/_metadata")]
    return max(whole, key=lambda path: (path / "_metadata").stat().st_mtime_ns, default=None)


def environment(folder: Path, workers: int) -> "StreamExecutionEnvironment":
    """Where the job runs: what `flink run` made, or Flink in a JVM of this process's own."""
    from pyflink.datastream import StreamExecutionEnvironment

    from wheeltapper.engines.flink.graph import KEY_GROUPS

    settings = {
        "pipeline.max-parallelism": str(KEY_GROUPS),
        # An element is a step of a worker: none waits for another one in a bundle.
        "python.fn-execution.bundle.size": "1",
    }
    return StreamExecutionEnvironment.get_execution_environment(
        configuration(folder, workers, settings)
    )


def configuration(folder: Path, workers: int, more: Mapping[str, str]) -> "Configuration":
    """Flink's settings for a job that keeps its checkpoints in `folder`, and goes on from them."""
    from pyflink.common import Configuration

    settings = {
        "parallelism.default": str(workers),
        "python.executable": sys.executable,
        "python.client.executable": sys.executable,
        "execution.checkpointing.interval": f"{_CHECKPOINT_MS} ms",
        "execution.checkpointing.timeout": "1 h",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.dir": (folder / "checkpoints").absolute().as_uri(),
        "execution.checkpointing.savepoint-dir": savepoints(folder),
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "execution.checkpointing.num-retained": "3",
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": str(_RESTARTS),
        "restart-strategy.fixed-delay.delay": "1 s",
    } | dict(more)
    if (newest := newest_checkpoint(folder)) is not None:
        settings["execution.state-recovery.path"] = newest.absolute().as_uri()
    told = Configuration()
    for name, value in settings.items():
        told.set_string(name, value)
    return told


def savepoints(folder: Path) -> str:
    return (folder / "savepoints").absolute().as_uri()


def _run(job: Job, folder: Path, progress: Callable[[int], None] | None) -> None:
    """Run the job to its end."""
    from pyflink.java_gateway import get_gateway

    from wheeltapper.engines.flink.graph import NAME, build

    with failing():
        get_gateway()
        env = environment(folder, job.workers)
        build(env, job)
        client = env.execute_async(NAME)
        end = ended(client)
        told = 0
        try:
            while not end.isDone():
                time.sleep(_LOOKS_EVERY_S)
                told = _tell(Path(job.attempt) / DONE, told, progress)
        except (KeyboardInterrupt, Stopped):
            stop(client, savepoints(folder))
            raise
        end.get()
        _tell(Path(job.attempt) / DONE, told, progress)


@contextmanager
def failing() -> Iterator[None]:
    """Flink's errors, and those of the bridge to it, are told in a sentence."""
    logging.getLogger("py4j").setLevel(logging.CRITICAL)  # it tells them as well, at length
    try:
        yield
    except Exception as error:
        if not _of_flink(error):
            raise
        raise WheeltapperError(
            f"Flink failed: {reason(str(error))}. Run the same again: nothing is lost"
        ) from error


def _of_flink(error: Exception) -> bool:
    """Whether Flink raised it, or the bridge to its JVM, which may be gone."""
    whose = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return bool(whose & {"py4j", "pyflink"}) or isinstance(error, ConnectionError)


def ended(client: Any) -> Any:
    """Java's future of a job's end: there is no other way to ask without waiting."""
    return client.get_job_execution_result()._j_completable_future


def stop(client: Any, where: str) -> None:
    """End the job with a savepoint; PyFlink's own call does not name a format, and fails.

    One that has not begun yet takes none, nor one whose JVM was told to end as well: those go on
    from their newest checkpoint.
    """
    from pyflink.java_gateway import get_gateway

    try:
        form = get_gateway().jvm.org.apache.flink.core.execution.SavepointFormatType.CANONICAL
        client._j_job_client.stopWithSavepoint(False, where, form).get()
    except Exception as error:
        if not _of_flink(error):
            raise
        _log.warning("stopped without a savepoint: %s", reason(str(error)))
        cancel(client)


def cancel(client: Any) -> None:
    """End the job where it is, if it is there still."""
    with suppress(Exception):
        client._j_job_client.cancel().get()


def _tell(path: Path, told: int, progress: Callable[[int], None] | None) -> int:
    """Tell of the steps that were done since the last look; how many there are."""
    lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    whole = [line for line in lines if line.endswith("\n")]
    for line in whole[told:]:
        if progress:
            progress(int(json.loads(line)["acts"]))
    return len(whole)


def reason(text: str) -> str:
    """Of a long trace, the line that tells most: ours, or else Python's, or else Java's last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for mark in _TELLING:
        if found := [line for line in lines if mark.match(line)]:
            return mark.sub("", found[-1])[:500].rstrip(".")
    return (lines or ["it is gone"])[0][:500].rstrip(".")
