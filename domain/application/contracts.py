"""Compute contracts with off-takers and buyers (application fields 58-61)."""

from datetime import date
from enum import StrEnum

from domain.application.text import Code, Count, Key, Label, Months
from domain.facts import Fact
from domain.identity import Uscc
from domain.model import Value
from domain.money import NotNegative, Rate


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
    amount: Fact[NotNegative] | None = None
    gpu_model: Fact[Label] | None = None
    quantity: Fact[Count] | None = None
    signed: Fact[date] | None = None
    starts: Fact[date] | None = None
    ends: Fact[date] | None = None
    months: Fact[Months] | None = None
    advance_received: Fact[NotNegative] | None = None
    retention: Fact[NotNegative] | None = None
    collected: Fact[NotNegative] | None = None
    cost_to_complete: Fact[NotNegative] | None = None
    collectible_within_tenor: Fact[NotNegative] | None = None
    assignment_allowed: Fact[bool] | None = None
    ready_to_start: Fact[bool] | None = None
    """Whether what performance needs to begin (site, power, permits, staff) is there."""
    termination_notice_months: Fact[Count] | None = None
    collection_account: Fact[Label] | None = None
    revenue_share: Fact[Rate] | None = None
    """Share of the borrower's next-twelve-month revenue."""
