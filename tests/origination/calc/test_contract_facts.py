"""What counts as examined when the agreement is drawn up: nothing that nobody knows."""

from typing import Any

import pytest

from domain.application import ApplicationContent
from domain.books import CustomerFile
from domain.money import yuan
from services.origination.calc.contracting import ContractingInputs, contract_facts
from services.origination.calc.intake import CustomerStanding
from services.origination.calc.terms import OfferTerms
from tests.origination.calc.test_checks import HASH, LENDER, Screens, application, exposures
from tests.origination.sample import BORROWER, CUSTOMER_FILE, TODAY
from tests.shipped import shipped_book


def facts(**sections: Any) -> dict[str, Any]:
    """Of a case that nobody has investigated yet, for the sample application with some sections changed."""
    book = shipped_book()
    content = ApplicationContent.model_validate({**application().model_dump(mode="json"), **sections})
    terms = OfferTerms.model_construct(
        product="nxb_project_loan",
        purpose="compute_centre_construction",
        amount=yuan(40_000_000),
        tenor_months=60,
        instalments=20,
        conditions=(),
        approval_conditions=(),
    )
    inputs = ContractingInputs.model_construct(
        content_sha256=HASH,
        policy_sha256=book.sha256,
        current_policy_sha256=book.sha256,
        pinned_on=TODAY,
        as_of=TODAY,
        lender=LENDER,
        exposures=exposures(),
        screens=Screens(blacklisted=False, duplicate_serial=False),
        rating=None,
        limit=None,
        valuations=(),
        customer=CustomerStanding.of(BORROWER, CustomerFile.model_validate(CUSTOMER_FILE)),
        duties=(),
        decided_by=(),
        authority_rule="",
        terms=terms,
        retention_years=10,
    )
    return dict(contract_facts(inputs, content, book, book))


def guarantee(net_assets: dict[str, Any] | None, resolution: str | None = "a" * 64) -> list[dict[str, Any]]:
    offer: dict[str, Any] = {"party_key": "guarantor", "amount": {"amount": "1.00"}, "share": "1", "listed": False}
    if net_assets is not None:
        offer["net_assets"] = net_assets
    if resolution is not None:
        offer["resolution_sha256"] = resolution
    return [offer]


@pytest.mark.parametrize(
    ("guarantees", "examined"),
    [
        ([], True),
        (guarantee({"value": {"amount": "310000000.00"}}), True),
        (guarantee({"value": {"amount": "310000000.00"}}, resolution=None), False),
        (guarantee(None), False),
        (guarantee({"state": "unknown"}), False),
        (guarantee({"state": "undisclosed"}), False),
    ],
)
def test_cbl_36_a_guarantor_whose_accounts_nobody_knows_was_not_examined(
    guarantees: list[dict[str, Any]], examined: bool
) -> None:
    parties = application().model_dump(mode="json")["parties"]
    parties.append({"key": "guarantor", "role": "guarantor", "name": "样例担保有限公司", "uscc": BORROWER})
    assert facts(guarantees=guarantees, parties=parties)["security.guarantor_examined"] is examined


def test_cbl_36_collateral_without_a_value_was_not_examined() -> None:
    assert facts()["security.collateral_examined"] is False
    assert facts(assets=[])["security.collateral_examined"] is True
