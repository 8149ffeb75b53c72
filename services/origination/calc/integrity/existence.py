"""Whether the servers are there and do what is said of them (R2, R3, R12, R20), and who confirms payments (R15)."""

from domain.application import ApplicationContent, AssetKind
from domain.finding import Outcome
from policy.engine.integrity import IntegrityPolicy
from services.origination.calc.integrity.examination import Examination, IntegrityInputs


def _listed(content: ApplicationContent, *, existing: bool) -> int:
    return sum(len(asset.servers) for asset in content.assets if asset.existing or not existing)


def phantom_servers(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R2: servers that are there already are attested by their site. Those still to be bought are attested after delivery."""
    listed = _listed(content, existing=True)
    if not listed:
        return
    if not inputs.attested:
        seen.silent("尚无机房签署的存在证明", "no site has attested the servers yet")
        return
    for item in inputs.attested:
        seen.look("attested as listed", item.outcome.value, attested=item.attested, listed=item.listed)
        if item.outcome in (Outcome.FAIL, Outcome.REFER):
            seen.hit(
                "ATTESTATION_NOT_PASSED",
                zh=f"存在证明未通过：清单 {item.listed} 台，证明 {item.attested} 台",
                en=f"the attestation did not pass: {item.attested} of {item.listed} servers",
                evidence=f"{item.attested} / {item.listed}",
                subject="/assets",
            )


def shown_twice(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R3: only attestation at one moment for several lenders could tell, and no exchange between lenders is connected."""
    if _listed(content, existing=False):
        seen.silent("未接通同业同时核验", "no exchange of attestations between lenders is connected")


def utilisation_theatre(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R12: revenue per used GPU hour against the contract needs the site's telemetry."""
    if _sells_compute(content):
        seen.silent("算力利用率遥测未接通", "no telemetry of utilisation is connected")


def telemetry_tampered(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R20: signed telemetry against power meter and switch counters."""
    if _sells_compute(content):
        seen.silent("签名遥测、电表与交换机计数未接通", "neither signed telemetry nor meters are connected")


def owner_impersonation(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R15: the owner confirms every transfer; the key of a device and a call-back to a new payee are not connected."""
    drawing = inputs.drawing
    if drawing is not None and any(payee.new for payee in drawing.payees):
        seen.silent(
            "首次收款人的设备密钥与回呼核验未接通", "neither device key nor call-back for a new payee is connected"
        )


def _sells_compute(content: ApplicationContent) -> bool:
    compute = (AssetKind.GPU_SERVER, AssetKind.COMPUTE_ORDER)
    return any(asset.kind in compute for asset in content.assets)
