"""Kill -9 in the middle of a run, again and again: the next run ends as if nothing had happened.

A real process, killed with SIGKILL at moments spread over its whole life: while it starts, reads,
commits to the lake, judges step by step, makes cases. Steps are small, so that there are many
moments between two writes.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wheeltapper import workspace
from wheeltapper.cli import main
from wheeltapper.simulate import simulate

KILLS = 21
KILLS_PER_WORKSPACE = 7
MOST_WORKSPACES = 12
LONGEST_S = 120


@pytest.fixture(scope="module")
def logs(tmp_path_factory) -> Path:
    """Two weeks of a small organisation, with the attack in it."""
    return simulate(tmp_path_factory.mktemp("simulated") / "s", people=20, days=28).logs


def work(folder: Path) -> Path:
    root = workspace.init(folder).root
    settings = root / "wheeltapper.toml"
    text = settings.read_text(encoding="utf-8").replace("[detect]", "[detect]\nstep = 3000")
    settings.write_text(text.replace("[ingest]", "[ingest]\nbatch = 8000"), encoding="utf-8")
    return root


def run(root: Path, logs: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "wheeltapper.cli", "-w", str(root), "run", str(logs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finished(root: Path, logs: Path) -> str:
    """Let a run come to its end; what it said."""
    process = run(root, logs)
    _, said = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0, said.decode()
    return said.decode()


def came_out(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """What `cases --format json` and `findings --format ndjson` print."""
    capsys.readouterr()
    main(["-w", str(root), "cases", "--format", "json"], standalone_mode=False)
    cases = capsys.readouterr().out
    main(["-w", str(root), "findings", "--format", "ndjson"], standalone_mode=False)
    return cases, capsys.readouterr().out


def killed(process: subprocess.Popen[bytes], delay_s: float) -> bool:
    """Whether the process was still running when its time was up."""
    try:
        process.communicate(timeout=delay_s)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        return process.returncode == -signal.SIGKILL
    return False


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_any_moment_the_next_run_ends_as_if_it_had_not_been(tmp_path, logs, capsys):
    undisturbed = work(tmp_path / "undisturbed")
    began = time.monotonic()
    finished(undisturbed, logs)
    life_s = time.monotonic() - began
    expected = came_out(undisturbed, capsys)
    cases, lines = json.loads(expected[0]), expected[1].splitlines()
    assert len(cases) > 5
    assert len(lines) > 100
    assert len(set(lines)) == len(lines)

    draw = random.Random(9)
    hits, moments = 0, []
    for number in range(MOST_WORKSPACES):
        if hits >= KILLS:
            break
        root = work(tmp_path / f"killed {number}")
        for _ in range(KILLS_PER_WORKSPACE):
            # A run that goes on where another was killed has a shorter life: some come to an end.
            if not killed(run(root, logs), life_s * draw.uniform(0.15, 0.9)):
                break
            hits += 1
            moments.append(moment(root))
        finished(root, logs)
        assert came_out(root, capsys) == expected
    said = finished(root, logs)
    assert "0 acts added" in said
    assert "0 acts judged, 0 findings" in said
    assert came_out(root, capsys) == expected
    assert hits >= 20, f"only {hits} kills came in time"
    assert len(set(moments)) >= 5, f"all kills came at the same few moments: {moments}"


def moment(root: Path) -> str:
    """How far the killed run had come, seen from outside."""
    manifest = root / "state" / "manifest.json"
    if (root / "casebook.sqlite").exists():
        return "refining"
    if manifest.exists():
        return f"step {json.loads(manifest.read_text(encoding='utf-8'))['step']}"
    commits = len(list(root.glob("lake/activities/_delta_log/*.json")))
    return f"{commits} batches read"
