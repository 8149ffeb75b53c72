"""How an application ends or turns back: declined by the machine, sent back by a reviewer, withdrawn by the bank's own side."""

from typing import Any

import pytest

from suandai.walkthrough.files import CASTS, another_case
from suandai.walkthrough.person import Refused
from suandai.walkthrough.play import CasePlay, version_tag
from tests.fixtures.stack import BankStack
from tests.journeys.conftest import ORDER, NewCase


async def _stages(play: CasePlay) -> list[str]:
    timeline = await play.rm.get(f"/v1/applications/{play.case_id}/timeline", limit=1000, detail="all")
    return [entry["stage"] for entry in timeline if entry["stage"]]


async def test_screening_declines_what_the_product_does_not_take(new_case: NewCase) -> None:
    borrower = another_case(ORDER).json("application.json")["borrower"]
    play = await new_case(borrower=borrower | {"chain_segment": {"value": "real_estate"}})
    assert await play.carry_to("declined") == "declined"
    assessment = await play.rm.get(f"/v1/applications/{play.case_id}/assessment")
    screening = next(item for item in assessment["items"] if item["finding"]["kind"] == "screening")
    assert screening["finding"]["outcome"] == "fail"
    assert "SEGMENT_NOT_ELIGIBLE" in {reason["code"] for reason in screening["reasons"]}
    assert all(reason["message_zh"] and reason["message_en"] for reason in screening["reasons"])
    assert assessment["decision"]["decision"] == "declined"
    assert (await _stages(play))[-1] == "declined"
    assert await play.open_tasks() == []


async def test_a_returned_case_goes_through_everything_again_and_becomes_effective(
    bank_stack: BankStack, new_case: NewCase
) -> None:
    play = await new_case()
    await play.carry_to("review")
    before = {item["finding"]["kind"]: item["finding"]["id"] for item in await _items(play)}
    review = await play.task("review")
    await play.do(review, outcome="return", return_to="due_diligence", comment="订单成本依据不足，请补充调查")
    await play.task("rework", state="reserved")
    await play.resubmit("订单成本依据见卷宗第三册，内容无须修改")

    assert await play.carry_to("effective") == "effective"
    stages = await _stages(play)
    assert stages.count("due_diligence") == stages.count("assessment") == stages.count("review") == 2
    assert stages.index("approval") > max(place for place, stage in enumerate(stages) if stage == "due_diligence")
    after = {item["finding"]["kind"]: item["finding"]["id"] for item in await _items(play)}
    renewed = {"cross_checks", "rating", "limit", "quote", "schedule", "regulation"}
    assert renewed <= {kind for kind, finding in after.items() if before.get(kind) != finding}
    assert {kind: after[kind] for kind in ("intake", "screening")} == {
        kind: before[kind] for kind in ("intake", "screening")
    }
    verdict = await bank_stack.bank.person("auditor.ho").get(f"/v1/audit/cases/{play.case_id}/verify")
    assert verdict["intact"] is True


async def test_a_returned_case_is_amended_and_what_is_decided_and_offered_is_the_new_content(
    bank_stack: BankStack, new_case: NewCase
) -> None:
    play = await new_case()
    await play.carry_to("review")
    first = play.application
    review = await play.task("review")
    await play.do(review, outcome="return", return_to="assessment", comment="期限与订单回款不匹配，请调整")

    rework = await play.task("rework", state="reserved")
    assert (rework["assignee"], rework["returned"]["reason"]) == (play.rm.name, "期限与订单回款不匹配，请调整")
    assert (rework["returned"]["by"], rework["returned"]["from_stage"]) == (play.cast.of("review"), "review")
    line = first["content"]["lines"][0]
    shorter = line["tenor_months"] - 1
    await play.reread()
    await play.rm.answer(
        "PATCH",
        f"/v1/applications/{play.case_id}",
        {"lines": [line | {"tenor_months": shorter}]},
        If_Match=version_tag(play.application),
    )
    receipt = await play.resubmit("期限缩短一个月")
    assert (receipt["content_version"], receipt["policy_sha256"]) == (2, first["policy_sha256"])

    confirmation = await play.task("rating_confirmation")
    assert confirmation["returned"]["answer"] == "期限缩短一个月"
    assert await play.carry_to("offer") == "offer"
    offer = await bank_stack.bank.person(play.cast.owner).get(f"/v1/applications/{play.case_id}/offer")
    assert offer["terms"]["tenor_months"] == shorter
    versions = await play.rm.get(f"/v1/applications/{play.case_id}/versions")
    assert [item["changed"] for item in versions] == [[], ["/lines/0/tenor_months"]]
    timeline = await play.rm.get(f"/v1/applications/{play.case_id}/timeline", limit=1000)
    assert any(entry["reason"] == "期限与订单回款不匹配，请调整" for entry in timeline)
    verdict = await bank_stack.bank.person("auditor.ho").get(f"/v1/audit/cases/{play.case_id}/verify")
    assert verdict["intact"] is True


async def test_a_withdrawn_case_asks_nobody_for_anything_more(bank_stack: BankStack, new_case: NewCase) -> None:
    play = await new_case()
    task = await play.task("co_investigation")
    withdrawal = f"/v1/applications/{play.case_id}/withdraw"
    answer = await play.rm.post(withdrawal, {"reason": "借款人另有融资安排"})
    assert answer["stage"] == "withdrawn"
    assert await play.carry_to("withdrawn") == "withdrawn"
    assert await play.open_tasks() == []
    assert (await play.rm.get(f"/v1/tasks/{task['task_id']}"))["state"] == "exited"

    investigator = bank_stack.bank.person(play.cast.of("co_investigation"))
    with pytest.raises(Refused) as late:
        await investigator.answer("POST", f"/v1/tasks/{task['task_id']}/claim", {}, If_Match=version_tag(task))
    assert late.value.status in (404, 409, 412)
    with pytest.raises(Refused) as again:
        await play.rm.post(withdrawal, {"reason": "再次撤回"})
    assert again.value.status == 409


async def test_a_draft_that_lacks_much_is_told_everything_at_once(bank_stack: BankStack) -> None:
    play = CasePlay(bank_stack.bank, another_case(ORDER), CASTS[ORDER])
    customer = await play.enter_customer()
    play.application = await play.rm.post(
        "/v1/applications", {"lender_id": "jsb", "customer_id": customer["customer_id"]}
    )
    with pytest.raises(Refused) as refused:
        await play.submit()
    assert (refused.value.status, refused.value.code) == (422, "application_incomplete")
    assert len(refused.value.problem["errors"]) >= 5
    assert all(fault["pointer"] and fault["message"] for fault in refused.value.problem["errors"])


async def _items(play: CasePlay) -> list[dict[str, Any]]:
    return list((await play.rm.get(f"/v1/applications/{play.case_id}/assessment"))["items"])
