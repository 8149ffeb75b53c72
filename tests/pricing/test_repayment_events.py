"""What happens to a loan on its way: the rate steps up, something is prepaid, tranches run side by side, and the holidays
of a later year are published.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.calendar import BusinessCalendar
from domain.finding import Outcome
from domain.money import yuan
from domain.pricing import Instalment, Schedule
from services.pricing.calc.conclusion import Conclusion, Inadmissible
from services.pricing.calc.schedule import level_payment, repayment_plan
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import CALENDAR, dated

DRAWN = date(2026, 3, 21)
FEN = Decimal("0.01")


def planned(calendar: BusinessCalendar = CALENDAR, **changes: Any) -> Conclusion[Schedule]:
    return repayment_plan(requests.schedule(book(), **changes), book(), dated("calendar.cn", calendar))


def plan(**changes: Any) -> tuple[Instalment, ...]:
    conclusion = planned(**changes)
    assert conclusion.value is not None
    return conclusion.value.instalments


def payments(rows: tuple[Instalment, ...]) -> list[Decimal]:
    return [row.principal.amount + row.interest.amount for row in rows]


def principal(rows: tuple[Instalment, ...]) -> list[Decimal]:
    return [row.principal.amount for row in rows]


def prepaid(on: date, amount: int | str, effect: str) -> dict[str, Any]:
    return {"on": on, "amount": yuan(amount), "effect": effect}


class TestRateSteps:
    def test_each_day_bears_the_rate_of_the_day(self) -> None:
        """3.6 % to 10 May, 4.1 % from 11 May: 20 days and 10 days of the second period."""
        steps = ({"on": date(2026, 5, 11), "annual_rate": "0.041"},)
        rows = plan(method="bullet", tenor_months=6, rate_steps=steps)
        assert rows[1].days == 30
        assert rows[1].interest.amount == Decimal(10_000_000) * 36 * 20 / 360_000 + (
            Decimal(10_000_000) * 41 * 10 / 360_000
        ).quantize(FEN)
        assert rows[2].interest.amount == (Decimal(10_000_000) * 41 * 31 / 360_000).quantize(FEN)

    def test_a_level_payment_is_level_again_after_the_step(self) -> None:
        steps = ({"on": date(2027, 3, 21), "annual_rate": "0.041"}, {"on": date(2028, 3, 21), "annual_rate": "0.046"})
        paid = payments(plan(method="annuity", tenor_months=36, rate_steps=steps))
        years = [set(paid[:12]), set(paid[12:24]), set(paid[24:-1])]
        assert [len(year) for year in years] == [1, 1, 1]
        assert paid[0] < paid[12] < paid[24]
        assert paid[-1] == pytest.approx(paid[24], abs=Decimal("0.50"))

    def test_the_payment_after_a_step_is_that_of_a_new_loan_of_the_rest(self) -> None:
        steps = ({"on": date(2027, 3, 21), "annual_rate": "0.041"},)
        rows = plan(method="annuity", tenor_months=36, day_count="thirty_360", rate_steps=steps)
        assert payments(rows)[12] == level_payment(rows[11].balance.amount, [Decimal("0.041") / 12] * 24).quantize(FEN)

    def test_a_step_inside_a_period_leaves_no_lump_at_the_end(self) -> None:
        paid = payments(plan(tenor_months=36, rate_steps=({"on": date(2027, 4, 9), "annual_rate": "0.0555"},)))
        assert len(set(paid[:12])) == len(set(paid[12:-1])) == 1
        assert paid[-1] == pytest.approx(paid[12], abs=Decimal("0.50"))

    def test_equal_principal_stays_equal(self) -> None:
        steps = ({"on": date(2026, 9, 1), "annual_rate": "0.05"},)
        changed, plain = (plan(method="equal_principal", tenor_months=24, rate_steps=given) for given in (steps, ()))
        assert principal(changed) == principal(plain)


class TestPrepayment:
    def test_it_pays_the_interest_accrued_on_what_is_prepaid(self) -> None:
        """利随本清: one million for the 20 days from 21 April to 11 May; the rest of the period's interest waits."""
        rows = plan(method="bullet", tenor_months=6, prepayments=(prepaid(date(2026, 5, 11), 1_000_000, "reduce"),))
        early, settled = rows[1], rows[2]
        assert (early.kind, early.due, early.days) == ("prepayment", date(2026, 5, 11), 20)
        assert early.principal == yuan(1_000_000)
        assert early.interest == yuan("2000.00")
        assert settled.kind == "scheduled"
        assert settled.interest.amount == Decimal(18_000) + Decimal(9_000)
        assert rows[-1].principal == yuan(9_000_000)

    def test_reduced_instalments_over_the_same_term(self) -> None:
        plain = plan(method="annuity", tenor_months=36)
        rows = plan(tenor_months=36, prepayments=(prepaid(date(2027, 3, 21), 3_000_000, "reduce"),))
        paid = [row for row in rows if row.kind == "scheduled"]
        amounts = payments(tuple(paid))
        assert len(paid) == 36
        assert amounts[:12] == payments(plain)[:12]
        assert len(set(amounts[12:-1])) == 1
        assert amounts[-1] == pytest.approx(amounts[12], abs=Decimal("0.50"))
        left = plain[11].balance.amount
        assert amounts[12] == pytest.approx(amounts[0] * (left - 3_000_000) / left, abs=Decimal("0.02"))

    def test_the_same_instalments_over_a_shorter_term(self) -> None:
        rows = plan(tenor_months=36, prepayments=(prepaid(date(2027, 3, 21), 3_000_000, "shorten"),))
        amounts = payments(tuple(row for row in rows if row.kind == "scheduled"))
        assert len(set(amounts[:-1])) == 1
        assert len(amounts) < 30
        assert Decimal(0) < amounts[-1] <= amounts[0] + 1
        assert (
            planned(tenor_months=36, prepayments=(prepaid(date(2027, 3, 21), 3_000_000, "shorten"),)).value
            != planned(tenor_months=36).value
        )

    def test_a_shortened_loan_stays_short_when_its_rate_steps(self) -> None:
        early = (prepaid(date(2027, 3, 21), 3_000_000, "shorten"),)
        before = plan(tenor_months=36, prepayments=early)
        steps = ({"on": date(2027, 9, 21), "annual_rate": "0.046"},)
        after = plan(tenor_months=36, prepayments=early, rate_steps=steps)
        assert after[-1].period_end == before[-1].period_end
        amounts = payments(tuple(row for row in after if row.kind == "scheduled"))
        assert len(set(amounts[18:-1])) == 1
        assert amounts[-1] == pytest.approx(amounts[18], abs=Decimal("0.50"))

    def test_equal_principal_reduced_and_shortened(self) -> None:
        shared: dict[str, Any] = {"method": "equal_principal", "tenor_months": 10}
        on = date(2026, 6, 21)
        reduced = plan(**shared, prepayments=(prepaid(on, 3_500_000, "reduce"),))
        assert principal(reduced) == [Decimal(1_000_000)] * 3 + [Decimal(3_500_000)] + [Decimal(500_000)] * 7
        shortened = plan(**shared, prepayments=(prepaid(on, 3_500_000, "shorten"),))
        assert principal(shortened) == [Decimal(1_000_000)] * 3 + [Decimal(3_500_000)] + [Decimal(1_000_000)] * 3 + [
            Decimal(500_000)
        ]

    def test_a_balloon_is_what_a_shortening_prepayment_takes_first(self) -> None:
        shared: dict[str, Any] = {
            "method": "balloon",
            "profile": {"method": "balloon", "share": "0.5"},
            "tenor_months": 12,
        }
        plain = plan(**shared)
        rows = plan(**shared, prepayments=(prepaid(date(2026, 9, 21), 2_000_000, "shorten"),))
        paid = tuple(row for row in rows if row.kind == "scheduled")
        assert len(paid) == 12
        assert payments(paid)[:-1] == payments(plain)[:-1]
        assert payments(paid)[-1] < payments(plain)[-1] - 2_000_000

    def test_everything_prepaid_ends_the_loan(self) -> None:
        rows = plan(method="bullet", tenor_months=6, prepayments=(prepaid(date(2026, 5, 11), 10_000_000, "reduce"),))
        assert [row.kind for row in rows] == ["scheduled", "prepayment"]
        assert rows[-1].interest == yuan("20000.00")
        assert rows[-1].balance == yuan(0)
        found = planned(
            method="bullet", tenor_months=6, prepayments=(prepaid(date(2026, 5, 11), 10_000_000, "reduce"),)
        )
        assert found.value is not None
        assert found.value.final_maturity == date(2026, 5, 11)

    def test_more_than_is_owed_cannot_be_prepaid(self) -> None:
        given = (
            prepaid(date(2026, 5, 11), 6_000_000, "reduce"),
            prepaid(date(2026, 6, 11), "4000000.01", "reduce"),
        )
        with pytest.raises(Inadmissible) as refused:
            plan(method="bullet", tenor_months=6, prepayments=given)
        assert (refused.value.code, refused.value.fields) == ("prepayment_above_balance", ("prepayments/1/amount",))

    def test_a_prepayment_on_a_closed_day_is_due_on_the_next_open_one(self) -> None:
        rows = plan(method="bullet", tenor_months=9, prepayments=(prepaid(date(2026, 10, 3), 1_000_000, "reduce"),))
        early = next(row for row in rows if row.kind == "prepayment")
        assert (early.due, early.days) == (date(2026, 10, 8), 12)

    def test_prepaid_principal_is_not_an_instalment_of_the_plan(self) -> None:
        given = (prepaid(date(2026, 5, 11), 1_000_000, "reduce"),)
        found = planned(method="custom", profile=_at_the_end(13), tenor_months=13, prepayments=given)
        assert "INSTALMENTS_REQUIRED" in {reason.code for reason in found.reasons}

    def test_the_trace_says_what_was_paid_and_why(self) -> None:
        found = planned(
            tenor_months=12,
            prepayments=(prepaid(date(2026, 5, 11), 1_000_000, "shorten"),),
            rate_steps=({"on": date(2026, 6, 1), "annual_rate": "0.04"},),
        )
        steps = {step.step: step for step in found.trace}
        assert steps["schedule/prepayment/1"].result == "2000.00"
        assert steps["schedule/prepayment/1"].inputs["prepaid"] == "1000000.00"
        assert steps["schedule/rate/1"].result == "0.04000000"
        assert steps["schedule/principal"].result == "10000000.00"


def _at_the_end(number: int) -> dict[str, Any]:
    return {"method": "custom", "instalments": [{"number": number, "principal": yuan(10_000_000)}]}


class TestTranches:
    """The project of corrections §6: four classes of assets, each repaid over what it lasts."""

    TRANCHES = (
        {"key": "civil", "principal": yuan(36_000_000), "tenor_months": 120},
        {"key": "power", "principal": yuan(25_000_000), "tenor_months": 96, "method": "annuity"},
        {"key": "gpu", "principal": yuan(71_600_000), "tenor_months": 48, "annual_rate": "0.041"},
        {"key": "soft", "principal": yuan(4_000_000), "tenor_months": 24, "grace_months": 6},
    )

    def shared(self, **changes: Any) -> dict[str, Any]:
        given: dict[str, Any] = {
            "principal": yuan(136_600_000),
            "tenor_months": 120,
            "method": "equal_principal",
            "frequency": "quarterly",
            "tranches": self.TRANCHES,
        }
        return given | changes

    def test_each_tranche_is_the_plan_it_would_be_alone(self) -> None:
        found = planned(**self.shared())
        assert found.value is not None
        by_key = {item.key: item for item in found.value.tranches}
        alone = planned(
            principal=yuan(71_600_000),
            tenor_months=48,
            method="equal_principal",
            frequency="quarterly",
            annual_rate="0.041",
        )
        assert alone.value is not None
        assert by_key["gpu"].instalments == alone.value.instalments
        assert by_key["gpu"].total_interest == alone.value.total_interest
        assert [row.principal.amount for row in by_key["soft"].instalments[:2]] == [Decimal(0), Decimal(0)]
        assert by_key["civil"].final_maturity == found.value.final_maturity

    def test_together_they_are_the_sums(self) -> None:
        found = planned(**self.shared())
        assert found.value is not None
        rows = found.value.instalments
        assert len(rows) == 40
        for row in rows:
            parts = [
                item for part in found.value.tranches for item in part.instalments if item.period_end == row.period_end
            ]
            assert row.principal.amount == sum(item.principal.amount for item in parts)
            assert row.interest.amount == sum(item.interest.amount for item in parts)
        assert rows[-1].balance == yuan(0)
        assert found.value.total_interest.amount == sum(part.total_interest.amount for part in found.value.tranches)

    def test_tranches_drawn_on_other_days_enter_when_they_are_drawn(self) -> None:
        first, second = {"key": "one", "principal": yuan(600)}, {"key": "two", "principal": yuan(400)}
        found = planned(
            principal=yuan(1000),
            tenor_months=3,
            method="bullet",
            tranches=(first, second | {"drawn_on": date(2026, 5, 2), "tenor_months": 1}),
        )
        assert found.value is not None
        rows = found.value.instalments
        assert [(row.period_start, row.period_end) for row in rows] == [
            (date(2026, 3, 21), date(2026, 4, 20)),
            (date(2026, 4, 21), date(2026, 5, 20)),
            (date(2026, 5, 21), date(2026, 6, 1)),
            (date(2026, 6, 2), date(2026, 6, 20)),
        ]
        assert [row.balance.amount for row in rows] == [Decimal(x) for x in (600, 1000, 600, 0)]
        assert [row.drawn.amount if row.drawn else 0 for row in rows] == [0, 400, 0, 0]
        assert [row.days for row in rows] == [31, 30, 12, 19]

    def test_reasons_and_trace_name_the_tranche(self) -> None:
        conclusion = planned(**self.shared(tranches=(*self.TRANCHES[:3], self.TRANCHES[3] | {"method": "bullet"})))
        assert conclusion.outcome is Outcome.REFER
        assert ("INSTALMENTS_REQUIRED", "tranches/3/method") in {
            (reason.code, reason.subject) for reason in conclusion.reasons
        }
        assert {"schedule/civil/periods", "schedule/gpu/interest"} <= {step.step for step in conclusion.trace}

    def test_a_tranche_without_a_price_is_named(self) -> None:
        conclusion = planned(**self.shared(annual_rate=None))
        assert conclusion.value is None
        assert [reason.subject for reason in conclusion.reasons] == [
            "tranches/0/annual_rate",
            "tranches/1/annual_rate",
            "tranches/3/annual_rate",
        ]


def test_when_the_holidays_of_a_year_are_published_only_due_dates_move() -> None:
    """The plan of 2026 is rolled again on the calendar that knows 2027: a holiday moves one date, and no amount."""
    published = CALENDAR.model_copy(
        update={
            "vintage": "2027",
            "holidays": (*CALENDAR.holidays, *(date(2027, 6, 21) + timedelta(days=n) for n in (0, 1))),
            "published_through": date(2027, 12, 31),
        }
    )
    before, after = planned(tenor_months=18), planned(published, tenor_months=18)
    assert before.value is not None
    assert after.value is not None
    moved = [
        (old.period_end, old.due, new.due)
        for old, new in zip(before.value.instalments, after.value.instalments, strict=True)
        if old.due != new.due
    ]
    assert moved == [(date(2027, 6, 20), date(2027, 6, 21), date(2027, 6, 23))]
    assert payments(before.value.instalments) == payments(after.value.instalments)
    assert [row.provisional for row in before.value.instalments].count(True) == 9
    assert not any(row.provisional for row in after.value.instalments)
