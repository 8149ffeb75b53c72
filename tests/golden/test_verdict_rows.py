"""Rows A23, A29 and E8: a covenant that attaches itself, sources and uses that do not reconcile, and a loss that is shared."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.application import ApplicationContent, Repayment, RepaymentMethod
from domain.facility import ConditionKind, ConditionTerm, PricedTerms
from domain.limit import InvestmentNeed
from domain.money import yuan
from domain.requests.pricing import quote_request
from policy.engine import Bundle
from services.origination.calc.opening import attached, condition_terms
from services.origination.calc.terms import OfferTerms, clauses
from services.pricing.calc.limit import limit
from services.pricing.calc.price import quote
from services.pricing.calc.price.build_up import Books
from services.pricing.calc.price.portfolio import columns_of
from services.pricing.calc.price.repricing import reprice
from tests.pricing import requests
from tests.pricing.dossiers import content, dossier
from tests.pricing.vintages import FTP, LPR, dated, lender

BEFORE, ON = date(2026, 11, 19), date(2026, 11, 20)


def offer(conditions: tuple[ConditionTerm, ...]) -> OfferTerms:
    """An offer with these conditions."""
    return OfferTerms(
        case_number="SD2026-YC-000001",
        lender_id="nxb",
        lender_name="宁夏银行",
        borrower_name="借款人",
        borrower_uscc="91640500MA76XY1205",
        product="nxb_project_loan",
        amount=yuan(1_000_000),
        tenor_months=96,
        purpose="compute_centre_construction",
        repayment=Repayment(method=RepaymentMethod.ANNUITY),
        price=PricedTerms(all_in_rate=Decimal("0.04"), base_rate="5Y", margin_bps=50),
        comprehensive_cost=None,
        instalments=32,
        total_interest=yuan(1),
        conditions=conditions,
        approval_conditions=(),
        offered_on=ON,
        valid_until=date(2026, 12, 20),
    )


# --- A23 --------------------------------------------------------------------------------------------------------------


def contracts(*shares: str | None, one_buyer: bool = False) -> ApplicationContent:
    """Contracts with these shares of the borrower's income, each with another buyer or all with one."""
    buyers = ("91110108MA01BYAX4X", "91440305MA5FBYBX20", "91640500MA76XY1205")
    return ApplicationContent.model_validate(
        {
            "lender_id": "nxb",
            "contracts": [
                {
                    "key": f"contract-{index}",
                    "number": f"C-{index}",
                    "buyer_name": "示例买方",
                    "buyer_uscc": buyers[0 if one_buyer else index],
                    "revenue_share": {"state": "unknown"} if share is None else {"value": share},
                }
                for index, share in enumerate(shares)
            ],
        }
    )


@pytest.mark.parametrize(
    ("shares", "one_buyer", "attaches"),
    [
        (("0.51",), False, True),
        (("0.50",), False, False),
        (("0.30", "0.30"), False, False),
        # Two contracts of one end customer are one customer.
        (("0.30", "0.30"), True, True),
        # What nobody knows is watched as well; who has no contract has no end customer.
        ((None, "0.10"), False, True),
        ((), False, False),
    ],
)
def test_a23_above_half_of_one_end_customer_the_covenant_attaches_itself(
    bundle: Bundle, shares: tuple[str | None, ...], one_buyer: bool, attaches: bool
) -> None:
    terms = attached(bundle, ON, contracts(*shares, one_buyer=one_buyer))
    assert [(term.code, term.kind) for term in terms] == (
        [("OFFTAKER_CONC", ConditionKind.UNDERTAKING)] if attaches else []
    )


def test_a23_the_day_before_nothing_attaches_itself(bundle: Bundle) -> None:
    assert attached(bundle, BEFORE, contracts("0.90")) == ()


def test_a23_the_covenant_is_a_clause_of_the_agreement(bundle: Bundle) -> None:
    terms = condition_terms(bundle, "nxb_project_loan", ON, contracts("0.62"))
    [clause] = [item for item in clauses(offer(terms)) if item.code == "OFFTAKER_CONC"]
    assert clause.kind == "undertaking"
    assert clause.text_en.startswith("For as long as the facility lasts: While one end customer is above half")


# --- A29 --------------------------------------------------------------------------------------------------------------


def test_a29_uses_of_10_0_against_10_8_leave_a_gap_of_0_8_and_80_per_cent_of_10_0(bundle: Bundle) -> None:
    """浙江某公司 甘肃大数据云中心: 3.5 + 6.5 = 10.0 (亿) against 10.8; the gap is told and stops nothing."""
    need = InvestmentNeed(
        headline_investment=yuan(1_080_000_000),
        uses_total=yuan(350_000_000) + yuan(650_000_000),
        sources_total=yuan(1_080_000_000),
        eligible_capital=yuan(216_000_000),
        paid_in_capital=yuan(216_000_000),
    )
    asked = requests.limit(bundle, as_of=ON, asked=yuan(900_000_000), need=need)
    concluded = limit(asked, bundle, dated("lender.nxb", lender()), dated("lpr", LPR))
    assert concluded.value is not None
    cap = next(item for item in concluded.value.caps if item.name == "need")
    assert (cap.amount, cap.code) == (yuan(800_000_000), "CAP_LTC_80")
    gap = next(reason for reason in concluded.reasons if reason.code == "USES_GAP")
    assert gap.message_en.endswith("a gap of 80,000,000.00 CNY")
    assert not {"PROJECT_CAPITAL_SHORT", "SOURCES_SHORT"} & {reason.code for reason in concluded.reasons}


# --- E8 ---------------------------------------------------------------------------------------------------------------


def guarantee(**changes: Any) -> dict[str, Any]:
    """A guarantee company that stands for the 280 million of the loan at 80 % of every loss, its resolution on file."""
    given = {
        "party_key": "parent",
        "amount": {"amount": "280000000.00", "currency": "CNY"},
        "share": "0.80",
        "resolution_sha256": "a" * 64,
        "net_assets": {"value": {"amount": "900000000.00", "currency": "CNY"}},
        "guarantees_given": {"value": {"amount": "0.00", "currency": "CNY"}},
        "risk_sharing": True,
    }
    return given | changes


@pytest.mark.parametrize(
    ("shared", "loss_given_default", "expected_loss"),
    [
        # Unsecured 40 %; of 80 % shared the lender's loss is 40 % × 20 % = 8 %, and PD 1 % × 8 % = 0.08 %.
        (None, "0.40", "0.0040"),
        ("0.80", "0.08", "0.0008"),
        ("1", "0", "0"),
    ],
)
def test_e8_of_80_per_cent_shared_the_lender_loses_on_20(
    bundle: Bundle, shared: str | None, loss_given_default: str, expected_loss: str
) -> None:
    asked = requests.quote(bundle, as_of=ON, risk_shared=shared)
    concluded = quote(asked, bundle, dated("lender.nxb", lender()), dated("lpr", LPR), dated("ftp", FTP))
    assert concluded.value is not None
    told = next(step for step in concluded.trace if step.step.endswith("/expected_loss"))
    assert Decimal(told.inputs["lgd"]) == Decimal(loss_given_default)
    parts = {item.name: item.rate for item in concluded.value.components}
    assert parts["expected_loss"] == Decimal(expected_loss)
    portfolio = reprice(columns_of((asked,), bundle, lender()), Books(lender(), LPR, FTP))
    assert portfolio.term("expected_loss", 0) == Decimal(expected_loss), (
        "a portfolio shares losses as a single quote does"
    )


@pytest.mark.parametrize(
    ("change", "shared"),
    [
        ({}, "0.80000000"),
        # It stands for half of the loan only: 80 % of half.
        ({"amount": {"amount": "140000000.00", "currency": "CNY"}}, "0.40000000"),
        # Its own means bound it: 84 of 280.
        ({"net_assets": {"value": {"amount": "84000000.00", "currency": "CNY"}}}, "0.30000000"),
        # An ordinary guarantee is security and shares no loss from the first yuan; a void or unknown one bears nothing.
        ({"risk_sharing": None}, None),
        ({"resolution_sha256": None}, None),
        ({"net_assets": {"state": "unknown"}}, None),
    ],
)
def test_e8_only_a_valid_guarantor_that_shares_and_can_pay_bears_a_loss(
    change: dict[str, Any], shared: str | None
) -> None:
    case = dossier(content(guarantees=[guarantee(**change)]))
    assert quote_request(case, ON).risk_shared == (None if shared is None else Decimal(shared))


@pytest.mark.parametrize(
    ("worth", "shared"),
    [
        # 80 % of 140 and of 140 million are 224 of the 280 that are granted.
        ("900000000.00", "0.80000000"),
        # A guarantor of 140 million pays no more than that, however many papers it signs.
        ("140000000.00", "0.50000000"),
    ],
)
def test_e8_two_guarantees_of_one_guarantor_are_worth_what_it_can_pay_once(worth: str, shared: str) -> None:
    half = {"amount": "140000000.00", "currency": "CNY"}
    change = {"amount": half, "net_assets": {"value": {"amount": worth, "currency": "CNY"}}}
    case = dossier(content(guarantees=[guarantee(**change), guarantee(**change)]))
    assert quote_request(case, ON).risk_shared == Decimal(shared)


def test_e8_in_the_limit_a_guarantee_counts_for_the_share_it_bears(bundle: Bundle) -> None:
    """80 % of 50 million: 40 million beside no other security, for a class that owes nothing unsecured."""
    given = requests.guarantee(50_000_000, share="0.80").model_copy(
        update={"guarantor_net_assets": yuan(900_000_000), "guarantees_given": yuan(0)}
    )
    asked = requests.limit(bundle, as_of=ON, collateral=(), card_class="C", guarantees=(given,))
    concluded = limit(asked, bundle, dated("lender.nxb", lender()), dated("lpr", LPR))
    assert concluded.value is not None
    assert next(cap.amount for cap in concluded.value.caps if cap.name == "collateral") == yuan(40_000_000)
