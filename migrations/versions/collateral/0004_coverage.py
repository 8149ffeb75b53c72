"""What is concluded about a case as a whole: amortisations and stress tests. Only added to."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "case_conclusion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_conclusion")),
        schema="collateral",
    )
    op.create_index(
        op.f("ix_case_conclusion_case_id_kind_id"),
        "case_conclusion",
        ["case_id", "kind", "id"],
        unique=False,
        schema="collateral",
    )
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON collateral.case_conclusion FROM suandai_collateral")


def downgrade() -> None:
    op.drop_table("case_conclusion", schema="collateral")
