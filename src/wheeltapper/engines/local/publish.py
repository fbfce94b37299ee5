"""Publish: what was found goes to topics of Kafka, each finding once, each case when it changes.

How far that is, is kept in `published-*.json`; where such a file is behind, or lost, or speaks of
findings that the lake made anew, the topic itself says what it has (see `outlet`).
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from wheeltapper import finding
from wheeltapper.case import Case
from wheeltapper.engines.local.broker import Away, Broker
from wheeltapper.engines.local.checkpoint import write
from wheeltapper.engines.local.outlet import Outlet, Told
from wheeltapper.store.lake import Lake

AT_ONCE = 10_000
"""Findings of one transaction, at least, where there are so many: whole steps."""
PAUSE_S = 30.0
"""After a failure."""
FIRST = "1"
"""A finding never changes."""
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Published:
    """How far one topic was told."""

    topic: str = ""
    topic_id: str = ""
    ends: dict[str, int] = field(default_factory=dict)
    """By partition: before these offsets everything is in what follows."""
    step: str = ""
    """Of findings: up to this step of detection all were told."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of cases: the version that was told last, by id."""

    @property
    def offsets(self) -> dict[int, int]:
        return {int(number): offset for number, offset in self.ends.items()}


class Telling(Protocol):
    """What goes to one topic."""

    def begin(self, outlet: Outlet) -> None:
        """Find out what the topic has."""

    def tell(self, outlet: Outlet) -> int:
        """Tell what it has not; the number of messages."""


class Findings:
    """Each finding once; the key is its id."""

    def __init__(self, lake: Lake, file: Path, step: Callable[[], int]) -> None:
        """`step` says how many steps of detection count."""
        self._lake, self._file, self._step = lake, file, step
        self._done = Published()
        self._known: set[str] = set()
        self._looked_at = -1

    def begin(self, outlet: Outlet) -> None:
        self._done = load(self._file, outlet.topic)
        self._looked_at = -1
        if not self._is_there(self._done.step):  # all was judged again, or some, after damage
            self._done = Published(topic=outlet.topic)
        told = outlet.begin(self._done.topic_id, self._done.offsets)
        self._known = {key for key, _ in told}
        if outlet.topic_id != self._done.topic_id:
            self._done.step = ""

    def tell(self, outlet: Outlet) -> int:
        last = self._step()
        if last == self._looked_at:
            return 0
        if not self._is_there(self._done.step):
            self.begin(outlet)
        count = 0
        for steps in self._steps(last):
            rows = self._lake.sql(
                "select * from findings where step >= ? and step <= ? "
                "order by step, time, detector, entity_type, entity, event_ids",
                [steps[0], steps[-1]],
            )  # fmt: skip
            found = [one for one in finding.from_table(rows) if one.id not in self._known]
            if found:
                count += outlet.tell(
                    Told(one.id, FIRST, _json({"id": one.id, **one.to_dict()})) for one in found
                )
            self._done.step = steps[-1]
            save(self._file, self._done, outlet)
        self._known.clear()
        self._looked_at = last
        return count

    def _is_there(self, step: str) -> bool:
        if not step:
            return True
        return len(self._lake.sql("select 1 from findings where step = ? limit 1", [step])) > 0

    def _steps(self, last: int) -> Iterator[list[str]]:
        """Steps that were not told, in order, as many as make a transaction."""
        counted = self._lake.sql(
            "select step, count(*) as n from findings where step > ? and step < ? "
            "group by step order by step",
            [self._done.step, f"{last + 1:012d}"],
        ).to_pylist()
        some: list[str] = []
        size = 0
        for row in counted:
            some.append(row["step"])
            size += row["n"]
            if size >= AT_ONCE:
                yield some
                some, size = [], 0
        if some:
            yield some


class Cases:
    """Each case as it is, again when it changes; the key is its id."""

    def __init__(self, cases: Callable[[], Sequence[Case]], file: Path) -> None:
        self._cases, self._file = cases, file
        self._done = Published()

    def begin(self, outlet: Outlet) -> None:
        self._done = load(self._file, outlet.topic)
        told = outlet.begin(self._done.topic_id, self._done.offsets)
        for key, version in told:
            _set(self._done.versions, key, version)

    def tell(self, outlet: Outlet) -> int:
        now = {case.id: case for case in self._cases()}
        versions = {id: version_of(case) for id, case in now.items()}
        told = self._done.versions
        news = [
            Told(id, version, _json(now[id].to_dict()))
            for id, version in versions.items()
            if told.get(id) != version
        ]
        news += [Told(id, "", None) for id in told if id not in now]
        if not news:
            return 0
        count = outlet.tell(news)
        self._done.versions = versions
        save(self._file, self._done, outlet)
        return count


class Publisher:
    """All topics that are told something; a broker that is away is tried again later."""

    def __init__(
        self, tellings: Sequence[tuple[Outlet, Telling]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.problem = ""
        self._tellings, self._monotonic = tellings, monotonic
        self._next_s = monotonic()

    def publish(self, *, at_once: bool = False) -> dict[str, int]:
        """Tell what is new; messages by topic."""
        told: dict[str, int] = {}
        if self.problem and not at_once and self._monotonic() < self._next_s:
            return told
        try:
            for outlet, telling in self._tellings:
                if not outlet.begun:
                    telling.begin(outlet)
                told[outlet.topic] = telling.tell(outlet)
        except Away as error:
            if str(error) != self.problem:
                _log.error("what was found is not published, and tried again: %s", error)
            self.problem = str(error)
            self._next_s = self._monotonic() + PAUSE_S
        else:
            self.problem = ""
        return told


def publisher(
    broker: Broker, state: Path, workspace: str, lake: Lake,
    step: Callable[[], int], cases: Callable[[], Sequence[Case]],
) -> Publisher | None:  # fmt: skip
    """Whoever tells the topics that the settings name; None where they name none."""
    settings = broker.settings
    tellings: list[tuple[Outlet, Telling]] = []
    if settings.findings:
        outlet = Outlet(broker, settings.findings, workspace)
        tellings.append((outlet, Findings(lake, state / "published-findings.json", step)))
    if settings.cases:
        outlet = Outlet(broker, settings.cases, workspace)
        tellings.append((outlet, Cases(cases, state / "published-cases.json")))
    return Publisher(tellings) if tellings else None


def version_of(case: Case) -> str:
    """Another one when a reader would want to look again; not by rank or score alone."""
    told = case.to_dict()
    names = (
        "kind", "entity", "start", "end", "headline", "members", "owner", "questions", "turns",
        "formerly", "status", "verdict", "verdict_by", "verdict_reason", "native_ids",
    )  # fmt: skip
    text = json.dumps([told[name] for name in names], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def load(path: Path, topic: str) -> Published:
    """What is kept of a topic; nothing where another was told, or the file cannot be read."""
    try:
        found = Published(**json.loads(path.read_text(encoding="utf-8")))
        _ = found.offsets
    except FileNotFoundError:
        return Published(topic=topic)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        _log.warning("%s cannot be read (%s): the topic is asked what it has", path, error)
        return Published(topic=topic)
    return found if found.topic == topic else Published(topic=topic)


def save(path: Path, done: Published, outlet: Outlet) -> None:
    """Keep it, with where the topic ends now."""
    done.topic_id = outlet.topic_id
    done.ends = {str(number): offset for number, offset in outlet.ends.items()}
    write(path, json.dumps(asdict(done)).encode())


def _set(versions: dict[str, str], key: str, version: str) -> None:
    if version:
        versions[key] = version
    else:
        versions.pop(key, None)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode()
