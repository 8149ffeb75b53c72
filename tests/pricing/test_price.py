"""Prices: riskier is never cheaper."""

from decimal import Decimal
from typing import Any

import pytest
import pyxirr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from domain.money import rounded, yuan
from domain.pricing import Quote, QuoteFee, QuoteRequest
from services.pricing.calc.conclusion import Inadmissible
from services.pricing.calc.price import quote
from services.pricing.calc.price.cost import comprehensive_cost
from services.pricing.calc.schedule import level_payment
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import FTP, LPR, dated, lender

PROBABILITIES = st.decimals(min_value="0.00000001", max_value="0.99", places=8)


def priced(request: QuoteRequest, **books: Any) -> Quote:
    found = quote(request, book(), dated("lender.nxb", lender(**books)), dated("lpr", LPR), dated("ftp", FTP)).value
    assert found is not None
    return found


@settings(max_examples=150, deadline=None)
@given(lower=PROBABILITIES, higher=PROBABILITIES)
def test_a_higher_probability_of_default_never_lowers_the_rate(lower: Decimal, higher: Decimal) -> None:
    lower, higher = sorted((lower, higher))
    better, worse = (priced(requests.quote(book(), pd=pd)) for pd in (lower, higher))
    assert better.all_in_rate <= worse.all_in_rate
    assert better.floor_rate <= worse.floor_rate


# The supervisory curve itself bends down at very high PD; capital follows it until version 3 of the policy.
@settings(max_examples=100, deadline=None)
@given(
    lower=st.decimals(min_value="0.0001", max_value="0.25", places=6),
    higher=st.decimals(min_value="0.0001", max_value="0.25", places=6),
)
def test_nor_does_it_by_internal_ratings(lower: Decimal, higher: Decimal) -> None:
    lower, higher = sorted((lower, higher))
    better, worse = (priced(requests.quote(book(), pd=pd), capital_method="irb_foundation") for pd in (lower, higher))
    assert better.all_in_rate <= worse.all_in_rate


@settings(max_examples=100, deadline=None)
@given(
    value=st.integers(min_value=0, max_value=500_000_000),
    less=st.decimals(min_value=0, max_value=1, places=3),
    kind=st.sampled_from(["deposit", "civil_works", "gpu_server", "receivable", "data_asset"]),
)
def test_less_collateral_never_lowers_the_rate(value: int, less: Decimal, kind: str) -> None:
    more, fewer = (
        priced(requests.quote(book(), collateral=(requests.asset("it", kind, amount, "0.5"),)))
        for amount in (value, int(value * less))
    )
    assert more.all_in_rate <= fewer.all_in_rate


@settings(max_examples=60, deadline=None)
@given(
    rate=st.decimals(min_value="0.001", max_value="0.20", places=4),
    months=st.integers(min_value=1, max_value=360),
    fee=st.integers(min_value=0, max_value=900_000),
)
def test_comprehensive_cost_solves_its_cash_flows(rate: Decimal, months: int, fee: int) -> None:
    """scipy's root of the same present value."""
    found = comprehensive_cost(
        Decimal(10_000_000), rate, months, [QuoteFee(name="f", amount=yuan(fee), payer="borrower")]
    )
    assert found is not None
    r = float(rate) / 12
    payment = 10_000_000 * r / (1 - (1 + r) ** -months)

    def worth(monthly: float) -> float:
        paid = months if monthly == 0 else (1 - (1 + monthly) ** -months) / monthly
        return payment * paid - (10_000_000 - fee)

    expected = brentq(worth, 1e-7, 2.0, xtol=1e-14) * 12
    assert float(found) == pytest.approx(expected, abs=1e-7)


@settings(max_examples=200, deadline=None)
@given(
    amount=st.integers(min_value=10_000_000, max_value=10**13),
    rate=st.integers(min_value=50, max_value=2_000),
    months=st.integers(min_value=1, max_value=360),
    share=st.integers(min_value=0, max_value=300),
)
def test_pyxirr_finds_the_same_cost(amount: int, rate: int, months: int, share: int) -> None:
    """Float root of the same flows; beyond ordinary fees and tenors it loses its last digits, or finds none."""
    lent, yearly = Decimal(amount) / 100, Decimal(rate).scaleb(-4)
    fee = yuan(rounded(lent * share / 1000, 2))
    found = comprehensive_cost(lent, yearly, months, [QuoteFee(name="费", amount=fee, payer="borrower")])
    payment = level_payment(lent, [yearly / 12] * months)
    beside = pyxirr.irr([float(lent - fee.amount)] + [-float(payment)] * months, guess=rate / 120_000)
    assert found is not None
    assert beside is not None
    assert abs(float(found) - 12 * beside) <= 1.1e-8


def test_a_very_large_loan_has_a_cost() -> None:
    """The float root search of earlier days found none for it."""
    assert comprehensive_cost(Decimal("85082304261.88"), Decimal("0.05744893"), 576, []) == Decimal("0.05744893")


def test_fees_that_eat_the_loan_have_no_cost_rate() -> None:
    fee = QuoteFee(name="f", amount=yuan(100), payer="borrower")
    assert comprehensive_cost(Decimal(100), Decimal("0.05"), 12, [fee]) is None


def test_an_unknown_relationship_is_refused_by_name() -> None:
    with pytest.raises(Inadmissible) as refusal:
        priced(requests.quote(book(), relationship="friend"))
    assert refusal.value.fields == ("relationship",)


def test_a_stated_probability_below_the_floor_is_priced_at_the_floor() -> None:
    tiny, floor = (priced(requests.quote(book(), pd=pd)) for pd in ("0.00000001", "0.0005"))
    assert tiny == floor


@pytest.mark.parametrize(
    ("facts", "weight"),
    [
        ({"company_size": "small", "retail_eligible": True}, "0.75"),
        ({"company_size": "small", "retail_eligible": False}, "0.85"),
        ({"company_size": "medium", "retail_eligible": False}, "0.85"),
        ({"company_size": "large"}, "1"),
        ({"project_phase": "pre_operation"}, "1.3"),
        ({"project_phase": "operation_high_quality"}, "0.8"),
    ],
)
def test_standardised_weights(facts: dict[str, Any], weight: str) -> None:
    """商业银行资本管理办法: small firms 75 % only where retail-eligible, else 85 % (corrections §5)."""
    charge = next(item.rate for item in priced(requests.quote(book(), **facts)).components if item.name == "capital")
    assert charge == (Decimal(weight) * Decimal("0.01221500")).quantize(Decimal("1e-8"))


def test_an_unknown_size_is_not_given_a_weight() -> None:
    found = quote(
        requests.quote(book(), company_size=None),
        book(),
        dated("lender.nxb", lender()),
        dated("lpr", LPR),
        dated("ftp", FTP),
    )
    assert found.value is None
    assert [reason.subject for reason in found.reasons] == ["borrower.size"]


@pytest.mark.parametrize("fee", ["60.00", "99.00", "99.99", "100.00"])
def test_fees_that_leave_next_to_nothing_have_a_price_and_perhaps_no_cost_rate(fee: str) -> None:
    """An effective rate of a hundred thousand per cent is no figure of a finding, and no failure either."""
    charged = QuoteFee(name="f", amount=yuan(fee), payer="borrower")
    found = priced(requests.quote(book(), amount=yuan("100.00"), tenor_months=1, fees=(charged,)))
    assert found.effective_cost is None
    assert found.all_in_rate > 0


@pytest.mark.parametrize("pd", ["0.99999", "0.99999999"])
def test_with_default_all_but_certain_no_return_is_stated(pd: str) -> None:
    """By internal ratings next to no capital is held there, and a return on nothing is no figure."""
    with pytest.raises(Inadmissible) as refusal:
        priced(requests.quote(book(), pd=pd, asked_spread_bps=-1000), capital_method="irb_foundation")
    assert (refusal.value.fields, refusal.value.code) == (("pd",), "return_beyond_scale")
