"""The casebook: cases as a run left them, and what people said about them.

SQLite beside the lake, or PostgreSQL for a team: the same code, chosen by a URL. Cases are made
anew by every run, and known again by what they rest on; verdicts are only ever added to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wheeltapper import case as noun
from wheeltapper.case import Case
from wheeltapper.errors import WheeltapperError
from wheeltapper.question import Question
from wheeltapper.store import casetext, database, lineage, questions, renew, turns
from wheeltapper.store.casetext import storable
from wheeltapper.store.questions import Questions
from wheeltapper.store.referrals import Referrals
from wheeltapper.store.tables import CaseRow, SuppressionRow, VerdictRow
from wheeltapper.suppression import Suppression

_MAX_TEXT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What somebody said about a case, and what the case said then."""

    case_id: str
    verdict: str
    """One of case.VERDICTS; empty: the verdict before was taken back."""
    by: str
    reason: str
    at: datetime
    entity: str
    headline: str
    score: float


class Casebook:
    """Cases and verdicts; safe to use from several threads and processes at once."""

    def __init__(self, url: str) -> None:
        """Open the database at an SQLAlchemy URL, and bring its tables up to date.

        Raises
        ------
        WheeltapperError   where it cannot be reached, or was made by a newer version.
        """
        self._engine = database.open_engine(url)
        self._writer = self._engine.execution_options(writes=True)
        try:
            database.migrate(self._engine)
        except WheeltapperError:
            self.close()
            raise

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> "Casebook":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def questions(self) -> Questions:
        """What actors were asked, and said."""
        return Questions(self._engine, self._writer)

    @property
    def referrals(self) -> Referrals:
        """Accounts that are put before people, and what was decided about them."""
        return Referrals(self._engine, self._writer)

    def save(
        self,
        cases: Sequence[Case],
        *,
        since: datetime | None = None,
        looked_from: datetime | None = None,
        at: datetime | None = None,
    ) -> None:
        """Let these be the cases (that end at `since` or later), in one transaction.

        A case is known by the acts its findings rest on (`lineage`): one that comes again is
        renewed and keeps id, status and verdict; one that no longer arises is no longer told,
        unless somebody gave a verdict on it or was asked about it. `at` is now.
        """
        twice = len(cases) - len({case.id for case in cases})
        if twice:
            raise ValueError(f"{twice} of {len(cases)} cases have the id of another")
        with Session(self._writer) as session, session.begin():
            renew.renew(
                session, cases, since=since, looked_from=looked_from, at=at or datetime.now(UTC)
            )

    def renamed(self, cases: Sequence[Case]) -> list[Case]:
        """Cases of a run that is not kept, under the ids by which they would be."""
        with Session(self._engine) as session:
            return renew.renamed(session, cases)

    def judged(self) -> list[Case]:
        """All cases with a verdict, those that are told in another now too, as they were judged."""
        query = sa.select(CaseRow).where(CaseRow.verdict != "").order_by(*_order())
        with Session(self._engine) as session:
            return [_as_judged(row, n) for n, row in enumerate(session.scalars(query), start=1)]

    def cases(
        self,
        *,
        status: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        entity: str | None = None,
        limit: int | None = None,
    ) -> list[Case]:
        """Cases by score, the highest first, ranked from 1 within what was asked for.

        Before all others come open cases whose actor said that it was not them.
        `since` and `until` choose cases whose span has a moment in `since <= time < until`. Of
        status `open` are those that were opened again, too.
        """
        query = sa.select(CaseRow).where(turns.living()).order_by(*_order())
        if status is not None:
            chosen = noun.TO_READ if status == noun.OPEN else (status,)
            query = query.where(CaseRow.status.in_(chosen))
        if since is not None:
            query = query.where(CaseRow.end >= since)
        if until is not None:
            query = query.where(CaseRow.start < until)
        if entity is not None:
            query = query.where(CaseRow.entity == storable(entity))
        with Session(self._engine) as session:
            rows = session.scalars(query.limit(limit)).all()
            around = _around(session, [row.id for row in rows])
            return [_case(row, rank, around) for rank, row in enumerate(rows, start=1)]

    def count(self) -> int:
        """How many cases there are."""
        with Session(self._engine) as session:
            query = sa.select(sa.func.count()).select_from(CaseRow).where(turns.living())
            return session.scalar(query) or 0

    def case(self, case_id: str) -> Case | None:
        """One case, with its rank among all; None if there is no such case.

        An id that was merged leads to the case in which it is told.
        """
        with Session(self._engine) as session:
            row = turns.found(session, case_id)
            if row is None:
                return None
            place = sa.func.row_number().over(order_by=_order()).label("place")
            ranked = sa.select(CaseRow.id, place).where(turns.living()).subquery()
            rank = session.scalar(sa.select(ranked.c.place).where(ranked.c.id == row.id)) or 0
            return _case(row, rank, _around(session, [row.id]))

    def judge(self, case_id: str, verdict: str, *, by: str, reason: str = "", at: datetime) -> Case:
        """Give a verdict (one of case.VERDICTS): the case is closed; an empty one opens it again.

        What was said before stays in `verdicts`. Returns the case as it now stands.

        Raises
        ------
        WheeltapperError   for a case that is not there.
        ValueError   for another verdict, nobody in `by`, a time without zone, a text too long.
        """
        if verdict and verdict not in noun.VERDICTS:
            raise ValueError(f"{verdict!r} is no verdict; there are: {', '.join(noun.VERDICTS)}")
        if not by.strip():
            raise ValueError("a verdict needs somebody who gives it")
        if len(reason) > _MAX_TEXT or len(by) > _MAX_TEXT:
            raise ValueError(f"reason and name may have {_MAX_TEXT} characters at most")
        if at.tzinfo is None:
            raise ValueError(f"time {at} names no zone")
        with Session(self._writer) as session, session.begin():
            row = turns.found(session, case_id, lock=True)
            if row is None:
                raise WheeltapperError(
                    f"there is no case {case_id}; see: wheeltapper cases (a new run may have "
                    "found that it no longer arises)"
                )
            row.status = noun.CLOSED if verdict else noun.OPEN
            row.verdict = verdict
            row.verdict_by, row.verdict_reason = storable(by), storable(reason)
            row.verdict_at = at.astimezone(UTC)
            known = casetext.read_findings(row.findings)
            row.judged = renew.as_judged(known) if verdict else ""
            session.add(
                VerdictRow(
                    case_id=row.id,
                    verdict=verdict,
                    by=row.verdict_by,
                    reason=row.verdict_reason,
                    at=row.verdict_at,
                    entity=row.entity,
                    headline=row.headline,
                    score=row.score,
                )
            )
        found = self.case(case_id)
        if found is None:
            raise WheeltapperError(f"case {case_id} went away while it was judged; judge it again")
        return found

    def verdicts(self, case_id: str | None = None) -> list[Verdict]:
        """All that was ever said about a case (about all cases: None), the first first.

        Of a case in which others are told now, what was said about those too.
        """
        query = sa.select(VerdictRow).order_by(VerdictRow.number)
        with Session(self._engine) as session:
            if case_id is not None:
                row = turns.found(session, case_id)
                family = turns.families(session, [row.id]) if row else {}
                query = query.where(VerdictRow.case_id.in_([case_id, *family]))
            return [_verdict(row) for row in session.scalars(query)]

    def suppress(self, made: Sequence[Suppression]) -> None:
        """Keep suppressions, for ever; one that is there already is left as it is."""
        with Session(self._writer) as session, session.begin():
            for one in made:
                there = sa.select(SuppressionRow.number).where(SuppressionRow.id == one.id)
                if session.scalar(there) is None:
                    session.add(
                        SuppressionRow(
                            id=one.id,
                            scope=casetext.scope(one.scope),
                            by=storable(one.by),
                            reason=storable(one.reason),
                            created=one.created,
                            since=one.since,
                            expires=one.expires,
                            case_id=storable(one.case_id),
                            ended_by="",
                        )
                    )

    def suppressions(self) -> list[Suppression]:
        """All that were ever made, the first first."""
        query = sa.select(SuppressionRow).order_by(SuppressionRow.number)
        with Session(self._engine) as session:
            return [_suppression(row) for row in session.scalars(query)]

    def expire(self, ids: Sequence[str], *, by: str, at: datetime) -> list[Suppression]:
        """End suppressions before their time, all or none: they hide nothing any more, and stay.

        Raises
        ------
        WheeltapperError   for one that is not there or has ended, and nobody in `by`.
        """
        if not by.strip() or len(by) > _MAX_TEXT:
            raise WheeltapperError("ending a suppression needs somebody who does it, by a name")
        with Session(self._writer) as session, session.begin():
            return [
                _ended(session, storable(one), storable(by.strip()), at.astimezone(UTC))
                for one in dict.fromkeys(ids)
            ]


def _ended(session: Session, suppression_id: str, by: str, at: datetime) -> Suppression:
    query = sa.select(SuppressionRow).where(SuppressionRow.id == suppression_id)
    row = session.scalar(query.with_for_update())
    if row is None:
        raise WheeltapperError(
            f"there is no suppression {suppression_id}; see: wheeltapper suppressions list"
        )
    if row.ended is not None:
        raise WheeltapperError(
            f"suppression {row.id} was ended by {row.ended_by} on {row.ended:%-d %B %Y}"
        )
    row.ended_by, row.ended = by, at
    return _suppression(row)


def _order() -> list[sa.ColumnElement[Any]]:
    """How cases are ranked."""
    return [questions.denied().desc(), CaseRow.score.desc(), CaseRow.start.asc(), CaseRow.id.asc()]


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known of cases beside their rows."""

    family: Mapping[str, str]
    asked: Mapping[str, tuple[Question, ...]]
    turns: Mapping[str, tuple[noun.Turn, ...]]


def _around(session: Session, case_ids: Sequence[str]) -> _Around:
    family = turns.families(session, case_ids)
    return _Around(family, questions.by_case(session, family), turns.by_case(session, family))


_NOTHING = _Around({}, {}, {})


def _as_judged(row: CaseRow, rank: int) -> Case:
    """A case with those findings only that somebody knew who judged it."""
    case = _case(row, rank, _NOTHING)
    judged = renew.read_judged(row.judged)
    if not judged:
        return case
    kept = tuple(f for f in case.findings if lineage.key(f) in judged)
    return replace(case, findings=kept) if kept else case


def _case(row: CaseRow, rank: int, around: _Around) -> Case:
    return Case(
        id=row.id,
        rank=rank,
        score=row.score,
        entity_type=row.entity_type,
        entity=row.entity,
        start=row.start,
        end=row.end,
        headline=row.headline,
        owner=row.owner,
        questions=around.asked.get(row.id, ()),
        turns=around.turns.get(row.id, ()),
        formerly=turns.formerly(around.family, row.id),
        findings=casetext.read_findings(row.findings),
        status=row.status,
        verdict=row.verdict,
        verdict_by=row.verdict_by,
        verdict_reason=row.verdict_reason,
        verdict_at=row.verdict_at,
        **casetext.read_details(row.details),
    )


def _verdict(row: VerdictRow) -> Verdict:
    return Verdict(
        case_id=row.case_id,
        verdict=row.verdict,
        by=row.by,
        reason=row.reason,
        at=row.at,
        entity=row.entity,
        headline=row.headline,
        score=row.score,
    )


def _suppression(row: SuppressionRow) -> Suppression:
    return Suppression(
        id=row.id,
        scope=casetext.read_scope(row.scope),
        by=row.by,
        reason=row.reason,
        created=row.created,
        since=row.since,
        expires=row.expires,
        case_id=row.case_id,
        ended_by=row.ended_by,
        ended=row.ended,
    )
