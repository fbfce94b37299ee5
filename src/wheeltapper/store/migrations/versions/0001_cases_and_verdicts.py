"""Cases and verdicts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("entity_type", sa.Text, nullable=False),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("headline", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("findings", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("verdict_by", sa.Text, nullable=False),
        sa.Column("verdict_reason", sa.Text, nullable=False),
        sa.Column("verdict_at", sa.BigInteger),
    )
    op.create_index("cases_by_score", "cases", ["score"])
    op.create_index("cases_by_entity", "cases", ["entity"])
    op.create_index("cases_by_span", "cases", ["start", "end"])
    op.create_table(
        "verdicts",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("headline", sa.Text, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
    )
    op.create_index("ix_verdicts_case_id", "verdicts", ["case_id"])
