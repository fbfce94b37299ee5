"""What is due while acts come in, on a cluster: judging, making cases, telling topics of them.

Acts of the last `detect.lateness_minutes` before the newest wait, as they do on one machine.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Protocol

from wheeltapper.engines.local.detect import EPOCH, Detection
from wheeltapper.engines.local.follow import (
    COMPACT_COMMITS,
    KEPT_HOURS,
    MICROSECOND,
    Followed,
    Pace,
    Stopped,
    Workspace,
)
from wheeltapper.engines.local.ingest import Ingested
from wheeltapper.engines.local.publish import Publisher

_log = logging.getLogger(__name__)


class Detecting(Protocol):
    """Detection on a cluster, of acts before a time."""

    def __call__(self, *, until: datetime, progress: Callable[[int], None]) -> Detection: ...


class Due:
    """Does what is due, step by step; whoever follows tells it what was added."""

    def __init__(
        self, ws: Workspace, detect: Detecting, *, publisher: Publisher | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.done = Followed()
        self.stop = Event()
        """Set when it is to stop: detection then does so at the end of a step, by `Stopped`."""
        self._ws, self._detect, self._publisher = ws, detect, publisher
        self._clock, self._monotonic = clock, monotonic
        self._lateness = timedelta(minutes=ws.config.detect.lateness_minutes)
        self._received = EPOCH + MICROSECOND * (ws.checkpoint.manifest().late_us or 0)
        self._newest = ws.lake.span()[1]
        self._news_at = monotonic()
        self._late = self._unrefined = True  # another process may have left work behind
        self._commits = 0
        self._refining = Pace(0.2, monotonic)
        self._publishing = Pace(0.1, monotonic)

    def received(self) -> datetime:
        """When what is added next is received, each time later than the time before.

        A clock that was set back must not hide late acts, which are known by when they came.
        """
        self._received = max(self._clock(), self._received + MICROSECOND)
        return self._received

    def added(self, done: Ingested, files: int, newest: datetime | None = None) -> None:
        """So much was added; all acts before `newest` are there (None: before the newest)."""
        if done.added:
            self._news_at = self._monotonic()
            self._newest = newest or self._ws.lake.span()[1]
        self._commits += len(done.sources)
        self._late |= done.late > 0
        self.done.records += done.records
        self.done.added += done.added
        self.done.late += done.late
        self.done.rejected += done.rejected
        _log.info(
            "%d records of %d files, %d acts added, %d late, %d rejected",
            done.records, files, done.added, done.late, done.rejected,
            extra={"fields": {
                "stage": "ingest", "records": done.records, "added": done.added,
                "late": done.late, "rejected": done.rejected,
            }},
        )  # fmt: skip

    def do(self) -> None:
        """All that is due now.

        Raises
        ------
        Stopped   when it is to stop, and what was done is kept.
        """
        self.judge()
        self.refine()
        self.publish()
        if self._commits >= COMPACT_COMMITS:
            self._ws.lake.compact(KEPT_HOURS)
            self._commits = 0

    def judge(self) -> None:
        watermark_us, until = self._ws.checkpoint.manifest().watermark_us, self._until()
        if until is None or not (self._late or self._waiting(watermark_us, until)):
            return
        done = self._detect(until=until, progress=self._judged)
        self._late = False
        self._unrefined |= done.acts + done.late > 0
        self.done.findings += done.findings
        _log.info(
            "%d acts judged, %d findings", done.acts, done.findings,
            extra={"fields": {"stage": "detect", "acts": done.acts, "findings": done.findings}},
        )  # fmt: skip

    def _judged(self, acts: int) -> None:
        self.done.judged += acts
        self._unrefined = True
        if self.stop.is_set():
            raise Stopped

    @property
    def quiet(self) -> bool:
        """Whether nothing new has come for so long that the last acts can be judged as well."""
        return self._monotonic() - self._news_at >= self._lateness.total_seconds()

    def _until(self) -> datetime | None:
        """Acts before this time are to be judged now."""
        if self._newest is None:
            return None
        # An act from the future, by somebody's wrong clock, must not make all others late.
        newest = min(self._newest, self._clock())
        return newest + MICROSECOND if self.quiet else newest - self._lateness

    def _waiting(self, watermark_us: int | None, until: datetime) -> bool:
        """Whether there is an act to judge."""
        since = EPOCH + MICROSECOND * ((watermark_us or 0) + 1)
        if self._newest is None or since > self._newest or since >= until:
            return False
        found = self._ws.lake.sql(
            "select 1 from activities where time >= make_timestamptz(?) and "
            "time < make_timestamptz(?) limit 1",
            [(since - EPOCH) // MICROSECOND, (until - EPOCH) // MICROSECOND],
            since=since, until=until,
        )  # fmt: skip
        return len(found) > 0

    def refine(self, *, at_once: bool = False) -> None:
        if not self._unrefined or not (at_once or self._refining.due):
            return
        began = self._monotonic()
        self.done.cases = self._ws.refine()
        self._unrefined = False
        self._refining.took(self._monotonic() - began)
        _log.info(
            "%d cases in all", self.done.cases,
            extra={"fields": {"stage": "refine", "cases": self.done.cases}},
        )  # fmt: skip

    def publish(self, *, at_once: bool = False) -> None:
        if self._publisher is None or not (at_once or self._publishing.due):
            return
        began = self._monotonic()
        messages = sum(self._publisher.publish(at_once=at_once).values())
        self._publishing.took(self._monotonic() - began)
        if messages:
            _log.info(
                "%d messages published", messages,
                extra={"fields": {"stage": "publish", "messages": messages}},
            )  # fmt: skip
