"""Drawing: commitment, gate, transfers and payment, all of them in origination's books."""

from temporalio import activity

from domain.facility import TransferRef
from domain.process import (
    DrawingRecord,
    GateResult,
    ReservationResult,
    TransferStep,
    UtilisationOpening,
    UtilisationStep,
)
from services.origination.client import OriginationClient


class Drawing:
    def __init__(self, origination: OriginationClient) -> None:
        self._origination = origination

    @activity.defn
    async def open_utilisation(self, step: UtilisationStep) -> UtilisationOpening:
        return await self._origination.utilisation_opening(step)

    @activity.defn
    async def reserve_commitment(self, step: UtilisationStep) -> ReservationResult:
        return await self._origination.reserve(step)

    @activity.defn
    async def release_commitment(self, step: UtilisationStep) -> None:
        await self._origination.release(step)

    @activity.defn
    async def run_gate(self, step: UtilisationStep) -> GateResult:
        return await self._origination.gate(step)

    @activity.defn
    async def prepare_transfers(self, step: UtilisationStep) -> list[TransferRef]:
        return await self._origination.prepare_transfers(step)

    @activity.defn
    async def send_transfer(self, step: TransferStep) -> TransferRef:
        return await self._origination.send_transfer(step)

    @activity.defn
    async def inquire_transfer(self, step: TransferStep) -> TransferRef:
        return await self._origination.inquire_transfer(step)

    @activity.defn
    async def commit_drawing(self, step: UtilisationStep) -> DrawingRecord:
        return await self._origination.commit_drawing(step)
