"""The broker that other tests run: it is a real one, and bears being stopped."""

import pytest

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_it_keeps_its_messages_when_it_is_started_again(broker, end):
    topic = broker.topic(f"kept-{end}", partitions=2)
    sent = [f"{number}".encode() for number in range(100)]
    broker.send(topic, sent)
    getattr(broker, end)()
    broker.start()
    found = broker.read(topic)
    assert sorted(message.value() for message in found) == sorted(sent)
    assert {(m.partition(), m.offset()) for m in found} == {
        (partition, offset) for partition in (0, 1) for offset in range(50)
    }
