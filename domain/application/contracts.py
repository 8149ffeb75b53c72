"""Compute contracts with off-takers and buyers (application fields 58-61)."""

from datetime import date
from enum import StrEnum

from domain.application.text import Code, Key, Label, Months
from domain.facts import Fact
from domain.identity import Uscc
from domain.model import Value
from domain.money import Money, Rate


class ContractKind(StrEnum):
    """A framework agreement is not an order: nobody has to take or to pay anything under it."""

    FIRM = "firm"
    TAKE_OR_PAY = "take_or_pay"
    FRAMEWORK = "framework"


class ComputeContract(Value):
    key: Key
    number: Label
    buyer_name: Label
    buyer_uscc: Uscc
    buyer_tier: Fact[Code] | None = None
    buyer_related: Fact[bool] | None = None
    kind: Fact[ContractKind] | None = None
    amount: Fact[Money] | None = None
    gpu_model: Fact[Label] | None = None
    quantity: Fact[int] | None = None
    signed: Fact[date] | None = None
    starts: Fact[date] | None = None
    ends: Fact[date] | None = None
    months: Fact[Months] | None = None
    advance_received: Fact[Money] | None = None
    retention: Fact[Money] | None = None
    collected: Fact[Money] | None = None
    cost_to_complete: Fact[Money] | None = None
    collectible_within_tenor: Fact[Money] | None = None
    assignment_allowed: Fact[bool] | None = None
    termination_notice_months: Fact[int] | None = None
    collection_account: Fact[Label] | None = None
    revenue_share: Fact[Rate] | None = None
    """Share of the borrower's next-twelve-month revenue."""
