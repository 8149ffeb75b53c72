"""Who may let a price stand below the floor: the pricing body of the authority matrix, on the grounds the policy names."""

from decimal import Decimal

from domain.finding import Reason
from domain.money import RATE_SCALE, rounded
from domain.pricing import FloorWaiver, QuoteRequest
from policy.engine import Bundle, PricingPolicy
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.price.build_up import Priced

_BP_IN_ONE = Decimal(10_000)


def floor_waiver(
    request: QuoteRequest, bundle: Bundle, policy: PricingPolicy, priced: Priced, trace: Trace
) -> FloorWaiver | None:
    """The body, the shortfall and whether the borrower's relationship is a ground; None for a policy of model 1."""
    rule = policy.floor_waiver
    if rule is None:
        return None
    body = bundle.authority(request.policy_on).pricing_body
    shortfall = rounded(max(priced.floor - priced.rate, Decimal(0)), RATE_SCALE)
    waiver = FloorWaiver(
        body=body.id,
        role=body.role.value,
        title_zh=body.title_zh,
        title_en=body.title_en,
        shortfall=shortfall,
        relationships=rule.relationships,
        grounded=request.relationship in rule.relationships,
    )
    trace.term(
        "floor/waiver",
        "pricing body of the authority matrix, for relationship classes the policy names",
        body.id,
        shortfall=shortfall,
        relationship=request.relationship,
        classes=", ".join(rule.relationships),
        grounded=waiver.grounded,
    )
    return waiver


def waiver_reason(waiver: FloorWaiver) -> Reason:
    """What the pricing body is told of a price below the floor."""
    classes, below = ", ".join(waiver.relationships), format((waiver.shortfall * _BP_IN_ONE).normalize(), "f")
    if waiver.grounded:
        return Reason(
            code="FLOOR_WAIVER_BY_AUTHORITY",
            message_zh=f"低于底线 {below} 个基点，可由{waiver.title_zh}豁免",
            message_en=f"{below} bp below the floor: the {waiver.title_en.lower()} may waive it",
            subject=waiver.body,
        )
    return Reason(
        code="FLOOR_WAIVER_WITHOUT_GROUND",
        message_zh=f"低于底线 {below} 个基点；仅 {classes} 类客户可由{waiver.title_zh}豁免",
        message_en=(
            f"{below} bp below the floor: only for relationship classes {classes} may the "
            f"{waiver.title_en.lower()} waive it"
        ),
        subject=waiver.body,
    )
