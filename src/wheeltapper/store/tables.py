"""The casebook's tables, as the code of today knows them; `migrations/` made them so."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcTime(sa.TypeDecorator[datetime]):
    """A moment: microseconds since 1970-01-01 UTC, the same number on every database.

    SQLite has no type for a time with a zone, and PostgreSQL shows one in the zone of whoever asks.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time {value} names no zone")
        delta = value - _EPOCH
        return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        # Not fromtimestamp: a float has no room for microseconds.
        seconds, us = divmod(value, 1_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=us)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Databases would give a plain `json` column back as text or as values, each in its own way.
_Json = sa.Text


class Base(DeclarativeBase):
    """All tables of the casebook."""


class CaseRow(Base):
    """A case as the last run that found it left it, with its status; never deleted.

    `status` is one of `case.STATUSES`, or `merged` or `gone` where it is no longer told by itself.
    """

    __tablename__ = "cases"

    id: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    score: Mapped[float] = mapped_column(sa.Double)
    entity_type: Mapped[str] = mapped_column(sa.Text)
    entity: Mapped[str] = mapped_column(sa.Text)
    start: Mapped[datetime] = mapped_column(UtcTime)
    end: Mapped[datetime] = mapped_column(UtcTime)
    headline: Mapped[str] = mapped_column(sa.Text)
    owner: Mapped[str] = mapped_column(sa.Text)
    details: Mapped[str] = mapped_column(_Json)
    """JSON: the rest of the case; nothing inside is searched for."""
    findings: Mapped[str] = mapped_column(_Json)
    """JSON: its findings, the weightiest first."""
    status: Mapped[str] = mapped_column(sa.Text)
    verdict: Mapped[str] = mapped_column(sa.Text, default="")
    verdict_by: Mapped[str] = mapped_column(sa.Text, default="")
    verdict_reason: Mapped[str] = mapped_column(sa.Text, default="")
    verdict_at: Mapped[datetime | None] = mapped_column(UtcTime)
    made: Mapped[datetime] = mapped_column(UtcTime)
    """When it first arose."""
    merged_into: Mapped[str] = mapped_column(sa.Text, default="")
    """The living case in which it is told; empty for one that is told by itself, or has gone."""
    judged: Mapped[str] = mapped_column(_Json, default="")
    """JSON: what it said when it was judged last; empty where nobody has."""

    __table_args__ = (
        sa.Index("cases_by_score", "score"),
        sa.Index("cases_by_entity", "entity"),
        sa.Index("cases_by_span", "start", "end"),
        sa.Index("cases_by_survivor", "merged_into"),
    )


class VerdictRow(Base):
    """What somebody said about a case, and what the case said then; never changed."""

    __tablename__ = "verdicts"

    number: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True
    )
    case_id: Mapped[str] = mapped_column(sa.Text, index=True)
    """Not a foreign key: what was said outlives the case."""
    verdict: Mapped[str] = mapped_column(sa.Text)
    by: Mapped[str] = mapped_column(sa.Text)
    reason: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    entity: Mapped[str] = mapped_column(sa.Text)
    headline: Mapped[str] = mapped_column(sa.Text)
    score: Mapped[float] = mapped_column(sa.Double)


class TurnRow(Base):
    """What became of a case from one run to the next; never changed."""

    __tablename__ = "turns"

    number: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True
    )
    case_id: Mapped[str] = mapped_column(sa.Text, index=True)
    what: Mapped[str] = mapped_column(sa.Text)
    other: Mapped[str] = mapped_column(sa.Text, index=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    why: Mapped[str] = mapped_column(sa.Text)


class SuppressionRow(Base):
    """What somebody wants hidden for a while; never deleted, changed only by being ended."""

    __tablename__ = "suppressions"

    number: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True
    )
    id: Mapped[str] = mapped_column(sa.Text, unique=True)
    scope: Mapped[str] = mapped_column(_Json)
    """JSON: what findings have in common, as logs have it, NULs and all."""
    by: Mapped[str] = mapped_column(sa.Text)
    reason: Mapped[str] = mapped_column(sa.Text)
    created: Mapped[datetime] = mapped_column(UtcTime)
    since: Mapped[datetime] = mapped_column(UtcTime)
    expires: Mapped[datetime] = mapped_column(UtcTime)
    case_id: Mapped[str] = mapped_column(sa.Text)
    ended_by: Mapped[str] = mapped_column(sa.Text)
    ended: Mapped[datetime | None] = mapped_column(UtcTime)


class QuestionRow(Base):
    """What an actor was asked about a case; changed once, by being answered or withdrawn."""

    __tablename__ = "questions"

    number: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True
    )
    id: Mapped[str] = mapped_column(sa.Text, unique=True)
    case_id: Mapped[str] = mapped_column(sa.Text, index=True)
    """Not a foreign key: what was said outlives the case."""
    actor: Mapped[str] = mapped_column(sa.Text)
    start: Mapped[datetime] = mapped_column(UtcTime)
    end: Mapped[datetime] = mapped_column(UtcTime)
    about: Mapped[str] = mapped_column(_Json)
    """JSON: detector and key of each of the actor's findings."""
    asked_by: Mapped[str] = mapped_column(sa.Text)
    asked_at: Mapped[datetime] = mapped_column(UtcTime)
    expires: Mapped[datetime] = mapped_column(UtcTime)
    nonce: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[str] = mapped_column(sa.Text)
    answer: Mapped[str] = mapped_column(sa.Text)
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    address: Mapped[str] = mapped_column(sa.Text)
    user_agent: Mapped[str] = mapped_column(sa.Text)
    doubt: Mapped[str] = mapped_column(sa.Text)


class ReferralRow(Base):
    """An account that is put before people; never deleted."""

    __tablename__ = "referrals"

    account: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    score: Mapped[float] = mapped_column(sa.Double)
    proposed: Mapped[str] = mapped_column(sa.Text)
    step: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[str] = mapped_column(sa.Text)
    via: Mapped[str] = mapped_column(sa.Text)
    place: Mapped[int] = mapped_column(sa.Integer)
    round: Mapped[int] = mapped_column(sa.Integer)
    double: Mapped[bool] = mapped_column(sa.Boolean)
    drawn: Mapped[bool] = mapped_column(sa.Boolean)
    stratum: Mapped[int] = mapped_column(sa.Integer)
    gold: Mapped[str] = mapped_column(sa.Text)
    assigned: Mapped[str] = mapped_column(sa.Text)
    assigned_at: Mapped[datetime | None] = mapped_column(UtcTime)
    challenge: Mapped[str] = mapped_column(sa.Text)
    challenge_at: Mapped[datetime | None] = mapped_column(UtcTime)
    appeal: Mapped[str] = mapped_column(sa.Text)
    evidence: Mapped[str] = mapped_column(_Json)
    changed: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (sa.Index("referrals_by_place", "state", "place"),)


class OpinionRow(Base):
    """What a reviewer said about an account; never changed."""

    __tablename__ = "opinions"

    number: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True
    )
    account: Mapped[str] = mapped_column(sa.Text, index=True)
    opinion: Mapped[str] = mapped_column(sa.Text)
    by: Mapped[str] = mapped_column(sa.Text)
    reason: Mapped[str] = mapped_column(sa.Text)
    guideline: Mapped[str] = mapped_column(sa.Text)
    round: Mapped[int] = mapped_column(sa.Integer)
    seconds: Mapped[float] = mapped_column(sa.Double)
    score: Mapped[float] = mapped_column(sa.Double)
    at: Mapped[datetime] = mapped_column(UtcTime)


class DecisionRow(Base):
    """A step taken about an account; changed only by being delivered."""

    __tablename__ = "decisions"

    number: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True
    )
    id: Mapped[str] = mapped_column(sa.Text, unique=True)
    account: Mapped[str] = mapped_column(sa.Text, index=True)
    step: Mapped[str] = mapped_column(sa.Text)
    was: Mapped[str] = mapped_column(sa.Text)
    by: Mapped[str] = mapped_column(sa.Text)
    why: Mapped[str] = mapped_column(sa.Text)
    problem: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    delivered: Mapped[datetime | None] = mapped_column(UtcTime)
    attempts: Mapped[int] = mapped_column(sa.Integer)


class JudgingRow(Base):
    """What a scoring or a training of accounts found; never changed."""

    __tablename__ = "judgings"

    number: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    told: Mapped[str] = mapped_column(_Json)
