"""Orders that bind nobody (R5)."""

from decimal import Decimal

from domain.application import ApplicationContent, AssetKind, ComputeContract, ContractKind
from domain.facts import Absent, Known, known
from policy.engine import Bundle
from policy.engine.integrity import IntegrityPolicy
from services.origination.calc.case_facts import financed_contract
from services.origination.calc.integrity.examination import Examination, IntegrityInputs

_TERMS = (
    ("gpu_model", "型号", "model"),
    ("quantity", "数量", "quantity"),
    ("unit_price", "单价", "price"),
    ("starts", "开始日期", "start date"),
)


def soft_order(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy, pinned: Bundle
) -> None:
    """R5: an order that is pledged or lent on states model, quantity, price and start; the buyer must take or pay, or left a
    deposit it would lose; and it is no more than a part of what the buyer spends. Deposit and part are those of the policy that
    values compute orders; without one the check is not run."""
    ordered = [asset for asset in content.assets if asset.kind is AssetKind.COMPUTE_ORDER]
    product = pinned.product(content.lines[0].product, inputs.pinned_on)
    if not ordered and product.need != "contract":
        return
    measures = pinned.compute_orders(inputs.pinned_on)
    if measures is None:
        seen.silent("未有有效的订单估值政策", "no policy for compute orders is in force")
        return
    by_key = {contract.key: contract for contract in content.contracts}
    found = [by_key[asset.contract_key] for asset in ordered if asset.contract_key in by_key]
    fallback = financed_contract(content)
    contracts = found or ([fallback] if fallback is not None else [])
    for contract in dict.fromkeys(contracts):
        where = f"/contracts/{content.contracts.index(contract)}"
        faults = [
            *_lacking(contract),
            *_unbound(contract, measures.least_deposit),
            *_too_large(contract, measures.most_of_buyer_capex),
        ]
        seen.look(
            f"model, quantity, price and start stated; take or pay, or deposit ≥ {measures.least_deposit} of the amount; "
            f"amount ≤ {measures.most_of_buyer_capex} of the buyer's compute spending",
            ", ".join(code for code, *_ in faults) or "firm",
            contract=contract.number,
        )
        for code, zh, en in faults:
            seen.hit(code, zh=zh, en=en, evidence=f"{contract.key} · {code}", subject=where)


def _lacking(contract: ComputeContract) -> list[tuple[str, str, str]]:
    found = []
    for name, zh, en in _TERMS:
        fact: Known[object] | Absent | None = getattr(contract, name)
        if known(fact) is None:
            found.append((f"ORDER_WITHOUT_{name.upper()}", f"订单未载明{zh}", f"the order states no {en}"))
    return found


def _unbound(contract: ComputeContract, least_deposit: Decimal) -> list[tuple[str, str, str]]:
    if known(contract.kind) is ContractKind.TAKE_OR_PAY:
        return []
    amount, advance = known(contract.amount), known(contract.advance_received)
    if amount is None or advance is None:
        return [("ORDER_DEPOSIT_UNKNOWN", "订单金额或预收款不明", "amount or deposit of the order is not known")]
    if amount.amount and advance.amount >= least_deposit * amount.amount:
        return []
    return [
        (
            "ORDER_NOT_BINDING",
            f"非照付不议且预收款 {advance} 不足合同金额 {amount} 的 {least_deposit * 100:.0f}%",
            f"the buyer need not take or pay, and its deposit of {advance} is below {least_deposit * 100:.0f} % of {amount}",
        )
    ]


def _too_large(contract: ComputeContract, most: Decimal) -> list[tuple[str, str, str]]:
    amount, capex = known(contract.amount), known(contract.buyer_compute_capex)
    if amount is None or capex is None or amount.amount <= most * capex.amount:
        return []
    return [
        (
            "ORDER_TOO_LARGE",
            f"订单 {amount} 超过买方年度算力支出 {capex} 的 {most * 100:.0f}%",
            f"the order of {amount} is more than {most * 100:.0f} % of the {capex} the buyer spends on compute in a year",
        )
    ]
