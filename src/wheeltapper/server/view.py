"""View: the workspace as the page sees it, and what all questions to its lake have in common."""

import getpass
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from wheeltapper import activity
from wheeltapper.case import Case, CaseFinding
from wheeltapper.config import Config
from wheeltapper.detect import catalogue
from wheeltapper.detect.catalogue import Detector
from wheeltapper.refine.preview import Preview
from wheeltapper.store import Casebook, Lake
from wheeltapper.suppression import Suppression

MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Hiding(Protocol):
    """Who hides findings and makes the cases anew: the workspace."""

    def suppress(
        self, *, by: str, days: int, reason: str, case: str | None, keep: bool, **scope: str
    ) -> Preview: ...

    def expire(self, *suppression_ids: str, by: str) -> list[Suppression]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the page shows and where a verdict goes."""

    lake: Lake
    casebook: Casebook
    config: Config
    root: Path = Path()
    """The workspace's folder."""
    detectors: Mapping[str, Detector] = field(default_factory=dict)
    reader: str = field(default_factory=lambda: _reader())
    """Who judges: the account that started the server."""
    hiding: Hiding | None = None
    """None where cases are only shown."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.config.timezone)

    def zoned(self, time: datetime) -> datetime:
        return time.astimezone(self.zone)

    def rows(self, query: str, params: Mapping[str, object]) -> list[dict[str, Any]]:
        """The lake's answer; a row holds whatever the query selects."""
        rows: list[dict[str, Any]] = self.lake.sql(query, params).to_pylist()
        return rows

    def rows_within(self, query: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The same for a query that wants nothing outside `WITHIN`: other files are not opened."""
        since, until = moment(params["start"]), moment(params["stop"])
        found = self.lake.sql(query, params, since=since, until=until)
        rows: list[dict[str, Any]] = found.to_pylist()
        return rows


def entity_column(case: Case) -> str:
    """The Activity column the case's entity is a value of; fit to stand in SQL.

    Raises
    ------
    ValueError   for a casebook that says otherwise: it was not written by `refine`.
    """
    if case.entity_type not in activity.ENTITY_COLUMNS:
        raise ValueError(f"case {case.id} is about {case.entity_type!r}, which is no entity column")
    return f'"{case.entity_type}"'


def whose(case: Case) -> tuple[str, dict[str, object]]:
    """Condition, and its parameters: acts of the case's entity and of those tied to it."""
    known = [(case.entity_type, case.entity), *((o.entity_type, o.entity) for o in case.others)]
    conditions, params = [], dict[str, object]()
    for i, kind in enumerate(dict.fromkeys(kind for kind, _ in known)):
        if kind not in activity.ENTITY_COLUMNS:
            raise ValueError(f"case {case.id} is about {kind!r}, which is no entity column")
        conditions.append(f'"{kind}" in (select unnest($whose{i}::varchar[]))')
        params[f"whose{i}"] = [entity for of, entity in known if of == kind]
    return f"({' or '.join(conditions)})", params


def microseconds(time: datetime) -> int:
    """Since 1970, exact."""
    return (time - _EPOCH) // MICROSECOND


def moment(us: int) -> datetime:
    return _EPOCH + us * MICROSECOND


def ids_of(findings: Iterable[CaseFinding]) -> list[bytes]:
    """The ids of the events that findings rest on, each once, in their order."""
    return [
        bytes.fromhex(id) for id in dict.fromkeys(i for f in findings for i in f.finding.event_ids)
    ]


def text(value: object) -> str:
    """A column's value for a reader; nothing for null."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def span_of(case: Case) -> dict[str, int]:
    """Bounds for `time >= make_timestamptz($start) and time < make_timestamptz($stop)`."""
    first = min([case.start, *(f.first for f in case.findings)])
    last = max([case.end, *(f.last for f in case.findings)])
    return {"start": microseconds(first), "stop": microseconds(last) + 1}


def in_window(start: datetime, end: datetime) -> dict[str, int]:
    return {"start": microseconds(start), "stop": microseconds(end)}


WITHIN = "time >= make_timestamptz($start) and time < make_timestamptz($stop)"


def _reader() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "reader"


def open_view(root: Path, config: Config, hiding: Hiding | None = None) -> View:
    """The workspace at `root`; its casebook is brought up to date.

    Raises
    ------
    ConfigError   for a detector of the workspace that cannot be used.
    """
    found = catalogue.load([root / "detectors"], config.detect.off)
    return View(
        lake=Lake(config.lake_path(root)),
        casebook=Casebook(config.casebook_url(root)),
        config=config,
        root=root,
        detectors={d.name: d for d in found},
        hiding=hiding,
    )
