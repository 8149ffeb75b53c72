"""Who may do what in a case, over HTTP: duties that must be apart, mandates that do not reach, and one winner among many."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.roles import Role
from suandai.walkthrough.books import CHECKER, MAKER, today
from suandai.walkthrough.files import CASTS, Cast, another_case
from suandai.walkthrough.person import Person, Refused
from suandai.walkthrough.play import CasePlay, version_tag
from tests.fixtures.stack import BankStack
from tests.journeys.conftest import ORDER, NewCase

MANY = 20


async def _tried(person: Person, task: dict[str, Any], verb: str, **body: Any) -> httpx.Response | Refused:
    try:
        return await person.answer("POST", f"/v1/tasks/{task['task_id']}/{verb}", body, If_Match=version_tag(task))
    except Refused as refused:
        return refused


def _rules(refused: httpx.Response | Refused) -> set[str]:
    assert isinstance(refused, Refused), refused
    return {fault["code"] for fault in refused.problem["errors"]}


async def _registered(bank_stack: BankStack, subject: str) -> list[dict[str, Any]]:
    """What the register of refusals holds of a person, newest first."""
    auditor = bank_stack.bank.person("auditor.ho")
    return await auditor.page("/v1/audit/refusals", subject=subject)


async def test_who_submits_and_leads_does_neither_second_nor_review(bank_stack: BankStack) -> None:
    everything = await bank_stack.hire(
        "rm.alone",
        Role.RELATIONSHIP_MANAGER,
        Role.CO_INVESTIGATOR,
        Role.RATING_CONFIRMER,
        Role.REVIEWER,
        Role.APPROVER,
        branch="NJ",
    )

    class Alone(Cast):
        @property
        def relationship_manager(self) -> str:
            return everything.name

        def of(self, task_type: str) -> str:
            return everything.name if task_type == "lead_investigation" else super().of(task_type)

    usual = CASTS[ORDER]
    play = CasePlay(bank_stack.bank, another_case(ORDER), Alone(usual.town, usual.borrower))
    await play.draft(await play.enter_customer())
    await play.submit()

    second = await _tried(everything, await play.task("co_investigation"), "claim")
    assert isinstance(second, Refused)
    assert (second.status, second.code) == (403, "duties_separate")
    assert _rules(second) & {"SOD_TWO_INVESTIGATORS", "SOD_APPLICANT_CO_INVESTIGATOR"}
    assert "职责分离" in second.problem["detail"]

    await play.carry_to("assessment")
    assert _rules(await _tried(everything, await play.task("rating_confirmation"), "claim")) == {
        "SOD_INVESTIGATION_RATING"
    }
    await play.carry_to("review")
    assert _rules(await _tried(everything, await play.task("review"), "claim")) == {"SOD_INVESTIGATION_REVIEW"}
    await play.carry_to("approval")
    assert _rules(await _tried(everything, await play.task("approval"), "claim")) == {"SOD_INVESTIGATION_APPROVAL"}

    registered = await _registered(bank_stack, everything.name)
    assert {entry["rule"] for entry in registered} >= {
        "SOD_INVESTIGATION_RATING",
        "SOD_INVESTIGATION_REVIEW",
        "SOD_INVESTIGATION_APPROVAL",
    }
    await play.rm.post(f"/v1/applications/{play.case_id}/withdraw", {"reason": "仅为核验职责分离"})


async def test_nobody_approves_beyond_their_mandate(bank_stack: BankStack, new_case: NewCase) -> None:
    play = await new_case()
    await play.carry_to("approval")
    task = await play.task("approval")
    while task["required_authority"]["amount"]["amount"] == "0.00":
        await play.do(task)  # a body that is heard before the one that decides
        task = await play.task("approval")
    without = await bank_stack.hire("approver.new", Role.APPROVER, branch="NJ")
    small = await bank_stack.hire("approver.small", Role.APPROVER, branch="NJ")
    maker, checker = bank_stack.bank.person(MAKER), bank_stack.bank.person(CHECKER)
    required = task["required_authority"]
    entry = await maker.post(
        "/v1/mandates",
        {
            "subject": small.name,
            "body": required["body"],
            "rank": required["rank"],
            "limit": {"amount": "1000000.00", "currency": "CNY"},
            "branch": "NJ",
            "valid_from": today().isoformat(),
            "valid_to": (today() + timedelta(days=30)).isoformat(),
            "basis": "授权书-approver.small",
        },
    )
    with pytest.raises(Refused) as self_approved:
        await maker.post(f"/v1/mandates/{entry['mandate_id']}/approve")
    assert self_approved.value.code == "mandate_self_dealing"
    await checker.post(f"/v1/mandates/{entry['mandate_id']}/approve")

    for person in (without, small):
        claimed = await play.act(person, task, "claim")
        refused = await _tried(person, claimed, "complete", outcome="approve", comment="同意")
        assert isinstance(refused, Refused)
        assert (refused.status, refused.code) == (403, "authority_exceeded")
        assert _rules(refused) == {required["rule"]}
        assert required["rule"] in {item["rule"] for item in await _registered(bank_stack, person.name)}
        task = await play.act(person, claimed, "release")
    finished = await play.do(task)
    assert (finished["state"], finished["outcome"]) == ("completed", "approve")
    await play.carry_to("offer")
    decision = (await play.rm.get(f"/v1/applications/{play.case_id}/assessment"))["decision"]
    assert not {without.name, small.name} & set(decision["decided_by"])


async def test_of_twenty_people_who_claim_at_once_one_has_the_task(bank_stack: BankStack, new_case: NewCase) -> None:
    play = await new_case()
    people = [
        await bank_stack.hire(f"investigator{number}.nanjing", Role.CO_INVESTIGATOR, branch="NJ")
        for number in range(MANY)
    ]
    await asyncio.gather(*(person.get("/v1/tasks", limit=1) for person in people))  # everybody is signed in
    task = await play.task("co_investigation")
    answers = await asyncio.gather(*(_tried(person, task, "claim") for person in people))

    statuses = Counter(answer.status if isinstance(answer, Refused) else answer.status_code for answer in answers)
    assert statuses[200] == 1, statuses
    assert statuses[409] + statuses[412] == MANY - 1, statuses
    [winner] = [answer for answer in answers if isinstance(answer, httpx.Response)]
    held = await play.rm.get(f"/v1/tasks/{task['task_id']}")
    assert held["assignee"] == winner.json()["assignee"]
    assert held["version"] == task["version"] + 1
    timeline = await play.rm.get(f"/v1/applications/{play.case_id}/timeline", limit=1000, detail="all")
    assert [entry["actor"] for entry in timeline if entry["kind"] == "task.claim"] == [held["assignee"]]


async def test_one_key_sent_by_many_at_once_acts_once_and_is_answered_alike(
    bank_stack: BankStack, new_case: NewCase
) -> None:
    play = await new_case()
    investigator = bank_stack.bank.person(play.cast.of("co_investigation"))
    task = await play.task("co_investigation")
    key = str(uuid4())

    async def until_answered() -> httpx.Response:
        async with asyncio.timeout(30):
            while True:
                try:
                    return await investigator.answer(
                        "POST", f"/v1/tasks/{task['task_id']}/claim", {}, key=key, If_Match=version_tag(task)
                    )
                except Refused as refused:
                    if refused.code != "request_in_progress":
                        raise
                    await asyncio.sleep(0.05)

    answers = await asyncio.gather(*(until_answered() for _ in range(MANY)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum(answer.headers.get("Idempotency-Replayed") == "true" for answer in answers) == MANY - 1
    timeline = await play.rm.get(f"/v1/applications/{play.case_id}/timeline", limit=1000, detail="all")
    assert [entry["kind"] for entry in timeline].count("task.claim") == 1

    with pytest.raises(Refused) as other_body:
        await investigator.answer(
            "POST", f"/v1/tasks/{task['task_id']}/claim", {"reason": "另一请求"}, key=key, If_Match=version_tag(task)
        )
    assert (other_body.value.status, other_body.value.code) == (422, "idempotency_key_reused")
