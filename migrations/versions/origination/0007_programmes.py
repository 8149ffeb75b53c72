"""Registers beside credit: claims of public support, figures of programmes, intentions, visits, referrals, projects won."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SCHEMA = "origination"
_KEPT = ("support_claim", "visit")
"""Rows that change but are never removed by the application."""
_ADDED = ("programme_figure", "intention", "service_referral", "innovation_project")
"""Rows that are added and never changed or removed."""


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.Uuid(), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _day(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _money(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Numeric(20, 2), nullable=nullable)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(), nullable=False)


def _instant(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _customer(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["customer_id"], ["origination.customer.id"], name=op.f(f"fk_{table}_customer_id_customer")
    )


def upgrade() -> None:
    op.create_table(
        "support_claim",
        _id(),
        _text("programme"),
        _text("programme_version"),
        _text("policy_sha256"),
        _text("state"),
        _day("claimed_on"),
        sa.Column("year", sa.Integer(), nullable=False),
        _text("firm_uscc"),
        _text("contract_number"),
        _text("contract_key"),
        _money("contract_amount"),
        _day("signed_on"),
        sa.Column("contract_months", sa.Integer(), nullable=False),
        _text("supplier_uscc"),
        sa.Column("supplier_related", sa.Boolean(), nullable=True),
        _text("standing"),
        sa.Column("supported_elsewhere", sa.Boolean(), nullable=True),
        _money("amount", nullable=True),
        _text("currency"),
        _text("code"),
        _json("missing"),
        _json("claimed_under"),
        _text("branch"),
        _text("entered_by"),
        _text("confirmed_by", nullable=True),
        _text("withdrawn_by", nullable=True),
        _text("reason"),
        sa.Column("version", sa.Integer(), nullable=False),
        _instant("created_at"),
        _instant("updated_at"),
        sa.CheckConstraint(
            "state IN ('open', 'refused', 'entered', 'confirmed', 'withdrawn')", name=op.f("ck_support_claim_state")
        ),
        sa.CheckConstraint("amount IS NULL OR amount >= 0", name=op.f("ck_support_claim_not_negative")),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by <> entered_by", name=op.f("ck_support_claim_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["policy_sha256"],
            ["origination.policy_bundle.sha256"],
            name=op.f("fk_support_claim_policy_sha256_policy_bundle"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_claim")),
        schema=_SCHEMA,
    )
    op.create_index(
        "ix_support_claim_once",
        "support_claim",
        ["programme", "contract_key", "firm_uscc", "year"],
        unique=True,
        schema=_SCHEMA,
        postgresql_where=sa.text("state IN ('entered', 'confirmed')"),
    )
    op.create_index("ix_support_claim_firm", "support_claim", ["firm_uscc", "contract_key"], schema=_SCHEMA)
    for column in ("programme", "branch"):
        op.create_index(op.f(f"ix_support_claim_{column}"), "support_claim", [column], schema=_SCHEMA)

    op.create_table(
        "programme_figure",
        _id(),
        _text("programme"),
        _text("instrument"),
        _text("book"),
        _day("as_of"),
        _money("amount"),
        _text("currency"),
        _text("source"),
        _text("entered_by"),
        _instant("created_at"),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_programme_figure_not_negative")),
        sa.UniqueConstraint(
            "programme", "instrument", "book", "as_of", name=op.f("uq_programme_figure_programme_instrument_book_as_of")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme_figure")),
        schema=_SCHEMA,
    )

    op.create_table(
        "intention",
        _id(),
        _text("lender_id"),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        _text("programme", nullable=True),
        _text("signing", nullable=True),
        _text("reference"),
        _day("signed_on"),
        _json("lines"),
        _json("tags"),
        _money("total"),
        _text("currency"),
        _text("branch"),
        _text("entered_by"),
        _instant("created_at"),
        sa.CheckConstraint("total > 0", name=op.f("ck_intention_total_positive")),
        _customer("intention"),
        sa.UniqueConstraint("lender_id", "reference", name=op.f("uq_intention_lender_id_reference")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intention")),
        schema=_SCHEMA,
    )
    for column in ("customer_id", "programme", "branch"):
        op.create_index(op.f(f"ix_intention_{column}"), "intention", [column], schema=_SCHEMA)

    op.create_table(
        "visit",
        _id(),
        _text("programme"),
        _text("reference"),
        _day("visited_on"),
        _text("firm_name"),
        _text("firm_uscc", nullable=True),
        _text("need_purpose", nullable=True),
        _text("need_product", nullable=True),
        _money("need_amount", nullable=True),
        _text("currency"),
        _text("green_channel", nullable=True),
        _day("answer_due", nullable=True),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        _day("answered_on", nullable=True),
        _text("branch"),
        _text("entered_by"),
        sa.Column("version", sa.Integer(), nullable=False),
        _instant("created_at"),
        sa.CheckConstraint(
            "application_id IS NULL OR need_purpose IS NOT NULL", name=op.f("ck_visit_need_before_application")
        ),
        sa.CheckConstraint("(application_id IS NULL) = (answered_on IS NULL)", name=op.f("ck_visit_answer_whole")),
        sa.UniqueConstraint("programme", "reference", name=op.f("uq_visit_programme_reference")),
        sa.UniqueConstraint("application_id", name=op.f("uq_visit_application_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        schema=_SCHEMA,
    )
    for column in ("firm_uscc", "branch"):
        op.create_index(op.f(f"ix_visit_{column}"), "visit", [column], schema=_SCHEMA)

    op.create_table(
        "service_referral",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        _text("programme"),
        _text("service"),
        _day("referred_on"),
        _text("entered_by"),
        _instant("created_at"),
        _customer("service_referral"),
        sa.UniqueConstraint(
            "customer_id",
            "programme",
            "service",
            "referred_on",
            name=op.f("uq_service_referral_customer_id_programme_service_referred_on"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_referral")),
        schema=_SCHEMA,
    )
    op.create_index(op.f("ix_service_referral_customer_id"), "service_referral", ["customer_id"], schema=_SCHEMA)

    op.create_table(
        "innovation_project",
        _id(),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        _text("programme"),
        _text("project"),
        _day("won_on"),
        _text("certificate_id", nullable=True),
        _text("entered_by"),
        _instant("created_at"),
        _customer("innovation_project"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_innovation_project")),
        schema=_SCHEMA,
    )
    op.create_index(op.f("ix_innovation_project_customer_id"), "innovation_project", ["customer_id"], schema=_SCHEMA)
    op.create_index(
        "ix_innovation_project_certificate",
        "innovation_project",
        ["programme", "certificate_id"],
        unique=True,
        schema=_SCHEMA,
        postgresql_where=sa.text("certificate_id IS NOT NULL"),
    )
    for table in _KEPT:
        op.execute(f"REVOKE DELETE, TRUNCATE ON origination.{table} FROM suandai_origination")
    for table in _ADDED:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON origination.{table} FROM suandai_origination")


def downgrade() -> None:
    for table in (*reversed(_ADDED), *reversed(_KEPT)):
        op.drop_table(table, schema=_SCHEMA)
