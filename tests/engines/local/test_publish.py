"""Findings and cases of a workspace, in topics of a real Kafka."""

import json
import shutil
from datetime import timedelta

import pytest

import office as office_log
from wheeltapper import finding, workspace
from wheeltapper.config import Kafka
from wheeltapper.engines.local.broker import Broker
from wheeltapper.engines.local.judges import name_of
from wheeltapper.engines.local.publish import publisher

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def ws(office, tmp_path):
    return workspace.open(shutil.copytree(office.root, tmp_path / "work"))


def publishing(ws, broker, **topics):
    return publisher(
        Broker(Kafka(servers=broker.servers, **topics)), ws.root / "state", name_of(ws.root),
        ws.lake, lambda: ws.checkpoint.manifest().step, ws.cases,
    )  # fmt: skip


def told(broker, topic):
    return [(m.key().decode(), m.value() and json.loads(m.value())) for m in broker.read(topic)]


def test_each_finding_is_told_once_whatever_is_lost_or_judged_again(ws, broker):
    topic = broker.topic("findings", partitions=2)
    findings = finding.from_table(ws.lake.findings())
    first = publishing(ws, broker, findings=topic)
    assert first.publish() == {topic: len(findings)}
    assert first.publish() == {topic: 0}
    expected = {one.id: {"id": one.id, **one.to_dict()} for one in findings}
    assert dict(told(broker, topic)) == expected
    kept = ws.root / "state" / "published-findings.json"
    assert publishing(ws, broker, findings=topic).publish() == {topic: 0}
    kept.unlink()
    assert publishing(ws, broker, findings=topic).publish() == {topic: 0}
    kept.write_text("{torn")
    assert publishing(ws, broker, findings=topic).publish() == {topic: 0}
    ws.detect(replay=True)
    assert publishing(ws, broker, findings=topic).publish() == {topic: 0}
    lasting = publishing(ws, broker, findings=topic)
    lasting.publish()
    ws.detect(replay=True)  # while it goes on
    later = office_log.FIRST + timedelta(days=office_log.DAYS + 1, hours=3)
    log = ws.root.parent / "more.ndjson"
    log.write_text(
        "".join(
            office_log.record("eva", later + timedelta(minutes=n), action, 9000 + n) + "\n"
            for n, action in enumerate(office_log.BAD_ACTS)
        )
    )
    ws.run(log)
    now = {one.id for one in finding.from_table(ws.lake.findings())}
    assert len(now) > len(findings)
    assert lasting.publish() == {topic: len(now) - len(findings)}
    keys = [key for key, _ in told(broker, topic)]
    assert sorted(keys) == sorted(now)
    anew = broker.topic("findings-elsewhere")
    assert publishing(ws, broker, findings=anew).publish() == {anew: len(now)}


def test_a_case_is_told_again_when_it_changes_and_taken_back_when_it_is_gone(ws, broker):
    topic = broker.topic("cases")
    made = publishing(ws, broker, cases=topic)
    (case,) = ws.cases()
    assert made.publish() == {topic: 1}
    assert made.publish() == {topic: 0}
    assert told(broker, topic) == [(case.id, case.to_dict())]
    ws.judge(case.id, "malicious", by="kim", reason="she never was there")
    again = publishing(ws, broker, cases=topic)
    assert again.publish() == {topic: 1}
    assert (ws.root / "state" / "published-cases.json").exists()
    (ws.root / "state" / "published-cases.json").unlink()
    assert publishing(ws, broker, cases=topic).publish() == {topic: 0}
    last = told(broker, topic)[-1]
    assert (last[0], last[1]["verdict"]) == (case.id, "malicious")
    gone = publisher(
        Broker(Kafka(servers=broker.servers, cases=topic)), ws.root / "state", name_of(ws.root),
        ws.lake, lambda: 0, list,
    )  # fmt: skip
    assert gone.publish() == {topic: 1}
    assert told(broker, topic)[-1] == (case.id, None)


def test_a_broker_that_is_away_holds_nothing_up(ws):
    made = publishing(ws, type("Nobody", (), {"servers": "127.0.0.1:1"}), findings="findings")
    assert made.publish() == {}
    assert made.problem
    assert made.publish() == {}  # at once: it is not asked again yet
    assert publishing(ws, type("Nobody", (), {"servers": "127.0.0.1:1"})) is None
