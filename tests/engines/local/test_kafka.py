"""Topics of a real Kafka become what files become, each message once."""

import json
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

import office as office_log
from wheeltapper import finding, workspace
from wheeltapper.engines.local import kafka
from wheeltapper.engines.local.broker import Broker
from wheeltapper.engines.local.follow import Follower
from wheeltapper.engines.local.judges import name_of
from wheeltapper.engines.local.kafka import Topics
from wheeltapper.engines.local.meters import Meters
from wheeltapper.engines.local.publish import publisher
from wheeltapper.engines.local.spool import Spool

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(600)]
LINES = [line.encode() for line in office_log.records()]
COLUMNS = ["detector", "entity", "time", "bits", "llr"]


@pytest.fixture
def topic(broker, request):
    """A topic of three partitions that only this test has."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)
    return broker.topic(f"{name}-{random.Random().randrange(1 << 30)}", partitions=3)


def settled(root, broker, topic, *more):
    """A workspace that follows the topic."""
    workspace.init(root)
    settings = [f'[kafka]\nservers = "{broker.servers}"', *more, f'[kafka.topics]\n{topic} = ""']
    (root / "wheeltapper.toml").write_text("\n".join(settings))
    return workspace.open(root)


class Following:
    """What `run --follow` does with topics, pass by pass."""

    def __init__(self, ws):
        self.ws = ws
        self.spool = Spool(ws.root / "spool", 1 << 30)
        self.meters = Meters(self.spool)
        self.topics = Topics(Broker(ws.config.kafka), ws.root / "state", self.spool, self.meters)
        self.follower = Follower(
            ws, [], spool=self.spool, meters=self.meters, topics=self.topics, every_s=0.1
        )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.topics.close()

    def step(self, until=lambda: True):
        """Passes until it has caught up and `until` says yes."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            self.follower.step(threading.Event())
            if self.topics.caught_up and until():
                return self.follower.done
            time.sleep(0.1)
        raise AssertionError(f"it did not catch up: {self.topics.problem}")

    def figure(self, name):
        lines = self.meters.text().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def test_a_topic_gives_what_a_file_of_the_same_records_gives(broker, topic, tmp_path, office):
    ws = settled(tmp_path / "work", broker, topic)
    broker.send(topic, LINES)
    with Following(ws) as following:
        done = following.step()
        assert (done.added, done.rejected) == (len(LINES), 0)
        assert following.figure("wheeltapper_broker_lag_messages") == 0
    again = workspace.open(ws.root)
    again.detect()  # what is younger than the lateness, too
    again.refine()
    assert again.findings().select(COLUMNS).equals(office.findings().select(COLUMNS))
    said = [(case.entity, case.headline) for case in again.cases()]
    assert said == [(case.entity, case.headline) for case in office.cases()]


def test_each_message_stands_for_itself_and_a_bad_one_is_told_by_its_offset(
    broker, topic, tmp_path
):
    ws = settled(tmp_path / "work", broker, topic, "[ingest]\nmax_record_mib = 0.5")
    some = LINES[:8]
    pretty = json.dumps(json.loads(some[6]), indent=2).encode()
    line = b"Jan  5 08:00:01 web sshd[1]: Accepted password for ana from 192.0.2.7 port 5 ssh2"
    good = [some[0], some[1] + b"\n" + some[2], b"[" + some[3] + b"," + some[4] + b"]"]
    good += [b'{"Records": [' + some[5] + b"]}", pretty, line]
    bad = {
        b'{"uuid": "cut': "not valid JSON",
        b"\0\0\0\0\x05\x06ana\x02\x01": "have the sender or a connector write JSON",
        b"caf\xe9 au lait": "not valid UTF-8",
        b"": "empty message",
        b'{"uuid": "' + b"x" * 600_000 + b'"}': "message longer than 0.5 MiB",
        b'{"tea": "green"}': "has no time",
        b"a line of nothing that is known": "text of no log kind",
    }
    broker.send(topic, [*good, *bad], partition=1)
    with Following(ws) as following:
        done = following.step()
    assert done.added == 8
    found = [
        json.loads(line)
        for file in ws.rejects.glob("*.ndjson")
        for line in file.read_text().splitlines()
    ]
    by_offset = {one["file"]: one["reason"] for one in found}
    for offset, reason in enumerate(bad.values(), start=len(good)):
        assert reason in by_offset[f"kafka:{topic}/1/{offset}"]
    assert {one["line"] for one in found} == {1}
    assert done.rejected == len(found) == len(bad)


def test_judging_waits_for_a_broker_that_is_away_and_goes_on_with_it(
    broker, topic, tmp_path, office
):
    ws = settled(tmp_path / "work", broker, topic)
    half = len(LINES) // 2
    with Following(ws) as following:
        assert following.topics.wrong() == ""
        # One partition is ahead of the others by all that is sent later.
        broker.send(topic, LINES[half::2], partition=0)
        broker.send(topic, LINES[:half], partition=1)
        following.step()
        broker.kill()
        try:
            judged = following.follower.done.judged
            following.follower.step(threading.Event())
            assert not following.topics.caught_up
            assert "cannot be reached" in following.topics.wrong()
            assert following.follower.done.judged == judged
            assert following.figure("wheeltapper_broker_failures_total") == 1
        finally:
            broker.start()
        broker.send(topic, LINES[half + 1 :: 2], partition=2)
        done = following.step()
        assert following.topics.wrong() == ""
    assert (done.records, done.added) == (len(LINES), len(LINES))


def test_partitions_that_are_added_are_read_from_their_beginning(broker, topic, tmp_path):
    from confluent_kafka.admin import NewPartitions

    ws = settled(tmp_path / "work", broker, topic, 'start = "latest"')
    broker.send(topic, LINES[:30])
    with Following(ws) as following:
        assert following.step().records == 0
        broker.send(topic, LINES[30:60])
        assert following.step().records == 30
        admin = broker.admin()
        for made in admin.create_partitions([NewPartitions(topic, 5)]).values():
            made.result(30)
        broker.send(topic, LINES[60:100])
        assert following.step(lambda: following.follower.done.records >= 70).added == 70


def test_what_the_spool_has_is_not_read_again_by_whoever_starts_next(broker, topic, tmp_path):
    ws = settled(tmp_path / "work", broker, topic)
    broker.send(topic, LINES[:100])
    with Following(ws) as killed:  # it is gone after the spool had everything
        for _ in killed.topics.look():
            pass
    held = kafka.load(ws.root / "state" / "kafka.json")[0]
    assert sum(position.offset for position in held.values()) == 0
    broker.send(topic, LINES[100:150])
    with Following(ws) as following:
        assert following.step().records == 150
        assert following.step().added == 150
    held = kafka.load(ws.root / "state" / "kafka.json")[0]
    assert sum(position.offset for position in held.values()) == 150
    (ws.root / "state" / "kafka.json").write_text("{torn")
    with Following(ws) as following:
        done = following.step()
        assert (done.records, done.added) == (150, 0)


def test_a_full_disk_loses_no_message(broker, topic, tmp_path, monkeypatch):
    ws = settled(tmp_path / "work", broker, topic)
    broker.send(topic, LINES[:100])
    with Following(ws) as following:
        put, calls = following.spool.put, []

        def full(pieces, about):
            calls.append(about)
            if len(calls) == 2:
                raise OSError(28, "No space left on device")
            return put(pieces, about)

        monkeypatch.setattr(following.spool, "put", full)
        with pytest.raises(OSError, match="No space"):
            following.follower.step(threading.Event())
        done = following.step()
    assert (done.records, done.added) == (100, 100)


def test_of_transactions_only_what_was_committed_counts(broker, topic, tmp_path):
    from confluent_kafka import Producer

    ws = settled(tmp_path / "work", broker, topic)
    sender = Producer({"bootstrap.servers": broker.servers, "transactional.id": topic})
    sender.init_transactions(60)

    def sent(lines):
        sender.begin_transaction()
        for line in lines:
            sender.produce(topic, line, partition=0)
        sender.flush(30)

    with Following(ws) as following:
        sent(LINES[:10])
        sender.commit_transaction(30)
        sent(LINES[10:20])
        sender.abort_transaction(30)
        sent(LINES[20:30])
        assert following.step().records == 10  # the last one is open
        sender.commit_transaction(30)
        assert following.step(lambda: following.follower.done.records > 10).added == 20
        sent(LINES[30:40])
        sender.abort_transaction(30)
        assert following.step().added == 20
        assert following.figure("wheeltapper_broker_lag_messages") == 0


def test_messages_that_were_removed_are_told_and_a_topic_made_anew_is_read(broker, topic, tmp_path):
    from confluent_kafka import TopicPartition

    ws = settled(tmp_path / "work", broker, topic)
    broker.send(topic, LINES[:90])
    with Following(ws) as following:
        following.step()
        broker.send(topic, LINES[90:120], partition=0)
        admin = broker.admin()
        for done in admin.delete_records([TopicPartition(topic, 0, 50)]).values():
            done.result(30)
        assert following.step().records == 90 + 10
        assert following.figure("wheeltapper_broker_lost_messages_total") == 20
        for done in admin.delete_topics([topic]).values():
            done.result(30)
        following.follower.step(threading.Event())
        assert f"topic {topic}" in following.topics.problem
        broker.topic(topic, partitions=1)
        broker.send(topic, LINES[200:205])
        assert following.step(lambda: following.follower.done.records > 100).records == 105


@pytest.mark.timeout(900)
def test_killed_at_any_moment_it_finds_the_same(broker, topic, tmp_path, office):
    told = broker.topic(f"{topic}-told", partitions=2)
    more = "[detect]\nlateness_minutes = 2880\nstep = 100\n[ingest]\nbatch = 60"
    ws = settled(tmp_path / "work", broker, topic, f'findings = "{told}"', more)
    command = [sys.executable, "-m", "wheeltapper.cli", "-w", str(ws.root), "run", "--follow"]
    kills = 5
    size = len(LINES) // kills
    for kill in range(kills):
        broker.send(topic, LINES[kill * size : (kill + 1) * size])
        process = subprocess.Popen(
            [*command, "--every", "0.1", "--log", "json"], stderr=subprocess.PIPE, text=True
        )
        wanted = ("ingest", "detect", "refine")[kill % 3]
        for text in process.stderr:
            if json.loads(text).get("stage") in (wanted, "refine"):
                break
        time.sleep(0.03 * kill)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    broker.send(topic, LINES[kills * size :])
    with Following(ws) as following:
        following.step()
    again = workspace.open(ws.root)
    again.detect()
    again.refine()
    assert list((ws.root / "spool").glob("[0-9]*")) == []
    assert len(again.activities(columns=["time"])) == len(LINES)
    assert again.findings().select(COLUMNS).equals(office.findings().select(COLUMNS))
    said = [(case.entity, case.headline) for case in again.cases()]
    assert said == [(case.entity, case.headline) for case in office.cases()]
    held = kafka.load(ws.root / "state" / "kafka.json")[0]
    assert sum(position.offset for position in held.values()) == len(LINES)
    publisher(
        Broker(again.config.kafka), ws.root / "state", name_of(ws.root), again.lake,
        lambda: again.checkpoint.manifest().step, again.cases,
    ).publish()  # fmt: skip
    keys = sorted(message.key().decode() for message in broker.read(told))
    assert keys == sorted(one.id for one in finding.from_table(again.lake.findings()))
