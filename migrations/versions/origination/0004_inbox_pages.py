"""An inbox that is read along its indexes however many tasks there are, and the tenor in the header of a case."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OPEN = "state IN ('created', 'in_progress', 'ready', 'reserved', 'suspended')"
_RARE = "state IN ('created', 'exited', 'failed', 'obsolete', 'suspended')"
_TO_ANYBODY = "jsonb_array_length(body -> 'candidates') = 0"

_INDEXES: tuple[tuple[str, list[str], str | None], ...] = (
    ("ix_task_role", ["role", "id"], _TO_ANYBODY),
    ("ix_task_branch_role", ["branch", "role", "id"], _TO_ANYBODY),
    ("ix_task_open_role", ["role", "id"], f"{_TO_ANYBODY} AND {_OPEN}"),
    ("ix_task_open_branch_role", ["branch", "role", "id"], f"{_TO_ANYBODY} AND {_OPEN}"),
    ("ix_task_type_role", ["type", "role", "id"], _TO_ANYBODY),
    ("ix_task_type", ["type", "id"], None),
    ("ix_task_rare_state", ["state", "id"], _RARE),
    ("ix_task_assignee", ["assignee", "id"], None),
    ("ix_task_owner", ["owner", "id"], "owner IS NOT NULL"),
)


def upgrade() -> None:
    op.add_column("application", sa.Column("tenor_months", sa.Integer()), schema="origination")
    op.execute(
        "UPDATE origination.application SET tenor_months = (content #>> '{lines,0,tenor_months}')::integer"
        " WHERE content #>> '{lines,0,tenor_months}' IS NOT NULL"
    )
    op.drop_index("ix_task_open", table_name="task", schema="origination")
    op.drop_index("ix_task_assignee", table_name="task", schema="origination")
    for name, columns, where in _INDEXES:
        condition = None if where is None else sa.text(where)
        op.create_index(name, "task", columns, schema="origination", postgresql_where=condition)
    op.execute(
        "CREATE INDEX ix_task_candidates ON origination.task USING gin ((body -> 'candidates'))"
        " WHERE jsonb_array_length(body -> 'candidates') > 0"
    )


def downgrade() -> None:
    op.drop_index("ix_task_candidates", table_name="task", schema="origination")
    for name, _, _ in _INDEXES:
        op.drop_index(name, table_name="task", schema="origination")
    op.create_index("ix_task_assignee", "task", ["assignee"], schema="origination")
    op.create_index(
        "ix_task_open",
        "task",
        ["branch", "role"],
        schema="origination",
        postgresql_where=sa.text("completed_at IS NULL"),
    )
    op.drop_column("application", "tenor_months", schema="origination")
