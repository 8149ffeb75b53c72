"""A command whose outcome is late is accepted, can be asked about, and is never applied twice."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from domain.tasks import HumanTask, TaskType
from services.kit.actor_assertion import LIFETIME
from services.kit.database import now
from services.origination.process import CommandOutcome, NotRunning, TimedOut
from services.origination.store.events import events_of
from services.origination.upkeep import settle_left
from tests.origination.running import Case, People, act, gateway, key, until


async def paused(case: Case, yes: bool) -> None:
    await case.engine.get_workflow_handle(case.workflow_id).signal("pause", yes)


@pytest.fixture
def impatient(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands are waited for half a second."""
    patient = gateway(app).act

    async def act(*args: Any, **more: Any) -> CommandOutcome:
        return await patient(*args, **{**more, "timeout": timedelta(seconds=0.5)})

    monkeypatch.setattr(gateway(app), "act", act)


async def late_claim(case: Case, people: People) -> tuple[httpx.AsyncClient, HumanTask, dict[str, str], httpx.Response]:
    task = await case.offer(TaskType.REVIEW)
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    await paused(case, True)
    headers = {"If-Match": '"1"', **key()}
    answer = await reviewer.post(f"/v1/tasks/{task.task_id}/claim", json={}, headers=headers)
    return reviewer, task, headers, answer


async def test_a_late_answer_is_accepted_and_settles_when_asked(case: Case, people: People, impatient: None) -> None:
    reviewer, task, _, answer = await late_claim(case, people)
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "pending"
    address = answer.headers["Location"]
    assert (await reviewer.get(address)).json()["state"] == "pending"
    other = await people.staff("wang.fang", "reviewer", branch="HO")
    assert (await other.get(address)).status_code == 404
    await paused(case, False)

    async def settled() -> bool:
        return bool((await reviewer.get(address)).json()["state"] == "applied")

    await until(settled)
    read = (await reviewer.get(f"/v1/tasks/{task.task_id}")).json()
    assert (read["assignee"], read["version"]) == ("li.na", 2)


async def test_the_same_key_brings_the_outcome(case: Case, people: People, impatient: None, app: FastAPI) -> None:
    reviewer, task, headers, answer = await late_claim(case, people)
    assert answer.status_code == 202
    again = await reviewer.post(f"/v1/tasks/{task.task_id}/claim", json={}, headers=headers)
    assert (again.status_code, again.headers["Location"]) == (202, answer.headers["Location"])
    await paused(case, False)

    async def answered() -> bool:
        reply = await reviewer.post(f"/v1/tasks/{task.task_id}/claim", json={}, headers=headers)
        return reply.status_code == 200

    await until(answered)
    replayed = await reviewer.post(f"/v1/tasks/{task.task_id}/claim", json={}, headers=headers)
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert replayed.json()["version"] == 2
    async with app.state.database.session() as session:
        kinds = [event.kind for event in await events_of(session, case.case_id)]
    assert kinds.count("task.claim") == 1


async def test_a_command_nobody_heard_is_lost_and_may_be_sent_again(
    case: Case, people: People, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await case.offer(TaskType.REVIEW)
    reviewer = await people.staff("li.na", "reviewer", branch="HO")

    async def unheard(*_: Any, **__: Any) -> CommandOutcome:
        return TimedOut()

    headers = {"If-Match": '"1"', **key()}
    with monkeypatch.context() as context:
        context.setattr(gateway(app), "act", unheard)
        answer = await reviewer.post(f"/v1/tasks/{task.task_id}/claim", json={}, headers=headers)
    assert answer.status_code == 202
    assert (await reviewer.get(answer.headers["Location"])).json()["state"] == "lost"
    again = await reviewer.post(f"/v1/tasks/{task.task_id}/claim", json={}, headers=headers)
    assert (again.status_code, again.json()["state"]) == (200, "reserved")
    assert (await reviewer.get(answer.headers["Location"])).json()["state"] == "applied"


async def test_a_command_nobody_asked_about_is_settled_in_its_senders_name(
    case: Case, people: People, impatient: None, app: FastAPI
) -> None:
    reviewer, task, _, answer = await late_claim(case, people)
    assert answer.status_code == 202
    await paused(case, False)

    async def found() -> bool:
        return await settle_left(app.state.database, gateway(app), now()) == 1

    await until(found)
    assert await settle_left(app.state.database, gateway(app), now()) == 0
    async with app.state.database.session() as session:
        event = (await events_of(session, case.case_id))[-1]
    assert (event.kind, event.actor["subject"]) == ("task.claim", "li.na")
    assert (await reviewer.get(f"/v1/tasks/{task.task_id}")).json()["assignee"] == "li.na"


async def test_a_command_that_can_no_longer_be_applied_is_lost(
    case: Case, people: People, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await case.offer(TaskType.REVIEW)
    reviewer = await people.staff("li.na", "reviewer", branch="HO")

    async def unheard(*_: Any, **__: Any) -> CommandOutcome:
        return TimedOut()

    with monkeypatch.context() as context:
        context.setattr(gateway(app), "act", unheard)
        headers = {"If-Match": '"1"', **key()}
        answer = await reviewer.post(f"/v1/tasks/{task.task_id}/claim", json={}, headers=headers)
    assert await settle_left(app.state.database, gateway(app), now()) == 0
    assert await settle_left(app.state.database, gateway(app), now() + LIFETIME + timedelta(seconds=1)) == 1
    assert (await reviewer.get(answer.headers["Location"])).json()["state"] == "lost"


async def test_a_process_that_has_ended_takes_no_commands(case: Case, people: People) -> None:
    task = await case.offer(TaskType.REVIEW)
    handle = case.engine.get_workflow_handle(case.workflow_id)
    await handle.signal("end")
    await handle.result()
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    answer = await act(reviewer, task.task_id, "claim", 1)
    assert (answer.status_code, answer.json()["code"]) == (409, "case_ended")


async def test_a_process_that_has_not_started_is_told_apart(case: Case, app: FastAPI) -> None:
    outcome = await gateway(app).outcome("application-00000000-0000-0000-0000-000000000000", "u-1")
    assert isinstance(outcome, NotRunning)
