"""The need of a project: a share of what its uses really add up to, and the capital its owners must bring.

Project capital: 国发〔1996〕35号, 国发〔2015〕51号, 国发〔2019〕26号, 国办发〔2024〕52号. Capital is used pro rata
with the loan (固定资产贷款管理办法), so what is paid in bounds each drawing; it does not bound the limit.
"""

from datetime import date
from decimal import Decimal

from domain.finding import Outcome, Reason
from domain.limit import CapitalSource, CapName, InvestmentNeed, ProjectCapital
from domain.money import ZERO, Money
from policy.engine import Bundle, Decision, LimitPolicy, PolicyNotInForce, Product, evaluate
from services.pricing.calc.conclusion import Trace, absent, spelt
from services.pricing.calc.limit.cap import Formed, down, lacking, of, percent, up
from services.pricing.calc.periods import WIDE

CAPITAL_TABLE = "project_capital"
ORIGIN_TABLE = "capital_origin"


def need(
    inputs: InvestmentNeed, product: Product, bundle: Bundle, rules: LimitPolicy | None, on: date, trace: Trace
) -> tuple[Formed, ProjectCapital | None]:
    """The loan-to-cost cap and the standing of the project capital.

    The base is the smaller of the headline and the sum of the uses: money for which no use is shown is not
    financed, and a gap between the two is reported (``USES_GAP``). Capital that falls short refers
    (``PROJECT_CAPITAL_SHORT``).
    """
    assert product.loan_to_cost is not None
    assert product.capital_ratio is not None
    if inputs.uses_total is None:
        return lacking(CapName.NEED, ("need/uses_total",)), None
    reasons: list[Reason] = []
    outcomes = Outcome.PASS
    base = inputs.uses_total
    if inputs.headline_investment is None:
        reasons.append(
            Reason(
                code="HEADLINE_UNKNOWN",
                message_zh="申报总投资未知，按资金用途合计测算",
                message_en="the headline investment is not known; the sum of the uses is taken",
                subject="need/headline_investment",
            )
        )
    elif inputs.headline_investment.amount != base.amount:
        reasons.append(_gap("USES_GAP", "资金用途合计", "the uses", inputs.headline_investment, base))
        base = min(base, inputs.headline_investment)
    if inputs.sources_total is not None and inputs.sources_total < base:
        outcomes = Outcome.REFER
        reasons.append(_gap("SOURCES_SHORT", "资金来源合计", "the sources", base, inputs.sources_total))
    cap = WIDE.multiply(base.amount, product.loan_to_cost)
    trace.term(
        "need/base",
        "min(headline, Σ uses)",
        base,
        headline=inputs.headline_investment,
        uses=inputs.uses_total,
        sources=inputs.sources_total,
    )
    trace.term("need", "loan to cost × base", cap, loan_to_cost=product.loan_to_cost, base=base)
    capital, shortfall, judged = _capital(inputs, base, product, bundle, rules, on, trace)
    reasons.extend(judged)
    if shortfall:
        outcomes = Outcome.REFER
    return of(CapName.NEED, cap, f"CAP_LTC_{percent(product.loan_to_cost)}", outcomes, tuple(reasons)), capital


def _capital(
    inputs: InvestmentNeed,
    base: Money,
    product: Product,
    bundle: Bundle,
    rules: LimitPolicy | None,
    on: date,
    trace: Trace,
) -> tuple[ProjectCapital, bool, list[Reason]]:
    """The capital's standing, whether it refers the case, and why."""
    assert product.loan_to_cost is not None
    assert product.capital_ratio is not None
    required = up(WIDE.multiply(base.amount, product.capital_ratio))
    eligible, paid = inputs.eligible_capital, inputs.paid_in_capital
    reasons: list[Reason] = []
    if inputs.sources is not None:
        eligible, paid, reasons = _eligible(inputs.sources, required, bundle, rules, on, trace)
    short = None if eligible is None else Money(amount=max(required.amount - eligible.amount, Decimal(0)))
    drawable = None
    if paid is not None:
        # Each yuan of capital that is paid carries the loan's share beside it.
        counted = min(paid.amount, required.amount)
        drawable = down(WIDE.divide(WIDE.multiply(counted, product.loan_to_cost), product.capital_ratio))
    trace.term(
        "need/capital",
        "required = capital ratio × base; drawable = paid in × loan to cost ÷ capital ratio",
        f"short {spelt(short)}; drawable {spelt(drawable)}",
        base=base,
        capital_ratio=product.capital_ratio,
        required=required,
        eligible=eligible,
        paid_in=paid,
    )
    standing = ProjectCapital(required=required, eligible=eligible, short=short, paid_in=paid, drawable=drawable)
    if eligible is None:
        reasons.append(absent("need/eligible_capital", "项目资本金", "the project capital"))
    elif short is not None and short.amount > 0:
        reasons.append(
            Reason(
                code="PROJECT_CAPITAL_SHORT",
                message_zh=f"项目资本金应为 {required}，合格 {eligible}，缺口 {short}",
                message_en=f"project capital: {required} required, {eligible} eligible, {short} short",
                subject="need/eligible_capital",
            )
        )
    if drawable is not None and paid is not None and paid < required:
        reasons.append(
            Reason(
                code="PAID_IN_BOUNDS_DRAWING",
                message_zh=f"资本金已到位 {paid}，按比例目前最多可支用 {drawable}",
                message_en=f"{paid} of capital is paid in: at most {drawable} may be drawn pro rata for now",
                subject="need/paid_in_capital",
            )
        )
    return standing, eligible is None or bool(short and short.amount > 0), reasons


def _eligible(
    sources: tuple[CapitalSource, ...],
    required: Money,
    bundle: Bundle,
    rules: LimitPolicy | None,
    on: date,
    trace: Trace,
) -> tuple[Money | None, Money | None, list[Reason]]:
    """Eligible and paid-in capital by source kind; a kind with a share cap counts up to that share of what is required.

    Eligible is None while a source cannot be judged, paid-in while a counting source does not say what was paid.
    """
    table = bundle.table(CAPITAL_TABLE, on)
    reasons: list[Reason] = []
    amounts: dict[str, Decimal] = {}
    paid: dict[str, Decimal | None] = {}
    shares: dict[str, Decimal] = {}
    undecided = False
    for index, source in enumerate(sources):
        facts = {
            "source.kind": source.kind.value,
            "source.valuation_report": source.valuation_report,
            "source.unencumbered": source.unencumbered,
        }
        decision = evaluate(table, facts, f"limit/need/sources/{index}")
        trace.take(decision.trace)
        if not decision.decided:
            undecided = True
            reasons.extend(
                absent(f"need/sources/{index}/{item.fact.removeprefix('source.')}", "项目资本金", "the project capital")
                for item in decision.referred
            )
            continue
        code = decision.code("code")
        origin = _origin(source, bundle, on, f"limit/need/sources/{index}/origin", trace)
        if origin is not None and not origin.decided:
            undecided = True
            reasons.extend(
                absent(f"need/sources/{index}/{item.fact.removeprefix('source.')}", "项目资本金", "the project capital")
                for item in origin.referred
            )
            continue
        if decision.outputs["counts"] is True and origin is not None and origin.outputs["counts"] is not True:
            decision, code = origin, origin.code("code")
        if decision.outputs["counts"] is not True:
            if source.kind.value not in ("bank_loan", "lease"):
                reasons.append(
                    Reason(
                        code=code,
                        message_zh=f"该来源 {source.amount} 不计入项目资本金",
                        message_en=f"this source of {source.amount} is no project capital",
                        subject=f"need/sources/{index}",
                    )
                )
            continue
        if source.traced is False or (rules is not None and source.traced is None):
            reasons.append(
                Reason(
                    code="CAPITAL_UNTRACED",
                    message_zh=f"资本金 {source.amount} 的资金来源尚未追溯",
                    message_en=f"the origin of {source.amount} of capital has not been traced",
                    subject=f"need/sources/{index}",
                )
            )
        shares[code] = decision.number("capital_share_cap")
        amounts[code] = amounts.get(code, Decimal(0)) + source.amount.amount
        before = paid.get(code, Decimal(0))
        arrived = None if source.paid_in is None else min(source.paid_in, source.amount).amount
        paid[code] = None if before is None or arrived is None else before + arrived
    counted, arrived_total = Decimal(0), Decimal(0)
    unknown_payment = any(value is None for value in paid.values())
    for code, amount in sorted(amounts.items()):
        bound = WIDE.multiply(required.amount, shares[code])
        counted += min(amount, bound)
        arrived_total += min(paid[code] or Decimal(0), bound)
        trace.term(
            f"need/capital/{code}",
            "min(amount, share cap × required)",
            min(amount, bound),
            amount=amount,
            share_cap=shares[code],
            required=required,
        )
    eligible = None if undecided else down(counted)
    if unknown_payment:
        reasons.append(absent("need/paid_in_capital", "可支用金额", "the amount drawable"))
    return eligible, None if unknown_payment else down(arrived_total) if sources else ZERO, reasons


def _origin(source: CapitalSource, bundle: Bundle, on: date, step: str, trace: Trace) -> Decision | None:
    """Whether the owners' money is their own (R17), where the file says; a policy from before that rule asks nobody."""
    if source.borrowed is None:
        return None
    try:
        table = bundle.table(ORIGIN_TABLE, on)
    except PolicyNotInForce:
        return None
    facts = {"source.borrowed": source.borrowed, "source.traced_months": source.traced_months}
    decision = evaluate(table, facts, step)
    trace.take(decision.trace)
    return decision


def _gap(code: str, zh: str, en: str, larger: Money, smaller: Money) -> Reason:
    gap = Money(amount=abs(larger.amount - smaller.amount))
    return Reason(
        code=code,
        message_zh=f"{zh} {smaller} 与 {larger} 相差 {gap}",
        message_en=f"{en} add up to {smaller}, against {larger}: a gap of {gap}",
        subject="need/uses_total" if code == "USES_GAP" else "need/sources_total",
    )
