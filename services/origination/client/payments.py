"""What a process asks of origination's books about positions, facilities, drawings and payments."""

from pydantic import TypeAdapter

from domain.facility import FacilityRef, TransferRef
from domain.process import (
    CaseStep,
    ConditionReport,
    DrawingRecord,
    GateResult,
    ProgressReport,
    ReservationResult,
    TransferStep,
    UtilisationOpening,
    UtilisationStep,
)
from services.kit.http import ServiceClient

_TRANSFERS: TypeAdapter[list[TransferRef]] = TypeAdapter(list[TransferRef])


class PaymentsClient(ServiceClient):
    """Every call is keyed by workflow and step: a step that is repeated has one effect."""

    async def progress(self, report: ProgressReport) -> None:
        """Enter where a process stands."""
        await self.send("POST", f"/v1/cases/{report.case_id}/progress", body=report, idempotency_key=_key(report))

    async def condition(self, report: ConditionReport) -> None:
        """Enter how a condition ended."""
        await self.send("POST", f"/v1/cases/{report.case_id}/conditions", body=report, idempotency_key=_key(report))

    async def open_facility(self, step: CaseStep) -> FacilityRef:
        """Open the facility of a signed contract."""
        path = f"/v1/cases/{step.case_id}/facility"
        return await self.call("POST", path, FacilityRef, body=step, idempotency_key=_key(step))

    async def utilisation_opening(self, step: UtilisationStep) -> UtilisationOpening:
        """What a drawing's process needs to know at its start."""
        return await self.call("POST", _of(step, "opening"), UtilisationOpening, body=step, idempotency_key=_key(step))

    async def reserve(self, step: UtilisationStep) -> ReservationResult:
        """Reserve the commitment."""
        path = _of(step, "reservation")
        return await self.call("POST", path, ReservationResult, body=step, idempotency_key=_key(step))

    async def release(self, step: UtilisationStep) -> None:
        """Give the reserved commitment back."""
        await self.send("POST", _of(step, "release"), body=step, idempotency_key=_key(step))

    async def gate(self, step: UtilisationStep) -> GateResult:
        """Run the drawing gate."""
        return await self.call("POST", _of(step, "gate"), GateResult, body=step, idempotency_key=_key(step))

    async def prepare_transfers(self, step: UtilisationStep) -> list[TransferRef]:
        """Make the drawing's transfers."""
        return await self.call("POST", _of(step, "transfers"), _TRANSFERS, body=step, idempotency_key=_key(step))

    async def send_transfer(self, step: TransferStep) -> TransferRef:
        """Have a confirmed transfer sent."""
        path = f"/v1/transfers/{step.transfer_id}/send"
        return await self.call("POST", path, TransferRef, body=step, idempotency_key=_key(step))

    async def inquire_transfer(self, step: TransferStep) -> TransferRef:
        """Have core banking asked about a transfer."""
        path = f"/v1/transfers/{step.transfer_id}/inquire"
        return await self.call("POST", path, TransferRef, body=step, idempotency_key=_key(step))

    async def commit_drawing(self, step: UtilisationStep) -> DrawingRecord:
        """Turn reserved into drawn."""
        return await self.call("POST", _of(step, "drawing"), DrawingRecord, body=step, idempotency_key=_key(step))


def _of(step: UtilisationStep, action: str) -> str:
    return f"/v1/utilisations/{step.utilisation_id}/{action}"


def _key(step: CaseStep | ProgressReport | ConditionReport) -> str:
    return f"{step.workflow_id}:{step.step}"
