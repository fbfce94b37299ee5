"""A process that follows, and what its log tells."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

Line = Mapping[str, object]


def start(root: Path, *arguments: str | Path, **env: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "wheeltapper.cli", "-w", str(root), "run"]
    return subprocess.Popen(
        [*command, *map(str, arguments), "--follow", "--every", "0.1", "--log", "json"],
        stderr=subprocess.PIPE, text=True, env=os.environ | env,
    )  # fmt: skip


def until(process: subprocess.Popen[str], wanted: Callable[[Line], bool]) -> list[Line]:
    """Lines of the log up to one that `wanted` says yes to; lines of others are left out."""
    seen: list[Line] = []
    assert process.stderr is not None
    for text in process.stderr:
        if text.startswith("{"):
            seen.append(json.loads(text))
            if wanted(seen[-1]):
                return seen
    raise AssertionError(f"it ended and said {seen}")


def ingested(process: subprocess.Popen[str], records: int) -> list[Line]:
    """Wait until so many more records were read, and a pass after it judged what was due."""
    left = records

    def wanted(line: Line) -> bool:
        nonlocal left
        left -= int(str(line.get("records", 0))) if line.get("stage") == "ingest" else 0
        return left <= 0

    return until(process, wanted)


def children(process: subprocess.Popen[str]) -> list[int]:
    """The worker processes of a process."""
    found: list[int] = []
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        with suppress(OSError):  # a thread that has just ended
            found += map(int, (task / "children").read_text().split())
    return found
