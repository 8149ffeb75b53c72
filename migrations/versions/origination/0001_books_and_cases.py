"""The books (customers, groups, lines, reference data, published policy) and the case with what is concluded on it.

Reference data, policy bundles and findings are only ever added to: the application's role may not change them.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = ("origination",)
depends_on: str | Sequence[str] | None = None


_ONLY_ADDED_TO = ("content", "finding", "policy_bundle", "reference_data")


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("case_number", schema="origination")))
    op.create_table(
        "content",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_content")),
        schema="origination",
    )
    op.create_table(
        "customer_group",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("head_uscc", sa.String(), nullable=True),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_group")),
        sa.UniqueConstraint("head_uscc", name=op.f("uq_customer_group_head_uscc")),
        schema="origination",
    )
    op.create_index(op.f("ix_customer_group_branch"), "customer_group", ["branch"], unique=False, schema="origination")
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
        schema="origination",
    )
    op.create_table(
        "policy_bundle",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("canonical", sa.LargeBinary(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_policy_bundle")),
        schema="origination",
    )
    op.create_table(
        "reference_data",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("vintage", sa.String(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("illustrative", sa.Boolean(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_data")),
        sa.UniqueConstraint("series", "vintage", name=op.f("uq_reference_data_series_vintage")),
        schema="origination",
    )
    op.create_index(
        "ix_reference_data_series_effective_from",
        "reference_data",
        ["series", sa.literal_column("effective_from DESC"), sa.literal_column("id DESC")],
        unique=False,
        schema="origination",
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("file", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["origination.customer_group.id"], name=op.f("fk_customer_group_id_customer_group")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("uscc", name=op.f("uq_customer_uscc")),
        schema="origination",
    )
    op.create_index(op.f("ix_customer_branch"), "customer", ["branch"], unique=False, schema="origination")
    op.create_index(op.f("ix_customer_group_id"), "customer", ["group_id"], unique=False, schema="origination")
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
            ["inputs_sha256"], ["origination.content.sha256"], name=op.f("fk_finding_inputs_sha256_content")
        ),
        sa.ForeignKeyConstraint(["sha256"], ["origination.content.sha256"], name=op.f("fk_finding_sha256_content")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        schema="origination",
    )
    op.create_index(op.f("ix_finding_subject_id"), "finding", ["subject", "id"], unique=False, schema="origination")
    op.create_table(
        "policy_publication",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("maker", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checker", sa.String(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(checker IS NULL) = (approved_at IS NULL)", name=op.f("ck_policy_publication_approval_whole")
        ),
        sa.CheckConstraint("checker IS NULL OR checker <> maker", name=op.f("ck_policy_publication_two_persons")),
        sa.ForeignKeyConstraint(
            ["sha256"], ["origination.policy_bundle.sha256"], name=op.f("fk_policy_publication_sha256_policy_bundle")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_publication")),
        sa.UniqueConstraint("sha256", name=op.f("uq_policy_publication_sha256")),
        schema="origination",
    )
    op.create_table(
        "application",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("lender_id", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=20, scale=2), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("borrower_uscc", sa.String(), nullable=True),
        sa.Column("borrower_name", sa.String(), nullable=True),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_version", sa.Integer(), nullable=False),
        sa.Column("content_sha256", sa.String(), nullable=True),
        sa.Column("policy_sha256", sa.String(), nullable=True),
        sa.Column("pinned_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("submitted_by", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(amount IS NULL) = (product IS NULL)", name=op.f("ck_application_line_whole")),
        sa.CheckConstraint(
            "(policy_sha256 IS NULL) = (submitted_at IS NULL)", name=op.f("ck_application_pinned_when_submitted")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["origination.customer.id"], name=op.f("fk_application_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(
            ["policy_sha256"],
            ["origination.policy_bundle.sha256"],
            name=op.f("fk_application_policy_sha256_policy_bundle"),
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_application")),
        sa.UniqueConstraint("case_number", name=op.f("uq_application_case_number")),
        schema="origination",
    )
    op.create_index(
        op.f("ix_application_borrower_uscc"), "application", ["borrower_uscc"], unique=False, schema="origination"
    )
    op.create_index(op.f("ix_application_branch"), "application", ["branch"], unique=False, schema="origination")
    op.create_index(
        op.f("ix_application_created_by"), "application", ["created_by"], unique=False, schema="origination"
    )
    op.create_index(
        op.f("ix_application_customer_id"), "application", ["customer_id"], unique=False, schema="origination"
    )
    op.create_index(op.f("ix_application_stage"), "application", ["stage"], unique=False, schema="origination")
    op.create_index(
        "ix_application_submitted",
        "application",
        ["case_id"],
        unique=False,
        schema="origination",
        postgresql_where=sa.text("submitted_at IS NOT NULL"),
    )
    op.create_table(
        "credit_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lender_id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("outstanding", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("undrawn_factor", sa.Numeric(precision=12, scale=8), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(customer_id IS NULL) <> (group_id IS NULL)", name=op.f("ck_credit_line_one_holder")),
        sa.CheckConstraint("amount >= 0 AND outstanding >= 0", name=op.f("ck_credit_line_not_negative")),
        sa.CheckConstraint("effective_to >= effective_from", name=op.f("ck_credit_line_period")),
        sa.CheckConstraint("undrawn_factor BETWEEN 0 AND 1", name=op.f("ck_credit_line_undrawn_factor_fraction")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["origination.customer.id"], name=op.f("fk_credit_line_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["origination.customer_group.id"], name=op.f("fk_credit_line_group_id_customer_group")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["origination.credit_line.id"], name=op.f("fk_credit_line_parent_id_credit_line")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_line")),
        sa.UniqueConstraint("lender_id", "reference", name=op.f("uq_credit_line_lender_id_reference")),
        schema="origination",
    )
    op.create_index(op.f("ix_credit_line_branch"), "credit_line", ["branch"], unique=False, schema="origination")
    op.create_index(
        op.f("ix_credit_line_customer_id"), "credit_line", ["customer_id"], unique=False, schema="origination"
    )
    op.create_index(op.f("ix_credit_line_group_id"), "credit_line", ["group_id"], unique=False, schema="origination")
    op.create_table(
        "application_document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("uploaded_by", sa.String(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_application_document_case_id_application")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_document")),
        sa.UniqueConstraint("case_id", "kind", "sha256", name=op.f("uq_application_document_case_id_kind_sha256")),
        schema="origination",
    )
    op.create_index(
        op.f("ix_application_document_sha256"), "application_document", ["sha256"], unique=False, schema="origination"
    )
    op.create_table(
        "application_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("content_version", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("frozen_by", sa.String(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_application_version_case_id_application")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_version")),
        sa.UniqueConstraint("case_id", "content_version", name=op.f("uq_application_version_case_id_content_version")),
        schema="origination",
    )
    op.create_table(
        "case_finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("headline", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("asset_key", sa.String(), nullable=False),
        sa.Column("cohort", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_case_finding_case_id_application")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_finding")),
        sa.UniqueConstraint("case_id", "step", name=op.f("uq_case_finding_case_id_step")),
        schema="origination",
    )
    op.create_index(
        "ix_case_finding_case_id_kind", "case_finding", ["case_id", "kind"], unique=False, schema="origination"
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("decided_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("authority_rule", sa.String(), nullable=False),
        sa.Column("conditions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_decision_case_id_application")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("case_id", "step", name=op.f("uq_decision_case_id_step")),
        schema="origination",
    )
    op.create_table(
        "offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("terms_sha256", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_offer_case_id_application")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
        sa.UniqueConstraint("case_id", "step", name=op.f("uq_offer_case_id_step")),
        schema="origination",
    )
    op.create_table(
        "contract",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("data_sha256", sa.String(), nullable=False),
        sa.Column("clauses", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_contract_case_id_application")
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["origination.offer.id"], name=op.f("fk_contract_offer_id_offer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
        sa.UniqueConstraint("case_id", "step", name=op.f("uq_contract_case_id_step")),
        sa.UniqueConstraint("number", name=op.f("uq_contract_number")),
        schema="origination",
    )
    for table in _ONLY_ADDED_TO:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON origination.{table} FROM suandai_origination")


def downgrade() -> None:
    op.drop_table("contract", schema="origination")
    op.drop_table("offer", schema="origination")
    op.drop_table("decision", schema="origination")
    op.drop_index("ix_case_finding_case_id_kind", table_name="case_finding", schema="origination")
    op.drop_table("case_finding", schema="origination")
    op.drop_table("application_version", schema="origination")
    op.drop_index(op.f("ix_application_document_sha256"), table_name="application_document", schema="origination")
    op.drop_table("application_document", schema="origination")
    op.drop_index(op.f("ix_credit_line_group_id"), table_name="credit_line", schema="origination")
    op.drop_index(op.f("ix_credit_line_customer_id"), table_name="credit_line", schema="origination")
    op.drop_index(op.f("ix_credit_line_branch"), table_name="credit_line", schema="origination")
    op.drop_table("credit_line", schema="origination")
    op.drop_index(
        "ix_application_submitted",
        table_name="application",
        schema="origination",
        postgresql_where=sa.text("submitted_at IS NOT NULL"),
    )
    op.drop_index(op.f("ix_application_stage"), table_name="application", schema="origination")
    op.drop_index(op.f("ix_application_customer_id"), table_name="application", schema="origination")
    op.drop_index(op.f("ix_application_created_by"), table_name="application", schema="origination")
    op.drop_index(op.f("ix_application_branch"), table_name="application", schema="origination")
    op.drop_index(op.f("ix_application_borrower_uscc"), table_name="application", schema="origination")
    op.drop_table("application", schema="origination")
    op.drop_table("policy_publication", schema="origination")
    op.drop_index(op.f("ix_finding_subject_id"), table_name="finding", schema="origination")
    op.drop_table("finding", schema="origination")
    op.drop_index(op.f("ix_customer_group_id"), table_name="customer", schema="origination")
    op.drop_index(op.f("ix_customer_branch"), table_name="customer", schema="origination")
    op.drop_table("customer", schema="origination")
    op.drop_index("ix_reference_data_series_effective_from", table_name="reference_data", schema="origination")
    op.drop_table("reference_data", schema="origination")
    op.drop_table("policy_bundle", schema="origination")
    op.drop_table("idempotency_key", schema="origination")
    op.drop_index(op.f("ix_customer_group_branch"), table_name="customer_group", schema="origination")
    op.drop_table("customer_group", schema="origination")
    op.drop_table("content", schema="origination")
    op.execute(sa.schema.DropSequence(sa.Sequence("case_number", schema="origination")))
