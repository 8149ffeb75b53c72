"""What a claim under a support programme comes to. Nothing here touches a rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from domain.borrowing_cost import LoanPayment
from domain.money import MONEY_SCALE, ZERO, Money, rounded
from domain.repayment import maturity
from domain.support import InterestSubsidyClaim, StatedClaim, SupportLine, VoucherClaim
from policy.engine import (
    Bundle,
    ComputeVoucherTerms,
    InterestSubsidyTerms,
    PolicyNotInForce,
    Product,
    SupportProgramme,
    voucher_due,
)
from services.pricing.calc.conclusion import Inadmissible, Trace
from services.pricing.calc.periods import WIDE


def programme_of(bundle: Bundle, claim: InterestSubsidyClaim | VoucherClaim, on: date, field: str) -> SupportProgramme:
    """The programme a claim names. Raises ``Inadmissible`` for one not in force, or of another form than claimed."""
    try:
        programme = bundle.programme(claim.programme, on)
    except PolicyNotInForce:
        raise Inadmissible(
            f"{field}/programme",
            "programme_unknown",
            "该日无此扶持政策",
            "no such programme is in force on the case's policy date",
        ) from None
    if programme.terms.form != claim.form:
        raise Inadmissible(
            f"{field}/programme",
            "programme_of_another_form",
            "该政策不是此种扶持",
            "the programme gives support of another form",
        )
    return programme


VOUCHER_FACTS = ("contract_amount", "signed_on", "contract_months")
"""What a voucher cannot be reckoned without; the other facts of a claim may be left open."""


@dataclass(frozen=True)
class Reading:
    """What a stated claim is by the policy: a claim in full, or the line that says what is lacking."""

    programme: SupportProgramme
    claim: InterestSubsidyClaim | VoucherClaim | None
    open_line: SupportLine | None = None


def read_stated(bundle: Bundle, claim: StatedClaim, on: date) -> Reading | None:
    """A stated claim by the programme it names; None where no such programme is in force on the day."""
    try:
        programme = bundle.programme(claim.programme, on)
    except PolicyNotInForce:
        return None
    if programme.terms.form == "interest_subsidy":
        return Reading(programme, InterestSubsidyClaim(programme=claim.programme, eligible_use=claim.eligible_use))
    missing = tuple(name for name in VOUCHER_FACTS if getattr(claim, name) is None)
    if missing:
        return Reading(programme, None, _line(programme, None, missing=missing))
    return Reading(programme, VoucherClaim.model_validate(claim.model_dump(exclude={"form", "eligible_use"})))


def subsidised(
    programme: SupportProgramme,
    claim: InterestSubsidyClaim,
    product: Product,
    contract_rate: Decimal,
    first_drawn: date,
    payments: Sequence[LoanPayment],
    trace: Trace,
) -> tuple[SupportLine, tuple[Money, ...]]:
    """The subsidy, and its part in every payment.

    A subsidy of ``points`` a year on the principal is ``points ÷ contract rate`` of the interest on the same principal
    over the same days, and never more than that interest. A period that outlasts the programme counts by its days.
    """
    terms = programme.terms
    assert isinstance(terms, InterestSubsidyTerms)
    code = _subsidy_bar(terms, product, first_drawn)
    if code:
        trace.term(f"support/{programme.id}", code, ZERO, loan_class=product.loan_class, first_drawn=first_drawn)
        return _line(programme, ZERO, code=code), tuple(ZERO for _ in payments)
    if claim.eligible_use is not True:
        if claim.eligible_use is None:
            return _line(programme, None, missing=("eligible_use",)), ()
        trace.term(f"support/{programme.id}", "SUBSIDY_USE", ZERO, eligible_use=False)
        return _line(programme, ZERO, code="SUBSIDY_USE"), tuple(ZERO for _ in payments)
    last = maturity(first_drawn, terms.longest_months) - timedelta(days=1)
    points = min(terms.points, contract_rate)
    parts = tuple(_part(item, points, contract_rate, last) for item in payments)
    total = Money(amount=sum((part.amount for part in parts), Decimal(0)))
    trace.term(
        f"support/{programme.id}",
        "Σ interest × points ÷ contract rate, over the days the programme lasts",
        total,
        points=terms.points,
        contract_rate=contract_rate,
        until=last,
        payments=sum(1 for part in parts if part.amount),
    )
    return _line(programme, total), parts


def second_subsidy(programme: SupportProgramme) -> SupportLine:
    """The line of an interest subsidy beside another one on the same loan: nothing is due under it."""
    return _line(programme, ZERO, code="SUBSIDY_SECOND_CLAIM")


def voucher(
    programme: SupportProgramme, claim: VoucherClaim, field: str, trace: Trace, *, granted: Money = ZERO
) -> SupportLine:
    """The voucher on a compute contract: its share of the price, rounded down, within what is left of the year's cap.

    ``granted`` is what claims before this one take of the same year. Raises ``Inadmissible`` naming ``field`` for a
    standing the programme does not know.
    """
    terms = programme.terms
    assert isinstance(terms, ComputeVoucherTerms)
    try:
        due = voucher_due(terms, claim, granted)
    except LookupError:
        raise Inadmissible(
            f"{field}/standing", "standing_unknown", "该政策无此企业类别", "the programme knows no such standing"
        ) from None
    if due.amount is None:
        return _line(programme, None, missing=due.missing)
    if due.barred:
        trace.term(f"support/{programme.id}", due.code, ZERO, signed_on=claim.signed_on, months=claim.contract_months)
        return _line(programme, ZERO, code=due.code)
    pool = {} if terms.pool is None else {"pool": terms.pool, "pool_taken": claim.pool_taken}
    trace.term(
        f"support/{programme.id}",
        "min(share × contract, cap of the year − received)",
        due.amount,
        contract=claim.contract_amount,
        share=terms.share,
        cap=due.cap,
        received=due.received,
        **pool,
    )
    return _line(programme, due.amount, code=due.code)


def _subsidy_bar(terms: InterestSubsidyTerms, product: Product, drawn: date) -> str:
    if product.loan_class != terms.loan_class:
        return "SUBSIDY_LOAN_CLASS"
    early = terms.drawn_from is not None and drawn < terms.drawn_from
    late = terms.drawn_until is not None and drawn > terms.drawn_until
    return "SUBSIDY_WINDOW" if early or late else ""


def _part(payment: LoanPayment, points: Decimal, contract_rate: Decimal, last: date) -> Money:
    """The subsidy on one instalment's interest, over the days of its period that lie in the programme's time."""
    if not contract_rate:
        return ZERO
    days = (payment.period_end - payment.period_start).days + 1
    inside = max((min(payment.period_end, last) - payment.period_start).days + 1, 0)
    subsidised_interest = WIDE.multiply(WIDE.multiply(payment.interest.amount, points), Decimal(inside))
    return Money(
        amount=rounded(WIDE.divide(subsidised_interest, WIDE.multiply(contract_rate, Decimal(days))), MONEY_SCALE)
    )


def _line(
    programme: SupportProgramme, amount: Money | None, *, code: str = "", missing: tuple[str, ...] = ()
) -> SupportLine:
    return SupportLine(
        programme=programme.id,
        version=programme.version,
        form=programme.terms.form,
        lowers="interest" if programme.terms.form == "interest_subsidy" else "need",
        amount=amount,
        code=code,
        missing=missing,
    )
