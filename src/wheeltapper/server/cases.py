"""Cases: the list, one of them whole, and what its reader thinks of it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from wheeltapper.case import Case, Turn
from wheeltapper.question import Question
from wheeltapper.refine.route import accounts_of
from wheeltapper.refine.telling import telling_of
from wheeltapper.server.answers import (
    CaseLine,
    CaseList,
    CaseView,
    FindingView,
    HiddenBy,
    JudgedOnce,
    Kind,
    OtherView,
    QuestionView,
    Status,
    TeamView,
    Turned,
    TurnView,
    Verdict,
)
from wheeltapper.server.view import View, microseconds
from wheeltapper.suppression import Suppression

SHORTEST_SEARCH = 3
"""Fewer letters are looked for in the cases' words only, not in their acts."""
_SEARCHED = ("src_ip", "action", "target", "device", "session", "native_id", "user_agent")


def line(case: Case) -> CaseLine:
    return CaseLine(
        id=case.id,
        kind=cast(Kind, case.kind),
        rank=case.rank,
        score=case.score,
        one_in=round(2.0 ** min(case.score, 60.0)),
        entity=case.entity,
        entity_type=case.entity_type,
        start=case.start,
        end=case.end,
        headline=case.headline,
        apps=list(case.apps),
        findings=len(case.findings),
        members=case.members,
        status=cast(Status, case.status),
        verdict=cast(Verdict | None, case.verdict or None),
    )


def listed(view: View, status: str | None, search: str, limit: int) -> CaseList:
    """Cases by rank; with a search, those whose words or acts contain it."""
    cases: Sequence[Case] = view.casebook.cases(status=status)
    search = search.strip().casefold()
    if search:
        by_acts = _with_acts_like(view, cases, search) if len(search) >= SHORTEST_SEARCH else set()
        cases = [c for c in cases if c.id in by_acts or search in _words(c)]
    return CaseList(cases=[line(c) for c in cases[:limit]], total=len(cases))


def whole(view: View, case: Case) -> CaseView:
    *parts, rest = case.parts
    found = [
        FindingView(
            n=n,
            id=f.finding.id,
            detector=f.finding.detector,
            about=_about(view, f.finding.detector),
            sentence=f.sentence,
            what=f.what or f.sentence.removesuffix("."),
            history=f.expected,
            peers=f.peers,
            would_be_normal=f.normal,
            first=f.first,
            last=f.last,
            time=f.finding.time,
            count=f.count,
            app=f.app,
            value=f.value,
            bits=f.bits,
            learned=f.learned,
            learned_bits=f.learned_bits,
            raw_bits=f.finding.bits,
            llr=f.finding.llr,
            observed=f.finding.observed,
            expected=f.finding.expected,
            baseline_n=f.finding.baseline_n,
            baseline_unit=_unit(view, f.finding.detector),
            adds=part,
            attack=list(f.finding.attack),
            techniques=list(f.techniques),
            events=len(f.finding.event_ids),
            evidence=json.dumps(dict(f.finding.evidence), ensure_ascii=False, default=str),
            hidden=_hidden(f.suppressed),
        )
        for n, (f, part) in enumerate(zip(case.findings, parts, strict=True), 1)
    ]
    now = datetime.now(UTC)
    judged = [
        JudgedOnce(
            verdict=cast(Verdict | None, v.verdict or None), by=v.by, reason=v.reason, at=v.at
        )
        for v in view.casebook.verdicts(case.id)
    ]
    return CaseView(
        **line(case).model_dump(),
        summary=case.summary,
        baseline_days=case.baseline_days,
        baseline_acts=case.baseline_acts,
        peer_group=case.peer_group,
        peers=case.peers,
        tactics=list(case.tactics),
        event_count=case.event_count,
        learned_bits=case.learned_bits,
        evidence=round(sum(parts) + rest, 1),
        rest=rest,
        around=list(case.around),
        owner=case.owner,
        owner_because=case.owner_because,
        accounts=list(accounts_of(case)),
        questions=[_question(question, now) for question in case.questions],
        others=[
            OtherView(entity_type=o.entity_type, entity=o.entity, why=o.why) for o in case.others
        ],
        teams=[TeamView(name=t.name, members=t.members, of=t.of) for t in case.teams],
        found=found,
        judged=judged,
        turns=[_turn(case, turn) for turn in case.turns],
        formerly=list(case.formerly),
    )


def _turn(case: Case, turn: Turn) -> TurnView:
    # A case that was merged into this one leads back here.
    others = [id for id in (turn.other, turn.case_id) if id not in ("", case.id, *case.formerly)]
    return TurnView(
        what=cast(Turned, turn.what), at=turn.at, case=next(iter(others), ""),
        said=turn.said(case.id),
    )  # fmt: skip


def _hidden(by: Suppression | None) -> HiddenBy | None:
    if by is None:
        return None
    return HiddenBy(id=by.id, by=by.by, reason=by.reason, made=by.created, until=by.expires)


def _question(question: Question, now: datetime) -> QuestionView:
    return QuestionView.model_validate(
        {
            **{name: getattr(question, name) for name in QuestionView.model_fields
               if name != "standing"},
            "standing": question.standing(now),
            "answer": question.answer or None,
        }
    )  # fmt: skip


def _about(view: View, detector: str) -> str:
    return view.detectors[detector].about if detector in view.detectors else ""


def _unit(view: View, detector: str) -> str:
    """What a detector's history is counted in."""
    entry = view.detectors.get(detector)
    if entry is None:
        return "day"  # models judge days; a rule has no history
    return telling_of(entry.family).baseline or entry.unit


def _words(case: Case) -> str:
    parts = [case.id, case.entity, case.headline, case.summary, case.owner, case.peer_group]
    parts += [*case.apps, *case.tactics, *case.native_ids, *(o.entity for o in case.others)]
    for f in case.findings:
        parts += [f.sentence, f.value, f.finding.detector, *f.finding.attack]
    return "\n".join(parts).casefold()


def _with_acts_like(view: View, cases: Sequence[Case], search: str) -> set[str]:
    """Cases whose entity did something in their span that has `search` in it."""
    if not cases:
        return set()
    hit = " or ".join(f'contains(lower(a."{name}"), $search)' for name in _SEARCHED)
    found: set[str] = set()
    for kind in {c.entity_type for c in cases}:
        some = [c for c in cases if c.entity_type == kind]
        rows = view.rows(
            f"""select distinct c.id from activities a join (
                  select unnest($ids::varchar[]) as id, unnest($entities::varchar[]) as entity,
                         unnest($starts::bigint[]) as start, unnest($ends::bigint[]) as stop) c
                  on a."{kind}" = c.entity and a.time >= make_timestamptz(c.start)
                  and a.time <= make_timestamptz(c.stop)
                where a.time >= make_timestamptz($first) and a.time <= make_timestamptz($last)
                  and ({hit})""",
            {
                "ids": [c.id for c in some],
                "entities": [c.entity for c in some],
                "starts": [microseconds(c.start) for c in some],
                "ends": [microseconds(c.end) for c in some],
                "first": min(microseconds(c.start) for c in some),
                "last": max(microseconds(c.end) for c in some),
                "search": search,
            },
        )
        found |= {row["id"] for row in rows}
    return found
