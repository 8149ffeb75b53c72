"""The inbox among very many tasks: one query a page, along indexes whatever narrows it; and what a task says of its case."""

import json
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import event, text
from sqlmodel import col, select

from domain.finding import FindingRef, Outcome
from domain.tasks import TaskSubject, TaskType
from services.kit.database import Database, new_id
from services.kit.paging import PageRequest
from services.kit.principal import Principal
from services.origination.store.events import record
from services.origination.store.inbox import InboxFilter, inbox, statement_of
from services.origination.tables.cases import Application
from services.origination.tables.tasks import Task
from tests.origination.bench import BRANCH, MANAGER, USCC, case_id, database, keyring, superuser
from tests.origination.running import Case, People

__all__ = ["case_id", "database", "keyring", "superuser"]

TASKS = 40_000
FEW = 80

_FILL = """
INSERT INTO origination.task
    (id, case_id, workflow_id, type, stage, state, role, branch, borrower_uscc, assignee, owner, priority, created_at,
     completed_at, version, body)
SELECT gen_id, :case_id, 'application-' || :case_id, kind, 'review', state, role, branch, :uscc, assignee, NULL, 50, now(),
       CASE WHEN state = 'completed' THEN now() END, 1,
       jsonb_build_object('task_id', gen_id, 'type', kind, 'case_id', CAST(:case_id AS text), 'workflow_id', 'w',
           'title_zh', '任务', 'title_en', 'task', 'stage', 'review', 'state', state, 'role', role, 'priority', 50,
           'created_at', now(), 'version', 1, 'excluded', '[]'::jsonb, 'candidates', candidates)
FROM (
    SELECT uuidv7() AS gen_id, n,
        CASE WHEN n % 49 = 0 THEN 'ready' WHEN n % 49 = 1 THEN 'reserved' ELSE 'completed' END AS state,
        (ARRAY['review', 'approval', 'lead_investigation', 'compliance_opinion', 'offer_acceptance'])[1 + n % 5] AS kind,
        (ARRAY['reviewer', 'approver', 'relationship_manager', 'compliance_officer', 'borrower_owner'])[1 + n % 5] AS role,
        'B' || n % 11 AS branch,
        CASE WHEN n % 49 = 0 THEN NULL WHEN n % 3 = 0 THEN 'head.' || n % 7 ELSE 'local.' || n % 11 END AS assignee,
        CASE WHEN n % 5 <> 2 THEN '[]'::jsonb WHEN n % 1009 = 0 THEN jsonb_build_array('deputy', 'manager.' || n % 11)
            ELSE jsonb_build_array('manager.' || n % 11) END AS candidates
    FROM generate_series(1, :tasks) AS n
) AS made
"""


@pytest_asyncio.fixture
async def full(case_id: UUID, database: Database, superuser: Database) -> AsyncIterator[Database]:
    """The books of a bank with very many tasks."""
    async with superuser.session() as session:
        await (await session.connection()).execute(text("SET LOCAL statement_timeout = 0"))
        await (await session.connection()).execute(text(_FILL), {"case_id": case_id, "tasks": TASKS, "uscc": USCC})
    async with superuser.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(
            text("VACUUM ANALYZE origination.task")
        )
    yield database


def person(subject: str, *roles: str, branch: str = "HO") -> Principal:
    return Principal(subject=subject, kind="staff", roles=roles, branch=branch, token_id="t", issuer="http://issuer")


PEOPLE = {
    "head office": person("head.3", "reviewer"),
    "branch": person("local.4", "reviewer", branch="B4"),
    "two roles": person("head.6", "reviewer", "approver"),
    "by name": person("manager.5", "relationship_manager", branch="B5"),
    "second of several names": person("deputy", "relationship_manager"),
    "only what is finished": person("local.7", "pricing_approver", branch="B7"),
    "empty branch": person("somebody.new", "approver", branch="B-new"),
    "overseer": person("operator", "operator"),
    "overseer of a branch": person("operator.b2", "auditor", branch="B2"),
    "other issuer's roles": person("head.2", "reviewer", "barista"),
    "company": Principal(
        subject="owner@xiyun",
        kind="borrower",
        roles=("borrower_owner",),
        uscc=USCC,
        token_id="t",
        issuer="http://issuer",
    ),
}
FILTERS = {
    "all": InboxFilter(),
    "open": InboxFilter(state="open"),
    "ready": InboxFilter(state="ready"),
    "completed": InboxFilter(state="completed"),
    "suspended": InboxFilter(state="suspended"),
    "type": InboxFilter(task_type="review"),
    "rare type": InboxFilter(task_type="settlement"),
    "open type": InboxFilter(state="open", task_type="approval"),
    "everything": InboxFilter(everything=True),
    "everything open": InboxFilter(state="open", everything=True),
    "one case": InboxFilter(case_id=UUID(int=7), everything=True),
}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


async def test_no_page_reads_more_of_the_tasks_than_it_shows(full: Database) -> None:
    """Whoever reads, whatever is asked for, on the first page and deep in: each walk ends after a page of rows."""
    async with full.session() as session:
        middle = (await session.exec(select(Task.id).order_by(col(Task.id)).offset(TASKS // 2).limit(1))).one()
    async with full.engine.connect() as connection:
        for name, who in PEOPLE.items():
            for narrowed, wanted in FILTERS.items():
                for page in (PageRequest(20, None), PageRequest(200, middle)):
                    compiled = statement_of(who, wanted, page).compile(
                        dialect=full.engine.dialect, compile_kwargs={"render_postcompile": True}
                    )
                    explained = await connection.exec_driver_sql(
                        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {compiled}", compiled.params
                    )
                    plan: Any = explained.scalar_one()
                    tree = list(nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
                    told = (name, narrowed, page.limit, json.dumps(plan, default=str)[:6000])
                    walks = [node for node in tree if node.get("Relation Name") == "task"]
                    assert walks, told
                    assert not [node for node in walks if node["Node Type"] == "Seq Scan"], told
                    for node in walks:
                        # What the planner expects to be a handful it may look up whole and sort.
                        most = FEW if node["Node Type"] == "Bitmap Heap Scan" else page.limit + 1
                        assert node["Actual Rows"] + node.get("Rows Removed by Filter", 0) <= most, told
                    assert tree[0]["Shared Hit Blocks"] + tree[0]["Shared Read Blocks"] < 12 * page.limit + 3_000, told


async def test_a_page_is_one_query_and_ends_where_the_next_begins(full: Database) -> None:
    who = person("head.6", "reviewer", "approver")
    seen: list[UUID] = []
    after: UUID | None = None
    asked: list[str] = []

    def count(*parts: Any) -> None:
        asked.append(parts[2])

    event.listen(full.engine.sync_engine, "before_cursor_execute", count)
    for _ in range(3):
        async with full.session() as session:
            page = await inbox(session, who, InboxFilter(state="open"), PageRequest(40, after))
        seen += [found.task.id for found in page.rows]
        after = page.last
        assert after == seen[-1]
    event.remove(full.engine.sync_engine, "before_cursor_execute", count)
    assert len([statement for statement in asked if "origination.task" in statement]) == 3, asked
    assert len(seen) == 120
    assert seen == sorted(set(seen), reverse=True)
    async with full.session() as session:
        everybody = person("auditor", "auditor")
        wanted = InboxFilter(state="open", everything=True)
        listed = await inbox(session, everybody, wanted, PageRequest(200, None))
    # Offered to either role or already in their hands: nothing in sight is left out.
    mine = [
        found.task.id for found in listed.rows if found.task.role in who.roles or found.task.assignee == who.subject
    ]
    assert 40 < len(mine) <= len(seen)
    assert seen[: len(mine)] == mine


FINDINGS = (
    ("rating", Outcome.PASS, "R4 · A · 86.0 · PD 0.5000 %"),
    ("limit", Outcome.REFER, "40,000,000.00 CNY · 60 m · collateral"),
    ("valuation", Outcome.REFER, "nothing was searched"),
    ("valuation", Outcome.NOT_RUN, ""),
)


def refs() -> tuple[FindingRef, ...]:
    return tuple(
        FindingRef(id=new_id(), kind=kind, outcome=outcome, value=value, sha256="a" * 64)
        for kind, outcome, value in FINDINGS
    )


async def test_a_task_says_whose_case_it_is_and_what_is_asked_for(case: Case, people: People, app: FastAPI) -> None:
    await named(app, case.case_id)
    memo = TaskSubject(type="credit_memo", id=str(case.case_id), sha256="c" * 64)
    task = await case.offer(TaskType.REVIEW, findings=refs(), subject=memo)
    reviewer = await people.staff("li.na", "reviewer")
    listed = (await reviewer.get("/v1/tasks?state=open")).json()["items"]
    read = (await reviewer.get(f"/v1/tasks/{task.task_id}")).json()
    assert listed == [read]
    expected = {
        "borrower_name": "宁夏西云算力科技有限公司",
        "borrower_uscc": USCC,
        "lender_id": "nxb",
        "product": "nxb_project_loan",
        "amount": {"amount": "280000000.00", "currency": "CNY"},
        "tenor_months": 120,
        "branch": BRANCH,
        "stage": "review",
        "drawing": None,
        "findings_summary": {
            "outcome": "refer",
            "passed": 1,
            "referred": 2,
            "failed": 0,
            "not_run": 1,
            "attention": ["limit", "valuation"],
        },
        "links": {
            "application": f"/v1/applications/{case.case_id}",
            "assessment": f"/v1/applications/{case.case_id}/assessment",
            "timeline": f"/v1/applications/{case.case_id}/timeline",
            "subject": f"/v1/applications/{case.case_id}/documents/{'c' * 64}",
            "utilisation": None,
        },
    }
    assert {name: read[name] for name in expected} == expected
    assert (await reviewer.get(read["links"]["assessment"])).status_code == 200
    elsewhere = await people.staff("far.away", "reviewer", branch="320100")
    assert (await elsewhere.get("/v1/tasks")).json()["items"] == []


async def test_a_borrower_reads_its_own_figures_and_nothing_the_bank_concluded(
    case: Case, people: People, app: FastAPI
) -> None:
    await named(app, case.case_id)
    offer = TaskSubject(type="offer", id=str(case.case_id), sha256="d" * 64)
    await case.offer(TaskType.OFFER_ACCEPTANCE, findings=refs(), subject=offer)
    owner = await people.borrower("owner@xiyun", "borrower_owner")
    (seen,) = (await owner.get("/v1/tasks")).json()["items"]
    assert (seen["borrower_uscc"], seen["amount"]["amount"]) == (USCC, "280000000.00")
    assert (seen["findings"], seen["findings_summary"]) == ([], None)
    assert seen["links"] == {
        "application": f"/v1/applications/{case.case_id}",
        "assessment": None,
        "timeline": None,
        "subject": f"/v1/applications/{case.case_id}/offer",
        "utilisation": None,
    }


async def named(app: FastAPI, case_id: UUID) -> None:
    """The case's header, as a draft fills it."""
    async with app.state.database.session() as session:
        row = await session.get_one(Application, case_id)
        row.product, row.amount, row.tenor_months = "nxb_project_loan", Decimal("280000000.00"), 120
        row.borrower_name = "宁夏西云算力科技有限公司"
        await record(session, case_id, "application.changed", MANAGER, rows=[row])
