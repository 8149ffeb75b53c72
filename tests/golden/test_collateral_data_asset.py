"""Data assets by the row ids of the domain paper (§1 A5, §4), model 2; the first model's rows stay where they were."""

from decimal import Decimal, localcontext
from typing import Any

import pytest

from domain.application import EarningsYear
from domain.data_asset import DataQuality
from domain.finding import Outcome
from domain.money import yuan
from services.collateral.calc.conclusion import FIGURES
from services.collateral.calc.data_asset.cost import cost_value, utility
from services.collateral.calc.data_asset.income import (
    discount_rate,
    multi_period_excess_earnings,
    relief_from_royalty,
    years,
)
from services.collateral.calc.data_asset.quality import quality
from tests.collateral.data_assets import FACTS, RIGHTS, codes, data_asset, facts, money, step, trade, valued, year

POLICY = RIGHTS.data_assets
assert POLICY is not None


def test_row_4_2_1_the_utility_of_the_worked_cost() -> None:
    """α .85, β .70, l .05, r .15 → U = .5310375."""
    assert utility(*map(Decimal, ("0.85", "0.70", "0.05", "0.15"))) == Decimal("0.5310375")


def test_row_4_2_1_the_worked_cost_is_3_504_847_50() -> None:
    assert cost_value(Decimal(6_000_000), Decimal("0.10"), Decimal("0.5310375")) == Decimal("3504847.50")
    conclusion = valued(data_asset())
    assert next(item.value for item in conclusion.value.approaches if item.name == "cost") == yuan("3504847.50")
    assert step(conclusion, "data_asset/cost").inputs["utility"] == "0.53103750"


def test_row_4_2_2_excess_earnings_are_discounted_from_the_middle_of_the_year() -> None:
    """1.0m a year after charges at 21 %: 1m/1.1 + 1m/1.331, for 1.21^0.5 is 1.1 exactly."""
    one = EarningsYear.model_validate(year(ebit=money(2_000_000), fixed_assets=money(0), workforce=money(0)))
    with localcontext(FIGURES):
        over = years(24, 2, Decimal("0.21"))
        returns = POLICY.income.returns.model_copy(update={"working_capital": Decimal("0.5")})
        value, terms = multi_period_excess_earnings((one, one), over, returns, Decimal("0.25"))
        # 2.0m · .75 − .5 · 1.0m of working capital
        assert [term.flow for term in terms] == [Decimal(1_000_000), Decimal(1_000_000)]
        assert abs(value - (Decimal(1_000_000) / Decimal("1.1") + Decimal(1_000_000) / Decimal("1.331"))) < Decimal(
            "1e-20"
        )


def test_row_4_2_3_relief_from_royalty() -> None:
    """8.0m · 20 % · (1 − 25 %) = 1.2m a year, from its middle at 21 %."""
    one = EarningsYear.model_validate(year())
    with localcontext(FIGURES):
        value, _ = relief_from_royalty((one,), years(12, 1, Decimal("0.21")), Decimal("0.20"), Decimal("0.25"))
        assert abs(value - Decimal(1_200_000) / Decimal("1.1")) < Decimal("1e-20")


def test_row_4_2_5_the_discount_rate_lies_between_15_and_25_percent() -> None:
    rates = [discount_rate(Decimal(share), POLICY.income.discount) for share in ("0", "0.4", "1")]
    assert rates == [Decimal("0.15"), Decimal("0.17"), Decimal("0.20")]


def test_row_4_2_6_lending_value_is_the_lower_of_earnings_and_1_2_times_cost() -> None:
    """min(4,027,174.82, 1.2 · 3,504,847.50) · 1.0 · .85; with more earned, 1.2 times the cost bind."""
    assert valued(data_asset()).value.lending_value == yuan("3423098.59")
    rich = valued(data_asset({"forecast": [year(ebit=money(9_000_000))] * 3}))
    assert rich.value.lending_value == yuan("3574944.45")


@pytest.mark.parametrize(
    ("changes", "ltv"),
    [
        ({}, "0.30"),
        ({"top_buyer_share": "0.50"}, "0.30"),
        ({"top_buyer_share": "0.51"}, "0.20"),
        ({"forecast": None, "royalty_rate": None, "trades": []}, "0.10"),
        ({"forecast": None, "royalty_rate": None, "trades": [], "top_buyer_share": "0.90"}, "0.10"),
    ],
)
def test_row_4_1_thirty_percent_twenty_for_one_buyer_ten_on_cost_alone(changes: dict[str, Any], ltv: str) -> None:
    value = valued(data_asset(changes)).value
    assert (value.ltv, value.tenor_cap_months) == (Decimal(ltv), 12)


def test_row_a5_3_50m_carries_1_05m_and_without_a_certificate_nothing() -> None:
    """A lending value of 3.50m at 30 %: sold for that on exchanges, in full marks, and made for more than that / 1.2."""
    whole = {
        "quality": dict.fromkeys(FACTS["quality"], "100") | {"tested_on": "2026-10-20"},
        "forecast": None,
        "royalty_rate": None,
        "trades": [trade(price=money(3_500_000))] * 3,
    }
    value = valued(data_asset(whole)).value
    assert value.lending_value == yuan("3500000.00")
    assert value.lending_value.times(value.ltv) == yuan("1050000.00")
    refused = valued(data_asset(whole, certificate=False))
    assert (refused.value.lending_value, refused.value.reconciled_value) == (yuan(0), yuan(0))
    assert codes(refused) == ["DATA_RIGHT"]


def test_row_4_3_personal_data_without_consent_are_blocked_whatever_they_earn() -> None:
    """Certificate present, personal data unconsented → 0 with PIPL_BLOCK."""
    conclusion = valued(data_asset(personal_data=True))
    assert (conclusion.outcome, codes(conclusion)) == (Outcome.REFER, ["PIPL_BLOCK"])
    assert (conclusion.value.reconciled_value, conclusion.value.eligible) == (yuan(0), False)


def test_row_4_3_weights_of_the_dimensions() -> None:
    """.10, .20, .25, .15, .20, .10 of 90, 80, 70, 60, 50, 100: α = .715; a dimension below 40 leaves .5 at most."""
    scores = dict(zip(list(FACTS["quality"])[:6], ("90", "80", "70", "60", "50", "100"), strict=True))
    found = quality(_quality(scores), POLICY.quality)
    assert found.alpha == Decimal("0.7150")
    assert quality(_quality(scores | {"conformity": "39.9"}), POLICY.quality).alpha == Decimal("0.5")
    assert quality(_quality(scores | {"conformity": "40"}), POLICY.quality).alpha == Decimal("0.6650")


def _quality(scores: dict[str, str]) -> DataQuality:
    return DataQuality.model_validate(facts()["quality"] | scores)
