"""What an application says of a data asset or an order reaches the valuation as it was meant."""

from typing import Any

import pytest

from domain.collateral import IntangibleSubject, ReceivableSubject
from domain.compute_order import OrderFacts
from domain.data_asset import DataAssetFacts
from domain.finding import Outcome
from domain.money import yuan
from services.collateral.calc.valuation import conclude
from tests.collateral.conftest import book
from tests.collateral.data_assets import ON, RIGHTS, money, trade, year
from tests.collateral.test_requests import application, asked, fact

NOT_APPLICABLE = {"state": "not_applicable"}
REPORT: dict[str, Any] = {
    "transferable": fact(True),
    "exclusive": fact(True),
    "sublicensing_allowed": NOT_APPLICABLE,
    "public_data_within_authorisation": NOT_APPLICABLE,
    "important_data_assessed": NOT_APPLICABLE,
    "escrowed": fact(True),
    "personal_share": fact("0"),
    **dict.fromkeys(
        ("conformity", "completeness", "accuracy", "consistency", "timeliness", "accessibility"), fact("85")
    ),
    "tested_on": fact("2026-10-20"),
    "acquisition_cost": fact(money(2_500_000)),
    "processing_cost": fact(money(2_000_000)),
    "storage_cost": fact(money(500_000)),
    "governance_cost": fact(money(1_000_000)),
    "circulation": fact("0.70"),
    "scarcity": fact("0.05"),
    "realisation_risk": fact("0.15"),
    "refresh_months": fact(30),
    "contract_months": NOT_APPLICABLE,
    "forecast": [year(), year(), year()],
    "royalty_rate": fact("0.20"),
    "trades": [trade(), trade(price=money(3_400_000)), trade(price=money(3_600_000))],
}
TERMS: dict[str, Any] = {
    "certificate": fact("数据资产登记证书 1"),
    "right": fact("operating"),
    "right_expires": fact("2029-11-15"),
    "personal_data": fact(False),
    "top_buyer_share": fact("0.30"),
    "evaluation": REPORT,
}


def data(terms: dict[str, Any]) -> DataAssetFacts:
    line = {"key": "data", "kind": "data_asset", "data_terms": TERMS | terms}
    subject = asked(application(line), "data").subject
    assert isinstance(subject, IntangibleSubject)
    assert subject.data is not None
    return subject.data


def test_a_whole_report_is_valued() -> None:
    line = {"key": "data", "kind": "data_asset", "data_terms": TERMS, "encumbrances": []}
    request = asked(application(line), "data").model_copy(update={"as_of": ON, "pinned_on": ON})
    conclusion = conclude(request, book().collateral(ON), 90, RIGHTS)
    assert conclusion.outcome is Outcome.PASS, conclusion.reasons
    assert conclusion.value.lending_value == yuan("3423098.59")


def test_the_months_of_a_right_are_counted_from_the_business_date() -> None:
    assert data({}).life.legal_months == 43
    assert data({"right_expires": fact("2200-01-01")}).life.legal_months == 600


def test_what_does_not_apply_sets_no_bound_and_forbids_nothing() -> None:
    facts = data({"right_expires": NOT_APPLICABLE})
    assert facts.life.not_limited_by == ("legal", "contract")
    assert (facts.rights.sublicensing, facts.rights.public_authorisation) == ("not_applicable", "not_applicable")
    assert facts.rights.important_data == "none"


@pytest.mark.parametrize(("given", "said"), [(fact(True), True), (fact(False), False), ({"state": "unknown"}, None)])
def test_what_was_answered_stays_what_it_was(given: Any, said: bool | None) -> None:
    answered = ("sublicensing_allowed", "public_data_within_authorisation", "important_data_assessed")
    rights = data({"evaluation": REPORT | dict.fromkeys(answered, given)}).rights
    words = {True: ("allowed", "within", "assessed"), False: ("forbidden", "beyond", "not_assessed")}
    found = (rights.sublicensing, rights.public_authorisation, rights.important_data)
    assert found == ((None, None, None) if said is None else words[said])


CONTRACT: dict[str, Any] = {
    "key": "order",
    "number": "X-1",
    "buyer_name": "buyer",
    "buyer_uscc": "91330100MA27BYCX6D",
    "kind": fact("firm"),
}


def order(**contract: Any) -> OrderFacts:
    line = {"key": "claim", "kind": "compute_order", "contract_key": "order"}
    subject = asked(application(line, contracts=[CONTRACT | contract]), "claim").subject
    assert isinstance(subject, ReceivableSubject)
    assert subject.order is not None
    return subject.order


def test_a_term_is_stated_left_open_or_not_known() -> None:
    found = order(gpu_model=fact("H20"), quantity=NOT_APPLICABLE, unit_price={"state": "undisclosed"})
    assert (found.model_stated, found.quantity_stated, found.price_stated, found.start_stated) == (
        True,
        False,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("announced", "found"),
    [(None, None), (fact(True), "found"), (fact(False), "absent"), (NOT_APPLICABLE, "not_applicable")],
)
def test_a_buyers_announcement(announced: Any, found: str | None) -> None:
    assert order(buyer_announced=announced).announcement == found


def test_take_or_pay_is_a_kind_of_contract() -> None:
    assert (order().take_or_pay, order(kind=fact("take_or_pay")).take_or_pay) == (False, True)
    assert order(kind={"state": "unknown"}).take_or_pay is None


def test_a_receivable_that_is_no_order_is_asked_nothing_more() -> None:
    line = {"key": "claim", "kind": "receivable", "contract_key": "order"}
    subject = asked(application(line, contracts=[CONTRACT]), "claim").subject
    assert isinstance(subject, ReceivableSubject)
    assert subject.order is None
