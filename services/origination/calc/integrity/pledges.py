"""Collateral: pledged twice (R1), data pledged twice (R14), accelerators that are not what the list says (R11)."""

import re
from typing import Final

from domain.application import ApplicationContent, AssetKind, ServerItem
from policy.engine.integrity import HardwareDevice, IntegrityPolicy
from services.origination.calc.integrity.examination import Examination, IntegrityInputs

_WORDS: Final = {
    "receivable": ("应收账款或订单", "receivable"),
    "data_content": ("数据内容", "data content"),
    "data_certificate": ("数据权属证书", "data certificate"),
}
_NOT_ALPHANUMERIC: Final = re.compile(r"[^0-9A-Z]+")
_NAMED: Final = 10
"""So many servers are named in a reason; all are in the evidence."""


def duplicate_collateral(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R1: a server, receivable or order that secures another living case."""
    listed = sum(len(asset.servers) for asset in content.assets)
    if listed:
        if inputs.serial_clashes is None:
            seen.silent("押品登记簿未应答", "the register of collateral gave no answer")
        else:
            clashes = inputs.serial_clashes
            seen.look("serials ∩ serials of other cases = ∅", f"{len(clashes)} of {listed}", listed=listed)
            if clashes:
                named = ", ".join(clash.serial for clash in clashes[:_NAMED])
                seen.hit(
                    "DUPLICATE_COLLATERAL",
                    zh=f"{listed} 台服务器中有 {len(clashes)} 台已在其他业务设定担保：{named}",
                    en=f"{len(clashes)} of {listed} servers secure another case already: {named}",
                    evidence="; ".join(f"{clash.serial} · {clash.case_number}" for clash in clashes),
                    subject="/assets",
                )
    claims = [asset for asset in content.assets if asset.contract_key is not None]
    _elsewhere(seen, inputs, content, ("receivable",), len(claims))


def duplicate_data(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R14: the same data, by content or certificate, in another living case."""
    offered = [asset for asset in content.assets if asset.kind is AssetKind.DATA_ASSET]
    _elsewhere(seen, inputs, content, ("data_content", "data_certificate"), len(offered))


def _elsewhere(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, kinds: tuple[str, ...], offered: int
) -> None:
    if not offered:
        return
    found = [item for item in inputs.pledged_elsewhere if item.what in kinds]
    seen.look("identity not in another living case", f"{len(found)} of {offered}", kinds=", ".join(kinds))
    places = {asset.key: index for index, asset in enumerate(content.assets)}
    for item in found:
        zh, en = _WORDS[item.what]
        seen.hit(
            "PLEDGED_ELSEWHERE",
            zh=f"资产 {item.asset_key} 的{zh}已在业务 {item.case_number} 中质押",
            en=f"the {en} of the asset {item.asset_key} secures the case {item.case_number} already",
            evidence=f"{item.asset_key} · {item.what} · {item.case_number}",
            subject=f"/assets/{places[item.asset_key]}",
        )


def card_of(gpu_type: str, policy: IntegrityPolicy) -> HardwareDevice | None:
    """The accelerator a type names: the longest of the policy's types that is a word of it (``H20-141G`` is an H20)."""
    words = [word for word in _NOT_ALPHANUMERIC.split(gpu_type.upper()) if word]
    fitting = [
        device
        for device in policy.hardware
        if any(word == device.gpu.upper() or word.removeprefix("RTX") == device.gpu.upper() for word in words)
    ]
    return max(fitting, key=lambda device: len(device.gpu), default=None)


def relabelled_hardware(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R11: memory or PCI id of another card, or a consumer card in a list of servers."""
    for place, asset in enumerate(content.assets):
        wrong: dict[str, list[str]] = {}
        known = [(server, card) for server in asset.servers if (card := card_of(server.gpu_type, policy)) is not None]
        for server, card in known:
            for fault in _faults(server, card):
                wrong.setdefault(fault, []).append(server.serial)
        if known:
            seen.look(
                "memory and device id are those of the type; the type is made for servers",
                "; ".join(sorted(wrong)) or "agrees",
                asset=asset.key,
                servers=len(known),
            )
        for fault in sorted(wrong):
            serials = wrong[fault]
            seen.hit(
                "RELABELLED_HARDWARE",
                zh=f"资产 {asset.key} 的 {len(serials)} 台服务器加速卡与型号不符：{fault}",
                en=f"{len(serials)} servers of the asset {asset.key} hold another card than listed: {fault}",
                evidence=f"{asset.key} · {fault} · {', '.join(serials)}",
                subject=f"/assets/{place}",
            )


def _faults(server: ServerItem, card: HardwareDevice) -> list[str]:
    found = []
    if server.gpu_memory_gb not in card.memory_gb:
        found.append(f"{card.gpu} {server.gpu_memory_gb} GB")
    if server.pci_device_id is not None and card.device_ids and server.pci_device_id not in card.device_ids:
        found.append(f"{card.gpu} {server.pci_device_id}")
    if not card.data_centre:
        found.append(f"{card.gpu} consumer card")
    return found
