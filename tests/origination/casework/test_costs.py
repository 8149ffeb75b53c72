"""What follows from amount and price: cost of borrowing, buying or renting, the offer, and the price over other assumptions."""

from decimal import Decimal
from uuid import UUID
from xml.etree import ElementTree

from sqlmodel import select

from domain.application import ApplicationContent
from domain.process import RepaymentPlan
from services.origination.store import casework
from services.origination.tables.cases import CaseFinding
from services.origination.tables.events import CaseEvent
from tests.origination.casework.conftest import Running
from tests.origination.house import House, read
from tests.origination.sample import prepared


async def _assessed(running: Running) -> None:
    """Checked first: the card asks for what the checks found."""
    for name in ("intake", "screening", "cross_checks"):
        await running.worker.check(name, running.step(name))
    await running.assessed()


async def test_one_step_concludes_schedule_cost_and_purchase_once_each(running: Running) -> None:
    await _assessed(running)
    again: RepaymentPlan = await running.activities.plan_repayment(running.step("schedule"))
    async with running.house.database.session() as session:
        rows = {
            row.kind: row.step
            for row in (await session.exec(select(CaseFinding).where(CaseFinding.case_id == running.case_id))).all()
        }
        steps = [
            event.payload["facts"]["step"]
            for event in (await session.exec(select(CaseEvent).where(CaseEvent.case_id == running.case_id))).all()
            if event.kind in ("finding.schedule", "finding.borrowing_cost", "finding.buy_or_rent")
        ]
    assert again.borrowing_cost is not None
    assert rows["borrowing_cost"] == f"{rows['schedule']}:borrowing_cost"
    assert rows["buy_or_rent"] == f"{rows['schedule']}:buy_or_rent"
    assert steps == ["schedule"] * 3, (
        "one step of the process, whatever it concluded; repeated, it concludes nothing more"
    )


async def test_the_page_and_the_memo_show_what_the_loan_costs(running: Running) -> None:
    await _assessed(running)
    page = await read(await running.draft.manager.get(f"{running.draft.address}/assessment"), 200)
    cost = page["borrowing_cost"]
    assert cost["contract_rate"] == page["price"]["all_in_rate"]
    assert Decimal(cost["cost"]["effective"]) >= Decimal(cost["cost"]["nominal"]) > 0
    assert cost["fees"] == [], "the application names none"
    assert page["buy_or_rent"]["recommended"] in ("buy", "rent", "mixed")
    memo = await running.worker.memo(running.step("memo"))
    text = (await running.draft.manager.get(f"{running.draft.address}/documents/{memo.document_sha256}")).text
    assert f"名义 nominal **{cost['cost']['nominal']}**" in text
    assert "租购比较 Buy or rent" in text


async def test_a_new_schedule_takes_the_old_cost_with_it(running: Running) -> None:
    await _assessed(running)
    shown = await read(await running.draft.manager.get(running.draft.address), 200)
    content = ApplicationContent.model_validate(shown["content"])
    async with running.house.database.session() as session:
        found = await casework.latest_findings(session, running.case_id)
    assert {"schedule", "borrowing_cost", "buy_or_rent"} <= {item.kind for item in casework.standing(found, content)}
    newest = max(item.id.int for item in found)
    schedule = next(item for item in found if item.kind == "schedule")
    anew = CaseFinding.model_validate(schedule.model_dump() | {"id": UUID(int=newest + 1)})
    kept = casework.standing([item for item in found if item is not schedule] + [anew], content)
    assert {item.kind for item in kept} & {"schedule", "borrowing_cost", "buy_or_rent"} == {"schedule"}


async def test_the_price_is_seen_over_other_assumptions_from_the_case(running: Running) -> None:
    await _assessed(running)
    manager, address = running.draft.manager, f"{running.draft.address}/assessment"
    page = await read(await manager.get(address), 200)
    link = page["links"]["sensitivity"]
    assert page["links"] == {"sensitivity": link, "sensitivity_chart": f"{link}/chart.svg"}
    found = await read(await manager.get(link), 200)
    base = found["value"]["base"]
    assert (base["all_in_rate"], base["raroc"], base["margin_bps"]) == (
        page["price"]["all_in_rate"],
        page["price"]["raroc"],
        page["price"]["margin_bps"],
    ), "the base case is the price as it was concluded"
    assert [curve["axis"] for curve in found["value"]["curves"]] == ["pd", "lgd", "tenor", "collateral"]
    assert found["value"]["cross"] is None
    crossed = await read(await manager.get(link, params={"rows": "pd", "columns": "collateral"}), 200)
    assert (crossed["value"]["cross"]["rows"], crossed["value"]["cross"]["columns"]) == ("pd", "collateral")
    drawn = await manager.get(page["links"]["sensitivity_chart"])
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml")
    assert drawn.headers["content-security-policy"] == "default-src 'none'"
    assert ElementTree.fromstring(drawn.text).tag.endswith("svg")
    async with running.house.database.session() as session:
        kinds = (await session.exec(select(CaseFinding.kind))).all()
    assert "sensitivity" not in kinds, "reading changes nothing"


async def test_a_sensitivity_wrongly_asked_for_is_refused_and_a_foreign_one_unseen(running: Running) -> None:
    await _assessed(running)
    link = f"{running.draft.address}/assessment/sensitivity"
    for params, pointer in (
        ({"rows": "pd"}, "query/columns"),
        ({"columns": "pd"}, "query/rows"),
        ({"rows": "pd", "columns": "pd"}, "query/columns"),
    ):
        refused = await read(await running.draft.manager.get(link, params=params), 422)
        assert [fault["pointer"] for fault in refused["errors"]] == [pointer]
    stranger = await running.house.staff("li.na", "relationship_manager", branch="320100")
    await read(await stranger.get(link), 404)
    await read(await stranger.get(f"{link}/chart.svg"), 404)


async def test_a_case_without_a_price_has_no_sensitivity(house: House) -> None:
    draft = await prepared(house, number=1011, prefix="SN-S")
    page = await read(await draft.manager.get(f"{draft.address}/assessment"), 200)
    assert page["links"] is None
    refused = await read(await draft.manager.get(f"{draft.address}/assessment/sensitivity"), 409)
    assert refused["code"] == "step_not_possible"
