"""What a case holds of the limits on its way from approval to its end, over the routes that people and processes use."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.process import DecisionRecord, ProgressReport
from services.kit.database import now
from services.kit.http import RemoteProblem
from services.origination.store.events import verify
from tests.origination.casework.conftest import Running
from tests.origination.house import key, read
from tests.origination.sample import BORROWER, TODAY

LENDER = {"lender_id": "nxb", "as_of": TODAY.isoformat()}


async def grouped(running: Running, ceiling: str) -> tuple[str, str, str]:
    """The case's customer in a group with a ceiling: ids of customer, group and line."""
    manager = running.draft.manager
    group = await read(
        await manager.post("/v1/groups", json={"name": "西云示例集团", "basis": "control"}, headers=key()), 201
    )
    [known] = (await read(await manager.get("/v1/customers", params={"uscc": BORROWER}), 200))["items"]
    customer_id = known["customer_id"]
    customer = await manager.get(f"/v1/customers/{customer_id}")
    body = {name: customer.json()[name] for name in ("uscc", "name", "file")} | {"group_id": group["group_id"]}
    await read(
        await manager.put(f"/v1/customers/{customer_id}", json=body, headers={"If-Match": customer.headers["ETag"]}),
        200,
    )
    line = {
        "lender_id": "nxb",
        "reference": f"G-{uuid4().hex[:8]}",
        "group_id": group["group_id"],
        "kind": "umbrella",
        "amount": {"amount": ceiling},
        "undrawn_factor": "0",
        "effective_from": "2020-01-01",
        "effective_to": "2040-12-31",
    }
    entered = await read(await manager.post("/v1/credit-lines", json=line, headers=key()), 201)
    return customer_id, group["group_id"], entered["line_id"]


async def assessed(running: Running) -> None:
    for name in ("intake", "screening", "cross_checks"):
        await running.worker.check(name, running.step(name))
    await running.assessed()


async def decide(running: Running, name: str = "decision", verdict: str = "approved") -> Any:
    return await running.worker.decide(
        DecisionRecord(
            case_id=running.case_id,
            workflow_id=running.workflow_id,
            step=name,
            decision=verdict,
            decided_by=("approver.ho",),
            authority_rule="AUTH",
            at=now(),
            valid_until=TODAY + timedelta(days=180),
        )
    )


async def line_of(running: Running, line_id: str) -> tuple[str, str]:
    found = await read(await running.draft.manager.get(f"/v1/credit-lines/{line_id}"), 200)
    return found["reserved"]["amount"], found["committed"]["amount"]


async def test_approval_holds_the_offer_until_the_case_ends(running: Running) -> None:
    customer_id, group_id, line_id = await grouped(running, "500000000.00")
    await assessed(running)
    manager = running.draft.manager
    before = await read(await manager.get(f"/v1/customers/{customer_id}/exposure", params=LENDER), 200)
    # A7: what has been signed or applied for is no exposure until it is approved.
    assert [before[name]["amount"] for name in ("loans", "exposure", "unified_customer")] == ["0.00"] * 3
    assert (await decide(running)).short == ()
    [held] = (await read(await manager.get("/v1/limit-reservations", params={"case_id": str(running.case_id)}), 200))[
        "items"
    ]
    amount = held["reserved"]["amount"]
    assert await line_of(running, line_id) == (amount, "0.00")
    after = await read(await manager.get(f"/v1/customers/{customer_id}/exposure", params=LENDER), 200)
    # Undrawn and promised: no loan yet, 40 % as a commitment, whole in unified credit.
    assert after["loans"]["amount"] == "0.00"
    assert Decimal(after["exposure"]["amount"]) == Decimal(amount) * Decimal("0.40")
    assert after["unified_customer"]["amount"] == after["unified_group"]["amount"] == amount
    # 37.02m × 40 % of tier 1 of 12.9bn is 0.114790… %, rounded up; there is no loan of the 15.8bn net capital yet.
    assert after["capital"] == {
        "net_capital": {"amount": "15800000000.00", "currency": "CNY"},
        "tier1_capital": {"amount": "12900000000.00", "currency": "CNY"},
        "loans_to_net_capital": "0.00000000",
        "exposure_to_tier1": "0.00114791",
        "group_exposure_to_tier1": "0.00114791",
        "vintage": "2024-12-31",
    }
    group = await read(await manager.get(f"/v1/groups/{group_id}/exposure", params=LENDER), 200)
    assert group["unified"]["amount"] == amount
    tree = (await read(await manager.get(f"/v1/groups/{group_id}/limits", params=LENDER), 200))["root"]
    assert (tree["reserved"]["amount"], tree["ceiling"]["amount"]) == (amount, "500000000.00")
    [line, member] = tree["children"]
    assert (line["kind"], member["kind"], member["children"][0]["kind"]) == ("line", "customer", "case")
    assert member["children"][0]["path"][0] == "西云示例集团"
    offer = await running.worker.offer(running.step("offer"))
    assert str(offer.amount.amount) == amount
    await running.worker.progress(
        ProgressReport(
            case_id=running.case_id,
            workflow_id=f"application-{running.case_id}",
            step="end",
            stage="expired",
            at=now(),
        )
    )
    assert await line_of(running, line_id) == ("0.00", "0.00")
    [held] = (await read(await manager.get("/v1/limit-reservations", params={"line_id": line_id}), 200))["items"]
    assert held["state"] == "released"
    assert [(item["kind"], item["reserved"]["amount"]) for item in held["movements"]] == [
        ("reserve", amount),
        ("release", f"-{amount}"),
    ]
    async with running.house.database.session() as session:
        assert (await verify(session, running.case_id)).intact


async def test_an_approval_the_group_has_no_room_for_says_so_and_offers_nothing(running: Running) -> None:
    _, _, line_id = await grouped(running, "1000000.00")
    await assessed(running)
    [reason] = (await decide(running)).short
    assert reason.code == "LIMIT_SHORT"
    assert "1,000,000.00" in reason.message_en
    assert await line_of(running, line_id) == ("0.00", "0.00")
    with pytest.raises(RemoteProblem) as refused:
        await running.worker.offer(running.step("offer"))
    assert refused.value.code == "limit_short"
    # Once the line is raised, the same step of the process goes on.
    manager = running.draft.manager
    line = await manager.get(f"/v1/credit-lines/{line_id}")
    raised = {
        name: line.json()[name]
        for name in ("lender_id", "reference", "group_id", "kind", "undrawn_factor", "effective_from", "effective_to")
    } | {"amount": {"amount": "900000000.00"}}
    answer = await manager.put(f"/v1/credit-lines/{line_id}", json=raised, headers={"If-Match": line.headers["ETag"]})
    await read(answer, 200)
    assert (await decide(running, "decision-2")).short == ()
    assert (await running.worker.offer(running.step("offer-2"))).amount.amount > 0
    held = (await line_of(running, line_id))[0]
    # A ceiling is not lowered below what stands under it.
    line = await manager.get(f"/v1/credit-lines/{line_id}")
    lowered = raised | {"amount": {"amount": "1000000.00"}}
    problem = await read(
        await manager.put(f"/v1/credit-lines/{line_id}", json=lowered, headers={"If-Match": line.headers["ETag"]}), 422
    )
    assert problem["errors"][0]["code"] == "below_taken"
    assert (await line_of(running, line_id))[0] == held


async def test_a_decision_that_is_undone_gives_its_room_back(running: Running) -> None:
    _, _, line_id = await grouped(running, "500000000.00")
    await assessed(running)
    await decide(running)
    report = ProgressReport(
        case_id=running.case_id,
        workflow_id=f"application-{running.case_id}",
        step="returned",
        stage="review",
        at=now(),
        invalidated=("review", "approval"),
    )
    await running.worker.progress(report)
    assert await line_of(running, line_id) == ("0.00", "0.00")
    await decide(running, "decision-2")
    held = (await line_of(running, line_id))[0]
    assert held != "0.00"
    await decide(running, "decision-3", "declined")
    assert await line_of(running, line_id) == ("0.00", "0.00")


async def test_the_agreement_commits_and_the_end_of_the_facility_frees(running: Running) -> None:
    _, group_id, line_id = await grouped(running, "500000000.00")
    await assessed(running)
    await decide(running)
    await running.worker.offer(running.step("offer"))
    await running.worker.contract(running.step("contract"))
    facility = await running.worker.open_facility(running.step("facility"))
    assert facility == await running.worker.open_facility(running.step("facility")), "asked again, the same"
    assert await line_of(running, line_id) == ("0.00", str(facility.limit.amount))
    manager = running.draft.manager
    tree = (await read(await manager.get(f"/v1/groups/{group_id}/limits", params=LENDER), 200))["root"]
    [node] = tree["children"][1]["children"]
    assert (node["kind"], node["label"], node["available"]["amount"]) == (
        "facility",
        facility.number,
        str(facility.limit.amount),
    )
    over = ProgressReport(
        case_id=running.case_id,
        workflow_id=f"facility-{facility.facility_id}",
        step="end",
        stage="cancelled",
        at=now(),
        facility_id=facility.facility_id,
    )
    await running.worker.progress(over)
    assert await line_of(running, line_id) == ("0.00", "0.00")
    unified = await read(await manager.get(f"/v1/groups/{group_id}/exposure", params=LENDER), 200)
    assert unified["unified"]["amount"] == "0.00"


async def test_reservations_are_shown_to_the_branch_that_keeps_the_case(running: Running) -> None:
    await assessed(running)
    await decide(running)
    other = await running.house.staff("li.na", "auditor", branch="310100")
    assert (await read(await other.get("/v1/limit-reservations"), 200))["items"] == []
    head_office = await running.house.staff("wang.fang", "auditor", branch="HO")
    [held] = (await read(await head_office.get("/v1/limit-reservations", params={"standing": "true"}), 200))["items"]
    assert UUID(held["case_id"]) == running.case_id
