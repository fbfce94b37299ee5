"""Follow with Spark Structured Streaming: each micro-batch of files and messages is a small run.

Spark finds new files and numbers batches; what a batch does is what `run` does once: its files are
ingested, what is due is judged, cases are made. Spark keeps a batch for done only after all of it.
One that was cut off anywhere is done again, and ends as if it had not been: the lake knows each act
by its content, and detection goes on from its own manifest. So nothing rests on Spark's own state;
where that is lost, files are read again, and add nothing.
"""

import hashlib
import logging
import re
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wheeltapper.config import Kafka
from wheeltapper.engines.due import Due
from wheeltapper.engines.local.detect import Detection
from wheeltapper.engines.local.follow import (
    EVERY_S,
    LONGEST_PAUSE_S,
    PASSING,
    Followed,
    Stopped,
    Workspace,
)
from wheeltapper.engines.local.publish import Publisher
from wheeltapper.engines.messages import COLUMNS, at_origin, topic_of
from wheeltapper.engines.spark.detect import detect
from wheeltapper.engines.spark.ingest import ingest
from wheeltapper.engines.spark.session import told
from wheeltapper.engines.spark.topics import (
    COLUMNS_DDL,
    FOUND_DDL,
    left_in,
    stream,
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
        self._ws, self._spark, self._source = ws, spark, source
        self._every_s, self._jobs = every_s, jobs
        self._topics = topics
        self._folders = sorted({Path(folder).absolute() for folder in folders})
        for folder in self._folders:
            if not folder.is_dir():
                raise WheeltapperError(f"{folder} is no folder; Spark follows folders")
        for kind in {source, *(topics.topics.values() if topics else ())} - {None, ""}:
            ws.sources().named(str(kind))
        self._judges = ws.judges()
        self._due = Due(ws, self._detect, publisher=publisher, clock=clock, monotonic=monotonic)
        self._at_work = threading.Lock()
        """Held by the batch, which a thread of Spark's runs, or by what is done between two."""
        self._failed: BaseException | None = None

    @property
    def done(self) -> Followed:
        return self._due.done

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
        self._due.stop = stop
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
        self._due.refine(at_once=True)
        self._due.publish(at_once=True)
        return self.done

    def _follow(self) -> None:
        """Run one query until it fails, or is to stop."""
        query = self._query()
        try:
            while not query.awaitTermination(_LOOK_S):
                if self._due.stop.is_set():
                    with self._at_work:  # a batch ends where all that was done is kept
                        return
                if self._at_work.acquire(blocking=False):
                    try:
                        if self._due.quiet:
                            self._due.do()
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
                if self._due.stop.is_set():
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
        self._due.do()

    def _ingest(self, files: Sequence[Path], source: str | None) -> None:
        there = [file for file in files if file.is_file()]
        done = ingest(
            self._ws.root, there, self._ws.lake, self._ws.rejects, self._spark,
            source=source, now=self._due.received(), origin=at_origin,
            watermark_us=self._ws.checkpoint.manifest().watermark_us,
        )  # fmt: skip
        self._due.added(done, len(there))

    def _detect(self, *, until: datetime, progress: Callable[[int], None]) -> Detection:
        settings = self._ws.config.detect
        return detect(
            self._ws.root, settings.off, self._ws.lake, self._ws.config.lake_path(self._ws.root),
            self._ws.checkpoint, self._judges, self._spark, step_rows=settings.step,
            workers=self._jobs, until=until, progress=progress,
        )  # fmt: skip
