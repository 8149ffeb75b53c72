"""The quote: a price built up, its cost to the borrower, and how it stands to floor and hurdle.

The policy names the version of the model it was approved with. Version 1 answers as it always did; version 2 also spells
the waterfall out, forms internal-ratings capital with the collateral, size and maturity of the policy's own block, and
says who may let a price stand below the floor.
"""

from decimal import Decimal

from domain.finding import ModelRef, Outcome, Reason, ReferenceDataRef
from domain.pricing import Quote, QuoteRequest
from domain.reference import FtpCurve, LenderBooks, Lpr
from policy.engine import Bundle, PricingPolicy
from services.pricing.calc.conclusion import Conclusion, Dated, Trace, absent
from services.pricing.calc.price.build_up import Books, Priced, Unpriced, build_up
from services.pricing.calc.price.cost import comprehensive_cost, effective, paid_by_borrower, stated
from services.pricing.calc.price.floor import floor_waiver, waiver_reason
from services.pricing.calc.price.waterfall import waterfall
from services.pricing.calc.product import product_of


def model(policy: PricingPolicy) -> ModelRef:
    """The model that a pricing policy was approved with."""
    return ModelRef(id="price", version=policy.model)


def quote(
    request: QuoteRequest, bundle: Bundle, lender: Dated[LenderBooks], lpr: Dated[Lpr], ftp: Dated[FtpCurve]
) -> Conclusion[Quote]:
    """The price of a loan.

    Refers without a price where the PD or the facts of the risk weight are absent, and with one where it lies below the
    floor (``BELOW_FLOOR``). Raises ``Inadmissible`` for a product or relationship class that is not in the policy.
    """
    product_of(bundle, request)
    policy = bundle.pricing(request.policy_on)
    references = (lender.ref, lpr.ref, ftp.ref)
    trace = Trace("price")
    books = Books(lender.value, lpr.value, ftp.value)
    priced = build_up(request, bundle, books, trace)
    if isinstance(priced, Unpriced):
        return unpriced(bundle, policy, references, trace, priced.missing)
    cost = stated(comprehensive_cost(request.amount.amount, priced.rate, request.tenor_months, request.fees))
    trace.term("floor", "FTP + EL + opex", priced.floor)
    trace.term(
        "comprehensive_cost",
        "12 × monthly IRR of the loan less fees the borrower pays",
        cost,
        fees=paid_by_borrower(request.fees),
    )
    reasons = (*priced.reasons, *_standing(priced, policy.hurdle_raroc))
    waiver = floor_waiver(request, bundle, policy, priced, trace)
    if waiver is not None and priced.below_floor:
        reasons = (*reasons, waiver_reason(waiver))
    value = Quote(
        components=priced.components,
        all_in_rate=priced.rate,
        base_rate=priced.base.tenor,
        base_rate_value=priced.base.value,
        margin_bps=priced.margin_bps,
        floor_rate=priced.floor,
        below_floor=priced.below_floor,
        raroc=priced.raroc,
        hurdle=policy.hurdle_raroc,
        comprehensive_cost=cost,
        effective_cost=None if cost is None else stated(effective(cost)),
        waterfall=() if policy.model == "1" else waterfall(request, policy, books, priced),
        floor_waiver=waiver,
    )
    return Conclusion(
        kind="quote",
        outcome=Outcome.REFER if priced.below_floor else Outcome.PASS,
        value=value,
        reasons=reasons,
        trace=tuple(trace.steps),
        policy=bundle.ref(policy),
        references=references,
        model=model(policy),
    )


def _standing(priced: Priced, hurdle: Decimal) -> tuple[Reason, ...]:
    rate, floor, earned = priced.rate, priced.floor, priced.raroc
    reasons = []
    if priced.below_floor:
        reasons.append(
            Reason(
                code="BELOW_FLOOR",
                message_zh=f"利率 {rate} 低于底线 {floor}，须定价审批",
                message_en=f"the rate of {rate} lies below the floor of {floor}; the pricing body decides",
                subject="all_in_rate",
            )
        )
    if earned < hurdle:
        reasons.append(
            Reason(
                code="RAROC_BELOW_HURDLE",
                message_zh=f"RAROC {earned} 低于门槛 {hurdle}",
                message_en=f"a RAROC of {earned} against a hurdle of {hurdle}",
                subject="raroc",
            )
        )
    return tuple(reasons)


def unpriced(
    bundle: Bundle,
    policy: PricingPolicy,
    references: tuple[ReferenceDataRef, ...],
    trace: Trace,
    missing: tuple[str, ...],
) -> Conclusion[Quote]:
    """The answer where no price could be formed: referred, naming every fact that is absent."""
    return Conclusion(
        kind="quote",
        outcome=Outcome.REFER,
        value=None,
        reasons=tuple(absent(name, "价格", "the price") for name in missing),
        trace=tuple(trace.steps),
        policy=bundle.ref(policy),
        references=references,
        model=model(policy),
    )
