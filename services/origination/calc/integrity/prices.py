"""Prices of hardware that cannot be right (R10)."""

from collections import defaultdict
from decimal import Decimal

from domain.application import ApplicationContent, LineKind, ServerItem
from domain.money import UNIT_PRICE_SCALE, Money, rounded
from policy.engine import Bundle
from policy.engine.integrity import IntegrityPolicy
from services.origination.calc.case_facts import total
from services.origination.calc.integrity.examination import Examination, IntegrityInputs
from services.origination.calc.integrity.pledges import card_of


def price_outlier(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy, pinned: Bundle
) -> None:
    """R10: a new server's price per GPU against the policy's reference and against what other cases pay for the same, and a
    card of the top class for less than any is sold for (M2); a leaseback above what the things are worth in the books."""
    peers = {peer.gpu_type: peer for peer in inputs.peers if peer.cases >= policy.prices.peers}
    floors = {floor.gpu: floor.per_gpu.amount for floor in pinned.collateral(inputs.pinned_on).gpu.price_floors}
    for place, asset in enumerate(content.assets):
        by_type: dict[str, list[ServerItem]] = defaultdict(list)
        for server in asset.servers:
            by_type[server.gpu_type].append(server)
        for gpu_type, servers in sorted(by_type.items()):
            card = card_of(gpu_type, policy)
            name = card.gpu if card is not None else gpu_type.upper()
            floor = floors.get(name)
            measures = [("reference", policy.reference_price(name))]
            if gpu_type in peers:
                measures.append(("other cases", peers[gpu_type].median_per_gpu))
            _compare(seen, f"/assets/{place}", asset.key, gpu_type, servers, measures, floor, policy.prices.tolerance)
    _leaseback(seen, content)


def per_gpu(server: ServerItem) -> Decimal:
    """The price of a server per GPU without VAT."""
    return rounded(server.price_ex_vat.amount / server.gpu_count, UNIT_PRICE_SCALE)


def _compare(
    seen: Examination,
    where: str,
    key: str,
    gpu_type: str,
    servers: list[ServerItem],
    measures: list[tuple[str, Decimal | None]],
    floor: Decimal | None,
    tolerance: Decimal,
) -> None:
    prices = [per_gpu(server) for server in servers]
    low, high = min(prices), max(prices)
    if floor is not None:
        seen.look("price per GPU ≥ floor of its class", f"{low:.2f}", asset=key, gpu=gpu_type, floor=f"{floor:.2f}")
        if low < floor:
            seen.hit(
                "PRICE_BELOW_FLOOR",
                zh=f"资产 {key} 的 {gpu_type} 单卡不含税价 {low:,.2f} 元低于 {floor:,.2f} 元",
                en=f"a {gpu_type} of the asset {key} is invoiced at {low:,.2f} yuan, below {floor:,.2f}",
                evidence=f"{key} · {gpu_type} · {low:.2f} < {floor:.2f}",
                subject=where,
            )
    # Only a new thing has the price of a new thing.
    fresh = [per_gpu(server) for server in servers if server.condition == "new"]
    for name, measure in measures:
        if measure is None or not fresh:
            continue
        bounds = measure * (1 - tolerance), measure * (1 + tolerance)
        low, high = min(fresh), max(fresh)
        seen.look(
            f"price per GPU within {tolerance} of {name}",
            f"{low:.2f} … {high:.2f}",
            asset=key,
            gpu=gpu_type,
            measure=f"{measure:.2f}",
        )
        wrong = high if high > bounds[1] else low if low < bounds[0] else None
        if wrong is not None:
            seen.hit(
                "PRICE_OUTLIER",
                zh=f"资产 {key} 的 {gpu_type} 单卡不含税价 {wrong:,.2f} 元偏离参考价 {measure:,.2f} 元超过 {tolerance * 100:.0f}%",
                en=(
                    f"a {gpu_type} of the asset {key} costs {wrong:,.2f} yuan, more than {tolerance * 100:.0f} % off the "
                    f"{measure:,.2f} of {name}"
                ),
                evidence=f"{key} · {gpu_type} · {wrong:.2f} / {measure:.2f}",
                subject=where,
            )


def _leaseback(seen: Examination, content: ApplicationContent) -> None:
    line = content.lines[0]
    held = [asset for asset in content.assets if asset.existing and asset.cost is not None]
    if line.kind is not LineKind.LEASE or not held:
        return
    book: Money = total(asset.cost for asset in held if asset.cost is not None)
    seen.look("leaseback ≤ book value of what is leased back", f"{line.amount}", book=book)
    if line.amount > book:
        seen.hit(
            "LEASEBACK_ABOVE_BOOK",
            zh=f"售后回租金额 {line.amount} 高于租赁物账面价值 {book}（低值高估）",
            en=f"the leaseback of {line.amount} is above the book value of {book}",
            evidence=f"{line.amount} > {book}",
            subject="/lines/0/amount",
        )
