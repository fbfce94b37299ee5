"""Follow: the main job for ever: what comes in is ingested, judged and made cases of, pass by pass.

Everything goes through the spool first, read from a file or come by HTTP, so that there is one way
in and one place where it is counted. A process killed anywhere ends, when it is started again, in
the same findings, once each: what is still in the spool is ingested again, which adds nothing.

Acts come out of order. Those of the last `detect.lateness_minutes` before the newest are not judged
yet, so that what comes within that time is in order; what comes later is late (see `detect`). This
machine's clock only says where the future begins, and when nothing new has come for so long that
the last acts can be judged as well.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, groupby
from pathlib import Path
from typing import Protocol

import duckdb
import pyarrow.compute as pc
from deltalake.exceptions import DeltaError
from sqlalchemy.exc import OperationalError

from wheeltapper.config import Config
from wheeltapper.engines.local.checkpoint import Checkpoint
from wheeltapper.engines.local.crew import Kept, WorkerLost
from wheeltapper.engines.local.detect import EPOCH, detect
from wheeltapper.engines.local.ingest import ingest
from wheeltapper.engines.local.judges import Judges
from wheeltapper.engines.local.kafka import Topics
from wheeltapper.engines.local.meters import Meters
from wheeltapper.engines.local.publish import Publisher
from wheeltapper.engines.local.spool import About, Entry, Spool
from wheeltapper.engines.local.tail import Tail
from wheeltapper.enrich import Enricher
from wheeltapper.errors import disk_is_full
from wheeltapper.ingest import Sources, read
from wheeltapper.ingest.batch import Batch, Reject
from wheeltapper.ingest.readers import Limits
from wheeltapper.store.lake import Lake

EVERY_S = 5.0
"""Between the beginnings of two passes."""
ROUND_BYTES = 128 << 20
"""The spool is emptied into the lake when a look has put so much into it."""
SAVE_S = 10.0
"""Between two times that it is kept how far files were read."""
COMPACT_COMMITS = 512
"""So many small commits make it worth while to rewrite the days that they fell on."""
KEPT_HOURS = 2
"""What was rewritten stays so long for those who read it; each time that is a day's files."""
LONGEST_PAUSE_S = 60.0
"""After passes that failed."""
PASSING = (OSError, DeltaError, OperationalError, duckdb.IOException, WorkerLost)
"""What a full disk, a store that is away, a killed worker raises: it may be well again soon."""
MICROSECOND = timedelta(microseconds=1)
_log = logging.getLogger(__name__)


class Workspace(Protocol):
    """What following asks of a workspace."""

    root: Path
    config: Config

    @property
    def lake(self) -> Lake: ...
    @property
    def checkpoint(self) -> Checkpoint: ...
    @property
    def rejects(self) -> Path: ...
    def sources(self) -> Sources: ...
    def judges(self) -> Judges: ...
    def refine(self) -> int: ...


@dataclass(slots=True)
class Followed:
    """What was done since the start."""

    records: int = 0
    added: int = 0
    late: int = 0
    rejected: int = 0
    judged: int = 0
    findings: int = 0
    cases: int = 0


class Stopped(Exception):
    """The wish to stop was seen, at a point where everything done is kept."""


class Pace:
    """Keeps work that costs as much however little is new to a share of the time."""

    def __init__(self, share: float, clock: Callable[[], float]) -> None:
        self._share = share
        self._clock = clock
        self._next_s = clock()

    @property
    def due(self) -> bool:
        return self._clock() >= self._next_s

    def took(self, seconds: float) -> None:
        self._next_s = self._clock() + seconds * (1 / self._share - 1)


class Follower:
    """One process that keeps a workspace up to date; it alone may write into it."""

    def __init__(
        self, ws: Workspace, paths: Sequence[str | Path], *, spool: Spool, meters: Meters,
        source: str = "", every_s: float = EVERY_S, topics: Topics | None = None,
        publisher: Publisher | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Open everything that is read once.

        Raises
        ------
        WheeltapperError   for a path that is not there, a log kind nobody knows, a broken setting.
        """
        self.done = Followed()
        self._ws, self._spool, self._meters, self._topics = ws, spool, meters, topics
        self._source, self._every_s, self._publisher = source, every_s, publisher
        self._clock, self._monotonic = clock, monotonic
        settings = ws.config.ingest
        limits = Limits(
            max_record_bytes=int(settings.max_record_mib * (1 << 20)),
            max_file_bytes=int(settings.max_file_gib * (1 << 30)),
            max_ratio=settings.max_ratio,
        )
        self._sources = ws.sources()
        for name in {source, *(ws.config.kafka.topics.values() if topics else ())} - {""}:
            self._sources.named(name)
        self._tail = Tail(paths, ws.root / "state", limits)
        self._enricher = Enricher(ws.config.enrich, root=ws.root, timezone=ws.config.timezone)
        self._judges = ws.judges()
        self._crew = Kept(ws.root, ws.config.detect.off, ws.checkpoint, jobs=ws.config.detect.jobs)
        self._families = {d.name: d.family for d in self._judges.detectors}
        self._lateness = timedelta(minutes=ws.config.detect.lateness_minutes)
        manifest = ws.checkpoint.manifest()
        self._received = EPOCH + MICROSECOND * (manifest.late_us or 0)
        self._newest = ws.lake.span()[1]
        self._news_at = monotonic()
        self._late = self._unrefined = True  # another process may have left work behind
        self._commits = 0
        self._refining = Pace(0.2, monotonic)
        self._compacting = Pace(0.05, monotonic)
        self._publishing = Pace(0.1, monotonic)
        self._saved_at = monotonic()

    def run(self, stop: threading.Event) -> Followed:
        """Follow until `stop` is set; the pass that is going on then is brought to a good end.

        Raises
        ------
        WheeltapperError   for what does not mend by trying again, such as a damaged state.
        """
        self._spool.sweep()
        pause_s, first = 0.0, True
        while not stop.is_set():
            began = self._monotonic()
            try:
                if first:
                    # Documents are taken when two looks agree: what is here already is not late.
                    self._take(stop)
                    stop.wait(min(1.0, self._every_s))
                    first = False
                self.step(stop)
                pause_s = 0.0
            except Stopped:
                break
            except PASSING as error:  # nothing is lost: what is not in the lake is in the spool
                self._meters.failures.inc()
                pause_s = min(LONGEST_PAUSE_S, max(self._every_s, pause_s * 2))
                why = f"the disk is full, make room: {error}" if disk_is_full(error) else str(error)
                _log.error("the pass failed and is tried again in %.0f s: %s", pause_s, why)
            stop.wait(max(pause_s, self._every_s - (self._monotonic() - began)))
        self._crew.close()
        self._tail.save()
        if self._topics:
            self._topics.save()
        self._refine(at_once=True)
        self._publish(at_once=True)
        return self.done

    def step(self, stop: threading.Event) -> None:
        """One pass: take in what is new, judge what is due, make cases."""
        self._take(stop)
        self._judge(stop)
        self._refine()
        self._publish()
        self._compact()
        self._meters.beat()

    def _take(self, stop: threading.Event) -> None:
        with self._meters.stage("look"):
            messages = self._topics.look() if self._topics else ()
            for _ in chain(self._tail.look(self._spool, self._source), messages):
                if stop.is_set():
                    raise Stopped
                if self._spool.waiting_bytes >= ROUND_BYTES:
                    self._ingest(stop)
        self._ingest(stop)
        if self._monotonic() - self._saved_at >= SAVE_S:
            self._tail.save()
            self._saved_at = self._monotonic()

    def _ingest(self, stop: threading.Event) -> None:
        entries = sorted(self._spool.entries(), key=lambda e: (e.about.source, e.folder.name))
        for source, some in groupby(entries, key=lambda e: e.about.source):
            with self._meters.stage("ingest"):
                self._ingest_some(list(some), source)
            if stop.is_set():
                raise Stopped

    def _ingest_some(self, entries: list[Entry], source: str) -> None:
        # A clock that was set back must not hide late acts, which are known by when they came.
        self._received = max(self._clock(), self._received + MICROSECOND)
        batches = read(
            [entry.data for entry in entries], settings=self._ws.config.ingest,
            now=self._received, source=source or None, timezone=self._ws.config.timezone,
            sources=self._sources,
        )  # fmt: skip
        done = ingest(
            self._named(batches, entries), self._enricher, self._ws.lake, self._ws.rejects,
            watermark_us=self._ws.checkpoint.manifest().watermark_us,
            progress=lambda _: self._meters.beat(),
        )  # fmt: skip
        if self._topics:
            self._topics.save()  # before what tells how far it had come is gone
        self._spool.remove(entries)
        if done.added:
            self._news_at = self._monotonic()
        self._late |= done.late > 0
        self.done.records += done.records
        self.done.added += done.added
        self.done.late += done.late
        self.done.rejected += done.rejected
        for kind, acts in done.sources.items():
            if kind:
                self._meters.events.labels(kind).inc(acts)
        self._meters.rejects.inc(done.rejected)
        self._meters.late.inc(done.late)
        _log.info(
            "%d records, %d acts added, %d late, %d rejected",
            done.records, done.added, done.late, done.rejected,
            extra={"fields": {
                "stage": "ingest", "records": done.records, "added": done.added,
                "late": done.late, "rejected": done.rejected,
            }},
        )  # fmt: skip

    def _named(self, batches: Iterator[Batch], entries: Sequence[Entry]) -> Iterator[Batch]:
        """The same, with rejects told by the file and line that they come from."""
        about = {str(entry.data): entry.about for entry in entries}
        for batch in batches:
            if len(batch.activities):
                newest = pc.max(batch.activities["time"]).as_py()
                self._newest = max(newest, self._newest or newest)
                self._meters.newest_at(self._newest)
                self._commits += 1
            yield replace(
                batch, rejects=[_at_origin(one, about[one.file]) for one in batch.rejects]
            )

    def _judge(self, stop: threading.Event) -> None:
        before = self._ws.checkpoint.manifest()
        until = self._until()
        if until is None or not (self._late or self._waiting(before.watermark_us, until)):
            return
        settings = self._ws.config.detect
        acts = 0

        def judged(some: int) -> None:
            nonlocal acts
            acts += some
            self._meters.beat()
            if stop.is_set():
                raise Stopped

        try:
            with self._meters.stage("detect"):
                done = detect(
                    self._ws.lake, self._ws.checkpoint, self._judges, step_rows=settings.step,
                    threads=settings.threads, until=until, progress=judged, crew=self._crew,
                )  # fmt: skip
            self._late = False
            self._unrefined |= done.late > 0
            if done.anew:
                _log.info("%d detectors are new or changed; history taught them", len(done.anew))
        finally:
            self._tell_detected(acts, before.step)

    def _until(self) -> datetime | None:
        """Acts before this time are to be judged now."""
        if self._newest is None or (self._topics and not self._topics.caught_up):
            return None
        # An act from the future, by somebody's wrong clock, must not make all others late.
        newest = min(self._newest, self._clock())
        quiet = self._monotonic() - self._news_at >= self._lateness.total_seconds()
        return newest + MICROSECOND if quiet else newest - self._lateness

    def _waiting(self, watermark_us: int | None, until: datetime) -> bool:
        """Whether there is an act to judge."""
        newest_us = 0 if self._newest is None else (self._newest - EPOCH) // MICROSECOND
        if watermark_us is not None and newest_us <= watermark_us:
            return False
        since = None if watermark_us is None else EPOCH + MICROSECOND * (watermark_us + 1)
        found = self._ws.lake.sql(
            "select 1 from activities where time >= make_timestamptz(?) and "
            "time < make_timestamptz(?) limit 1",
            [(watermark_us or 0) + 1, (until - EPOCH) // MICROSECOND],
            since=since, until=until,
        )  # fmt: skip
        return len(found) > 0

    def _tell_detected(self, acts: int, step: int) -> None:
        found = self._ws.lake.sql(
            "select detector, count(*) as n from findings where step > ? group by detector",
            [f"{step:012d}~"],
        ).to_pylist()
        for row in found:
            self._meters.findings.labels(row["detector"]).inc(row["n"])
        findings = sum(row["n"] for row in found)
        self._unrefined |= acts > 0 or findings > 0
        self._meters.judged.inc(acts)
        self.done.judged += acts
        self.done.findings += findings
        manifest = self._ws.checkpoint.manifest()
        if manifest.watermark_us is not None:
            self._meters.watermark.set(manifest.watermark_us / 1e6)
        files = [self._ws.checkpoint.folder / name for name in manifest.snapshots]
        self._meters.state_of([f for f in files if f.name.startswith("detect-")], self._families)
        _log.info(
            "%d acts judged, %d findings", acts, findings,
            extra={"fields": {"stage": "detect", "acts": acts, "findings": findings}},
        )  # fmt: skip

    def _refine(self, *, at_once: bool = False) -> None:
        if not self._unrefined or not (at_once or self._refining.due):
            return
        began = self._monotonic()
        with self._meters.stage("refine"):
            self.done.cases = self._ws.refine()
        self._unrefined = False
        self._refining.took(self._monotonic() - began)
        self._meters.cases.set(self.done.cases)
        _log.info(
            "%d cases in all", self.done.cases,
            extra={"fields": {"stage": "refine", "cases": self.done.cases}},
        )  # fmt: skip

    def _publish(self, *, at_once: bool = False) -> None:
        if self._publisher is None or not (at_once or self._publishing.due):
            return
        began = self._monotonic()
        with self._meters.stage("publish"):
            told = self._publisher.publish(at_once=at_once)
        self._publishing.took(self._monotonic() - began)
        for topic, messages in told.items():
            self._meters.published.labels(topic).inc(messages)
        if sum(told.values()):
            _log.info(
                "%d messages published", sum(told.values()),
                extra={"fields": {"stage": "publish", "messages": sum(told.values())}},
            )  # fmt: skip

    def _compact(self) -> None:
        if self._commits < COMPACT_COMMITS or not self._compacting.due:
            return
        began = self._monotonic()
        with self._meters.stage("compact"):
            self._ws.lake.compact(KEPT_HOURS)
        self._commits = 0
        self._compacting.took(self._monotonic() - began)


def _at_origin(one: Reject, about: About) -> Reject:
    """Told by where it comes from: file and line, or topic, partition and offset."""
    if about.topic and one.line:
        return replace(one, file=f"{about.origin}/{one.line - 1}", line=1)
    return replace(one, file=about.origin, line=one.line and one.line + about.line - 1)
