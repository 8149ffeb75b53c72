"""The conclusion ``schedule``: a repayment plan, why a person must look at it, and what it was computed from."""

from collections.abc import Sequence
from decimal import Decimal

from domain.application import Custom
from domain.calendar import BusinessCalendar
from domain.finding import ModelRef, Outcome, Reason
from domain.money import Money
from domain.pricing import Instalment, Schedule, ScheduleRequest, TrancheSchedule
from domain.repayment import PROFILED, LoanTerms
from policy.engine import Bundle, Product
from services.pricing.calc.conclusion import Conclusion, Dated, Inadmissible, Trace, absent
from services.pricing.calc.periods import Period, periods
from services.pricing.calc.product import product_of
from services.pricing.calc.schedule.amortisation import lay_out
from services.pricing.calc.schedule.departures import departures
from services.pricing.calc.schedule.tranches import drawings, together

PLAIN = ModelRef(id="schedule", version="1")
"""Equal instalments, equal principal and bullet, drawn at once, at one rate."""
MODEL = ModelRef(id="schedule", version="2")
"""The same with profiles, several drawings, steps of the rate, prepayments and tranches. What version 1 could answer is
answered as version 1 did, to the byte, so that findings from before recompute.
"""


def repayment_plan(request: ScheduleRequest, bundle: Bundle, days: Dated[BusinessCalendar]) -> Conclusion[Schedule]:
    """The repayment schedule of a drawing, or of several, by tranche.

    Refers a loan that repays its principal at the end though the product asks for instalments at that tenor, a grace,
    a method or drawings the product does not have, and a debt above what its security carries. Raises ``Inadmissible``
    for a product that is not in the policy, a maturity beyond the calendar of dates, a stated instalment that the loan
    does not have or cannot pay, and a prepayment of more than is owed.
    """
    product = product_of(bundle, request)
    loans, model = request.loans(), _model(request)
    unpriced = [loan for loan in loans if loan.annual_rate is None]
    if unpriced:
        return _concluded(
            bundle,
            product,
            days,
            model,
            Outcome.REFER,
            None,
            [absent(loan.pointer("annual_rate"), "还款计划", "the schedule") for loan in unpriced],
            Trace("schedule"),
        )
    trace = Trace("schedule")
    plans = [(loan, _planned(loan, request, days.value, trace)) for loan in loans]
    each = [instalments for _, instalments in plans]
    rows = together(loans, each, request.day_count) if request.tranches else each[0]
    plan = Schedule(
        instalments=rows,
        total_interest=_interest(rows),
        final_maturity=rows[-1].due,
        tranches=tuple(
            TrancheSchedule(
                key=loan.key,
                instalments=instalments,
                total_interest=_interest(instalments),
                final_maturity=instalments[-1].due,
            )
            for loan, instalments in plans
            if request.tranches
        ),
    )
    if request.tranches:
        trace.term("together", "Σ tranches", plan.total_interest, tranches=len(loans), rows=len(rows))
    reasons = list(departures(product, plans))
    outcome = Outcome.REFER if reasons else Outcome.PASS
    if any(item.provisional for item in rows):
        last = days.value.published_through
        reasons.append(
            Reason(
                code="DUE_DATES_PROVISIONAL",
                message_zh=f"{last.isoformat()} 之后的还款日待放假安排公布后重新确定",
                message_en=f"due dates after {last.isoformat()} are set again once holidays are published",
            )
        )
    return _concluded(bundle, product, days, model, outcome, plan, reasons, trace)


def _concluded(
    bundle: Bundle,
    product: Product,
    days: Dated[BusinessCalendar],
    model: ModelRef,
    outcome: Outcome,
    plan: Schedule | None,
    reasons: list[Reason],
    trace: Trace,
) -> Conclusion[Schedule]:
    return Conclusion(
        kind="schedule",
        outcome=outcome,
        value=plan,
        reasons=tuple(reasons),
        trace=tuple(trace.steps),
        policy=bundle.ref(product),
        references=(days.ref,),
        model=model,
    )


def _model(request: ScheduleRequest) -> ModelRef:
    further = request.draws or request.rate_steps or request.prepayments or request.tranches
    return MODEL if further or request.method in PROFILED else PLAIN


def _planned(loan: LoanTerms, request: ScheduleRequest, days: BusinessCalendar, outer: Trace) -> tuple[Instalment, ...]:
    """One loan laid out, with its terms in the trace."""
    assert loan.annual_rate is not None
    try:
        spans = periods(loan.drawn_on, loan.tenor_months, request.frequency, request.day_count, days)
    except (OverflowError, ValueError):
        raise Inadmissible(
            loan.pointer("drawn_on"),
            "maturity_beyond_dates",
            "到期日超出可表示的日期",
            "the maturity lies beyond the last date",
        ) from None
    if isinstance(loan.profile, Custom):
        _payable(loan, loan.profile, spans)
    trace = Trace(f"schedule/{loan.key}" if loan.key else "schedule")
    trace.term(
        "periods",
        f"{request.frequency}, {request.day_count}, ending on the 20th",
        len(spans),
        drawn_on=loan.drawn_on,
        tenor_months=loan.tenor_months,
        first_due=spans[0].due,
        last_due=spans[-1].due,
    )
    events = Trace(f"schedule/{loan.key}" if loan.key else "schedule")
    instalments = lay_out(loan, loan.annual_rate, spans, request.day_count, days, events)
    trace.term(
        "principal",
        loan.method.value,
        sum((item.principal.amount for item in instalments), Decimal(0)),
        principal=loan.principal,
        rate=loan.annual_rate,
        grace_months=loan.grace_months,
        **_profile(loan),
    )
    trace.take(tuple(events.steps))
    trace.term("interest", "Σ balance × rate × days ÷ 360, each rounded half up to the fen", _interest(instalments))
    outer.take(tuple(trace.steps))
    return instalments


def _profile(loan: LoanTerms) -> dict[str, str]:
    """The profile's own figures; long lists by their length, for the inputs of the finding hold them whole."""
    if loan.profile is None:
        return {}
    said = loan.profile.model_dump(mode="json", exclude={"method"})
    return {
        name: f"{len(value)} amounts" if name in ("instalments", "ceilings") else str(value)
        for name, value in said.items()
    }


def _payable(loan: LoanTerms, profile: Custom, spans: Sequence[Period]) -> None:
    """Raises ``Inadmissible`` for stated instalments the loan does not have, or that ask for more than is drawn then."""
    paid, beyond, early = Decimal(0), [], []
    for place, item in sorted(enumerate(profile.instalments), key=lambda entry: entry[1].number):
        if item.number > len(spans):
            beyond.append(loan.pointer("profile", "instalments", place, "number"))
            continue
        paid += item.principal.amount
        due = spans[item.number - 1].contract_due
        if paid > sum((amount for on, amount in drawings(loan) if on < due), Decimal(0)):
            early.append(loan.pointer("profile", "instalments", place, "principal"))
    if beyond:
        raise Inadmissible(
            tuple(beyond),
            "no_such_instalment",
            f"该贷款只有 {len(spans)} 期",
            f"the loan has {len(spans)} instalments",
        )
    if early:
        raise Inadmissible(
            tuple(early),
            "more_than_drawn",
            "至该期累计还本超过累计提款；单位：元",
            "by then more is to be repaid than has been drawn; unit: CNY",
        )


def _interest(instalments: Sequence[Instalment]) -> Money:
    return Money(amount=sum((item.interest.amount for item in instalments), Decimal(0)))
