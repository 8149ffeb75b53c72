"""The part of the client that speaks of cases: opening, dossier, checks, memo, authority, decision, offer, agreement."""

from datetime import date
from typing import Any, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from domain.authority import AuthorityChain
from domain.dossier import Dossier, FindingRecord
from domain.finding import FindingRef
from domain.process import (
    CaseOpening,
    CaseStep,
    CheckResult,
    ContractRef,
    DecisionEntered,
    DecisionRecord,
    MemoRef,
    OfferRef,
)
from domain.reference import ReferenceVintage
from services.kit.http import ServiceClient

M = TypeVar("M", bound=BaseModel)

_BUNDLE: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


class CaseworkCalls(ServiceClient):
    """Raises ``RemoteProblem`` for a refusal and ``RemoteUnavailable`` where there was no usable answer."""

    async def opening(self, case_id: UUID, as_of: date) -> CaseOpening:
        """What a process is told at its start."""
        params = {"as_of": as_of.isoformat()}
        return await self.call("GET", f"/v1/cases/{case_id}/opening", CaseOpening, params=params)

    async def dossier(self, case_id: UUID, as_of: date | None = None) -> Dossier:
        """All that an assessment step may know, with the books of a day."""
        params = {} if as_of is None else {"as_of": as_of.isoformat()}
        return await self.call("GET", f"/v1/cases/{case_id}/dossier", Dossier, params=params)

    async def check(
        self, name: Literal["intake", "screening", "cross_checks", "regulation", "contracting"] | str, step: CaseStep
    ) -> CheckResult:
        """Run a check."""
        return await self._step(f"checks/{name}", step, CheckResult)

    async def record_finding(self, record: FindingRecord) -> FindingRef:
        """Enter a conclusion of another service."""
        return await self.call(
            "POST",
            f"/v1/cases/{record.step.case_id}/findings",
            FindingRef,
            body=record,
            idempotency_key=":".join(name for name in (_key(record.step), record.part) if name),
        )

    async def memo(self, step: CaseStep) -> MemoRef:
        """Assemble and file the credit memo."""
        return await self._step("memo", step, MemoRef)

    async def authority(self, step: CaseStep) -> AuthorityChain:
        """Who must decide, with the proof."""
        return await self._step("authority", step, AuthorityChain)

    async def decide(self, record: DecisionRecord) -> DecisionEntered:
        """Enter the credit decision; an approval reserves what it grants."""
        key = f"{record.workflow_id}:{record.step}"
        path = f"/v1/cases/{record.case_id}/decisions"
        return await self.call("POST", path, DecisionEntered, body=record, idempotency_key=key)

    async def offer(self, step: CaseStep) -> OfferRef:
        """Draw up the offer."""
        return await self._step("offers", step, OfferRef)

    async def contract(self, step: CaseStep) -> ContractRef:
        """Draw up the agreement's data."""
        return await self._step("contracts", step, ContractRef)

    async def policy(self, sha: str) -> dict[str, Any]:
        """The canonical bundle of this SHA-256."""
        return await self.call("GET", f"/v1/policies/{sha}", _BUNDLE)

    async def reference(self, series: str, as_of: date) -> ReferenceVintage:
        """The vintage of a series that stands on a day."""
        params = {"as_of": as_of.isoformat()}
        return await self.call("GET", f"/v1/reference-data/{series}", ReferenceVintage, params=params)

    async def _step(self, path: str, step: CaseStep, answer: type[M]) -> M:
        return await self.call(
            "POST", f"/v1/cases/{step.case_id}/{path}", answer, body=step, idempotency_key=_key(step)
        )


def _key(step: CaseStep) -> str:
    return f"{step.workflow_id}:{step.step}"
