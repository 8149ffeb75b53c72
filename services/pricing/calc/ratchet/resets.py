"""The resets of an agreement in order, from the first to the business date.

At each reset the clauses are summed and bounded: ESG clauses together by the cap (the lower of policy and what the
grades allow), all clauses by what the agreement lets the margin fall and rise. ``margin = original + bounded sum``.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from domain.finding import ModelRef, Outcome, Reason
from domain.margin_ratchet import (
    EsgClause,
    FigureReport,
    GradeReport,
    MarginReset,
    MarginResetRequest,
    MarginStanding,
    RatchetTerms,
    Report,
    reset_days,
)
from domain.reference import Lpr
from policy.engine import Bundle
from services.pricing.calc.conclusion import Conclusion, Dated, Inadmissible, Trace
from services.pricing.calc.product import product_of
from services.pricing.calc.ratchet.clauses import ReadableEsg, ReadableGrid, readable

MODEL = ModelRef(id="margin_ratchet", version="1")

Bound = Literal["esg_cap", "below_original", "above_original"]
Readable = ReadableEsg | ReadableGrid


def margin_standing(request: MarginResetRequest, bundle: Bundle, lpr: Dated[Lpr]) -> Conclusion[MarginStanding]:
    """The margin on the request's business date, with every reset until then.

    ``lpr`` is the publication of the day the contract last fixed its base rate on. Refers while the last reset due
    lacks a report that its clause insists on; the margin before it then goes on. Raises ``Inadmissible`` for a product
    that is not in the policy, for clauses that cannot be read, for grades off their clause's scale and for two reports
    of one thing with the same dates.
    """
    product_of(bundle, request)
    policy = bundle.pricing(request.policy_on)
    terms = request.terms
    clauses = readable(terms.clauses, policy.discounts.esg, bundle.vocabulary(request.policy_on))
    _refuse_unreadable(request)
    trace = Trace("margin_reset")
    cap = policy.discounts.esg.cap_bps
    history = [
        _reset(terms, clauses, request.reports, on, cap, trace) for on in reset_days(terms) if on <= request.as_of
    ]
    margin, since = terms.margin_bps, terms.signed_on
    for reset in history:
        if reset.margin_bps is not None and reset.margin_bps != margin:
            margin, since = reset.margin_bps, reset.on
    open_clauses = [item.clause for item in history[-1].readings if item.adjustment_bps is None] if history else []
    base = lpr.value.one_year if request.base.tenor == "1Y" else lpr.value.five_year
    rate = base + _bps(margin)
    trace.term("all_in_rate", "base rate as last fixed + margin", rate, base_rate=base, margin_bps=margin)
    least, most = _reach(terms, clauses, cap)
    value = MarginStanding(
        original_margin_bps=terms.margin_bps,
        margin_bps=margin,
        in_force_since=since,
        all_in_rate=rate,
        base_rate=request.base.tenor,
        base_rate_value=base,
        next_reset=next((on for on in reset_days(terms) if on > request.as_of), None),
        history=tuple(history),
        lowest_margin_bps=least,
        highest_margin_bps=most,
    )
    return Conclusion(
        kind="margin_reset",
        outcome=Outcome.REFER if open_clauses else Outcome.PASS,
        value=value,
        reasons=tuple(_undecided(clause, history[-1].on) for clause in open_clauses),
        trace=tuple(trace.steps),
        policy=bundle.ref(policy),
        references=(lpr.ref,),
        model=MODEL,
    )


def _reset(
    terms: RatchetTerms, clauses: Sequence[Readable], reports: Sequence[Report], on: date, cap: int, trace: Trace
) -> MarginReset:
    grades = [item for item in reports if isinstance(item, GradeReport)]
    figures = [item for item in reports if isinstance(item, FigureReport)]
    readings = tuple(
        item.read(grades, on, trace) if isinstance(item, ReadableEsg) else item.read(figures, on, trace)
        for item in clauses
    )
    moved = {item.clause: item.adjustment_bps for item in readings if item.adjustment_bps is not None}
    if len(moved) < len(readings):
        trace.term(f"{on.isoformat()}/margin", "undecided: the margin before it goes on", None)
        return MarginReset(on=on, readings=readings, bounds=(), margin_bps=None)
    esg = sum(moved[item.clause.id] for item in clauses if isinstance(item, ReadableEsg))
    others = sum(moved[item.clause.id] for item in clauses if isinstance(item, ReadableGrid))
    total, bounds = bounded(esg, others, terms, cap)
    margin = terms.margin_bps + total
    trace.term(
        f"{on.isoformat()}/margin",
        "original + max(−below, min(above, ESG within ±cap + other clauses))",
        margin,
        original_bps=terms.margin_bps,
        esg_bps=esg,
        esg_cap_bps=cap,
        other_bps=others,
        above_original_bps=terms.above_original_bps,
        below_original_bps=terms.below_original_bps,
        bounds=", ".join(bounds),
    )
    return MarginReset(on=on, readings=readings, bounds=bounds, margin_bps=margin)


def bounded(esg: int, others: int, terms: RatchetTerms, cap: int) -> tuple[int, tuple[Bound, ...]]:
    """What the clauses move the margin by after every bound, and the bounds that bit. Basis points."""
    bounds: list[Bound] = []
    held = max(-cap, min(cap, esg))
    if held != esg:
        bounds.append("esg_cap")
    total = held + others
    if terms.below_original_bps is not None and total < -terms.below_original_bps:
        total = -terms.below_original_bps
        bounds.append("below_original")
    if total > terms.above_original_bps:
        total = terms.above_original_bps
        bounds.append("above_original")
    return total, tuple(bounds)


def _reach(terms: RatchetTerms, clauses: Sequence[Readable], cap: int) -> tuple[int, int]:
    esg = [item.reach for item in clauses if isinstance(item, ReadableEsg)]
    others = [item.reach for item in clauses if isinstance(item, ReadableGrid)]
    least, _ = bounded(sum(item.least for item in esg), sum(item.least for item in others), terms, cap)
    most, _ = bounded(sum(item.most for item in esg), sum(item.most for item in others), terms, cap)
    return terms.margin_bps + least, terms.margin_bps + most


def _refuse_unreadable(request: MarginResetRequest) -> None:
    """Refuse grades that no clause's scale knows, and reports between which no rule could choose."""
    scales = {item.agency: item.grades for item in request.terms.clauses if isinstance(item, EsgClause)}
    strange = tuple(
        f"reports/{index}/grade"
        for index, report in enumerate(request.reports)
        if isinstance(report, GradeReport) and report.agency in scales and report.grade not in scales[report.agency]
    )
    if strange:
        raise Inadmissible(strange, "grade_unknown", "不在约定的评级等级之内", "is not on the scale of its clause")
    seen: set[tuple[str, str, date, date]] = set()
    twice = []
    for index, report in enumerate(request.reports):
        subject = report.agency if isinstance(report, GradeReport) else report.fact
        key = (report.kind, subject, report.on, report.received_on)
        if key in seen:
            twice.append(f"reports/{index}")
        seen.add(key)
    if twice:
        raise Inadmissible(
            tuple(twice),
            "report_repeated",
            "同一事项在相同日期有两份报告，无法取舍",
            "is a second report of one thing with the same dates: neither can be preferred",
        )


def _undecided(clause: str, on: date) -> Reason:
    return Reason(
        code="NOT_REPORTED",
        message_zh=f"{on.isoformat()} 重定日前未收到条款 {clause} 所需的有效报告，利差暂按原执行值",
        message_en=f"no valid report for the clause {clause} by the reset of {on.isoformat()}: the margin stays as it was",
        subject=clause,
    )


def _bps(count: int) -> Decimal:
    return Decimal(count).scaleb(-4)
