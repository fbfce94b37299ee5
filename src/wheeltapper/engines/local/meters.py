"""Meters: what a process that runs for ever says of itself, as Prometheus reads it.

Labels are names of log kinds, detectors, families, stages and topics: all from the program and its
settings, never from a log, so their number is bounded.
"""

import time
from collections import Counter as Counted
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    ProcessCollector,
    Summary,
    generate_latest,
)

from wheeltapper.engines.local.spool import Spool

STAGES = ("look", "ingest", "detect", "refine", "publish", "compact")


class Meters:
    """All figures of one process; made once."""

    def __init__(self, spool: Spool) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.events = Counter("wheeltapper_events", "Acts read.", ["source"], registry=registry)
        self.rejects = Counter(
            "wheeltapper_rejects", "Records that could not be used.", registry=registry
        )
        self.late = Counter(
            "wheeltapper_late_events",
            "Acts that came after their time had been judged.",
            registry=registry,
        )
        self.findings = Counter(
            "wheeltapper_findings", "Findings made.", ["detector"], registry=registry
        )
        self.judged = Counter("wheeltapper_judged_events", "Acts judged.", registry=registry)
        self.failures = Counter(
            "wheeltapper_failures", "Passes that failed and were tried again.", registry=registry
        )
        self.received_bytes = Counter(
            "wheeltapper_received_bytes", "Bodies taken by HTTP.", registry=registry
        )
        self.refused = Counter(
            "wheeltapper_refused_requests", "Bodies not taken.", ["status"], registry=registry
        )
        self.broker_lag = Gauge(
            "wheeltapper_broker_lag_messages",
            "Messages of a topic that were not read yet at the last look.",
            ["topic", "partition"],
            registry=registry,
        )
        self.broker_lost = Counter(
            "wheeltapper_broker_lost_messages",
            "Messages that the broker removed before they were read.",
            registry=registry,
        )
        self.broker_failures = Counter(
            "wheeltapper_broker_failures",
            "Times that the broker could not be asked.",
            registry=registry,
        )
        self.published = Counter(
            "wheeltapper_published_messages", "Messages told to a topic.", ["topic"],
            registry=registry,
        )  # fmt: skip
        self.cases = Gauge("wheeltapper_cases", "Cases in the casebook.", registry=registry)
        self.state = Gauge(
            "wheeltapper_state_bytes", "State of detection.", ["family"], registry=registry
        )
        self.newest = Gauge(
            "wheeltapper_newest_event_timestamp_seconds",
            "Time of the newest act.",
            registry=registry,
        )
        self.watermark = Gauge(
            "wheeltapper_watermark_timestamp_seconds",
            "Acts up to this time have been judged.",
            registry=registry,
        )
        self._stages = Summary(
            "wheeltapper_stage_seconds", "Time spent.", ["stage"], registry=registry
        )
        for stage in STAGES:
            self._stages.labels(stage)
        waiting = Gauge("wheeltapper_spool_bytes", "Bytes not in the lake yet.", registry=registry)
        waiting.set_function(lambda: spool.waiting_bytes)
        files = Gauge("wheeltapper_spool_files", "Entries of the spool.", registry=registry)
        files.set_function(lambda: spool.files)
        lag = Gauge("wheeltapper_lag_seconds", "Now less the newest act.", registry=registry)
        lag.set_function(self._lag_s)
        self._newest_s = 0.0
        self._beat_s = time.monotonic()

    def beat(self) -> None:
        """The work goes on."""
        self._beat_s = time.monotonic()

    @property
    def still_s(self) -> float:
        """Seconds since the work last went on."""
        return time.monotonic() - self._beat_s

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self._stages.labels(name).observe(time.perf_counter() - began)
            self.beat()

    def newest_at(self, time: datetime) -> None:
        self._newest_s = time.timestamp()
        self.newest.set(self._newest_s)

    def state_of(self, snapshots: Sequence[Path], family_of: Mapping[str, str]) -> None:
        """Read how much each family's detectors keep off the snapshots, one a shard."""
        total = Counted[str]()
        for snapshot in snapshots:
            total.update(state_bytes(snapshot, family_of))
        for family, size in total.items():
            self.state.labels(family).set(size)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _lag_s(self) -> float:
        return datetime.now(UTC).timestamp() - self._newest_s if self._newest_s else 0.0


def state_bytes(snapshot: Path, family_of: Mapping[str, str]) -> dict[str, int]:
    """Bytes of state by family of detector; what all share is `shared`."""
    with pa.memory_map(str(snapshot)) as file:
        table = pa.ipc.open_stream(file).read_all()
        if not {"name", "data"} <= set(table.column_names):  # peer tables that shards share
            return {"shared": snapshot.stat().st_size}
        names = table["name"].to_pylist()
        sizes = pc.binary_length(table["data"]).to_pylist()
    found: dict[str, int] = {}
    for name, size in zip(names, sizes, strict=True):
        detector = name.partition("/")[2].rpartition("/")[0]
        family = family_of.get(detector, "shared")
        found[family] = found.get(family, 0) + size
    return found
