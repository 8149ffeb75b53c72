"""The build-up of a price and its quotation as LPR + bp.

``rate = FTP + EL + opex + capital charge + optionality − green − relationship``. The margin over LPR is rounded up
to whole steps of basis points and the rate recomputed from it, so that the two spellings of a price always agree;
the step appears as a component of its own. A price asked for replaces the margin, and is then measured against
floor and hurdle.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from domain.finding import Reason
from domain.money import RATE_SCALE, rounded
from domain.pricing import PriceComponent, QuoteRequest
from domain.reference import FtpCurve, LenderBooks, Lpr
from policy.engine import Bundle, PricingPolicy, Product, evaluate
from services.pricing.calc.base_rate import BaseRate, base_rate
from services.pricing.calc.conclusion import Inadmissible, Trace
from services.pricing.calc.periods import WIDE
from services.pricing.calc.price.capital import CapitalCharge, capital_charge, raroc
from services.pricing.calc.price.funding import funds_transfer_price, neighbours
from services.pricing.calc.price.loss import left_to_lender, loss_given_default
from services.pricing.calc.product import product_of

GREEN_TABLE = "green_tag"
_BP = Decimal("0.0001")


@dataclass(frozen=True)
class Books:
    """The lender's figures and the market's, on the business date."""

    lender: LenderBooks
    lpr: Lpr
    ftp: FtpCurve


@dataclass(frozen=True)
class Unpriced:
    """No price can be formed while these facts are absent."""

    missing: tuple[str, ...]


@dataclass(frozen=True)
class Priced:
    """A price with what it was made of; rates are fractions per year."""

    pd: Decimal
    lgd: Decimal
    capital: CapitalCharge
    base: BaseRate
    components: tuple[PriceComponent, ...]
    rate: Decimal
    margin_bps: int
    floor: Decimal
    raroc: Decimal
    reasons: tuple[Reason, ...]

    @property
    def below_floor(self) -> bool:
        return self.rate < self.floor

    def component(self, name: str) -> Decimal:
        """The rate of a component by its name; nought where the price has none of it."""
        return next((part.rate for part in self.components if part.name == name), Decimal(0))


def build_up(
    request: QuoteRequest, bundle: Bundle, books: Books, trace: Trace, *, lgd: Decimal | None = None
) -> Priced | Unpriced:
    """The price of a loan, its floor and what it earns on capital, before fees.

    ``lgd`` takes the place of the loss given default that collateral leaves, for sensitivities; capital does not
    follow it, since under the foundation approach it stands on the supervisory figure. Raises ``Inadmissible`` for a
    product or relationship class that is not in the policy.
    """
    product = product_of(bundle, request)
    policy = bundle.pricing(request.policy_on)
    if request.pd is None:
        return Unpriced(("pd",))
    # No PD below the floor of the scale, whoever states it.
    pd = max(request.pd, pd_floor(request, bundle, product))
    capital, lacking = capital_charge(request, pd, policy, books.lender, trace)
    if capital is None:
        return Unpriced(tuple(item.fact for item in lacking))
    funding = funds_transfer_price(books.ftp, request.tenor_months)
    if lgd is None:
        lgd = loss_given_default(policy.loss_given_default, request.amount, request.collateral, trace)
        lgd = left_to_lender(lgd, request.risk_shared, trace)
    expected_loss = rounded(WIDE.multiply(pd, lgd), RATE_SCALE)
    green, reasons = green_discount(request, bundle, policy, trace)
    parts = [
        PriceComponent(name="ftp", rate=funding),
        PriceComponent(name="expected_loss", rate=expected_loss),
        PriceComponent(name="opex", rate=policy.opex),
        PriceComponent(name="capital", rate=capital.charge),
        PriceComponent(name="optionality", rate=policy.optionality),
        PriceComponent(name="green", rate=-green),
        PriceComponent(name="relationship", rate=-relationship_discount(request, policy)),
    ]
    if policy.model != "1":
        before, after = neighbours(books.ftp, request.tenor_months)
        trace.term(
            "ftp",
            "linear between the points of the curve, flat outside",
            funding,
            tenor_months=request.tenor_months,
            before=f"{before.months}m {before.rate}",
            after=f"{after.months}m {after.rate}",
        )
        trace.term("expected_loss", "PD × LGD*", expected_loss, pd=pd, lgd=lgd)
    built_up = sum((part.rate for part in parts), Decimal(0))
    trace.term("build_up", "Σ components", built_up, pd=pd, lgd=lgd, **{part.name: part.rate for part in parts})
    base = base_rate(policy, request.tenor_months, books.lpr, request.asked_lpr_tenor, "price", trace)
    quoted = _quoted(request, policy, base, built_up, trace)
    floor = funding + expected_loss + policy.opex
    earned = raroc(quoted.rate - floor, capital, policy, books.lender, trace)
    return Priced(
        pd=pd,
        lgd=lgd,
        capital=capital,
        base=base,
        components=(*parts, *quoted.components),
        rate=quoted.rate,
        margin_bps=quoted.margin_bps,
        floor=floor,
        raroc=earned,
        reasons=reasons,
    )


@dataclass(frozen=True)
class _Quoted:
    rate: Decimal
    margin_bps: int
    components: tuple[PriceComponent, ...]
    """What leads from the built-up rate to the quoted one."""


def pd_floor(request: QuoteRequest, bundle: Bundle, product: Product) -> Decimal:
    """The least probability of default a price stands on: that of the rating scale of the product's card."""
    card = bundle.scorecard(product.scorecard, request.policy_on)
    return bundle.rating_scale(card.rating_scale, request.policy_on).floor


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


def green_discount(
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


def relationship_discount(request: QuoteRequest, policy: PricingPolicy) -> Decimal:
    """What the relationship class takes off the rate. Raises ``Inadmissible`` for a class the policy does not have."""
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
