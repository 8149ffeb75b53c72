"""The collateral cap: assets at their advance, valid guarantees, and what a class may owe without either."""

from decimal import Decimal

from domain.application import AssetKind
from domain.finding import Outcome, Reason
from domain.limit import CapName, LimitRequest, TrancheLimit
from policy.engine import Bundle, LimitPolicy, Product
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.limit.cap import Formed, down, lacking, of
from services.pricing.calc.limit.guarantors import bounded_by_capacity
from services.pricing.calc.limit.servers import repaid_by_contracts
from services.pricing.calc.periods import WIDE

CODE = "CAP_COLLATERAL"


def collateral(
    request: LimitRequest,
    product: Product,
    bundle: Bundle,
    rules: LimitPolicy | None,
    tenor_months: int,
    annual_rate: Decimal,
    trace: Trace,
) -> tuple[Formed, tuple[TrancheLimit, ...]]:
    """The cap, and the longest tenor and largest amount by class of asset.

    An asset never carries more than the policy's ceiling for its kind, whatever its valuation says. An asset that
    was not valued, a guarantee whose validity is not known and a class that is not known refer; a void guarantee
    counts nothing (Civil Code guarantee interpretation §9). From version 2 on a guarantor stands for no more than its own
    capacity, and what a class may owe without security is its share of the limit, not of what was asked for. From version 3
    on servers carry no more than their own contracts repay while they lose value.
    """
    on = request.policy_on
    policy = bundle.collateral(on)
    by_kind: dict[AssetKind, Decimal] = {}
    tenors: dict[AssetKind, int] = {}
    for index, item in enumerate(request.collateral):
        entry = policy.of_kind(item.kind)
        advance = min(item.ltv, entry.ltv)
        carries = WIDE.multiply(item.lending_value.amount, advance) if item.eligible else Decimal(0)
        bounded = {}
        if item.carries_at_most is not None:
            carries = min(carries, item.carries_at_most.amount)
            bounded["carries_at_most"] = item.carries_at_most
        by_kind[item.kind] = by_kind.get(item.kind, Decimal(0)) + carries
        longest = (
            entry.tenor_cap_months
            if item.tenor_cap_months is None
            else min(item.tenor_cap_months, entry.tenor_cap_months)
        )
        if item.eligible:
            tenors[item.kind] = min(tenors.get(item.kind, longest), longest)
        trace.term(
            f"collateral/{index}",
            "lending value × min(LTV, policy ceiling), nought where not eligible",
            carries,
            asset=item.asset_key,
            kind=item.kind.value,
            lending_value=item.lending_value,
            ltv=item.ltv,
            ceiling=entry.ltv,
            eligible=item.eligible,
            valuation=item.finding_sha256,
            **bounded,
        )
    for kind, amount in by_kind.items():
        ticket = policy.of_kind(kind).ticket_cap
        if ticket is not None and ticket.amount < amount:
            by_kind[kind] = ticket.amount
            trace.term(f"collateral/ticket/{kind.value}", "ticket cap of the kind", ticket, carried=amount)
    unpaid: list[str] = []
    if rules is not None and rules.servers_as_repaid and AssetKind.GPU_SERVER in tenors:
        months = min(tenors[AssetKind.GPU_SERVER], tenor_months)
        repaid = repaid_by_contracts(request.contracted_servers, product, months, annual_rate, trace)
        if repaid is None:
            unpaid.append("contracted_servers/cash_flows")
        else:
            by_kind[AssetKind.GPU_SERVER] = min(by_kind[AssetKind.GPU_SERVER], repaid)
    guaranteed, reasons = _guarantees(request, trace)
    missing = [*(f"collateral/{key}" for key in request.unvalued), *unpaid]
    missing += [f"guarantees/{item.party_key}/validity" for item in request.guarantees if item.valid is None]
    if rules is not None:
        guaranteed, bounds, unknown = bounded_by_capacity(request.guarantees, rules.guarantor_net_assets, trace)
        reasons, missing = (*reasons, *bounds), [*missing, *unknown]
    assets = sum(by_kind.values(), Decimal(0))
    unsecured = Decimal(0)
    if request.card_class is None:
        missing.append("card_class")
    else:
        reached = next(
            (item for item in bundle.scorecard(product.scorecard, on).classes if item.id == request.card_class), None
        )
        share = Decimal(0) if reached is None else reached.unsecured_share
        if rules is None:
            unsecured = WIDE.multiply(request.asked.amount, share)
            trace.term(
                "collateral/unsecured",
                "class share × asked",
                unsecured,
                card_class=request.card_class,
                share=share,
                asked=request.asked,
            )
        else:
            unsecured = _quota(assets + guaranteed, share, request.asked.amount)
            trace.term(
                "collateral/unsecured",
                "class share of the whole: secured × share ÷ (1 − share)",
                unsecured,
                card_class=request.card_class,
                share=share,
                secured=assets + guaranteed,
            )
    tranches = tuple(
        TrancheLimit(asset_kind=kind.value, amount=down(by_kind[kind]), tenor_months=min(tenors[kind], tenor_months))
        for kind in AssetKind
        if tenors.get(kind, 0) > 0 and by_kind[kind] > 0
    )
    if missing:
        return lacking(CapName.COLLATERAL, tuple(missing), reasons), tranches
    total = assets + guaranteed + unsecured
    trace.term(
        "collateral",
        "Σ assets + guarantees + unsecured",
        total,
        assets=assets,
        guarantees=guaranteed,
        unsecured=unsecured,
    )
    return of(CapName.COLLATERAL, total, CODE, Outcome.PASS, reasons), tranches


def _quota(secured: Decimal, share: Decimal, asked: Decimal) -> Decimal:
    """What may stand without security beside ``secured``, so that it is ``share`` of both; whatever is asked for where a
    class needs none.
    """
    if share >= 1:
        return asked
    return WIDE.divide(WIDE.multiply(secured, share), 1 - share)


def _guarantees(request: LimitRequest, trace: Trace) -> tuple[Decimal, tuple[Reason, ...]]:
    total, reasons = Decimal(0), []
    for item in request.guarantees:
        counts = WIDE.multiply(item.amount.amount, item.share) if item.valid else Decimal(0)
        total += counts
        trace.term(
            f"collateral/guarantee/{item.party_key}",
            "amount × share where resolution and announcement are on file",
            counts,
            amount=item.amount,
            share=item.share,
            valid=item.valid,
        )
        if item.valid is False:
            reasons.append(
                Reason(
                    code="GUARANTEE_NOT_VALID",
                    message_zh=f"保证 {item.amount} 缺少有效决议或公告，按零计",
                    message_en=f"a guarantee of {item.amount} lacks its resolution or announcement and counts nothing",
                    subject=f"guarantees/{item.party_key}",
                )
            )
    return total, tuple(reasons)
