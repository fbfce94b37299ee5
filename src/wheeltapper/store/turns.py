"""Turns in the casebook: where a case is told now, and what became of it from run to run."""

from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wheeltapper.case import SPLIT, STATUSES, Turn
from wheeltapper.store.tables import CaseRow, TurnRow

FEW = 500
"""Of more cases all is read: databases bound what a statement names."""
MERGED_AWAY, GONE = "merged", "gone"
"""Statuses of what is no longer told by itself: it stands in another case, or arises no more."""


def living() -> sa.ColumnElement[bool]:
    """Whether a row is a case that is told."""
    return CaseRow.status.in_(STATUSES)


def found(session: Session, case_id: str, *, lock: bool = False) -> CaseRow | None:
    """The living case that an id leads to, whatever it was merged into since."""
    for _ in range(2):  # a merge that is over points to a living case
        row = session.get(CaseRow, case_id, with_for_update=lock, populate_existing=lock)
        if row is None or not row.merged_into:
            break
        case_id = row.merged_into
    return row if row is not None and row.status in STATUSES else None


def families(session: Session, case_ids: Iterable[str]) -> Mapping[str, str]:
    """Of these living cases, and of each that was merged into one, the id of the living one."""
    wanted = set(case_ids)
    query = sa.select(CaseRow.id, CaseRow.merged_into).where(CaseRow.merged_into != "")
    if len(wanted) <= FEW:
        query = query.where(CaseRow.merged_into.in_(wanted))
    merged = {id: into for id, into in session.execute(query) if into in wanted}
    return {**merged, **{id: id for id in wanted}}


def by_case(session: Session, family: Mapping[str, str]) -> Mapping[str, tuple[Turn, ...]]:
    """Turns of living cases, those of what was merged into them among them, the first first."""
    query = sa.select(TurnRow).order_by(TurnRow.number)
    if len(family) <= FEW:
        query = query.where(sa.or_(TurnRow.case_id.in_(family), TurnRow.other.in_(family)))
    told: dict[str, list[Turn]] = {}
    for row in session.scalars(query):
        turn = Turn(what=row.what, case_id=row.case_id, other=row.other, at=row.at, why=row.why)
        # A split stands in both parts, a merge in the case that was left.
        sides = (row.case_id, row.other) if row.what == SPLIT else (row.case_id,)
        for id in dict.fromkeys(family[side] for side in sides if side in family):
            told.setdefault(id, []).append(turn)
    return {id: tuple(turns) for id, turns in told.items()}


def formerly(family: Mapping[str, str], case_id: str) -> tuple[str, ...]:
    """Ids of cases that are told in this one now."""
    return tuple(sorted(id for id, into in family.items() if into == case_id != id))


def note(session: Session, turns: Collection[Turn]) -> None:
    for turn in turns:
        session.add(
            TurnRow(
                case_id=turn.case_id, what=turn.what, other=turn.other, at=turn.at, why=turn.why
            )
        )
