"""How principal falls due by each method, by grace, and over the drawings of a loan."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import pyxirr
from scipy.optimize import linprog

from domain.finding import Outcome
from domain.money import yuan
from domain.pricing import Instalment, Schedule
from services.pricing.calc.conclusion import Conclusion, Inadmissible
from services.pricing.calc.schedule import repayment_plan
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import CALENDAR, dated

DRAWN = date(2026, 3, 21)
"""Drawn on the 21st, every monthly period runs from a 21st to a 20th."""


def planned(**changes: Any) -> Conclusion[Schedule]:
    return repayment_plan(requests.schedule(book(), **changes), book(), dated("calendar.cn", CALENDAR))


def plan(**changes: Any) -> tuple[Instalment, ...]:
    conclusion = planned(**changes)
    assert conclusion.value is not None
    return conclusion.value.instalments


def principal(rows: tuple[Instalment, ...]) -> list[Decimal]:
    return [row.principal.amount for row in rows]


def payments(rows: tuple[Instalment, ...]) -> list[Decimal]:
    return [row.principal.amount + row.interest.amount for row in rows]


def codes(conclusion: Conclusion[Schedule]) -> set[str]:
    return {reason.code for reason in conclusion.reasons}


class TestBalloon:
    def even(self, rest: str, share: str = "0.30", **changes: Any) -> tuple[Instalment, ...]:
        profile = {"method": "balloon", "share": share, "rest": rest}
        return plan(method="balloon", profile=profile, drawn_on=DRAWN, day_count="thirty_360", **changes)

    def test_the_rest_as_an_annuity_is_the_payment_of_the_text_books(self) -> None:
        """10m at 3.6 % over 36 months, 30 % at the end: PMT with a future value, as pyxirr computes it."""
        rows = self.even("annuity")
        theirs = pyxirr.pmt(0.003, 36, -10_000_000, 3_000_000)
        assert theirs is not None
        assert set(payments(rows)[:-1]) == {Decimal(str(round(theirs, 2)))}
        assert payments(rows)[-1] == pytest.approx(Decimal(str(theirs)) + 3_000_000, abs=1)

    def test_the_rest_in_equal_parts(self) -> None:
        rows = self.even("equal_principal", tenor_months=10)
        assert principal(rows) == [Decimal(700_000)] * 9 + [Decimal(3_700_000)]

    def test_after_grace(self) -> None:
        rows = self.even("annuity", grace_months=6)
        assert principal(rows)[:6] == [Decimal(0)] * 6
        assert len(set(payments(rows)[6:-1])) == 1
        assert rows[-1].principal.amount == pytest.approx(Decimal(3_000_000) + payments(rows)[6], abs=15_000)

    def test_a_later_drawing_has_a_balloon_of_its_own(self) -> None:
        draws = ({"on": DRAWN, "amount": yuan(6_000_000)}, {"on": date(2026, 6, 21), "amount": yuan(4_000_000)})
        rows = self.even("equal_principal", tenor_months=12, draws=draws)
        # 70 % of six million in twelve parts, of four million in nine; 30 % of both in the last.
        assert principal(rows)[:3] == [Decimal(350_000)] * 3
        assert principal(rows)[3] == (Decimal(350_000) + Decimal(2_800_000) / 9).quantize(Decimal("0.01"))
        assert rows[-1].principal.amount == pytest.approx(Decimal(3_000_000) + Decimal("661111.11"), abs=Decimal("0.1"))


class TestSeasonal:
    PROFILE = {"method": "seasonal", "months": [6, 12]}

    def test_principal_in_the_season_interest_all_year(self) -> None:
        rows = plan(method="seasonal", profile=self.PROFILE, tenor_months=24)
        paying = [row for row in rows if row.principal.amount]
        assert [(row.period_end.year, row.period_end.month) for row in paying] == [
            (2026, 6),
            (2026, 12),
            (2027, 6),
            (2027, 12),
        ]
        assert principal(tuple(paying)) == [Decimal(2_500_000)] * 4
        assert all(row.interest.amount > 0 for row in rows)

    def test_the_plan_ends_when_nothing_is_owed(self) -> None:
        rows = plan(method="seasonal", profile=self.PROFILE, tenor_months=24)
        assert (rows[-1].period_end, rows[-1].balance) == (date(2027, 12, 20), yuan(0))

    def test_what_rounding_leaves_falls_due_with_the_last_principal_and_not_a_season_later(self) -> None:
        profile = {"method": "seasonal", "months": [6]}
        rows = plan(method="seasonal", profile=profile, tenor_months=36)
        assert [row.principal.amount for row in rows if row.principal.amount] == [
            Decimal("3333333.33"),
            Decimal("3333333.33"),
            Decimal("3333333.34"),
        ]
        assert rows[-1].period_end == date(2028, 6, 20)

    def test_a_season_that_never_comes_leaves_all_to_the_end(self) -> None:
        conclusion = planned(method="seasonal", profile={"method": "seasonal", "months": [2]}, tenor_months=9)
        assert conclusion.value is not None
        assert principal(conclusion.value.instalments) == [Decimal(0)] * 8 + [Decimal(10_000_000)]
        beyond_a_year = planned(
            method="seasonal", profile={"method": "seasonal", "months": [3]}, tenor_months=13, grace_months=12
        )
        assert "INSTALMENTS_REQUIRED" in codes(beyond_a_year)


class TestStepped:
    def test_principal_grows_by_steps(self) -> None:
        profile = {"method": "stepped", "every": 2, "growth": "0.5"}
        rows = plan(method="stepped", profile=profile, tenor_months=6, principal=yuan(9_500_000))
        # Two parts each of 1, 1.5 and 2.25: 9.5 parts in all.
        assert principal(rows) == [
            Decimal(x) for x in (1_000_000, 1_000_000, 1_500_000, 1_500_000, 2_250_000, 2_250_000)
        ]

    def test_a_falling_step(self) -> None:
        rows = plan(
            method="stepped",
            profile={"method": "stepped", "every": 1, "growth": "-0.5"},
            tenor_months=3,
            principal=yuan(7_000_000),
        )
        assert principal(rows) == [Decimal(4_000_000), Decimal(2_000_000), Decimal(1_000_000)]


class TestCustom:
    def profile(self, *amounts: tuple[int, str]) -> dict[str, Any]:
        stated = [{"number": number, "principal": yuan(amount)} for number, amount in amounts]
        return {"method": "custom", "instalments": stated}

    def test_the_stated_amounts_and_interest_in_between(self) -> None:
        rows = plan(
            method="custom",
            profile=self.profile((9, "4000000.01"), (3, "1000000"), (12, "4999999.99")),
            tenor_months=12,
        )
        assert {row.number: row.principal.amount for row in rows if row.principal.amount} == {
            3: Decimal(1_000_000),
            9: Decimal("4000000.01"),
            12: Decimal("4999999.99"),
        }

    def test_it_ends_with_the_last_stated_amount(self) -> None:
        assert len(plan(method="custom", profile=self.profile((2, "10000000")), tenor_months=12)) == 2

    def test_an_instalment_the_loan_does_not_have(self) -> None:
        with pytest.raises(Inadmissible) as refused:
            plan(method="custom", profile=self.profile((3, "4000000"), (13, "6000000")), tenor_months=12)
        assert (refused.value.code, refused.value.fields) == ("no_such_instalment", ("profile/instalments/1/number",))

    def test_nothing_is_repaid_before_it_is_drawn(self) -> None:
        draws = ({"on": DRAWN, "amount": yuan(1_000_000)}, {"on": date(2026, 9, 1), "amount": yuan(9_000_000)})
        with pytest.raises(Inadmissible) as refused:
            plan(method="custom", profile=self.profile((3, "4000000"), (9, "6000000")), tenor_months=12, draws=draws)
        assert (refused.value.code, refused.value.fields) == ("more_than_drawn", ("profile/instalments/0/principal",))

    def test_stated_amounts_hold_for_all_drawings(self) -> None:
        draws = ({"on": DRAWN, "amount": yuan(5_000_000)}, {"on": date(2026, 9, 1), "amount": yuan(5_000_000)})
        rows = plan(method="custom", profile=self.profile((3, "4000000"), (9, "6000000")), tenor_months=12, draws=draws)
        assert [row.principal.amount for row in rows if row.principal.amount] == [
            Decimal(4_000_000),
            Decimal(6_000_000),
        ]


class TestSculpted:
    def sculpted(self, ceilings: list[str], **changes: Any) -> Conclusion[Schedule]:
        profile = {"method": "sculpted", "ceilings": [yuan(item) for item in ceilings]}
        return planned(method="sculpted", profile=profile, **changes)

    def test_the_debt_is_the_lower_of_itself_and_the_ceiling(self) -> None:
        """Domain paper §3.6, forward step: b(t) = min(b(t−1), B(t)); a ceiling that rises again lends nothing."""
        found = self.sculpted(["1000", "900", "950", "700", "700", "100"], principal=yuan("950.50"), tenor_months=6)
        assert found.value is not None
        rows = found.value.instalments
        assert [row.balance.amount for row in rows] == [Decimal(x) for x in (900, 900, 700, 700, 100, 0)]
        assert "DEBT_ABOVE_CEILING" not in codes(found)

    def test_no_plan_under_the_ceilings_repays_later(self) -> None:
        """Beside a linear programme: balances that fall, stay under their ceilings and are as high as they can be."""
        ceilings = [float(x) for x in np.round(8_000_000 * np.exp(-0.045 * np.arange(36)) + 200_000, 2)]
        found = self.sculpted(
            [str(Decimal(repr(x)).quantize(Decimal("0.01"))) for x in ceilings], principal=yuan(7_000_000)
        )
        assert found.value is not None
        count = len(ceilings) - 1
        falling = np.eye(count) - np.eye(count, k=-1)
        theirs = linprog(
            -np.ones(count),
            A_ub=falling,
            b_ub=[7_000_000.0] + [0.0] * (count - 1),
            bounds=[(0, ceiling) for ceiling in ceilings[1:]],
        )
        ours = [float(row.balance.amount) for row in found.value.instalments[:-1]]
        assert ours == pytest.approx(list(theirs.x), abs=0.011)

    def test_between_quarterly_dates_the_lowest_ceiling_holds(self) -> None:
        """What is owed after 21 June must be borne until 21 September: by the ceilings of months 3, 4 and 5."""
        found = self.sculpted(
            ["1000", "990", "980", "700", "650", "600", "590", "580", "570", "0", "0", "0"],
            principal=yuan(1000),
            tenor_months=12,
            frequency="quarterly",
        )
        assert found.value is not None
        assert [row.balance.amount for row in found.value.instalments] == [Decimal(x) for x in (600, 570, 0)]
        # Until the first instalment nothing brings the debt down: month 1 has it ten above its ceiling.
        assert [reason.subject for reason in found.reasons if reason.code == "DEBT_ABOVE_CEILING"] == [
            "profile/ceilings/1"
        ]

    def test_a_debt_above_its_security_is_referred(self) -> None:
        found = self.sculpted(["900", "800", "700"], principal=yuan(1000), tenor_months=3)
        assert found.outcome is Outcome.REFER
        assert {reason.code: reason.subject for reason in found.reasons}["DEBT_ABOVE_CEILING"] == "profile/ceilings/0"

    def test_a_drawing_above_the_ceiling_of_its_month_is_referred(self) -> None:
        ceilings = ["1000", "1000", "500", "500", "400", "300"]
        early = ({"on": DRAWN, "amount": yuan(300)}, {"on": date(2026, 5, 1), "amount": yuan(700)})
        found = self.sculpted(ceilings, principal=yuan(1000), tenor_months=6, draws=early)
        assert found.value is not None
        assert [row.balance.amount for row in found.value.instalments][:3] == [Decimal(300), Decimal(500), Decimal(500)]
        assert "DEBT_ABOVE_CEILING" not in codes(found)
        late = ({"on": DRAWN, "amount": yuan(300)}, {"on": date(2026, 6, 1), "amount": yuan(700)})
        above = self.sculpted(ceilings, principal=yuan(1000), tenor_months=6, draws=late)
        assert {reason.code: reason.subject for reason in above.reasons}["DEBT_ABOVE_CEILING"] == "profile/ceilings/2"


class TestDrawings:
    DRAWS = (
        {"on": DRAWN, "amount": yuan(4_000_000)},
        {"on": date(2026, 5, 11), "amount": yuan(5_000_000)},
        {"on": date(2026, 5, 11), "amount": yuan(1_000_000)},
    )

    def test_each_drawing_is_spread_over_the_instalments_after_it(self) -> None:
        rows = plan(method="equal_principal", tenor_months=10, draws=self.DRAWS)
        assert principal(rows) == [Decimal(400_000)] + [Decimal(400_000) + Decimal("666666.67")] * 8 + [
            Decimal("1066666.64")
        ]
        assert [row.drawn.amount if row.drawn else None for row in rows[:3]] == [None, Decimal(6_000_000), None]

    def test_a_drawing_bears_interest_from_its_day(self) -> None:
        second = plan(method="equal_principal", tenor_months=10, draws=self.DRAWS)[1]
        # 3.6m for the 30 days from 21 April, 6m for the 10 days from 11 May.
        assert second.interest.amount == Decimal(3_600_000) * 36 * 30 / 360_000 + Decimal(6_000_000) * 36 * 10 / 360_000

    def test_the_payment_is_level_once_all_is_drawn(self) -> None:
        rows = plan(method="annuity", tenor_months=36, draws=self.DRAWS)
        paid = payments(rows)
        assert len(set(paid[1:-1])) == 1
        assert paid[1] > paid[0]
        assert paid[-1] == pytest.approx(paid[1], abs=1)

    def test_drawings_in_grace_are_level_from_its_end(self) -> None:
        rows = plan(method="annuity", tenor_months=36, grace_months=6, draws=self.DRAWS)
        at_once = plan(method="annuity", tenor_months=36, grace_months=6)
        assert payments(rows)[6:] == pytest.approx(payments(at_once)[6:], abs=Decimal("0.02"))

    def test_a_product_that_is_drawn_at_once(self) -> None:
        changes: dict[str, Any] = {"tenor_months": 10, "method": "equal_principal", "draws": self.DRAWS}
        once = planned(product="bocom_qh_green_fa", lender_id="bocom", **changes)
        assert "DRAWINGS_NOT_OFFERED" in codes(once)
        assert "DRAWINGS_NOT_OFFERED" not in codes(planned(**changes))


def test_every_method_says_which_product_does_not_offer_it() -> None:
    found = planned(method="seasonal", profile=TestSeasonal.PROFILE)
    assert found.outcome is Outcome.REFER
    assert {reason.code: reason.subject for reason in found.reasons}["METHOD_NOT_OFFERED"] == "method"
    assert found.model.version == "2"
    assert next(step for step in found.trace if step.step == "schedule/principal").inputs["months"] == "[6, 12]"
