"""Compose: a chosen story, its findings and what the lake knows of them become a case in words."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from wheeltapper.case import Case, CaseFinding, Other
from wheeltapper.finding import Finding
from wheeltapper.refine import attack, explain
from wheeltapper.refine.around import Seen, as_whom, lines, where_from
from wheeltapper.refine.headline import headline
from wheeltapper.refine.reason import Alike, reason
from wheeltapper.refine.telling import telling_of
from wheeltapper.refine.told import Kind, Told
from wheeltapper.refine.unpack import EVIDENCE
from wheeltapper.refine.wording import Wording, Wordings
from wheeltapper.refine.words import Vocabulary
from wheeltapper.suppression import Suppression

# A row of a Polars frame holds values of many types; each use below knows its own.
Row = Mapping[str, Any]


def compose(
    story: Row,
    findings: pl.DataFrame,
    members: pl.DataFrame,
    acts: pl.DataFrame,
    events: pl.DataFrame,
    around: Seen,
    known_of: Mapping[int, Row],
    usual: Mapping[tuple[int, str], list[tuple[str, int]]],
    peers: Mapping[str, int],
    wordings: Wordings,
    words: Vocabulary,
    suppressions: Mapping[str, Suppression],
    rank: int,
) -> Case:
    first, *others = members.to_dicts()
    known = known_of.get(first["member"], {})
    acts = acts.filter(pl.col("story").is_in(members["member"].implode()))
    by_kind = {
        (a["story"], a["source"], a["app"], a["action"], a["outcome"]): a for a in acts.to_dicts()
    }
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
        hidden = suppressions.get(row["suppressed"] or "")
        kept.append(_case_finding(row, one, mine, words, hidden, about=story["entity"]))
    group_name = str(known.get("peer_group") or "")
    start, end = story["start"], story["end"]
    # What is hidden is shown with the case, but the case is not about it.
    told = [t for t, f in zip(told, kept, strict=True) if f.suppressed is None] or told
    in_order = sorted((f for f in kept if f.suppressed is None), key=lambda f: f.first)
    techniques = [t for f in in_order for t in f.finding.attack]
    apps = list(dict.fromkeys(f.app for f in kept if f.app))
    return Case(
        # Not by its first act: a model's finding begins with its day, as another story may.
        id=case_id(story["entity_type"], story["entity"], story["began"]),
        rank=rank,
        score=float(story["score"]),
        learned_bits=float(story["learned_bits"]),
        entity_type=story["entity_type"],
        entity=story["entity"],
        start=start,
        end=end,
        evidence=float(story["evidence"]),
        headline=headline(
            _of(told, story["entity"]), words, start, end, known=bool(known.get("acts"))
        ),
        summary=_summary(around, known, events.filter("late")["event_id"].n_unique(), words),
        around=lines(around.acts, start, end, words),
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
        others=tuple(
            Other(
                entity_type=other["entity_type"],
                entity=other["entity"],
                why=explain.tie(other["why"], other["what"], other["whose"]),
            )
            for other in others
        ),
    )


def _of(told: Sequence[Told], entity: str) -> list[Told]:
    return [one for one in told if one.entity == entity] or list(told)


def case_id(entity_type: str, entity: str, began: datetime) -> str:
    """The same story keeps its id when it grows: it is named by who, and by its first finding."""
    name = f"{entity_type}\0{entity}\0{began.isoformat()}"
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
    by_kind: Mapping[tuple[int, str, str, str, str], Row],
    wording: Wording,
    usual: Mapping[tuple[int, str], list[tuple[str, int]]],
) -> Told:
    source = row["source"] or event.get("source") or ""
    app = row["app"] or event.get("app") or ""
    action = row["action"] or event.get("action") or ""
    outcome = row["outcome"] or event.get("outcome") or ""
    kind = by_kind.get((row["member"], source, app, action, outcome), {})
    return Told(
        wording=wording,
        entity_type=row["own_type"],
        entity=row["own_entity"],
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
        llr=float(row["llr"] or 0),
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
        usual=usual.get((row["member"], row["detector"]), ()),
        events=frozenset(events["event_id"].to_list()),
        first=min(events["time"].to_list()),
        last=max(events["time"].to_list()),
    )


def _case_finding(
    row: Row,
    told: Told,
    events: pl.DataFrame,
    words: Vocabulary,
    hidden: Suppression | None,
    *,
    about: str,
) -> CaseFinding:
    ids = events.sort("time", "event_id")["event_id"].to_list()
    bits = float(row["whole" if hidden else "evidence"])
    learned_bits = bits - bits / float(row["learned_share"])
    alike = Alike(
        level=row["learned_by"] or "",
        cases=row["cases"],
        malicious=row["cases_malicious"],
        policy=row["cases_policy"],
        wrong=row["cases_wrong"],
    )
    return CaseFinding(
        finding=Finding(
            detector=row["detector"],
            entity_type=row["own_type"],
            entity=row["own_entity"],
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
                for key in (*(f.name for f in EVIDENCE.fields), "together")
                if row[key] is not None
            },
        ),
        bits=bits,
        sentence=explain.sentence(told, words),
        would_be_normal=explain.would_be_normal(told, words),
        first=min(events["time"].to_list()),
        last=max(events["time"].to_list()),
        count=int(row["repeats"]),
        app=told.kinds[0].app if told.kinds else told.app,
        value=explain.label(told, words),
        key=row["key"] or "",
        suppressed=hidden,
        learned=row["learned"] or reason(alike, learned_bits, told),
        learned_bits=learned_bits,
        what=explain.note(told, words, about),
        expected=explain.expected(told, words),
        peers=explain.peers(told),
        techniques=attack.named(row["attack"] or ()),
        adds=0.0 if hidden else float(row["adds"]),
    )


def _summary(around: Seen, known: Row, late: int, words: Vocabulary) -> str:
    """What the headline leaves open, under it."""
    said = [where_from(around.places, words), as_whom(around.actors)]
    if not known.get("acts"):
        said.append("Nothing was seen of it before.")
    if late:
        came = "act came" if late == 1 else "acts came"
        said.append(f"{late:,} of its {came} in late, when its time had been judged.")
    return " ".join(s for s in said if s)
