"""Settings of the client, and what is asked of a broker."""

import pytest

from wheeltapper.config import Kafka
from wheeltapper.engines.local.broker import Away, Broker, client_settings
from wheeltapper.errors import ConfigError

NOBODY = "127.0.0.1:1"


def test_the_environment_goes_over_the_file():
    settings = Kafka(
        servers="a:9092,b:9092", client={"sasl.username": "kim", "sasl.password": "old"}
    )
    found = client_settings(settings, {"WHEELTAPPER_KAFKA_SASL_PASSWORD": "new", "PATH": "/bin"})
    assert found["bootstrap.servers"] == "a:9092,b:9092"
    assert (found["sasl.username"], found["sasl.password"]) == ("kim", "new")
    assert "path" not in found


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Kafka(), "servers names none"),
        (Kafka(servers=NOBODY, start="now"), "start is 'now'; write one of earliest, latest"),
        (Kafka(servers=NOBODY, topics={"a b": ""}), "'a b' cannot be a topic's name"),
        (Kafka(servers=NOBODY, client={"isolation.level": "x"}), "isolation.level is not to be"),
        (Kafka(servers=NOBODY, client={"tea": "green"}), 'No such configuration property: "tea"'),
    ],
)
def test_settings_that_cannot_be_used_are_told(settings, told):
    pytest.importorskip("confluent_kafka")
    with pytest.raises(ConfigError, match="kafka") as error:
        Broker(settings)
    assert told in str(error.value)


@pytest.mark.slow
def test_one_that_is_away_says_so_to_whoever_asks():
    pytest.importorskip("confluent_kafka")
    away = Broker(Kafka(servers=NOBODY, topics={"audit": ""}))
    assert away.wrong().startswith("cannot be reached")
    with pytest.raises(Away):
        away.topics(["audit"])


@pytest.mark.broker
@pytest.mark.slow
def test_topics_are_described_and_those_that_are_not_there_named(broker):
    there = broker.topic("described", partitions=2)
    asked = Broker(Kafka(servers=broker.servers))
    assert asked.wrong() == ""
    (found,), missing = asked.topics([there, "nowhere"])
    assert (found.name, found.partitions) == ("described", (0, 1))
    assert len(found.id) > 10
    assert list(missing) == ["nowhere"]
    assert "Unknown topic" in missing["nowhere"]
    broker.send(there, [b"a", b"b", b"c"])
    keys = [("described", 0), ("described", 1)]
    assert asked.ends(keys) == {keys[0]: 2, keys[1]: 1}
    assert asked.ends(keys, first=True) == {keys[0]: 0, keys[1]: 0}
