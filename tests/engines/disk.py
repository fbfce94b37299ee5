"""A small disk of a test's own, which can be filled and emptied while commands run on it.

A file system in memory, mounted where only processes that are started within see it: that needs no
rights beyond those of namespaces, which some machines do not grant.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BALLAST = "ballast"


class Disk:
    """What is mounted at `at`, for whoever is started with `within`."""

    def __init__(self, at: Path, process: int) -> None:
        self.at = at
        self.within = [
            "nsenter", "--target", str(process), "--user", "--mount", "--preserve-credentials",
        ]  # fmt: skip
        # The same from outside.
        self.seen = Path(f"/proc/{process}/root{at}")

    def leave(self, free_bytes: int) -> None:
        """Fill it up to so many bytes."""
        self.clear()
        done = subprocess.run(
            ["stat", "--file-system", "--format", "%a %S", self.seen],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        blocks, size = map(int, done.stdout.split())
        with (self.seen / BALLAST).open("wb") as file:
            file.write(bytes(max(0, blocks * size - free_bytes)))

    def clear(self) -> None:
        (self.seen / BALLAST).unlink(missing_ok=True)


@contextmanager
def disk(at: Path, size_mib: int) -> Iterator[Disk]:
    """A disk of that size; the test is skipped where the system does not let us have one."""
    at.mkdir(parents=True)
    script = f'mount -t tmpfs -o size={size_mib}m tmpfs "$0" && echo ready && exec cat'
    process = subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(at)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            pytest.skip("no namespace with a disk of its own can be had here (unshare, mount)")
        yield Disk(at, process.pid)
    finally:
        process.kill()
        process.communicate()
