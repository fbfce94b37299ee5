"""All of SigmaHQ's rules, and the events that they must match (kept beside the checkout)."""

import gzip
import tarfile
from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest
import yaml
from activities import activities

from wheeltapper import ingest
from wheeltapper.config import Ingest
from wheeltapper.detect.rules import Ruleset
from wheeltapper.detect.rules.record import Record

pytestmark = pytest.mark.slow
KINDS = ingest.Sources.load()
FOLDERS = ("rules", "rules-threat-hunting", "rules-emerging-threats")


@pytest.fixture(scope="module")
def sigma(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sigma")
    with tarfile.open(shared / "data/sigma/sigma.tar.xz") as tar:
        tar.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def ruleset(sigma):
    return Ruleset.load([sigma / folder for folder in FOLDERS])


def recorded(file):
    """Activities of an event log, by the same way as a user's."""
    now = datetime(2026, 11, 24, tzinfo=UTC)
    for batch in ingest.read([file], settings=Ingest(), now=now, sources=KINDS):
        assert batch.rejects == []
        yield activities(batch.source, batch.activities["raw"].to_pylist())


def test_all_are_read_and_those_not_run_have_a_reason(sigma, ruleset):
    files = [f for folder in FOLDERS for f in (sigma / folder).rglob("*.yml")]
    assert len(ruleset.rules) + len(ruleset.unsupported) == len(files) == 3754
    reasons = Counter(reason.split(" for ")[0] for _, _, reason in ruleset.unsupported)
    # Of rules about logs that we know, two need a list that only their user has.
    assert reasons.pop("no log kind here") < 800
    assert reasons == {"placeholder %known_cdcs% (modifier expand): nothing fills it": 2}


def test_every_rule_matches_the_event_recorded_for_it(sigma, ruleset):
    runnable = {rule.id: rule.name for rule in ruleset.rules}
    tried, missed = 0, []
    for info in sorted((sigma / "regression_data").rglob("info.yml")):
        wanted = {meta["id"] for meta in yaml.safe_load(info.read_text())["rule_metadata"]}
        for file in info.parent.glob("*.evtx"):
            hit = {
                detector.as_py().removeprefix("rule.")
                for events in recorded(file)
                for detector in ruleset.judge(events)["detector"]
            }
            for id in wanted & runnable.keys():
                tried += 1
                if runnable[id] not in hit:
                    missed.append(runnable[id])
    assert missed == []
    assert tried == 202


def test_screen_changes_nothing_on_real_events(shared, sigma, ruleset):
    """Every rule tried on every event finds what the screened run finds."""
    raws = [
        raw
        for file in sorted((sigma / "regression_data").rglob("*.evtx"))[::3]
        for events in recorded(file)
        for raw in events["raw"].to_pylist()
    ]
    for file in sorted((shared / "data/windows").glob("*.json.gz"))[::9]:
        lines = gzip.decompress(file.read_bytes()).decode(errors="replace").splitlines()[::41][:25]
        raws += [line for line in lines if line.startswith("{") and "\0" not in line]
    kind = ruleset._kinds["windows"]
    want = set()
    for i, raw in enumerate(raws):
        record = Record(msgspec.json.decode(raw))
        for rule, program in kind._programs:
            where = program.place.where.items()
            there = all(values & set(record.folded(program.place.field(n))) for n, values in where)
            if there and program.node.holds(record):
                want.add((i, rule.name))
    got = {(i, rule.name) for i, raw in enumerate(raws) for rule, _, _ in kind.hits(raw)}
    assert got == want
    assert len(want) > 60
