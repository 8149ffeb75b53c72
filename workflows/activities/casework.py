"""Casework: what the process asks of origination and tells it."""

from temporalio import activity

from domain.authority import AuthorityChain
from domain.facility import FacilityRef
from domain.process import (
    CaseOpening,
    CaseStep,
    CheckResult,
    ConditionReport,
    ContractRef,
    DecisionEntered,
    DecisionRecord,
    MemoRef,
    OfferRef,
    ProgressReport,
)
from services.origination.client import OriginationClient


class Casework:
    def __init__(self, origination: OriginationClient) -> None:
        self._origination = origination

    @activity.defn
    async def open_case(self, step: CaseStep) -> CaseOpening:
        return await self._origination.opening(step.case_id, step.as_of)

    @activity.defn
    async def report_progress(self, report: ProgressReport) -> None:
        await self._origination.progress(report)

    @activity.defn
    async def run_check(self, name: str, step: CaseStep) -> CheckResult:
        return await self._origination.check(name, step)

    @activity.defn
    async def assemble_memo(self, step: CaseStep) -> MemoRef:
        return await self._origination.memo(step)

    @activity.defn
    async def determine_authority(self, step: CaseStep) -> AuthorityChain:
        return await self._origination.authority(step)

    @activity.defn
    async def record_decision(self, record: DecisionRecord) -> DecisionEntered:
        return await self._origination.decide(record)

    @activity.defn
    async def issue_offer(self, step: CaseStep) -> OfferRef:
        return await self._origination.offer(step)

    @activity.defn
    async def draw_up_contract(self, step: CaseStep) -> ContractRef:
        return await self._origination.contract(step)

    @activity.defn
    async def report_condition(self, report: ConditionReport) -> None:
        await self._origination.condition(report)

    @activity.defn
    async def open_facility(self, step: CaseStep) -> FacilityRef:
        return await self._origination.open_facility(step)
