"""The limit: the smallest of five caps and of what was asked, rounded down (domain paper §5.4).

Version 1 answers as it always did; version 2 or 3 stands where the book has a limit policy (docs/models/limit.md).
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.finding import ModelRef, Outcome, Reason, worst
from domain.limit import (
    Cap,
    CapName,
    ContractNeed,
    InvestmentNeed,
    Limit,
    LimitRequest,
    ProjectCapital,
    TrancheLimit,
    WorkingCapitalNeed,
)
from domain.money import Money
from domain.reference import LenderBooks, Lpr
from policy.engine import Bundle, LimitPolicy, Product, evaluate
from services.pricing.calc.base_rate import BaseRate, base_rate
from services.pricing.calc.conclusion import Conclusion, Dated, Inadmissible, Trace, absent
from services.pricing.calc.limit import contract, investment, working_capital
from services.pricing.calc.limit.cap import Formed, of
from services.pricing.calc.limit.capacity import capacity
from services.pricing.calc.limit.regulatory import regulatory
from services.pricing.calc.limit.security import collateral
from services.pricing.calc.product import product_of

TENOR_TABLE = "regulatory_tenor"


def model(rules: LimitPolicy | None) -> ModelRef:
    """The model that a limit policy was approved with; version 1 where there is none."""
    return ModelRef(id="limit", version="1" if rules is None else rules.model)


def limit(request: LimitRequest, bundle: Bundle, lender: Dated[LenderBooks], lpr: Dated[Lpr]) -> Conclusion[Limit]:
    """The limit of a line. Every cap is formed, named and returned, the one that binds among them.

    While a cap lacks inputs the case is referred, the inputs are named, and ``limit`` is only what the known caps
    leave. A limit of nought fails. Raises ``Inadmissible`` for a product that is not in the policy or that measures
    its need in another way than the request.
    """
    product = product_of(bundle, request)
    rules = bundle.limits(request.policy_on)
    if request.need.kind != product.need:
        raise Inadmissible(
            "need/kind",
            "need_of_another_product",
            "需求测算方式与产品不符",
            "the product measures its need in another way",
        )
    trace = Trace("limit")
    tenor = _tenor(request, product, bundle, trace)
    discount = _discount(request, bundle, rules, tenor.months, lender.value, lpr.value, trace)
    need, capital = _need(request, product, bundle, rules, trace)
    secured, tranches = collateral(request, product, bundle, rules, tenor.months, discount, trace)
    formed = (
        _product_cap(request, product, bundle, trace),
        need,
        capacity(request, product, rules, tenor.months, discount, trace),
        secured,
        regulatory(request, bundle, rules, lender.value, trace),
    )
    outcomes = [tenor.outcome, *(item.outcome for item in formed)]
    reasons = [*tenor.reasons, *(reason for item in formed for reason in item.reasons)]
    caps = tuple(item.cap for item in formed)
    value, reached = _smallest(request, product, rules, caps, tenor.months, tranches, capital)
    trace.term(
        "limit",
        f"min(asked, caps), rounded down to {product.round_down_to}",
        value.limit,
        asked=request.asked,
        **{item.cap.name.value: item.cap.amount for item in formed},
    )
    reasons.extend(reached)
    if value.limit.amount == 0:
        outcomes.append(Outcome.FAIL)
    return Conclusion(
        kind="limit",
        outcome=worst(outcomes),
        value=value,
        reasons=tuple(reasons),
        trace=tuple(trace.steps),
        policy=bundle.ref(product),
        references=(lender.ref, lpr.ref),
        model=model(rules),
    )


@dataclass(frozen=True)
class _Tenor:
    months: int
    outcome: Outcome
    reasons: tuple[Reason, ...]


def _tenor(request: LimitRequest, product: Product, bundle: Bundle, trace: Trace) -> _Tenor:
    """The shortest of what was asked, what the product has, and what regulation allows to its class of loan."""
    longest = product.tenor_cap(request.purpose)
    bounds = [(request.tenor_months, ""), (longest, f"CAP_TENOR_{longest}")]
    missing: tuple[Reason, ...] = ()
    if product.loan_class != "none":
        facts = {
            "loan.class": product.loan_class,
            "loan.long_cycle_evidence": request.long_cycle_evidence,
            "loan.head_office_tenor_consent": request.head_office_tenor_consent,
        }
        decision = evaluate(bundle.table(TENOR_TABLE, request.policy_on), facts, "limit/tenor")
        trace.take(decision.trace)
        if decision.decided:
            bounds.append((int(decision.number("months")), decision.code("code")))
        else:
            missing = tuple(absent(item.fact, "期限上限", "the longest tenor") for item in decision.referred)
    months = min(bound for bound, _ in bounds)
    trace.term("tenor", "min(asked, product, regulation)", months, asked=request.tenor_months, product=longest)
    shortened = tuple(
        Reason(
            code=code,
            message_zh=f"期限最长 {bound} 个月",
            message_en=f"the tenor is {bound} months at most",
            subject="tenor_months",
        )
        for bound, code in bounds[1:]
        if bound < request.tenor_months
    )
    return _Tenor(months, Outcome.REFER if missing else Outcome.PASS, (*missing, *shortened))


def _discount(
    request: LimitRequest,
    bundle: Bundle,
    rules: LimitPolicy | None,
    tenor_months: int,
    lender: LenderBooks,
    lpr: Lpr,
    trace: Trace,
) -> Decimal:
    """The yearly rate at which future cash flow repays debt: the price asked for, else LPR and the costs of a loan.

    Without a price asked for, the costs are those the price is built of at a full risk weight, before expected
    loss: what no borrower pays less than. From version 2 on the dearer LPR is taken whatever the tenor: a shorter loan
    would else be lent more for being discounted less.
    """
    pricing = bundle.pricing(request.policy_on)
    if rules is None:
        base = base_rate(pricing, tenor_months, lpr, request.asked_lpr_tenor, "limit/discount", trace)
    else:
        base = BaseRate("5Y", lpr.five_year) if lpr.five_year >= lpr.one_year else BaseRate("1Y", lpr.one_year)
    if request.asked_spread_bps is not None:
        margin = Decimal(request.asked_spread_bps).scaleb(-4)
    else:
        charge = pricing.capital_ratio * (pricing.cost_of_capital / (1 - lender.tax_rate) - pricing.capital_benefit)
        margin = pricing.opex + pricing.optionality + max(charge, Decimal(0))
    rate = max(base.value + margin, Decimal(0))
    trace.term("discount", "LPR + margin", rate, lpr=base.value, lpr_tenor=base.tenor, margin=margin)
    return rate


def _need(
    request: LimitRequest, product: Product, bundle: Bundle, rules: LimitPolicy | None, trace: Trace
) -> tuple[Formed, ProjectCapital | None]:
    match request.need:
        case InvestmentNeed():
            return investment.need(request.need, product, bundle, rules, request.policy_on, trace)
        case ContractNeed():
            return contract.need(request.need, product, trace), None
        case WorkingCapitalNeed():
            return working_capital.need(request.need, rules, trace, product.need_share), None


def _product_cap(request: LimitRequest, product: Product, bundle: Bundle, trace: Trace) -> Formed:
    """The ceiling of the product, and what its family leaves one borrower; a product may have neither, which is nothing
    missing.
    """
    trace.term("product", "ceiling of the product", product.amount_cap, product=product.id, version=product.version)
    room = _room_in_family(request, product, bundle, trace)
    if room is not None and (product.amount_cap is None or room < product.amount_cap.amount):
        return of(CapName.PRODUCT, room, "CAP_FAMILY")
    if product.amount_cap is None:
        return Formed(Cap(name=CapName.PRODUCT, amount=None, code="NO_CEILING"))
    return of(CapName.PRODUCT, product.amount_cap.amount, "CAP_PRODUCT")


def _room_in_family(request: LimitRequest, product: Product, bundle: Bundle, trace: Trace) -> Decimal | None:
    """What one borrower may still have under all products of the family, in yuan; None where the family sets no bound."""
    if product.family is None:
        return None
    family = bundle.product_family(product.family, request.policy_on)
    if family.borrower_cap is None:
        return None
    members = {item.id for item in bundle.products(request.policy_on) if item.family == family.id}
    held = sum((limit.amount for name, limit in (request.held or {}).items() if name in members), Decimal(0))
    room = max(family.borrower_cap.amount - held, Decimal(0))
    trace.term(
        "product/family", "ceiling of the family − held, not below 0", room, ceiling=family.borrower_cap, held=held
    )
    return room


def _smallest(
    request: LimitRequest,
    product: Product,
    rules: LimitPolicy | None,
    caps: tuple[Cap, ...],
    tenor_months: int,
    tranches: tuple[TrancheLimit, ...],
    capital: ProjectCapital | None,
) -> tuple[Limit, tuple[Reason, ...]]:
    """The limit and, where a cap binds, the reason that names it. Of equal caps the first binds, what was asked before
    all.
    """
    known = [cap for cap in caps if cap.amount is not None]
    complete = not any(cap.missing for cap in caps)
    smallest = min(known, key=lambda cap: cap.amount.amount if cap.amount else Decimal(0), default=None)
    amount, binding, reasons = request.asked, "asked", []
    if smallest is not None and smallest.amount is not None and smallest.amount < request.asked:
        amount, binding = smallest.amount, smallest.name.value
        reasons.append(
            Reason(
                code=smallest.code,
                message_zh=f"申请 {request.asked}，上限 {smallest.amount}",
                message_en=f"{request.asked} asked for; the cap is {smallest.amount}",
                subject=smallest.name.value,
            )
        )
    unit = product.round_down_to.amount
    granted = Money(amount=amount.amount // unit * unit)
    tied: tuple[CapName, ...] = ()
    if rules is not None:
        reasons.extend(_left_by_rounding(amount, granted, product.round_down_to))
        if complete:
            tied = tuple(cap.name for cap in known if cap.amount == amount and cap.name.value != binding)
    too_long = [item for item in tranches if item.tenor_months < tenor_months]
    if too_long:
        zh = "、".join(f"{item.asset_kind} {item.tenor_months} 个月" for item in too_long)
        en = ", ".join(f"{item.asset_kind} {item.tenor_months} months" for item in too_long)
        reasons.append(
            Reason(
                code="TRANCHE_TENOR",
                message_zh=f"分档期限短于贷款期限：{zh}",
                message_en=f"tranches that end before the loan: {en}",
                subject="tenor_months",
            )
        )
    value = Limit(
        asked=request.asked,
        limit=granted,
        tenor_months=tenor_months,
        caps=caps,
        binding=binding if complete else None,
        tranches=tranches,
        project_capital=capital,
        tied=tied,
    )
    return value, tuple(reasons)


def _left_by_rounding(amount: Money, granted: Money, step: Money) -> tuple[Reason, ...]:
    """That an amount was rounded down, or is less than a step: nobody has to guess where a remainder went."""
    if granted == amount:
        return ()
    if granted.amount == 0:
        return (
            Reason(
                code="LIMIT_BELOW_STEP",
                message_zh=f"{amount} 不足一个授信单位 {step}",
                message_en=f"{amount} is less than the step of {step}",
                subject="limit",
            ),
        )
    return (
        Reason(
            code="ROUNDED_DOWN",
            message_zh=f"{amount} 按 {step} 向下取整",
            message_en=f"{amount} is rounded down to a multiple of {step}",
            subject="limit",
        ),
    )
