"""Kafka: what is new in topics goes into the spool, each message once.

How far a partition was read is ours to know, not the broker's: an entry of the spool says which
offset follows it, and `kafka.json`, which is replaced in one step before entries are removed, says
it of all that went before. So a process killed anywhere reads on behind the last entry it kept.

A look reads every partition up to where it ended when the look began. Only then may acts be
judged: what one partition still holds could be older than what another gave.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wheeltapper.engines.local.broker import Away, Broker, Key, Topic
from wheeltapper.engines.local.checkpoint import write
from wheeltapper.engines.local.meters import Meters
from wheeltapper.engines.local.spool import About, Spool
from wheeltapper.ingest.readers.messages import MAGIC, framed

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message

FILE = "kafka.json"
"""In the folder `state/`."""
PIECE_BYTES = 16 << 20
"""Messages that are held until they become entries of the spool."""
AT_ONCE = 1000
"""Messages taken from the client, at most; fewer when they are large."""
POLL_S = 0.2
STALLED_S = 10.0
"""A partition that gives nothing for so long, though it has something, cannot be read now."""
_MS = 1_000_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far one partition was read."""

    topic: str
    topic_id: str
    partition: int
    offset: int
    """Of the message that comes next."""

    @property
    def key(self) -> Key:
        return self.topic, self.partition


@dataclass(slots=True)
class _Held:
    """Messages that were taken from the client and are not in the spool yet."""

    frames: dict[Key, list[bytes]] = field(default_factory=dict)
    newest_ns: dict[Key, int] = field(default_factory=dict)
    reached: dict[Key, int] = field(default_factory=dict)
    """Offsets that come next, when these are in the spool."""
    size_bytes: int = 0
    largest_bytes: int = 16 << 10

    def add(self, message: "Message[bytes, bytes]") -> None:
        key, offset, value = _key(message), message.offset() or 0, message.value() or b""
        self.frames.setdefault(key, []).append(framed(offset, value))
        _, milliseconds = message.timestamp()
        self.newest_ns[key] = max(self.newest_ns.get(key, 0), milliseconds * _MS)
        self.reached[key] = offset + 1
        self.size_bytes += len(value)
        self.largest_bytes = max(self.largest_bytes, len(value))

    @property
    def at_once(self) -> int:
        return max(1, min(AT_ONCE, PIECE_BYTES // self.largest_bytes))


class Topics:
    """Topics that are read as they grow."""

    def __init__(
        self, broker: Broker, state: Path, spool: Spool, meters: Meters,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """`state` is the folder of `kafka.json`; nothing is asked of the broker yet.

        Raises
        ------
        ConfigError   for settings that the client refuses.
        """
        self.caught_up = False
        """Whether all that there was when the last look began is in the spool."""
        self.problem = ""
        """Why not, or what else is wrong."""
        self._broker, self._spool, self._meters = broker, spool, meters
        self._kinds = broker.settings.topics
        self._file = state / FILE
        self._saved, self._monotonic = "", monotonic
        self._positions, self._sound = load(self._file)
        for entry in spool.entries():
            about = entry.about
            if about.topic:
                self._reach(
                    Position(
                        topic=about.topic, topic_id=about.topic_id, partition=about.partition,
                        offset=about.offset,
                    )
                )  # fmt: skip
        self._consumer = broker.consumer()
        self._assigned: frozenset[Key] = frozenset()
        self._beyond: set[Key] = set()

    def look(self) -> Iterator[None]:
        """Put what is new into the spool; yields after each piece, so that it can be emptied.

        A broker that is away raises nothing: see `caught_up` and `problem`.

        Raises
        ------
        OSError   if the spool's disk is full; the next look goes on where this one ended.
        """
        from confluent_kafka import KafkaException

        self.caught_up = False
        complete = False
        try:
            ends, problem = self._ends()
            yield from self._read(ends)
            behind = [key for key, end in ends.items() if self._positions[key].offset < end]
            for topic, partition in behind[:1]:
                problem = problem or f"{topic}/{partition} gives nothing, though it has something"
            self.caught_up = not problem and not behind
            self._tell(problem)
            complete = True
        except (Away, KafkaException) as error:
            why = error.args[0] if isinstance(error, Away) else error.args[0].str()
            self._meters.broker_failures.inc()
            self._tell(f"{self._broker.settings.servers}: {why}")
        finally:
            if not complete:  # what was taken and is not in the spool has to be taken again
                self._assigned = frozenset()

    def save(self) -> None:
        """Keep where reading stands; all that it tells of is in the spool, or was."""
        text = json.dumps([asdict(position) for position in self._positions.values()], indent=0)
        if text == self._saved:
            return
        write(self._file, text.encode())
        self._saved = text
        if self._broker.settings.group and self._assigned:
            _tell_group(self._consumer, [self._positions[key] for key in self._assigned])

    def wrong(self) -> str:
        """What is wrong with it now, or nothing; any thread may ask."""
        return self._broker.wrong() or self.problem

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def _ends(self) -> tuple[dict[Key, int], str]:
        """Where each partition ends now, and what keeps others from being read."""
        topics, missing = self._broker.topics(self._kinds)
        known = {position.topic for position in self._positions.values()}
        problem = "; ".join(f"topic {name}: {why}" for name, why in sorted(missing.items()))
        keys = [(topic.name, number) for topic in topics for number in topic.partitions]
        if not keys:
            return {}, problem
        ends = self._broker.ends(keys)
        firsts = self._broker.ends(keys, first=True)
        for topic in topics:
            self._place(topic, firsts, ends, new=topic.name not in known)
        mute = [key for key in keys if key not in ends or key not in self._positions]
        for topic_name, partition in mute[:1]:
            problem = problem or f"{topic_name}/{partition} cannot be asked now"
        found = {key: end for key, end in ends.items() if key in self._positions}
        self._assign(frozenset(found))
        return found, problem

    def _place(
        self, topic: Topic, firsts: Mapping[Key, int], ends: Mapping[Key, int], *, new: bool
    ) -> None:
        """Find where each partition of a topic is to be read on."""
        latest = new and self._sound and self._broker.settings.start == "latest"
        for number in topic.partitions:
            key = topic.name, number
            if key not in firsts or key not in ends:
                continue
            begin = Position(
                topic=topic.name, topic_id=topic.id, partition=number, offset=firsts[key]
            )
            at = self._positions.get(key)
            if at is None:
                self._move(replace(begin, offset=ends[key]) if latest else begin)
            elif at.topic_id != topic.id:
                _log.warning("topic %s was made anew; it is read from its beginning", topic.name)
                self._move(begin)
            elif at.offset < begin.offset:
                lost = begin.offset - at.offset
                self._meters.broker_lost.inc(lost)
                _log.error(
                    "%s/%d: the broker removed %d messages before they were read: its retention "
                    "is shorter than the time nobody read", *key, lost,
                )  # fmt: skip
                self._move(begin)
            elif at.offset > ends[key]:
                self._cut_off(key, begin)
            else:
                self._beyond.discard(key)

    def _cut_off(self, key: Key, begin: Position) -> None:
        """Its end lies before what was read: twice in a row, then the broker has lost messages."""
        if key not in self._beyond:  # one that has just begun to lead may not know its end yet
            self._beyond.add(key)
            raise Away(f"{key[0]}/{key[1]} ends before what was read of it")
        _log.error("%s/%d lost messages that were read; it is read from its beginning", *key)
        self._beyond.discard(key)
        self._move(begin)

    def _move(self, position: Position) -> None:
        self._positions[position.key] = position
        self._assigned = frozenset()

    def _reach(self, position: Position) -> None:
        """An entry of the spool says that reading had come so far."""
        at = self._positions.get(position.key)
        same = at is not None and at.topic_id == position.topic_id
        if at is None or (same and at.offset < position.offset):
            self._positions[position.key] = position

    def _assign(self, keys: frozenset[Key]) -> None:
        from confluent_kafka import TopicPartition

        if keys != self._assigned:
            offsets = [self._positions[key].offset for key in keys]
            self._consumer.assign(
                [TopicPartition(*key, at) for key, at in zip(keys, offsets, strict=True)]
            )
            self._assigned = keys
            self.save()  # where a topic begins, too, is settled once

    def _read(self, ends: Mapping[Key, int]) -> Iterator[None]:
        held = _Held()
        waiting = {key for key, end in ends.items() if self._positions[key].offset < end}
        news_at = self._monotonic()
        while waiting and self._monotonic() - news_at < STALLED_S:
            for message in self._consumer.consume(held.at_once, POLL_S):
                news_at = self._monotonic()
                self._take(message, held)
            if held.size_bytes >= PIECE_BYTES:
                self._put(held)
            waiting = {key for key in waiting if self._reached(key, held) < ends[key]}
            yield
        self._put(held)
        for key, end in ends.items():
            behind = max(0, end - self._positions[key].offset)
            self._meters.broker_lag.labels(key[0], str(key[1])).set(behind)

    def _reached(self, key: Key, held: _Held) -> int:
        return held.reached.get(key, self._positions[key].offset)

    def _take(self, message: "Message[bytes, bytes]", held: _Held) -> None:
        from confluent_kafka import KafkaError

        error = message.error()
        if error is None:
            held.add(message)
        elif error.code() == KafkaError._PARTITION_EOF:
            key = _key(message)
            # Behind the last message there may be marks of transactions, which nobody is given.
            held.reached[key] = max(self._reached(key, held), message.offset() or 0)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise Away(error.str())  # the next look finds out what is left
        else:
            _log.warning("the broker says: %s", error.str())

    def _put(self, held: _Held) -> None:
        for key, frames in held.frames.items():
            at = replace(self._positions[key], offset=held.reached[key])
            self._spool.put(
                [MAGIC, *frames],
                About(
                    origin=f"kafka:{at.topic}/{at.partition}", source=self._kinds[at.topic],
                    changed_ns=held.newest_ns[key], topic=at.topic, topic_id=at.topic_id,
                    partition=at.partition, offset=at.offset,
                ),
            )  # fmt: skip
            self._positions[key] = at
        for key, offset in held.reached.items():
            self._positions[key] = replace(self._positions[key], offset=offset)
        held.frames, held.newest_ns, held.reached, held.size_bytes = {}, {}, {}, 0

    def _tell(self, problem: str) -> None:
        if problem and problem != self.problem:
            _log.error("what Kafka holds cannot be read, and judging waits: %s", problem)
        elif self.problem and not problem:
            _log.info("Kafka is read again")
        self.problem = problem


def _key(message: "Message[bytes, bytes]") -> Key:
    return message.topic() or "", message.partition() or 0


def load(path: Path) -> tuple[dict[Key, Position], bool]:
    """What `kafka.json` says, and whether it could be read; all is read again where not."""
    try:
        found = [Position(**one) for one in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return {}, True
    except (OSError, ValueError, TypeError) as error:
        _log.warning("%s cannot be read (%s): topics are read from their beginning", path, error)
        return {}, False
    return {position.key: position for position in found}, True


def _tell_group(consumer: "Consumer", positions: list[Position]) -> None:
    from confluent_kafka import KafkaException, TopicPartition

    offsets = [TopicPartition(*position.key, position.offset) for position in positions]
    try:
        consumer.commit(offsets=offsets, asynchronous=True)
    except KafkaException as error:  # nothing hangs on it
        _log.warning("the group is not told how far was read: %s", error.args[0].str())
