"""Verbs on tasks: reserved, sent, entered before the reply; one effect a key; refusals with their rule."""

import asyncio
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from domain.calendar import BANK_ZONE
from domain.money import yuan
from domain.tasks import TaskOutcome, TaskType
from services.kit.http import RemoteProblem
from services.origination.store.events import events_of, verify
from services.origination.tables.events import AccessRefusal
from tests.origination.running import Case, People, act, key
from tests.workflows.books import CALENDAR, requirement


async def test_the_inbox_is_right_when_the_reply_arrives(case: Case, people: People) -> None:
    task = await case.offer(TaskType.REVIEW)
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    listed = (await reviewer.get("/v1/tasks?state=open")).json()["items"]
    assert [item["task_id"] for item in listed] == [str(task.task_id)]
    assert set(listed[0]["allowed_actions"]) == {"claim", "escalate", "remind"}

    read = await reviewer.get(f"/v1/tasks/{task.task_id}")
    assert read.headers["ETag"] == '"1"'
    claimed = await act(reviewer, task.task_id, "claim", 1)
    assert claimed.status_code == 200, claimed.text
    assert (claimed.json()["state"], claimed.json()["assignee"]) == ("reserved", "li.na")
    assert claimed.headers["ETag"] == '"2"'

    again = (await reviewer.get(f"/v1/tasks/{task.task_id}")).json()
    assert again == claimed.json()
    assert "complete" in again["allowed_actions"]
    done = await act(reviewer, task.task_id, "complete", 2, outcome="approve", comment="同意")
    assert (done.status_code, done.json()["state"]) == (200, "completed")
    assert (await reviewer.get("/v1/tasks?state=open")).json()["items"] == []


async def test_each_verb_is_an_event_with_its_actor(case: Case, people: People, app: FastAPI) -> None:
    task = await case.offer(TaskType.REVIEW)
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    await act(reviewer, task.task_id, "claim", 1)
    async with app.state.database.session() as session:
        event = (await events_of(session, case.case_id))[-1]
        assert (await verify(session, case.case_id)).intact
    assert event.kind == "task.claim"
    assert (event.actor["subject"], event.actor["kind"]) == ("li.na", "staff")
    assert event.payload["facts"]["command"]["verb"] == "claim"
    assert [row["table"] for row in event.payload["rows"]] == ["task"]


async def test_of_twenty_who_claim_at_once_one_wins(case: Case, people: People) -> None:
    task = await case.offer(TaskType.REVIEW)
    reviewers = [await people.staff(f"reviewer.{number}", "reviewer", branch="HO") for number in range(20)]
    answers = await asyncio.gather(*(act(reviewer, task.task_id, "claim", 1) for reviewer in reviewers))
    counted = Counter(answer.status_code for answer in answers)
    assert counted[200] == 1, counted
    assert {answer.json()["code"] for answer in answers if answer.status_code != 200} <= {
        "task_version",
        "task_taken",
        "version_mismatch",
    }
    winner = next(number for number, answer in enumerate(answers) if answer.status_code == 200)
    stored = (await reviewers[0].get(f"/v1/tasks/{task.task_id}")).json()
    assert (stored["assignee"], stored["version"]) == (f"reviewer.{winner}", 2)


async def test_one_key_sent_in_parallel_has_one_effect(case: Case, people: People) -> None:
    task = await case.offer(TaskType.REVIEW)
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    headers = {"If-Match": '"1"', **key()}

    async def claim() -> httpx.Response:
        while True:
            answer = await reviewer.post(f"/v1/tasks/{task.task_id}/claim", json={}, headers=headers)
            if answer.status_code != 409 or answer.json()["code"] != "request_in_progress":
                return answer
            await asyncio.sleep(0.05)

    answers = await asyncio.gather(*(claim() for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum(answer.headers.get("Idempotency-Replayed") == "true" for answer in answers) == 5
    assert (await reviewer.get(f"/v1/tasks/{task.task_id}")).json()["version"] == 2

    other = await reviewer.post(f"/v1/tasks/{task.task_id}/claim", json={"comment": "x"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_refusal_names_its_rule_is_stored_and_replayed(case: Case, people: People, app: FastAPI) -> None:
    investigation = await case.offer(TaskType.CO_INVESTIGATION)
    review = await case.offer(TaskType.REVIEW)
    both = await people.staff("wang.fang", "co_investigator", "reviewer")
    assert (await act(both, investigation.task_id, "claim", 1)).status_code == 200
    headers = {"If-Match": '"1"', **key()}
    refused = await both.post(f"/v1/tasks/{review.task_id}/claim", json={}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "duties_separate")
    assert refused.json()["errors"][0]["code"] == "SOD-co_investigation-review"
    again = await both.post(f"/v1/tasks/{review.task_id}/claim", json={}, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["code"] == "duties_separate"
    async with app.state.database.session() as session:
        rows = (await session.exec(select(AccessRefusal).where(AccessRefusal.code == "duties_separate"))).all()
    assert [(row.subject, row.rule, row.object_ids) for row in rows] == [
        ("wang.fang", "SOD-co_investigation-review", [str(review.task_id)])
    ]
    auditor = await people.staff("shen.ji", "auditor", branch="HO")
    listed = (await auditor.get("/v1/audit/refusals?code=duties_separate")).json()["items"]
    assert [item["rule"] for item in listed] == ["SOD-co_investigation-review"]


async def test_what_is_missing_in_the_body_is_said(case: Case, people: People) -> None:
    task = await case.offer(TaskType.REVIEW)
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    await act(reviewer, task.task_id, "claim", 1)
    for body, code in (
        ({}, "outcome_not_allowed"),
        ({"outcome": "waive"}, "outcome_not_allowed"),
        ({"outcome": "reject"}, "field_missing"),
        ({"outcome": "return", "comment": "补充"}, "field_missing"),
    ):
        answer = await act(reviewer, task.task_id, "complete", 2, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), body
    english = await reviewer.post(
        f"/v1/tasks/{task.task_id}/complete",
        json={},
        headers={"If-Match": '"2"', "Accept-Language": "en", **key()},
    )
    assert "the outcome must be one of" in english.json()["detail"]


async def test_if_match_and_key_are_required_and_checked(case: Case, people: People) -> None:
    task = await case.offer(TaskType.REVIEW)
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    path = f"/v1/tasks/{task.task_id}/claim"
    assert (await reviewer.post(path, json={}, headers={"If-Match": '"1"'})).status_code == 400
    assert (await reviewer.post(path, json={}, headers=key())).status_code == 428
    assert (await reviewer.post(path, json={}, headers={"If-Match": '"7"', **key()})).status_code == 412
    unknown = await reviewer.post(path, json={"assignee": "me"}, headers={"If-Match": '"1"', **key()})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/assignee")
    unknown_verb = await reviewer.post(f"/v1/tasks/{task.task_id}/steal", json={}, headers={"If-Match": '"1"', **key()})
    assert unknown_verb.status_code == 422


async def test_a_task_of_another_branch_or_borrower_is_not_found(case: Case, people: People, app: FastAPI) -> None:
    task = await case.offer(TaskType.REVIEW)
    acceptance = await case.offer(TaskType.OFFER_ACCEPTANCE)
    elsewhere = await people.staff("far.away", "reviewer", branch="320100")
    owner = await people.borrower("owner@xiyun", "borrower_owner")
    stranger = await people.borrower("owner@other", "borrower_owner", uscc="91110000600037341L")
    for client, task_id in ((elsewhere, task.task_id), (owner, task.task_id), (stranger, acceptance.task_id)):
        assert (await client.get(f"/v1/tasks/{task_id}")).status_code == 404
        assert (await act(client, task_id, "claim", 1)).status_code == 404
        assert (await client.get("/v1/tasks")).json()["items"] == [] or client is owner
    assert [item["type"] for item in (await owner.get("/v1/tasks")).json()["items"]] == ["offer_acceptance"]
    async with app.state.database.session() as session:
        rows = (await session.exec(select(AccessRefusal).where(AccessRefusal.rule == "scope"))).all()
    assert {row.subject for row in rows} == {"far.away", "owner@xiyun", "owner@other"}
    assert (await people.anonymous().get("/v1/tasks")).status_code == 401
    auditor = await people.staff("shen.ji", "auditor", branch="HO")
    assert (await act(auditor, task.task_id, "claim", 1)).status_code == 403


@pytest.mark.usefixtures("in_business")
async def test_authority_comes_from_the_register(case: Case, people: People) -> None:
    needed = requirement()
    task = await case.offer(TaskType.APPROVAL, required_authority=needed)
    approver = await people.staff("zhao.lei", "approver", branch="HO")
    await act(approver, task.task_id, "claim", 1)
    refused = await act(approver, task.task_id, "complete", 2, outcome="approve")
    assert (refused.status_code, refused.json()["code"]) == (403, "authority_exceeded")
    await granted(people, "zhao.lei", limit=yuan(200_000_000).model_dump(mode="json"))
    assert (await act(approver, task.task_id, "complete", 2, outcome="approve")).status_code == 403
    await granted(people, "zhao.lei", body="credit_committee", rank=30)
    done = await act(approver, task.task_id, "complete", 2, outcome="approve")
    assert (done.status_code, done.json()["outcome"]) == (200, TaskOutcome.APPROVE)


async def granted(people: People, subject: str, **fields: Any) -> str:
    """A mandate proposed by one and put into force by another."""
    maker = await people.staff("policy.one", "policy_admin", branch="HO")
    checker = await people.staff("policy.two", "policy_admin", branch="HO")
    body = {
        "subject": subject,
        "body": "head_office_approver",
        "rank": 20,
        "limit": yuan(500_000_000).model_dump(mode="json"),
        "branch": "HO",
        "valid_from": "2020-01-01",
        "valid_to": "2099-12-31",
        "basis": "授权书 2026-01",
        **fields,
    }
    made = await maker.post("/v1/mandates", json=body, headers=key())
    assert made.status_code == 201, made.text
    mandate_id = str(made.json()["mandate_id"])
    approved = await checker.post(f"/v1/mandates/{mandate_id}/approve", headers=key())
    assert approved.status_code == 200, approved.text
    assert approved.json()["state"] == "in_force"
    return mandate_id


async def test_a_mandate_needs_three_persons_and_does_not_overlap(people: People) -> None:
    first = await granted(people, "zhao.lei")
    maker = await people.staff("policy.one", "policy_admin", branch="HO")
    checker = await people.staff("policy.two", "policy_admin", branch="HO")
    body = {
        "subject": "qian.duo",
        "body": "branch_approver",
        "rank": 10,
        "limit": {"amount": "1.00", "currency": "CNY"},
        "branch": "640100",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "basis": "授权书 2026-02",
    }
    own = await maker.post("/v1/mandates", json={**body, "subject": "policy.one"}, headers=key())
    assert (own.status_code, own.json()["code"]) == (403, "mandate_self_dealing")
    made = (await maker.post("/v1/mandates", json=body, headers=key())).json()
    itself = await maker.post(f"/v1/mandates/{made['mandate_id']}/approve", headers=key())
    assert (itself.status_code, itself.json()["code"]) == (403, "mandate_self_dealing")
    backwards = await maker.post("/v1/mandates", json={**body, "valid_to": "2025-01-01"}, headers=key())
    assert backwards.status_code == 422
    second = (
        await maker.post(
            "/v1/mandates",
            json={**body, "subject": "zhao.lei", "body": "head_office_approver", "branch": "HO"},
            headers=key(),
        )
    ).json()
    overlap = await checker.post(f"/v1/mandates/{second['mandate_id']}/approve", headers=key())
    assert (overlap.status_code, overlap.json()["code"]) == (409, "mandate_overlap")
    holder = await people.staff("zhao.lei", "approver", branch="320100")
    seen = [item["mandate_id"] for item in (await holder.get("/v1/mandates")).json()["items"]]
    assert first in seen
    assert made["mandate_id"] not in seen
    assert (await holder.get(f"/v1/mandates/{made['mandate_id']}")).status_code == 404


async def test_a_mandate_counts_on_the_business_date(
    case: Case, people: People, in_business: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the cut-off, and over a closed day, what is decided is decided on the next business day."""
    task = await case.offer(TaskType.APPROVAL, required_authority=requirement())
    approver = await people.staff("zhao.lei", "approver", branch="HO")
    await act(approver, task.task_id, "claim", 1)
    await granted(people, "zhao.lei", valid_from=str(in_business))
    evening = datetime.combine(CALENDAR.preceding(in_business - timedelta(days=1)), time(18), tzinfo=BANK_ZONE)
    monkeypatch.setattr("services.origination.routes.tasks.now", lambda: evening)
    assert (await act(approver, task.task_id, "complete", 2, outcome="approve")).status_code == 200


@pytest.mark.usefixtures("in_business")
async def test_authority_that_was_taken_away_no_longer_counts(case: Case, people: People) -> None:
    task = await case.offer(TaskType.APPROVAL, required_authority=requirement())
    approver = await people.staff("zhao.lei", "approver", branch="HO")
    await act(approver, task.task_id, "claim", 1)
    mandate_id = await granted(people, "zhao.lei")
    checker = await people.staff("policy.two", "policy_admin", branch="HO")
    path = f"/v1/mandates/{mandate_id}/end"
    ended = await checker.post(path, json={"reason": "调离"}, headers=key())
    assert (ended.status_code, ended.json()["state"], ended.json()["ended_by"]) == (200, "ended", "policy.two")
    assert (await checker.post(path, json={"reason": "x"}, headers=key())).json()["code"] == "mandate_ended"
    refused = await act(approver, task.task_id, "complete", 2, outcome="approve")
    assert refused.json()["code"] == "authority_exceeded"
    await granted(people, "zhao.lei")
    assert (await act(approver, task.task_id, "complete", 2, outcome="approve")).status_code == 200


async def test_a_report_these_books_cannot_hold_is_refused_whole(case: Case, people: People) -> None:
    task = await case.offer(TaskType.REVIEW)
    with pytest.raises(RemoteProblem) as refused:
        await case.report([task.model_copy(update={"case_id": uuid4()})], stage="nowhere")
    assert refused.value.status == 422
    assert {fault.pointer for fault in refused.value.errors} == {"/stage", "/tasks/0/case_id"}


async def test_the_newest_version_stays_whatever_comes_late(case: Case, people: People) -> None:
    task = await case.offer(TaskType.REVIEW)
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    await act(reviewer, task.task_id, "claim", 1)
    # The process's own report of the task as it was before the claim arrives after it.
    await case.report([task])
    assert (await reviewer.get(f"/v1/tasks/{task.task_id}")).json()["version"] == 2


async def test_an_unknown_task_is_not_found(case: Case, people: People) -> None:
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    assert (await act(reviewer, uuid4(), "claim", 1)).status_code == 404
    assert (await reviewer.get("/v1/tasks/not-a-uuid")).status_code == 422
    assert (await reviewer.get(f"/v1/commands/{uuid4()}")).status_code == 404


async def test_a_condition_says_its_kind_and_when_it_is_due(case: Case, people: People) -> None:
    task = await case.offer(TaskType.APPROVAL)
    approver = await people.staff("zhao.lei", "approver", branch="HO")
    await act(approver, task.task_id, "claim", 1)
    asked = [
        {"text": "追加保证"},
        {"text": "办妥增容", "kind": "subsequent", "due_days": 30},
        {"text": "报送上架率", "kind": "undertaking", "counts_from": "payment", "due_days": 3},
        {"text": "报送上架率", "knd": "undertaking"},
        "",
    ]
    refused = await act(approver, task.task_id, "complete", 2, outcome="approve_with_conditions", conditions=asked)
    assert refused.status_code == 422
    faults = {(item["pointer"], item["code"]) for item in refused.json()["errors"]}
    assert faults == {
        ("/conditions/1", "condition_due"),
        ("/conditions/2", "condition_due"),
        ("/conditions/3/knd", "unknown_field"),
        ("/conditions/4", "too_short"),
    }
    good = ["追加保证", {"text": "办妥增容", "kind": "subsequent", "counts_from": "payment", "due_days": 30}]
    done = await act(approver, task.task_id, "complete", 2, outcome="approve_with_conditions", conditions=good)
    assert [item["kind"] for item in done.json()["conditions"]] == ["precedent", "subsequent"]


async def test_what_a_verb_lacks_is_pointed_at(case: Case, people: People) -> None:
    task = await case.offer(TaskType.REVIEW)
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    await act(reviewer, task.task_id, "claim", 1)
    for verb, body, code, pointer in (
        ("complete", {"outcome": "acknowledge"}, "outcome_not_allowed", "/outcome"),
        ("complete", {"outcome": "reject"}, "field_missing", "/comment"),
        ("complete", {"outcome": "return", "comment": "x"}, "field_missing", "/return_to"),
        ("delegate", {}, "field_missing", "/target"),
        ("suspend", {}, "field_missing", "/reason"),
    ):
        problem = (await act(reviewer, task.task_id, verb, 2, **body)).json()
        assert problem["code"] == code
        assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [(pointer, code)]
        assert problem["errors"][0]["message"]


async def test_a_task_goes_to_somebody_the_bank_knows_and_says_what_was_said_to_it(case: Case, people: People) -> None:
    task = await case.offer(TaskType.REVIEW)
    reviewer = await people.staff("li.na", "reviewer", branch="HO")
    expert = await people.staff("sun.yi", "reviewer", branch="HO")
    await act(reviewer, task.task_id, "claim", 1)
    unknown = await act(reviewer, task.task_id, "delegate", 2, target="sun.yi", comment="请核对集中度")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_request")
    assert [(item["pointer"], item["code"]) for item in unknown.json()["errors"]] == [("/target", "unknown_person")]
    # Whoever has ever acted here is known, whatever came of it.
    await act(expert, task.task_id, "claim", 2)
    delegated = await act(reviewer, task.task_id, "delegate", 2, target="sun.yi", comment="请核对集中度")
    assert delegated.status_code == 200, delegated.text
    await act(expert, task.task_id, "resolve", 3, comment="符合集中度要求")
    seen = (await reviewer.get(f"/v1/tasks/{task.task_id}")).json()
    assert [(item["verb"], item["by"], item["to"], item["comment"]) for item in seen["handovers"]] == [
        ("delegate", "li.na", "sun.yi", "请核对集中度"),
        ("resolve", "sun.yi", "li.na", "符合集中度要求"),
    ]
