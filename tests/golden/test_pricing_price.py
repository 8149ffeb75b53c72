"""The price build-up of domain paper §5.5, term by term."""

from decimal import Decimal
from typing import Any

import pytest

from domain.finding import Outcome
from domain.money import yuan
from domain.pricing import Quote, QuoteRequest
from services.pricing.calc.conclusion import Conclusion
from services.pricing.calc.irb import risk_weight
from services.pricing.calc.price import quote
from services.pricing.calc.price.funding import funds_transfer_price
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import FTP, LPR, dated, lender


def priced(request: QuoteRequest, **books: Any) -> Conclusion[Quote]:
    return quote(
        request,
        book(),
        dated(f"lender.{request.lender_id}", lender(request.lender_id, **books)),
        dated("lpr", LPR),
        dated("ftp", FTP),
    )


def value(conclusion: Conclusion[Quote]) -> Quote:
    assert conclusion.value is not None
    return conclusion.value


def component(found: Quote, name: str) -> Decimal:
    return next(item.rate for item in found.components if item.name == name)


def test_build_up_term_by_term() -> None:
    """100m, 36 months, PD 1 %, unsecured: 1.90 + 0.40 + 0.40 + 1.2215 + 0.05 % = 3.9715 %, quoted up to the whole bp."""
    found = value(priced(requests.quote(book())))
    assert component(found, "ftp") == Decimal("0.0190")
    assert component(found, "expected_loss") == Decimal("0.0040")
    assert component(found, "opex") == Decimal("0.0040")
    # 10.5 % × (10 % ÷ 0.75 − 1.7 %)
    assert component(found, "capital") == Decimal("0.01221500")
    assert component(found, "optionality") == Decimal("0.0005")
    assert found.base_rate == "1Y"
    assert found.margin_bps == 98
    assert found.all_in_rate == Decimal("0.0398")
    assert found.floor_rate == Decimal("0.0270")
    assert not found.below_floor


def test_the_two_spellings_of_a_price_agree() -> None:
    for pd in ("0.0005", "0.0031", "0.0207", "0.1234"):
        found = value(priced(requests.quote(book(), pd=pd)))
        assert found.all_in_rate == found.base_rate_value + found.margin_bps * Decimal("0.0001")
        assert sum(item.rate for item in found.components) == found.all_in_rate
        assert 0 <= component(found, "quote_step") < Decimal("0.0001")


def test_raroc_of_a_price_without_margin_is_the_cost_of_capital() -> None:
    """§5.5: RAROC = [(rate − FTP − opex − EL) + k·rf]·(1 − tax) ÷ k, and the charge is what makes it the hurdle."""
    found = value(priced(requests.quote(book())))
    beyond = found.all_in_rate - found.floor_rate - component(found, "capital")
    assert found.raroc == (Decimal("0.10") + beyond * Decimal("0.75") / Decimal("0.105")).quantize(Decimal("1e-8"))
    assert found.raroc >= found.hurdle


@pytest.mark.parametrize(("months", "base"), [(12, "1Y"), (60, "1Y"), (61, "5Y"), (120, "5Y")])
def test_prime_rate_by_tenor(months: int, base: str) -> None:
    assert value(priced(requests.quote(book(), tenor_months=months))).base_rate == base


@pytest.mark.parametrize(("months", "base"), [(12, "1Y"), (36, "5Y"), (120, "5Y")])
def test_one_to_five_years_may_take_either_prime_rate(months: int, base: str) -> None:
    """Corrections §5."""
    assert value(priced(requests.quote(book(), tenor_months=months, asked_lpr_tenor="5Y"))).base_rate == base


def test_ftp_is_linear_between_points_and_flat_outside() -> None:
    assert funds_transfer_price(FTP, 1) == Decimal("0.0170")
    assert funds_transfer_price(FTP, 24) == Decimal("0.0180")
    assert funds_transfer_price(FTP, 90) == Decimal("0.0215")
    assert funds_transfer_price(FTP, 360) == Decimal("0.0225")


def test_collateral_lowers_the_expected_loss_by_its_formula() -> None:
    """LGD* of 100m with receivables of 50m: 30m at 20 % and 70m at 40 % is 34 %."""
    receivable = requests.asset("rent", "receivable", 50_000_000, "0.80")
    found = value(priced(requests.quote(book(), collateral=(receivable,))))
    assert component(found, "expected_loss") == Decimal("0.0034")
    ineligible = requests.asset("rent", "receivable", 50_000_000, "0.80", eligible=False)
    assert component(value(priced(requests.quote(book(), collateral=(ineligible,)))), "expected_loss") == Decimal(
        "0.0040"
    )


def test_gpu_servers_count_for_the_price_and_not_for_capital() -> None:
    gpu = requests.asset("gpu", "gpu_server", 500_000_000, "0.80")
    irb = {"capital_method": "irb_foundation"}
    bare, secured = (value(priced(requests.quote(book(), collateral=c), **irb)) for c in ((), (gpu,)))
    assert component(secured, "expected_loss") == Decimal("0.0025")
    assert component(secured, "capital") == component(bare, "capital")


def test_capital_by_internal_ratings_where_the_lender_uses_them() -> None:
    found = value(priced(requests.quote(book()), capital_method="irb_foundation"))
    weight = risk_weight(Decimal("0.01"), Decimal("0.40"))
    expected = weight * Decimal("0.105") * (Decimal("0.10") / Decimal("0.75") - Decimal("0.017"))
    assert abs(component(found, "capital") - expected) <= Decimal("1e-8")


GREEN = {"green": True, "pue": "1.20", "rack_use": "0.70", "green_power": "0.85", "hub": True}


def test_green_discount_needs_its_evidence() -> None:
    """Row A26: without evidence the tag goes and the benefit is nought."""
    evidenced = value(priced(requests.quote(book(), **GREEN, green_catalogue_code=True)))
    assert component(evidenced, "green") == Decimal("-0.0020")
    for change, code in (
        ({"pue": "1.31"}, "GREEN_PUE"),
        ({"rack_use": "0.59"}, "GREEN_RACK_USE"),
        ({"green_power": "0.80"}, "GREEN_POWER"),
        ({"green_catalogue_code": False}, "GREEN_CATALOGUE"),
        ({"pue": None}, "GREEN_NOT_EVIDENCED"),
    ):
        conclusion = priced(requests.quote(book(), **(GREEN | {"green_catalogue_code": True} | change)))
        assert component(value(conclusion), "green") == 0
        assert code in {reason.code for reason in conclusion.reasons}


def test_a_price_asked_for_below_the_floor_goes_to_the_pricing_body() -> None:
    conclusion = priced(requests.quote(book(), asked_spread_bps=-35))
    assert value(conclusion).all_in_rate == Decimal("0.0265")
    assert value(conclusion).below_floor
    assert conclusion.outcome is Outcome.REFER
    assert {"BELOW_FLOOR", "RAROC_BELOW_HURDLE"} <= {reason.code for reason in conclusion.reasons}


def test_a_price_asked_for_above_the_floor_and_below_the_hurdle_says_so() -> None:
    conclusion = priced(requests.quote(book(), asked_spread_bps=10))
    assert conclusion.outcome is Outcome.PASS
    assert {reason.code for reason in conclusion.reasons} == {"RAROC_BELOW_HURDLE"}


def test_without_a_probability_of_default_there_is_no_price() -> None:
    conclusion = priced(requests.quote(book(), pd=None))
    assert conclusion.value is None
    assert conclusion.outcome is Outcome.REFER
    assert [reason.subject for reason in conclusion.reasons] == ["pd"]


def test_relationship_discount() -> None:
    found = value(priced(requests.quote(book(), relationship="strategic")))
    assert component(found, "relationship") == Decimal("-0.0015")


def test_comprehensive_cost_is_the_rate_and_what_fees_add() -> None:
    plain = value(priced(requests.quote(book())))
    assert plain.comprehensive_cost == plain.all_in_rate
    fee = {"name": "arrangement", "amount": yuan(500_000), "payer": "borrower"}
    dear = value(priced(requests.quote(book(), fees=(fee,))))
    assert dear.comprehensive_cost is not None
    assert dear.comprehensive_cost > dear.all_in_rate
    assert dear.effective_cost is not None
    assert dear.effective_cost > dear.comprehensive_cost
