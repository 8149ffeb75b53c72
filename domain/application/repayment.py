"""How an application asks to repay (application field 9): method, grace, and what goes beyond them.

Days of a loan are not known before it is drawn, so that drawings and steps of the rate count months from the first drawing,
and a step is what it adds to the rate that will be quoted. ``domain.repayment`` has the same terms with their days.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.application.text import Key
from domain.figures import Grace, PositiveMoney, Tenor, figure
from domain.model import Value
from domain.money import Rate


class RepaymentMethod(StrEnum):
    ANNUITY = "annuity"
    """等额本息"""
    EQUAL_PRINCIPAL = "equal_principal"
    """等额本金"""
    BULLET = "bullet"
    """按期付息到期还本"""
    BALLOON = "balloon"
    """气球贷: a stated share of the debt is due at maturity"""
    SEASONAL = "seasonal"
    """Principal in the borrower's months of income only"""
    STEPPED = "stepped"
    """Principal rises (or falls) by steps"""
    CUSTOM = "custom"
    """Stated amounts"""
    SCULPTED = "sculpted"
    """Principal as fast as the security loses its value"""


Month = Annotated[int, figure("calendar month", "[1, 12]", at_least="1", at_most="12")]
InstalmentNumber = Annotated[int, figure("instalment", "[1, 600]", at_least="1", at_most="600")]
BalloonShare = Annotated[Rate, figure("decimal fraction of the debt", "(0, 1)", above="0", below="1")]
StepGrowth = Annotated[Rate, figure("change per step as a decimal fraction", "[-0.5, 1]", at_least="-0.5", at_most="1")]
MonthsIn = Annotated[int, figure("months from the first drawing", "[0, 600]", at_least="0", at_most="600")]
StepUp = Annotated[int, figure("basis points on top of the quoted rate", "[1, 1000]", at_least="1", at_most="1000")]


# --- how principal falls due ------------------------------------------------------------------------------------------


class Balloon(Value):
    """``share`` of the debt is due at maturity, the rest as an annuity or in equal parts before and with it."""

    method: Literal["balloon"]
    share: BalloonShare
    rest: Literal["annuity", "equal_principal"] = "annuity"


class Seasonal(Value):
    """Principal in equal parts on the due dates that fall into ``months`` (1-12); interest on every due date."""

    method: Literal["seasonal"]
    months: Annotated[tuple[Month, ...], Field(max_length=12)]


class Stepped(Value):
    """Principal in equal parts that change by ``growth`` after every ``every`` instalments."""

    method: Literal["stepped"]
    every: InstalmentNumber
    growth: StepGrowth


class PlannedPrincipal(Value):
    """Principal due with the instalment of this number, counted from 1."""

    number: InstalmentNumber
    principal: PositiveMoney


class Custom(Value):
    """Stated amounts; instalments that are not named bear interest only. The amounts sum to the principal."""

    method: Literal["custom"]
    instalments: Annotated[tuple[PlannedPrincipal, ...], Field(max_length=600)]


AskedProfile = Annotated[Balloon | Seasonal | Stepped | Custom, Field(discriminator="method")]
"""What an application states of a method. ``sculpted`` takes its ceilings from the valuation and states none."""


# --- drawings and steps of the rate ------------------------------------------------------------------------------------


class PlannedDraw(Value):
    """A part of the loan, and how many months after its first drawing it is to be drawn."""

    after_months: MonthsIn
    amount: PositiveMoney


class RateStepUp(Value):
    """From so many months on the loan bears this much more than the quoted rate. Steps go up only: a price below the one
    that was quoted would pass the floor by.
    """

    after_months: Tenor
    margin_bps: StepUp


def _is_empty(value: object) -> bool:
    return value is None or value == ()


class AskedTerms(Value):
    """What goes beyond method, grace and frequency. What is not used is not written either, so that an application from
    before these terms keeps its hash.
    """

    profile: AskedProfile | None = Field(default=None, exclude_if=_is_empty)
    draws: Annotated[tuple[PlannedDraw, ...], Field(max_length=50)] = Field(default=(), exclude_if=_is_empty)
    """Where the loan is drawn in parts: they sum to it, and the first is drawn at once."""
    rate_steps: Annotated[tuple[RateStepUp, ...], Field(max_length=20)] = Field(default=(), exclude_if=_is_empty)


class AskedTranche(AskedTerms):
    """A part of the loan with terms of its own; what it does not say is as the loan says it."""

    key: Key
    principal: PositiveMoney
    after_months: MonthsIn = 0
    """When it is first drawn, counted from the first drawing of the loan; its own months count from there."""
    tenor_months: Tenor | None = None
    """Its own; without it the tranche ends with the loan."""
    method: RepaymentMethod | None = None
    grace_months: Grace | None = None


class Repayment(AskedTerms):
    """How the loan is to be repaid. With ``tranches`` the amount is theirs together, and profile, drawings and steps of
    the rate stand on each of them.
    """

    method: RepaymentMethod
    grace_months: Annotated[int, Field(ge=0, le=120)] = 0
    frequency: Literal["monthly", "quarterly"] = "quarterly"
    tranches: Annotated[tuple[AskedTranche, ...], Field(max_length=10)] = Field(default=(), exclude_if=_is_empty)

    def methods(self) -> Iterator[tuple[tuple[str | int, ...], RepaymentMethod]]:
        """Every method asked for, with its place: that of each tranche, or the loan's own."""
        if not self.tranches:
            yield ("method",), self.method
        for index, tranche in enumerate(self.tranches):
            stated = tranche.method is not None
            yield ("tranches", index, "method") if stated else ("method",), tranche.method or self.method
