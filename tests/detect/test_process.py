import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from judging import ACTS, SECRET, detector, judged, table_of

from wheeltapper import config, finding, ingest
from wheeltapper.detect import catalogue
from wheeltapper.detect.family import families
from wheeltapper.detect.process import process, start
from wheeltapper.enrich import Enricher
from wheeltapper.testing import activities, activity

ALL = [detector(name) for name in sorted(families())]
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_a_finding_says_everything_that_a_case_is_made_from():
    one = detector(
        "novelty", name="my.country", value="country", unit="day", attack=("T1078",),
        settings={"min_bits": 1.0},
    )  # fmt: skip
    peers = [activity(f"u{i}", country="NL", peer_group="red") for i in range(9)]
    odd = activity(
        "ana", days=1, country="KP", peer_group="red", session="s", target="x", src_ip="192.0.2.1"
    )
    table = activities([*peers, odd])
    (said,) = (f for f in judged(table, [one])[0].to_pylist() if f["entity"] == "ana")
    assert said["detector"] == "my.country"
    assert said["entity_type"] == "actor"
    assert said["time"] == odd["time"]
    assert said["event_ids"] == [table["event_id"][-1].as_py()]
    assert said["attack"] == ["T1078"]
    assert json.loads(said["evidence"]) == {
        "family": "novelty", "unit": "day", "peers": 0.0, "of_peers": 9.0, "before": 0.0,
        "since_day": (odd["time"] - datetime(1970, 1, 1, tzinfo=UTC)).days, "value": "KP",
        "peer_group": "red", "app": "app", "action": "view", "source": "test", "session": "s",
        "target": "x", "src_ip": "192.0.2.1", "outcome": "success",
    }  # fmt: skip


@given(ACTS)
def test_findings_come_in_order_of_time_act_and_detector(acts):
    found, _ = judged(table_of(acts), ALL)
    assert found.schema == finding.SCHEMA
    order = [(f["time"], f["event_ids"][0], f["detector"]) for f in found.to_pylist()]
    assert order == sorted(order)
    assert len(order) == len(set(order))


@given(ACTS)
def test_threads_change_nothing(acts):
    table = table_of(acts)
    with ThreadPoolExecutor(3) as pool:
        _, found = process(start(ALL), table, ALL, SECRET, pool)
    assert found.to_pylist() == judged(table, ALL)[0].to_pylist()


@given(ACTS)
def test_a_detector_says_the_same_alone_as_among_others(acts):
    table = table_of(acts)
    together = judged(table, ALL)[0].to_pylist()
    for one in ALL:
        alone = judged(table, [one])[0].to_pylist()
        assert alone == [f for f in together if f["detector"] == one.name]


def test_hostile_text_is_kept_as_it_is():
    texts = ['"}, {"', "\\", "\x00\x1b[2J", "</script>", "' or 1=1 --", "\ufffe\U0001f600"]
    table = activities(activity(t, minutes=i, action=t, target=t) for i, t in enumerate(texts))
    found = judged(table, [detector("novelty")])[0].to_pylist()
    assert [f["entity"] for f in found] == texts
    for said, text in zip(found, texts, strict=True):
        evidence = json.loads(said["evidence"])
        assert (evidence["value"], evidence["target"]) == (text, text)


def test_a_value_of_columns_is_said_with_both_and_an_expression_with_its_outcome():
    table = activities([activity(action="read", target="a/b")])
    for value, said in {"app + action": "app read", "split_part(target, '/', 1)": "a"}.items():
        (found,) = judged(table, [detector("novelty", value=value)])[0].to_pylist()
        assert json.loads(found["evidence"])["value"] == said


def test_acts_out_of_order_are_refused():
    table = activities([activity(), activity(minutes=1)])
    with pytest.raises(ValueError, match="acts in order of time, none before the watermark"):
        process(start(ALL), table.take([1, 0]), ALL, SECRET)


def test_acts_before_the_watermark_are_refused_and_those_at_it_are_not():
    state, _ = process(start(ALL), activities([activity(minutes=5)]), ALL, SECRET)
    with pytest.raises(ValueError, match="none before the watermark"):
        process(state, activities([activity(minutes=4)]), ALL, SECRET)
    state, _ = process(state, activities([activity("kim", minutes=5)]), ALL, SECRET)
    assert state.watermark_us == activity(minutes=5)["time"].timestamp() * 1e6


def test_no_acts_change_nothing():
    state = start(ALL)
    same, found = process(state, activities([]), ALL, SECRET)
    assert same is state
    assert found.schema == finding.SCHEMA


def test_a_catalogue_without_detectors_finds_nothing():
    _, found = process(start([]), activities([activity()]), [], SECRET)
    assert found.num_rows == 0


def real(path):
    """Activities of a real log, as the lake would hand them out."""
    enricher = Enricher(config.Enrich(), root=path, timezone="UTC")
    batches = ingest.read([path], settings=config.Ingest(), now=NOW)
    table = pa.concat_tables([enricher.enrich(batch.activities) for batch in batches])
    return table.sort_by([("time", "ascending"), ("event_id", "ascending")])


@pytest.mark.slow
def test_the_commit_that_broke_into_php_was_made_with_a_clock_its_author_never_had(shared):
    detectors = [d for d in catalogue.load() if d.name.startswith("git.")]
    found, _ = judged(real(shared / "data" / "git" / "php.ndjson.gz"), detectors)
    said = {
        f["detector"]: (f, evidence)
        for f in found.to_pylist()
        if (evidence := json.loads(f["evidence"]))["session"].startswith("c730aa26")
    }
    offset, evidence = said["git.utc_offset"]
    assert (evidence["value"], evidence["before"]) == ("120", 0)
    assert offset["llr"] > 3
    assert offset["baseline_n"] > 20
    assert evidence["peers"] > 100  # the offset itself is common enough: it is not the author's


@pytest.mark.slow
def test_an_hour_of_attack_on_a_cloud_account(shared):
    table = real(shared / "data" / "cloudtrail")
    detectors = catalogue.load()
    found, state = judged(table, detectors, [700, 1900])
    again, same = judged(table, detectors)
    assert (found.to_pylist(), state) == (again.to_pylist(), same)
    # Nobody has a history yet: what speaks is the number of acts in the hour.
    who = {f["entity"] for f in found.to_pylist() if f["detector"] == "cloudtrail.looking_around"}
    assert any("bert-jan" in entity for entity in who)
