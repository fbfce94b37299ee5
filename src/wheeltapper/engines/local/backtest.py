"""Backtest: what a detector would have said over a window of history, and of whom.

In go the lake and a detector as it stands now, with the version it is compared with, if there is
one. Both learn from the lake's beginning, so that habits exist when the window begins. Out come
frames: days, entities, cases, examples told in words. Nothing is written anywhere.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa

from wheeltapper import finding
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.models.userday import UserDay
from wheeltapper.detect.rules.ruleset import Ruleset
from wheeltapper.engines.local import replay
from wheeltapper.engines.local.difference import (
    ADDED,
    GONE,
    SAME,
    Change,
    by_day,
    by_entity,
    changes_of,
    compared,
)
from wheeltapper.engines.local.judges import detector_wordings
from wheeltapper.engines.local.replay import Progress, Replay
from wheeltapper.engines.local.telling import Surroundings, sentences
from wheeltapper.engines.local.versions import Version, Versions
from wheeltapper.errors import WheeltapperError
from wheeltapper.refine.budget import raised
from wheeltapper.refine.combine import STORY
from wheeltapper.refine.refine import stories_of
from wheeltapper.refine.unpack import unpacked
from wheeltapper.refine.wording import MODEL, RULE, Wordings
from wheeltapper.store.lake import Lake

HABIT_DAYS = 90
"""How far back refinement asks what a rule has said."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Backtest:
    """What a detector would have said; all frames are Polars, all times UTC."""

    detector: str
    family: str
    about: str
    since: datetime
    until: datetime
    """The window; `until` is the first moment after it."""
    first: datetime | None
    """The lake's first act: what was learned before the window begins there."""
    timezone: str
    """Days are days there."""
    against: str
    """What it is compared with, in words; empty: with nothing, and no finding is added or gone."""
    changes: tuple[Change, ...]
    findings: pl.DataFrame
    """`finding.SCHEMA`, `value`, and `change`: same, added, gone; in order of time."""
    days: pl.DataFrame
    """`day, findings, entities, added, gone`: every day of the window."""
    entities: pl.DataFrame
    """`entity, entity_type, findings, days, bits, added, gone`: the loudest first."""
    examples: pl.DataFrame
    """`change, time, entity, bits, sentence, event_ids`: one an entity, the most bits first."""
    cases: pl.DataFrame
    """`entity, entity_type, start, end, score, made`: cases in which its findings would stand;
    `made` where there would be none without them."""
    thresholds: pl.DataFrame
    """`min_bits, findings, entities, days`: what other thresholds would say; empty unless asked."""
    dropped: int
    """Cases that would give way to these within the budget."""
    cost: Replay

    def __repr__(self) -> str:
        beside = f" against {self.against}" if self.against else ""
        return (
            f"<backtest of {self.detector}{beside}: {self.raised.height} findings on "
            f"{self.days.height} days>"
        )

    @property
    def raised(self) -> pl.DataFrame:
        """The findings of the version that is tested."""
        return self.findings.filter(pl.col("change") != GONE)

    def count(self, change: str) -> int:
        return self.findings.filter(pl.col("change") == change).height

    def summary(self) -> dict[str, object]:
        """The figures, JSON-ready."""
        raised = self.raised
        days = max(1, self.days.height)
        learned = (self.since - self.first) / timedelta(days=1) if self.first else 0.0
        return {
            "detector": self.detector,
            "family": self.family,
            "about": self.about,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "timezone": self.timezone,
            "learned_days": round(max(0.0, learned), 1),
            "findings": raised.height,
            "findings_per_day": round(raised.height / days, 3),
            "most_in_a_day": max(self.days["findings"].to_list(), default=0),
            "days_with_findings": self.days.filter(pl.col("findings") > 0).height,
            "days": self.days.height,
            "entities": raised.select("entity_type", "entity").n_unique(),
            "against": self.against or None,
            "changes": [dataclasses.asdict(c) for c in self.changes],
            "same": self.count(SAME),
            "added": self.count(ADDED),
            "gone": self.count(GONE),
            "cases": self.cases.height,
            "cases_made": int(self.cases["made"].sum()),
            "cases_dropped": self.dropped,
            "acts": self.cost.acts,
            "acts_looked_at": self.cost.looked_at,
            "seconds": round(self.cost.seconds, 3),
            "state_bytes": self.cost.state_bytes,
        }

    def to_dict(self) -> dict[str, object]:
        """Everything but the single findings, JSON-ready."""
        return self.summary() | {
            "per_day": _rows(self.days),
            "per_entity": _rows(self.entities),
            "in_cases": _rows(self.cases),
            "thresholds": _rows(self.thresholds),
            "examples": _rows(self.examples),
        }

    def _repr_html_(self) -> str:
        return self.entities._repr_html_()


def _rows(frame: pl.DataFrame) -> list[dict[str, object]]:
    return [
        {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()}
        for row in frame.to_dicts()
    ]


def period(
    lake: Lake, days: int, since: datetime | None, until: datetime | None, zone: ZoneInfo
) -> tuple[datetime, datetime]:
    """From when to before when is looked at: the last `days` days of `zone`, or as was asked.

    Raises
    ------
    WheeltapperError   where the lake holds nothing of it.
    """
    first, last, _ = lake.span()
    if first is None or last is None:
        raise WheeltapperError("there is no history yet; fill the lake with: ingest")
    end = until or last + timedelta(microseconds=1)
    begin = since or max(first, _midnight(end, days - 1, zone))
    if begin >= end or begin > last or end <= first:
        raise WheeltapperError(
            f"nothing lies between {begin:%Y-%m-%d %H:%M} and {end:%Y-%m-%d %H:%M} UTC: the "
            f"lake holds {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        )
    return begin, end


def _midnight(end: datetime, days_before: int, zone: ZoneInfo) -> datetime:
    """The beginning of the day so many days before the last moment before `end`."""
    last = (end - timedelta(microseconds=1)).astimezone(zone)
    midnight = last.replace(hour=0, minute=0, second=0, microsecond=0)
    # Arithmetic on one wall: through changes of summer time, days begin at midnight.
    return (midnight - timedelta(days=days_before)).astimezone(UTC)


def backtest(
    lake: Lake,
    versions: Versions,
    *,
    since: datetime,
    until: datetime,
    around: Surroundings,
    secret: bytes,
    step_rows: int,
    threads: int,
    examples: int = 5,
    thresholds: bool = False,
    progress: Progress | None = None,
) -> Backtest:
    """Judge history with one version of a detector, or two, and tell what came of it.

    Parameters
    ----------
    versions : the version to test, and what it is compared with
    since, until : the window, `since <= time < until`
    examples : how many findings of each kind of change are told in words
    thresholds : whether to judge with other `min_bits` as well
    """
    first, _, _ = lake.span()
    now, before, against = versions.now, versions.before, versions.against
    other = _other_thresholds(now) if thresholds else []
    all_of_them = [now, *([] if before is None else [before]), *other]
    replays = _replayed(lake, all_of_them, since, until, secret, step_rows, threads, progress)
    name, family, about = _names(now)
    said = _framed(replays[0].findings, since, until)
    then = None
    if before is not None:
        then = _framed(replays[1].findings, since, until)
    elif against:
        then = _framed(lake.findings(since=since, until=until, detector=name), since, until)
        if not len(then):  # it never spoke, or is new: nothing to compare with
            then, against = None, ""
    said = compared(said, then, alike=_value_of(now) == _value_of(before or now))
    new = _worded(around.wordings, now)
    old = _worded(around.wordings, before or now)
    cases, dropped = _cases(lake, name, replays[0].findings, since, around, new)
    told = [
        _examples(lake, said, change, examples, around, wordings, first)
        for change, wordings in ((ADDED, new), (GONE, old), (SAME, new))
    ]
    return Backtest(
        detector=name,
        family=family,
        about=about,
        since=since,
        until=until,
        first=first,
        timezone=around.timezone,
        against=against,
        changes=changes_of(before, now),
        findings=said,
        days=by_day(said, since, until, around.timezone),
        entities=by_entity(said, around.timezone),
        examples=pl.concat(told),
        cases=cases,
        thresholds=_by_threshold(
            [now, *other],
            [replays[0], *replays[len(replays) - len(other) :]],
            since,
            until,
            around.timezone,
        ),
        dropped=dropped,
        cost=replays[0],
    )


def _replayed(
    lake: Lake,
    versions: Sequence[Version],
    since: datetime,
    until: datetime,
    secret: bytes,
    step_rows: int,
    threads: int,
    progress: Progress | None,
) -> list[Replay]:
    entries = [v for v in versions if isinstance(v, Detector)]
    if len(entries) == len(versions):
        return replay.by_kernels(
            lake, entries, secret, until=until, step_rows=step_rows, threads=threads,
            progress=progress,
        )  # fmt: skip
    done = []
    for one in versions:
        if isinstance(one, Ruleset):
            back = since - timedelta(days=HABIT_DAYS)
            done.append(replay.by_rules(lake, one, since=back, until=until, step_rows=step_rows,
                                        progress=progress))  # fmt: skip
        elif isinstance(one, UserDay):
            done.append(replay.by_model(lake, one, until=until, step_rows=step_rows,
                                        progress=progress))  # fmt: skip
        else:
            raise TypeError("an entry is compared with an entry, a rule with a rule")
    return done


LOUDER = (-4.0, -2.0, 2.0, 4.0)
"""Thresholds that are tried beside an entry's own, in bits from it."""
THRESHOLDS: Mapping[str, pl.DataType] = {
    "min_bits": pl.Float64(), "findings": pl.Int64(), "entities": pl.Int64(), "days": pl.Int64(),
}  # fmt: skip


def _other_thresholds(version: Version) -> list[Detector]:
    """The same entry with other `min_bits`; none for what has no such setting."""
    if not isinstance(version, Detector) or not hasattr(version.settings, "min_bits"):
        return []
    own = float(version.settings.min_bits)
    return [
        dataclasses.replace(version, settings=dataclasses.replace(version.settings, min_bits=bits))
        for bits in sorted({max(0.0, own + more) for more in LOUDER} - {own})
    ]


def _by_threshold(
    versions: Sequence[Version],
    replays: Sequence[Replay],
    since: datetime,
    until: datetime,
    timezone: str,
) -> pl.DataFrame:
    if len(versions) < 2:
        return pl.DataFrame(schema=dict(THRESHOLDS))
    rows = []
    for version, one in zip(versions, replays, strict=True):
        said = _framed(one.findings, since, until)
        local = pl.col("time").dt.convert_time_zone(timezone).dt.date()
        days = said.select(local.n_unique()).item() if len(said) else 0
        who = said.select("entity_type", "entity").n_unique() if len(said) else 0
        bits = float(version.settings.min_bits) if isinstance(version, Detector) else 0.0
        rows.append((bits, len(said), who, days))
    return pl.DataFrame(rows, schema=dict(THRESHOLDS), orient="row").sort("min_bits")


def _names(version: Version) -> tuple[str, str, str]:
    """Name, family and what it is about."""
    if isinstance(version, Detector):
        return version.name, version.family, version.about
    if isinstance(version, Ruleset):
        (rule,) = version.rules
        return RULE + rule.name, "rule", rule.title
    return MODEL + version.card.name, "model", "A day unlike the actor's own days"


def _value_of(version: Version) -> tuple[str, str]:
    return (version.value, version.entity) if isinstance(version, Detector) else ("", "")


def _framed(findings: pa.Table, since: datetime, until: datetime) -> pl.DataFrame:
    """Findings of the window with their `value`."""
    frame = unpacked(findings)
    return frame.filter((pl.col("time") >= since) & (pl.col("time") < until)).select(
        *(n for n in finding.SCHEMA.names if n != "evidence"),
        pl.col("evidence_json").alias("evidence"),
        "value",
    )


def _worded(wordings: Wordings, version: Version) -> Wordings:
    """The workspace's words, with those of this version in their place."""
    if not isinstance(version, Detector):
        return wordings
    return Wordings({**wordings.by_name, **detector_wordings([version]).by_name})


CASES: Mapping[str, pl.DataType] = {
    "entity": pl.String(), "entity_type": pl.String(), "start": pl.Datetime("us", "UTC"),
    "end": pl.Datetime("us", "UTC"), "score": pl.Float64(), "made": pl.Boolean(),
}  # fmt: skip


def _cases(
    lake: Lake,
    name: str,
    said: pa.Table,
    since: datetime,
    around: Surroundings,
    wordings: Wordings,
) -> tuple[pl.DataFrame, int]:
    """Cases with findings of this version in the window, and how many others give way to them."""
    everything = unpacked(lake.findings())
    others = everything.filter(pl.col("detector") != name)
    if not len(said):
        return pl.DataFrame(schema=dict(CASES)), 0

    def ranked(findings: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        if not len(findings):
            return findings, pl.DataFrame(schema=dict(CASES))
        found = stories_of(
            findings, lake, wordings=wordings, words=around.words, settings=around.settings,
            feedback=around.feedback,
        )  # fmt: skip
        return found.weighed, raised(found.stories, found.reference, around.settings)[0]

    weighed, chosen = ranked(pl.concat([others, unpacked(said)], how="vertical_relaxed"))
    _, without = ranked(others)
    mine = weighed.filter((pl.col("detector") == name) & (pl.col("time") >= since))
    held = chosen.join(mine.select(STORY).unique(), on=STORY, how="semi")
    return (
        held.with_columns(made=~_overlap(held, without))
        .select(*CASES)
        .sort("score", "start", "entity", descending=[True, False, False]),
        int((~_overlap(without, chosen)).sum()),
    )


def _overlap(cases: pl.DataFrame, others: pl.DataFrame) -> pl.Series:
    """Whether each case has one among the others about the same entity and time."""
    who = ["entity_type", "entity"]
    numbered = cases.select(*who, "start", "end").with_row_index("row")
    met = (
        numbered.join(others.select(*who, "start", "end"), on=who, nulls_equal=True)
        .filter((pl.col("start") <= pl.col("end_right")) & (pl.col("start_right") <= pl.col("end")))
        ["row"]
    )  # fmt: skip
    return numbered["row"].is_in(met.unique().implode())


EXAMPLES: Mapping[str, pl.DataType] = {
    "change": pl.String(), "time": pl.Datetime("us", "UTC"), "entity": pl.String(),
    "entity_type": pl.String(), "bits": pl.Float64(), "value": pl.String(),
    "observed": pl.Float64(), "expected": pl.Float64(), "sentence": pl.String(),
    "event_ids": pl.List(pl.String()),
}  # fmt: skip


def _examples(
    lake: Lake,
    findings: pl.DataFrame,
    change: str,
    most: int,
    around: Surroundings,
    wordings: Wordings,
    first: datetime | None,
) -> pl.DataFrame:
    """The findings of one change with the most bits, one an entity, told in words."""
    chosen = (
        findings.filter(pl.col("change") == change)
        .sort(["bits", "time"], descending=[True, False])
        .unique(["entity_type", "entity"], keep="first", maintain_order=True)
        .head(most)
    )
    if not len(chosen) or first is None:
        return pl.DataFrame(schema=dict(EXAMPLES))
    table = chosen.select(finding.SCHEMA.names).to_arrow().cast(finding.SCHEMA)
    said = sentences(table, lake, around, wordings)
    rows = [
        {**row, "event_ids": [id.hex() for id in row["event_ids"]], "sentence": sentence}
        for row, sentence in zip(chosen.to_dicts(), said, strict=True)
    ]
    return pl.DataFrame(rows, schema=dict(EXAMPLES))
