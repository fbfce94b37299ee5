"""Kill -9 of driver, JVM and Python workers on Spark: findings are those of a run left in peace.

Moments are counted in commits, to the lake and of the manifest, as where one process is killed
(engines/test_kill.py). Who killed a driver or a JVM starts the same again at once; the death of a
worker is for Spark to mend.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from spark_env import environment, python

from wheeltapper import workspace
from wheeltapper.simulate import simulate

LONGEST_S = 900
DRIVER, JVM, WORKER = "driver", "JVM", "worker"


@pytest.fixture(scope="module")
def logs(tmp_path_factory) -> Path:
    """What lies in files of a day each."""
    logs = simulate(tmp_path_factory.mktemp("simulated") / "s", people=20, days=20).logs
    shutil.rmtree(logs / "hosts")
    return logs


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, logs) -> list[dict[str, object]]:
    """What one process finds."""
    root = work(tmp_path_factory.mktemp("undisturbed") / "work")
    command = [sys.executable, "-m", "wheeltapper.cli", "-w", str(root), "run", str(logs)]
    subprocess.run(command, check=True, capture_output=True, timeout=LONGEST_S)
    found = came_out(root)
    assert len(found) > 50
    return found


def work(root: Path) -> Path:
    workspace.init(root)
    settings = root / "wheeltapper.toml"
    text = settings.read_text(encoding="utf-8")
    # Whatever of a day comes in one batch is judged in the next, so nothing is late.
    text = text.replace("[detect]", "[detect]\nstep = 2500\nlateness_minutes = 2000.0")
    settings.write_text(text.replace("[ingest]", "[ingest]\nbatch = 4000"), encoding="utf-8")
    (root / "state").mkdir(exist_ok=True)
    (root / "state" / "secret").write_bytes(bytes(range(16)))
    return root


def came_out(root: Path) -> list[dict[str, object]]:
    found = workspace.open(root).lake.findings().to_pylist()
    assert len(found) == len(set(map(repr, found)))
    return found


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a command on Spark; what is left of it in the end is ended."""
    begun: list[subprocess.Popen[bytes]] = []

    def now(root: Path, *command: str) -> subprocess.Popen[bytes]:
        with log_of(root).open("ab") as said:
            begun.append(
                subprocess.Popen(
                    [python(), "-m", "wheeltapper.cli", "-w", str(root), *command,
                     "--engine", "spark", "--master", "local[2]"],
                    stdout=said, stderr=said, env=environment(),
                )
            )  # fmt: skip
        return begun[-1]

    yield now
    for one in begun:
        one.kill()
        one.wait()


def log_of(root: Path) -> Path:
    return root.with_suffix(".log")


def below(pid: int, wanted: Callable[[str], bool]) -> list[int]:
    """Processes that a process started, or those that it started, by what they are called with."""
    parents, found = {}, []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                called = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1]), called
    for one, (parent, called) in parents.items():
        while parent in parents and parent != pid:
            parent = parents[parent][0]
        if parent == pid and wanted(called):
            found.append(one)
    return sorted(found)


def targets(driver: int, whom: str) -> list[int]:
    if whom == DRIVER:
        return [driver]
    if whom == JVM:
        return below(driver, lambda called: "org.apache.spark.deploy.SparkSubmit" in called)
    return below(driver, lambda called: "pyspark.daemon" in called)[1:]  # the first starts others


def commits(root: Path) -> tuple[int, int]:
    """To the lake, and of the manifest."""
    manifest = root / "state" / "manifest.json"
    step = json.loads(manifest.read_text(encoding="utf-8"))["step"] if manifest.exists() else 0
    return len(list(root.glob("lake/activities/_delta_log/*.json"))), int(step)


def awaited(process: subprocess.Popen[bytes], over: Callable[[], bool]) -> bool:
    """Wait until something is so; whether the process was still running then."""
    until = time.monotonic() + LONGEST_S
    while not over():
        if process.poll() is not None or time.monotonic() > until:
            return False
        time.sleep(0.01)
    return process.poll() is None


def kill(process: subprocess.Popen[bytes], whom: str, draw: random.Random) -> bool:
    """Kill one of them -9; a driver is waited for, as it ends when its JVM is gone."""
    if not awaited(process, lambda: bool(targets(process.pid, whom))):
        return False
    os.kill(draw.choice(targets(process.pid, whom)), signal.SIGKILL)
    if whom != WORKER:
        assert process.wait(LONGEST_S) != 0
    return True


def test_processes_are_told_apart():
    own = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert below(os.getpid(), lambda called: "input()" in called) == [own.pid]
    own.communicate(b"\n")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been(
    tmp_path, logs, undisturbed, start
):
    root, draw = work(tmp_path / "work"), random.Random(3)
    # After so many commits more: in the midst of ingest, between it and detection, in its steps.
    plan = [
        (WORKER, 0, 0), (DRIVER, 1, 0), (JVM, 3, 0), (WORKER, 0, 1), (DRIVER, 0, 2), (JVM, 0, 1)
    ]  # fmt: skip
    process, hits = start(root, "run", str(logs)), 0
    for whom, in_lake, steps in plan:
        lake, step = commits(root)
        least = lake + in_lake, step + steps
        over = partial(reached, root, least)
        if not awaited(process, over) or not kill(process, whom, draw):
            break
        hits += 1
        if whom != WORKER:
            process = start(root, "run", str(logs))
    assert process.wait(LONGEST_S) == 0, log_of(root).read_text()[-3000:]
    assert hits == len(plan)
    assert came_out(root) == undisturbed
    assert not list(root.glob("state/attempt-*"))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_stream_that_is_killed_before_and_after_its_manifest_finds_the_same_once(
    tmp_path, logs, undisturbed, start
):
    root, draw = work(tmp_path / "work"), random.Random(4)
    folder = tmp_path / "followed"
    folder.mkdir()
    follow = ("run", str(folder), "--follow", "--every", "0.2", "--log", "json")
    process = start(root, *follow)
    # In each batch one is killed: when acts are in the lake, or when a step's manifest was written.
    plan = [(WORKER, 1, 0), (DRIVER, 1, 0), (DRIVER, 0, 1), (JVM, 0, 1), (WORKER, 0, 1)]
    for number, (whom, in_lake, steps) in enumerate(plan):
        (lake, step), done = commits(root), batches(root)
        give(logs, folder, number, len(plan))
        least = lake + in_lake, step + steps
        assert awaited(process, partial(reached, root, least)), log_of(root).read_text()[-3000:]
        assert kill(process, whom, draw)
        if whom != WORKER:
            process = start(root, *follow)
        assert awaited(process, lambda done=done: batches(root) > done), log_of(root).read_text()
    process.send_signal(signal.SIGTERM)
    assert process.wait(LONGEST_S) == 0, log_of(root).read_text()[-3000:]
    said = [json.loads(line) for line in log_of(root).read_text().splitlines() if line[:1] == "{"]
    assert said[-1]["stage"] == "stopped"
    assert workspace.open(root).lake.activities(where="late", columns=["actor"]).num_rows == 0
    # The last acts wait for what may still come; whoever asks now takes them as they are.
    rest = [sys.executable, "-m", "wheeltapper.cli", "-w", str(root), "detect"]
    subprocess.run(rest, check=True, capture_output=True, timeout=LONGEST_S)
    assert came_out(root) == undisturbed


def reached(root: Path, least: tuple[int, int]) -> bool:
    now = commits(root)
    return now[0] >= least[0] and now[1] >= least[1]


def batches(root: Path) -> int:
    """Those that Spark keeps for done."""
    done = [int(p.name) for p in root.glob("state/stream-*/commits/*") if p.name.isdigit()]
    return max(done, default=-1)


def give(logs: Path, folder: Path, number: int, of: int) -> None:
    """The next of so many parts of the days, there at once; the last day before it comes again."""
    by_day: dict[str, list[Path]] = {}
    for path in logs.rglob("*"):
        if path.is_file():
            found = re.search(r"(20\d\d)[-/](\d\d)[-/](\d\d)", str(path))
            assert found
            by_day.setdefault("".join(found.groups()), []).append(path)
    days = sorted(by_day)
    first, last = (len(days) * n // of for n in (number, number + 1))
    hidden = folder / f".{number}"
    hidden.mkdir()
    for path in [one for day in days[max(0, first - 1) : last] for one in by_day[day]]:
        shutil.copyfile(path, hidden / "-".join(path.relative_to(logs).parts))
    hidden.rename(folder / str(number))
