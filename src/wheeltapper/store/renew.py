"""Renew: the cases of a run take the place of those before, and nothing that was said is lost.

Who they are is found out by `lineage`. What a run computes is renewed; status, verdict and history
are kept. A judged case that has more now than was judged is opened again, and says what is new.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wheeltapper.case import (
    CLOSED,
    JOINED,
    MERGED,
    OPEN,
    REOPEN,
    REOPENED,
    RETURN,
    SPLIT,
    STATUSES,
    TO_READ,
    Case,
    CaseFinding,
    Turn,
)
from wheeltapper.store import casetext, lineage, questions, turns
from wheeltapper.store.casetext import storable
from wheeltapper.store.lineage import Key, Known, Named
from wheeltapper.store.tables import CaseRow

MOST_FINDINGS = 60
"""Findings that a case keeps; the weightiest."""


@dataclass(frozen=True, slots=True)
class Past:
    """A row as it was before this run."""

    row: CaseRow
    status: str
    findings: Sequence[CaseFinding]


def renew(
    session: Session,
    cases: Sequence[Case],
    *,
    since: datetime | None,
    looked_from: datetime | None,
    at: datetime,
) -> None:
    """Let these be the cases that end at `since` or later.

    `looked_from` is the time of the first finding that they are made of: what a case before knew
    of earlier, it keeps.
    """
    past = _past(session, cases, since, lock=True)
    names = _named(session, past, cases)
    after: dict[str, list[Past]] = {}
    for id, survivor in names.merged.items():
        after.setdefault(survivor, []).append(past[id])
    for case, id in zip(cases, names.ids, strict=True):
        before = past.get(id)
        joined = after.get(id, [])
        parts = [p for p in (before, *joined) if p is not None]
        row = before.row if before else CaseRow(id=id, verdict="", made=at)
        whole = _with_earlier(case, [p for p in parts if p.status in STATUSES], looked_from)
        if before is None:
            row.merged_into, row.judged = "", ""
            session.add(row)
        told = _turns(whole, id, before, joined, at)
        if id in names.split:
            told.insert(0, _split(id, past[names.split[id]].row, at))
        elif id in names.returned:
            told.insert(0, Turn(what=RETURN, case_id=id, at=at))
        row.status = _status(row, whole, before, joined, told, at)
        row.merged_into = ""
        _fill(row, whole)
        turns.note(session, told)
    session.flush()
    _put_away(session, past, names, since)


def renamed(session: Session, cases: Sequence[Case]) -> list[Case]:
    """The same cases under the ids that they would be kept by."""
    names = _named(session, _past(session, cases, None, lock=False), cases)
    return [replace(case, id=id) for case, id in zip(cases, names.ids, strict=True)]


def _past(
    session: Session, cases: Sequence[Case], since: datetime | None, *, lock: bool
) -> dict[str, Past]:
    """What the cases may be; locked, none is judged between being looked at and renewed."""
    query = sa.select(CaseRow).order_by(CaseRow.id)
    if lock:
        query = query.with_for_update()
    if since is not None:
        query = query.where(CaseRow.end >= min([since, *(case.start for case in cases)]))
    return {
        row.id: Past(row, row.status, casetext.read_findings(row.findings))
        for row in session.scalars(query)
    }


def _named(session: Session, past: Mapping[str, Past], cases: Sequence[Case]) -> Named:
    known = [
        Known(
            id=id,
            made=one.row.made,
            start=one.row.start,
            living=one.status in STATUSES,
            merged_into=one.row.merged_into,
            traces=lineage.traces(one.findings),
        )
        for id, one in past.items()
    ]
    return lineage.named(known, cases, set(session.scalars(sa.select(CaseRow.id))))


def _with_earlier(case: Case, parts: Sequence[Past], looked_from: datetime | None) -> Case:
    """The case with those findings of before that were too long ago to be looked at again."""
    if looked_from is None:
        return case
    known = {lineage.key(one) for one in case.findings}
    earlier = [f for p in parts for f in p.findings if f.last < looked_from]
    # They are shown with it; its evidence is that of what was looked at.
    kept = {lineage.key(f): replace(f, adds=0.0) for f in earlier if lineage.key(f) not in known}
    if not kept:
        return case
    findings = sorted([*case.findings, *kept.values()], key=lambda f: -f.bits)
    mine = [p.row for p in parts]
    natives = [id for row in mine for id in casetext.read_details(row.details)["native_ids"]]
    return replace(
        case,
        findings=tuple(findings[:MOST_FINDINGS]),
        start=min(case.start, *(row.start for row in mine)),
        native_ids=tuple(dict.fromkeys([*natives, *case.native_ids])),
        apps=tuple(dict.fromkeys([*case.apps, *(f.app for f in kept.values() if f.app)])),
    )


def _turns(
    case: Case,
    id: str,
    before: Past | None,
    joined: Sequence[Past],
    at: datetime,
) -> list[Turn]:
    """What came to one case."""
    told = [
        Turn(what=MERGED, case_id=id, other=p.row.id, at=at, why=_tie(case, p.row)) for p in joined
    ]
    if before is not None:
        known = {lineage.key(f) for p in (before, *joined) for f in p.findings}
        new = [f for f in case.findings if lineage.key(f) not in known and f.suppressed is None]
        if new:
            told.append(Turn(what=JOINED, case_id=id, at=at, why=_new(new)))
    return told


def _split(id: str, parent: CaseRow, at: datetime) -> Turn:
    judged = f"which was judged {_said(parent.verdict)}" if parent.verdict else ""
    return Turn(what=SPLIT, case_id=id, other=parent.id, at=at, why=judged)


def _tie(case: Case, other: CaseRow) -> str:
    """Why a case is told in this one now."""
    why = {storable(one.entity): one.why for one in case.others}
    if other.entity in why:
        return f"{other.entity}, {storable(why[other.entity])}"
    if other.entity == storable(case.entity):
        return "what lies between them was found"
    return "they rest on the same acts"


def _new(findings: Sequence[CaseFinding]) -> str:
    """What is new, in the words of the weightiest."""
    first, more = findings[0], len(findings) - 1
    rest = f" And {more:,} {'finding' if more == 1 else 'findings'} more." if more else ""
    return f"{storable(first.sentence)}{rest}"


def _status(
    row: CaseRow,
    case: Case,
    before: Past | None,
    joined: Sequence[Past],
    told: list[Turn],
    at: datetime,
) -> str:
    """What the status is now; if it is opened again, `told` says so."""
    if before is None:
        return OPEN
    status = before.status if before.status in STATUSES else CLOSED if row.verdict else OPEN
    if not row.verdict:
        return status
    judged = _judged(before)
    for one in joined:
        judged |= _judged(one) if one.row.verdict else {}
    row.judged = _text(judged)
    bits, new = lineage.beyond(case.findings, judged)
    why = ""
    if bits >= lineage.OF_WEIGHT:
        why = f"since it was judged {_said(row.verdict)} there is more. {_new(new)}"
    for one in joined:
        if one.status in TO_READ and not one.row.verdict:
            why = why or f"case {one.row.id} belongs to it, and nobody has judged that"
        elif one.row.verdict not in ("", row.verdict):
            why = why or (
                f"case {one.row.id} belongs to it, and was judged {_said(one.row.verdict)}, "
                f"not {_said(row.verdict)}"
            )
    if why and status == CLOSED:
        told.append(Turn(what=REOPEN, case_id=row.id, at=at, why=why))
        return REOPENED
    return status


def _said(verdict: str) -> str:
    return verdict.replace("_", " ")


def _judged(one: Past) -> dict[Key, float]:
    """What somebody who judged it knew; before that was kept, what it said last."""
    if not one.row.judged:
        return lineage.loudest(one.findings)
    return read_judged(one.row.judged)


def as_judged(findings: Sequence[CaseFinding]) -> str:
    """What a case says when it is judged, as it is kept."""
    return _text(lineage.loudest(findings))


def _text(judged: Mapping[Key, float]) -> str:
    return json.dumps([[*key, bits] for key, bits in sorted(judged.items())])


def read_judged(text: str) -> dict[Key, float]:
    return {(d, t, e, k): float(bits) for d, t, e, k, bits in json.loads(text or "[]")}


def _put_away(
    session: Session, past: Mapping[str, Past], names: Named, since: datetime | None
) -> None:
    """Cases that are told in another, and those that arise no more and nobody spoke of."""
    for id, survivor in names.merged.items():
        row = past[id].row
        row.status, row.merged_into = turns.MERGED_AWAY, survivor
    session.flush()
    for id, survivor in names.merged.items():
        # What was told in it is told there too; what has come to life again points nowhere.
        session.execute(
            sa.update(CaseRow).where(CaseRow.merged_into == id).values(merged_into=survivor)
        )
    spoken_of = _spoken_of(session)
    for id in names.gone:
        row = past[id].row
        if (since is None or row.end >= since) and id not in spoken_of:
            row.status = turns.GONE


def _spoken_of(session: Session) -> set[str]:
    """Living cases that somebody judged or was asked about, or one that is told in them."""
    asked = questions.asked_about(session)
    query = sa.select(CaseRow.id, CaseRow.merged_into, CaseRow.verdict)
    return {into or id for id, into, verdict in session.execute(query) if verdict or id in asked}


def _fill(row: CaseRow, case: Case) -> None:
    """What a run computes; status and verdict are people's."""
    row.score, row.entity_type, row.entity = case.score, case.entity_type, storable(case.entity)
    row.start, row.end = case.start, case.end
    row.headline, row.owner = storable(case.headline), storable(case.owner)
    row.details, row.findings = casetext.details(case), casetext.findings(case.findings)
