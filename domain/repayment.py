"""Terms of a repayment plan beyond method, tenor and grace: how principal falls due, drawings, steps of the rate,
prepayments, and tranches. All figures of a plan's own loan; dates are business dates of the bank.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from domain.application import Balloon, Custom, RepaymentMethod, Seasonal, Stepped
from domain.application.text import Key
from domain.figures import Grace, NonNegativeMoney, PositiveMoney, Tenor, YearlyRate
from domain.model import Value

# --- how principal falls due ------------------------------------------------------------------------------------------


class Sculpted(Value):
    """The debt follows what its security carries: ``ceilings[n]`` is the most that may be owed ``n`` months after the
    first drawing, month 0 included, as the collateral service concludes it. Repaid is what lies above.
    """

    method: Literal["sculpted"]
    ceilings: Annotated[tuple[NonNegativeMoney, ...], Field(max_length=600)]


MOST_DRAWS = 100
"""Of all tranches together: each draw is laid out over all instalments after it."""

PrincipalProfile = Annotated[Balloon | Seasonal | Stepped | Custom | Sculpted, Field(discriminator="method")]

PROFILED = frozenset(
    {
        RepaymentMethod.BALLOON,
        RepaymentMethod.SEASONAL,
        RepaymentMethod.STEPPED,
        RepaymentMethod.CUSTOM,
        RepaymentMethod.SCULPTED,
    }
)
"""Methods that say nothing without a profile."""
_NO_GRACE = frozenset({RepaymentMethod.CUSTOM, RepaymentMethod.SCULPTED})
"""Methods whose profile already says when principal begins."""


# --- drawings, rate, prepayments --------------------------------------------------------------------------------------


class Draw(Value):
    """An amount drawn on a day; the day of drawing bears interest."""

    on: date
    amount: PositiveMoney


class RateStep(Value):
    """From ``on`` (included) the loan bears this yearly rate."""

    on: date
    annual_rate: YearlyRate


class Prepayment(Value):
    """Principal repaid ahead of the plan, with the interest accrued on it (利随本清).

    ``reduce`` lays the rest out anew over the instalments that remain (re-amortisation); ``shorten`` leaves the
    instalments as they are and the loan ends sooner.
    """

    on: date
    amount: PositiveMoney
    effect: Literal["reduce", "shorten"]


@dataclass(frozen=True)
class LoanTerms:
    """All terms of one loan: a request's, or one tranche's with the request's where it is silent."""

    key: str
    """The tranche's; empty for a request without tranches."""
    at: tuple[str | int, ...]
    """Where in the request the terms stand."""
    principal: Decimal
    annual_rate: Decimal | None
    drawn_on: date
    tenor_months: int
    method: RepaymentMethod
    grace_months: int
    profile: Balloon | Seasonal | Stepped | Custom | Sculpted | None
    draws: tuple[Draw, ...]
    rate_steps: tuple[RateStep, ...]
    prepayments: tuple[Prepayment, ...]

    def pointer(self, *field: str | int) -> str:
        """The place of one of its fields in the request, as a JSON pointer without the first slash."""
        return "/".join(str(part) for part in (*self.at, *field))


def _is_empty(value: object) -> bool:
    return value is None or value == ()


class FurtherTerms(Value):
    """What a plan may have besides principal, rate, tenor, method and grace. What is not used is not written either,
    so that requests from before these terms keep their hash.
    """

    profile: PrincipalProfile | None = Field(default=None, exclude_if=_is_empty)
    draws: Annotated[tuple[Draw, ...], Field(max_length=50)] = Field(default=(), exclude_if=_is_empty)
    """Where the principal is drawn in parts; the parts sum to it and the first is drawn on ``drawn_on``."""
    rate_steps: Annotated[tuple[RateStep, ...], Field(max_length=140)] = Field(default=(), exclude_if=_is_empty)
    """Steps that were agreed, at most 20, and resets of the margin, at most 120."""
    prepayments: Annotated[tuple[Prepayment, ...], Field(max_length=20)] = Field(default=(), exclude_if=_is_empty)


class Tranche(FurtherTerms):
    """A part of the principal with terms of its own; what a tranche does not say is as the request says it."""

    key: Key
    principal: PositiveMoney
    annual_rate: YearlyRate | None = None
    drawn_on: date | None = None
    tenor_months: Tenor | None = None
    method: RepaymentMethod | None = None
    grace_months: Grace | None = None

    def loan_of(self, request: LoanTerms, index: int) -> LoanTerms:
        """The tranche's terms, completed by those of the request; ``index`` is its place among the tranches."""
        return LoanTerms(
            key=self.key,
            at=("tranches", index),
            principal=self.principal.amount,
            annual_rate=request.annual_rate if self.annual_rate is None else self.annual_rate,
            drawn_on=self.drawn_on or request.drawn_on,
            tenor_months=self.tenor_months or request.tenor_months,
            method=self.method or request.method,
            grace_months=request.grace_months if self.grace_months is None else self.grace_months,
            profile=self.profile,
            draws=self.draws,
            rate_steps=self.rate_steps,
            prepayments=self.prepayments,
        )


# --- what does not fit together ---------------------------------------------------------------------------------------

Place = tuple[str | int, ...]
Wrong = tuple[Place, str, str]
"""Place in the request, code, text."""


def refuse(title: str, wrong: list[Wrong]) -> None:
    """Raise one ``ValidationError`` with everything that is wrong; nothing is raised for an empty list."""
    if wrong:
        details = [
            InitErrorDetails(type=PydanticCustomError(code, text), loc=place, input=None) for place, code, text in wrong
        ]
        raise ValidationError.from_exception_data(title, details)


def contradictions(loan: LoanTerms) -> Iterator[Wrong]:
    """What in the terms of a loan cannot be true together."""
    at = loan.at
    if loan.grace_months >= loan.tenor_months:
        yield at, "grace_covers_tenor", "grace_months must be less than tenor_months; unit: months"
    if (loan.profile.method if loan.profile else None) != (loan.method.value if loan.method in PROFILED else None):
        place = "profile" if loan.profile else "method"
        yield (*at, place), "profile_of_another_method", "profile and method must speak of the same method"
    if loan.method in _NO_GRACE and loan.grace_months:
        yield (*at, "grace_months"), "grace_in_profile", "the profile says itself when principal begins"
    yield from _profile_faults(loan)
    yield from _drawing_faults(loan)
    yield from _dates_outside(loan)


def _profile_faults(loan: LoanTerms) -> Iterator[Wrong]:
    at, profile = (*loan.at, "profile"), loan.profile
    if isinstance(profile, Seasonal) and not profile.months:
        yield (*at, "months"), "season_empty", "at least one month must be named"
    if isinstance(profile, Seasonal) and len(set(profile.months)) < len(profile.months):
        yield (*at, "months"), "repeated", "each must be named once"
    if isinstance(profile, Custom):
        if len({item.number for item in profile.instalments}) < len(profile.instalments):
            yield (*at, "instalments"), "repeated", "each must be named once"
        if sum((item.principal.amount for item in profile.instalments), Decimal(0)) != loan.principal:
            yield (*at, "instalments"), "sum_not_principal", "the amounts must sum to the principal; unit: CNY"
    if isinstance(profile, Sculpted) and len(profile.ceilings) < loan.tenor_months:
        yield (*at, "ceilings"), "ceilings_short", "there must be a ceiling for every month of the tenor"


def _drawing_faults(loan: LoanTerms) -> Iterator[Wrong]:
    at = (*loan.at, "draws")
    if loan.draws:
        if sum((draw.amount.amount for draw in loan.draws), Decimal(0)) != loan.principal:
            yield at, "sum_not_principal", "the amounts must sum to the principal; unit: CNY"
        if min(draw.on for draw in loan.draws) != loan.drawn_on:
            yield at, "first_draw_elsewhere", "the first draw must be on drawn_on"
    if len({step.on for step in loan.rate_steps}) < len(loan.rate_steps):
        yield (*loan.at, "rate_steps"), "repeated", "each must be named once"


def _dates_outside(loan: LoanTerms) -> Iterator[Wrong]:
    """Drawings, steps and prepayments before the loan begins or after it has ended."""
    try:
        ends = maturity(loan.drawn_on, loan.tenor_months)
    except (OverflowError, ValueError):
        return  # a maturity beyond the calendar of dates has a refusal of its own
    dated: dict[str, tuple[Any, ...]] = {
        "draws": loan.draws,
        "rate_steps": loan.rate_steps,
        "prepayments": loan.prepayments,
    }
    for name, items in dated.items():
        for index, item in enumerate(items):
            early = item.on < loan.drawn_on if name == "draws" else item.on <= loan.drawn_on
            if early or item.on >= ends:
                yield (*loan.at, name, index, "on"), "date_outside_loan", "must lie between drawing and maturity"


def maturity(drawn_on: date, tenor_months: int) -> date:
    """The day a loan ends: the same day of the month, or the month's last where it has no such day."""
    months = drawn_on.year * 12 + drawn_on.month - 1 + tenor_months
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(drawn_on.day, last))


# --- the terms of a request ----------------------------------------------------------------------------------------------


class RepaymentTerms(FurtherTerms):
    """The terms of a repayment plan. With ``tranches`` the principal is theirs together, and whatever goes beyond rate,
    tenor, method and grace stands on each of them.
    """

    principal: PositiveMoney
    annual_rate: YearlyRate | None
    """None where no price could be formed; there is then no schedule either, and the case is referred."""
    drawn_on: date
    tenor_months: Tenor
    method: RepaymentMethod
    grace_months: Grace = 0
    frequency: Literal["monthly", "quarterly"] = "quarterly"
    day_count: Literal["act_360", "thirty_360"] = "act_360"
    """Contracts in CNY accrue ACT/360; 30/360 is the even-month convention of published repayment tables."""

    tranches: Annotated[tuple[Tranche, ...], Field(max_length=10)] = Field(default=(), exclude_if=_is_empty)

    @model_validator(mode="after")
    def _terms_fit(self) -> Self:
        wrong: list[Wrong] = [fault for loan in self.loans() for fault in contradictions(loan)]
        if self.tranches:
            if sum(item.principal.amount for item in self.tranches) != self.principal.amount:
                wrong.append((("tranches",), "sum_not_principal", "the amounts must sum to the principal; unit: CNY"))
            if len({item.key for item in self.tranches}) < len(self.tranches):
                wrong.append((("tranches",), "repeated", "each must be named once"))
            if sum(len(item.draws) for item in self.tranches) > MOST_DRAWS:
                wrong.append(
                    (("tranches",), "too_many_draws", f"all tranches together have at most {MOST_DRAWS} draws")
                )
            wrong += [
                ((name,), "terms_of_a_tranche", "with tranches, this belongs to one of them")
                for name in ("profile", "draws", "rate_steps", "prepayments")
                if getattr(self, name)
            ]
        refuse("RepaymentTerms", wrong)
        return self

    def loans(self) -> tuple[LoanTerms, ...]:
        """The loans that are laid out: one for each tranche, or the request's own."""
        own = LoanTerms(
            key="",
            at=(),
            principal=self.principal.amount,
            annual_rate=self.annual_rate,
            drawn_on=self.drawn_on,
            tenor_months=self.tenor_months,
            method=self.method,
            grace_months=self.grace_months,
            profile=self.profile,
            draws=self.draws,
            rate_steps=self.rate_steps,
            prepayments=self.prepayments,
        )
        return tuple(item.loan_of(own, index) for index, item in enumerate(self.tranches)) or (own,)
