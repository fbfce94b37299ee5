"""Follow with Spark Structured Streaming: each micro-batch of files and messages is a small run.

Spark finds new files and numbers batches; what a batch does is what `run` does once: its files are
ingested, what is due is judged, cases are made. Spark keeps a batch for done only after all of it.
One that was cut off anywhere is done again, and ends as if it had not been: the lake knows each act
by its content, and detection goes on from its own manifest. So nothing rests on Spark's own state;
where that is lost, files are read again, and add nothing.

Acts of the last `detect.lateness_minutes` before the newest wait, as they do on one machine.
"""

import hashlib
import logging
import re
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from wheeltapper.config import Kafka
from wheeltapper.engines.local.detect import EPOCH
from wheeltapper.engines.local.follow import (
    COMPACT_COMMITS,
    EVERY_S,
    KEPT_HOURS,
    LONGEST_PAUSE_S,
    MICROSECOND,
    PASSING,
    Followed,
    Pace,
    Stopped,
    Workspace,
)
from wheeltapper.engines.local.publish import Publisher
from wheeltapper.engines.spark.detect import detect
from wheeltapper.engines.spark.ingest import ingest
from wheeltapper.engines.spark.session import told
from wheeltapper.engines.spark.topics import (
    COLUMNS,
    COLUMNS_DDL,
    FOUND_DDL,
    at_origin,
    left_in,
    stream,
    topic_of,
)
from wheeltapper.errors import WheeltapperError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming import StreamingQuery

_FILE_DDL = "path string, modificationTime timestamp, length long, content binary"
"""What Spark's reader of whole files gives; their content is not asked for."""
_LOOK_S = 0.5
"""How soon it is seen that it is to stop, or that the query has ended."""
_NEVER = "36500d"
"""A file is new if its name was not seen, however old it is."""
_log = logging.getLogger(__name__)


class Stream:
    """One driver that keeps a workspace up to date; it alone may write into it."""

    def __init__(
        self, ws: Workspace, folders: Sequence[str | Path], spark: "SparkSession", *,
        source: str | None = None, every_s: float = EVERY_S, jobs: int | None = None,
        publisher: Publisher | None = None, topics: Kafka | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Open everything that is read once.

        Raises
        ------
        WheeltapperError   for a path that is no folder, a log kind nobody knows, a broken setting.
        """
        self.done = Followed()
        self._ws, self._spark, self._source = ws, spark, source
        self._every_s, self._jobs = every_s, jobs
        self._publisher, self._topics = publisher, topics
        self._clock, self._monotonic = clock, monotonic
        self._folders = sorted({Path(folder).absolute() for folder in folders})
        for folder in self._folders:
            if not folder.is_dir():
                raise WheeltapperError(f"{folder} is no folder; Spark follows folders")
        for kind in {source, *(topics.topics.values() if topics else ())} - {None, ""}:
            ws.sources().named(str(kind))
        self._judges = ws.judges()
        self._lateness = timedelta(minutes=ws.config.detect.lateness_minutes)
        self._received = EPOCH + MICROSECOND * (ws.checkpoint.manifest().late_us or 0)
        self._newest = ws.lake.span()[1]
        self._news_at = monotonic()
        self._late = self._unrefined = True  # another process may have left work behind
        self._commits = 0
        self._refining = Pace(0.2, monotonic)
        self._publishing = Pace(0.1, monotonic)
        self._at_work = threading.Lock()
        """Held by the batch, which a thread of Spark's runs, or by what is done between two."""
        self._stop = threading.Event()
        self._failed: BaseException | None = None

    @property
    def kept(self) -> Path:
        """Where Spark keeps what it has seen: of these folders and topics alone."""
        topics = [self._topics.servers, *sorted(self._topics.topics)] if self._topics else []
        names = "\n".join([*map(str, self._folders), *topics]).encode()
        digest = hashlib.blake2b(names, digest_size=8).hexdigest()
        return self._ws.root.absolute() / "state" / f"stream-{digest}"

    def run(self, stop: threading.Event) -> Followed:
        """Follow until `stop` is set; the step that is going on then is brought to a good end.

        Raises
        ------
        WheeltapperError   if Spark ends, or for what does not mend by trying again.
        """
        self._stop = stop
        pause_s = 0.0
        while not stop.is_set():
            self._failed = None
            try:
                with told():
                    self._follow()
            except (WheeltapperError, *PASSING) as error:
                failed = self._failed or error
                if isinstance(failed, Stopped):
                    break
                if not isinstance(failed, PASSING) or isinstance(failed, ConnectionError):
                    raise failed if isinstance(failed, WheeltapperError) else error from None
                pause_s = min(LONGEST_PAUSE_S, max(self._every_s, pause_s * 2))
                _log.error("failed, and is tried again in %.0f s: %s", pause_s, failed)
                stop.wait(pause_s)
        self._refine(at_once=True)
        self._publish(at_once=True)
        return self.done

    def _follow(self) -> None:
        """Run one query until it fails, or is to stop."""
        query = self._query()
        try:
            while not query.awaitTermination(_LOOK_S):
                if self._stop.is_set():
                    with self._at_work:  # a batch ends where all that was done is kept
                        return
                if self._at_work.acquire(blocking=False):
                    try:
                        if self._quiet():
                            self._judge()
                            self._refine()
                            self._publish()
                    finally:
                        self._at_work.release()
        finally:
            with suppress(Exception):  # it may be gone
                query.stop()

    def _query(self) -> "StreamingQuery":
        reader = self._spark.readStream.format("binaryFile").schema(_FILE_DDL)
        reader = reader.option("recursiveFileLookup", "true").option("maxFileAge", _NEVER)
        none = [f"cast(null as {t}) as {n}" for n, t in zip(COLUMNS, COLUMNS_DDL, strict=True)]
        none = none if self._topics else []
        looked_at = [
            reader.load(f"file://{folder}").selectExpr("path", *none) for folder in self._folders
        ]
        if self._topics:
            messages = stream(self._spark, self._topics)
            looked_at.append(messages.selectExpr("cast(null as string) as path", *COLUMNS))
        first, *more = looked_at
        for one in more:
            first = first.union(one)
        writer = first.writeStream.foreachBatch(self._batch)
        writer = writer.option("checkpointLocation", f"file://{self.kept}")
        return writer.trigger(processingTime=f"{int(self._every_s * 1000)} milliseconds").start()

    def _batch(self, frame: "DataFrame", number: int) -> None:
        """A micro-batch: all of it, or as if it had not been; Spark repeats what raises."""
        with self._at_work:
            try:
                if self._stop.is_set():
                    raise Stopped
                self.step(*self._found(frame))
                shutil.rmtree(self._left, ignore_errors=True)
                _log.info("batch %d is done", number, extra={"fields": {"batch": number}})
            except BaseException as error:
                self._failed = error
                raise

    @property
    def _left(self) -> Path:
        """Where tasks leave the messages of a batch."""
        return self.kept.with_name(f"{self.kept.name}-messages")

    def _found(self, frame: "DataFrame") -> tuple[list[Path], dict[str, list[Path]]]:
        """Files of a batch, and those that its messages were left in, by log kind."""
        if self._topics:
            shutil.rmtree(self._left, ignore_errors=True)
            self._left.mkdir(parents=True)
            frame = frame.mapInArrow(left_in(str(self._left)), FOUND_DDL)
        found = frame.toArrow()
        files = [
            Path(re.sub(r"^file:/*", "/", path)) for path in found["path"].drop_null().to_pylist()
        ]
        messages: dict[str, list[Path]] = {}
        for name in sorted(found["name"].drop_null().to_pylist()) if self._topics else ():
            kind = self._topics.topics[topic_of(name)] if self._topics else ""
            messages.setdefault(kind, []).append(self._left / name)
        return files, messages

    def step(
        self, files: Sequence[Path], messages: Mapping[str, Sequence[Path]] | None = None
    ) -> None:
        """Take in files, and those of messages by their kind; judge what is due, make cases."""
        if files or not messages:
            self._ingest(sorted(files), self._source)
        for kind, some in sorted((messages or {}).items()):
            self._ingest(some, kind or None)
        self._judge()
        self._refine()
        self._publish()
        if self._commits >= COMPACT_COMMITS:
            self._ws.lake.compact(KEPT_HOURS)
            self._commits = 0

    def _ingest(self, files: Sequence[Path], source: str | None) -> None:
        there = [file for file in files if file.is_file()]
        # A clock that was set back must not hide late acts, which are known by when they came.
        self._received = max(self._clock(), self._received + MICROSECOND)
        done = ingest(
            self._ws.root, there, self._ws.lake, self._ws.rejects, self._spark,
            source=source, now=self._received, origin=at_origin,
            watermark_us=self._ws.checkpoint.manifest().watermark_us,
        )  # fmt: skip
        if done.added:
            self._news_at = self._monotonic()
            self._newest = self._ws.lake.span()[1]
        self._commits += len(done.sources)
        self._late |= done.late > 0
        self.done.records += done.records
        self.done.added += done.added
        self.done.late += done.late
        self.done.rejected += done.rejected
        _log.info(
            "%d records of %d files, %d acts added, %d late, %d rejected",
            done.records, len(there), done.added, done.late, done.rejected,
            extra={"fields": {
                "stage": "ingest", "records": done.records, "added": done.added,
                "late": done.late, "rejected": done.rejected,
            }},
        )  # fmt: skip

    def _judge(self) -> None:
        watermark_us, until = self._ws.checkpoint.manifest().watermark_us, self._until()
        if until is None or not (self._late or self._waiting(watermark_us, until)):
            return
        settings = self._ws.config.detect
        done = detect(
            self._ws.root, settings.off, self._ws.lake, self._ws.checkpoint, self._judges,
            self._spark, step_rows=settings.step, workers=self._jobs, until=until,
            progress=self._judged,
        )  # fmt: skip
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
        if self._stop.is_set():
            raise Stopped

    def _quiet(self) -> bool:
        """Whether nothing new has come for so long that the last acts can be judged as well."""
        return self._monotonic() - self._news_at >= self._lateness.total_seconds()

    def _until(self) -> datetime | None:
        """Acts before this time are to be judged now."""
        if self._newest is None:
            return None
        # An act from the future, by somebody's wrong clock, must not make all others late.
        newest = min(self._newest, self._clock())
        return newest + MICROSECOND if self._quiet() else newest - self._lateness

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

    def _refine(self, *, at_once: bool = False) -> None:
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

    def _publish(self, *, at_once: bool = False) -> None:
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
