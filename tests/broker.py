"""A real Apache Kafka of one node (KRaft), on this machine only, started for tests."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

JARS = Path(__file__).parents[1] / "build" / "jars"
FOR_A_TEST = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""What a JVM that lives for some tests needs."""
STARTED_S = 120.0
CLUSTER = "wheeltapper-tests-----"
"""A Kafka cluster's id is 16 bytes in base64."""
LOGGING = """
rootLogger.level = INFO
rootLogger.appenderRef.out.ref = out
logger.settings.name = org.apache.kafka.common.config
logger.settings.level = WARN
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c{1} %m%n
"""


def jars(name: str) -> list[Path]:
    """The jars of scripts/jars/NAME.xml; skips where they were not made, but not on CI."""
    folder = JARS / name
    if not (folder / ".made").exists() and not os.environ.get("CI"):
        pytest.skip(f"needs build/jars/{name}; make it with: make setup-kafka")
    return sorted(folder.glob("*.jar"))


class Broker:
    """A broker and controller in one process, which keeps its data when it is stopped."""

    def __init__(self, folder: Path) -> None:
        if not shutil.which("java"):
            pytest.skip("no Java here; on Debian: apt-get install openjdk-17-jre-headless")
        self.jars = jars("kafka")
        self.log = folder / "log"
        self._folder = folder
        self._process: subprocess.Popen | None = None
        self._port, controller = free_ports(2)
        self.servers = f"127.0.0.1:{self._port}"
        self._properties = folder / "server.properties"
        self._properties.write_text(
            "process.roles=broker,controller\nnode.id=1\n"
            f"controller.quorum.voters=1@127.0.0.1:{controller}\n"
            f"listeners=PLAINTEXT://{self.servers},CONTROLLER://127.0.0.1:{controller}\n"
            f"advertised.listeners=PLAINTEXT://{self.servers}\n"
            "controller.listener.names=CONTROLLER\ninter.broker.listener.name=PLAINTEXT\n"
            f"log.dirs={folder / 'data'}\nauto.create.topics.enable=false\n"
            "offsets.topic.replication.factor=1\noffsets.topic.num.partitions=1\n"
            "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n"
            "transaction.state.log.num.partitions=1\n"
            "share.coordinator.state.topic.replication.factor=1\n"
            "share.coordinator.state.topic.min.isr=1\n"
            "group.initial.rebalance.delay.ms=0\n"
        )
        (folder / "log4j2.properties").write_text(LOGGING)
        self._java("kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", self._properties)

    def start(self) -> None:
        """Returns when it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command("kafka.Kafka", self._properties), stdout=log, stderr=log
            )
        self._wait()

    def stop(self) -> None:
        """As one stops it; what clients hold is told to them."""
        self._end(subprocess.Popen.terminate)

    def kill(self) -> None:
        """As a power cut does."""
        self._end(subprocess.Popen.kill)

    def _end(self, how) -> None:
        if self._process is not None:
            how(self._process)
            self._process.wait(timeout=60)
            self._process = None

    def _wait(self) -> None:
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        until = time.monotonic() + STARTED_S
        admin = AdminClient({"bootstrap.servers": self.servers}, logger=_silent())
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            try:
                if admin.list_topics(timeout=2).brokers:
                    return
            except KafkaException:
                continue
        raise AssertionError(f"Kafka did not start; it said: {self.tail()}")

    def tail(self) -> str:
        """The end of what it says."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def _java(self, *arguments) -> None:
        subprocess.run(self._command(*arguments), check=True, capture_output=True, timeout=120)

    def _command(self, *arguments) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self._folder / 'log4j2.properties'}"
        path = os.pathsep.join(map(str, self.jars))
        return ["java", *FOR_A_TEST, logging, "-cp", path, *map(str, arguments)]

    # What tests do with it

    def topic(self, name: str, partitions: int = 1) -> str:
        """Make a topic, and wait until it is there."""
        from confluent_kafka.admin import NewTopic

        admin = self.admin()  # it has to live as long as its answers are awaited
        for made in admin.create_topics([NewTopic(name, partitions, 1)]).values():
            made.result(30)
        return name

    def admin(self):
        from confluent_kafka.admin import AdminClient

        return AdminClient({"bootstrap.servers": self.servers}, logger=_silent())

    def send(self, topic: str, values, partition=None) -> None:
        """Messages, dealt to partitions in turn where `partition` does not name one."""
        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": self.servers, "linger.ms": 5}, logger=_silent())
        partitions = len(self.admin().list_topics(topic, timeout=30).topics[topic].partitions)
        for number, value in enumerate(values):
            at = number % partitions if partition is None else partition
            producer.produce(topic, value, partition=at)
            producer.poll(0)
        assert producer.flush(60) == 0

    def read(self, topic: str) -> list:
        """All messages of committed transactions, in the order of each partition."""
        from confluent_kafka import Consumer, TopicPartition

        settings = {
            "bootstrap.servers": self.servers, "group.id": "reader", "enable.auto.commit": False,
            "enable.partition.eof": True, "isolation.level": "read_committed",
        }  # fmt: skip
        consumer = Consumer(settings, logger=_silent())
        try:
            known = consumer.list_topics(topic, timeout=30).topics[topic].partitions
            consumer.assign([TopicPartition(topic, number, 0) for number in known])
            found, ended = [], set()
            until = time.monotonic() + 60
            while len(ended) < len(known):
                assert time.monotonic() < until, "the topic has no end"
                for message in consumer.consume(500, 1.0):
                    if message.error() is None:
                        found.append(message)
                    else:
                        ended.add(message.partition())
            return found
        finally:
            consumer.close()


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens at now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _silent():
    """Clients tell of every broken connection on standard error, which tests break on purpose."""
    import logging

    logger = logging.getLogger("tests.broker")
    logger.setLevel(logging.CRITICAL)
    return logger
