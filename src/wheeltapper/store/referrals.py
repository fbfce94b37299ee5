"""Referrals in the casebook: accounts in their order, what reviewers said, and what was decided.

A decision is kept in the same transaction as what led to it, so that it is delivered even if the
program dies in between. People's decisions are never overruled by a new scoring.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wheeltapper import referral as noun
from wheeltapper.errors import WheeltapperError
from wheeltapper.referral import Decision, Opinion, Referral, Ruling
from wheeltapper.store.casetext import storable
from wheeltapper.store.tables import DecisionRow, JudgingRow, OpinionRow, ReferralRow

Settle = Callable[[Referral, Sequence[Opinion]], Ruling]
"""What follows from the opinions of a round, the newest of each reviewer: `review.ruling`."""
LEASE = timedelta(minutes=30)
"""So long an account that was handed to a reviewer is kept from others."""
POLICY = "policy"
_TEXTS = ("account", "proposed", "step", "state", "via", "gold", "assigned", "challenge", "appeal")
_RENEWED = ("score", "proposed", "place", "drawn", "stratum", "gold", "evidence")


class Referrals:
    """The queue of accounts."""

    def __init__(self, engine: sa.Engine, writer: sa.Engine) -> None:
        self._engine, self._writer = engine, writer

    def fill(self, made: Sequence[Referral]) -> list[Decision]:
        """Put accounts into the queue, or renew them; the same again changes nothing.

        What people decided stays, and who answers at the moment is left alone. Steps that the
        policy takes by itself are decided here. Accounts of the queue that nobody has spoken of,
        and that are not in `made`, are no longer asked about.
        """
        decided = []
        with Session(self._writer) as session, session.begin():
            known = {row.account: row for row in session.scalars(sa.select(ReferralRow))}
            spoken = set(session.scalars(sa.select(OpinionRow.account).distinct()))
            for one in made:
                row = known.pop(storable(one.account), None)
                if row is None:
                    row = _row(one)
                    session.add(row)
                else:
                    _renew(row, one, spoken=row.account in spoken)
                if _left_to_policy(row, one):
                    decided += _decide(
                        session, row, one.step, by=POLICY, why=f"score {one.score:.1%}",
                        at=one.changed,
                    )  # fmt: skip
            for row in known.values():
                row.drawn = False
                if row.state == noun.WAITING and row.account not in spoken:
                    row.state = noun.RESPONDED
        return decided

    def next(self, reviewer: str, *, at: datetime) -> Referral | None:
        """The account that a reviewer has to look at now, kept from others for a while.

        Never one that they answered in an earlier round, or in this one.
        """
        reviewer = _named(reviewer)
        rank = sa.case({s: n for n, s in enumerate(noun.OPEN)}, value=ReferralRow.state)
        answered = sa.exists().where(
            OpinionRow.account == ReferralRow.account, OpinionRow.by == reviewer
        )
        free = sa.or_(
            ReferralRow.assigned.in_(("", reviewer)),
            ReferralRow.assigned_at < at - LEASE,
        )
        query = (
            sa.select(ReferralRow)
            .where(ReferralRow.state.in_(noun.OPEN), ~answered, free)
            # What one has in hand comes first: reloading a page shows the same again.
            .order_by((ReferralRow.assigned != reviewer), rank, ReferralRow.place)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with Session(self._writer) as session, session.begin():
            row = session.scalar(query)
            if row is None:
                return None
            if row.assigned != reviewer or row.assigned_at is None or row.assigned_at < at - LEASE:
                row.assigned, row.assigned_at = reviewer, at.astimezone(UTC)
            return _referral(row)

    def answer(self, said: Opinion, settle: Settle) -> tuple[Referral, list[Decision]]:
        """Keep what a reviewer said, and what follows from it; the round is the account's own.

        Raises
        ------
        WheeltapperError   where the account is not in the queue, or was judged by the same
                           reviewer before it was appealed
        ValueError         for another opinion, nobody in `by`, a text too long
        """
        if said.opinion not in noun.OPINIONS:
            raise ValueError(f"{said.opinion!r} is none of: {', '.join(noun.OPINIONS)}")
        if len(said.reason) > 10_000 or len(said.guideline) > 200:
            raise ValueError("a reason may have 10,000 characters at most")
        by = _named(said.by)
        with Session(self._writer) as session, session.begin():
            row = _locked(session, said.account)
            before = _opinions(session, row.account)
            if any(o.by == by and o.round < row.round for o in before):
                raise WheeltapperError(
                    f"{by} judged {row.account} before it was appealed; somebody else has to look"
                )
            session.add(
                OpinionRow(
                    account=row.account, opinion=said.opinion, by=by,
                    reason=storable(said.reason), guideline=storable(said.guideline),
                    round=row.round, seconds=said.seconds, score=row.score,
                    at=said.at.astimezone(UTC),
                )
            )  # fmt: skip
            session.flush()
            now = standing(_opinions(session, row.account), row.round)
            ruling = settle(_referral(row), now)
            row.state, row.assigned, row.assigned_at = ruling.state, "", None
            row.changed = said.at.astimezone(UTC)
            decided = _decide(session, row, ruling.step, by=by, why=ruling.why, at=said.at)
            return _referral(row), decided

    def appeal(self, account: str, words: str, *, at: datetime) -> Referral:
        """Somebody says that what was decided is wrong: another reviewer looks again.

        Raises
        ------
        WheeltapperError   where nothing was decided that can be appealed
        """
        with Session(self._writer) as session, session.begin():
            row = _locked(session, account)
            if row.step in (noun.ALLOW, noun.RESTORE) or row.state == noun.APPEALED:
                raise WheeltapperError(
                    f"{row.account} is {row.state}, and what was done is: {row.step}; there is "
                    "nothing to appeal"
                )
            row.state, row.round, row.via = noun.APPEALED, row.round + 1, "appeal"
            row.appeal, row.changed = storable(words)[:10_000], at.astimezone(UTC)
            row.assigned, row.assigned_at = "", None
            return _referral(row)

    def challenged(
        self, account: str, outcome: str, *, at: datetime
    ) -> tuple[Referral, list[Decision]]:
        """What came of a verification: passed lets the account go on, anything else is looked at.

        Raises
        ------
        WheeltapperError   where the account was not asked to verify itself
        """
        if outcome not in (noun.PASSED, noun.FAILED, noun.LAPSED):
            raise WheeltapperError(f"{outcome!r} is none of: passed, failed, lapsed")
        with Session(self._writer) as session, session.begin():
            row = _locked(session, account)
            if row.challenge != noun.CHALLENGED:
                raise WheeltapperError(f"{row.account} was not asked to verify itself")
            row.challenge, row.challenge_at = outcome, at.astimezone(UTC)
            row.changed = at.astimezone(UTC)
            if outcome == noun.PASSED:
                decided = _decide(
                    session, row, noun.RESTORE, by=POLICY, why="verification passed", at=at
                )
            else:
                decided = _decide(
                    session, row, noun.HOLD, by=POLICY, why=f"verification {outcome}", at=at
                )
                if row.state == noun.RESPONDED:
                    row.state, row.via = noun.WAITING, "policy"
            return _referral(row), decided

    def all(
        self, states: Iterable[str] | None = None, limit: int | None = None, *,
        evidence: bool = True,
    ) -> list[Referral]:  # fmt: skip
        """By state, the most urgent first, then in their order.

        Without `evidence`, which is most of what is kept, that stays unread.
        """
        rank = sa.case({s: n for n, s in enumerate(noun.OPEN)}, value=ReferralRow.state, else_=9)
        query = sa.select(ReferralRow).order_by(rank, ReferralRow.place, ReferralRow.account)
        if states is not None:
            query = query.where(ReferralRow.state.in_(list(states)))
        names = [f.name for f in fields(Referral) if evidence or f.name != "evidence"]
        columns = [getattr(ReferralRow, name) for name in names]
        with Session(self._engine) as session:
            rows = session.execute(query.with_only_columns(*columns).limit(limit))
            return [Referral(**dict(zip(names, row, strict=True))) for row in rows]

    def one(self, account: str) -> Referral | None:
        with Session(self._engine) as session:
            row = session.get(ReferralRow, storable(account))
            return _referral(row) if row else None

    def waiting(self) -> int:
        """How many accounts somebody has to look at."""
        query = sa.select(sa.func.count()).where(ReferralRow.state.in_(noun.OPEN))
        with Session(self._engine) as session:
            return session.scalar(query) or 0

    def opinions(self, account: str | None = None) -> list[Opinion]:
        """All that was ever said, the first first."""
        with Session(self._engine) as session:
            return _opinions(session, None if account is None else storable(account))

    def decisions(
        self, *, after: int = 0, undelivered: bool = False, limit: int | None = None
    ) -> list[Decision]:
        """In the order they were made; `after` is the number of one that is known already."""
        query = sa.select(DecisionRow).where(DecisionRow.number > after)
        if undelivered:
            query = query.where(DecisionRow.delivered.is_(None))
        with Session(self._engine) as session:
            rows = session.scalars(query.order_by(DecisionRow.number).limit(limit))
            return [_decision(row) for row in rows]

    def delivered(self, number: int, *, at: datetime, problem: str = "") -> None:
        """Note that a decision was handed over, or why it was not."""
        with Session(self._writer) as session, session.begin():
            row = session.get_one(DecisionRow, number)
            row.attempts += 1
            row.problem = storable(problem)[:500]
            if not problem:
                row.delivered = at.astimezone(UTC)

    def note(self, kind: str, told: Mapping[str, object], *, at: datetime) -> None:
        """Keep what a scoring or training found."""
        with Session(self._writer) as session, session.begin():
            session.add(JudgingRow(kind=kind, at=at.astimezone(UTC), told=json.dumps(told)))

    # Any: what `note` was given.
    def noted(self, kind: str, limit: int = 1) -> list[tuple[datetime, dict[str, Any]]]:
        """The newest first."""
        query = sa.select(JudgingRow).where(JudgingRow.kind == kind)
        with Session(self._engine) as session:
            rows = session.scalars(query.order_by(JudgingRow.number.desc()).limit(limit))
            return [(row.at, json.loads(row.told)) for row in rows]


def standing(opinions: Iterable[Opinion], round: int) -> list[Opinion]:
    """The newest of each reviewer in a round, in the order in which they first spoke."""
    newest: dict[str, Opinion] = {}
    for one in opinions:
        if one.round == round:
            newest[one.by] = one
    return list(newest.values())


def _named(reviewer: str) -> str:
    name = storable(reviewer.strip())
    if not name or len(name) > 200:
        raise ValueError("a reviewer needs a name, of 200 characters at most")
    return name


def _locked(session: Session, account: str) -> ReferralRow:
    row = session.get(ReferralRow, storable(account), with_for_update=True)
    if row is None:
        raise WheeltapperError(f"{account} is not in the queue; see: wheeltapper review list")
    return row


def _decide(
    session: Session, row: ReferralRow, step: str, *, by: str, why: str, at: datetime
) -> list[Decision]:
    """Take a step, unless it is the one that stands."""
    if step == row.step:
        return []
    if step in (noun.ALLOW, noun.RESTORE):
        if row.step in (noun.ALLOW, noun.RESTORE):
            return []
        # What was only looked at had nothing taken away that could be given back.
        step = noun.ALLOW if row.step == noun.REVIEW else noun.RESTORE
    mine = sa.select(sa.func.count()).where(DecisionRow.account == row.account)
    times = session.scalar(mine.where(DecisionRow.step == step)) or 0
    made = DecisionRow(
        id=noun.decision_id(row.account, step, times), account=row.account, step=step,
        was=row.step, by=by, why=storable(why), problem="", at=at.astimezone(UTC), attempts=0,
    )  # fmt: skip
    session.add(made)
    row.step = step
    if step == noun.VERIFY:
        row.challenge, row.challenge_at = noun.CHALLENGED, at.astimezone(UTC)
    session.flush()
    return [_decision(made)]


def _left_to_policy(row: ReferralRow, one: Referral) -> bool:
    """Whether a scoring may take a step: not where people decided, or a verification told more."""
    if row.state in (noun.DECIDED, noun.APPEALED, noun.ESCALATED) or row.round:
        return False
    if one.step == noun.REVIEW and row.step in (noun.RATE_LIMIT, noun.VERIFY, noun.HOLD):
        return False  # likelier fraud than before: what was taken stays so until people decide
    if row.challenge == noun.PASSED:
        return one.step != noun.VERIFY
    return row.challenge not in (noun.FAILED, noun.LAPSED)


def _renew(row: ReferralRow, one: Referral, *, spoken: bool) -> None:
    for name in _RENEWED:
        value = getattr(one, name)
        setattr(row, name, storable(value) if isinstance(value, str) else value)
    if row.state in (noun.RESPONDED, noun.WAITING) and not spoken:
        # A verification that was not passed keeps its place in the queue.
        if not (row.challenge in (noun.FAILED, noun.LAPSED) and one.state == noun.RESPONDED):
            row.state, row.via = one.state, one.via
        row.double = one.double


def _row(one: Referral) -> ReferralRow:
    values = {f.name: getattr(one, f.name) for f in fields(one)}
    row = ReferralRow(**values | {n: storable(values[n]) for n in _TEXTS})
    row.step = noun.ALLOW  # until it is decided
    row.changed = one.changed.astimezone(UTC)
    return row


def _referral(row: ReferralRow) -> Referral:
    return Referral(**{f.name: getattr(row, f.name) for f in fields(Referral)})


def _opinions(session: Session, account: str | None) -> list[Opinion]:
    query = sa.select(OpinionRow).order_by(OpinionRow.number)
    if account is not None:
        query = query.where(OpinionRow.account == account)
    names = [f.name for f in fields(Opinion)]
    return [Opinion(**{n: getattr(row, n) for n in names}) for row in session.scalars(query)]


def _decision(row: DecisionRow) -> Decision:
    return Decision(**{f.name: getattr(row, f.name) for f in fields(Decision)})
