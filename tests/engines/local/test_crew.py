"""Processes find together what one finds alone; one that dies is told, and nothing is lost."""

import os
import signal
from pathlib import Path

import pytest

from wheeltapper import workspace
from wheeltapper.engines.local import crew as module
from wheeltapper.engines.local.checkpoint import Checkpoint, Manifest
from wheeltapper.engines.local.crew import Crew, shared_out
from wheeltapper.errors import WheeltapperError
from wheeltapper.simulate import simulate

SECRET = b"0123456789abcdef"


@pytest.fixture(scope="module")
def logs(tmp_path_factory) -> Path:
    return simulate(
        tmp_path_factory.mktemp("simulated") / "s", people=20, days=14, attack=False
    ).logs


def work(folder: Path, logs: Path) -> workspace.Workspace:
    ws = workspace.init(folder)
    (folder / "state").mkdir()
    (folder / "state" / "secret").write_bytes(SECRET)
    settings = folder / "wheeltapper.toml"
    text = settings.read_text(encoding="utf-8").replace("[detect]", "[detect]\nstep = 2000")
    settings.write_text(text, encoding="utf-8")
    ws = workspace.open(folder)
    ws.ingest(logs)
    return ws


@pytest.mark.slow
def test_two_processes_find_what_one_finds_though_one_is_killed(tmp_path, logs, monkeypatch):
    one, two = work(tmp_path / "one", logs), work(tmp_path / "two", logs)
    assert one.detect().shards == 1
    expected = one.lake.findings()
    assert len(expected) > 20

    genuine, judged = Crew.judge, 0

    def judge(self, acts, ready):
        nonlocal judged
        judged += 1
        if judged == 2:
            os.kill(self._workers[1]._process.pid, signal.SIGKILL)
        return genuine(self, acts, ready)

    monkeypatch.setattr(Crew, "judge", judge)
    with pytest.raises(WheeltapperError, match="a worker process ended with code -9"):
        two.detect(jobs=2)
    assert two.checkpoint.manifest().step == 1
    done = two.detect(jobs=7)  # no more than there are shards
    assert done.shards == 2
    assert 0 < done.acts < one.lake.span()[2]
    assert two.lake.findings() == expected
    assert two.detect().acts == 0
    assert not list(two.checkpoint.folder.glob("crew-*"))


def test_one_shard_needs_no_crew(tmp_path):
    checkpoint = Checkpoint(tmp_path / "state")
    assert shared_out(tmp_path, [], checkpoint, jobs=1)(Manifest()) is None
    assert shared_out(tmp_path, [], checkpoint, jobs=4)(Manifest(step=3)) is None


def test_what_a_worker_says_of_a_mistake_reaches_the_caller(tmp_path):
    checkpoint = Checkpoint(workspace.init(tmp_path).root / "state")
    begun = checkpoint.commit_shards(
        Manifest(step=1, saved=1, shards=2), {"detect-1-peers.arrow": "0"}
    )
    with pytest.raises(WheeltapperError, match=r"detect-1-.*damaged or missing"):
        Crew(tmp_path, [], checkpoint, begun, 2)
    assert module.ONE_THREAD["OMP_NUM_THREADS"] == "1"
