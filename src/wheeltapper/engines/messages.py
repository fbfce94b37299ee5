"""Messages of Kafka on a cluster: its connector reads them, and tasks leave what comes as files.

Such a file holds messages of one partition with their offsets, as an entry of the spool does on one
machine. So they are read by the same reader, and a reject is told by topic, partition and offset.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from wheeltapper.config import Kafka
from wheeltapper.engines.local.broker import client_settings
from wheeltapper.errors import ConfigError
from wheeltapper.ingest.batch import Reject
from wheeltapper.ingest.readers.messages import MAGIC, framed

COLUMNS = ("topic", "partition", "offset", "timestamp", "value")
"""Of a table of messages; `timestamp` in microseconds, as Kafka has it."""
FILE_BYTES = 32 << 20
_APART = "~"
"""Between the parts of a file's name; no topic's name can hold it."""
_LOGIN = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}


def options(settings: Kafka, environment: Mapping[str, str]) -> dict[str, str]:
    """What Java's client is told: its names for `[kafka.client]`.

    Raises
    ------
    ConfigError   for a mechanism whose login it would need a module of its own for.
    """
    told = {name: str(value) for name, value in client_settings(settings, environment).items()}
    for ours in ("log_level", "client.id"):
        told.pop(ours, None)
    mechanism = told.pop("sasl.mechanisms", None) or told.pop("sasl.mechanism", None)
    user, password = told.pop("sasl.username", None), told.pop("sasl.password", None)
    if mechanism:
        told["sasl.mechanism"] = mechanism
    if user is not None and password is not None:
        if mechanism not in _LOGIN:
            raise ConfigError(
                f"[kafka.client] sasl.mechanism {mechanism!r} is not known to Java's client here; "
                f"there are {', '.join(_LOGIN)}, or set sasl.jaas.config"
            )
        login = f"username={_quoted(user)} password={_quoted(password)}"
        told["sasl.jaas.config"] = f"{_LOGIN[mechanism]} required {login};"
    if ca := told.pop("ssl.ca.location", None):
        told["ssl.truststore.type"], told["ssl.truststore.location"] = "PEM", ca
    told["isolation.level"] = "read_committed"
    return told


def leave(folder: Path, table: pa.Table) -> Iterator[str]:
    """Write a table with `COLUMNS` to files in `folder`, and tell their names one by one."""
    newest_us = table["timestamp"].cast(pa.int64()).to_pylist()
    rows = zip(
        table["topic"].to_pylist(), table["partition"].to_pylist(), table["offset"].to_pylist(),
        newest_us, table["value"].to_pylist(), strict=True,
    )  # fmt: skip
    held: list[bytes] = []
    about: tuple[str, int] = ("", 0)
    first = size = newest = 0
    for topic, partition, offset, time_us, value in rows:
        if held and ((topic, partition) != about or size >= FILE_BYTES):
            yield _write(folder, about, first, held, newest)
            held, size, newest = [], 0, 0
        if not held:
            about, first = (topic, partition), offset
        held.append(framed(offset, value or b""))
        size += len(held[-1])
        newest = max(newest, time_us or 0)
    if held:
        yield _write(folder, about, first, held, newest)


def _write(
    folder: Path, about: tuple[str, int], first: int, held: list[bytes], newest_us: int
) -> str:
    name = f"{about[0]}{_APART}{about[1]}{_APART}{first}"
    beside = folder / f"{name}.{os.getpid()}.new"
    beside.write_bytes(b"".join([MAGIC, *held]))
    os.utime(beside, ns=(newest_us * 1000, newest_us * 1000))
    beside.replace(folder / name)
    return name


def topic_of(name: str) -> str:
    """Whose messages the file of this name holds."""
    return name.partition(_APART)[0]


def at_origin(one: Reject) -> Reject:
    """A reject of such a file, told by topic, partition and offset; any other as it is."""
    topic, _, rest = Path(one.file).name.partition(_APART)
    partition = rest.partition(_APART)[0]
    if not partition.isdigit() or not one.line:
        return one
    return replace(one, file=f"kafka:{topic}/{partition}/{one.line - 1}", line=1)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
