"""Follow topics with Flink: one job reads them for ever, another one judges what is due.

The first is a stream: Flink's connector reads Kafka, workers map and enrich, and how far was read
is in Flink's checkpoints. The driver adds what workers left to the lake, which has one writer, and
runs detection as a job of its own whenever acts are due. The lake knows each act by its content, so
what a worker leaves twice adds nothing, and where Flink's checkpoints are lost, topics are read
again.

What one partition still holds may be older than what another one gave. So the time up to which acts
are judged follows the partition that is furthest behind, of those that gave any lately.
"""

import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any  # Flink's own objects

import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import activity
from wheeltapper.config import Kafka
from wheeltapper.engines.due import Due
from wheeltapper.engines.flink import detect as flink
from wheeltapper.engines.flink.taking import SUFFIX, Taking
from wheeltapper.engines.local import ingest
from wheeltapper.engines.local.detect import EPOCH
from wheeltapper.engines.local.follow import EVERY_S, Followed, Stopped, Workspace
from wheeltapper.engines.local.publish import Publisher
from wheeltapper.engines.messages import at_origin
from wheeltapper.engines.reading import left
from wheeltapper.errors import WheeltapperError
from wheeltapper.ingest import Batch

JARS = "WHEELTAPPER_FLINK_JARS"
"""Environment: Flink's Kafka connector, where it is not in Flink's own folder `lib`."""
IDLE_S = 30.0
"""A partition that gave nothing for so long holds up no other."""
SETTLED_S = 10.0
"""After the first message all partitions are taken to have given their first."""
STARTING_S = 120.0
"""Where no message comes for so long after the start, none is taken to wait."""
_log = logging.getLogger(__name__)


class Behind:
    """The newest act of each partition, and when the partition last gave any."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._started = monotonic()
        self._began: float | None = None
        self._newest: dict[str, tuple[datetime, float]] = {}

    def gave(self, partition: str, newest: datetime) -> None:
        now = self._monotonic()
        self._began = now if self._began is None else self._began
        known = self._newest.get(partition, (newest, now))[0]
        self._newest[partition] = max(known, newest), now

    @property
    def settled(self) -> bool:
        """Whether every partition has had time to give something."""
        now = self._monotonic()
        if self._began is None:  # what waits may be older than what the lake has
            return now - self._started >= STARTING_S
        return now - self._began >= SETTLED_S

    @property
    def newest(self) -> datetime | None:
        """The newest act of the partition that is furthest behind; None: none gave any lately."""
        since = self._monotonic() - IDLE_S
        return min((time for time, at in self._newest.values() if at >= since), default=None)


class Stream:
    """One driver that keeps a workspace up to date; it alone may write into it."""

    def __init__(
        self, ws: Workspace, topics: Kafka, *, every_s: float = EVERY_S, jobs: int | None = None,
        publisher: Publisher | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Open everything that is read once.

        Raises
        ------
        WheeltapperError   for a log kind nobody knows, a broken setting, or without Flink.
        """
        for kind in {*topics.topics.values()} - {""}:
            ws.sources().named(kind)
        flink.available()
        self._ws, self._topics, self._every_s = ws, topics, every_s
        self._jobs = jobs or ws.config.detect.jobs
        self._behind = Behind(monotonic)
        settings = ws.config.detect
        root = ws.root.absolute()
        detect = partial(
            flink.detect, root, settings.off, ws.lake, ws.config.lake_path(root), ws.checkpoint,
            ws.judges(), step_rows=settings.step, workers=self._jobs,
            powershell=settings.powershell,
        )  # fmt: skip
        self._due = Due(ws, detect, publisher=publisher, clock=clock, monotonic=monotonic)

    @property
    def done(self) -> Followed:
        return self._due.done

    @property
    def kept(self) -> Path:
        """Where Flink keeps how far it has read: of these topics alone."""
        names = "\n".join([self._topics.servers, *sorted(self._topics.topics)]).encode()
        digest = hashlib.blake2b(names, digest_size=8).hexdigest()
        return self._ws.root.absolute() / "state" / f"flink-topics-{digest}"

    def run(self, stop: Event) -> Followed:
        """Follow until `stop` is set; the step that is going on then is brought to a good end.

        Raises
        ------
        WheeltapperError   if Flink's job ends, as when it cannot reach the broker.
        """
        self._due.stop = stop
        folder = self.kept / "acts"
        folder.mkdir(parents=True, exist_ok=True)
        with flink.failing():
            client = self._started(folder)
            end = flink.ended(client)
            try:
                while not stop.wait(self._every_s):
                    if end.isDone():
                        end.get()
                        raise WheeltapperError("Flink's job of topics ended. Run the same again")
                    self.step(folder)
            except Stopped:
                pass
            except Exception as error:
                flink.cancel(client)
                if not stop.is_set():
                    raise
                # Flink was told to end as well.
                _log.warning("failed while it was stopped, and goes on later: %s", error)
            flink.stop(client, flink.savepoints(self.kept))
        self._add(folder)
        self._due.refine(at_once=True)
        self._due.publish(at_once=True)
        return self.done

    def _started(self, folder: Path) -> Any:
        from wheeltapper.engines.flink.topics import SETTINGS, start

        jars = [Path(one).absolute().as_uri() for one in os.environ.get(JARS, "").split(",") if one]
        settings = {**SETTINGS, **({"pipeline.jars": ";".join(jars)} if jars else {})}
        job = Taking(
            root=str(self._ws.root.absolute()), folder=str(folder), kinds=self._topics.topics
        )
        try:
            return start(flink.configuration(self.kept, self._jobs, settings), self._topics, job)
        except Exception as error:
            if "factory for identifier 'kafka'" not in str(error):
                raise
            raise WheeltapperError(
                f"Flink has no Kafka connector: say in {JARS} where its "
                "flink-sql-connector-kafka-….jar is, or put that into Flink's folder lib"
            ) from error

    def step(self, folder: Path) -> None:
        """Add what workers left, and do what is due."""
        self._add(folder)
        if self._behind.settled:
            self._due.do()

    def _add(self, folder: Path) -> None:
        files = sorted(folder.glob(f"*{SUFFIX}"))
        if not files:
            return
        done = ingest.ingest(
            self._taken(files, self._due.received()), None, self._ws.lake, self._ws.rejects,
            watermark_us=self._ws.checkpoint.manifest().watermark_us,
        )  # fmt: skip
        for file in files:
            file.unlink()
        self._due.added(done, len(files), self._behind.newest)

    def _taken(self, files: Iterable[Path], now: datetime) -> Iterator[Batch]:
        for file in files:
            batch = left(file)
            acts = batch.activities
            if len(acts):
                newest = EPOCH + timedelta(
                    microseconds=pc.max(acts["time"].cast(pa.int64())).as_py()
                )
                self._behind.gave(file.name.rsplit("~", 3)[0], newest)
                place = acts.schema.get_field_index("received")
                received = pa.repeat(pa.scalar(now, activity.TIME), len(acts))
                acts = acts.set_column(place, "received", received)
            rejects = [at_origin(one) for one in batch.rejects]
            yield replace(batch, activities=acts, rejects=rejects)
