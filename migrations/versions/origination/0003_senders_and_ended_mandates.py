"""A command names its sender, so that whoever enters its outcome can; and authority that was granted can be taken away."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _state(*states: str) -> None:
    op.drop_constraint(op.f("ck_command_state"), "command", schema="origination")
    listed = ", ".join(f"'{state}'" for state in states)
    op.create_check_constraint(op.f("ck_command_state"), "command", f"state IN ({listed})", schema="origination")


def _one_at_a_time(where: str) -> None:
    op.drop_constraint("ex_mandate_one_at_a_time", "mandate", schema="origination")
    op.execute(
        "ALTER TABLE origination.mandate ADD CONSTRAINT ex_mandate_one_at_a_time EXCLUDE USING gist"
        " (subject WITH =, body WITH =, branch WITH =, daterange(valid_from, valid_to, '[]') WITH &&)"
        f" WHERE ({where})"
    )


def upgrade() -> None:
    # Commands of before have a principal but not the whole of it.
    op.execute(
        "ALTER TABLE origination.command ADD COLUMN actor JSONB NOT NULL DEFAULT '{}',"
        " ADD COLUMN event_kind VARCHAR NOT NULL DEFAULT ''"
    )
    op.execute("ALTER TABLE origination.command ALTER actor DROP DEFAULT, ALTER event_kind DROP DEFAULT")
    _state("pending", "applied", "refused", "lost")
    op.add_column("mandate", sa.Column("ended_by", sa.String()), schema="origination")
    op.add_column("mandate", sa.Column("ended_at", sa.DateTime(timezone=True)), schema="origination")
    op.execute("ALTER TABLE origination.mandate ADD COLUMN end_reason VARCHAR NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE origination.mandate ALTER end_reason DROP DEFAULT")
    op.create_check_constraint(
        op.f("ck_mandate_end_whole"), "mandate", "(ended_by IS NULL) = (ended_at IS NULL)", schema="origination"
    )
    _one_at_a_time("checker IS NOT NULL AND ended_at IS NULL")


def downgrade() -> None:
    _one_at_a_time("checker IS NOT NULL")
    op.drop_constraint(op.f("ck_mandate_end_whole"), "mandate", schema="origination")
    for column in ("ended_by", "ended_at", "end_reason"):
        op.drop_column("mandate", column, schema="origination")
    _state("pending", "applied", "refused")
    for column in ("actor", "event_kind"):
        op.drop_column("command", column, schema="origination")
