"""Conclusions about a case as a whole, beside the valuations of its assets: amortisations and stress tests."""

from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.collateral import Valuation
from domain.coverage import Amortisation, CoverageInputs, StressTest
from domain.finding import Finding
from services.collateral.tables import Asset, CaseConclusion, findings

CollateralFinding = Finding[Valuation] | Finding[Amortisation] | Finding[StressTest]

SHAPES: dict[str, type[Finding[Any]]] = {
    "amortisation": Finding[Amortisation],
    "stress_test": Finding[StressTest],
}


async def keep(session: AsyncSession, finding: Finding[Any], inputs: CoverageInputs, branch: str) -> None:
    """File a conclusion. ``branch`` is that of the case's assets, empty where it has none in the register."""
    await findings.put(session, finding, inputs, subject=str(inputs.case_id))
    session.add(
        CaseConclusion(
            id=finding.id,
            case_id=inputs.case_id,
            kind=finding.kind,
            branch=branch,
            outcome=finding.outcome.value,
            as_of=finding.as_of,
            created_at=finding.made_at,
        )
    )


async def branch_of(session: AsyncSession, case_id: UUID) -> str:
    """The branch of a case by its assets in the register, empty where it has none."""
    found = await session.exec(select(Asset.branch).where(Asset.case_id == case_id).order_by(col(Asset.id)).limit(1))
    return found.first() or ""


async def find(session: AsyncSession, row: CaseConclusion) -> Finding[Any] | None:
    """A conclusion with its whole trace. Raises ``FindingDamaged`` when it no longer has its hash."""
    return await findings.get(session, row.id, SHAPES[row.kind])
