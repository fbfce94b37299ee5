"""What becomes of cases from run to run."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("cases") as cases:
        cases.add_column(sa.Column("made", sa.BigInteger))
        cases.add_column(sa.Column("merged_into", sa.Text, nullable=False, server_default=""))
        cases.add_column(sa.Column("judged", sa.Text, nullable=False, server_default=""))
    # When a case first arose was not kept: the elder is the one that began before.
    op.execute('update cases set made = "start"')
    with op.batch_alter_table("cases") as cases:
        cases.alter_column("made", existing_type=sa.BigInteger, nullable=False)
        cases.alter_column("merged_into", existing_type=sa.Text, server_default=None)
        cases.alter_column("judged", existing_type=sa.Text, server_default=None)
        cases.create_index("cases_by_survivor", ["merged_into"])
    op.create_table(
        "turns",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("other", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_index("ix_turns_case_id", "turns", ["case_id"])
    op.create_index("ix_turns_other", "turns", ["other"])
