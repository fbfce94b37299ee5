import dataclasses
import json
import os
import shutil
import time

import pytest

from wheeltapper import workspace
from wheeltapper.doctor import BROKEN, GOOD, WARNING, examine
from wheeltapper.engines.local import lock
from wheeltapper.engines.local.spool import About, Spool
from wheeltapper.engines.local.tail import Tail
from wheeltapper.ingest.readers import Limits


@pytest.fixture
def copy(office, tmp_path):
    return shutil.copytree(office.root, tmp_path / "work")


def found(root):
    return {check.what: check for check in examine(root)}


def test_a_workspace_in_use(office):
    checks = found(office.root)
    assert checks["lake"].says == "1,080 acts from 2026-01-05 to 2026-02-13"
    assert checks["casebook"].says == "1 cases"
    assert checks["state"].says == "step 1, snapshot whole"
    assert checks["rejects"].state == WARNING
    assert checks["rejects"].says.startswith("1 records in ")
    for what in ("settings", "log kinds", "detectors", "rules", "models", "disk"):
        assert checks[what].state == GOOD, checks[what]
        assert checks[what].says


def test_an_empty_one(tmp_path):
    workspace.init(tmp_path / "work")
    checks = found(tmp_path / "work")
    assert checks["lake"].state == WARNING
    assert "wheeltapper run LOGS" in checks["lake"].says
    assert checks["state"].says == "nothing judged yet"
    assert "[enrich] directory" in checks["enrichment"].says


def test_none(tmp_path):
    (only,) = examine(tmp_path)
    assert (only.what, only.state) == ("settings", BROKEN)
    assert "wheeltapper init" in only.says


@pytest.mark.parametrize(
    ("what", "path", "content"),
    [
        ("state", "state/manifest.json", "{"),
        ("casebook", "casebook.sqlite", "no database" * 100),
        ("detectors", "detectors/mine.toml", "[mine.x]\nfamily = 'tea'"),
        ("log kinds", "sources/mine.toml", "name = 3"),
    ],
)
def test_what_is_broken_is_told_and_the_rest_is_looked_at(copy, what, path, content):
    (copy / path).parent.mkdir(exist_ok=True)
    (copy / path).write_text(content, encoding="utf-8")
    checks = found(copy)
    assert checks[what].state == BROKEN
    assert checks[what].says
    assert checks["lake"].state == GOOD
    assert checks["disk"].says


def test_a_damaged_snapshot_is_found(copy):
    (snapshot,) = (copy / "state").glob("detect-*.arrow")
    snapshot.write_bytes(snapshot.read_bytes()[:-1])
    check = found(copy)["state"]
    assert check.state == BROKEN
    assert f"{snapshot.name}: damaged" in check.says


def test_files_of_enrichment_that_are_not_there(tmp_path):
    root = workspace.init(tmp_path / "work").root
    settings = root / "wheeltapper.toml"
    text = settings.read_text(encoding="utf-8").replace("[enrich]", '[enrich]\ntor = "tor.txt"')
    settings.write_text(text, encoding="utf-8")
    says = [c.says for c in examine(root) if c.what == "enrichment" and c.state == BROKEN]
    assert says == [f"enrich.tor: {root / 'tor.txt'} is not there"]


def test_rules_that_cannot_be_run(copy):
    (copy / "rules").mkdir()
    (copy / "rules" / "mine.yml").write_text("title: Mine\n", encoding="utf-8")
    assert any(
        c.state == WARNING and c.says == "1 cannot be run; see why: wheeltapper rules list"
        for c in examine(copy)
    )


@pytest.mark.slow
def test_one_that_is_followed(copy):
    checks = found(copy)
    assert checks["writer"].says == "nobody is at work here now"
    assert checks["judged"].says.startswith("up to 2026-02-13")
    assert (checks["spool"].says, checks["followed"].says) == ("nothing waits", "nothing")

    settings = copy / "wheeltapper.toml"
    settings.write_text("[intake]\nmax_spool_mib = 0.001\n", encoding="utf-8")
    Spool(copy / "spool", 1).put([b"x" * 100], About(origin="http"))
    waiting = found(copy)["spool"]
    assert waiting.state == WARNING
    assert "nobody does it; start: wheeltapper run LOGS --follow" in waiting.says
    with lock.held(copy / "state" / lock.WRITING, "following"):
        assert found(copy)["spool"].state == GOOD
        assert found(copy)["writer"].says.startswith("following, process ")
        Spool(copy / "spool", 1).put([b"x" * 1000], About(origin="http"))
        assert "it is full" in found(copy)["spool"].says


def test_detection_that_falls_behind(copy):
    manifest = copy / "state" / "manifest.json"
    text = manifest.read_text(encoding="utf-8")
    us = json.loads(text)["watermark_us"]
    manifest.write_text(text.replace(str(us), str(us - 7200 * 10**6)), encoding="utf-8")
    assert "120 minutes before the newest act; judge the rest" in found(copy)["judged"].says
    with lock.held(copy / "state" / lock.WRITING, "following"):
        check = found(copy)["judged"]
    assert check.state == WARNING
    assert "falls behind" in check.says


def test_what_is_followed(copy):
    (copy / "logs").mkdir()
    (copy / "logs" / "a.log").write_text("one\ntw")
    tail = Tail([copy / "logs"], copy / "state", Limits())
    list(tail.look(Spool(copy / "spool", 1 << 20)))
    tail.save()
    assert found(copy)["followed"].says == "1 files, 1 of them with a rest that is not finished"
    (copy / "state" / "follow.json").write_text("{")
    assert found(copy)["followed"].state == WARNING


@pytest.mark.slow
@pytest.mark.broker
def test_the_broker_is_asked(copy, broker):
    assert found(copy)["kafka"].says == "no topics are followed or told"
    there = broker.topic("doctored", partitions=2)
    broker.send(there, [b"{}"] * 4)
    settings = copy / "wheeltapper.toml"

    def told(servers, **topics):
        lines = "".join(f'{name} = "{kind}"\n' for name, kind in topics.items())
        settings.write_text(f'[kafka]\nservers = "{servers}"\n[kafka.topics]\n{lines}')
        return [check for check in examine(copy) if check.what == "kafka"]

    (check,) = told(broker.servers, doctored="")
    assert check.state == GOOD
    assert (
        check.says
        == "1 topics, 2 partitions, 0 messages not read yet; 2 partitions were never read"
    )
    missing, _ = told(broker.servers, doctored="okta", nowhere="")
    assert missing.state == BROKEN
    assert missing.says.startswith("topic nowhere: ")
    (away,) = told("127.0.0.1:1", doctored="")
    assert away.state == BROKEN
    assert "until then judging waits" in away.says
    (tea,) = told(broker.servers, doctored="tea")
    assert "no log kind is called 'tea'" in tea.says


def test_the_snapshot_before_is_looked_at_too(copy):
    checkpoint = workspace.open(copy).checkpoint
    checkpoint.sound()
    newest = checkpoint.manifest()
    state, models = (checkpoint.read(name, checksum) for name, checksum in newest.snapshots.items())
    checkpoint.commit(dataclasses.replace(newest, step=2), state, models)
    assert found(copy)["state"].says == "step 2, snapshot whole, and that of step 1 before it"
    (copy / "state" / newest.snapshot).write_bytes(b"?")
    check = found(copy)["state"]
    assert check.state == WARNING
    assert "there is none to go back to" in check.says


def test_clocks_that_are_wrong(copy):
    assert found(copy)["clock"].state == GOOD
    ahead = time.time() + 86_400
    os.utime(copy / "state" / "manifest.json", (ahead, ahead))
    check = found(copy)["clock"]
    assert check.state == WARNING
    assert "No finding depends on it" in check.says


def test_what_was_put_aside_in_the_spool(copy):
    (copy / "spool" / ".damaged-1").mkdir(parents=True)
    says = [c.says for c in examine(copy) if c.what == "spool"]
    assert "1 entries" in says[0]
    assert says[1] == "nothing waits"


def test_engines_that_could_be_used(office):
    assert found(office.root)["engines"].says.startswith("local")
