"""Limits of version 2: what version 1 let pass, each with the figures that show it; and what no limit may ever do."""

from datetime import date
from decimal import Decimal
from itertools import product as combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.finding import Outcome
from domain.limit import (
    CapName,
    CashFlowSegment,
    GuaranteeContribution,
    InvestmentNeed,
    JointCredit,
    Limit,
    LimitRequest,
    WorkingCapitalNeed,
)
from domain.money import Money, yuan
from policy.engine import Bundle, PolicyFaults
from services.pricing.calc.conclusion import Conclusion
from services.pricing.calc.limit import limit
from tests.golden.test_pricing_limit import working_capital
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import LPR, dated, lender

ON = date(2026, 11, 2)
ORDER = [name.value for name in CapName]


def concluded(request: LimitRequest, bundle: Bundle | None = None) -> Conclusion[Limit]:
    lender_of = dated(f"lender.{request.lender_id}", lender(request.lender_id))
    conclusion = limit(request, bundle or book(), lender_of, dated("lpr", LPR))
    assert conclusion.model.version == "2"
    return conclusion


def value(request: LimitRequest) -> Limit:
    found = concluded(request).value
    assert found is not None
    return found


def cap(conclusion: Conclusion[Limit], name: str) -> Any:
    assert conclusion.value is not None
    return next(item for item in conclusion.value.caps if item.name == name)


def codes(conclusion: Conclusion[Limit]) -> set[str]:
    return {reason.code for reason in conclusion.reasons}


def guarantee(amount: Any, worth: Any = 10**12, given_already: Any = 0, **changes: Any) -> GuaranteeContribution:
    values: dict[str, Any] = {
        "party_key": "parent",
        "amount": yuan(amount),
        "share": "1",
        "valid": True,
        "guarantor_net_assets": None if worth is None else yuan(worth),
        "guarantees_given": None if given_already is None else yuan(given_already),
    }
    return GuaranteeContribution.model_validate(values | changes)


def project(**changes: Any) -> LimitRequest:
    return requests.limit(book(), **({"as_of": ON, "guarantees": (guarantee(60_000_000),)} | changes))


def trade(need: WorkingCapitalNeed | None = None, **changes: Any) -> LimitRequest:
    """Working capital of a firm that could repay and secure far more than it needs."""
    values: dict[str, Any] = {
        "product": "jsb_wc",
        "lender_id": "jsb",
        "as_of": ON,
        "need": need or working_capital(),
        "asked": yuan(20_000_000),
        "tenor_months": 12,
        "annual_revenue": yuan(100_000_000),
        "cash_flows": None,
        "guarantees": (guarantee(500_000_000),),
    }
    return requests.limit(book(), **(values | changes))


class TestWorkingCapitalNeed:
    """§2.2 and its edges."""

    def test_the_turnover_is_shown_to_its_printed_digits(self) -> None:
        steps = {step.step: step for step in concluded(trade()).trace}
        assert round(Decimal(steps["limit/need/turnovers"].result), 6) == Decimal("2.769231")
        assert steps["limit/need/margin"].result == "0.1"

    def test_without_a_prior_years_sales_nothing_is_measured_and_nothing_is_nought(self) -> None:
        conclusion = concluded(trade(working_capital(revenue=yuan(0)), annual_revenue=yuan(0)))
        assert conclusion.outcome is Outcome.REFER
        assert cap(conclusion, "need").missing == ("need/revenue",)
        assert cap(conclusion, "capacity").missing == ("annual_revenue",)
        assert {reason.subject for reason in conclusion.reasons if reason.code == "NO_PRIOR_YEAR_SALES"} == {
            "need/revenue",
            "annual_revenue",
        }
        # The figures are known; nobody is asked for them.
        assert "FACT_ABSENT" not in codes(conclusion)

    def test_balances_without_cost_of_sales_refer(self) -> None:
        conclusion = concluded(trade(working_capital(cost_of_sales=yuan(0))))
        assert conclusion.outcome is Outcome.REFER
        assert "NO_COST_OF_SALES" in codes(conclusion)

    def test_both_at_once(self) -> None:
        conclusion = concluded(trade(working_capital(revenue=yuan(0), cost_of_sales=yuan(0))))
        assert cap(conclusion, "need").missing == ("need/revenue", "need/cost_of_sales")
        assert {"NO_PRIOR_YEAR_SALES", "NO_COST_OF_SALES"} <= codes(conclusion)

    def test_no_cost_of_sales_and_no_balances_is_a_trader_on_receivables(self) -> None:
        bare = {name: yuan(0) for name in ("cost_of_sales", "average_inventory", "average_prepayments")}
        conclusion = concluded(trade(working_capital(**bare, average_payables=yuan(0))))
        assert cap(conclusion, "need").amount is not None

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"average_advances": yuan(60_000_000)}, "NO_TURNOVER_GAP"),
            ({"profit": yuan(100_000_000)}, "MARGIN_NOT_BELOW_ONE"),
            ({"profit": yuan(130_000_000)}, "MARGIN_NOT_BELOW_ONE"),
            ({"growth": "-1"}, "SALES_EXPECTED_TO_VANISH"),
            ({"existing_loans": yuan(24_000_000)}, "NEED_FINANCED_ALREADY"),
        ],
    )
    def test_why_nothing_is_needed_is_said(self, change: dict[str, Any], code: str) -> None:
        conclusion = concluded(trade(working_capital(**change)))
        assert cap(conclusion, "need").amount == yuan(0)
        assert conclusion.outcome is Outcome.FAIL
        assert {"CAP_WC_NEED", code} <= codes(conclusion)

    def test_two_negatives_make_no_need(self) -> None:
        """More profit than sales and more advances than everything else: version 1 lent on the product of the two."""
        none = {name: yuan(0) for name in ("own_funds", "existing_loans", "other_funds")}
        need = working_capital(profit=yuan(150_000_000), average_advances=yuan(90_000_000), **none)
        conclusion = concluded(trade(need))
        assert cap(conclusion, "need").amount == yuan(0)
        assert {"NO_TURNOVER_GAP", "MARGIN_NOT_BELOW_ONE"} <= codes(conclusion)
        before = limit(trade(need, as_of=requests.AS_OF), book(), dated("lender.jsb", lender("jsb")), dated("lpr", LPR))
        assert cap(before, "need").amount > yuan(0)

    def test_falling_sales_need_less(self) -> None:
        level, falling = (
            cap(concluded(trade(working_capital(growth=growth))), "need").amount for growth in ("0", "-0.15")
        )
        # W = 90m × 130 ÷ 360 = 32.5m, then 27.625m; 25m is there already.
        assert round(level.amount) == 7_500_000
        assert round(falling.amount) == 2_625_000

    def test_advances_received_finance_trade(self) -> None:
        less, more = (
            cap(concluded(trade(working_capital(average_advances=yuan(amount)))), "need").amount
            for amount in (5_000_000, 6_000_000)
        )
        # A million more is 3.6 days: 90m × 1.2 × 3.6 ÷ 360.
        assert less.amount - more.amount == 1_080_000


def with_product(**changes: Any) -> Bundle:
    """The book with 江苏银行's working-capital product measured another way."""
    data = book().canonical()
    for item in data["files"]:
        if (item["kind"], item["id"]) == ("product", "jsb_wc"):
            for name, text in changes.items():
                item.pop(name, None) if text is None else item.update({name: text})
    return Bundle.from_canonical(data)


class TestCapacity:
    BY_CASH: Any = {"capacity": "operating_cash", "operating_cash_multiple": "2.0", "revenue_share": None}

    def test_by_operating_cash_flow(self) -> None:
        request = trade(operating_cash_flow=yuan(6_000_000))
        conclusion = concluded(request, with_product(**self.BY_CASH))
        assert cap(conclusion, "capacity").amount == yuan(12_000_000)
        assert conclusion.value is not None
        assert (conclusion.value.binding, conclusion.value.limit) == ("capacity", yuan(12_000_000))

    @pytest.mark.parametrize(("flow", "amount"), [(yuan(-1), yuan(0)), (None, None)])
    def test_a_loss_repays_nothing_and_an_unknown_flow_is_named(self, flow: Money | None, amount: Money | None) -> None:
        conclusion = concluded(trade(operating_cash_flow=flow), with_product(**self.BY_CASH))
        assert cap(conclusion, "capacity").amount == amount
        assert conclusion.outcome is (Outcome.REFER if flow is None else Outcome.FAIL)

    def test_a_product_that_measures_operating_cash_says_how_often_it_counts(self) -> None:
        with pytest.raises(PolicyFaults, match="operating_cash_multiple"):
            with_product(**(self.BY_CASH | {"operating_cash_multiple": None}))

    def test_a_loss_after_the_loan_could_be_repaid_is_shown_to_a_person(self) -> None:
        earns = CashFlowSegment(from_month=1, to_month=24, revenue=yuan(3_000_000), cost=yuan(500_000))
        loses = CashFlowSegment(from_month=25, to_month=60, revenue=yuan(0), cost=yuan(400_000))
        long = concluded(project(cash_flows=(earns, loses), tenor_months=60))
        short = concluded(project(cash_flows=(earns, loses), tenor_months=24))
        assert cap(long, "capacity").amount == cap(short, "capacity").amount
        assert long.outcome is Outcome.REFER
        assert "CASH_FLOW_LOSS_AFTER" in codes(long)
        assert "24" in next(item.message_en for item in long.reasons if item.code == "CASH_FLOW_LOSS_AFTER")
        assert "CASH_FLOW_LOSS_AFTER" not in codes(short)

    def test_five_years_are_discounted_like_five_and_a_month(self) -> None:
        """At 1Y LPR five years were worth more than 61 months at 5Y LPR, where the cash came early."""
        early = (CashFlowSegment(from_month=1, to_month=30, revenue=yuan(1_000_000), cost=yuan(0)),)
        five, more = (
            cap(concluded(project(cash_flows=early, tenor_months=months)), "capacity").amount for months in (60, 61)
        )
        assert five == more


class TestCollateral:
    def test_the_unsecured_quota_is_a_share_of_the_limit(self) -> None:
        """Class A: 30 % of the limit without security. 28m of security carry 40m of the 80m asked for, not 52m."""
        secured = {"collateral": (requests.asset("hall", "civil_works", 46_666_666, "0.60"),), "guarantees": ()}
        granted = value(project(asked=yuan(80_000_000), **secured))
        class_a = next(item for item in book().scorecard("card_jsb_v1", ON).classes if item.id == "A")
        carried = Decimal("27999999.60")
        assert granted.binding == "collateral"
        assert granted.limit.amount - carried <= granted.limit.amount * class_a.unsecured_share
        before = value_of_model_1(requests.limit(book(), asked=yuan(80_000_000), **secured))
        assert before.limit.amount - carried > before.limit.amount * class_a.unsecured_share

    def test_the_quota_does_not_grow_with_what_is_asked(self) -> None:
        caps = {cap(concluded(project(asked=yuan(asked))), "collateral").amount for asked in (10**7, 10**8, 10**9)}
        assert len(caps) == 1

    @pytest.mark.parametrize(
        ("worth", "given_already", "counts"),
        [(200_000_000, 0, 60_000_000), (50_000_000, 20_000_000, 30_000_000), (20_000_000, 30_000_000, 0)],
    )
    def test_a_guarantee_counts_what_its_guarantor_could_pay(self, worth: int, given_already: int, counts: int) -> None:
        request = project(collateral=(), card_class="C", guarantees=(guarantee(60_000_000, worth, given_already),))
        conclusion = concluded(request)
        assert cap(conclusion, "collateral").amount == yuan(counts)
        assert ("GUARANTOR_CAPACITY" in codes(conclusion)) is (counts < 60_000_000)

    def test_one_guarantor_has_one_capacity(self) -> None:
        twice = (guarantee(40_000_000, 50_000_000), guarantee(30_000_000, 50_000_000))
        assert cap(concluded(project(collateral=(), card_class="C", guarantees=twice)), "collateral").amount == yuan(
            50_000_000
        )
        two = (twice[0], twice[1].model_copy(update={"party_key": "founder"}))
        assert cap(concluded(project(collateral=(), card_class="C", guarantees=two)), "collateral").amount == yuan(
            70_000_000
        )

    def test_e8_four_fifths_of_a_loss_are_four_fifths_of_a_guarantee(self) -> None:
        request = project(collateral=(), card_class="C", guarantees=(guarantee(50_000_000, share="0.80"),))
        assert cap(concluded(request), "collateral").amount == yuan(40_000_000)

    def test_a_guarantor_nobody_knows_refers_by_name(self) -> None:
        conclusion = concluded(project(guarantees=(guarantee(1, None, None),)))
        assert conclusion.outcome is Outcome.REFER
        assert cap(conclusion, "collateral").missing == (
            "guarantees/parent/guarantor_net_assets",
            "guarantees/parent/guarantees_given",
        )

    def test_a_void_guarantees_guarantor_is_not_asked_for_its_accounts(self) -> None:
        conclusion = concluded(project(guarantees=(guarantee(1, None, None, valid=False),)))
        assert cap(conclusion, "collateral").missing == ()
        assert cap(conclusion, "collateral").amount is not None

    def test_an_asset_carries_no_more_than_its_eligible_base(self) -> None:
        order = requests.asset("order", "compute_order", 50_000_000, "0.80")
        bounded = order.model_copy(update={"carries_at_most": yuan(25_000_000)})
        free, held = (
            cap(concluded(project(collateral=(item,), guarantees=(), card_class="C")), "collateral").amount
            for item in (order, bounded)
        )
        assert (free, held) == (yuan(40_000_000), yuan(25_000_000))


class TestJointCredit:
    """联合授信: three lenders and 5bn, this loan included."""

    @pytest.mark.parametrize(
        ("joint", "missing"),
        [
            (JointCredit(lenders=1, total_financing=yuan(9_000_000_000)), ()),
            (JointCredit(lenders=5, total_financing=yuan(4_919_999_999)), ()),
            (JointCredit(lenders=2, total_financing=yuan(4_920_000_000)), ("joint_credit/ceiling",)),
            (JointCredit(lenders=None, total_financing=yuan(1)), ()),
            (JointCredit(lenders=None, total_financing=yuan(5_000_000_000)), ("joint_credit/lenders",)),
            (
                JointCredit(lenders=None, total_financing=None),
                ("joint_credit/lenders", "joint_credit/total_financing"),
            ),
            (
                JointCredit(lenders=2, total_financing=None, ceiling=yuan(1)),
                ("joint_credit/total_financing",),
            ),
        ],
    )
    def test_a_ceiling_that_is_due_is_asked_for(self, joint: JointCredit, missing: tuple[str, ...]) -> None:
        assert cap(concluded(project(joint_credit=joint)), "regulatory").missing == missing

    def test_what_the_ceiling_leaves(self) -> None:
        joint = JointCredit(lenders=2, total_financing=yuan(5_950_000_000), ceiling=yuan(6_000_000_000))
        conclusion = concluded(project(joint_credit=joint))
        assert cap(conclusion, "regulatory").amount == yuan(50_000_000)
        assert cap(conclusion, "regulatory").code == "JOINT_CREDIT_CEILING"
        assert conclusion.value is not None
        assert (conclusion.value.binding, conclusion.value.limit) == ("regulatory", yuan(50_000_000))

    def test_a_ceiling_used_up_lends_nothing(self) -> None:
        joint = JointCredit(lenders=2, total_financing=yuan(7_000_000_000), ceiling=yuan(6_000_000_000))
        conclusion = concluded(project(joint_credit=joint))
        assert conclusion.outcome is Outcome.FAIL
        assert "JOINT_CREDIT_CEILING" in codes(conclusion)


class TestTheOneThatBinds:
    def test_of_equal_caps_the_first_binds_and_the_others_are_named(self) -> None:
        books = requests.exposures(net_capital=yuan(800_000_000))
        conclusion = concluded(project(asked=yuan(100_000_000), exposures=books))
        assert conclusion.value is not None
        assert (conclusion.value.binding, conclusion.value.tied) == ("need", (CapName.REGULATORY,))

    def test_what_was_asked_for_binds_before_equal_caps(self) -> None:
        found = value(project(asked=yuan(80_000_000)))
        assert (found.binding, found.tied) == ("asked", (CapName.NEED,))

    @pytest.mark.parametrize(
        ("asked", "granted", "code"),
        [("9999.99", "0", "LIMIT_BELOW_STEP"), ("10009.99", "10000", "ROUNDED_DOWN"), ("20000", "20000", None)],
    )
    def test_where_a_remainder_went(self, asked: str, granted: str, code: str | None) -> None:
        conclusion = concluded(project(asked=yuan(asked)))
        assert conclusion.value is not None
        assert conclusion.value.limit == yuan(granted)
        assert codes(conclusion) & {"LIMIT_BELOW_STEP", "ROUNDED_DOWN"} == ({code} if code else set())
        assert conclusion.outcome is (Outcome.FAIL if granted == "0" else Outcome.PASS)

    def test_figures_beyond_every_amount_bound_nothing_and_break_nothing(self) -> None:
        most = yuan("999999999999999999.99")
        rich = working_capital(
            revenue=most, cost_of_sales=yuan(1), growth="100", average_inventory=most, average_advances=yuan(0)
        )
        assert value(trade(rich, annual_revenue=most)).binding == "asked"
        hall = tuple(
            requests.asset(f"hall{n}", "deposit", "999999999999999999.99", "0.95").model_copy() for n in range(9)
        )
        assert cap(concluded(project(collateral=hall)), "collateral").amount == most

    def test_capital_of_unknown_origin_is_told(self) -> None:
        source = {"kind": "own_cash", "amount": yuan(20_000_000), "paid_in": yuan(20_000_000)}
        need = InvestmentNeed.model_validate(
            {
                "headline_investment": yuan(100_000_000),
                "uses_total": yuan(100_000_000),
                "sources_total": yuan(100_000_000),
                "eligible_capital": None,
                "paid_in_capital": None,
                "sources": (source,),
            }
        )
        assert "CAPITAL_UNTRACED" in codes(concluded(project(need=need)))


def value_of_model_1(request: LimitRequest) -> Limit:
    conclusion = limit(request, book(), dated("lender.nxb", lender()), dated("lpr", LPR))
    assert conclusion.model.version == "1"
    assert conclusion.value is not None
    return conclusion.value


# --- what holds for every limit ---------------------------------------------------------------------------------------

AMOUNTS = st.integers(min_value=0, max_value=300_000_000)
CLASSES = (("A", "1"), ("B", "0.70"), ("C", "0.30"))
CASE = st.fixed_dictionaries(
    {
        "asset": AMOUNTS,
        "guaranteed": AMOUNTS,
        "worth": AMOUNTS,
        "given_already": AMOUNTS,
        "loans": AMOUNTS,
        "revenue": st.integers(min_value=0, max_value=6_000_000),
        "later_cost": st.integers(min_value=0, max_value=3_000_000),
        "uses": AMOUNTS,
        "tenor": st.integers(min_value=1, max_value=130),
        "card_class": st.integers(min_value=0, max_value=2),
        "multiplier": st.decimals(min_value=0, max_value=1, places=2),
        "ceiling": st.integers(min_value=0, max_value=400_000_000),
    }
)
LESS = ("asset", "guaranteed", "worth", "revenue", "uses", "tenor", "multiplier", "ceiling")
MORE = ("given_already", "loans", "later_cost", "card_class")


def varied(case: dict[str, Any]) -> LimitRequest:
    return project(
        asked=yuan(250_000_000),
        tenor_months=case["tenor"],
        need=InvestmentNeed(
            headline_investment=yuan(300_000_000),
            uses_total=yuan(case["uses"]),
            sources_total=yuan(300_000_000),
            eligible_capital=yuan(60_000_000),
            paid_in_capital=yuan(60_000_000),
        ),
        card_class=CLASSES[case["card_class"]][0],
        limit_multiplier=case["multiplier"],
        collateral=(requests.asset("hall", "civil_works", case["asset"], "0.60"),),
        guarantees=(guarantee(case["guaranteed"], case["worth"], case["given_already"]),),
        cash_flows=(
            CashFlowSegment(from_month=1, to_month=70, revenue=yuan(case["revenue"]), cost=yuan(100_000)),
            CashFlowSegment(from_month=40, to_month=120, revenue=yuan(0), cost=yuan(case["later_cost"])),
        ),
        exposures=requests.exposures(
            customer_loans=yuan(case["loans"]),
            customer_exposure=yuan(case["loans"]),
            group_exposure=yuan(case["loans"]),
            net_capital=yuan(3_000_000_000),
        ),
        joint_credit=JointCredit(lenders=3, total_financing=yuan(100_000_000), ceiling=yuan(case["ceiling"])),
    )


def sound(found: Limit) -> None:
    """No limit above a cap or what was asked; the binding one is a minimum, and the first of them."""
    amounts = {cap.name.value: cap.amount.amount for cap in found.caps if cap.amount is not None}
    assert [cap.name.value for cap in found.caps] == ORDER
    assert all(found.limit.amount <= amount for amount in amounts.values())
    assert found.limit <= found.asked
    assert found.limit.amount % 10_000 == 0
    least = min([found.asked.amount, *amounts.values()])
    assert 0 <= least - found.limit.amount < 10_000
    if found.binding is None:
        assert any(cap.missing for cap in found.caps)
        assert found.tied == ()
    else:
        smallest = [name for name, amount in [("asked", found.asked.amount), *amounts.items()] if amount == least]
        assert [found.binding, *found.tied] == smallest


@settings(max_examples=250, deadline=None)
@given(case=CASE, worse=st.sampled_from(LESS + MORE), by=st.decimals(min_value=0, max_value=1, places=3))
def test_what_is_worse_never_raises_the_limit(case: dict[str, Any], worse: str, by: Decimal) -> None:
    before = value(varied(case))
    changed = dict(case)
    if worse == "multiplier":
        changed[worse] = (case[worse] * by).quantize(Decimal("0.01"))
    elif worse == "card_class":
        changed[worse] = min(case[worse] + 1, 2)
    elif worse in MORE:
        changed[worse] = case[worse] + int(by * 100_000_000)
    else:
        changed[worse] = max(int(case[worse] * by), 1 if worse == "tenor" else 0)
    after = value(varied(changed))
    sound(before)
    sound(after)
    assert after.limit <= before.limit


BALANCES = st.integers(min_value=0, max_value=80_000_000)


@settings(max_examples=200, deadline=None)
@given(
    figures=st.fixed_dictionaries(
        {
            "revenue": st.integers(min_value=1, max_value=200_000_000),
            "profit": st.integers(min_value=-50_000_000, max_value=250_000_000),
            "average_receivables": BALANCES,
            "average_advances": BALANCES,
            "average_payables": BALANCES,
            "average_inventory": BALANCES,
            "existing_loans": BALANCES,
        }
    ),
    growth=st.decimals(min_value=-1, max_value=2, places=2),
    worse=st.sampled_from(["average_advances", "average_payables", "existing_loans", "profit", "growth"]),
    by=BALANCES,
)
def test_a_need_is_never_negative_and_what_finances_trade_already_never_raises_it(
    figures: dict[str, int], growth: Decimal, worse: str, by: int
) -> None:
    def needed(values: dict[str, int], expected: Decimal) -> Limit:
        stated = {name: yuan(amount) for name, amount in values.items()}
        found = value(trade(working_capital(**stated, growth=expected)))
        sound(found)
        return found

    before = needed(figures, growth)
    if worse == "growth":
        after = needed(figures, max(growth - Decimal(by).scaleb(-8).quantize(Decimal("0.01")), Decimal(-1)))
    else:
        after = needed(figures | {worse: figures[worse] + by}, growth)
    assert after.limit <= before.limit


UNKNOWN: dict[str, dict[str, Any]] = {
    "cash_flows": {"cash_flows": None},
    "multiplier": {"limit_multiplier": None},
    "class": {"card_class": None},
    "asset": {"unvalued": ("gpu/8xh100",)},
    "guarantor": {"guarantees": (guarantee(1, None),)},
    "validity": {"guarantees": (guarantee(1, valid=None),)},
    "joint_credit": {"joint_credit": JointCredit(lenders=None, total_financing=None)},
}


@pytest.mark.parametrize("names", [pair for pair in combinations(UNKNOWN, repeat=2) if pair[0] < pair[1]], ids="-".join)
def test_whatever_is_unknown_refers_by_name_and_never_reads_as_nought(names: tuple[str, str]) -> None:
    changes: dict[str, Any] = {}
    for name in names:
        changes |= UNKNOWN[name]
    conclusion = concluded(project(**changes))
    found = conclusion.value
    assert found is not None
    assert conclusion.outcome is Outcome.REFER
    assert found.binding is None
    sound(found)
    named = {name for item in found.caps for name in item.missing}
    assert named == {reason.subject for reason in conclusion.reasons if reason.code == "FACT_ABSENT"}
    assert named
    assert found.limit > yuan(0)
