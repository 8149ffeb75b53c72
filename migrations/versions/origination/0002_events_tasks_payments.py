"""Case events and their heads, the inbox, the register of authority, refusals; facilities, commitments and transfers.

What is evidence is protected twice. The application's role lacks the right to change or remove it, and triggers refuse
the same to everybody else, the owner of the tables included: who gets the right by mistake still cannot use it. (A
superuser can switch triggers off; what he then changes, the hash chain shows.)
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


_EVIDENCE = ("access_refusal", "case_event", "commitment_entry")
"""Rows that are inserted and never changed or removed."""
_KEPT = (
    "case_head",
    "command",
    "commitment",
    "facility",
    "mandate",
    "start_request",
    "task",
    "transfer",
    "utilisation",
)
"""Rows that change but are never removed by the application."""

_REFUSE = """
CREATE FUNCTION origination.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: it is evidence', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$
"""

_ONE_STEP = """
CREATE FUNCTION origination.head_goes_one_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.case_id <> OLD.case_id OR NEW.seq <> OLD.seq + 1 THEN
        RAISE EXCEPTION 'the head of a case goes forward one event at a time'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$
"""


def _protect() -> None:
    op.execute(_REFUSE)
    op.execute(_ONE_STEP)
    for table in _EVIDENCE:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON origination.{table} FROM suandai_origination")
        op.execute(
            f"CREATE TRIGGER {table}_unchanged BEFORE UPDATE OR DELETE ON origination.{table}"
            " FOR EACH ROW EXECUTE FUNCTION origination.refuse_change()"
        )
    for table in _KEPT:
        op.execute(f"REVOKE DELETE, TRUNCATE ON origination.{table} FROM suandai_origination")
    for table in ("access_refusal", "case_event", "case_head"):
        op.execute(
            f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON origination.{table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION origination.refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER case_head_kept BEFORE DELETE ON origination.case_head"
        " FOR EACH ROW EXECUTE FUNCTION origination.refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER case_head_forward BEFORE UPDATE ON origination.case_head"
        " FOR EACH ROW EXECUTE FUNCTION origination.head_goes_one_step()"
    )


def upgrade() -> None:
    op.create_table(
        "access_refusal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("roles", postgresql.JSONB(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("object_ids", postgresql.JSONB(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("trace_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_refusal")),
        schema="origination",
    )
    op.create_index(op.f("ix_access_refusal_at"), "access_refusal", ["at"], unique=False, schema="origination")
    op.create_index(op.f("ix_access_refusal_code"), "access_refusal", ["code"], unique=False, schema="origination")
    op.create_index(
        op.f("ix_access_refusal_subject"), "access_refusal", ["subject"], unique=False, schema="origination"
    )
    op.create_table(
        "case_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("prev_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_case_event_seq_from_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_event")),
        sa.UniqueConstraint("case_id", "seq", name=op.f("uq_case_event_case_id_seq")),
        schema="origination",
    )
    op.create_table(
        "case_head",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_head")),
        schema="origination",
    )
    op.create_table(
        "command",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("of_case", sa.Uuid(), nullable=False),
        sa.Column("workflow_id", sa.String(), nullable=False),
        sa.Column("update_name", sa.String(), nullable=False),
        sa.Column("update_id", sa.String(length=64), nullable=False),
        sa.Column("command", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("refusal", postgresql.JSONB(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'applied', 'refused')", name=op.f("ck_command_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_command")),
        sa.UniqueConstraint("update_id", name=op.f("uq_command_update_id")),
        schema="origination",
    )
    op.create_index(op.f("ix_command_of_case"), "command", ["of_case"], unique=False, schema="origination")
    op.create_table(
        "mandate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("limit_amount", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("maker", sa.String(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checker", sa.String(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("subject"), "="),
            (sa.column("body"), "="),
            (sa.column("branch"), "="),
            (sa.text("daterange(valid_from, valid_to, '[]')"), "&&"),
            where=sa.text("checker IS NOT NULL"),
            using="gist",
            name="ex_mandate_one_at_a_time",
        ),
        sa.CheckConstraint("(checker IS NULL) = (approved_at IS NULL)", name=op.f("ck_mandate_approval_whole")),
        sa.CheckConstraint(
            "checker IS NULL OR (checker <> maker AND checker <> subject)", name=op.f("ck_mandate_three_persons_apart")
        ),
        sa.CheckConstraint("limit_amount >= 0 AND rank >= 0", name=op.f("ck_mandate_not_negative")),
        sa.CheckConstraint("maker <> subject", name=op.f("ck_mandate_not_for_oneself")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_mandate_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
        schema="origination",
    )
    op.create_index(op.f("ix_mandate_subject"), "mandate", ["subject"], unique=False, schema="origination")
    op.create_table(
        "start_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workflow", sa.String(), nullable=False),
        sa.Column("workflow_id", sa.String(), nullable=False),
        sa.Column("message", postgresql.JSONB(), nullable=False),
        sa.Column("traceparent", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_start_request")),
        sa.UniqueConstraint("workflow_id", name=op.f("uq_start_request_workflow_id")),
        schema="origination",
    )
    op.create_index(
        "ix_start_request_waiting",
        "start_request",
        ["next_attempt_at"],
        unique=False,
        schema="origination",
        postgresql_where=sa.text("started_at IS NULL"),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("borrower_uscc", sa.String(), nullable=True),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_task_version_from_one")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_task_case_id_application")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        schema="origination",
    )
    op.create_index(op.f("ix_task_assignee"), "task", ["assignee"], unique=False, schema="origination")
    op.create_index(op.f("ix_task_borrower_uscc"), "task", ["borrower_uscc"], unique=False, schema="origination")
    op.create_index(op.f("ix_task_case_id"), "task", ["case_id"], unique=False, schema="origination")
    op.create_index(
        "ix_task_open",
        "task",
        ["branch", "role"],
        unique=False,
        schema="origination",
        postgresql_where=sa.text("completed_at IS NULL"),
    )
    op.create_table(
        "facility",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("limit_amount", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("availability_end", sa.Date(), nullable=False),
        sa.Column("termination_date", sa.Date(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("borrower_uscc", sa.String(), nullable=False),
        sa.Column("policy_sha256", sa.String(), nullable=False),
        sa.Column("pinned_on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("availability_end <= termination_date", name=op.f("ck_facility_availability")),
        sa.CheckConstraint("limit_amount > 0", name=op.f("ck_facility_limit_positive")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_facility_case_id_application")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["origination.contract.id"], name=op.f("fk_facility_contract_id_contract")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facility")),
        sa.UniqueConstraint("case_id", name=op.f("uq_facility_case_id")),
        sa.UniqueConstraint("number", name=op.f("uq_facility_number")),
        schema="origination",
    )
    op.create_index(
        op.f("ix_facility_borrower_uscc"), "facility", ["borrower_uscc"], unique=False, schema="origination"
    )
    op.create_index(op.f("ix_facility_branch"), "facility", ["branch"], unique=False, schema="origination")
    op.create_table(
        "commitment",
        sa.Column("facility_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("reserved", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("drawn", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "reserved >= 0 AND drawn >= 0 AND reserved + drawn <= amount", name=op.f("ck_commitment_within_commitment")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_commitment_case_id_application")
        ),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["origination.facility.id"], name=op.f("fk_commitment_facility_id_facility")
        ),
        sa.PrimaryKeyConstraint("facility_id", name=op.f("pk_commitment")),
        schema="origination",
    )
    op.create_table(
        "utilisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("facility_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("value_date", sa.Date(), nullable=False),
        sa.Column("delivery_date", sa.Date(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("payees", postgresql.JSONB(), nullable=False),
        sa.Column("invoices", postgresql.JSONB(), nullable=False),
        sa.Column("remark", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("payment_mode", sa.String(), nullable=True),
        sa.Column("gate_finding_id", sa.Uuid(), nullable=True),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_utilisation_amount_positive")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_utilisation_case_id_application")
        ),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["origination.facility.id"], name=op.f("fk_utilisation_facility_id_facility")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_utilisation")),
        sa.UniqueConstraint("number", name=op.f("uq_utilisation_number")),
        schema="origination",
    )
    op.create_index(
        op.f("ix_utilisation_facility_id"), "utilisation", ["facility_id"], unique=False, schema="origination"
    )
    op.create_table(
        "commitment_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("facility_id", sa.Uuid(), nullable=False),
        sa.Column("utilisation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('reserve', 'draw', 'release')", name=op.f("ck_commitment_entry_kind")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_commitment_entry_amount_positive")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_commitment_entry_case_id_application")
        ),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["origination.facility.id"], name=op.f("fk_commitment_entry_facility_id_facility")
        ),
        sa.ForeignKeyConstraint(
            ["utilisation_id"],
            ["origination.utilisation.id"],
            name=op.f("fk_commitment_entry_utilisation_id_utilisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitment_entry")),
        sa.UniqueConstraint("utilisation_id", "kind", name=op.f("uq_commitment_entry_utilisation_id_kind")),
        schema="origination",
    )
    op.create_index(
        op.f("ix_commitment_entry_facility_id"), "commitment_entry", ["facility_id"], unique=False, schema="origination"
    )
    op.create_table(
        "condition_status",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("utilisation_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'satisfied', 'waived', 'breached')", name=op.f("ck_condition_status_state")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_condition_status_case_id_application")
        ),
        sa.ForeignKeyConstraint(
            ["utilisation_id"],
            ["origination.utilisation.id"],
            name=op.f("fk_condition_status_utilisation_id_utilisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_condition_status")),
        sa.UniqueConstraint(
            "case_id",
            "utilisation_id",
            "code",
            name=op.f("uq_condition_status_case_id_utilisation_id_code"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="origination",
    )
    op.create_index(
        op.f("ix_condition_status_utilisation_id"),
        "condition_status",
        ["utilisation_id"],
        unique=False,
        schema="origination",
    )
    op.create_table(
        "transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("facility_id", sa.Uuid(), nullable=False),
        sa.Column("utilisation_id", sa.Uuid(), nullable=False),
        sa.Column("end_to_end_id", sa.String(length=35), nullable=False),
        sa.Column("payee_key", sa.String(), nullable=False),
        sa.Column("payee_name", sa.String(), nullable=False),
        sa.Column("payee_uscc", sa.String(), nullable=False),
        sa.Column("payee_account", sa.String(), nullable=False),
        sa.Column("payee_bank", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("instruction_sha256", sa.String(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("bank_reference", sa.String(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('created', 'confirmed_by_owner', 'sending', 'unknown', 'confirmed', 'failed',"
            " 'rejected_by_owner', 'expired')",
            name=op.f("ck_transfer_state"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_amount_positive")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_transfer_case_id_application")
        ),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["origination.facility.id"], name=op.f("fk_transfer_facility_id_facility")
        ),
        sa.ForeignKeyConstraint(
            ["utilisation_id"], ["origination.utilisation.id"], name=op.f("fk_transfer_utilisation_id_utilisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("end_to_end_id", name=op.f("uq_transfer_end_to_end_id")),
        sa.UniqueConstraint("utilisation_id", "payee_key", name=op.f("uq_transfer_utilisation_id_payee_key")),
        schema="origination",
    )
    op.create_index("ix_transfer_payee", "transfer", ["payee_uscc", "made_on"], unique=False, schema="origination")
    _protect()


def downgrade() -> None:
    op.drop_index("ix_transfer_payee", table_name="transfer", schema="origination")
    op.drop_table("transfer", schema="origination")
    op.drop_index(op.f("ix_condition_status_utilisation_id"), table_name="condition_status", schema="origination")
    op.drop_table("condition_status", schema="origination")
    op.drop_index(op.f("ix_commitment_entry_facility_id"), table_name="commitment_entry", schema="origination")
    op.drop_table("commitment_entry", schema="origination")
    op.drop_index(op.f("ix_utilisation_facility_id"), table_name="utilisation", schema="origination")
    op.drop_table("utilisation", schema="origination")
    op.drop_table("commitment", schema="origination")
    op.drop_index(op.f("ix_facility_branch"), table_name="facility", schema="origination")
    op.drop_index(op.f("ix_facility_borrower_uscc"), table_name="facility", schema="origination")
    op.drop_table("facility", schema="origination")
    op.drop_index(
        "ix_task_open", table_name="task", schema="origination", postgresql_where=sa.text("completed_at IS NULL")
    )
    op.drop_index(op.f("ix_task_case_id"), table_name="task", schema="origination")
    op.drop_index(op.f("ix_task_borrower_uscc"), table_name="task", schema="origination")
    op.drop_index(op.f("ix_task_assignee"), table_name="task", schema="origination")
    op.drop_table("task", schema="origination")
    op.drop_index(
        "ix_start_request_waiting",
        table_name="start_request",
        schema="origination",
        postgresql_where=sa.text("started_at IS NULL"),
    )
    op.drop_table("start_request", schema="origination")
    op.drop_index(op.f("ix_mandate_subject"), table_name="mandate", schema="origination")
    op.drop_table("mandate", schema="origination")
    op.drop_index(op.f("ix_command_of_case"), table_name="command", schema="origination")
    op.drop_table("command", schema="origination")
    op.drop_table("case_head", schema="origination")
    op.drop_table("case_event", schema="origination")
    op.drop_index(op.f("ix_access_refusal_subject"), table_name="access_refusal", schema="origination")
    op.drop_index(op.f("ix_access_refusal_code"), table_name="access_refusal", schema="origination")
    op.drop_index(op.f("ix_access_refusal_at"), table_name="access_refusal", schema="origination")
    op.drop_table("access_refusal", schema="origination")
    op.execute("DROP FUNCTION origination.refuse_change")
    op.execute("DROP FUNCTION origination.head_goes_one_step")
