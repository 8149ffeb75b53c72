"""A loan of 10m at 3.6 % over 36 even months, to be changed by each test."""

from datetime import date
from decimal import Decimal
from typing import Any

from domain.borrowing_cost import BorrowingCostRequest
from domain.money import yuan
from domain.pricing import ScheduleRequest
from services.pricing.calc.schedule import repayment_plan
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import CALENDAR, dated

DRAWN = date(2026, 3, 21)


def payments(**changes: Any) -> list[dict[str, Any]]:
    """The instalments of the schedule service, due on the contract's own days: in even months, without holidays."""
    asked: ScheduleRequest = requests.schedule(
        book(), **({"day_count": "thirty_360", "drawn_on": DRAWN, "method": "annuity"} | changes)
    )
    plan = repayment_plan(asked, book(), dated("calendar.cn", CALENDAR)).value
    assert plan is not None
    return [
        {
            "period_start": item.period_start,
            "period_end": item.period_end,
            "due": item.due if asked.day_count == "act_360" else item.period_end.replace(day=21),
            "principal": item.principal,
            "interest": item.interest,
        }
        for item in plan.instalments
    ]


def fee(kind: str, amount: int, payer: str = "borrower", on: date = DRAWN) -> dict[str, Any]:
    return {"kind": kind, "name": kind, "amount": yuan(amount), "payer": payer, "on": on}


def request(**changes: Any) -> BorrowingCostRequest:
    values: dict[str, Any] = {
        "contract_rate": Decimal("0.036"),
        "drawings": [{"on": DRAWN, "amount": yuan(10_000_000)}],
        "time": "thirty_360",
    }
    if "payments" not in changes:
        values["payments"] = payments()
    return BorrowingCostRequest.model_validate(requests.common(book()) | values | changes)
