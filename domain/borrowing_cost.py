"""综合融资成本: every cash flow of a borrower on its day, and the yearly rate they come to."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.application.text import Label
from domain.decision import DecisionInputs
from domain.figures import Day, YearlyRate, figure
from domain.finding import FindingValue
from domain.model import Value
from domain.money import Money, Rate
from domain.repayment import Wrong, refuse
from domain.support import Claim, SupportLine

FeeKind = Literal["guarantee", "appraisal", "registration", "insurance", "legal", "arrangement", "commitment", "other"]
FeePayer = Literal["borrower", "lender", "third_party"]
DrawnAmount = Annotated[Money, figure("CNY", "(0, 1000000000000]", above="0", at_most="1000000000000")]
PaidAmount = Annotated[Money, figure("CNY", "[0, 1000000000000]", at_least="0", at_most="1000000000000")]
"""A trillion is beyond any loan, and near enough that the sums of a loan can be told to the fen."""


class LoanDrawing(Value):
    on: Day
    amount: DrawnAmount


class LoanPayment(Value):
    """An instalment as the schedule lays it out; the period's first and last day both bear interest."""

    period_start: Day
    period_end: Day
    due: Day
    principal: PaidAmount
    interest: PaidAmount

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.period_start <= self.period_end <= self.due:
            raise PydanticCustomError("period_out_of_order", "period_start ≤ period_end ≤ due is required")
        return self


class LoanFee(Value):
    """A fee, who pays it and when. A valuation that the lender commissions is the lender's (银保监发〔2020〕18号)."""

    kind: FeeKind
    name: Label
    amount: PaidAmount
    payer: FeePayer
    on: Day


class BorrowingCostRequest(DecisionInputs):
    """The cost of one loan, all in."""

    contract_rate: YearlyRate
    drawings: Annotated[tuple[LoanDrawing, ...], Field(min_length=1, max_length=100)]
    payments: Annotated[tuple[LoanPayment, ...], Field(min_length=1, max_length=600)]
    fees: Annotated[tuple[LoanFee, ...], Field(max_length=50)] = ()
    support: Annotated[tuple[Claim, ...], Field(max_length=10)] = ()
    time: Literal["act_365", "thirty_360"] = "act_365"
    """How time is counted between flows: by days over 365 as XIRR does, or in even months as published tables do."""

    @model_validator(mode="after")
    def _paid_back(self) -> Self:
        drawn = sum(item.amount.amount for item in self.drawings)
        wrong: list[Wrong] = []
        if drawn != sum(item.principal.amount for item in self.payments):
            wrong.append(
                (("payments",), "principal_not_repaid", "the payments must repay exactly what is drawn; unit: CNY")
            )
        first = min(item.on for item in self.drawings)
        wrong += [
            (("payments", index, "due"), "paid_before_drawn", "no payment is due on or before the first drawing")
            for index, item in enumerate(self.payments)
            if item.due <= first
        ]
        if sum(1 for claim in self.support if claim.form == "interest_subsidy") > 1:
            wrong.append((("support",), "subsidy_repeated", "a loan has one interest subsidy at most"))
        refuse("BorrowingCostRequest", wrong)
        return self


class YearlyCost(Value):
    """One cost in its two spellings: nominal (twelve times the monthly rate) and effective (compounded)."""

    nominal: Rate
    effective: Rate


class FeeShare(Value):
    """Fees of one kind and payer, and what they add to the effective cost: nothing where others pay, None where no
    single rate is left without them.
    """

    kind: FeeKind
    payer: FeePayer
    amount: Money
    adds: Rate | None


class CashFlow(Value):
    """What the borrower receives and pays on a day. ``subsidy`` is shown apart and not part of ``net``."""

    on: date
    drawn: Money
    principal: Money
    interest: Money
    fees: Money
    net: Money
    subsidy: Money


class BorrowingCost(FindingValue):
    """综合融资成本. ``cost`` is what is disclosed: interest and the fees the borrower pays, before any support."""

    contract_rate: Rate
    interest_only: YearlyCost
    """Drawings, principal and interest alone."""
    cost: YearlyCost
    after_support: YearlyCost | None
    """With interest subsidies on the days they fall; None where there is none, or one is not yet known."""
    fees: tuple[FeeShare, ...]
    support: tuple[SupportLine, ...]
    flows: tuple[CashFlow, ...]

    def headline(self) -> str:
        return f"{self.cost.nominal * 100:.4f} % · {self.cost.effective * 100:.4f} % p.a."
