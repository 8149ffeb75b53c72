"""The build-up of a price and its quotation as LPR + bp.

``rate = FTP + EL + opex + capital charge + optionality − green − relationship``. The margin over LPR is rounded up
to whole steps of basis points and the rate recomputed from it, so that the two spellings of a price always agree;
the step appears as a component of its own. A price asked for replaces the margin, and is then measured against
floor and hurdle.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from domain.finding import ModelRef, Outcome, Reason, ReferenceDataRef
from domain.money import RATE_SCALE, rounded
from domain.pricing import PriceComponent, Quote, QuoteRequest
from domain.reference import FtpCurve, LenderBooks, Lpr
from policy.engine import Bundle, PricingPolicy, evaluate
from services.pricing.calc.base_rate import BaseRate, base_rate
from services.pricing.calc.conclusion import Conclusion, Dated, Inadmissible, Trace, absent
from services.pricing.calc.periods import WIDE
from services.pricing.calc.price.capital import capital_charge, raroc
from services.pricing.calc.price.cost import comprehensive_cost, effective
from services.pricing.calc.price.funding import funds_transfer_price
from services.pricing.calc.price.loss import loss_given_default
from services.pricing.calc.product import product_of

MODEL = ModelRef(id="price", version="1")
GREEN_TABLE = "green_tag"
_BP = Decimal("0.0001")


def quote(
    request: QuoteRequest, bundle: Bundle, lender: Dated[LenderBooks], lpr: Dated[Lpr], ftp: Dated[FtpCurve]
) -> Conclusion[Quote]:
    """The price of a loan.

    Refers without a price where the PD or the facts of the risk weight are absent, and with one where it lies below the
    floor (``BELOW_FLOOR``). Raises ``Inadmissible`` for a product or relationship class that is not in the policy.
    """
    product = product_of(bundle, request)
    policy = bundle.pricing(request.policy_on)
    references = (lender.ref, lpr.ref, ftp.ref)
    trace = Trace("price")
    if request.pd is None:
        return _unpriced(bundle, policy, references, trace, ("pd",))
    # No PD below the floor of the scale, whoever states it.
    scale = bundle.rating_scale(bundle.scorecard(product.scorecard, request.policy_on).rating_scale, request.policy_on)
    pd = max(request.pd, scale.floor)
    capital, lacking = capital_charge(request, pd, policy, lender.value, trace)
    if capital is None:
        return _unpriced(bundle, policy, references, trace, tuple(item.fact for item in lacking))
    funding = funds_transfer_price(ftp.value, request.tenor_months)
    lgd = loss_given_default(policy.loss_given_default, request.amount, request.collateral, trace)
    expected_loss = rounded(WIDE.multiply(pd, lgd), RATE_SCALE)
    green, reasons = _green(request, bundle, policy, trace)
    parts = [
        PriceComponent(name="ftp", rate=funding),
        PriceComponent(name="expected_loss", rate=expected_loss),
        PriceComponent(name="opex", rate=policy.opex),
        PriceComponent(name="capital", rate=capital.charge),
        PriceComponent(name="optionality", rate=policy.optionality),
        PriceComponent(name="green", rate=-green),
        PriceComponent(name="relationship", rate=-_relationship(request, policy)),
    ]
    built_up = sum((part.rate for part in parts), Decimal(0))
    trace.term("build_up", "Σ components", built_up, pd=pd, lgd=lgd, **{part.name: part.rate for part in parts})
    base = base_rate(policy, request.tenor_months, lpr.value, request.asked_lpr_tenor, "price", trace)
    quoted = _quoted(request, policy, base, built_up, trace)
    parts.extend(quoted.components)
    floor = funding + expected_loss + policy.opex
    earned = raroc(quoted.rate - floor, capital, policy, lender.value, trace)
    cost = comprehensive_cost(request.amount.amount, quoted.rate, request.tenor_months, request.fees)
    trace.term("floor", "FTP + EL + opex", floor)
    trace.term(
        "comprehensive_cost",
        "12 × monthly IRR of the loan less fees the borrower pays",
        cost,
        fees=sum((fee.amount.amount for fee in request.fees if fee.payer == "borrower"), Decimal(0)),
    )
    below = quoted.rate < floor
    reasons = (*reasons, *_standing(quoted.rate, floor, below, earned, policy.hurdle_raroc))
    value = Quote(
        components=tuple(parts),
        all_in_rate=quoted.rate,
        base_rate=base.tenor,
        base_rate_value=base.value,
        margin_bps=quoted.margin_bps,
        floor_rate=floor,
        below_floor=below,
        raroc=earned,
        hurdle=policy.hurdle_raroc,
        comprehensive_cost=cost,
        effective_cost=None if cost is None else effective(cost),
    )
    return Conclusion(
        kind="quote",
        outcome=Outcome.REFER if below else Outcome.PASS,
        value=value,
        reasons=reasons,
        trace=tuple(trace.steps),
        policy=bundle.ref(policy),
        references=references,
        model=MODEL,
    )


@dataclass(frozen=True)
class _Quoted:
    rate: Decimal
    margin_bps: int
    components: tuple[PriceComponent, ...]
    """What leads from the built-up rate to the quoted one."""


def _quoted(request: QuoteRequest, policy: PricingPolicy, base: BaseRate, built_up: Decimal, trace: Trace) -> _Quoted:
    step = policy.quote_step_bps
    steps = WIDE.divide(built_up - base.value, _BP * step).to_integral_value(ROUND_CEILING)
    stepped = int(steps) * step
    components = [PriceComponent(name="quote_step", rate=base.value + stepped * _BP - built_up)]
    margin = stepped
    if request.asked_spread_bps is not None:
        margin = request.asked_spread_bps
        components.append(PriceComponent(name="asked", rate=(margin - stepped) * _BP))
    rate = base.value + margin * _BP
    trace.term(
        "quoted",
        "LPR + margin, the margin rounded up to whole steps or as asked for",
        rate,
        lpr=base.value,
        lpr_tenor=base.tenor,
        built_up=built_up,
        step_bps=step,
        built_up_margin_bps=stepped,
        margin_bps=margin,
    )
    return _Quoted(rate, margin, tuple(components))


def _green(
    request: QuoteRequest, bundle: Bundle, policy: PricingPolicy, trace: Trace
) -> tuple[Decimal, tuple[Reason, ...]]:
    """The green discount: nothing unless the tag is asked for and its evidence is whole."""
    if not request.green:
        return Decimal(0), ()
    facts = {
        "project.green_catalogue_code": request.green_catalogue_code,
        "project.pue": request.pue,
        "project.rack_use": request.rack_use,
        "project.hub": request.hub,
        "project.green_power": request.green_power,
    }
    decision = evaluate(bundle.table(GREEN_TABLE, request.policy_on), facts, "price/green")
    trace.take(decision.trace)
    if decision.decided and decision.outputs["green"] is True:
        return policy.discounts.green_bps * _BP, ()
    code = decision.code("code") if decision.decided else "GREEN_NOT_EVIDENCED"
    lacking = ", ".join(item.fact for item in decision.referred)
    return Decimal(0), (
        Reason(
            code=code,
            message_zh=f"绿色标识未获支持，不予优惠{'，缺少 ' + lacking if lacking else ''}",
            message_en=f"the green tag is not supported: no discount{'; lacking ' + lacking if lacking else ''}",
            subject="green",
        ),
    )


def _relationship(request: QuoteRequest, policy: PricingPolicy) -> Decimal:
    if request.relationship is None:
        return Decimal(0)
    try:
        return policy.discounts.relationship_bps[request.relationship] * _BP
    except KeyError:
        raise Inadmissible(
            "relationship",
            "relationship_unknown",
            "定价政策中无此客户关系等级",
            "the pricing policy has no such relationship class",
        ) from None


def _standing(rate: Decimal, floor: Decimal, below: bool, earned: Decimal, hurdle: Decimal) -> tuple[Reason, ...]:
    reasons = []
    if below:
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


def _unpriced(
    bundle: Bundle,
    policy: PricingPolicy,
    references: tuple[ReferenceDataRef, ...],
    trace: Trace,
    missing: tuple[str, ...],
) -> Conclusion[Quote]:
    return Conclusion(
        kind="quote",
        outcome=Outcome.REFER,
        value=None,
        reasons=tuple(absent(name, "价格", "the price") for name in missing),
        trace=tuple(trace.steps),
        policy=bundle.ref(policy),
        references=references,
        model=MODEL,
    )
