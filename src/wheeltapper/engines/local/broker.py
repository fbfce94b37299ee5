"""Broker: an Apache Kafka as this workspace reaches it.

Whatever it is asked, it may be away: then `Away` is raised, which says why and passes.
"""

import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from wheeltapper.config import Kafka
from wheeltapper.errors import ConfigError, WheeltapperError

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Producer

PREFIX = "WHEELTAPPER_KAFKA_"
"""Begins the variables that set what the client is told: ..._SASL_PASSWORD is sasl.password."""
ANSWER_S = 10.0
"""It is given so long to answer."""
QUEUE_KIB = 64 << 10
"""Messages that the client fetches ahead, at most: bounds memory, and holds back the rest."""
STARTS = ("earliest", "latest")
OURS = ("bootstrap.servers", "enable.auto.commit", "enable.partition.eof", "isolation.level")
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Away(Exception):
    """It did not answer, or not as it has to."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the broker describes it."""

    name: str
    id: str
    partitions: tuple[int, ...]


Key = tuple[str, int]
"""A topic's name, and a partition's number."""


class Broker:
    """One client for questions; consumers and producers are made with the same settings."""

    def __init__(self, settings: Kafka, environment: Mapping[str, str] = os.environ) -> None:
        """Nothing is sent yet.

        Raises
        ------
        ConfigError        for settings that the client refuses.
        WheeltapperError   if the extra [kafka] is not installed.
        """
        self.settings = settings
        self._client = client_settings(settings, environment)
        try:
            from confluent_kafka.admin import AdminClient
        except ImportError as error:
            raise WheeltapperError(
                "[kafka] needs more than is installed: pip install 'wheeltapper[kafka]'"
            ) from error
        self._admin = _made(lambda: AdminClient(self._client, logger=_log))

    def consumer(self) -> "Consumer":
        """One that reads what is assigned to it; no group deals partitions out."""
        from confluent_kafka import Consumer

        settings = {
            "queued.max.messages.kbytes": QUEUE_KIB, "fetch.wait.max.ms": 100,
            **self._client,
            "group.id": self.settings.group or "wheeltapper", "enable.auto.commit": False,
            "enable.auto.offset.store": False, "enable.partition.eof": True,
            "isolation.level": "read_committed", "auto.offset.reset": "error",
        }  # fmt: skip
        return _made(lambda: Consumer(settings, logger=_log))

    def producer(self, transactional_id: str) -> "Producer":
        """One whose messages count when their transaction is committed."""
        from confluent_kafka import Producer

        settings = {
            "linger.ms": 20, "compression.type": "lz4", **self._client,
            "transactional.id": transactional_id,
        }  # fmt: skip
        return _made(lambda: Producer(settings, logger=_log))

    def topics(self, names: Iterable[str]) -> tuple[list[Topic], dict[str, str]]:
        """Those that are there, and why not of the others.

        Raises
        ------
        Away   if no broker answers.
        """
        from confluent_kafka import KafkaError, KafkaException, TopicCollection

        found: list[Topic] = []
        missing: dict[str, str] = {}
        asked = self._asked(
            lambda: self._admin.describe_topics(
                TopicCollection(list(names)), request_timeout=ANSWER_S
            )
        )
        for name, answer in asked.items():
            try:
                told = _answer(answer)
            except KafkaException as error:
                what: KafkaError = error.args[0]
                if what.code() < 0:  # of the client's, not of a broker's
                    raise Away(what.str()) from error
                missing[name] = what.str()
            else:
                numbers = tuple(sorted(partition.id for partition in told.partitions))
                found.append(Topic(name, str(told.topic_id), numbers))
        return found, missing

    def ends(
        self, keys: Iterable[Key], *, first: bool = False, committed: bool = True
    ) -> dict[Key, int]:
        """The offset that the next message of each partition gets, or that of its first message.

        Of open transactions nothing counts, if only what is `committed` does. A partition that
        cannot be asked now is left out.

        Raises
        ------
        Away   if none can be asked.
        """
        from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
        from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]  # it is public

        wanted = getattr(OffsetSpec, "earliest" if first else "latest")()  # untyped
        level = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
        asked = self._asked(
            lambda: self._admin.list_offsets(
                {TopicPartition(*key): wanted for key in keys},
                isolation_level=level, request_timeout=ANSWER_S,
            )
        )  # fmt: skip
        found: dict[Key, int] = {}
        why = ""
        for at, answer in asked.items():
            try:
                found[at.topic, at.partition] = int(_answer(answer).offset)
            except KafkaException as error:
                why = error.args[0].str()
        if why and not found:
            raise Away(why)
        return found

    def wrong(self) -> str:
        """What is wrong with it, or nothing; for whoever asks whether all is well."""
        from confluent_kafka import KafkaException

        try:
            self._admin.list_topics(timeout=ANSWER_S / 4)
        except KafkaException as error:
            return f"cannot be reached: {error.args[0].name()}"
        return ""

    def _asked(self, question: Callable[[], _T]) -> _T:
        from confluent_kafka import KafkaException

        try:
            return question()
        except KafkaException as error:
            raise Away(error.args[0].str()) from error


def client_settings(
    settings: Kafka, environment: Mapping[str, str]
) -> dict[str, str | int | float | bool]:
    """What the client is told: the settings' file, and over it the environment.

    Raises
    ------
    ConfigError   for what would break what is promised, or names no topic.
    """
    if not settings.servers:
        raise ConfigError('[kafka] servers names none; write servers = "HOST:9092"')
    if settings.start not in STARTS:
        raise ConfigError(f"[kafka] start is {settings.start!r}; write one of {', '.join(STARTS)}")
    for name in settings.topics:
        if not _NAME.fullmatch(name) or name in (".", ".."):
            raise ConfigError(f"[kafka] topics: {name!r} cannot be a topic's name")
    for name in OURS:
        if name in settings.client:
            raise ConfigError(f"[kafka.client] {name} is not to be set: take it away")
    secret = {
        name.removeprefix(PREFIX).lower().replace("_", "."): value
        for name, value in environment.items()
        if name.startswith(PREFIX)
    }
    return {
        "client.id": "wheeltapper", "reconnect.backoff.max.ms": 2000, "log_level": 0,
        **settings.client, **secret, "bootstrap.servers": settings.servers,
    }  # fmt: skip


def _made(make: Callable[[], _T]) -> _T:
    from confluent_kafka import KafkaException

    try:
        return make()
    except (KafkaException, ValueError, TypeError) as error:
        # Its text may quote a setting, but no value: librdkafka hides those that are secret.
        raise ConfigError(f"[kafka.client] the client refuses its settings: {error}") from error


def _answer(future: "Future[_T]") -> _T:
    return future.result(ANSWER_S * 2)
