"""Traces by which cases are compared: things, invoices, parties, ties, trade and prices over all cases, each found by index."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SCHEMA = "origination"
_TEXT = sa.String
_COLUMNS: dict[str, tuple[sa.Column[object], ...]] = {
    "pledge_trace": (
        sa.Column("asset_key", _TEXT(), nullable=False),
        sa.Column("what", _TEXT(), nullable=False),
        sa.Column("mark", _TEXT(), nullable=False),
    ),
    "invoice_trace": (
        sa.Column("of_drawing", sa.Uuid(), nullable=True),
        sa.Column("mark", _TEXT(), nullable=False),
        sa.Column("particulars", _TEXT(), nullable=False),
        sa.Column("pointer", _TEXT(), nullable=False),
    ),
    "party_trace": (
        sa.Column("borrower_uscc", _TEXT(), nullable=False),
        sa.Column("role", _TEXT(), nullable=False),
        sa.Column("uscc", _TEXT(), nullable=False),
    ),
    "tie_trace": (
        sa.Column("subject", _TEXT(), nullable=False),
        sa.Column("kind", _TEXT(), nullable=False),
        sa.Column("other", _TEXT(), nullable=False),
        sa.Column("share", sa.Numeric(12, 8), nullable=True),
    ),
    "trade_trace": (
        sa.Column("payer", _TEXT(), nullable=False),
        sa.Column("payee", _TEXT(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("source", _TEXT(), nullable=False),
        sa.Column("reference", _TEXT(), nullable=False),
    ),
    "price_trace": (
        sa.Column("gpu_type", _TEXT(), nullable=False),
        sa.Column("per_gpu", sa.Numeric(20, 8), nullable=False),
    ),
}
_INDEXES = {
    "ix_pledge_trace_mark": ("pledge_trace", ["mark"]),
    "ix_invoice_trace_mark": ("invoice_trace", ["mark"]),
    "ix_party_trace_party": ("party_trace", ["uscc", "role"]),
    "ix_party_trace_borrower": ("party_trace", ["borrower_uscc", "role"]),
    "ix_tie_trace_subject": ("tie_trace", ["subject"]),
    "ix_tie_trace_other": ("tie_trace", ["other", "subject"]),
    "ix_trade_trace_payer": ("trade_trace", ["payer", "on_day"]),
    "ix_price_trace_type": ("price_trace", ["gpu_type", "per_gpu"]),
}


def upgrade() -> None:
    op.add_column("utilisation", sa.Column("invoice_details", postgresql.JSONB(), nullable=True), schema=_SCHEMA)
    op.create_index("ix_transfer_facility_id", "transfer", ["facility_id"], schema=_SCHEMA)
    op.create_table(
        "traced_case",
        sa.Column("of_case", sa.Uuid(), nullable=False),
        sa.Column("content_version", sa.Integer(), nullable=False),
        _of_case("traced_case"),
        sa.PrimaryKeyConstraint("of_case", name=op.f("pk_traced_case")),
        schema=_SCHEMA,
    )
    for table, columns in _COLUMNS.items():
        op.create_table(
            table,
            sa.Column("id", sa.Uuid(), nullable=False),
            sa.Column("of_case", sa.Uuid(), nullable=False),
            *(column.copy() for column in columns),
            _of_case(table),
            *(
                [
                    sa.ForeignKeyConstraint(
                        ["of_drawing"],
                        [f"{_SCHEMA}.utilisation.id"],
                        name=op.f("fk_invoice_trace_of_drawing_utilisation"),
                    )
                ]
                if table == "invoice_trace"
                else []
            ),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
            schema=_SCHEMA,
        )
        op.create_index(op.f(f"ix_{table}_of_case"), table, ["of_case"], schema=_SCHEMA)
    op.create_index("ix_invoice_trace_of_drawing", "invoice_trace", ["of_drawing"], schema=_SCHEMA)
    for name, (table, keys) in _INDEXES.items():
        op.create_index(name, table, keys, schema=_SCHEMA)


def downgrade() -> None:
    for table in (*reversed(_COLUMNS), "traced_case"):
        op.drop_table(table, schema=_SCHEMA)
    op.drop_index("ix_transfer_facility_id", table_name="transfer", schema=_SCHEMA)
    op.drop_column("utilisation", "invoice_details", schema=_SCHEMA)


def _of_case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["of_case"], [f"{_SCHEMA}.application.case_id"], name=op.f(f"fk_{table}_of_case_application")
    )
