"""The limit tree keeps what is taken of every ceiling: reservations of cases, their entries, and balances that add up.

What holds whatever a program does is held here: a ceiling is never exceeded (check), a line shows the sum of its reservations
and of the lines under it (triggers), a reservation shows the sum of its entries (constraint trigger, at commit).
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TAKEN = ("allocated", "reserved", "committed")
_STANDS = sa.text("reserved + committed > 0")

_ALLOCATE = """
CREATE FUNCTION origination.allocate_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.parent_id IS NOT NULL THEN
        UPDATE origination.credit_line SET allocated = allocated - OLD.amount WHERE id = OLD.parent_id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.parent_id IS NOT NULL THEN
        UPDATE origination.credit_line SET allocated = allocated + NEW.amount WHERE id = NEW.parent_id;
    END IF;
    RETURN NULL;
END
$$
"""

_BOOK = """
CREATE FUNCTION origination.book_reservation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lines uuid[];
    moved_reserved numeric := 0;
    moved_committed numeric := 0;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.customer_line_id, NEW.group_line_id, NEW.case_id, NEW.customer_id)
            IS DISTINCT FROM (OLD.customer_line_id, OLD.group_line_id, OLD.case_id, OLD.customer_id) THEN
        RAISE EXCEPTION 'a reservation stays on the lines it was made on'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP <> 'INSERT' THEN
        lines := ARRAY[OLD.customer_line_id, OLD.group_line_id];
        moved_reserved := moved_reserved - OLD.reserved;
        moved_committed := moved_committed - OLD.committed;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        lines := ARRAY[NEW.customer_line_id, NEW.group_line_id];
        moved_reserved := moved_reserved + NEW.reserved;
        moved_committed := moved_committed + NEW.committed;
    END IF;
    UPDATE origination.credit_line
    SET reserved = reserved + moved_reserved, committed = committed + moved_committed
    WHERE id = ANY(lines);
    RETURN NULL;
END
$$
"""

_EMPTIED = """
CREATE FUNCTION origination.reservations_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE origination.credit_line SET reserved = 0, committed = 0 WHERE reserved <> 0 OR committed <> 0;
    RETURN NULL;
END
$$
"""

_ADD_UP = """
CREATE FUNCTION origination.reservation_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved uuid := CASE TG_TABLE_NAME WHEN 'limit_entry' THEN (to_jsonb(NEW) ->> 'reservation_id')::uuid ELSE NEW.id END;
BEGIN
    IF EXISTS (
        SELECT 1 FROM origination.limit_reservation kept
        WHERE kept.id = moved AND (kept.reserved, kept.committed) <> (
            SELECT coalesce(sum(entry.reserved), 0), coalesce(sum(entry.committed), 0)
            FROM origination.limit_entry entry WHERE entry.reservation_id = moved
        )
    ) THEN
        RAISE EXCEPTION 'reservation % is not the sum of its entries', moved
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    for name in _TAKEN:
        op.add_column(
            "credit_line",
            sa.Column(name, sa.Numeric(precision=20, scale=2), server_default=sa.text("0"), nullable=False),
            schema="origination",
        )
    op.execute(
        "UPDATE origination.credit_line parent SET allocated = taken.amount FROM (SELECT parent_id, sum(amount) amount"
        " FROM origination.credit_line WHERE parent_id IS NOT NULL GROUP BY parent_id) taken WHERE taken.parent_id = parent.id"
    )
    for name, condition in (
        ("taken_not_negative", "allocated >= 0 AND reserved >= 0 AND committed >= 0"),
        ("within_line", "allocated + reserved + committed <= amount"),
        ("taken_of_umbrella", "kind = 'umbrella' OR allocated + reserved + committed = 0"),
    ):
        op.create_check_constraint(op.f(f"ck_credit_line_{name}"), "credit_line", condition, schema="origination")
    op.create_table(
        "limit_reservation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("lender_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("customer_line_id", sa.Uuid(), nullable=True),
        sa.Column("group_line_id", sa.Uuid(), nullable=True),
        sa.Column("exposure_kind", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("reserved", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("committed", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("lapses_on", sa.Date(), nullable=True),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_limit_reservation_amount_positive")),
        sa.CheckConstraint("reserved >= 0 AND committed >= 0", name=op.f("ck_limit_reservation_not_negative")),
        sa.CheckConstraint("reserved + committed <= amount", name=op.f("ck_limit_reservation_within_amount")),
        sa.CheckConstraint("reserved = 0 OR committed = 0", name=op.f("ck_limit_reservation_one_state")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_limit_reservation_case_id_application")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["origination.customer.id"], name=op.f("fk_limit_reservation_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["origination.customer_group.id"], name=op.f("fk_limit_reservation_group_id_customer_group")
        ),
        sa.ForeignKeyConstraint(
            ["customer_line_id"],
            ["origination.credit_line.id"],
            name=op.f("fk_limit_reservation_customer_line_id_credit_line"),
        ),
        sa.ForeignKeyConstraint(
            ["group_line_id"],
            ["origination.credit_line.id"],
            name=op.f("fk_limit_reservation_group_line_id_credit_line"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_reservation")),
        sa.UniqueConstraint("case_id", "step", name=op.f("uq_limit_reservation_case_id_step")),
        schema="origination",
    )
    for column in ("group_id", "customer_line_id", "group_line_id"):
        op.create_index(
            op.f(f"ix_limit_reservation_{column}"), "limit_reservation", [column], unique=False, schema="origination"
        )
    op.create_index(
        "uq_limit_reservation_standing",
        "limit_reservation",
        ["case_id"],
        unique=True,
        schema="origination",
        postgresql_where=_STANDS,
    )
    op.create_index(
        "ix_limit_reservation_customer",
        "limit_reservation",
        ["customer_id"],
        unique=False,
        schema="origination",
        postgresql_where=_STANDS,
    )
    op.create_table(
        "limit_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("reservation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reserved", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("committed", sa.Numeric(precision=20, scale=2), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('reserve', 'commit', 'release')", name=op.f("ck_limit_entry_kind")),
        sa.CheckConstraint(
            "(kind = 'reserve' AND reserved > 0 AND committed = 0)"
            " OR (kind = 'commit' AND committed > 0 AND reserved = -committed)"
            " OR (kind = 'release' AND reserved <= 0 AND committed <= 0 AND reserved + committed < 0)",
            name=op.f("ck_limit_entry_movement"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["origination.application.case_id"], name=op.f("fk_limit_entry_case_id_application")
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id"],
            ["origination.limit_reservation.id"],
            name=op.f("fk_limit_entry_reservation_id_limit_reservation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_entry")),
        sa.UniqueConstraint("reservation_id", "kind", "step", name=op.f("uq_limit_entry_reservation_id_kind_step")),
        schema="origination",
    )
    op.create_index(
        op.f("ix_limit_entry_reservation_id"), "limit_entry", ["reservation_id"], unique=False, schema="origination"
    )
    _protect()


def _protect() -> None:
    for function in (_ALLOCATE, _BOOK, _EMPTIED, _ADD_UP):
        op.execute(function)
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON origination.limit_entry FROM suandai_origination")
    op.execute("REVOKE DELETE, TRUNCATE ON origination.limit_reservation FROM suandai_origination")
    op.execute(
        "CREATE TRIGGER limit_entry_unchanged BEFORE UPDATE OR DELETE ON origination.limit_entry"
        " FOR EACH ROW EXECUTE FUNCTION origination.refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER credit_line_allocated AFTER INSERT OR DELETE OR UPDATE OF amount, parent_id"
        " ON origination.credit_line FOR EACH ROW EXECUTE FUNCTION origination.allocate_line()"
    )
    op.execute(
        "CREATE TRIGGER limit_reservation_booked AFTER INSERT OR UPDATE OR DELETE ON origination.limit_reservation"
        " FOR EACH ROW EXECUTE FUNCTION origination.book_reservation()"
    )
    op.execute(
        "CREATE TRIGGER limit_reservation_emptied AFTER TRUNCATE ON origination.limit_reservation"
        " FOR EACH STATEMENT EXECUTE FUNCTION origination.reservations_emptied()"
    )
    for table in ("limit_reservation", "limit_entry"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_adds_up AFTER INSERT OR UPDATE ON origination.{table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION origination.reservation_adds_up()"
        )


def downgrade() -> None:
    op.execute("DROP TRIGGER credit_line_allocated ON origination.credit_line")
    op.drop_table("limit_entry", schema="origination")
    op.drop_table("limit_reservation", schema="origination")
    for function in ("allocate_line", "book_reservation", "reservations_emptied", "reservation_adds_up"):
        op.execute(f"DROP FUNCTION origination.{function}")
    for name in ("taken_not_negative", "within_line", "taken_of_umbrella"):
        op.drop_constraint(op.f(f"ck_credit_line_{name}"), "credit_line", schema="origination", type_="check")
    for name in _TAKEN:
        op.drop_column("credit_line", name, schema="origination")
