"""Over HTTP: what may be asked for, what is refused at the edge and what at submission; and a founder who stays sealed."""

from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from services.origination.tables.events import CaseEvent
from tests.origination.house import House, read
from tests.origination.sample import Draft, content, known, opened, prepared, yuan

NAME, NUMBER = "上官明远", "NX-RC-2025-0031"
FOUNDER = {
    "name": NAME,
    "certificate_number": NUMBER,
    "certificate": known("provincial"),
    "linked_to_borrower": known(True),
    "dishonest_debtor": known(False),
    "degree": known("doctor"),
    "domain_years": {"state": "undisclosed"},
}


async def asking(draft: Draft, repayment: dict[str, Any], **line: Any) -> Any:
    (said,) = content(draft.customer_id, "0" * 64)["lines"]
    return await draft.patch({"lines": [said | line | {"repayment": repayment}]})


async def test_a_figure_out_of_bounds_is_refused_with_bound_and_unit(house: House) -> None:
    draft = await opened(house)
    hostile = {
        "method": "seasonal",
        "grace_months": 121,
        "profile": {"method": "seasonal", "months": [0, 13]},
        "draws": [{"after_months": -1, "amount": yuan("0.00")}],
        "rate_steps": [{"after_months": 12, "margin_bps": -50}],
    }
    problem = await read(await asking(draft, hostile), 422)
    said = {fault["pointer"].removeprefix("/lines/0/repayment"): fault["message"] for fault in problem["errors"]}
    assert set(said) == {
        "/grace_months",
        "/profile/months/0",
        "/profile/months/1",
        "/draws/0/after_months",
        "/draws/0/amount",
        "/rate_steps/0/margin_bps",
    }
    assert "[1, 12]" in said["/profile/months/1"]
    assert "[1, 1000]" in said["/rate_steps/0/margin_bps"]


@pytest.mark.parametrize(
    "repayment",
    [
        {"method": "balloon", "profile": {"method": "balloon", "share": 0.3}},
        {"method": "balloon", "profile": {"method": "baloon"}},
        {"method": "sculpted", "profile": {"method": "sculpted", "ceilings": []}},
        {"method": "custom", "profile": {"method": "custom", "instalments": [{"number": 1}] * 601}},
        {"method": "annuity", "draws": [{"after_months": 0, "amount": {"amount": "1.00", "currency": "CNY"}}] * 51},
        {"method": "annuity", "tranches": [{"key": "a", "principal": {"amount": "1.00", "currency": "CNY"}}] * 11},
        {"method": "annuity", "prepayments": []},
    ],
)
async def test_what_is_not_well_formed_never_enters_a_draft(house: House, repayment: dict[str, Any]) -> None:
    draft = await opened(house)
    problem = await read(await asking(draft, repayment), 422)
    assert all(fault["pointer"].startswith("/lines/0/repayment") for fault in problem["errors"]), problem


async def test_a_draft_takes_what_does_not_fit_yet_and_submission_names_it_all(house: House) -> None:
    draft = await prepared(house)
    unfit = {
        "method": "balloon",
        "draws": [{"after_months": 3, "amount": yuan("40000000.00")}],
        "tranches": [{"key": "gpu", "principal": yuan("40000000.00"), "method": "sculpted"}],
    }
    await read(await asking(draft, unfit), 200)
    expected = {
        ("/lines/0/repayment/tranches/0/method", "VALUE_PATH_NOT_READY"),
        ("/lines/0/repayment/draws", "terms_of_a_tranche"),
    }
    verdict = await read(await draft.submit(dry_run="true"), 200)
    assert {(item["pointer"], item["code"]) for item in verdict["missing"]} == expected
    problem = await read(await draft.submit(), 422)
    assert {(fault["pointer"], fault["code"]) for fault in problem["errors"]} == expected


async def test_a_repayment_that_fits_is_submitted_and_shown_as_it_was_asked(house: House) -> None:
    draft = await prepared(house)
    asked = {
        "method": "equal_principal",
        "grace_months": 6,
        "frequency": "quarterly",
        "tranches": [
            {"key": "civil", "principal": yuan("10000000.00")},
            {
                "key": "gpu",
                "principal": yuan("30000000.00"),
                "after_months": 3,
                "tenor_months": 48,
                "method": "balloon",
                "profile": {"method": "balloon", "share": "0.20000000", "rest": "annuity"},
            },
        ],
    }
    await read(await asking(draft, asked), 200)
    await read(await draft.submit(), 202)
    page = await read(await draft.manager.get(f"{draft.address}/assessment"), 200)
    shown = page["request"]["repayment"]
    assert [tranche["key"] for tranche in shown["tranches"]] == ["civil", "gpu"]
    assert shown["tranches"][1]["profile"] == {"method": "balloon", "share": "0.20000000", "rest": "annuity"}


async def test_a_founder_is_read_by_who_may_and_sealed_in_what_is_kept(house: House) -> None:
    draft = await opened(house)
    await read(await draft.patch({"founder": FOUNDER}), 200)
    view = await read(await draft.manager.get(draft.address), 200)
    assert view["content"]["founder"]["name"] == NAME
    page = await read(await draft.manager.get(f"{draft.address}/assessment"), 200)
    told = page["evaluation"]["facts"]
    assert told["founder.degree"]["text"] == "doctor"
    assert told["founder.domain_years"]["state"] == "undisclosed"
    assert NAME not in str(page)
    assert NUMBER not in str(page)
    async with house.database.session() as session:
        events = (await session.exec(select(CaseEvent).where(CaseEvent.case_id == UUID(draft.case_id)))).all()
    assert any("founder" in str(event.payload) for event in events)
    for secret in (NAME, NUMBER, "'doctor'"):
        assert all(secret not in str(event.payload) for event in events)


async def test_a_foreign_branch_sees_no_founder(house: House) -> None:
    draft = await opened(house)
    await read(await draft.patch({"founder": FOUNDER}), 200)
    stranger = await house.staff("li.na", "relationship_manager", branch="NJ")
    answer = await stranger.get(draft.address)
    assert NAME not in answer.text
    assert answer.status_code == 404
