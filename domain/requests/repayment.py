"""From the repayment an application asks for to the terms of a plan: fitted to what is granted, then with days and rates."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final, TypeVar

from domain.application import (
    AskedTranche,
    CreditLineRequest,
    Custom,
    PlannedDraw,
    PlannedPrincipal,
    RateStepUp,
    Repayment,
)
from domain.application.repayment import AskedProfile, AskedTerms
from domain.money import MONEY_SCALE, Money, Rounding, rounded
from domain.repayment import RateStep, maturity

QUARTER: Final = 3
_ONE: Final = Decimal(1)
T = TypeVar("T", bound=AskedTerms)


def instalments_at_least(tenor_months: int, frequency: str) -> int:
    """How many instalments a loan has whatever the day it is drawn on; there may be one or two more."""
    step = QUARTER if frequency == "quarterly" else 1
    return -(-tenor_months // step)


def fitted(line: CreditLineRequest, amount: Money, tenor_months: int) -> Repayment:
    """The repayment of a line as it stands for the amount and tenor that are granted.

    Stated amounts shrink in the proportion of what is granted, each to the fen and the last taking the rest. What was to
    fall due after a shorter end falls due with the last instalment; what was to be drawn after it, in the last month; a step
    of the rate that begins no sooner than the end is left out.
    """
    return _fitted(line.repayment, line.amount, line.tenor_months, amount, tenor_months)


def _fitted(asked: Repayment, whole: Money, of_months: int, amount: Money, tenor_months: int) -> Repayment:
    as_asked = (amount, tenor_months) == (whole, of_months) and asked.grace_months < tenor_months
    if as_asked and sum(item.principal.amount for item in asked.tranches) in (0, amount.amount):
        return asked
    if not asked.tranches:
        grace = min(asked.grace_months, tenor_months - 1)
        return _terms(asked, amount, tenor_months, asked.frequency).model_copy(update={"grace_months": grace})
    shares = _split([tranche.principal for tranche in asked.tranches], amount)
    tranches = tuple(
        _tranche(tranche, share, asked, of_months, tenor_months)
        for tranche, share in zip(asked.tranches, shares, strict=True)
        if share.amount > 0
    )
    grace = min(
        [asked.grace_months, tenor_months - 1, *(item.tenor_months - 1 for item in tranches if item.tenor_months)]
    )
    return asked.model_copy(update={"tranches": tranches, "grace_months": grace})


def _tranche(asked: AskedTranche, principal: Money, loan: Repayment, of_months: int, tenor_months: int) -> AskedTranche:
    after = min(asked.after_months, tenor_months - 1)
    wanted = asked.tenor_months or of_months - asked.after_months
    months = min(wanted, tenor_months - after)
    grace = min(loan.grace_months if asked.grace_months is None else asked.grace_months, months - 1)
    own = {"principal": principal, "after_months": after, "tenor_months": months, "grace_months": grace}
    return _terms(asked, principal, months, loan.frequency).model_copy(update=own)


def _terms(asked: T, amount: Money, tenor_months: int, frequency: str) -> T:
    """Profile, drawings and steps for an amount and tenor."""
    draws: tuple[PlannedDraw, ...] = ()
    if asked.draws:
        parts = _split([draw.amount for draw in asked.draws], amount)
        left = [(draw.after_months, part) for draw, part in zip(asked.draws, parts, strict=True) if part.amount > 0]
        first = min(after for after, _ in left)
        draws = tuple(
            PlannedDraw(after_months=0 if after == first else min(after, tenor_months - 1), amount=part)
            for after, part in left
        )
    steps = tuple(step for step in asked.rate_steps if step.after_months < tenor_months)
    profile = _profile(asked.profile, amount, instalments_at_least(tenor_months, frequency))
    return asked.model_copy(update={"profile": profile, "draws": draws, "rate_steps": steps})


def _profile(asked: AskedProfile | None, amount: Money, last: int) -> AskedProfile | None:
    if not isinstance(asked, Custom):
        return asked
    parts = _split([item.principal for item in asked.instalments], amount)
    due = zip((min(item.number, last) for item in asked.instalments), (part.amount for part in parts), strict=True)
    return _numbered(due)


def _numbered(parts: Iterable[tuple[int, Decimal]]) -> Custom:
    """Stated amounts by number; those of one number are one."""
    due: dict[int, Decimal] = {}
    for number, amount in parts:
        due[number] = due.get(number, Decimal(0)) + amount
    instalments = tuple(
        PlannedPrincipal(number=number, principal=Money(amount=principal))
        for number, principal in sorted(due.items())
        if principal > 0
    )
    return Custom(method="custom", instalments=instalments)


def _split(parts: Sequence[Money], whole: Money) -> list[Money]:
    """``whole`` in the proportion of some parts: running sums are rounded down to the fen, so that the last takes the rest."""
    sums = list(accumulate(part.amount for part in parts))
    running = [rounded(whole.amount * so_far / sums[-1], MONEY_SCALE, Rounding.DOWN) for so_far in sums[:-1]]
    ends = [*running, whole.amount]
    return [Money(amount=end - start) for start, end in zip([Decimal("0.00"), *ends], ends, strict=False)]


# --- one drawing of an agreement ---------------------------------------------------------------------------------------


def drawing_terms(
    agreed: Repayment,
    limit: Money,
    tenor_months: int,
    annual_rate: Decimal,
    *,
    began: date,
    ends: date,
    amount: Money,
    drawn_on: date,
) -> dict[str, Any]:
    """The terms of a plan for one drawing under an agreement of ``limit`` and ``tenor_months`` from ``began`` to ``ends``.

    The drawing is repaid as the agreement says of what is drawn that day: grace, steps of the rate and numbered instalments
    count from the agreement's beginning, so that what has passed of them is past for the drawing too. Of tranches it takes
    its share of each. It ends with the agreement, to the whole month; a drawing in the last month has one.
    """
    passed, left = whole_months(began, drawn_on), max(whole_months(drawn_on, ends), 1)
    remaining = max(tenor_months - passed, 1)
    lasting = [(item, item.tenor_months or tenor_months - item.after_months) for item in agreed.tranches]
    # What has ended takes no part in a later drawing; where all have, the one that ended last does.
    standing = [(item, months) for item, months in lasting if item.after_months + months > passed]
    standing = standing or sorted(lasting, key=lambda entry: entry[0].after_months + entry[1])[-1:]
    rest = _later(agreed, passed, agreed.frequency).model_copy(
        update={
            "grace_months": max(agreed.grace_months - passed, 0),
            "tranches": tuple(_later_tranche(item, agreed, months, passed) for item, months in standing),
        }
    )
    fit = _fitted(rest, limit, remaining, amount, min(left, remaining))
    terms = plan_terms(fit, amount, min(left, remaining), annual_rate, drawn_on)
    terms["annual_rate"] = _reached(agreed.rate_steps, annual_rate, passed)
    steps = {item.key: (item.rate_steps, passed - item.after_months) for item in agreed.tranches}
    for tranche in terms.get("tranches", ()):
        tranche["annual_rate"] = _reached(steps[tranche["key"]][0], annual_rate, steps[tranche["key"]][1])
    return terms


def _reached(steps: Sequence[RateStepUp], annual_rate: Decimal, passed: int) -> Decimal:
    """The rate that the steps have come to after some months."""
    begun = [step for step in steps if step.after_months <= passed]
    return _stepped(annual_rate, max(begun, key=lambda step: step.after_months)) if begun else annual_rate


def drawing_ceilings(
    carried: Sequence[Money], limit: Money, amount: Money, *, passed: int, months: int
) -> tuple[Money, ...]:
    """The most that may be owed of one drawing at month 0, 1, … ``months`` of it, by what assets and cash flow carry of the
    whole ``limit`` from the agreement's beginning.

    A drawing has its share of what is carried. Where nothing is known to be carried, nothing is, and the plan is referred.
    """
    later = [item.amount for item in carried[passed : passed + months + 1]]
    later += [Decimal("0.00")] * (months + 1 - len(later))
    return tuple(
        Money(amount=rounded(most * amount.amount / limit.amount, MONEY_SCALE, Rounding.DOWN)) for most in later
    )


def after_resets(terms: Mapping[str, Any], agreed_rate: Decimal, resets: Sequence[RateStep]) -> dict[str, Any]:
    """The terms of a plan after resets of the margin, ``resets`` being the all-in rate from each reset on.

    What a reset adds to the agreed rate, or takes from it, it adds to every rate of the plan from its day on: steps that
    were agreed stay steps. A reset before the drawing has moved the rate that the drawing begins with.
    """
    if not terms.get("tranches"):
        return _moved(terms, agreed_rate, resets)
    parts = ({"annual_rate": terms["annual_rate"], **part} for part in terms["tranches"])
    return {**terms, "tranches": tuple(_moved(part, agreed_rate, resets) for part in parts)}


def _moved(loan: Mapping[str, Any], agreed_rate: Decimal, resets: Sequence[RateStep]) -> dict[str, Any]:
    begins, ends = loan["drawn_on"], maturity(loan["drawn_on"], loan["tenor_months"])
    steps = {begins: loan["annual_rate"]} | {step["on"]: step["annual_rate"] for step in loan.get("rate_steps", ())}
    by_reset = {date.min: agreed_rate} | {reset.on: reset.annual_rate for reset in resets}

    def rate(on: date) -> Decimal:
        reached = _standing(steps, on) + _standing(by_reset, on) - agreed_rate
        return min(max(reached, Decimal(0)), _ONE)

    days = sorted({*steps, *(reset.on for reset in resets if begins < reset.on < ends)} - {begins})
    changes = tuple({"on": day, "annual_rate": rate(day)} for day in days)
    return {**loan, "annual_rate": rate(begins)} | ({"rate_steps": changes} if changes else {})


def _standing(rates: Mapping[date, Decimal], on: date) -> Decimal:
    """The rate that stands on a day, by the days from which each does."""
    return rates[max(day for day in rates if day <= on)]


def planned_by(agreed: Repayment, began: date, on: date) -> Money | None:
    """The most that the agreement's plan of drawings lets be drawn by a day; nothing where it plans none."""
    parts = [(part.after_months, part.amount) for part in agreed.draws]
    for tranche in agreed.tranches:
        own = [(part.after_months, part.amount) for part in tranche.draws] or [(0, tranche.principal)]
        parts += [(tranche.after_months + after, amount) for after, amount in own]
    if not any(after for after, _ in parts):
        return None
    due = (amount.amount for after, amount in parts if maturity(began, after) <= on)
    return Money(amount=sum(due, Decimal("0.00")))


def whole_months(start: date, end: date) -> int:
    """Months from one day to another that are over; nought where the second lies before the first."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return max(months if maturity(start, max(months, 0)) <= end else months - 1, 0)


def _later_tranche(asked: AskedTranche, loan: Repayment, months: int, passed: int) -> AskedTranche:
    gone = max(passed - asked.after_months, 0)
    grace = loan.grace_months if asked.grace_months is None else asked.grace_months
    own = {"after_months": 0, "tenor_months": max(months - gone, 1), "grace_months": max(grace - gone, 0)}
    return _later(asked, gone, loan.frequency).model_copy(update=own)


def _later(asked: T, passed: int, frequency: str) -> T:
    """Profile and steps of the rate as they stand some months after the beginning, for something drawn at once."""
    profile = asked.profile
    if isinstance(profile, Custom):
        gone = passed // (QUARTER if frequency == "quarterly" else 1)
        profile = _numbered((max(item.number - gone, 1), item.principal.amount) for item in profile.instalments)
    steps = tuple(
        RateStepUp(after_months=step.after_months - passed, margin_bps=step.margin_bps)
        for step in asked.rate_steps
        if step.after_months > passed
    )
    return asked.model_copy(update={"profile": profile, "draws": (), "rate_steps": steps})


def plan_terms(
    repayment: Repayment, amount: Money, tenor_months: int, annual_rate: Decimal | None, drawn_on: date
) -> dict[str, Any]:
    """The fields of ``domain.repayment.RepaymentTerms`` for a loan that is first drawn on a day, at the quoted rate.

    Without a rate there are no steps of it either: no schedule can be laid out.
    """
    terms: dict[str, Any] = {
        "principal": amount,
        "annual_rate": annual_rate,
        "drawn_on": drawn_on,
        "tenor_months": tenor_months,
        "method": repayment.method,
        "grace_months": repayment.grace_months,
        "frequency": repayment.frequency,
        **_dated(repayment, annual_rate, drawn_on),
    }
    if repayment.tranches:
        terms["tranches"] = tuple(
            _dated_tranche(tranche, tenor_months, annual_rate, drawn_on) for tranche in repayment.tranches
        )
    return terms


def _dated_tranche(
    asked: AskedTranche, tenor_months: int, annual_rate: Decimal | None, drawn_on: date
) -> dict[str, Any]:
    begins = maturity(drawn_on, asked.after_months)
    return {
        "key": asked.key,
        "principal": asked.principal,
        "drawn_on": begins,
        "tenor_months": asked.tenor_months or max(tenor_months - asked.after_months, 1),
        "method": asked.method,
        "grace_months": asked.grace_months,
        **_dated(asked, annual_rate, begins),
    }


def _dated(asked: AskedTerms, annual_rate: Decimal | None, drawn_on: date) -> dict[str, Any]:
    """Profile, drawings and steps of the rate on their days."""
    found: dict[str, Any] = {}
    if asked.profile is not None:
        found["profile"] = asked.profile.model_dump()
    if asked.draws:
        found["draws"] = tuple(
            {"on": maturity(drawn_on, draw.after_months), "amount": draw.amount} for draw in asked.draws
        )
    if asked.rate_steps and annual_rate is not None:
        found["rate_steps"] = tuple(
            {"on": maturity(drawn_on, step.after_months), "annual_rate": _stepped(annual_rate, step)}
            for step in asked.rate_steps
        )
    return found


def _stepped(annual_rate: Decimal, step: RateStepUp) -> Decimal:
    return min(annual_rate + Decimal(step.margin_bps).scaleb(-4), _ONE)
