"""An attempt at one piece of work: its folder, which all tasks reach, and who is still at work.

A driver that is killed leaves tasks behind that live a moment longer. They must not write when the
next driver has begun: each holds a lock while it works, which the next one waits for, and works
only while the folder of its attempt is there.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wheeltapper.engines.local import lock
from wheeltapper.errors import WheeltapperError

TASKS = "tasks.lock"
"""In the folder `state/`: held by every task beside others, and by a driver that begins, alone."""
_PREFIX = "attempt-"


def begin(state: Path) -> None:
    """Wait for tasks of a driver that is gone, and clear away what they worked in.

    Only who may write into the workspace calls this (`lock.WRITING`).
    """
    with lock.awaited(state / TASKS):
        for old in state.glob(f"{_PREFIX}*"):
            shutil.rmtree(old)


@contextmanager
def folder(state: Path) -> Iterator[Path]:
    """A folder for one attempt; it goes with it."""
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=state)).absolute()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """In a task: work for the attempt that has this folder.

    Raises
    ------
    WheeltapperError   if nobody waits for it any more.
    """
    with lock.shared(folder.parent / TASKS):
        if not folder.is_dir():
            raise WheeltapperError(f"{folder}: this attempt is over, another one has begun")
        yield
