"""Version 2 of the price model: the waterfall spelt out, internal-ratings capital as the policy has it, and the floor."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from domain.finding import Outcome
from domain.money import yuan
from domain.pricing import Quote, QuoteRequest
from policy.engine import Bundle, PolicyFaults
from services.pricing.calc.conclusion import Conclusion
from services.pricing.calc.irb import risk_weight
from services.pricing.calc.price import quote
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import FTP, LPR, dated, lender

AS_OF = date(2026, 11, 2)
RECOGNISED = date(2027, 1, 4)
"""From version 3 of the policy on, capital recognises collateral and firm size."""
IRB = {"capital_method": "irb_foundation"}


def request(bundle: Bundle | None = None, **changes: Any) -> QuoteRequest:
    return requests.quote(bundle or book(), **({"as_of": AS_OF} | changes))


def recognised(bundle: Bundle | None = None, **changes: Any) -> QuoteRequest:
    return request(bundle, as_of=RECOGNISED, **changes)


def concluded(asked: QuoteRequest, bundle: Bundle | None = None, **books: Any) -> Conclusion[Quote]:
    return quote(asked, bundle or book(), dated("lender.nxb", lender(**books)), dated("lpr", LPR), dated("ftp", FTP))


def priced(asked: QuoteRequest, bundle: Bundle | None = None, **books: Any) -> Quote:
    found = concluded(asked, bundle, **books).value
    assert found is not None
    return found


def trace(conclusion: Conclusion[Quote]) -> dict[str, str]:
    return {step.step: step.result for step in conclusion.trace}


def changed_book(**changes: Any) -> Bundle:
    """The shipped book with other parts in the last pricing policy."""
    data = book().canonical()
    for file in data["files"]:
        if file["kind"] == "pricing" and file["version"] == "3":
            file.update(changes)
    return Bundle.from_canonical(data)


class TestWaterfall:
    @settings(max_examples=60, deadline=None)
    @given(
        pd=st.decimals(min_value="0.0005", max_value="0.3", places=6),
        months=st.integers(min_value=1, max_value=600),
        spread=st.none() | st.integers(min_value=-300, max_value=900),
        method=st.sampled_from(["standardised", "irb_foundation"]),
    )
    def test_it_ends_at_the_quoted_rate_and_every_step_says_why(
        self, pd: Decimal, months: int, spread: int | None, method: str
    ) -> None:
        found = priced(request(pd=pd, tenor_months=months, asked_spread_bps=spread), capital_method=method)
        total = Decimal(0)
        for step, part in zip(found.waterfall, found.components, strict=True):
            total += step.rate
            assert (step.name, step.rate, step.total) == (part.name, part.rate, total)
            assert step.because
            assert step.title_zh
            assert step.title_en
        assert total == found.all_in_rate == found.base_rate_value + found.margin_bps * Decimal("0.0001")

    def test_the_funds_transfer_price_names_the_points_it_lies_between(self) -> None:
        steps = {step.name: step.because for step in priced(request(tenor_months=90)).waterfall}
        assert steps["ftp"] == "90 m: 60 m 2.05 % – 120 m 2.25 %"
        assert steps["expected_loss"] == "PD 1 % × LGD 40 %"
        assert "standardised, CORPORATE" in steps["capital"]
        steps = {step.name: step.because for step in priced(request(tenor_months=36)).waterfall}
        assert steps["ftp"] == "36 m: 36 m 1.9 %"

    @pytest.mark.parametrize("method", ["standardised", "irb_foundation"])
    def test_version_2_of_the_policy_explains_more_and_prices_the_same(self, method: str) -> None:
        for changes in (
            {},
            {"collateral": (requests.asset("r", "receivable", 50_000_000, "0.8"),), "annual_sales": yuan(90_000_000)},
        ):
            old = priced(request(as_of=requests.AS_OF, **changes), capital_method=method)
            new = priced(request(**changes), capital_method=method)
            assert (old.components, old.all_in_rate, old.raroc) == (new.components, new.all_in_rate, new.raroc)
            assert not old.waterfall
            assert new.waterfall


class TestInternalRatings:
    def test_recognised_collateral_lowers_the_lgd_of_capital_and_gpu_servers_do_not(self) -> None:
        receivable = requests.asset("rent", "receivable", 50_000_000, "0.80")
        servers = requests.asset("gpu", "gpu_server", 500_000_000, "0.80")
        bare = trace(concluded(recognised(), **IRB))
        secured = trace(concluded(recognised(collateral=(receivable,)), **IRB))
        unrecognised = trace(concluded(recognised(collateral=(servers,)), **IRB))
        assert bare["price/capital/lgd"] == "0.40000000"
        # 30m of 100m at 20 %, the rest at 40 %.
        assert secured["price/capital/lgd"] == "0.34000000"
        assert unrecognised["price/capital/lgd"] == "0.40000000"
        assert unrecognised["price/lgd"] == "0.25000000"
        assert Decimal(secured["price/capital/risk_weight"]) == risk_weight(Decimal("0.01"), Decimal("0.34"))

    def test_a_loan_against_deposits_alone_holds_capital_at_the_floor_of_the_policy(self) -> None:
        deposits = (requests.asset("cash", "deposit", 100_000_000, "0.95"),)
        conclusion = concluded(recognised(collateral=deposits), **IRB)
        found = trace(conclusion)
        assert found["price/lgd"] == found["price/capital/lgd"] == "0.00000000"
        assert Decimal(found["price/capital/risk_weight"]) == risk_weight(Decimal("0.01"), Decimal("0.10"))
        assert conclusion.value is not None
        assert conclusion.value.raroc >= conclusion.value.hurdle

    def test_where_the_supervisory_curve_bends_down_a_worse_borrower_is_not_cheaper(self) -> None:
        """Against deposits nothing is expected to be lost, and capital alone moves the price."""
        deposits = (requests.asset("cash", "deposit", 100_000_000, "0.95"),)
        rates = [
            priced(recognised(pd=Decimal(pd) / 100, collateral=deposits), **IRB).all_in_rate for pd in range(5, 100, 5)
        ]
        assert rates == sorted(rates)
        found = trace(concluded(recognised(pd="0.60"), **IRB))
        assert found["price/capital/pd"] == "0.25000000"
        assert Decimal(found["price/capital/risk_weight"]) == risk_weight(Decimal("0.25"), Decimal("0.40"))
        assert Decimal(found["price/expected_loss"]) == Decimal("0.24")

    @pytest.mark.parametrize(
        ("sales", "equivalent"),
        [(0, "5"), (30_000_000, "5"), (165_000_000, "27.5"), (300_000_000, "50"), (9_000_000_000, "50")],
    )
    def test_firm_size_in_yuan_is_the_domestic_formula(self, sales: int, equivalent: str) -> None:
        """− 0.04 × (1 − (S − 3) ÷ 27), S in ten million yuan between 3 and 30: the same share of the adjustment."""
        found = trace(concluded(recognised(annual_sales=yuan(sales)), **IRB))
        assert Decimal(found["price/capital/risk_weight"]) == risk_weight(
            Decimal("0.01"), Decimal("0.40"), sales_eur_m=Decimal(equivalent)
        )
        p, share = 0.01, (min(max(sales / 1e7, 3), 30) - 3) / 27
        weight = 1 - 2.718281828459045 ** (-50 * p)
        correlation = 0.12 * weight + 0.24 * (1 - weight) - 0.04 * (1 - share)
        assert float(found["price/capital/correlation"]) == pytest.approx(correlation, abs=2e-8)
        stressed = norm.cdf((norm.ppf(p) + correlation**0.5 * norm.ppf(0.999)) / (1 - correlation) ** 0.5)
        assert float(found["price/capital/stressed_pd"]) == pytest.approx(stressed, abs=2e-8)

    def test_sales_in_euro_stand_before_sales_in_yuan(self) -> None:
        both = recognised(annual_sales=yuan(30_000_000), annual_revenue_eur_m="50")
        assert priced(both, **IRB).all_in_rate == priced(recognised(annual_revenue_eur_m="50"), **IRB).all_in_rate

    @pytest.mark.parametrize(
        ("months", "plan", "maturity"),
        [(6, None, "1"), (36, None, "3"), (120, None, "5"), (120, "2.75", "2.75"), (120, "0.4", "1"), (36, "9", "5")],
    )
    def test_explicit_maturity_where_the_policy_asks_for_it(self, months: int, plan: str | None, maturity: str) -> None:
        rules = next(
            file for file in book().canonical()["files"] if file["kind"] == "pricing" and file["version"] == "3"
        )
        bundle = changed_book(internal_ratings=rules["internal_ratings"] | {"maturity": "explicit"})
        found = trace(concluded(recognised(bundle, tenor_months=months, effective_maturity_years=plan), bundle, **IRB))
        assert Decimal(found["price/capital/risk_weight"]) == risk_weight(
            Decimal("0.01"), Decimal("0.40"), maturity=Decimal(maturity)
        )
        supervisory = trace(concluded(recognised(tenor_months=months, effective_maturity_years=plan), **IRB))
        assert Decimal(supervisory["price/capital/risk_weight"]) == risk_weight(Decimal("0.01"), Decimal("0.40"))

    @settings(max_examples=80, deadline=None)
    @given(
        pds=st.tuples(*[st.decimals(min_value="0.0001", max_value="0.9999", places=6)] * 2),
        worth=st.integers(min_value=0, max_value=300_000_000),
        less=st.decimals(min_value=0, max_value=1, places=3),
        kind=st.sampled_from(["deposit", "civil_works", "power_cooling", "receivable", "gpu_server", "data_asset"]),
        sales=st.tuples(*[st.integers(min_value=0, max_value=500_000_000)] * 2),
    )
    def test_a_worse_risk_never_lowers_rate_or_floor(
        self, pds: tuple[Decimal, Decimal], worth: int, less: Decimal, kind: str, sales: tuple[int, int]
    ) -> None:
        """Higher PD, less collateral, a larger firm (whose correlation with the market is higher)."""
        low, high = sorted(pds)
        small, large = sorted(sales)
        better = recognised(pd=low, collateral=(requests.asset("it", kind, worth, "0.5"),), annual_sales=yuan(small))
        worse = recognised(
            pd=high, collateral=(requests.asset("it", kind, int(worth * less), "0.5"),), annual_sales=yuan(large)
        )
        first, second = (priced(item, **IRB) for item in (better, worse))
        assert first.all_in_rate <= second.all_in_rate
        assert first.floor_rate <= second.floor_rate

    def test_nor_does_it_by_the_policy_before_which_recognised_no_collateral(self) -> None:
        secured = (requests.asset("it", "deposit", 300_000_000, "0.95"),)
        pds = ("0.20", "0.25", "0.30", "0.60", "0.99")
        rates = [priced(request(pd=Decimal(pd), collateral=secured), **IRB).all_in_rate for pd in pds]
        assert rates == sorted(rates)


class TestFloor:
    def test_a_price_above_it_needs_nobody(self) -> None:
        conclusion = concluded(request())
        assert conclusion.outcome is Outcome.PASS
        assert conclusion.value is not None
        assert conclusion.value.floor_waiver is not None
        assert conclusion.value.floor_waiver.shortfall == 0
        assert "FLOOR_WAIVER_BY_AUTHORITY" not in {reason.code for reason in conclusion.reasons}

    def test_below_it_the_pricing_body_of_the_authority_matrix_decides(self) -> None:
        conclusion = concluded(request(asked_spread_bps=-35, relationship="strategic"))
        assert conclusion.outcome is Outcome.REFER
        assert conclusion.value is not None
        waiver = conclusion.value.floor_waiver
        assert waiver is not None
        assert (waiver.body, waiver.role) == ("pricing_approver", "pricing_approver")
        # 3.00 % − 35 bp against 1.90 + 0.40 + 0.40 %.
        assert waiver.shortfall == Decimal("0.0005")
        assert waiver.grounded
        assert "FLOOR_WAIVER_BY_AUTHORITY" in {reason.code for reason in conclusion.reasons}
        assert "5 bp below" in next(r.message_en for r in conclusion.reasons if r.code == "FLOOR_WAIVER_BY_AUTHORITY")

    @pytest.mark.parametrize("relationship", [None, "standard", "core"])
    def test_without_a_strategic_relationship_it_is_told_that_there_is_no_ground(
        self, relationship: str | None
    ) -> None:
        conclusion = concluded(request(asked_spread_bps=-35, relationship=relationship))
        assert conclusion.outcome is Outcome.REFER
        assert {"BELOW_FLOOR", "FLOOR_WAIVER_WITHOUT_GROUND"} <= {reason.code for reason in conclusion.reasons}


class TestPolicy:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"model": "1"}, "parts of model 2"),
            ({"floor_waiver": {"relationships": ["friend"]}}, "no relationship class"),
            (
                {
                    "internal_ratings": {
                        "secured": {},
                        "lgd_floor": "0.1",
                        "size_adjustment": {
                            "smallest": {"amount": "300000000.00", "currency": "CNY"},
                            "largest": {"amount": "30000000.00", "currency": "CNY"},
                        },
                    }
                },
                "less than largest",
            ),
            ({"internal_ratings": {"secured": {}, "lgd_floor": "0"}}, "lgd_floor"),
            ({"internal_ratings": {"secured": {}, "lgd_floor": "0.1", "maturity": "longest"}}, "maturity"),
        ],
    )
    def test_a_policy_that_contradicts_itself_is_refused_at_load(self, change: dict[str, Any], said: str) -> None:
        with pytest.raises(PolicyFaults) as refused:
            changed_book(**change)
        assert any(said in str(fault) for fault in refused.value.faults)
