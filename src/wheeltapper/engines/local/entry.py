"""Entry: a detector with everything a person asks about it: its settings, and what it has said."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from wheeltapper.detect import catalogue, meaning
from wheeltapper.detect.catalogue import Detector
from wheeltapper.engines.local.telling import Surroundings, sentences
from wheeltapper.refine import attack
from wheeltapper.store.lake import Lake

LATELY_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A number of the entry's."""

    name: str
    value: float
    default: float
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One finding, in words."""

    time: datetime
    entity: str
    bits: float
    sentence: str | None
    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What a detector has said in a workspace."""

    entity_type: str
    findings: int
    entities: int
    first: datetime | None
    last: datetime | None
    lately: int
    """Findings of the lake's last 30 days."""
    latest: tuple[Said, ...]
    off: bool
    """Whether it is switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A detector, explained."""

    detector: Detector
    origin: str
    """packaged, this workspace's, or this workspace's in place of the packaged one."""
    asks: str
    limits: str
    attack: tuple[str, ...]
    """Techniques with their names."""
    settings: tuple[Setting, ...]
    spoken: Spoken


def explained(
    detector: Detector, lake: Lake, around: Surroundings, *, off: bool, latest: int = 5
) -> Entry:
    """An entry with what its family says of itself, and what it has said in this workspace."""
    known = attack.techniques()
    return Entry(
        detector=detector,
        origin=_origin(detector),
        asks=meaning.asks(detector.family),
        limits=meaning.limits(detector.family),
        attack=tuple(f"{t} {known[t].name}" if t in known else t for t in detector.attack),
        settings=tuple(
            Setting(
                name=s.name,
                value=getattr(detector.settings, s.name),
                default=s.default,
                meaning=s.meaning,
            )
            for s in meaning.settings_of(detector.family)
        ),
        spoken=_spoken(detector, lake, around, off, latest),
    )


def _origin(detector: Detector) -> str:
    packaged = {d.name: d for d in catalogue.load()}
    if detector.name not in packaged:
        return "this workspace's own"
    if packaged[detector.name].file == detector.file:
        return "packaged"
    return "this workspace's, in place of the packaged one"


def _spoken(detector: Detector, lake: Lake, around: Surroundings, off: bool, latest: int) -> Spoken:
    table = lake.findings(detector=detector.name)
    frame = pl.from_arrow(table.select(["time", "entity", "entity_type"]))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - from_arrow's type is a union
    first, end, _ = lake.span()
    if not len(table) or first is None or end is None:
        return Spoken(
            entity_type=detector.entity, findings=0, entities=0, first=None, last=None, lately=0,
            latest=(), off=off,
        )  # fmt: skip
    lately = frame.filter(pl.col("time") > end - timedelta(days=LATELY_DAYS)).height
    newest = table.slice(max(0, len(table) - latest))
    said = sentences(newest, lake, around, around.wordings)
    rows = zip(newest.to_pylist(), said, strict=True)
    times = frame["time"].to_list()
    return Spoken(
        entity_type=detector.entity,
        findings=len(table),
        entities=frame["entity"].n_unique(),
        first=min(times),
        last=max(times),
        lately=lately,
        latest=tuple(
            Said(
                time=row["time"],
                entity=row["entity"],
                bits=row["bits"],
                sentence=sentence,
                event_ids=tuple(id.hex() for id in row["event_ids"]),
            )
            for row, sentence in reversed(list(rows))
        ),
        off=off,
    )


def as_dict(entry: Entry) -> dict[str, object]:
    """The entry's own fields, then what is known of it; JSON-ready."""
    return {
        **dataclasses.asdict(entry.detector),
        "origin": entry.origin,
        "asks": entry.asks,
        "limits": entry.limits,
        "spoken": dataclasses.asdict(entry.spoken),
    }
