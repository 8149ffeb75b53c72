"""The register of assets, valuations with their findings, allocations and security interests.

What was concluded or registered is only ever added to: the application's role may not change it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = ("collateral",)
depends_on: str | Sequence[str] | None = None


_ONLY_ADDED_TO = ("content", "finding", "valuation", "allocation", "security_interest")


def upgrade() -> None:
    op.create_table(
        "asset",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=True),
        sa.Column("asset_key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("encumbrances", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset")),
        sa.UniqueConstraint("case_id", "asset_key", name=op.f("uq_asset_case_id_asset_key")),
        schema="collateral",
    )
    op.create_index(op.f("ix_asset_branch_id"), "asset", ["branch", "id"], unique=False, schema="collateral")
    op.create_table(
        "content",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_content")),
        schema="collateral",
    )
    op.create_table(
        "idempotency_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_key")),
        sa.UniqueConstraint("principal", "route", "key", name=op.f("uq_idempotency_key_principal_route_key")),
        schema="collateral",
    )
    op.create_table(
        "valuation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("asset_key", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("lending_value", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("ltv", sa.Numeric(precision=12, scale=8), nullable=False),
        sa.Column("eligible", sa.Boolean(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_valuation")),
        schema="collateral",
    )
    op.create_index(
        op.f("ix_valuation_case_id_asset_key_id"),
        "valuation",
        ["case_id", "asset_key", "id"],
        unique=False,
        schema="collateral",
    )
    op.create_table(
        "allocation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("facility_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("share", sa.Numeric(precision=12, scale=8), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rank >= 1", name=op.f("ck_allocation_rank")),
        sa.CheckConstraint("share > 0 AND share <= 1", name=op.f("ck_allocation_share")),
        sa.ForeignKeyConstraint(["asset_id"], ["collateral.asset.id"], name=op.f("fk_allocation_asset_id_asset")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation")),
        sa.UniqueConstraint("asset_id", "facility_id", name=op.f("uq_allocation_asset_id_facility_id")),
        schema="collateral",
    )
    op.create_index(op.f("ix_allocation_case_id"), "allocation", ["case_id"], unique=False, schema="collateral")
    op.create_table(
        "finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("inputs_sha256", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["inputs_sha256"], ["collateral.content.sha256"], name=op.f("fk_finding_inputs_sha256_content")
        ),
        sa.ForeignKeyConstraint(["sha256"], ["collateral.content.sha256"], name=op.f("fk_finding_sha256_content")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        schema="collateral",
    )
    op.create_index(op.f("ix_finding_subject_id"), "finding", ["subject", "id"], unique=False, schema="collateral")
    op.create_table(
        "security_interest",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("facility_id", sa.Uuid(), nullable=True),
        sa.Column("asset_id", sa.Uuid(), nullable=True),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("registry_name", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("certificate_sha256", sa.String(), nullable=False),
        sa.Column("purchase_money_priority", sa.Boolean(), nullable=True),
        sa.Column("registered_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["collateral.asset.id"], name=op.f("fk_security_interest_asset_id_asset")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_interest")),
        sa.UniqueConstraint(
            "registry_name",
            "number",
            "asset_id",
            name=op.f("uq_security_interest_registry_name_number_asset_id"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="collateral",
    )
    op.create_index(
        op.f("ix_security_interest_asset_id"), "security_interest", ["asset_id"], unique=False, schema="collateral"
    )
    op.create_index(
        op.f("ix_security_interest_case_id_id"),
        "security_interest",
        ["case_id", "id"],
        unique=False,
        schema="collateral",
    )
    op.create_table(
        "server",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("serial_as_given", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("gpu_type", sa.String(), nullable=False),
        sa.Column("gpu_count", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('held', 'contested', 'released')", name=op.f("ck_server_state")),
        sa.ForeignKeyConstraint(["asset_id"], ["collateral.asset.id"], name=op.f("fk_server_asset_id_asset")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server")),
        schema="collateral",
    )
    op.create_index(
        op.f("ix_server_asset_id_state"), "server", ["asset_id", "state"], unique=False, schema="collateral"
    )
    op.create_index(
        "ix_server_serial_contested",
        "server",
        ["serial"],
        unique=False,
        schema="collateral",
        postgresql_where=sa.text("state = 'contested'"),
    )
    op.create_index(
        "uq_server_serial_held",
        "server",
        ["serial"],
        unique=True,
        schema="collateral",
        postgresql_where=sa.text("state = 'held'"),
    )
    for table in _ONLY_ADDED_TO:
        op.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON collateral."{table}" FROM suandai_collateral')


def downgrade() -> None:
    op.drop_index(
        "uq_server_serial_held", table_name="server", schema="collateral", postgresql_where=sa.text("state = 'held'")
    )
    op.drop_index(
        "ix_server_serial_contested",
        table_name="server",
        schema="collateral",
        postgresql_where=sa.text("state = 'contested'"),
    )
    op.drop_index(op.f("ix_server_asset_id_state"), table_name="server", schema="collateral")
    op.drop_table("server", schema="collateral")
    op.drop_index(op.f("ix_security_interest_case_id_id"), table_name="security_interest", schema="collateral")
    op.drop_index(op.f("ix_security_interest_asset_id"), table_name="security_interest", schema="collateral")
    op.drop_table("security_interest", schema="collateral")
    op.drop_index(op.f("ix_finding_subject_id"), table_name="finding", schema="collateral")
    op.drop_table("finding", schema="collateral")
    op.drop_index(op.f("ix_allocation_case_id"), table_name="allocation", schema="collateral")
    op.drop_table("allocation", schema="collateral")
    op.drop_index(op.f("ix_valuation_case_id_asset_key_id"), table_name="valuation", schema="collateral")
    op.drop_table("valuation", schema="collateral")
    op.drop_table("idempotency_key", schema="collateral")
    op.drop_table("content", schema="collateral")
    op.drop_index(op.f("ix_asset_branch_id"), table_name="asset", schema="collateral")
    op.drop_table("asset", schema="collateral")
