"""The five caps reckoned a second time, in fractions and without a line of the model: the same to the fen.

What the book says (shares, ceilings, ratios) is written out here, so that a slip in reading policy shows as well.
"""

from datetime import date
from fractions import Fraction
from math import floor
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.limit import CashFlowSegment, ContractNeed, GuaranteeContribution, InvestmentNeed, Limit, LimitRequest
from domain.money import yuan
from services.pricing.calc.limit import limit
from tests.golden.test_pricing_limit import working_capital
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import LPR, dated, lender

ON = date(2026, 11, 2)
PLENTY = 10**15
CEILINGS = {
    "civil_works": "0.60",
    "power_cooling": "0.50",
    "gpu_server": "0.80",
    "deposit": "0.95",
    "data_asset": "0.30",
}
UNSECURED = {"A": "0.30", "B": "0.10", "C": "0"}
MONEY = st.integers(min_value=0, max_value=900_000_000)
SHARE = st.integers(min_value=0, max_value=100).map(lambda percent: f"{percent / 100:.2f}")


def fen(amount: Fraction) -> Fraction:
    """Rounded down to the fen, not below nought."""
    return Fraction(floor(max(amount, Fraction(0)) * 100), 100)


def concluded(request: LimitRequest) -> Limit:
    found = limit(request, book(), dated("lender.x", lender(request.lender_id)), dated("lpr", LPR)).value
    assert found is not None
    return found


def same(found: Limit, expected: dict[str, Fraction]) -> None:
    caps = {cap.name.value: Fraction(cap.amount.amount) for cap in found.caps if cap.amount is not None}
    assert {name: caps[name] for name in expected} == {name: fen(amount) for name, amount in expected.items()}
    least = min([Fraction(found.asked.amount), *caps.values()])
    assert Fraction(found.limit.amount) == floor(least / 10_000) * 10_000


@settings(max_examples=120, deadline=None)
@given(
    uses=MONEY,
    headline=MONEY,
    asked=st.integers(min_value=1, max_value=900_000_000),
    tenor=st.integers(min_value=1, max_value=119),
    spread=st.integers(min_value=-300, max_value=500),
    flows=st.lists(
        st.tuples(st.integers(1, 120), st.integers(0, 60), st.integers(0, 9_000_000), st.integers(0, 9_000_000)),
        max_size=4,
    ),
    card_class=st.sampled_from("ABC"),
    multiplier=SHARE,
    assets=st.lists(st.tuples(st.sampled_from(sorted(CEILINGS)), MONEY, SHARE, st.booleans()), max_size=5),
    promised=st.lists(st.tuples(st.sampled_from("xy"), MONEY, SHARE, st.booleans()), max_size=4),
    worth=st.tuples(MONEY, MONEY),
    given_already=st.tuples(MONEY, MONEY),
    stands=st.tuples(MONEY, MONEY, MONEY),
    capital=st.integers(min_value=1, max_value=20_000_000_000),
)
def test_a_project_loan(
    uses: int,
    headline: int,
    asked: int,
    tenor: int,
    spread: int,
    flows: list[tuple[int, int, int, int]],
    card_class: str,
    multiplier: str,
    assets: list[tuple[str, int, str, bool]],
    promised: list[tuple[str, int, str, bool]],
    worth: tuple[int, int],
    given_already: tuple[int, int],
    stands: tuple[int, int, int],
    capital: int,
) -> None:
    accounts = {"x": (worth[0], given_already[0]), "y": (worth[1], given_already[1])}
    request = requests.limit(
        book(),
        as_of=ON,
        asked=yuan(asked),
        tenor_months=tenor,
        need=InvestmentNeed(
            headline_investment=yuan(headline),
            uses_total=yuan(uses),
            sources_total=None,
            eligible_capital=yuan(PLENTY),
            paid_in_capital=yuan(PLENTY),
        ),
        card_class=card_class,
        limit_multiplier=multiplier,
        asked_spread_bps=spread,
        cash_flows=tuple(
            CashFlowSegment(from_month=start, to_month=start + length, revenue=yuan(revenue), cost=yuan(cost))
            for start, length, revenue, cost in flows
        ),
        collateral=tuple(
            requests.asset(f"{kind}{n}", kind, value, ltv, eligible=eligible)
            for n, (kind, value, ltv, eligible) in enumerate(assets)
        ),
        guarantees=tuple(
            GuaranteeContribution.model_validate(
                {
                    "party_key": party,
                    "amount": yuan(amount),
                    "share": share,
                    "valid": valid,
                    "guarantor_net_assets": yuan(accounts[party][0]),
                    "guarantees_given": yuan(accounts[party][1]),
                }
            )
            for party, amount, share, valid in promised
        ),
        exposures=requests.exposures(
            customer_loans=yuan(stands[0]),
            customer_exposure=yuan(stands[1]),
            group_exposure=yuan(stands[2]),
            net_capital=yuan(capital),
            tier1_capital=yuan(capital // 2),
        ),
    )
    # 3.5 % is the dearer of the two rates.
    monthly = 1 + (Fraction(35, 1000) + Fraction(spread, 10_000)) / 12
    worth_now, best = Fraction(0), Fraction(0)
    for month in range(1, tenor + 1):
        net = sum(revenue - cost for start, length, revenue, cost in flows if start <= month <= start + length)
        worth_now += net / monthly**month
        best = max(best, worth_now)
    secured = Fraction(0)
    for kind, ceiling in CEILINGS.items():
        carried = sum(
            (value * min(Fraction(ltv), Fraction(ceiling)) for own, value, ltv, ok in assets if own == kind and ok),
            Fraction(0),
        )
        secured += min(carried, Fraction(10_000_000)) if kind == "data_asset" else carried
    for party, (net_assets, already) in accounts.items():
        pledged = sum(
            (amount * Fraction(share) for own, amount, share, ok in promised if own == party and ok), Fraction(0)
        )
        secured += min(pledged, Fraction(max(net_assets - already, 0)))
    tier1 = capital // 2
    same(
        concluded(request),
        {
            "need": Fraction(8, 10) * min(uses, headline),
            "capacity": best / Fraction(12, 10) * Fraction(multiplier),
            "collateral": secured / (1 - Fraction(UNSECURED[card_class])),
            "regulatory": min(
                Fraction(capital, 10) - stands[0],
                Fraction(15 * tier1, 100) - stands[1],
                Fraction(20 * tier1, 100) - stands[2],
            ),
        },
    )


@settings(max_examples=150, deadline=None)
@given(
    balances=st.fixed_dictionaries(
        {
            name: st.integers(min_value=0, max_value=90_000_000)
            for name in (
                "average_inventory",
                "average_receivables",
                "average_payables",
                "average_prepayments",
                "average_advances",
                "own_funds",
                "existing_loans",
                "other_funds",
            )
        }
    ),
    sales=st.integers(min_value=1, max_value=500_000_000),
    cost=st.integers(min_value=1, max_value=500_000_000),
    profit=st.integers(min_value=-100_000_000, max_value=600_000_000),
    growth=st.integers(min_value=-100, max_value=300),
)
def test_working_capital(balances: dict[str, int], sales: int, cost: int, profit: int, growth: int) -> None:
    request = requests.limit(
        book(),
        as_of=ON,
        product="jsb_wc",
        lender_id="jsb",
        tenor_months=12,
        asked=yuan(140_000_000),
        cash_flows=None,
        guarantees=(),
        annual_revenue=yuan(sales),
        limit_multiplier="0.70",
        need=working_capital(
            revenue=yuan(sales),
            cost_of_sales=yuan(cost),
            profit=yuan(profit),
            growth=f"{growth / 100:.2f}",
            **{name: yuan(amount) for name, amount in balances.items()},
        ),
    )
    on_cost = balances["average_inventory"] + balances["average_prepayments"] - balances["average_payables"]
    on_sales = balances["average_receivables"] - balances["average_advances"]
    days = 360 * (Fraction(on_cost, cost) + Fraction(on_sales, sales))
    margin = Fraction(profit, sales)
    needed = Fraction(0)
    if days > 0 and margin < 1:
        turnovers = 360 / days
        needed = sales * (1 - margin) * (1 + Fraction(growth, 100)) / turnovers
    there = balances["own_funds"] + balances["existing_loans"] + balances["other_funds"]
    same(
        concluded(request),
        {
            "product": Fraction(150_000_000),
            "need": needed - there,
            "capacity": sales * Fraction(25, 100) * Fraction(7, 10),
        },
    )


@settings(max_examples=100, deadline=None)
@given(
    amount=MONEY,
    advance=MONEY,
    retention=MONEY,
    collected=MONEY,
    to_complete=MONEY,
    collectible=MONEY,
    multiplier=SHARE,
)
def test_an_order(
    amount: int, advance: int, retention: int, collected: int, to_complete: int, collectible: int, multiplier: str
) -> None:
    stated: dict[str, Any] = {
        "amount": yuan(amount),
        "advance_received": yuan(advance),
        "retention": yuan(retention),
        "collected": yuan(collected),
        "cost_to_complete": yuan(to_complete),
        "collectible_within_tenor": yuan(collectible),
        "buyer_tier": "tier_1",
        "firm": True,
        "buyer_related": False,
    }
    request = requests.limit(
        book(),
        as_of=ON,
        product="jsb_order",
        lender_id="jsb",
        tenor_months=12,
        asked=yuan(140_000_000),
        cash_flows=None,
        guarantees=(),
        limit_multiplier=multiplier,
        need=ContractNeed.model_validate(stated),
    )
    left = max(amount - advance - retention - collected, 0)
    arriving = min(left, collectible)
    same(
        concluded(request),
        {
            "need": min(left * Fraction(8, 10), arriving * Fraction(8, 10), Fraction(to_complete)),
            "capacity": arriving * Fraction(multiplier),
        },
    )
