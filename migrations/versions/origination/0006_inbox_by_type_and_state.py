"""An inbox that costs the same however many tasks a bank has: every index answers one way of asking by equality, in order."""

from collections.abc import Sequence

from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_HOW_MANY = "jsonb_array_length(body -> 'candidates')"
_FIRST_NAMED = "((body -> 'candidates') ->> 0)"
_OPEN = "state IN ('created', 'in_progress', 'ready', 'reserved', 'suspended')"
_RARE = "state IN ('created', 'exited', 'failed', 'obsolete', 'suspended')"

_NEW = {
    "ix_task_offered": f"(type, ({_HOW_MANY} = 0), state, uuid_send(id))",
    "ix_task_branch_offered": f"(branch, type, ({_HOW_MANY} = 0), state, uuid_send(id))",
    "ix_task_company": "(borrower_uscc, type, state, uuid_send(id))",
    "ix_task_assignee": "(assignee, type, state, uuid_send(id)) WHERE assignee IS NOT NULL",
    "ix_task_owner": "(owner) WHERE owner IS NOT NULL",
    "ix_task_named": f"({_FIRST_NAMED}, type, state, uuid_send(id)) WHERE {_FIRST_NAMED} IS NOT NULL",
    "ix_task_candidates": f"USING gin ((body -> 'candidates')) WHERE {_HOW_MANY} > 1",
}
_OLD = {
    "ix_task_role": f"(role, id) WHERE {_HOW_MANY} = 0",
    "ix_task_branch_role": f"(branch, role, id) WHERE {_HOW_MANY} = 0",
    "ix_task_open_role": f"(role, id) WHERE {_HOW_MANY} = 0 AND {_OPEN}",
    "ix_task_open_branch_role": f"(branch, role, id) WHERE {_HOW_MANY} = 0 AND {_OPEN}",
    "ix_task_type_role": f"(type, role, id) WHERE {_HOW_MANY} = 0",
    "ix_task_type": "(type, id)",
    "ix_task_rare_state": f"(state, id) WHERE {_RARE}",
    "ix_task_borrower_uscc": "(borrower_uscc)",
    "ix_task_assignee": "(assignee, id)",
    "ix_task_owner": "(owner, id) WHERE owner IS NOT NULL",
    "ix_task_candidates": f"USING gin ((body -> 'candidates')) WHERE {_HOW_MANY} > 0",
}


def upgrade() -> None:
    _exchange(_OLD, _NEW)


def downgrade() -> None:
    _exchange(_NEW, _OLD)


def _exchange(present: dict[str, str], wanted: dict[str, str]) -> None:
    for name in present:
        op.drop_index(name, table_name="task", schema="origination")
    for name, definition in wanted.items():
        op.execute(f"CREATE INDEX {name} ON origination.task {definition}")
