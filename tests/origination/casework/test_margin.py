"""The margin of a facility in the books: agreed by an approver, reset by the real pricing service, shown with every step."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from domain.canonical import sha256_of
from domain.facility import ApprovalCondition
from domain.finding import Outcome
from domain.margin_ratchet import reset_days
from domain.pricing import ScheduleRequest
from domain.process import DecisionRecord, MarginStep
from services.kit.database import now
from services.origination.store.events import verify
from services.pricing.calc.schedule import repayment_plan
from tests.origination.casework.conftest import Running
from tests.origination.house import read
from tests.origination.sample import TODAY
from tests.pricing.conftest import book
from tests.pricing.ratchets import cover, esg
from tests.pricing.requests import common
from tests.pricing.vintages import CALENDAR, dated
from workflows.activities.margin import Margin

CLAUSES = {"first_reset_months": 3, "every_months": 3, "above_original_bps": 25, "clauses": [esg(), cover()]}


async def agreed(running: Running, *conditions: dict[str, Any]) -> dict[str, Any]:
    """A facility under an agreement with these conditions; the page of it."""
    for name in ("intake", "screening", "cross_checks"):
        await running.worker.check(name, running.step(name))
    await running.assessed()
    await running.worker.decide(
        DecisionRecord(
            case_id=running.case_id,
            workflow_id=running.workflow_id,
            step="decision",
            decision="approved_with_conditions",
            decided_by=("approver.ho",),
            authority_rule="SMALL",
            conditions=tuple(ApprovalCondition.model_validate(item) for item in conditions),
            at=now(),
            valid_until=TODAY + timedelta(days=180),
        )
    )
    await running.worker.offer(running.step("offer"))
    await running.worker.contract(running.step("contract"))
    ref = await running.worker.open_facility(running.step("facility"))
    return dict(await read(await running.draft.manager.get(f"/v1/facilities/{ref.facility_id}"), 200))


async def test_clauses_become_part_of_the_agreement_and_its_process_is_told(running: Running) -> None:
    page = await agreed(running, {"text": "利率调整条款", "kind": "undertaking", "ratchet": CLAUSES})
    assert page["conditions"][-1]["ratchet"]["clauses"][0]["agency"] == "江苏银行"
    agreement = await read(await running.draft.manager.get(f"{running.draft.address}/assessment"), 200)
    words = agreement["contract"]["clauses"][-1]
    assert words["text_zh"].startswith("利率调整条款：自生效满 3 个月后的首个计息期起，每 3 个月按已复核的报告重定加点")
    assert "较原加点至多上调 25 个基点" in words["text_zh"]
    assert "江苏银行 ESG 评级较 BBB 每变动一级 政策所定基点（只降不升）" in words["text_zh"]
    assert "finance.debt_service_cover (< 1.10: +50 bp" in words["text_en"]

    margin = page["margin"]
    price = agreement["price"]
    assert (margin["margin_bps"], margin["all_in_rate"]) == (price["margin_bps"], price["all_in_rate"])
    assert (margin["history"], margin["reports"], margin["rate_steps"]) == ([], [], [])
    opening = await running.worker.opening(running.case_id, TODAY)
    assert opening.margin is not None
    assert opening.margin.terms.margin_bps == price["margin_bps"]
    assert margin["next_reset"] == opening.margin.terms.first_reset.isoformat()
    assert opening.margin.terms.first_reset.day == 21


async def test_resets_move_the_margin_both_ways_and_the_next_interest_periods_bear_it(running: Running) -> None:
    page = await agreed(running, {"text": "利率调整条款", "kind": "undertaking", "ratchet": CLAUSES})
    opening = await running.worker.opening(running.case_id, TODAY)
    assert opening.margin is not None
    first, second = list(reset_days(opening.margin.terms))[:2]
    original = opening.margin.terms.margin_bps
    margin = Margin(running.worker, running.activities._pricing)
    workflow_id = f"facility-{page['facility_id']}"

    def grade(to: str, on: date) -> dict[str, Any]:
        day = on.isoformat()
        return {"kind": "grade", "agency": "江苏银行", "grade": to, "on": day, "received_on": day, "evidence": "e" * 64}

    def covered(by: str, on: date) -> dict[str, Any]:
        said = {"kind": "figure", "fact": "finance.debt_service_cover", "figure": by, "evidence": "f" * 64}
        return said | {"on": on.isoformat(), "received_on": on.isoformat()}

    async def reset(day: date, reports: list[dict[str, Any]]) -> Outcome:
        step = MarginStep.model_validate(
            {
                "case_id": running.case_id,
                "workflow_id": workflow_id,
                "step": f"margin-reset-{day}",
                "as_of": day,
                "facility_id": page["facility_id"],
                "agreement": opening.margin,
                "reports": reports,
            }
        )
        finding = await margin.reset_margin(step)
        assert await margin.reset_margin(step) == finding, "repeated, it concludes nothing more"
        return finding.outcome

    told = [grade("A", first - timedelta(days=9)), covered("1.60000000", first - timedelta(days=9))]
    assert await reset(first, told) is Outcome.PASS
    told.append(covered("1.15000000", second - timedelta(days=9)))
    assert await reset(second, told) is Outcome.PASS

    shown = (await read(await running.draft.manager.get(f"/v1/facilities/{page['facility_id']}"), 200))["margin"]
    assert [(item["on"], item["margin_bps"]) for item in shown["history"]] == [
        (first.isoformat(), original - 15),
        (second.isoformat(), original + 15),
    ]
    assert (shown["margin_bps"], shown["in_force_since"]) == (original + 15, second.isoformat())
    assert (shown["lowest_margin_bps"], shown["highest_margin_bps"]) == (original - 30, original + 25)
    base = Decimal(page["margin"]["all_in_rate"]) - Decimal(original).scaleb(-4)
    assert [(step["on"], Decimal(step["annual_rate"]) - base) for step in shown["rate_steps"]] == [
        (first.isoformat(), Decimal(original - 15).scaleb(-4)),
        (second.isoformat(), Decimal(original + 15).scaleb(-4)),
    ]
    plan = repayment_plan(
        ScheduleRequest(
            **common(book())
            | {"principal": {"amount": "10000000.00", "currency": "CNY"}, "annual_rate": page["margin"]["all_in_rate"]}
            | {"drawn_on": TODAY, "tenor_months": 24, "method": "bullet", "frequency": "monthly", "as_of": TODAY}
            | {"rate_steps": shown["rate_steps"]}
        ),
        book(),
        dated("calendar.cn", CALENDAR),
    ).value
    assert plan is not None
    rates = {row.period_start: row.interest.amount * 360 / row.days / 10_000_000 for row in plan.instalments[1:]}
    assert min(rates) < first, "the periods before keep the original rate"
    assert abs(rates[first] - Decimal(shown["rate_steps"][0]["annual_rate"])) < Decimal("0.00000002"), (
        "its own period on"
    )

    timeline = await read(await running.draft.manager.get(f"{running.draft.address}/timeline"), 200)
    assert [entry["text_zh"] for entry in timeline if entry["kind"] == "finding.margin_reset"] == [
        f"系统 得出利率重定价结论：通过（{Decimal(step['annual_rate']) * 100:.4f} % · {original:+d} → {bps:+d} bp）"
        for step, bps in zip(shown["rate_steps"], (original - 15, original + 15), strict=True)
    ]
    async with running.house.database.session() as session:
        assert (await verify(session, running.case_id)).intact


async def test_an_agreement_without_clauses_has_no_margin_to_move(running: Running) -> None:
    page = await agreed(running, {"text": "按季报送算力上架率", "kind": "undertaking"})
    assert page["margin"] is None
    assert "ratchet" not in page["conditions"][-1], "what was filed before such clauses keeps its form"
    assert (await running.worker.opening(running.case_id, TODAY)).margin is None
    seen = await read(await running.draft.manager.get(f"{running.draft.address}/agreement"), 200)
    assert seen["data_sha256"] == sha256_of(seen["data"])
