"""Conclusions about a case as a whole, and fleets valued anew by cohort: servers keep the day they were bought."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

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
    op.add_column("server", sa.Column("purchased", sa.Date(), nullable=True), schema="collateral")
    op.create_table(
        "revaluation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cohorts", sa.Integer(), nullable=True),
        sa.Column("cohorts_done", sa.Integer(), nullable=False),
        sa.Column("servers", sa.BigInteger(), nullable=False),
        sa.Column("servers_unvalued", sa.BigInteger(), nullable=False),
        sa.Column("value_before", sa.Numeric(20, 2), nullable=False),
        sa.Column("value_after", sa.Numeric(20, 2), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("runner", sa.Uuid(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name=op.f("ck_revaluation_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revaluation")),
        schema="collateral",
    )
    op.create_index(
        op.f("ix_revaluation_branch_id"), "revaluation", ["branch", "id"], unique=False, schema="collateral"
    )
    op.create_index(
        "ix_revaluation_unfinished",
        "revaluation",
        ["id"],
        unique=False,
        schema="collateral",
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_table(
        "revaluation_cohort",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("revaluation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("asset_key", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("gpu_type", sa.String(), nullable=False),
        sa.Column("gpus_per_server", sa.Integer(), nullable=False),
        sa.Column("purchased_in", sa.Date(), nullable=True),
        sa.Column("servers", sa.Integer(), nullable=False),
        sa.Column("age_months", sa.Integer(), nullable=True),
        sa.Column("rent_factor", sa.Numeric(12, 8), nullable=False),
        sa.Column("valuation_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("value_before", sa.Numeric(20, 2), nullable=True),
        sa.Column("path", postgresql.ARRAY(sa.Numeric(20, 2)), nullable=True),
        sa.ForeignKeyConstraint(
            ["revaluation_id"],
            ["collateral.revaluation.id"],
            name=op.f("fk_revaluation_cohort_revaluation_id_revaluation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revaluation_cohort")),
        sa.UniqueConstraint("revaluation_id", "position", name=op.f("uq_revaluation_cohort_revaluation_id_position")),
        schema="collateral",
    )
    op.create_index(
        op.f("ix_revaluation_cohort_revaluation_id_id"),
        "revaluation_cohort",
        ["revaluation_id", "id"],
        unique=False,
        schema="collateral",
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_revaluation_cohort_revaluation_id_id"), table_name="revaluation_cohort", schema="collateral")
    op.drop_table("revaluation_cohort", schema="collateral")
    op.drop_index("ix_revaluation_unfinished", table_name="revaluation", schema="collateral")
    op.drop_index(op.f("ix_revaluation_branch_id"), table_name="revaluation", schema="collateral")
    op.drop_table("revaluation", schema="collateral")
    op.drop_column("server", "purchased", schema="collateral")
    op.drop_index(op.f("ix_case_conclusion_case_id_kind_id"), table_name="case_conclusion", schema="collateral")
    op.drop_table("case_conclusion", schema="collateral")
