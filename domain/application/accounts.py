"""Accounts per period (application fields 25-33) and the borrower's debt by lender."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.application.text import Label
from domain.facts import Fact
from domain.model import Value
from domain.money import Money, Rate


class LenderDebt(Value):
    """Debt to one lender at the period's end."""

    lender: Label
    balance: Money
    secured: bool


class Accounts(Value):
    """One reporting period. All amounts in CNY; turnover figures are averages over the period, balances at its end."""

    period_end: date
    months: Annotated[int, Field(ge=1, le=24)] = 12
    audited: bool
    scope: Literal["solo", "consolidated"]
    revenue: Fact[Money] | None = None
    cost_of_sales: Fact[Money] | None = None
    profit: Fact[Money] | None = None
    average_inventory: Fact[Money] | None = None
    average_receivables: Fact[Money] | None = None
    average_payables: Fact[Money] | None = None
    average_prepayments: Fact[Money] | None = None
    average_advances: Fact[Money] | None = None
    own_working_capital: Fact[Money] | None = None
    working_capital_loans: Fact[Money] | None = None
    other_working_capital: Fact[Money] | None = None
    expected_growth: Fact[Rate] | None = None
    operating_cash_flow: Fact[Money] | None = None
    cash: Fact[Money] | None = None
    monthly_burn: Fact[Money] | None = None
    total_assets: Fact[Money] | None = None
    equity: Fact[Money] | None = None
    debt: Annotated[tuple[LenderDebt, ...], Field(max_length=200)] | None = None
    guarantees_given: Fact[Money] | None = None
    research_expense: Fact[Money] | None = None
    research_capitalised: Fact[Rate] | None = None
    revenue_growth_3y: Fact[Rate] | None = Field(default=None, exclude_if=lambda fact: fact is None)
    """Per year, over the three years to the period's end (compound)."""
