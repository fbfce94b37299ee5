"""Kill -9 in the middle of a run, again and again: the next run ends as if nothing had happened.

A real process, or one of its workers, killed with SIGKILL at moments spread over its whole life:
while it starts, reads, commits to the lake, judges step by step, makes cases. Moments are counted
in commits and not in seconds, so that they are spread the same on a slow machine; steps are small,
so there are many.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from following import children, start, until

import office as office_log
from wheeltapper import workspace
from wheeltapper.cli import main
from wheeltapper.simulate import simulate

KILLS = 21
WORKERS_KILLED = 8
WORKERS_KILLED_WHILE_FOLLOWING = 6
KILLS_PER_WORKSPACE = 7
MOST_WORKSPACES = 10
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
    # Which act of a sweep is told depends on the key of the hash where values are only estimated.
    secret = root / "state" / "secret"
    secret.parent.mkdir(exist_ok=True)
    secret.write_bytes(bytes(range(16)))
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


def commits(root: Path) -> int:
    """How many times something was made true on disk: in the lake, the state, the casebook."""
    in_lake = len(list(root.glob("lake/*/_delta_log/*.json")))
    manifest = root / "state" / "manifest.json"
    step = json.loads(manifest.read_text(encoding="utf-8"))["step"] if manifest.exists() else 0
    return in_lake + int(step) + (root / "casebook.sqlite").exists()


def killed(process: subprocess.Popen[bytes], root: Path, until: int, more_s: float) -> bool:
    """Kill it so long after the commit of number `until`; whether it was still running."""
    deadline = time.monotonic() + LONGEST_S
    while commits(root) < until and process.poll() is None and time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.002)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=more_s)
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_any_moment_the_next_run_ends_as_if_it_had_not_been(tmp_path, logs, capsys):
    undisturbed = work(tmp_path / "undisturbed")
    finished(undisturbed, logs)
    expected, in_all = came_out(undisturbed, capsys), commits(undisturbed)
    cases, lines = json.loads(expected[0]), expected[1].splitlines()
    assert len(cases) > 5
    assert len(lines) > 100
    assert len(set(lines)) == len(lines)
    assert in_all > 30

    draw = random.Random(9)
    hits, moments = 0, set()
    for number in range(MOST_WORKSPACES):
        if hits >= KILLS:
            break
        root = work(tmp_path / f"killed {number}")
        for _ in range(KILLS_PER_WORKSPACE):
            done = commits(root)
            if done >= in_all:  # what was taken back and done again counts, too
                break
            # Somewhere in what is left to do; a moment later may be in the midst of a write.
            until = draw.randint(done, min(done + 12, in_all))
            if not killed(run(root, logs), root, until, draw.uniform(0.0, 0.3)):
                break
            hits += 1
            moments.add(commits(root))
        finished(root, logs)
        assert came_out(root, capsys) == expected
    said = finished(root, logs)
    assert "0 acts added" in said
    assert "0 acts judged, 0 findings" in said
    assert came_out(root, capsys) == expected
    assert hits >= 20, f"only {hits} kills came in time"
    assert len(moments) >= 8, f"all kills came at the same few moments: {sorted(moments)}"


def steps(root: Path) -> int:
    manifest = root / "state" / "manifest.json"
    return int(json.loads(manifest.read_text())["step"]) if manifest.exists() else 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_workers_killed_at_any_moment_cost_a_step_and_nothing_else(tmp_path, capsys):
    """Whoever is killed, worker or the one that hands out: the next run goes on from there."""
    logs = simulate(tmp_path / "s", people=20, days=14, attack=False).logs
    roots = [work(tmp_path / name) for name in ("undisturbed", "killed")]
    for root in roots:
        settings = root / "wheeltapper.toml"
        settings.write_text(settings.read_text().replace("step = 3000", "step = 500"))
        workspace.open(root).ingest(logs)
    workspace.open(roots[0]).detect()
    workspace.open(roots[0]).refine()
    expected, in_all = came_out(roots[0], capsys), steps(roots[0])
    assert in_all >= 2 * WORKERS_KILLED

    draw, root, hits = random.Random(4), roots[1], 0
    command = [sys.executable, "-m", "wheeltapper.cli", "-w", str(root), "detect", "--jobs", "2"]
    for kill in range(WORKERS_KILLED):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        wanted = min(steps(root) + draw.randint(1, 2), in_all - 1)
        while process.poll() is None and (steps(root) < wanted or len(children(process)) < 2):
            time.sleep(0.002)
        time.sleep(draw.uniform(0.0, 0.1))
        victims = [*children(process), process.pid]
        if process.poll() is None:
            os.kill(process.pid if kill % 4 == 3 else draw.choice(victims[:-1]), signal.SIGKILL)
        _, told = process.communicate(timeout=LONGEST_S)
        hits += process.returncode != 0
        assert "Traceback" not in told
        assert kill % 4 == 3 or not process.returncode or "nothing is lost" in told
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert came_out(root, capsys) == expected
    assert not list((root / "state").glob("crew-*")), "a killed run left its scratch behind"
    assert hits >= WORKERS_KILLED - 2


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_that_follows_outlives_its_workers(tmp_path, office):
    lines = list(office_log.records())
    root = workspace.init(tmp_path / "work").root
    (root / "wheeltapper.toml").write_text("[detect]\njobs = 2\nlateness_minutes = 2880\n")
    logs = tmp_path / "logs"
    logs.mkdir()
    process, draw = start(root, logs), random.Random(5)
    size = -(-len(lines) // (WORKERS_KILLED_WHILE_FOLLOWING + 1))
    told = []
    try:
        for number, at in enumerate(range(0, len(lines), size)):
            with (logs / "okta.ndjson").open("a", encoding="utf-8") as file:
                file.writelines(line + "\n" for line in lines[at : at + size])
            if number % 2:  # killed while they work on this piece, else before the next one comes
                told += until(process, lambda line: line.get("stage") == "ingest")
                os.kill(draw.choice(children(process)), signal.SIGKILL)
            told += until(process, lambda line: bool(line.get("acts")))
            if not number % 2 and at + size < len(lines):
                os.kill(draw.choice(children(process)), signal.SIGKILL)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0
    failed = [line for line in told if "a worker process ended" in str(line["message"])]
    assert len(failed) >= WORKERS_KILLED_WHILE_FOLLOWING // 2
    ws = workspace.open(root)
    ws.run(logs)
    columns = ["detector", "entity", "time", "bits", "llr"]
    assert ws.findings().select(columns).equals(office.findings().select(columns))
    assert [c.headline for c in ws.cases()] == [c.headline for c in office.cases()]
