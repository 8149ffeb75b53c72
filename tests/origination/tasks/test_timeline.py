"""The timeline over real verbs: who did what, how it ended and why; the whole chain with ``detail=all``."""

from typing import Any

import httpx
from fastapi import FastAPI

from domain.tasks import TaskType
from services.origination.store.events import events_of
from tests.origination.running import Case, People, act


async def read(client: httpx.AsyncClient, case: Case, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/applications/{case.case_id}/timeline", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


async def test_a_return_is_told_with_who_where_to_and_why(case: Case, people: People, app: FastAPI) -> None:
    task = await case.offer(
        TaskType.REVIEW, title_zh="授信审查 · SD2026-640100-000001", title_en="Credit review · SD2026"
    )
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    await act(reviewer, task.task_id, "claim", 1)
    body = {"outcome": "return", "return_to": "due_diligence", "comment": "请补充三季度报表"}
    assert (await act(reviewer, task.task_id, "complete", 2, **body)).status_code == 200

    told = [line for line in await read(reviewer, case) if line["kind"].startswith("task.")]
    assert [
        (
            line["kind"],
            line["actor"],
            line["actor_kind"],
            line["outcome"],
            line["reason"],
            line["text_zh"],
            line["text_en"],
        )
        for line in told
    ] == [
        (
            "task.complete",
            "li.na",
            "staff",
            "return",
            "请补充三季度报表",
            "li.na 办结“授信审查”：退回，由“审查”至“尽职调查”；理由：请补充三季度报表",
            "li.na completed Credit review: return from review to due diligence; reason: 请补充三季度报表",
        )
    ]
    async with app.state.database.session() as session:
        chain = [event.seq for event in await events_of(session, case.case_id)]
    whole = await read(reviewer, case, detail="all")
    assert [line["seq"] for line in whole] == chain
    assert [line for line in whole if not line["passing"]] == await read(reviewer, case)
    assert "task.claim" in {line["kind"] for line in whole if line["passing"]}


async def test_the_story_goes_on_where_the_reader_stopped(case: Case, people: People) -> None:
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    for comment in ("一", "二", "三"):
        task = await case.offer(TaskType.REVIEW)
        await act(reviewer, task.task_id, "claim", 1)
        await act(reviewer, task.task_id, "complete", 2, outcome="approve", comment=comment)
    whole = await read(reviewer, case)
    first = await read(reviewer, case, limit=2)
    assert first == whole[:2]
    # Passing events between two lines do not shorten a page.
    rest = await read(reviewer, case, after=first[-1]["seq"], limit=2)
    assert rest == whole[2:4]
    assert [line["reason"] for line in whole if line["kind"] == "task.complete"] == ["一", "二", "三"]
    assert (await reviewer.get(f"/v1/applications/{case.case_id}/timeline?detail=none")).status_code == 422
