"""A topic is told something once, however often its teller is killed."""

import json
import subprocess
import sys
import time
from collections import Counter

import pytest

from wheeltapper.config import Kafka
from wheeltapper.engines.local.broker import Away, Broker
from wheeltapper.engines.local.outlet import Outlet, Told

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]
KEYS = 2000
TELLER = f"""
import json, pathlib, sys
from wheeltapper.config import Kafka
from wheeltapper.engines.local.broker import Broker
from wheeltapper.engines.local.outlet import Outlet, Told

servers, topic, file = sys.argv[1:]
path = pathlib.Path(file)
kept = json.loads(path.read_text()) if path.exists() else dict(id="", ends={{}}, next=0)
outlet = Outlet(Broker(Kafka(servers=servers)), topic, "office")
ends = {{int(number): offset for number, offset in kept["ends"].items()}}
known = {{key for key, _ in outlet.begin(kept["id"], ends)}}
print("begun", flush=True)
for at in range(kept["next"], {KEYS}, 20):
    keys = [f"key-{{n}}" for n in range(at, at + 20)]
    if news := [Told(key, "1", b"{{}}") for key in keys if key not in known]:
        outlet.tell(news)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(dict(id=outlet.topic_id, ends=outlet.ends, next=at + 20)))
    beside.replace(path)
print("done", flush=True)
"""


def outlet(broker, topic, workspace="office"):
    return Outlet(Broker(Kafka(servers=broker.servers)), topic, workspace)


def test_whoever_begins_knows_what_was_told_by_this_workspace(broker):
    topic = broker.topic("told", partitions=2)
    first = outlet(broker, topic)
    assert list(first.begin("", {})) == []
    assert first.tell(Told(f"a{n}", "1", b"{}") for n in range(50)) == 50
    other = outlet(broker, topic, "another")
    assert list(other.begin("", {})) == []
    assert other.tell([Told("b", "1", b"{}")]) == 1
    ends = dict(first.ends)
    assert first.tell([Told("c", "2", None)]) == 1
    again = outlet(broker, topic)
    assert list(again.begin(first.topic_id, ends)) == [("c", "2")]
    anew = outlet(broker, topic)
    assert len(list(anew.begin("of another topic", ends))) == 51
    assert anew.tell([]) == 0


def test_what_its_predecessor_left_open_is_undone_and_it_is_fenced_off(broker):
    topic = broker.topic("fenced")
    old = outlet(broker, topic)
    list(old.begin("", {}))
    producer = old._producer  # killed within a transaction, whose messages are in the topic
    producer.begin_transaction()
    producer.produce(topic, b"{}", "half")
    producer.flush(30)
    new = outlet(broker, topic)
    assert list(new.begin("", {})) == []
    assert new.tell([Told("whole", "1", b"{}")]) == 1
    later = outlet(broker, topic)
    assert list(later.begin("", {})) == [("whole", "1")]
    with pytest.raises(Away, match=r"[Ff]ence|epoch"):
        new.tell([Told("ghost", "1", b"{}")])
    with pytest.raises(Away, match="was not begun"):
        new.tell([])
    assert [message.key() for message in broker.read(topic)] == [b"whole"]


def test_what_is_too_large_is_left_out_and_the_rest_told(broker):
    topic = broker.topic("large")
    made = outlet(broker, topic)
    list(made.begin("", {}))
    made.tell([Told("a", "1", b"x" * 2_000_000), Told("b", "1", b"{}")])
    assert [message.key() for message in broker.read(topic)] == [b"b"]


def test_a_topic_that_is_not_there_is_told(broker):
    with pytest.raises(Away, match="topic nothing"):
        list(outlet(broker, "nothing").begin("", {}))


def test_killed_at_any_moment_each_is_told_once(broker, tmp_path):
    topic = broker.topic("killed", partitions=3)
    command = [sys.executable, "-c", TELLER, broker.servers, topic, str(tmp_path / "kept.json")]
    for kill in range(8):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "begun\n"
        time.sleep(0.05 + 0.037 * kill)
        process.kill()
        process.communicate()
    before = json.loads((tmp_path / "kept.json").read_text())["next"]
    assert before > 0
    last = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    assert last.stdout == "begun\ndone\n"
    told = Counter(message.key().decode() for message in broker.read(topic))
    assert told == {f"key-{number}": 1 for number in range(KEYS)}
