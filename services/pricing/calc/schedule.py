"""Repayment schedules: equal instalments, equal principal, bullet (domain paper §5.6).

Interest is simple inside a period and rounded half up to the fen; the last instalment takes what rounding left, so that
the principal repaid is the principal drawn, to the fen.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from domain.application import RepaymentMethod
from domain.calendar import BusinessCalendar
from domain.finding import ModelRef, Outcome, Reason
from domain.money import MONEY_SCALE, Money, rounded
from domain.pricing import Instalment, Schedule, ScheduleRequest
from policy.engine import Bundle
from services.pricing.calc.conclusion import Conclusion, Dated, Inadmissible, Trace, absent
from services.pricing.calc.periods import WIDE, Period, maturity, periods
from services.pricing.calc.product import product_of

MODEL = ModelRef(id="schedule", version="1")


def repayment_plan(request: ScheduleRequest, bundle: Bundle, days: Dated[BusinessCalendar]) -> Conclusion[Schedule]:
    """The repayment schedule of a drawing.

    Refers a loan that repays its principal at the end though the product asks for instalments at that tenor, and a
    grace or method the product does not have. Raises ``Inadmissible`` for a product that is not in the policy, and
    for a maturity beyond the calendar of dates.
    """
    product = product_of(bundle, request)
    trace = Trace("schedule")
    if request.annual_rate is None:
        return Conclusion(
            kind="schedule",
            outcome=Outcome.REFER,
            value=None,
            reasons=(absent("annual_rate", "还款计划", "the schedule"),),
            trace=(),
            policy=bundle.ref(product),
            references=(days.ref,),
            model=MODEL,
        )
    try:
        spans = periods(request.drawn_on, request.tenor_months, request.frequency, request.day_count, days.value)
    except (OverflowError, ValueError):
        raise Inadmissible(
            "drawn_on", "maturity_beyond_dates", "到期日超出可表示的日期", "the maturity lies beyond the last date"
        ) from None
    instalments = repay(
        request.principal.amount,
        request.annual_rate,
        spans,
        request.method,
        maturity(request.drawn_on, request.grace_months),
    )
    plan = Schedule(
        instalments=instalments,
        total_interest=Money(amount=sum((item.interest.amount for item in instalments), Decimal(0))),
        final_maturity=spans[-1].due,
    )
    trace.term(
        "periods",
        f"{request.frequency}, {request.day_count}, ending on the 20th",
        len(spans),
        drawn_on=request.drawn_on,
        tenor_months=request.tenor_months,
        first_due=spans[0].due,
        last_due=spans[-1].due,
    )
    trace.term(
        "principal",
        request.method.value,
        sum((item.principal.amount for item in instalments), Decimal(0)),
        principal=request.principal,
        rate=request.annual_rate,
        grace_months=request.grace_months,
    )
    trace.term("interest", "Σ balance × rate × days ÷ 360, each rounded half up to the fen", plan.total_interest)
    reasons: list[Reason] = []
    if request.method is RepaymentMethod.BULLET and request.tenor_months > product.instalments_above_months:
        limit = product.instalments_above_months
        reasons.append(
            Reason(
                code="INSTALMENTS_REQUIRED",
                message_zh=f"期限超过 {limit} 个月的贷款应分期偿还本金",
                message_en=f"a loan of more than {limit} months repays its principal in instalments",
                subject="method",
            )
        )
    if request.method not in product.repayment_methods:
        reasons.append(
            Reason(
                code="METHOD_NOT_OFFERED",
                message_zh="该产品不提供此还款方式",
                message_en="the product does not offer this repayment method",
                subject="method",
            )
        )
    if request.grace_months > product.maximum_grace_months:
        longest = product.maximum_grace_months
        reasons.append(
            Reason(
                code="GRACE_TOO_LONG",
                message_zh=f"宽限期最长 {longest} 个月",
                message_en=f"the grace period is {longest} months at most",
                subject="grace_months",
            )
        )
    outcome = Outcome.REFER if reasons else Outcome.PASS
    if any(item.provisional for item in instalments):
        last = days.value.published_through
        reasons.append(
            Reason(
                code="DUE_DATES_PROVISIONAL",
                message_zh=f"{last.isoformat()} 之后的还款日待放假安排公布后重新确定",
                message_en=f"due dates after {last.isoformat()} are set again once holidays are published",
            )
        )
    return Conclusion(
        kind="schedule",
        outcome=outcome,
        value=plan,
        reasons=tuple(reasons),
        trace=tuple(trace.steps),
        policy=bundle.ref(product),
        references=(days.ref,),
        model=MODEL,
    )


def level_payment(principal: Decimal, accruals: Sequence[Decimal]) -> Decimal:
    """The payment that, made after every period, repays ``principal`` with interest, in yuan at 60 digits.

    ``accruals`` is the interest on one yuan over each period; with even months it is the annuity of the text books.
    """
    growth, worth = Decimal(1), Decimal(0)
    for accrual in accruals:
        growth = WIDE.multiply(growth, WIDE.add(Decimal(1), accrual))
        worth = WIDE.add(worth, WIDE.divide(Decimal(1), growth))
    return WIDE.divide(principal, worth)


def repay(
    principal: Decimal,
    annual_rate: Decimal,
    spans: Sequence[Period],
    method: RepaymentMethod,
    grace_ends: date,
) -> tuple[Instalment, ...]:
    """The instalments of ``principal`` over ``spans``; up to and including ``grace_ends`` interest alone is due."""
    repaying = [index for index, span in enumerate(spans) if span.contract_due > grace_ends] or [len(spans) - 1]
    if method is RepaymentMethod.BULLET:
        repaying = repaying[-1:]
    accruals = [span.accrual(annual_rate) for span in spans]
    share = _fen(WIDE.divide(principal, Decimal(len(repaying))))
    level = _fen(level_payment(principal, accruals[repaying[0] :])) if method is RepaymentMethod.ANNUITY else Decimal(0)
    balance, instalments = principal, []
    for index, span in enumerate(spans):
        interest = _fen(WIDE.multiply(balance, accruals[index]))
        if index == len(spans) - 1:
            repaid = balance
        elif index < repaying[0]:
            repaid = Decimal(0)
        else:
            # A first period of many months may bear more interest than the level payment; nothing is added to the debt.
            due = max(level - interest, Decimal(0)) if method is RepaymentMethod.ANNUITY else share
            repaid = min(due, balance)
        balance -= repaid
        instalments.append(
            Instalment(
                number=index + 1,
                period_start=span.start,
                period_end=span.end,
                due=span.due,
                days=span.days,
                principal=Money(amount=repaid),
                interest=Money(amount=interest),
                balance=Money(amount=balance),
                provisional=span.provisional,
            )
        )
    return tuple(instalments)


def _fen(value: Decimal) -> Decimal:
    return rounded(value, MONEY_SCALE)
