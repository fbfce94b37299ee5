"""Refine: data anomalies become cases that an application owner recognises.

The steps of the design, each in a file of its own: weigh, discount, suppress, group, combine,
calibrate, rank; then the lake is asked about the stories that are left, and they are told.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pyarrow as pa

from wheeltapper import config
from wheeltapper.activity import TIME
from wheeltapper.case import Case, CaseFinding
from wheeltapper.finding import Finding
from wheeltapper.refine import attack, explain, looked_up
from wheeltapper.refine.calibrate import calibrate
from wheeltapper.refine.combine import STORY, combine
from wheeltapper.refine.discount import discount
from wheeltapper.refine.group import group
from wheeltapper.refine.habit import habit
from wheeltapper.refine.looked_up import Gathered, Lake
from wheeltapper.refine.rank import rank
from wheeltapper.refine.suppress import suppress
from wheeltapper.refine.telling import telling_of
from wheeltapper.refine.told import Kind, Told
from wheeltapper.refine.warm_up import warm_up
from wheeltapper.refine.weigh import weigh
from wheeltapper.refine.wording import Wording, Wordings
from wheeltapper.refine.words import Vocabulary

MOST_FINDINGS = 60
"""Findings shown in one case; the weightiest."""
EVIDENCE = pl.Struct(
    {
        "value": pl.String,
        "app": pl.String,
        "action": pl.String,
        "source": pl.String,
        "target": pl.String,
        "outcome": pl.String,
        "peer_group": pl.String,
        "peers": pl.Float64,
        "of_peers": pl.Float64,
        "before": pl.Float64,
        "since_day": pl.Int64,
        "title": pl.String,
        "features": pl.List(
            pl.Struct({"what": pl.String, "observed": pl.Float64, "usual": pl.Float64})
        ),
    }
)


def unpacked(findings: pa.Table) -> pl.DataFrame:
    """`finding.SCHEMA` with the evidence's fields as columns."""
    frame = pl.from_arrow(findings)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - from_arrow's type is a union
    said = frame["evidence"].str.json_decode(EVIDENCE).struct.unnest()
    return frame.rename({"evidence": "evidence_json"}).hstack(said.get_columns())


def stories_of(
    findings: pl.DataFrame,
    lake: Lake,
    wordings: Wordings,
    words: Vocabulary,
    judged: Sequence[Case],
    gap_hours: float,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Weighed findings with their `span`, and the stories they make, with `score`."""
    weighed = warm_up(weigh(findings, wordings, words.severity), looked_up.days_of_sources(lake))
    weighed = group(suppress(discount(habit(weighed)), judged), gap_hours)
    stories = combine(weighed)
    scores = calibrate(stories["evidence"].to_numpy(), looked_up.actor_days(lake))
    return weighed, stories.with_columns(score=pl.Series(scores))


def refine(
    findings: pa.Table,
    lake: Lake,
    *,
    wordings: Wordings,
    words: Vocabulary,
    settings: config.Refine,
    first: datetime,
    last: datetime,
    judged: Sequence[Case] = (),
) -> list[Case]:
    """Cases from all findings of a workspace, most unusual first.

    Parameters
    ----------
    findings : pa.Table    `finding.SCHEMA`
    lake : answers questions about activities
    first, last : when the workspace's history begins and ends
    judged : cases with a verdict, whose words suppress the like of them
    """
    if not len(findings):
        return []
    weighed, stories = stories_of(
        unpacked(findings), lake, wordings, words, judged, settings.gap_hours
    )
    chosen = rank(stories, settings.budget_cases_per_day, _days(first, last)).with_row_index(
        "story"
    )
    if not len(chosen):
        return []
    chosen = chosen.with_columns(pl.col("story").cast(pl.Int64))
    return _told(chosen, weighed, lake, wordings, words, settings)


def tell(
    findings: pa.Table,
    lake: Lake,
    *,
    wordings: Wordings,
    words: Vocabulary,
    settings: config.Refine,
) -> list[Case]:
    """Findings in words, whatever they weigh: the cases they would make by themselves, unranked.

    For those that are asked about one by one; parameters as of `refine`.
    """
    if not len(findings):
        return []
    weighed, stories = stories_of(unpacked(findings), lake, wordings, words, (), settings.gap_hours)
    chosen = stories.with_row_index("story").with_columns(pl.col("story").cast(pl.Int64))
    return _told(chosen, weighed, lake, wordings, words, settings)


def _table(frame: pl.DataFrame) -> pa.Table:
    table = frame.to_arrow()
    return table.cast(
        pa.schema(
            [
                pa.field(f.name, pa.string() if pa.types.is_large_string(f.type)
                         else pa.binary() if pa.types.is_large_binary(f.type)
                         else TIME if pa.types.is_timestamp(f.type) else f.type)
                for f in table.schema
            ]
        )
    )  # fmt: skip


def _told(
    chosen: pl.DataFrame,
    weighed: pl.DataFrame,
    whole_lake: Lake,
    wordings: Wordings,
    words: Vocabulary,
    settings: config.Refine,
) -> list[Case]:
    with_raw = any("raw" in w.filter + w.value for w in wordings.by_name.values())
    lake = Gathered(
        whole_lake, _table(chosen.select("entity_type", "entity").unique()), with_raw=with_raw
    )
    # One row for each (detector, value) of a story: repeats are told once.
    mine = weighed.join(chosen.select(*STORY, "story"), on=STORY)
    merged = (
        mine.sort(
            "evidence", "time", pl.col("event_ids").list.first(), descending=[True, False, False]
        )
        .group_by("story", "detector", "key", maintain_order=True)
        .agg(
            pl.all().exclude("story", "detector", "key", "event_ids", "time").first(),
            pl.col("time").first(),
            pl.col("event_ids").list.explode(keep_nulls=False, empty_as_null=False),
            first=pl.col("time").min(),
            last=pl.col("time").max(),
            repeats=pl.len(),
        )
        .sort(["story", "evidence", "first", "detector", "key"],
              descending=[False, True, False, False, False])
        .group_by("story", maintain_order=True)
        .head(MOST_FINDINGS)
        .with_row_index("finding")
        .with_columns(pl.col("finding").cast(pl.Int64))
    )  # fmt: skip
    events = _events(merged, lake, wordings)
    span = events.group_by("story").agg(start=pl.col("time").min(), end=pl.col("time").max())
    chosen = chosen.drop("start", "end").join(span, on="story", how="inner").sort("story")
    if not len(chosen):  # their acts have gone from the lake
        return []
    asked = {
        str(kind[0]): _table(part.select("story", "entity", "start", "end"))
        for kind, part in chosen.group_by("entity_type", maintain_order=True)
    }
    acts = pl.concat([looked_up.acts(lake, kind, t) for kind, t in asked.items()])
    known = pl.concat([looked_up.baselines(lake, kind, t) for kind, t in asked.items()])
    usual = _usual(merged, asked, lake, wordings)
    peers = looked_up.peer_counts(whole_lake)
    by_story = {k[0]: part for k, part in merged.group_by("story", maintain_order=True)}
    acts_of = {k[0]: part for k, part in acts.group_by("story", maintain_order=True)}
    events_of = {k[0]: part for k, part in events.group_by("story", maintain_order=True)}
    known_of = {row["story"]: row for row in known.to_dicts()}
    return [
        _case(
            row,
            by_story[row["story"]],
            acts_of.get(row["story"], acts.clear()),
            events_of[row["story"]],
            known_of.get(row["story"], {}),
            usual,
            peers,
            wordings,
            words,
            settings,
            rank=place,
        )
        for place, row in enumerate(chosen.to_dicts(), start=1)
    ]


def _events(merged: pl.DataFrame, lake: Lake, wordings: Wordings) -> pl.DataFrame:
    """`story, finding, native_id, event_id, time` of all acts that the findings rest on."""
    ids = merged.select("story", "finding", id="event_ids", time="time").explode("id")
    found = [looked_up.natives(lake, _table(ids))]
    unfolded = [w.name for w in wordings.by_name.values() if telling_of(w.family).unfolds != "acts"]
    counted = merged.filter(pl.col("detector").is_in(unfolded))
    for (detector, kind), part in counted.group_by("detector", "entity_type", maintain_order=True):
        wording = wordings.of(str(detector))
        start, until = _unfolded(wording)
        asked = part.select("story", "finding", "entity", start=start, until=until)
        found.append(looked_up.windows(lake, wording, str(kind), _table(asked)))
    return pl.concat(found, how="diagonal").unique(
        ["story", "finding", "event_id"], keep="first", maintain_order=True
    )


def _unfolded(wording: Wording) -> tuple[pl.Expr, pl.Expr]:
    """From when to before when acts stand behind a finding, which lasts from `first` to `last`."""
    if telling_of(wording.family).unfolds == "before":
        back = timedelta(hours=wording.looks_back_hours)
        return pl.col("first") - back, pl.col("last") + timedelta(microseconds=1)
    width = f"{wording.window_hours}h"
    return pl.col("first").dt.truncate(width), pl.col("last").dt.truncate(width).dt.offset_by(width)


def _usual(
    merged: pl.DataFrame, asked: Mapping[str, pa.Table], lake: Lake, wordings: Wordings
) -> dict[tuple[int, str], list[tuple[str, int]]]:
    usual: dict[tuple[int, str], list[tuple[str, int]]] = {}
    for (detector, kind), part in merged.group_by("detector", "entity_type", maintain_order=True):
        wording = wordings.of(str(detector))
        if not (telling_of(wording.family).compares and wording.value):
            continue
        stories = _frame_of(asked[str(kind)]).filter(pl.col("story").is_in(part["story"].implode()))
        for row in looked_up.usual(lake, wording, str(kind), _table(stories)).to_dicts():
            usual.setdefault((row["story"], str(detector)), []).append((row["value"], row["n"]))
    return usual


def _frame_of(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - from_arrow's type is a union
    return frame


# A row of a Polars frame holds values of many types; each use below knows its own.
Row = Mapping[str, Any]


def _case(
    story: Row,
    findings: pl.DataFrame,
    acts: pl.DataFrame,
    events: pl.DataFrame,
    known: Row,
    usual: Mapping[tuple[int, str], list[tuple[str, int]]],
    peers: Mapping[str, int],
    wordings: Wordings,
    words: Vocabulary,
    settings: config.Refine,
    rank: int,
) -> Case:
    by_kind = {(a["source"], a["app"], a["action"], a["outcome"]): a for a in acts.to_dicts()}
    # The act a finding is told by: its first that worked, or its first.
    first_event: dict[int, Row] = {}
    known_acts = events.filter(pl.col("action").is_not_null()).sort(
        pl.col("outcome") == "failure", "time", "event_id"
    )
    for event in known_acts.to_dicts():
        first_event.setdefault(event["finding"], event)
    of_finding = {k[0]: p for k, p in events.group_by("finding", maintain_order=True)}
    told = []
    kept = []
    for row in findings.to_dicts():
        mine = of_finding.get(row["finding"])
        if mine is None:
            continue
        one = _one(
            row,
            mine,
            first_event.get(row["finding"], {}),
            by_kind,
            wordings.of(row["detector"]),
            usual,
        )
        told.append(one)
        kept.append(_case_finding(row, one, mine, words))
    group_name = str(known.get("peer_group") or "")
    start, end = story["start"], story["end"]
    techniques = [t for f in sorted(kept, key=lambda f: f.first) for t in f.finding.attack]
    apps = list(dict.fromkeys(f.app for f in kept if f.app))
    return Case(
        id=case_id(story["entity_type"], story["entity"], start),
        rank=rank,
        score=float(story["score"]),
        entity_type=story["entity_type"],
        entity=story["entity"],
        start=start,
        end=end,
        headline=explain.headline(told, words, start, end),
        summary=_summary(told, known, words),
        baseline_days=int(known.get("days") or 0),
        baseline_acts=int(known.get("acts") or 0),
        peer_group=group_name,
        peers=max(0, peers.get(group_name, 1) - 1) if group_name else 0,
        tactics=attack.tactics(techniques),
        findings=tuple(kept),
        native_ids=tuple(
            dict.fromkeys(
                i for i in events.sort("time", "event_id")["native_id"].to_list() if i is not None
            )
        ),
        event_count=int(acts["n"].sum()),
        apps=tuple(apps),
        owner=next((settings.owners[a] for a in apps if a in settings.owners), ""),
    )


def case_id(entity_type: str, entity: str, start: datetime) -> str:
    """The same story keeps its id when it grows: it is named by who and by when it began."""
    name = f"{entity_type}\0{entity}\0{start.isoformat()}"
    return hashlib.blake2b(name.encode(), digest_size=6).hexdigest()


def _kinds(events: pl.DataFrame) -> list[Kind]:
    """Acts by kind, the most frequent first."""
    kinds = (
        events.filter(pl.col("action").is_not_null())
        .sort("time", "event_id")
        .group_by("app", "action", "outcome", maintain_order=True)
        .agg(
            count=pl.len(),
            targets=pl.col("target").drop_nulls().n_unique(),
            target=pl.col("target").drop_nulls().first(),
        )
        .sort("count", descending=True, maintain_order=True)
    )
    return [
        Kind(
            app=row["app"] or "",
            action=row["action"],
            outcome=row["outcome"] or "",
            count=row["count"],
            targets=row["targets"],
            target=row["target"] or "",
        )
        for row in kinds.to_dicts()
    ]


def _observed(row: Row, events: pl.DataFrame, wording: Wording) -> float:
    """What was observed, counted again where all acts behind the finding are known by now."""
    noticed = float(row["observed"] or 0)
    recount = telling_of(wording.family).recount
    return max(noticed, recount(events, wording)) if recount else noticed


def _one(
    row: Row,
    events: pl.DataFrame,
    event: Row,
    by_kind: Mapping[tuple[str, str, str, str], Row],
    wording: Wording,
    usual: Mapping[tuple[int, str], list[tuple[str, int]]],
) -> Told:
    source = row["source"] or event.get("source") or ""
    app = row["app"] or event.get("app") or ""
    action = row["action"] or event.get("action") or ""
    outcome = row["outcome"] or event.get("outcome") or ""
    kind = by_kind.get((source, app, action, outcome), {})
    return Told(
        wording=wording,
        entity_type=row["entity_type"],
        entity=row["entity"],
        time=row["time"],
        observed=_observed(row, events, wording),
        expected=float(row["expected"] or 0),
        baseline_n=int(row["baseline_n"] or 0),
        source=source,
        app=app,
        action=action,
        outcome=outcome,
        reason=event.get("reason") or "",
        target=row["target"] or event.get("target") or "",
        value=row["value"] or "",
        evidence=float(row["evidence"]),
        acts=int(kind.get("n") or 1),
        targets=int(kind.get("targets") or 1),
        peers=float(row["peers"] or 0),
        of_peers=float(row["of_peers"] or 0),
        peer_group=row["peer_group"] or "",
        before=float(row["before"] or 0),
        since_day=int(row["since_day"] or 0),
        title=row["title"] or "",
        features=tuple(row["features"] or ()),
        kinds=_kinds(events) if telling_of(wording.family).unfolds != "acts" else (),
        usual=usual.get((row["story"], row["detector"]), ()),
    )


def _case_finding(row: Row, told: Told, events: pl.DataFrame, words: Vocabulary) -> CaseFinding:
    ids = events.sort("time", "event_id")["event_id"].to_list()
    return CaseFinding(
        finding=Finding(
            detector=row["detector"],
            entity_type=row["entity_type"],
            entity=row["entity"],
            time=row["time"],
            bits=float(row["bits"]),
            llr=float(row["llr"]),
            observed=float(row["observed"]),
            expected=float(row["expected"]),
            baseline_n=int(row["baseline_n"]),
            event_ids=tuple(id.hex() for id in ids),
            attack=tuple(row["attack"] or ()),
            evidence={
                key: row[key]
                for key in (*(f.name for f in EVIDENCE.fields), "together", "suppressed")
                if row[key] is not None
            },
        ),
        bits=float(row["evidence"]),
        sentence=explain.sentence(told, words),
        would_be_normal=explain.would_be_normal(told, words),
        first=min(events["time"].to_list()),
        last=max(events["time"].to_list()),
        count=int(row["repeats"]),
        app=told.kinds[0].app if told.kinds else told.app,
        value=explain.label(told, words),
        key=row["key"] or "",
    )


def _summary(told: Sequence[Told], known: Row, words: Vocabulary) -> str:
    """One or two sentences under the headline."""
    first = explain.sentence(told[0], words)
    days, acts = int(known.get("days") or 0), int(known.get("acts") or 0)
    if not acts:
        return f"{first} Nothing was seen of this account before."
    since: datetime = known["since"]
    return (
        f"{first} {acts:,} acts on {days:,} {'day' if days == 1 else 'days'} "
        f"since {since:%-d %B %Y} are known."
    )


def _days(first: datetime, last: datetime) -> int:
    """Days that a workspace covers, at least one."""
    return max(1, round((last - first) / timedelta(days=1)))
