"""Flink killed at many moments, each of its processes: the findings are those of a quiet run.

Moments are checkpoints that were finished. A Python worker that is killed comes back by itself,
from a checkpoint of the same job; for the rest the command is given again. Where a machine is so
quick that all was judged before the next kill, it is judged anew.
"""

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from flink_env import ROOT, python

from wheeltapper import workspace
from wheeltapper.simulate import simulate

KILLS = [kind for last in ("whole run", "jvm", "driver") for kind in (*["worker"] * 2, last)]
LONGEST_S = 300
ENV = os.environ | {"PYTHONPATH": str(ROOT / "src"), "WHEELTAPPER_FLINK_CHECKPOINT_MS": "200"}


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    """A workspace whose history makes many small steps."""
    root = tmp_path_factory.mktemp("killed") / "work"
    logs = simulate(root, people=20, days=21, seed=1, scenarios=["cloud-account-hour"]).logs
    settings = root / "wheeltapper.toml"
    settings.write_text(settings.read_text("utf-8") + "\n[detect]\nstep = 150\n", "utf-8")
    (root / "state").mkdir(exist_ok=True)
    (root / "state" / "secret").write_bytes(bytes(range(16)))
    workspace.open(root).ingest(logs)
    return root


@pytest.fixture(scope="module")
def alone(work) -> list[dict[str, object]]:
    ws = workspace.open(work)
    ws.detect(replay=True)
    found: list[dict[str, object]] = ws.lake.findings().to_pylist()
    assert len(found) > 20
    return found


def begin(root: Path, *how: str) -> subprocess.Popen[str]:
    command = [python(), "-m", "wheeltapper.cli", "-w", str(root), "detect", "--engine", "flink"]
    return subprocess.Popen(
        [*command, "--jobs", "2", *how], stderr=subprocess.PIPE, text=True, env=ENV,
        start_new_session=True,
    )  # fmt: skip


class Finished(Exception):
    """All was judged before it could be killed."""


def look(process: subprocess.Popen[str]) -> None:
    """It has to be there still."""
    if process.poll() == 0:
        raise Finished
    assert process.poll() is None, process.communicate()[1][-3000:]


def checkpoints(root: Path) -> set[Path]:
    return set(root.glob("state/flink/checkpoints/*/chk-*/_metadata"))


def come(process: subprocess.Popen[str], root: Path, known: set[Path]) -> None:
    """Wait until another checkpoint is finished."""
    until = time.monotonic() + LONGEST_S
    while not checkpoints(root) - known:
        look(process)
        assert time.monotonic() < until, "no checkpoint was finished"
        time.sleep(0.02)


def steps(root: Path) -> int:
    manifest = root / "state" / "manifest.json"
    return int(json.loads(manifest.read_text("utf-8"))["step"]) if manifest.exists() else 0


def below(process: int) -> dict[int, str]:
    """Processes that came from this one, with their command lines."""
    found: dict[int, str] = {}
    with suppress(OSError):  # it has just ended
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in map(int, (thread / "children").read_text().split()):
                found[child] = Path(f"/proc/{child}/cmdline").read_bytes().decode()
                found |= below(child)
    return found


def of_kind(process: subprocess.Popen[str], kind: str) -> list[int]:
    mark = {"jvm": "PythonGatewayServer", "worker": "fn_execution"}[kind]
    until = time.monotonic() + LONGEST_S
    while not (ids := sorted(n for n, line in below(process.pid).items() if mark in line)):
        look(process)
        assert time.monotonic() < until, f"there is no {kind} among {below(process.pid)}"
        time.sleep(0.02)  # those killed before are not back yet
    return ids


def kill(process: subprocess.Popen[str], kind: str) -> None:
    if kind == "whole run":
        os.killpg(process.pid, signal.SIGKILL)
    elif kind == "driver":
        process.kill()
    else:
        ids = of_kind(process, kind)
        os.kill(ids[len(ids) // 2], signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_at_many_moments_it_ends_in_the_same_findings(work, alone):
    how, process, known = ["--replay"], None, set()
    for kind in KILLS:
        while True:
            process = process or begin(work, *how)
            try:
                come(process, work, known)
                kill(process, kind)
                break
            except Finished:
                process.communicate()
                process, how = None, ["--replay"]
        known = checkpoints(work)
        if kind != "worker":
            process.communicate(timeout=LONGEST_S)
            assert process.returncode != 0
            assert known
            process, how = None, []
    process = begin(work)
    _, said = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0, said
    assert workspace.open(work).lake.findings().to_pylist() == alone
    assert workspace.open(work).detect(jobs=2).acts == 0  # it goes on elsewhere


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_stopped_it_leaves_a_savepoint_and_goes_on_from_it(work, alone):
    process = begin(work, "--replay")
    come(process, work, checkpoints(work))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LONGEST_S)
    (savepoint,) = work.glob("state/flink/savepoints/*/_metadata")
    reached = steps(work)
    process = begin(work)
    _, said = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0, said
    assert not savepoint.exists()  # what is finished needs none
    assert steps(work) > reached
    assert workspace.open(work).lake.findings().to_pylist() == alone
