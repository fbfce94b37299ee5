"""Accounts that are put before people, what they said, and what was decided."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    text, moment, yes = sa.Text, sa.BigInteger, sa.Boolean
    op.create_table(
        "referrals",
        sa.Column("account", text, primary_key=True),
        sa.Column("score", sa.Double, nullable=False),
        *(sa.Column(n, text, nullable=False) for n in ("proposed", "step", "state", "via")),
        *(sa.Column(n, sa.Integer, nullable=False) for n in ("place", "round", "stratum")),
        *(sa.Column(n, yes, nullable=False) for n in ("double", "drawn")),
        *(sa.Column(n, text, nullable=False) for n in ("gold", "assigned", "challenge", "appeal")),
        *(sa.Column(n, moment) for n in ("assigned_at", "challenge_at")),
        sa.Column("evidence", text, nullable=False),
        sa.Column("changed", moment, nullable=False),
    )
    op.create_index("referrals_by_place", "referrals", ["state", "place"])
    op.create_table(
        "opinions",
        _number(),
        sa.Column("account", text, nullable=False),
        *(sa.Column(n, text, nullable=False) for n in ("opinion", "by", "reason", "guideline")),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("at", moment, nullable=False),
    )
    op.create_index("ix_opinions_account", "opinions", ["account"])
    op.create_table(
        "decisions",
        _number(),
        sa.Column("id", text, nullable=False, unique=True),
        sa.Column("account", text, nullable=False),
        *(sa.Column(n, text, nullable=False) for n in ("step", "was", "by", "why", "problem")),
        sa.Column("at", moment, nullable=False),
        sa.Column("delivered", moment),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    op.create_index("ix_decisions_account", "decisions", ["account"])
    op.create_table(
        "judgings",
        _number(),
        sa.Column("kind", text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("told", text, nullable=False),
    )


def _number() -> sa.Column[int]:
    return sa.Column(
        "number",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    )
