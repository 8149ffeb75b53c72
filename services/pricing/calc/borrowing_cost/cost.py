"""综合融资成本 of a loan: the internal rate of everything the borrower receives and pays, each on its day.

A fee paid before the first drawing counts as paid on the day of it: without money received there is nothing yet that a
rate could be a rate of. Support is laid beside the flows, and its effect shown as a second figure.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from domain.borrowing_cost import (
    BorrowingCost,
    BorrowingCostRequest,
    CashFlow,
    FeeShare,
    LoanFee,
    YearlyCost,
)
from domain.finding import ModelRef, Outcome, Reason
from domain.money import ZERO, Money
from domain.support import InterestSubsidyClaim, StatedClaim, SupportLine, VoucherClaim
from policy.engine import Bundle, Product
from services.pricing.calc.borrowing_cost.internal_rate import DatedFlow, internal_rate, nominal
from services.pricing.calc.borrowing_cost.support import (
    programme_of,
    read_stated,
    second_subsidy,
    subsidised,
    voucher,
)
from services.pricing.calc.conclusion import Conclusion, Trace, absent
from services.pricing.calc.product import product_of

MODEL = ModelRef(id="borrowing_cost", version="1")


def borrowing_cost(request: BorrowingCostRequest, bundle: Bundle) -> Conclusion[BorrowingCost]:
    """The cost of a loan to its borrower, and what support would make of it.

    Refers without a value where no single rate solves the flows (``NO_SINGLE_RATE``), and with one where a claim of
    support depends on facts that are not known. Raises ``Inadmissible`` for a product or programme not in the policy.
    """
    product = product_of(bundle, request)
    trace = Trace("borrowing_cost")
    support, subsidies, foreign = _support(request, bundle, product, trace)
    loan = _loan_flows(request)
    borne = [fee for fee in request.fees if fee.payer == "borrower"]
    bare = _cost(loan, request)
    cost = _cost([*loan, *_fee_flows(borne, request)], request)
    reasons = [
        absent(f"{line.programme}.{name}", "扶持金额", "the support") for line in support for name in line.missing
    ] + [_unknown(programme) for programme in foreign]
    value = None
    if bare is None or cost is None:
        reasons.insert(0, _NO_SINGLE_RATE)
    else:
        # A subsidy that is not yet known is not a subsidy of nought.
        certain = bool(subsidies) and all(line.amount is not None for line in support if line.lowers == "interest")
        received = [(on, amount.amount) for on, amount in subsidies]
        value = BorrowingCost(
            contract_rate=request.contract_rate,
            interest_only=bare,
            cost=cost,
            after_support=_cost([*loan, *_fee_flows(borne, request), *received], request) if certain else None,
            fees=_fees(request, loan, cost),
            support=support,
            flows=_by_day(request, subsidies),
        )
        _explain(value, request, trace)
    return Conclusion(
        kind="borrowing_cost",
        outcome=Outcome.REFER if reasons else Outcome.PASS,
        value=value,
        reasons=tuple(reasons),
        trace=tuple(trace.steps),
        policy=bundle.ref(product),
        references=(),
        model=MODEL,
    )


_NO_SINGLE_RATE = Reason(
    code="NO_SINGLE_RATE",
    message_zh="现金流没有唯一的内部收益率，无法披露综合融资成本",
    message_en="no single rate solves the cash flows: there is no cost to disclose",
)


def _unknown(programme: str) -> Reason:
    return Reason(
        code="PROGRAMME_UNKNOWN",
        message_zh=f"政策中没有该日有效的扶持项目 {programme}",
        message_en=f"no programme {programme} is in force on the case's policy date",
        subject=programme,
    )


def _support(
    request: BorrowingCostRequest, bundle: Bundle, product: Product, trace: Trace
) -> tuple[tuple[SupportLine, ...], list[tuple[date, Money]], list[str]]:
    """Every claim's line, the subsidies by day, and the programmes that no policy knows."""
    foreign: list[str] = []
    lines: list[SupportLine] = []
    granted: dict[tuple[str, int], Money] = {}
    flows: list[tuple[date, Money]] = []
    first = min(item.on for item in request.drawings)
    for index, stated in enumerate(request.support):
        claim: InterestSubsidyClaim | VoucherClaim
        if isinstance(stated, StatedClaim):
            reading = read_stated(bundle, stated, request.policy_on)
            if reading is None:
                foreign.append(stated.programme)
                continue
            if reading.claim is None:
                assert reading.open_line is not None
                lines.append(reading.open_line)
                continue
            programme, claim = reading.programme, reading.claim
        else:
            programme, claim = programme_of(bundle, stated, request.policy_on, f"support/{index}"), stated
        if isinstance(claim, InterestSubsidyClaim) and any(line.lowers == "interest" for line in lines):
            # The second of two: a loan has one interest subsidy at most.
            line = second_subsidy(programme)
        elif isinstance(claim, InterestSubsidyClaim):
            line, parts = subsidised(programme, claim, product, request.contract_rate, first, request.payments, trace)
            flows.extend((item.due, part) for item, part in zip(request.payments, parts, strict=False) if part.amount)
        else:
            # Vouchers of one request share the cap of their programme's calendar year.
            year = (claim.programme, claim.signed_on.year)
            line = voucher(programme, claim, f"support/{index}", trace, granted=granted.get(year, ZERO))
            if line.amount is not None:
                granted[year] = granted.get(year, ZERO) + line.amount
        lines.append(line)
    return tuple(lines), flows, foreign


def _loan_flows(request: BorrowingCostRequest) -> list[DatedFlow]:
    return [
        *((item.on, item.amount.amount) for item in request.drawings),
        *((item.due, -(item.principal.amount + item.interest.amount)) for item in request.payments),
    ]


def _fee_flows(fees: Sequence[LoanFee], request: BorrowingCostRequest) -> list[DatedFlow]:
    first = min(item.on for item in request.drawings)
    return [(max(fee.on, first), -fee.amount.amount) for fee in fees]


def _cost(flows: Sequence[DatedFlow], request: BorrowingCostRequest) -> YearlyCost | None:
    effective = internal_rate(flows, request.time)
    return None if effective is None else YearlyCost(nominal=nominal(effective), effective=effective)


def _fees(request: BorrowingCostRequest, loan: Sequence[DatedFlow], cost: YearlyCost) -> tuple[FeeShare, ...]:
    """Fees by kind and payer; what a kind adds is the cost with every fee less the cost without this kind."""
    shares = []
    for kind, payer in dict.fromkeys((fee.kind, fee.payer) for fee in request.fees):
        own = [fee for fee in request.fees if (fee.kind, fee.payer) == (kind, payer)]
        adds: Decimal | None = Decimal(0)
        if payer == "borrower":
            others = [fee for fee in request.fees if fee.payer == "borrower" and fee.kind != kind]
            without = internal_rate([*loan, *_fee_flows(others, request)], request.time)
            adds = None if without is None else cost.effective - without
        amount = Money(amount=sum((fee.amount.amount for fee in own), Decimal(0)))
        shares.append(FeeShare(kind=kind, payer=payer, amount=amount, adds=adds))
    return tuple(shares)


def _by_day(request: BorrowingCostRequest, subsidies: Sequence[tuple[date, Money]]) -> tuple[CashFlow, ...]:
    first = min(item.on for item in request.drawings)
    drawn = _daily((item.on, item.amount) for item in request.drawings)
    principal = _daily((item.due, item.principal) for item in request.payments)
    interest = _daily((item.due, item.interest) for item in request.payments)
    fees = _daily((max(fee.on, first), fee.amount) for fee in request.fees if fee.payer == "borrower")
    support = _daily(subsidies)
    found = []
    for on in sorted({*drawn, *principal, *interest, *fees}):
        received, repaid = drawn.get(on, ZERO), principal.get(on, ZERO)
        borne, charged = interest.get(on, ZERO), fees.get(on, ZERO)
        found.append(
            CashFlow(
                on=on,
                drawn=received,
                principal=repaid,
                interest=borne,
                fees=charged,
                net=received - repaid - borne - charged,
                subsidy=support.get(on, ZERO),
            )
        )
    return tuple(found)


def _daily(column: Iterable[tuple[date, Money]]) -> dict[date, Money]:
    by_day: dict[date, Money] = {}
    for on, amount in column:
        by_day[on] = by_day.get(on, ZERO) + amount
    return by_day


def _explain(value: BorrowingCost, request: BorrowingCostRequest, trace: Trace) -> None:
    formula = f"Σ flow × (1 + r)^(−t) = 0, t by {request.time}"
    trace.term("interest_only", formula, value.interest_only.effective, nominal=value.interest_only.nominal)
    for share in value.fees:
        trace.term(
            f"fees/{share.kind}/{share.payer}",
            "cost with all fees − cost without these" if share.payer == "borrower" else "paid by others: costs nothing",
            share.adds,
            amount=share.amount,
        )
    trace.term("cost", formula, value.cost.effective, nominal=value.cost.nominal, flows=len(value.flows))
    if value.after_support is not None:
        trace.term("after_support", formula, value.after_support.effective, nominal=value.after_support.nominal)
