"""Which products of a lender a draft could be: every product of the book held against the draft, with every reason.

A product speaks of its own terms only: whom it is offered to, for what, how much and how long, repaid and secured how. Which
need, cash flow and collateral carry it is the limit's matter. Screening asks the same rules of the one product applied for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from domain.application import ApplicationContent, CreditLineRequest
from domain.finding import Outcome, Reason, TraceStep
from domain.money import ZERO, Money, Rounding
from domain.products import EligibilityVerdict, ProductEligibility
from policy.engine import Bundle, FactValue, Product, ProductFamily, RulesDecision, check_rules
from services.origination.calc.case_facts import content_facts, product_facts
from services.origination.calc.exposures import conversion_of
from services.origination.calc.fit_facts import statement_facts

PURPOSE_MISMATCH: Final = "PURPOSE_MISMATCH"
_NOT_BOOKED: Final = {
    "PRODUCT_NOT_LIVE": ("该产品尚未上线", "the product is proposed, not live"),
    "PROGRAMME_NOT_BOOKABLE": (
        "此为政府或区域方案条款，须以参与机构的产品办理",
        "these are the terms of a programme: a loan under it is booked as a product of a lender",
    ),
    "BOOKED_ELSEWHERE": (
        "该产品的业务在其他系统办理，本系统仅提供条款与准入判断",
        "cases of this product are booked in another system; terms and eligibility are told here",
    ),
}


def not_booked_reason(code: str, subject: str = "") -> Reason:
    """Why no case of a product is taken here, by :attr:`Product.not_booked`."""
    zh, en = _NOT_BOOKED[code]
    return Reason(code=code, message_zh=zh, message_en=en, subject=subject)


@dataclass
class _Answer:
    """What has been found of one product so far."""

    outcomes: list[Outcome] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    trace: list[TraceStep] = field(default_factory=list)

    def look(self, code: str, outcome: Outcome, zh: str, en: str, subject: str, **terms: object) -> None:
        self.outcomes.append(outcome)
        self.reasons.append(Reason(code=code, message_zh=zh, message_en=en, subject=subject))
        inputs = {name: str(term) for name, term in terms.items()}
        self.trace.append(TraceStep(step=f"product/{code}", inputs=inputs, result=outcome.value))

    def rules(self, decision: RulesDecision) -> None:
        self.outcomes.append(decision.outcome)
        self.reasons.extend(decision.reasons)
        self.trace.extend(decision.trace)

    @property
    def verdict(self) -> EligibilityVerdict:
        if Outcome.FAIL in self.outcomes:
            return "not_eligible"
        return "refer" if Outcome.REFER in self.outcomes else "eligible"


def eligibility(
    content: ApplicationContent,
    bundle: Bundle,
    on: date,
    *,
    known: Mapping[str, FactValue] | None = None,
    committed: Mapping[str, Money] | None = None,
) -> tuple[ProductEligibility, ...]:
    """Every product of the draft's lender on a day, in order of id; those it could be as well as those it could not.

    ``content`` may be any draft: what it does not say yet refers, and is named. ``known`` adds facts that were looked up
    (books, lists) by policy's names. ``committed`` is what the borrower has already under each family of products, by family
    id; a family that is not named counts as nothing.
    """
    line = content.lines[0] if len(content.lines) == 1 else None
    facts = content_facts(content, line) | statement_facts(content) | dict(known or {})
    families = {family.id: family for family in bundle.product_families(on)}
    return tuple(
        _of_product(product, bundle, on, families.get(product.family or ""), content, line, facts, committed or {})
        for product in bundle.products(on)
        if content.lender_id in product.lenders
    )


def committed_by_family(bundle: Bundle, on: date, held: Mapping[str, Money]) -> dict[str, Money]:
    """What a borrower has under each family, from what it has under each product."""
    totals: dict[str, Money] = {}
    for product in bundle.products(on):
        if product.family is not None and product.id in held:
            totals[product.family] = totals.get(product.family, ZERO) + held[product.id]
    return totals


def _of_product(
    product: Product,
    bundle: Bundle,
    on: date,
    family: ProductFamily | None,
    content: ApplicationContent,
    line: CreditLineRequest | None,
    facts: Mapping[str, FactValue],
    committed: Mapping[str, Money],
) -> ProductEligibility:
    answer = _Answer()
    if product.not_booked is not None:
        reason = not_booked_reason(product.not_booked)
        answer.look(reason.code, Outcome.FAIL, reason.message_zh, reason.message_en, "product", status=product.status)
    answer.rules(admission(product, {**facts, **product_facts(product)}, line.purpose if line is not None else None))
    amount = tenor = None
    if line is None:
        answer.look(
            "LINE_NOT_GIVEN", Outcome.REFER, "尚未填写额度", "what is asked for is not stated yet", "/lines", lines=0
        )
    else:
        _kind_and_purpose(answer, product, line)
        amount = _amount(answer, product, family, line, committed)
        tenor = _tenor(answer, product, line)
        _repayment(answer, product, line)
        _mix(answer, product, line, content)
        for reason in never_offered(product, line, content):
            answer.look(reason.code, Outcome.FAIL, reason.message_zh, reason.message_en, reason.subject)
    equivalent = None
    if product.off_balance is not None and amount is not None:
        equivalent = amount.times(conversion_of(product, bundle, on).factor, Rounding.UP)
    segment = content.borrower.chain_segment
    value = getattr(segment, "value", None)
    board = family.board_of(value) if family is not None and value is not None else None
    return ProductEligibility(
        product_id=product.id,
        version=product.version,
        title_zh=product.title_zh,
        title_en=product.title_en,
        family=product.family,
        board=board.id if board is not None else None,
        status=product.status.value,
        verdict=answer.verdict,
        amount=amount,
        tenor_months=tenor,
        credit_equivalent=equivalent,
        reasons=tuple(answer.reasons),
        trace=tuple(answer.trace),
    )


def admission(product: Product, facts: Mapping[str, FactValue], purpose: str | None) -> RulesDecision:
    """The product's own rules on a case: whom it is offered to, its admission, and that of the purpose."""
    return check_rules(product.admission_of(purpose or ""), facts, f"admission/{product.id}")


def purpose_reason(purpose: str) -> Reason:
    """That a product has no such purpose."""
    return Reason(
        code=PURPOSE_MISMATCH,
        message_zh=f"用途 {purpose} 与产品不符",
        message_en=f"the purpose {purpose} does not fit the product",
        subject="/lines/0/purpose",
    )


def _kind_and_purpose(answer: _Answer, product: Product, line: CreditLineRequest) -> None:
    if line.kind is not product.line_kind:
        answer.look(
            "LINE_KIND_MISMATCH",
            Outcome.FAIL,
            f"该产品的额度种类为 {product.line_kind.value}",
            f"lines of this product are {product.line_kind.value}",
            "/lines/0/kind",
            asked=line.kind.value,
        )
    said = {reason.code for reason in answer.reasons}
    if line.purpose not in product.purposes and PURPOSE_MISMATCH not in said:
        reason = purpose_reason(line.purpose)
        offered = ", ".join(product.purposes)
        answer.look(reason.code, Outcome.FAIL, reason.message_zh, reason.message_en, reason.subject, purposes=offered)


def _amount(
    answer: _Answer,
    product: Product,
    family: ProductFamily | None,
    line: CreditLineRequest,
    committed: Mapping[str, Money],
) -> Money:
    """What the ceilings leave of the amount, each that binds as a reason. A ceiling that leaves nothing, or less than the product
    begins at, leaves no loan."""
    amount, least = line.amount, product.minimum_amount
    if amount.amount <= 0:
        zh, en = "申请金额须大于零", "the amount asked for must be above nought"
        answer.look("AMOUNT_NOT_POSITIVE", Outcome.FAIL, zh, en, "/lines/0/amount", asked=amount)
    for code, zh, en, cap in _ceilings(product, family, committed):
        if cap < line.amount:
            nothing = cap.amount == 0 or (least is not None and cap < least)
            outcome = Outcome.FAIL if nothing else Outcome.PASS
            answer.look(code, outcome, f"{zh} {cap}", f"{en} {cap}", "/lines/0/amount", asked=line.amount, cap=cap)
            amount = min(amount, cap)
    return amount


def _ceilings(
    product: Product, family: ProductFamily | None, committed: Mapping[str, Money]
) -> Iterator[tuple[str, str, str, Money]]:
    if product.amount_cap is not None:
        yield "CAP_PRODUCT", "产品上限", "the product's ceiling is", product.amount_cap
    if family is not None and family.borrower_cap is not None:
        used = committed.get(family.id, ZERO)
        room = Money(amount=max(family.borrower_cap.amount - used.amount, Decimal(0)))
        yield "CAP_FAMILY", "同一借款人在该系列产品下的剩余额度", "room for one borrower under the whole family:", room


def _tenor(answer: _Answer, product: Product, line: CreditLineRequest) -> int:
    longest = product.tenor_cap(line.purpose)
    if line.tenor_months > longest:
        answer.look(
            f"CAP_TENOR_{longest}",
            Outcome.PASS,
            f"期限最长 {longest} 个月",
            f"the tenor is {longest} months at most",
            "/lines/0/tenor_months",
            asked=line.tenor_months,
        )
    return min(line.tenor_months, longest)


def _repayment(answer: _Answer, product: Product, line: CreditLineRequest) -> None:
    offered = ", ".join(method.value for method in product.repayment_methods)
    for at, method in dict(line.repayment.methods()).items():
        if method not in product.repayment_methods:
            answer.look(
                "METHOD_NOT_OFFERED",
                Outcome.FAIL,
                f"该产品的还款方式为 {offered}",
                f"this product is repaid by {offered}",
                "/".join(["/lines/0/repayment", *(str(part) for part in at)]),
                asked=method.value,
            )
    if line.repayment.grace_months > product.maximum_grace_months:
        answer.look(
            "GRACE_TOO_LONG",
            Outcome.FAIL,
            f"宽限期至多 {product.maximum_grace_months} 个月",
            f"at most {product.maximum_grace_months} months of grace",
            "/lines/0/repayment/grace_months",
            asked=line.repayment.grace_months,
        )


def _mix(answer: _Answer, product: Product, line: CreditLineRequest, content: ApplicationContent) -> None:
    """The guarantee mix adds up to what is asked for."""
    if not content.security:
        return
    total = sum((leg.amount.amount for leg in content.security), Decimal(0))
    if not mix_adds_up(total, line, product):
        answer.look(
            "GUARANTEE_MIX_SUM",
            Outcome.FAIL,
            f"担保组合合计 {total:,.2f}，与申请金额不等",
            f"the guarantee mix adds up to {total:,.2f}, not to the amount asked for",
            "/security",
            asked=line.amount,
        )


def mix_adds_up(total: Decimal, line: CreditLineRequest, product: Product | None) -> bool:
    """Whether a guarantee mix covers exactly what is asked for or, of a borrower who asks for more than the product's ceiling,
    exactly the ceiling: no limit is ever above it (row A8)."""
    sums = {line.amount.amount}
    if product is not None and product.amount_cap is not None and product.amount_cap < line.amount:
        sums.add(product.amount_cap.amount)
    return total in sums


def never_offered(product: Product, line: CreditLineRequest, content: ApplicationContent) -> Iterator[Reason]:
    """What a product does not do for anybody: amounts and tenors below its least, legs of a mix it does not take."""
    least, shortest = product.minimum_amount, product.minimum_tenor_months
    if least is not None and line.amount < least:
        yield Reason(
            code="AMOUNT_BELOW_MINIMUM",
            message_zh=f"申请金额低于起点 {least}",
            message_en=f"the product begins at {least}",
            subject="/lines/0/amount",
        )
    if shortest is not None and line.tenor_months < shortest:
        yield Reason(
            code="TENOR_BELOW_MINIMUM",
            message_zh=f"期限不得短于 {shortest} 个月",
            message_en=f"the tenor is {shortest} months at least",
            subject="/lines/0/tenor_months",
        )
    for index, leg in enumerate(content.security):
        if product.guarantee_methods and leg.method not in product.guarantee_methods:
            yield Reason(
                code="GUARANTEE_METHOD_NOT_OFFERED",
                message_zh=f"该产品的担保方式为 {'、'.join(product.guarantee_methods)}",
                message_en=f"this product is secured by {', '.join(product.guarantee_methods)}",
                subject=f"/security/{index}/method",
            )
