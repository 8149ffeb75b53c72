"""What guarantors stand for: no guarantee counts for more than its guarantor could pay (domain paper §5.4).

``Σ over guarantors of min(Σ amount × share of its valid guarantees, max(net-assets share × net assets − guarantees
given, 0))``. Civil Code §681; 商业银行法 §36: the lender examines a guarantor's ability to pay.
"""

from decimal import Decimal

from domain.finding import Reason
from domain.guarantees import guarantor_capacity
from domain.limit import GuaranteeContribution
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.limit.cap import down
from services.pricing.calc.periods import WIDE


def bounded_by_capacity(
    guarantees: tuple[GuaranteeContribution, ...], net_assets_share: Decimal, trace: Trace
) -> tuple[Decimal, tuple[Reason, ...], tuple[str, ...]]:
    """What all guarantors together carry in yuan, the reasons where capacity bounds one, and the facts that are unknown.

    A guarantor with several guarantees has one capacity; where they state its accounts differently, the least stands.
    Whose guarantees are void or of nothing is not asked for its accounts.
    """
    pledged: dict[str, Decimal] = {}
    for item in guarantees:
        counts = WIDE.multiply(item.amount.amount, item.share) if item.valid else Decimal(0)
        pledged[item.party_key] = pledged.get(item.party_key, Decimal(0)) + counts
    total = Decimal(0)
    reasons: list[Reason] = []
    unknown: list[str] = []
    for party, counts in pledged.items():
        if counts == 0:
            continue
        own = [item for item in guarantees if item.party_key == party and item.valid]
        lacking = [
            name
            for name in ("guarantor_net_assets", "guarantees_given")
            if any(getattr(item, name) is None for item in own)
        ]
        if lacking:
            unknown.extend(f"guarantees/{party}/{name}" for name in lacking)
            continue
        worth = min(item.guarantor_net_assets.amount for item in own if item.guarantor_net_assets is not None)
        given = max(item.guarantees_given.amount for item in own if item.guarantees_given is not None)
        room = guarantor_capacity(worth, net_assets_share, given)
        carried = min(counts, room)
        total += carried
        trace.term(
            f"collateral/guarantor/{party}",
            "min(Σ amount × share, net-assets share × net assets − guarantees given, not below 0)",
            carried,
            guaranteed=counts,
            net_assets=worth,
            net_assets_share=net_assets_share,
            guarantees_given=given,
            capacity=room,
        )
        if room < counts:
            reasons.append(
                Reason(
                    code="GUARANTOR_CAPACITY",
                    message_zh=f"保证 {down(counts)} 超出保证人代偿能力，按 {down(carried)} 计",
                    message_en=f"guarantees of {down(counts)} exceed what the guarantor could pay and count {down(carried)}",
                    subject=f"guarantees/{party}",
                )
            )
    return total, tuple(reasons), tuple(unknown)
