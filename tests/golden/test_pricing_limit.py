"""Golden figures of limits: domain paper §2.2, §2.3, §3.7, rows A2, A3, A4, A24, A29; corrections §6.

They hold under every version of the model, each on a day of its own.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.application import SourceKind
from domain.finding import Outcome
from domain.limit import (
    CapitalSource,
    CashFlowSegment,
    ContractNeed,
    InvestmentNeed,
    Limit,
    LimitRequest,
    WorkingCapitalNeed,
)
from domain.money import yuan
from services.pricing.calc.conclusion import Conclusion
from services.pricing.calc.limit import limit
from services.pricing.calc.limit.capacity import discounted
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import LPR, dated, lender

AMPLE = (CashFlowSegment(from_month=1, to_month=600, revenue=yuan(50_000_000), cost=yuan(1_000_000)),)


DAYS = {"1": requests.AS_OF, "2": date(2026, 11, 2), "3": date(2026, 11, 22)}
_model = "1"


@pytest.fixture(autouse=True, params=list(DAYS))
def model(request: pytest.FixtureRequest) -> Iterator[str]:
    """The version of the model that a test is run under."""
    global _model
    _model = str(request.param)
    yield _model
    _model = "1"


def concluded(request: LimitRequest, **books: Any) -> Conclusion[Limit]:
    # The guarantors of the paper's cases can pay what they promise.
    able = {"guarantor_net_assets": yuan(1_000_000_000), "guarantees_given": yuan(0)}
    given = tuple(item.model_copy(update=able if _model != "1" else {}) for item in request.guarantees)
    on_day = request.model_copy(update={"as_of": DAYS[_model], "guarantees": given})
    conclusion = _concluded(on_day, **books)
    assert conclusion.model.version == _model
    return conclusion


def _concluded(request: LimitRequest, **books: Any) -> Conclusion[Limit]:
    return limit(
        request, book(), dated(f"lender.{request.lender_id}", lender(request.lender_id, **books)), dated("lpr", LPR)
    )


def codes(conclusion: Conclusion[Limit]) -> set[str]:
    return {reason.code for reason in conclusion.reasons}


def cap(conclusion: Conclusion[Limit], name: str) -> Any:
    assert conclusion.value is not None
    return next(item for item in conclusion.value.caps if item.name == name)


def working_capital(**changes: Any) -> WorkingCapitalNeed:
    """§2.2: 60 + 120 − 45 + 15 − 20 = 130 days on sales of 100m and cost of sales of 90m."""
    values: dict[str, Any] = {
        "revenue": yuan(100_000_000),
        "cost_of_sales": yuan(90_000_000),
        "profit": yuan(10_000_000),
        "growth": "0.20",
        "average_inventory": yuan(15_000_000),
        "average_receivables": yuan("33333333.33"),
        "average_payables": yuan(11_250_000),
        "average_prepayments": yuan(3_750_000),
        "average_advances": yuan("5555555.56"),
        "own_funds": yuan(12_000_000),
        "existing_loans": yuan(10_000_000),
        "other_funds": yuan(3_000_000),
    }
    return WorkingCapitalNeed.model_validate(values | changes)


def wc_request(need: WorkingCapitalNeed, **changes: Any) -> LimitRequest:
    values = {
        "product": "jsb_wc",
        "lender_id": "jsb",
        "need": need,
        "asked": yuan(20_000_000),
        "tenor_months": 12,
        "annual_revenue": yuan(100_000_000),
        "cash_flows": None,
        "guarantees": (requests.guarantee(500_000_000),),
    }
    return requests.limit(book(), **(values | changes))


class TestWorkingCapital:
    def test_formula(self) -> None:
        conclusion = concluded(wc_request(working_capital()))
        # The balances of the paper's days are rounded to the fen, which moves the need by less than a yuan.
        assert abs(cap(conclusion, "need").amount.amount - 14_000_000) < 1
        assert conclusion.value is not None
        assert conclusion.value.binding == "need"
        assert conclusion.value.limit in (yuan(13_990_000), yuan(14_000_000))

    def test_turnover_days_of_nought_or_less_leave_no_need(self) -> None:
        conclusion = concluded(wc_request(working_capital(average_advances=yuan(60_000_000))))
        assert cap(conclusion, "need").amount == yuan(0)
        assert conclusion.outcome is Outcome.FAIL

    def test_a_new_firm_has_no_formula(self) -> None:
        conclusion = concluded(wc_request(working_capital(revenue=yuan(0))))
        assert cap(conclusion, "need").amount is None
        assert cap(conclusion, "need").missing == ("need/revenue",)
        assert conclusion.outcome is Outcome.REFER


def test_a2_working_capital_product_cap_and_long_cycle() -> None:
    need = working_capital(own_funds=yuan(0), existing_loans=yuan(0), other_funds=yuan(0), growth="5")
    request = wc_request(
        need,
        asked=yuan(160_000_000),
        tenor_months=60,
        long_cycle_evidence=True,
        annual_revenue=yuan(1_000_000_000),
    )
    conclusion = concluded(request)
    assert conclusion.value is not None
    assert conclusion.value.limit == yuan(150_000_000)
    assert conclusion.value.tenor_months == 60
    assert conclusion.value.binding == "product"
    assert "CAP_PRODUCT" in codes(conclusion)
    without = concluded(request.model_copy(update={"long_cycle_evidence": False}))
    assert without.value is not None
    assert without.value.tenor_months == 36
    assert "REG_WC_3Y" in codes(without)


def fixed_asset(**changes: Any) -> LimitRequest:
    values: dict[str, Any] = {
        "product": "jsb_fa",
        "lender_id": "jsb",
        "asked": yuan(90_000_000),
        "tenor_months": 132,
        "cash_flows": AMPLE,
        "guarantees": (requests.guarantee(200_000_000),),
    }
    return requests.limit(book(), **(values | changes))


def test_a3_loan_to_cost_and_tenor() -> None:
    conclusion = concluded(fixed_asset())
    assert conclusion.value is not None
    assert conclusion.value.limit == yuan(80_000_000)
    assert conclusion.value.tenor_months == 120
    assert {"CAP_LTC_80", "CAP_TENOR_120"} <= codes(conclusion)


def test_a3_paid_in_capital_bounds_the_drawing_and_not_the_limit() -> None:
    """Corrections §2, A3: capital is used pro rata; 10m of 20m paid carries 40m."""
    need = InvestmentNeed(
        headline_investment=yuan(100_000_000),
        uses_total=yuan(100_000_000),
        sources_total=yuan(100_000_000),
        eligible_capital=yuan(20_000_000),
        paid_in_capital=yuan(10_000_000),
    )
    conclusion = concluded(fixed_asset(need=need))
    assert conclusion.value is not None
    assert conclusion.value.limit == yuan(80_000_000)
    assert conclusion.value.project_capital is not None
    assert conclusion.value.project_capital.drawable == yuan(40_000_000)
    assert conclusion.outcome is Outcome.PASS
    assert "PAID_IN_BOUNDS_DRAWING" in codes(conclusion)


def test_a29_loan_to_cost_is_taken_of_what_the_uses_add_up_to() -> None:
    need = InvestmentNeed(
        headline_investment=yuan(1_080_000_000),
        uses_total=yuan(1_000_000_000),
        sources_total=None,
        eligible_capital=yuan(200_000_000),
        paid_in_capital=yuan(200_000_000),
    )
    conclusion = concluded(fixed_asset(asked=yuan(900_000_000), need=need))
    assert cap(conclusion, "need").amount == yuan(800_000_000)
    gap = next(reason for reason in conclusion.reasons if reason.code == "USES_GAP")
    assert "80,000,000.00" in gap.message_en


def order(**changes: Any) -> LimitRequest:
    contract: dict[str, Any] = {
        "amount": yuan(10_000_000),
        "advance_received": yuan(0),
        "retention": yuan(0),
        "collected": yuan(0),
        "cost_to_complete": yuan(9_500_000),
        "collectible_within_tenor": yuan(10_000_000),
        "buyer_tier": "tier_1",
        "firm": True,
        "buyer_related": False,
    }
    return requests.limit(
        book(),
        product="jsb_order",
        lender_id="jsb",
        asked=yuan(9_000_000),
        tenor_months=12,
        cash_flows=None,
        need=ContractNeed.model_validate(contract | changes),
    )


class TestOrderFinancing:
    """Row A4 and its correction."""

    def test_four_fifths_of_a_firm_contract(self) -> None:
        conclusion = concluded(order())
        assert conclusion.value is not None
        assert conclusion.value.limit == yuan(8_000_000)
        assert cap(conclusion, "need").code == "CAP_CONTRACT_80"

    def test_advance_and_retention_leave_the_base(self) -> None:
        conclusion = concluded(order(advance_received=yuan(3_000_000), retention=yuan(500_000)))
        assert cap(conclusion, "need").amount == yuan(5_200_000)

    def test_what_is_collectible_in_the_tenor(self) -> None:
        conclusion = concluded(order(collectible_within_tenor=yuan(5_000_000)))
        assert cap(conclusion, "need").amount == yuan(4_000_000)
        assert cap(conclusion, "need").code == "CAP_COLLECTIBLE_80"

    def test_never_more_than_it_costs_to_complete(self) -> None:
        conclusion = concluded(order(cost_to_complete=yuan(6_000_000)))
        assert cap(conclusion, "need").amount == yuan(6_000_000)
        assert cap(conclusion, "need").code == "CAP_COST_TO_COMPLETE"

    @pytest.mark.parametrize(
        ("change", "code"), [({"firm": False}, "ORDER_NOT_FIRM"), ({"buyer_related": True}, "BUYER_RELATED")]
    )
    def test_what_is_no_order_finances_nothing(self, change: dict[str, Any], code: str) -> None:
        conclusion = concluded(order(**change))
        assert conclusion.outcome is Outcome.FAIL
        assert code in codes(conclusion)

    def test_an_unknown_retention_refers_by_name(self) -> None:
        conclusion = concluded(order(retention=None))
        assert conclusion.outcome is Outcome.REFER
        assert cap(conclusion, "need").missing == ("need/retention",)


class TestConcentration:
    """Domain paper §2.3 and row A24."""

    def test_ten_per_cent_of_net_capital(self) -> None:
        books = requests.exposures(
            customer_loans=yuan(250_000_000),
            customer_exposure=yuan(250_000_000),
            group_exposure=yuan(250_000_000),
            net_capital=yuan(2_800_000_000),
            tier1_capital=yuan(2_400_000_000),
        )
        conclusion = concluded(fixed_asset(asked=yuan(40_000_000), tenor_months=60, exposures=books))
        assert cap(conclusion, "regulatory").amount == yuan(30_000_000)
        assert cap(conclusion, "regulatory").code == "LEX_SINGLE_10"
        assert conclusion.value is not None
        assert conclusion.value.limit == yuan(30_000_000)

    @pytest.mark.parametrize(("net_capital", "fits"), [(2_800_000_000, True), (2_799_000_000, False)])
    def test_a24_needs_net_capital_of_2_8bn(self, net_capital: int, fits: bool) -> None:
        need = InvestmentNeed(
            headline_investment=yuan(350_000_000),
            uses_total=yuan(350_000_000),
            sources_total=yuan(350_000_000),
            eligible_capital=yuan(70_000_000),
            paid_in_capital=yuan(70_000_000),
        )
        request = requests.limit(
            book(),
            asked=yuan(280_000_000),
            need=need,
            cash_flows=AMPLE,
            guarantees=(requests.guarantee(400_000_000),),
            exposures=requests.exposures(net_capital=yuan(net_capital)),
        )
        conclusion = concluded(request)
        assert conclusion.value is not None
        assert (conclusion.value.limit == yuan(280_000_000)) is fits
        assert ("LEX_SINGLE_10" in codes(conclusion)) is not fits

    def test_a_lessor_is_held_to_its_own_ratios(self) -> None:
        books = requests.exposures(net_capital=yuan(100_000_000))
        conclusion = concluded(fixed_asset(exposures=books), licence="finance_lease")
        assert cap(conclusion, "regulatory").amount == yuan(30_000_000)
        assert cap(conclusion, "regulatory").code == "FL_SINGLE_30"


def test_g_gpu_1_cash_alone_carries_75_3_per_cent() -> None:
    """§3.7: contract cash flow of 53,245.50 a month over 36 months at 3.85 % and a DSCR of 1.20."""
    segment = CashFlowSegment(from_month=1, to_month=36, revenue=yuan("68260.50"), cost=yuan("15015.00"))
    assert round(discounted((segment,), 36, Decimal("0.0385"), Decimal("1.20"))) == 1_506_290


class TestProjectThatLooksLikeEightyPerCent:
    """Corrections §6."""

    SOURCES = (
        CapitalSource(kind=SourceKind.OWN_CASH, amount=yuan(20_000_000), paid_in=yuan(20_000_000), traced=True),
        CapitalSource(kind=SourceKind.SPECIAL_BOND, amount=yuan(21_000_000), paid_in=yuan(0), traced=True),
        CapitalSource(kind=SourceKind.POLICY_INSTRUMENT, amount=yuan(14_000_000), paid_in=yuan(0), traced=True),
        CapitalSource(kind=SourceKind.SHAREHOLDER_LOAN, amount=yuan(15_000_000), paid_in=yuan(0), traced=True),
        CapitalSource(kind=SourceKind.BANK_LOAN, amount=yuan(280_000_000)),
    )
    COLLATERAL = (
        requests.asset("civil", "civil_works", 60_000_000, "0.60"),
        requests.asset("power", "power_cooling", 50_000_000, "0.50"),
        requests.asset("gpu", "gpu_server", 200_000_000, "0.358"),
        requests.asset("soft", "software", 20_000_000, "0.20"),
    )

    def request(self, **changes: Any) -> LimitRequest:
        values: dict[str, Any] = {
            "asked": yuan(280_000_000),
            "tenor_months": 120,
            "need": InvestmentNeed(
                headline_investment=yuan(350_000_000),
                uses_total=yuan(330_000_000),
                sources_total=yuan(350_000_000),
                eligible_capital=None,
                paid_in_capital=None,
                sources=self.SOURCES,
            ),
            "cash_flows": AMPLE,
            "collateral": self.COLLATERAL,
            "guarantees": (),
            "card_class": "C",
            "limit_multiplier": "0.30",
        }
        return requests.limit(book(), **(values | changes))

    def test_uses_gap_and_loan_to_cost(self) -> None:
        conclusion = concluded(self.request())
        assert cap(conclusion, "need").amount == yuan(264_000_000)
        gap = next(reason for reason in conclusion.reasons if reason.code == "USES_GAP")
        assert "20,000,000.00" in gap.message_zh

    def test_capital_is_short_by_the_shareholder_loan(self) -> None:
        conclusion = concluded(self.request())
        assert conclusion.value is not None
        capital = conclusion.value.project_capital
        assert capital is not None
        assert capital.required == yuan(66_000_000)
        assert capital.eligible == yuan(55_000_000)
        assert capital.short == yuan(11_000_000)
        assert conclusion.outcome is Outcome.REFER
        assert {"PROJECT_CAPITAL_SHORT", "CAPITAL_DEBT_SOURCE"} <= codes(conclusion)

    def test_r17_capital_the_owners_borrowed_does_not_count(self) -> None:
        """The 20m of cash traced back twelve months count; borrowed, or traced for less, they leave 35.0m and 31.0m short."""
        cash, *others = self.SOURCES
        assert cash.kind is SourceKind.OWN_CASH

        def capital(**origin: Any) -> tuple[Any, set[str]]:
            need = self.request().need.model_copy(
                update={"sources": (cash.model_copy(update=origin), *others)}  # type: ignore[union-attr]
            )
            conclusion = concluded(self.request(need=need))
            assert conclusion.value is not None
            standing = conclusion.value.project_capital
            assert standing is not None
            return (standing.eligible, standing.short), codes(conclusion)

        assert capital(borrowed=False, traced_months=12)[0] == (yuan(55_000_000), yuan(11_000_000))
        lost, said = capital(borrowed=True, traced_months=24)
        assert lost == (yuan(35_000_000), yuan(31_000_000))
        assert "CAPITAL_BORROWED" in said
        lost, said = capital(borrowed=False, traced_months=11)
        assert lost == (yuan(35_000_000), yuan(31_000_000))
        assert "CAPITAL_TRACED_TOO_SHORT" in said
        assert capital(borrowed=False, traced_months=None)[0] == (None, None)

    def test_first_drawing_is_four_times_what_is_paid(self) -> None:
        conclusion = concluded(self.request())
        assert conclusion.value is not None
        assert conclusion.value.project_capital is not None
        assert conclusion.value.project_capital.paid_in == yuan(20_000_000)
        assert conclusion.value.project_capital.drawable == yuan(80_000_000)

    def test_tranches_end_long_before_the_loan(self) -> None:
        conclusion = concluded(self.request())
        assert conclusion.value is not None
        assert {item.asset_kind: item.tenor_months for item in conclusion.value.tranches} == {
            "civil_works": 120,
            "power_cooling": 96,
            "gpu_server": 48,
            "software": 24,
        }
        assert [item.amount for item in conclusion.value.tranches] == [
            yuan(71_600_000),
            yuan(25_000_000),
            yuan(36_000_000),
            yuan(4_000_000),
        ]

    def test_collateral_binds_without_an_unsecured_quota(self) -> None:
        conclusion = concluded(self.request())
        assert cap(conclusion, "collateral").amount == yuan(136_600_000)
        assert conclusion.value is not None
        assert conclusion.value.limit == yuan(136_600_000)
        assert conclusion.value.binding == "collateral"

    def test_264m_needs_a_valid_guarantee_of_127_4m(self) -> None:
        enough = concluded(self.request(guarantees=(requests.guarantee(127_400_000),)))
        assert enough.value is not None
        assert enough.value.limit == yuan(264_000_000)
        less = concluded(self.request(guarantees=(requests.guarantee(127_390_000),)))
        assert less.value is not None
        assert less.value.limit == yuan(263_990_000)

    def test_a_listed_guarantor_without_announcement_counts_nothing(self) -> None:
        conclusion = concluded(self.request(guarantees=(requests.guarantee(127_400_000, valid=False),)))
        assert conclusion.value is not None
        assert conclusion.value.limit == yuan(136_600_000)
        assert "GUARANTEE_NOT_VALID" in codes(conclusion)
