"""A margin that may move, over HTTP: agreed by an approver, refused where nobody could read it, fed with facts that are checked."""

from datetime import date, timedelta
from typing import Any

import pytest

from suandai.walkthrough.person import Refused
from tests.fixtures.stack import BankStack
from tests.journeys.conftest import NewCase
from tests.pricing.ratchets import cover, esg

CLAUSES: dict[str, Any] = {"first_reset_months": 3, "every_months": 3, "clauses": [esg(), cover()]}


def _places(refused: pytest.ExceptionInfo[Refused]) -> dict[str, str]:
    return {fault["pointer"]: fault["code"] for fault in refused.value.problem["errors"]}


def _condition(**changes: Any) -> dict[str, Any]:
    return {"text": "利率调整条款", "kind": "undertaking", "ratchet": CLAUSES | changes}


async def test_a_margin_is_agreed_reported_on_and_shown(bank_stack: BankStack, new_case: NewCase) -> None:
    play = await new_case()
    await play.carry_to("approval")
    approver = bank_stack.bank.person("approver.ho")
    task = await play.task("approval")
    while task["required_authority"]["body"] != "head_office_approver":
        await play.do(task)  # a body that is heard before the one that decides
        task = await play.task("approval")
    task = await play.act(approver, task, "claim")

    async def approve(*conditions: Any) -> dict[str, Any]:
        body = {"outcome": "approve_with_conditions", "comment": "同意", "conditions": list(conditions)}
        return await play.act(approver, task, "complete", body)

    gap = cover(bands=[{"id": "LOW", "when": "< 1.10", "adjustment_bps": 25}])
    with pytest.raises(Refused) as unreadable:
        await approve({"text": "结算归集"}, _condition(clauses=[esg(), gap]))
    assert (unreadable.value.status, _places(unreadable)) == (
        422,
        {"/conditions/1/ratchet/clauses/1/bands": "bands_not_whole"},
    )
    with pytest.raises(Refused) as too_late:
        await approve(_condition(first_reset_months=60))
    assert _places(too_late) == {"/conditions/0/ratchet/first_reset_months": "no_reset"}
    with pytest.raises(Refused) as twice:
        await approve(_condition(), _condition())
    assert _places(twice) == {"/conditions/1/ratchet": "clauses_repeated"}
    with pytest.raises(Refused) as precedent:
        await approve(_condition() | {"kind": "precedent"})
    assert _places(precedent) == {"/conditions/0": "ratchet_undertaking"}
    await approve(_condition())

    await play.carry_to("effective")
    facility = await play.find_facility()
    address = f"/v1/facilities/{facility['facility_id']}"
    margin = (await play.rm.get(address))["margin"]
    assert margin["margin_bps"] == margin["original_margin_bps"]
    assert (date.fromisoformat(margin["next_reset"]).day, margin["history"]) == (21, [])

    today = (await play.rm.get("/v1/business-day"))["business_date"]
    documents = await play.rm.get(f"/v1/applications/{play.case_id}/documents")
    evidence = documents[0]["sha256"]
    said = {"kind": "grade", "agency": "江苏银行", "grade": "A", "on": today, "evidence": evidence}
    tomorrow = (date.fromisoformat(today) + timedelta(days=1)).isoformat()
    reports = f"{address}/margin-reports"
    for wrong, places in (
        ({"evidence": "a" * 64, "on": tomorrow}, {"/evidence": "document_unknown", "/on": "in_the_future"}),
        ({"agency": "某评级公司"}, {"/agency": "no_clause"}),
        ({"grade": "A1"}, {"/grade": "grade_unknown"}),
    ):
        with pytest.raises(Refused) as refused:
            await play.rm.post(reports, said | wrong)
        assert (refused.value.status, _places(refused)) == (422, places)

    check = await play.rm.post(reports, said, key=(key := f"{play.case_id}-grade"))
    again = await play.rm.post(reports, said, key=key)
    assert again["task_id"] == check["task_id"], "the same key reports once"
    assert (check["type"], check["margin_report"]["reported_by"]) == ("margin_report_check", play.rm.name)
    [shown] = (await play.rm.get(address))["margin"]["reports"]
    assert (shown["state"], shown["task_id"], shown["statement"]["grade"]) == ("reported", check["task_id"], "A")

    monitor = bank_stack.bank.person(play.cast.of("margin_report_check"))
    figure = {"kind": "figure", "fact": "finance.debt_service_cover", "figure": "1.6000", "on": today}
    own = await monitor.post(reports, figure | {"evidence": evidence})
    with pytest.raises(Refused) as same:
        await play.act(monitor, own, "claim")
    assert {fault["code"] for fault in same.value.problem["errors"]} == {"MARGIN_REPORT_SAME_PERSON"}
    await play.do(check)
    [confirmed, open_one] = (await play.rm.get(address))["margin"]["reports"]
    assert (confirmed["state"], confirmed["decided_by"]) == ("confirmed", monitor.name)
    assert open_one["state"] == "reported"

    told = [entry["text_zh"] for entry in await play.rm.get(f"/v1/applications/{play.case_id}/timeline")]
    assert f"{play.rm.name} 报告调价依据 江苏银行：A（{today}）" in told
    assert any("办结“调价依据复核：江苏银行" in line for line in told)


async def test_a_facility_with_a_fixed_margin_takes_no_report(bank_stack: BankStack, secured: Any) -> None:
    play = await secured("jsb-order")
    address = f"/v1/facilities/{play.facility['facility_id']}"
    assert (await play.rm.get(address))["margin"] is None
    said = {"kind": "grade", "agency": "江苏银行", "grade": "A", "on": "2026-01-05", "evidence": "a" * 64}
    with pytest.raises(Refused) as refused:
        await play.rm.post(f"{address}/margin-reports", said)
    assert (refused.value.status, refused.value.code) == (409, "no_margin_clause")
    stranger = bank_stack.bank.person("rm.yinchuan")
    with pytest.raises(Refused) as foreign:
        await stranger.post(f"{address}/margin-reports", said)
    assert foreign.value.status == 404
