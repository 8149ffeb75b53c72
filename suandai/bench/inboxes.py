"""An inbox of 1,000 and of 1,000,000 tasks: rows as the processes of a larger bank would have left them.

They are written past the service and past the rules for case tables, by the database's superuser and with triggers off: the
measured bank is thrown away afterwards, and a million commands would take a day.
"""

from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

TASKS_A_CASE = 14
OPEN_EVERY = 5
"""One task in five is open, far more than a bank has: the more are open, the longer an inbox has to be searched."""

_CASE_ID = """(lpad(to_hex(1500000000000 + n * 100), 12, '0') || '7' || substr(md5('case' || n), 1, 3)
              || '8' || substr(md5('case' || n), 4, 15))::uuid"""
_TASK_ID = """(lpad(to_hex(1500000000000 + n * 100 + place), 12, '0') || '7' || substr(md5(n || '-' || place), 1, 3)
              || '8' || substr(md5(n || '-' || place), 4, 15))::uuid"""
_BRANCH = "(ARRAY['YC', 'NJ', 'XN'])[1 + n % 3]"
_IS_OPEN = f"(n * 7 + place) % {OPEN_EVERY} = 0"

_APPLICATION_COLUMNS = {"case_id": _CASE_ID, "case_number": "'SD2025-BENCH-' || n", "branch": _BRANCH}
_TASK_COLUMNS = {
    "id": _TASK_ID,
    "case_id": _CASE_ID,
    "branch": _BRANCH,
    "state": f"CASE WHEN {_IS_OPEN} THEN 'ready' ELSE 'completed' END",
    "outcome": f"CASE WHEN {_IS_OPEN} THEN NULL ELSE t.outcome END",
    "assignee": f"CASE WHEN {_IS_OPEN} THEN NULL ELSE t.assignee END",
    "completed_at": f"CASE WHEN {_IS_OPEN} THEN NULL ELSE t.completed_at END",
    "body": f"""t.body || jsonb_build_object('task_id', {_TASK_ID}, 'case_id', {_CASE_ID}) || CASE WHEN {_IS_OPEN}
        THEN '{{"state": "ready", "outcome": null, "assignee": null, "completed_at": null, "completed_by": null}}'::jsonb
        ELSE '{{}}'::jsonb END""",
}


async def fill(conninfo: str, model_case: str, tasks: int) -> int:
    """Bring the bank to at least so many tasks, in the image of one finished case; returns how many there are."""
    async with await psycopg.AsyncConnection.connect(conninfo, row_factory=dict_row) as books:
        await books.execute("SET LOCAL session_replication_role = replica")
        present = await _count(books, "SELECT count(*) AS found FROM origination.task")
        made = await _count(
            books, "SELECT count(*) AS found FROM origination.application WHERE case_number LIKE 'SD2025-BENCH-%'"
        )
        missing = max(0, tasks - present)
        terms = {"model": model_case, "first": made + 1, "last": made + -(-missing // TASKS_A_CASE)}
        applications = sql.SQL(
            "INSERT INTO origination.application ({columns}) SELECT {values}"
            " FROM generate_series(%(first)s::bigint, %(last)s::bigint) n,"
            " origination.application t WHERE t.case_id = %(model)s::uuid"
        )
        await books.execute(await _copying(books, applications, "application", _APPLICATION_COLUMNS), terms)
        inbox = sql.SQL(
            "INSERT INTO origination.task ({columns}) SELECT {values}"
            " FROM generate_series(%(first)s::bigint, %(last)s::bigint) n, (SELECT row_number() OVER (ORDER BY id) AS place, *"
            " FROM origination.task WHERE case_id = %(model)s::uuid ORDER BY id LIMIT {limit}) t"
        )
        await books.execute(await _copying(books, inbox, "task", _TASK_COLUMNS, limit=sql.Literal(TASKS_A_CASE)), terms)
        total = await _count(books, "SELECT count(*) AS found FROM origination.task")
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as settled:
        # What the server would do by itself within minutes: statistics for its planner, and visibility of the new pages.
        await settled.execute("VACUUM ANALYZE origination.task, origination.application")
    return total


async def _copying(
    books: psycopg.AsyncConnection[dict[str, Any]],
    statement: sql.SQL,
    table: str,
    own: dict[str, str],
    **further: sql.Composable,
) -> sql.Composed:
    """The statement with every column of the table: its own expression, or the model row's value."""
    found = await books.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'origination' AND table_name = %s"
        " AND is_generated = 'NEVER' ORDER BY ordinal_position",
        (table,),
    )
    names = [row["column_name"] for row in await found.fetchall()]
    # The expressions are constants of this module and carry no per cent signs of their own but the modulo.
    values = [
        sql.SQL(own[name].replace("%", "%%")) if name in own else sql.SQL("t.") + sql.Identifier(name) for name in names
    ]
    return statement.format(
        columns=sql.SQL(", ").join(map(sql.Identifier, names)), values=sql.SQL(", ").join(values), **further
    )


async def _count(books: psycopg.AsyncConnection[dict[str, Any]], statement: str) -> int:
    found = await (await books.execute(statement)).fetchone()
    assert found is not None
    return int(found["found"])
