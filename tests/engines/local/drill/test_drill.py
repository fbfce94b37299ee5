import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from village import TAKEOVER

from wheeltapper import workspace
from wheeltapper.engines.local.drill.overlay import PREFIX, SNAPSHOTS
from wheeltapper.errors import WheeltapperError
from wheeltapper.simulate import simulate

PROGRAM = (
    "import sys; from wheeltapper import workspace; workspace.open(sys.argv[1]).drill('takeover')"
)


@pytest.fixture
def ws(office, tmp_path):
    """The office with a scenario, never drilled."""
    folder = Path(shutil.copytree(office.root, tmp_path / "work"))
    (folder / "drills").mkdir()
    (folder / "drills" / "takeover.toml").write_text(TAKEOVER, encoding="utf-8")
    return workspace.open(folder)


@pytest.fixture
def own_tmp(tmp_path, monkeypatch):
    """Where temporary files go, with nothing else in it."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def everything(root):
    """Each file below a workspace with a hash of it; snapshots aside, which a drill may make."""
    return {
        str(path.relative_to(root)): hashlib.blake2b(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_relative_to(root / SNAPSHOTS)
    }


def test_finds_what_it_planted_and_says_how(drilled_office):
    ws, done = drilled_office
    (one,) = done.outcomes
    assert one.found
    assert one.told_first
    assert (one.lost, one.why) == ("", "")
    assert one.acts == 5
    assert one.first <= one.last
    assert one.first.date() in done.days
    assert one.actor in set(ws.activities(columns=["actor"])["actor"])
    assert one.rank_in_day == 1
    assert one.hours_to_find is not None
    assert 0 <= one.hours_to_find <= (one.last - one.first).total_seconds() / 3600
    assert "any.client" in dict(one.carried)
    assert sum(share for _, share in one.carried) == pytest.approx(1)
    assert (done.recall, done.hits) == (1.0, 1)
    assert done.interval[0] < 0.3, "one scenario says little"
    assert done.frame["scenario"].to_list() == ["takeover"]
    told = done.to_dict()
    assert told["found"] == 1
    assert told["scenarios"][0]["case"] == one.case


def test_the_kept_workspace_is_one(drilled_office):
    ws, done = drilled_office
    kept = workspace.open(done.kept)
    (one,) = done.outcomes
    case = kept.case(one.case)
    assert case.headline == one.headline
    planted = kept.activities("native_id like 'drill-%'")
    assert len(planted) == 5
    assert len(kept.activities()) == len(ws.activities()) + 5
    assert not len(ws.activities("native_id like 'drill-%'"))
    assert kept.config.lake == "lake"
    with pytest.raises(WheeltapperError, match="is there already"):
        ws.drill("takeover", keep=done.kept)


def test_nothing_of_the_workspace_changes(ws, own_tmp):
    case = ws.cases()[0]
    ws.judge(case.id, "malicious", by="ana", reason="keys were stolen")
    before = everything(ws.root)
    assert "casebook.sqlite" in before
    assert any(name.startswith("lake/activities/day=") for name in before)
    ws.drill("takeover")
    assert everything(ws.root) == before
    ws.drill("takeover")  # from the snapshot
    assert everything(ws.root) == before
    with pytest.raises(WheeltapperError):
        ws.drill("takeover", days=40)
    assert everything(ws.root) == before
    assert list(own_tmp.iterdir()) == [], "nothing is left behind"
    assert ws.case(case.id).verdict == "malicious"


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["base", "round-1/lake/findings", "round-1/casebook.sqlite-wal"])
def test_nothing_changes_when_it_is_killed(ws, own_tmp, moment):
    before = everything(ws.root)
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(ws.root)])
    deadline = time.monotonic() + 120
    while not list(own_tmp.glob(f"{PREFIX}*/{moment}")):
        assert process.poll() is None, "it was over before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert everything(ws.root) == before
    shutil.rmtree(own_tmp)
    own_tmp.mkdir()
    assert ws.drill("takeover").hits == 1, "the next one is as if nothing had happened"


def test_the_same_seed_gives_the_same_and_a_snapshot_changes_nothing(ws):
    def told(done):
        return [{**row, "kept": ""} for row in done.rows()]

    first, again, other = (ws.drill("takeover", seed=seed) for seed in (1, 1, 2))
    assert told(first) == told(again)
    assert told(first) != told(other)
    (snapshot,) = (ws.root / SNAPSHOTS).iterdir()
    shutil.rmtree(snapshot)
    assert told(ws.drill("takeover")) == told(first)


def test_each_round_casts_others(ws):
    done = ws.drill("takeover", repeat=3)
    assert [one.round for one in done.outcomes] == [1, 2, 3]
    assert len({one.actor for one in done.outcomes}) == 3


def test_what_is_hidden_here_is_not_found_here(ws):
    """The workspace's own settings count: one that reads nothing of clients misses them."""
    path = ws.root / "wheeltapper.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[detect]", '[detect]\noff = ["*"]'), encoding="utf-8")
    done = workspace.open(ws.root).drill("takeover")
    (one,) = done.outcomes
    assert not one.found
    assert one.lost == "not said"
    assert done.recall == 0


def test_what_cannot_be_drilled_says_why(ws, tmp_path):
    with pytest.raises(WheeltapperError, match=r"the lake spans 39 days: too few"):
        ws.drill("takeover", days=40)
    with pytest.raises(WheeltapperError, match="there is no scenario takover; did you mean"):
        ws.drill("takover")
    with pytest.raises(WheeltapperError, match=r"insider-export: nobody in the lake fits who"):
        ws.drill("insider-export")
    with pytest.raises(WheeltapperError, match="nothing to plant into"):
        workspace.init(tmp_path / "empty").drill()


@pytest.mark.slow
def test_the_packaged_scenarios_fit_a_simulated_organisation(tmp_path):
    made = simulate(tmp_path / "s", people=60, days=28, attack=False)
    ws = workspace.open(made.out)
    ws.run(made.logs)
    done = ws.drill()
    assert {one.scenario for one in done.left_out} <= {"borrowed-identity", "dormant-account"}
    assert all(one.why for one in done.left_out)
    assert len(done.outcomes) >= 9
    found = {one.scenario for one in done.outcomes if one.found and one.told_first}
    assert found >= {"key-in-a-bot", "stolen-session"}
    for one in done.outcomes:
        assert one.found == (one.lost == "")
        assert bool(one.why) == (not one.found)
