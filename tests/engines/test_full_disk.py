"""A disk that really is full: each command says so and what to do, and goes on when there is room.

What comes out is what comes out of an undisturbed run, byte for byte.
"""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from disk import disk

import office as office_log
from wheeltapper import workspace

DISK_MIB = 8
SECRET = bytes(range(16))
RECORDS = len(list(office_log.records()))


def made(root: Path) -> workspace.Workspace:
    """Steps and batches are small, so that a disk can fill up between and within them."""
    ws = workspace.init(root)
    (root / "wheeltapper.toml").write_text("[detect]\nstep = 300\n[ingest]\nbatch = 200\n")
    (root / "state").mkdir()
    (root / "state" / "secret").write_bytes(SECRET)
    return workspace.open(ws.root)


@pytest.fixture(scope="module")
def logs(tmp_path_factory) -> Path:
    return office_log.write(tmp_path_factory.mktemp("full") / "logs")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, logs) -> workspace.Workspace:
    ws = made(tmp_path_factory.mktemp("undisturbed") / "work")
    ws.run(logs)
    return ws


def said(ws: workspace.Workspace) -> tuple[list[str], list[str]]:
    cases = [json.dumps(case.to_dict(), sort_keys=True, default=str) for case in ws.cases()]
    return list(map(repr, ws.lake.findings().to_pylist())), cases


def came_through(there: Path, tmp_path: Path, undisturbed: workspace.Workspace) -> None:
    """All is as it would be without the fault. Looked at in a copy that outlives the disk."""
    kept = workspace.open(shutil.copytree(there, tmp_path / "kept"))
    assert said(kept) == said(undisturbed)
    assert kept.lake.span() == undisturbed.lake.span()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_command_says_that_the_disk_is_full_and_goes_on_when_there_is_room(
    tmp_path, logs, undisturbed
):
    with disk(tmp_path / "disk", DISK_MIB) as small:
        subprocess.run(
            [*small.within, "cp", "-r", made(tmp_path / "made").root, small.at / "work"], check=True
        )

        def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
            program = [sys.executable, "-m", "wheeltapper.cli", "-w", str(small.at / "work")]
            return subprocess.run(
                [*small.within, *program, *map(str, words)], capture_output=True, text=True
            )

        failed = 0
        for words, frees in (
            (("ingest", logs), (0, 60_000, 250_000)),
            (("detect",), (0, 30_000, 700_000, 1_600_000)),
            (("detect", "--replay"), (40_000,)),
        ):
            for free in frees:
                small.leave(free)
                done = command(*words)
                if done.returncode:
                    failed += 1
                    assert "Traceback" not in done.stderr
                    assert "the disk is full" in done.stderr
                    assert "make room" in done.stderr
                    assert "nothing is lost" in done.stderr
            small.clear()
            done = command(*words)
            assert done.returncode == 0, done.stderr
        assert failed >= 6
        came_through(small.seen / "work", tmp_path, undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_follows_waits_for_room_and_goes_on(tmp_path, logs, undisturbed):
    with disk(tmp_path / "disk", DISK_MIB) as small:
        subprocess.run(
            [*small.within, "cp", "-r", made(tmp_path / "made").root, small.at / "work"], check=True
        )
        small.leave(400_000)
        program = [sys.executable, "-m", "wheeltapper.cli", "-w", str(small.at / "work")]
        process = subprocess.Popen(
            [*small.within, *program, "run", logs, "--follow", "--every", "0.1", "--log", "json"],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        failures, lines = 0, []
        try:
            assert process.stderr is not None
            for text in process.stderr:
                lines.append(json.loads(text))
                if lines[-1]["level"] == "error":
                    assert "the disk is full" in lines[-1]["message"]
                    failures += 1
                    # A little more room each time: it fills up at another place.
                    small.leave(400_000 + 500_000 * failures)
                    if failures == 4:
                        small.clear()
                if lines[-1].get("stage") == "refine":
                    break
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=120)
        assert process.returncode == 0, lines
        assert failures >= 2
        assert subprocess.run(
            [*small.within, *program, "run", str(logs)], capture_output=True
        ).returncode == 0  # fmt: skip
        assert not list((small.seen / "work" / "spool").iterdir())
        came_through(small.seen / "work", tmp_path, undisturbed)
