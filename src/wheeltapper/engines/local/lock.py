"""Lock: one process at a time writes into a workspace's lake and state.

The system frees a lock when its holder ends, however it ends. The file stays, and tells who holds
it, or held it last.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wheeltapper.errors import WheeltapperError

WRITING = "writing.lock"
REFINING = "refining.lock"
"""In the folder `state/`: for lake and detection, and for cases and what is remembered of them."""


@contextmanager
def held(path: Path, what: str) -> Iterator[None]:
    """Hold the lock while doing `what` (a word such as "following").

    Raises
    ------
    WheeltapperError   if another process, or another thread of this one, holds it.
    """
    with _opened(path) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WheeltapperError(
                f"{path.parent.parent}: another process is at work here ({_told(path)}); wait for "
                "it, or stop it; what runs with --follow takes files from its folders, and by "
                "--listen"
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{what}, process {os.getpid()}".encode(), 0)
        yield


@contextmanager
def awaited(path: Path) -> Iterator[None]:
    """Hold the lock, after whoever holds it now."""
    with _opened(path) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def shared(path: Path) -> Iterator[None]:
    """Hold the lock beside others who share it, after whoever holds it alone."""
    with _opened(path) as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield


def holder(path: Path) -> str:
    """Who holds the lock now, as "following, process 12"; empty where nobody does."""
    if not path.exists():
        return ""
    with _opened(path) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _told(path)
    return ""


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def _told(path: Path) -> str:
    return path.read_text(encoding="ascii", errors="replace")[:100] or "it has just begun"
