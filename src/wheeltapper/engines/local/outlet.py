"""Outlet: a topic that is told something once, by transactions, however often its teller is killed.

A message has a key and a version; a consumer of committed messages sees each (key, version) once. A
transaction is all or nothing, but whoever is killed while it is committed does not know which. So
the topic itself is asked: whoever begins ends the transaction that its predecessor left open, which
fences that one off as well, and then reads what was committed since the offsets it last kept.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wheeltapper.engines.local.broker import Away, Broker, Key

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message, Producer

WORKSPACE, VERSION = "wheeltapper-workspace", "wheeltapper-version"
"""Headers: who tells, and which version of what the key names."""
COMMIT_S = 60.0
POLL_S = 0.5
SILENT_S = 30.0
"""An open transaction of somebody else's may hide the end of a topic for so long."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """One message."""

    key: str
    version: str
    value: bytes | None
    """JSON; None takes the key back, as a compacted topic understands it."""


class Outlet:
    """One topic and one teller; a second one of the same workspace puts the first out of work."""

    def __init__(self, broker: Broker, topic: str, workspace: str) -> None:
        """Nothing is asked of the broker yet. `workspace` is an id that no other has."""
        self.topic = topic
        self.topic_id = ""
        """Known once it was begun."""
        self.ends: dict[int, int] = {}
        """Offsets, by partition, before which everything is known."""
        self._broker, self._workspace = broker, workspace
        self._producer: Producer | None = None

    @property
    def begun(self) -> bool:
        return self._producer is not None

    def begin(self, topic_id: str, ends: Mapping[int, int]) -> Iterator[tuple[str, str]]:
        """(key, version) of all that was committed since `ends`; from the topic's beginning where
        it is not the topic of that id. To be read to its end before anything is told.

        Raises
        ------
        Away   if the broker or the topic is; then it has to be begun again.
        """
        topics, missing = self._broker.topics([self.topic])
        if not topics:
            raise Away(f"topic {self.topic}: {missing.get(self.topic, 'is not there')}")
        self._producer = None
        producer = self._broker.producer(f"wheeltapper-{self._workspace}-{self.topic}")
        with _told():
            producer.init_transactions(COMMIT_S)
        (topic,) = topics
        keys = [(topic.name, number) for number in topic.partitions]
        firsts = self._broker.ends(keys, first=True)
        lasts = self._broker.ends(keys, committed=False)
        if len(firsts) < len(keys) or len(lasts) < len(keys):
            raise Away(f"topic {self.topic}: not all partitions can be asked")
        known = ends if topic_id == topic.id else {}
        begin = {key: max(first, known.get(key[1], 0)) for key, first in firsts.items()}
        for message in self._messages(begin, lasts):
            headers = dict(message.headers() or ())
            if headers.get(WORKSPACE) == self._workspace.encode():
                version = headers.get(VERSION) or b""
                text = version if isinstance(version, str) else version.decode()
                yield (message.key() or b"").decode(), text
        self.topic_id = topic.id
        self.ends = {number: max(lasts[key], begin[key]) for key in keys for number in [key[1]]}
        self._producer = producer

    def tell(self, messages: Iterable[Told]) -> int:
        """Tell all of these in one transaction; their number. `ends` is behind them then.

        Raises
        ------
        Away   if that is not certain; then it has to be begun again, and what was told is known.
        """
        producer, self._producer = self._producer, None  # until it went well
        if producer is None:
            raise Away(f"topic {self.topic}: was not begun")
        reached, failed = dict(self.ends), list[str]()

        def delivered(error: "KafkaError | None", message: "Message[bytes, bytes]") -> None:
            if error is not None:
                failed.append(error.str())
            else:
                number, offset = message.partition() or 0, message.offset() or 0
                reached[number] = max(reached.get(number, 0), offset + 1)

        count = 0
        with _told():
            producer.begin_transaction()
            for one in messages:
                headers: list[tuple[str, str | bytes | None]] = [
                    (WORKSPACE, self._workspace), (VERSION, one.version),
                ]  # fmt: skip
                _produce(producer, self.topic, one, headers, delivered)
                producer.poll(0)
                count += 1
            producer.commit_transaction(COMMIT_S)
        if failed:
            raise Away(f"topic {self.topic}: {failed[0]}")
        self.ends, self._producer = reached, producer
        return count

    def _messages(
        self, begin: Mapping[Key, int], lasts: Mapping[Key, int]
    ) -> Iterator["Message[bytes, bytes]"]:
        """Committed messages between these offsets."""
        from confluent_kafka import KafkaError, TopicPartition

        waiting = {key for key, last in lasts.items() if begin[key] < last}
        if not waiting:
            return
        consumer = self._broker.consumer()
        try:
            consumer.assign([TopicPartition(*key, begin[key]) for key in waiting])
            silent_s = 0.0
            while waiting:
                messages = consumer.consume(1000, POLL_S)
                silent_s = 0.0 if messages else silent_s + POLL_S
                if silent_s > SILENT_S:
                    raise Away(f"topic {self.topic}: its end cannot be read")
                for message in messages:
                    error, offset = message.error(), message.offset() or 0
                    key = message.topic() or "", message.partition() or 0
                    if error is None:
                        offset += 1
                        yield message
                    elif error.code() != KafkaError._PARTITION_EOF:
                        raise Away(f"topic {self.topic}: {error.str()}")
                    if offset >= lasts[key]:
                        waiting.discard(key)
        finally:
            consumer.close()


def _produce(
    producer: "Producer", topic: str, one: Told, headers: list[tuple[str, str | bytes | None]],
    delivered: "Callable[[KafkaError | None, Message[bytes, bytes]], None]",
) -> None:  # fmt: skip
    from confluent_kafka import KafkaError, KafkaException

    while True:
        try:
            producer.produce(topic, one.value, one.key, headers=headers, on_delivery=delivered)
        except BufferError:  # the client's queue is full
            producer.poll(POLL_S)
            continue
        except KafkaException as error:
            if error.args[0].code() != KafkaError.MSG_SIZE_TOO_LARGE:
                raise
            _log.error(
                "%s is too large for topic %s and was left out; [kafka.client] message.max.bytes, "
                "and the topic's max.message.bytes, would have to be larger", one.key, topic,
            )  # fmt: skip
        return


@contextmanager
def _told() -> Iterator[None]:
    """What the client raises, as `Away`."""
    from confluent_kafka import KafkaException

    try:
        yield
    except KafkaException as error:
        raise Away(error.args[0].str()) from error
