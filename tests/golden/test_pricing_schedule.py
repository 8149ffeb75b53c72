"""Golden figures of schedules and of the cost of borrowing: domain paper §5.6."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.money import yuan
from domain.pricing import Instalment, QuoteFee, ScheduleRequest
from services.pricing.calc.price.cost import comprehensive_cost, effective
from services.pricing.calc.schedule import level_payment, repayment_plan
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import CALENDAR, dated

FEN = Decimal("0.01")


def plan(request: ScheduleRequest) -> tuple[Instalment, ...]:
    conclusion = repayment_plan(request, book(), dated("calendar.cn", CALENDAR))
    assert conclusion.value is not None
    return conclusion.value.instalments


def even_months(principal: int, rate: str, months: int, method: str) -> tuple[Instalment, ...]:
    """Drawn on the 21st with 30/360, every period is a twelfth of a year, as in the published tables."""
    return plan(
        requests.schedule(
            book(),
            principal=yuan(principal),
            annual_rate=rate,
            tenor_months=months,
            method=method,
            day_count="thirty_360",
            drawn_on=date(2026, 3, 21),
        )
    )


def payments(instalments: tuple[Instalment, ...]) -> list[Decimal]:
    return [item.principal.amount + item.interest.amount for item in instalments]


def interest(instalments: tuple[Instalment, ...]) -> Decimal:
    return sum((item.interest.amount for item in instalments), Decimal(0))


@pytest.mark.parametrize(
    ("principal", "rate", "months", "payment", "total"),
    [
        (1_000_000, "0.049", 360, "5307.27", "910616.19"),
        (10_000_000, "0.036", 36, "293463.78", "564696.08"),
    ],
)
def test_annuity(principal: int, rate: str, months: int, payment: str, total: str) -> None:
    instalments = even_months(principal, rate, months, "annuity")
    paid = payments(instalments)
    assert len(instalments) == months
    assert set(paid[:-1]) == {Decimal(payment)}
    exact = level_payment(Decimal(principal), [Decimal(rate) / 12] * months)
    assert (exact * months - principal).quantize(FEN) == Decimal(total)
    # The payment is rounded to the fen, so that the last one differs by what rounding left, compounded.
    assert abs(paid[-1] - Decimal(payment)) < 3
    assert abs(interest(instalments) - Decimal(total)) < 3


@pytest.mark.parametrize(
    ("principal", "rate", "months", "first", "last", "total"),
    [
        (1_000_000, "0.049", 360, "6861.11", None, "737041.67"),
        (10_000_000, "0.036", 36, "307777.78", "278611.11", "555000.00"),
    ],
)
def test_equal_principal(principal: int, rate: str, months: int, first: str, last: str | None, total: str) -> None:
    instalments = even_months(principal, rate, months, "equal_principal")
    paid = payments(instalments)
    assert paid[0] == Decimal(first)
    if last is not None:
        assert abs(paid[-1] - Decimal(last)) <= Decimal("0.10")
    assert abs(interest(instalments) - Decimal(total)) <= Decimal("0.60")


def test_interest_between_the_21sts_by_actual_days() -> None:
    """10m at 3.6 %: 31 days from 21 March to 21 April, 30 to 21 May."""
    first, second, *_ = plan(requests.schedule(book(), method="equal_principal"))
    assert (first.period_start, first.period_end, first.days) == (date(2026, 3, 21), date(2026, 4, 20), 31)
    assert first.interest == yuan("31000.00")
    assert second.days == 30
    assert second.interest.amount == (first.balance.amount * Decimal("0.036") * 30 / 360).quantize(FEN)


def test_comprehensive_cost_of_the_worked_loan() -> None:
    """Loan (b) with a guarantee fee of 0.5 % and an appraisal of 20,000 at drawing."""
    fees: list[dict[str, Any]] = [
        {"name": "guarantee", "amount": yuan(50_000), "payer": "borrower"},
        {"name": "appraisal", "amount": yuan(20_000), "payer": "borrower"},
    ]
    borne = [QuoteFee.model_validate(fee) for fee in fees]
    nominal = comprehensive_cost(Decimal(10_000_000), Decimal("0.036"), 36, borne)
    assert nominal is not None
    assert nominal.quantize(Decimal("1e-7")) == Decimal("0.0406577")
    assert effective(nominal).quantize(Decimal("1e-7")) == Decimal("0.0414240")


def test_fees_of_others_cost_the_borrower_nothing() -> None:
    """银保监发〔2020〕18号: an appraisal the bank commissions is the bank's cost."""
    fee = QuoteFee(name="appraisal", amount=yuan(20_000), payer="lender")
    assert comprehensive_cost(Decimal(10_000_000), Decimal("0.036"), 36, [fee]) == Decimal("0.03600000")
