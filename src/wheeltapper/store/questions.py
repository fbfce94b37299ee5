"""Questions to actors in the casebook: each is answered once, however many answer at once."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Session

from wheeltapper.case import CLOSED, OPEN, TO_READ
from wheeltapper.errors import WheeltapperError
from wheeltapper.question import ANSWERED, ANSWERS, ASKED, NO, WITHDRAWN, YES, Question
from wheeltapper.store import turns
from wheeltapper.store.casetext import storable
from wheeltapper.store.tables import CaseRow, QuestionRow, VerdictRow
from wheeltapper.store.turns import FEW

YES_LOWERS = 2.0
"""Score that a case loses at once by a yes that counts: four times as usual. The next run that
makes the case anew weighs the answer itself."""
LONGEST_AGENT = 500


class Questions:
    """What was asked and answered."""

    def __init__(self, engine: sa.Engine, writer: sa.Engine) -> None:
        self._engine, self._writer = engine, writer

    def ask(self, question: Question) -> Question:
        """Keep a question; an open one about the same case to the same account is withdrawn.

        Returns it as it is kept, which is what its link has to be signed over.

        Raises
        ------
        WheeltapperError   where the case is not there.
        """
        with Session(self._writer) as session, session.begin():
            case = turns.found(session, question.case_id, lock=True)
            if case is None:
                raise WheeltapperError(
                    f"there is no case {question.case_id}; see: wheeltapper cases"
                )
            session.execute(
                sa.update(QuestionRow)
                .where(
                    QuestionRow.case_id.in_(turns.families(session, [case.id])),
                    QuestionRow.actor == storable(question.actor),
                    QuestionRow.state == ASKED,
                )
                .values(state=WITHDRAWN)
            )
            row = _row(question)
            session.add(row)
            session.flush()
            return _question(row)

    def question(self, question_id: str) -> Question | None:
        with Session(self._engine) as session:
            query = sa.select(QuestionRow).where(QuestionRow.id == question_id)
            row = session.scalar(query)
            return _question(row) if row else None

    def all(self, case_ids: Iterable[str] | None = None) -> list[Question]:
        """The first asked first; those of some cases, or all."""
        query = sa.select(QuestionRow).order_by(QuestionRow.number)
        if case_ids is not None:
            query = query.where(QuestionRow.case_id.in_(list(case_ids)))
        with Session(self._engine) as session:
            return [_question(row) for row in session.scalars(query)]

    def answer(
        self, question_id: str, answer: str, *, at: datetime, address: str, user_agent: str,
        doubt: str,
    ) -> Question | None:  # fmt: skip
        """Keep an answer; None where another was first, it was withdrawn, or it has expired.

        A no opens the case again. Neither a yes nor being unsure ever closes it.
        """
        if answer not in ANSWERS:
            raise ValueError(f"{answer!r} is no answer; there are: {', '.join(ANSWERS)}")
        at = at.astimezone(UTC)
        with Session(self._writer) as session, session.begin():
            # One statement that looks and changes: of two at once the second finds no row left.
            won = session.execute(
                sa.update(QuestionRow)
                .where(
                    QuestionRow.id == question_id,
                    QuestionRow.state == ASKED,
                    QuestionRow.expires > at,
                )
                .values(
                    state=ANSWERED, answer=answer, answered_at=at, address=storable(address)[:100],
                    user_agent=storable(user_agent)[:LONGEST_AGENT], doubt=doubt,
                )
                .returning(QuestionRow.number)
            ).scalar()  # fmt: skip
            if won is None:
                return None
            row = session.get_one(QuestionRow, won, populate_existing=True)
            case = turns.found(session, row.case_id, lock=True)
            if case is not None and answer == NO and case.status == CLOSED:
                _open_again(session, case, row.actor, at)
            elif case is not None and answer == YES and not doubt:
                case.score = max(0.0, case.score - YES_LOWERS)
            return _question(row)


def denied() -> sa.ColumnElement[int]:
    """1 for an open case whose actor said that it was not them, else 0: such cases come first.

    Whoever was asked about a case that was merged was asked about the one it is told in.
    """
    merged = orm.aliased(CaseRow)
    of_merged = sa.exists().where(
        QuestionRow.answer == NO,
        QuestionRow.case_id == merged.id,
        merged.merged_into == CaseRow.id,
    )
    of_it = sa.exists().where(QuestionRow.case_id == CaseRow.id, QuestionRow.answer == NO)
    said_no = sa.and_(CaseRow.status.in_(TO_READ), sa.or_(of_it, of_merged))
    return sa.case((said_no, 1), else_=0)


def asked_about(session: Session) -> set[str]:
    """Ids of cases that somebody was asked about: they stay."""
    return set(session.scalars(sa.select(QuestionRow.case_id).distinct()))


def by_case(session: Session, family: Mapping[str, str]) -> Mapping[str, tuple[Question, ...]]:
    """Questions about living cases (`turns.families`), the first asked first."""
    query = sa.select(QuestionRow).order_by(QuestionRow.number)
    if len(family) <= FEW:
        query = query.where(QuestionRow.case_id.in_(family))
    found: dict[str, tuple[Question, ...]] = {}
    for row in session.scalars(query):
        if row.case_id in family:
            id = family[row.case_id]
            found[id] = (*found.get(id, ()), _question(row))
    return found


def _open_again(session: Session, case: CaseRow, actor: str, at: datetime) -> None:
    reason = "said that this was not them"
    case.status, case.verdict = OPEN, ""
    case.verdict_by, case.verdict_reason, case.verdict_at = actor, reason, at
    session.add(
        VerdictRow(
            case_id=case.id, verdict="", by=actor, reason=reason, at=at,
            entity=case.entity, headline=case.headline, score=case.score,
        )
    )  # fmt: skip


def _row(question: Question) -> QuestionRow:
    return QuestionRow(
        id=question.id,
        case_id=question.case_id,
        actor=storable(question.actor),
        start=question.start,
        end=question.end,
        about=json.dumps(question.about, separators=(",", ":")),
        asked_by=storable(question.asked_by),
        asked_at=question.asked_at,
        expires=question.expires,
        nonce=question.nonce,
        state=question.state,
        answer=question.answer,
        answered_at=question.answered_at,
        address=question.address,
        user_agent=question.user_agent,
        doubt=question.doubt,
    )


def _question(row: QuestionRow) -> Question:
    return Question(
        id=row.id,
        case_id=row.case_id,
        actor=row.actor,
        start=row.start,
        end=row.end,
        about=tuple((str(detector), str(key)) for detector, key in json.loads(row.about)),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        expires=row.expires,
        nonce=row.nonce,
        state=row.state,
        answer=row.answer,
        answered_at=row.answered_at,
        address=row.address,
        user_agent=row.user_agent,
        doubt=row.doubt,
    )
