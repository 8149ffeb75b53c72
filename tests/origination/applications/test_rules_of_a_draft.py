"""Regulation on a draft over HTTP: what an application says reaches the rule that asks for it, whoever's product it is."""

from typing import Any

import pytest

from tests.origination.house import House, read
from tests.origination.sample import NOT_APPLICABLE, Draft, known, opened, yuan

BUYBACK = {
    "key": "main",
    "product": "icbc_buyback",
    "kind": "term",
    "amount": yuan("90000000.00"),
    "tenor_months": 12,
    "purpose": "share_buyback",
    "repayment": {"method": "bullet", "grace_months": 0, "frequency": "quarterly"},
}
LEASE = {
    "key": "main",
    "product": "citic_lease",
    "kind": "lease",
    "amount": yuan("290000000.00"),
    "tenor_months": 60,
    "purpose": "compute_centre_lease",
    "repayment": {"method": "annuity", "grace_months": 0, "frequency": "quarterly"},
}
LEASED: dict[str, Any] = {
    "form": "direct",
    "holder": "spv",
    "asset_class": "compute_center",
    "purchase_price": known(yuan("290000000.00")),
    "own_valuation": known(True),
    "title_clear": known(True),
    "specified": known(True),
    "disposable": known(True),
    "yields": known(True),
    "onsite_investigators": 2,
}


async def changed(house: House, **sections: Any) -> Draft:
    draft = await opened(house)
    await read(await draft.patch(sections), 200)
    return draft


async def verdict(draft: Draft) -> tuple[str, dict[str, str]]:
    """Outcome of the regulations of approval, and their reasons by code, or by fact where one is absent."""
    told = await read(await draft.submit(dry_run="true"), 200)
    reasons = told["regulation_reasons"]
    return told["regulation"], {
        item["subject"] if item["code"] == "FACT_ABSENT" else item["code"]: item["message_en"] for item in reasons
    }


async def again(draft: Draft, **sections: Any) -> tuple[str, dict[str, str]]:
    await read(await draft.patch(sections), 200)
    return await verdict(draft)


def buyback(amount: str, announced: bool = True) -> dict[str, Any]:
    return {"amount": known(yuan(amount)), "announced": known(announced), "account": "6222000000000001"}


async def test_a21_a_loan_of_more_than_90_per_cent_of_a_buyback_is_blocked(house: House) -> None:
    draft = await changed(
        house, lender_id="icbc", lines=[BUYBACK], buyback=buyback("100000000.00"), project=None, assets=[], uses=[]
    )
    _, reasons = await verdict(draft)
    assert not {name for name in reasons if name.startswith(("BUYBACK", "project", "loan.class"))}
    outcome, reasons = await again(draft, buyback=buyback("99999999.99"))
    assert outcome == "fail"
    assert "90 % is the most" in reasons["BUYBACK_SHARE"]
    outcome, reasons = await again(draft, buyback=buyback("100000000.00", announced=False))
    assert (outcome, "BUYBACK_ANNOUNCED" in reasons) == ("fail", True)


async def test_a21_no_other_than_the_21_lenders_may(house: House) -> None:
    draft = await changed(house, lines=[BUYBACK | {"product": "nxb_project_loan"}], buyback=buyback("100000000.00"))
    outcome, reasons = await verdict(draft)
    assert outcome == "fail"
    assert reasons["BUYBACK_LENDER"].startswith("nxb is not one of the 21")


async def test_an_acquisition_keeps_to_the_measures_of_2025(house: House) -> None:
    line = {**BUYBACK, "product": "nxb_project_loan", "amount": yuan("70000000.00"), "purpose": "m_and_a"}
    deal = {"kind": "control", "price": known(yuan("100000000.00")), "own_funds_in_place": known(True)}
    draft = await changed(house, lines=[line], acquisition=deal)
    _, reasons = await verdict(draft)
    assert not {name for name in reasons if name.startswith(("MA_", "merger"))}
    _, reasons = await again(draft, acquisition={**deal, "kind": "minority"})
    assert reasons["MA_MINORITY"].startswith("A loan for a minority stake of 0.7")
    outcome, reasons = await again(draft, acquisition={**deal, "price": known(yuan("99999999.00"))})
    assert (outcome, "MA_CONTROL" in reasons) == ("fail", True)
    _, reasons = await again(draft, acquisition=None)
    assert "merger.kind" in reasons


async def test_a28_b5_a_lease_is_held_against_lists_conduct_and_the_lessors_ratios(house: House) -> None:
    draft = await changed(house, lender_id="citic_leasing", lines=[LEASE], lease=LEASED, project=None, uses=[])
    outcome, reasons = await verdict(draft)
    assert not {name for name in reasons if name.startswith(("FL_", "lease.", "lender."))}, (outcome, reasons)
    for change, rule in (
        ({"asset_class": "medical"}, "FL_LIST_SPV"),
        ({"asset_class": "structure"}, "FL_LIST_NEGATIVE"),
        ({"holder": "own_books", "asset_class": "furniture"}, "FL_LIST_ENCOURAGED"),
        ({"purchase_price": known(yuan("289999999.99"))}, "FL_BIZ_15_DIRECT"),
        ({"own_valuation": known(False)}, "FL_BIZ_14"),
        ({"title_clear": known(False)}, "FL_BIZ_11"),
        ({"onsite_investigators": 1}, "FL_BIZ_SITE"),
        ({"form": "sale_and_leaseback", "lessee_owns": known(False)}, "FL_BIZ_12"),
        (
            {
                "form": "sale_and_leaseback",
                "book_value": known(yuan("289999999.99")),
                "asset_value": known(yuan("290000000.00")),
            },
            "FL_BIZ_15_LEASEBACK",
        ),
    ):
        outcome, reasons = await again(draft, lease={**LEASED, **change})
        assert rule in reasons, change
    _, reasons = await again(draft, lease={**LEASED, "title_clear": {"state": "unknown"}})
    assert "lease.title_clear" in reasons
    # Net capital of 9 bn: one customer may have 2.7 bn of it.
    line = {**LEASE, "amount": yuan("2700000000.01")}
    assert (await again(draft, lease=LEASED, lines=[line]))[1]["FL_SINGLE_30"].startswith("Financing of the customer")
    line = {**LEASE, "amount": yuan("2700000000.00")}
    assert "FL_SINGLE_30" not in (await again(draft, lines=[line]))[1]


@pytest.mark.parametrize("purpose", ["dividend", "equity_investment", "fixed_asset_investment", "on_lending"])
async def test_a_forbidden_purpose_is_no_unknown_word_and_is_blocked_by_its_rule(house: House, purpose: str) -> None:
    line = {**BUYBACK, "product": "jsb_wc", "kind": "revolving", "purpose": purpose}
    draft = await changed(house, lender_id="jsb", lines=[line])
    told = await read(await draft.submit(dry_run="true"), 200)
    assert told["admission"] == "fail"
    rule = "WC_USE_BANNED" if purpose == "on_lending" else "WC_USE"
    assert rule in {reason["code"] for reason in told["reasons"]}


CONSENT = "out_of_area_consent"
RESOLUTIONS = ("related_transactions_committee_resolution", "related_transactions_board_resolution")


async def test_the_papers_that_keep_a_rule_can_be_filed(house: House) -> None:
    """Out of area, related and major: each referral goes with the paper that answers it."""
    draft = await opened(house)
    view = (await draft.manager.get(draft.address)).json()["content"]
    borrower = {**view["borrower"], "division_code": "320500", "related_to_lender": known("shareholder")}
    line = {**view["lines"][0], "amount": yuan("2000000000.00")}
    _, reasons = await again(draft, borrower=borrower, lines=[line])
    assert {"OUT_OF_AREA_CITY", "RELATED_MAJOR"} <= set(reasons)
    filed = [await draft.upload(kind, kind) for kind in (CONSENT, *RESOLUTIONS)]
    named = [
        {"kind": kind, "name": kind, "sha256": item["sha256"]}
        for kind, item in zip((CONSENT, *RESOLUTIONS), filed, strict=True)
    ]
    _, reasons = await again(draft, documents=named[:2])
    assert ("OUT_OF_AREA_CITY" in reasons, "RELATED_MAJOR" in reasons) == (False, True)
    _, reasons = await again(draft, documents=named)
    assert not {"OUT_OF_AREA_CITY", "RELATED_MAJOR"} & set(reasons)


async def test_an_appraisal_can_be_filed_and_is_seen(house: House) -> None:
    draft = await opened(house)
    view = (await draft.manager.get(draft.address)).json()["content"]
    hall = {
        "key": "hall",
        "kind": "civil_works",
        "description": "existing hall",
        "existing": True,
        "cost": yuan("9000000.00"),
        "useful_life_months": 240,
        "encumbrances": [],
        "colocation_operator": NOT_APPLICABLE,
    }
    _, reasons = await again(draft, assets=[*view["assets"], hall])
    assert "COLLATERAL_APPRAISAL" in reasons
    report = await draft.upload("external_appraisal", "appraisal")
    paper = {"kind": "external_appraisal", "name": "appraisal", "sha256": report["sha256"]}
    _, reasons = await again(draft, documents=[paper])
    assert "COLLATERAL_APPRAISAL" not in reasons
