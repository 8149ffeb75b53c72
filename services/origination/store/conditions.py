"""Where the conditions of a facility agreement stand."""

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.facility import ConditionKind, ConditionStanding, ConditionState, ConditionStatus, ConditionTerm
from domain.process import ConditionReport
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.store.events import lock_case, record
from services.origination.tables.facilities import ConditionEntry


async def enter(session: AsyncSession, actor: Principal, report: ConditionReport) -> None:
    """Enter a report as an event of its case. Raises ``not_found`` for an unknown case."""
    if report.state not in set(ConditionState):
        fault = Fault("/state", "unknown_state", "状态无效", "is no state of a condition")
        raise Problem("invalid_request", errors=[fault], count=1)
    await lock_case(session, report.case_id)
    row = await _entry(session, report.case_id, report.utilisation_id, report.code)
    if row is None:
        row = ConditionEntry(
            case_id=report.case_id,
            utilisation_id=report.utilisation_id,
            code=report.code,
            state=report.state,
            evidence=[],
            at=report.at,
        )
    else:
        row.version += 1
    row.state = report.state
    row.evidence = list(report.evidence)
    row.decided_by = report.decided_by
    row.note = report.note
    row.at = report.at
    await record(session, report.case_id, f"condition.{report.state}", actor, rows=[row], facts=report)


async def _entry(session: AsyncSession, case_id: UUID, utilisation_id: UUID | None, code: str) -> ConditionEntry | None:
    found = await session.exec(
        select(ConditionEntry).where(
            ConditionEntry.case_id == case_id,
            ConditionEntry.utilisation_id == utilisation_id,
            ConditionEntry.code == code,
        )
    )
    return found.one_or_none()


async def statuses(
    session: AsyncSession, case_id: UUID, utilisation_id: UUID | None = None
) -> tuple[ConditionStatus, ...]:
    """The conditions of a case's facility, or of one of its utilisations, by code."""
    rows = await session.exec(
        select(ConditionEntry)
        .where(ConditionEntry.case_id == case_id, ConditionEntry.utilisation_id == utilisation_id)
        .order_by(col(ConditionEntry.code))
    )
    return tuple(_status(row) for row in rows)


async def standings(
    session: AsyncSession, case_id: UUID, terms: Iterable[ConditionTerm]
) -> tuple[ConditionStanding, ...]:
    """The conditions of an offer or agreement, each with where it stands for the case as a whole."""
    reached = {status.code: status.state for status in await statuses(session, case_id)}
    return tuple(
        ConditionStanding(
            **term.model_dump(), state=reached.get(term.code, ConditionState.OPEN) if _of_the_case(term) else None
        )
        for term in terms
    )


def _of_the_case(term: ConditionTerm) -> bool:
    """Whether a condition is met once; what counts from a payment or a delivery is met by each drawing."""
    if term.kind is ConditionKind.SUBSEQUENT:
        return term.counts_from == "effective"
    return term.kind is ConditionKind.PRECEDENT


def _status(row: ConditionEntry) -> ConditionStatus:
    return ConditionStatus(
        code=row.code,
        state=ConditionState(row.state),
        due=row.due,
        evidence=tuple(str(sha256) for sha256 in row.evidence),
        decided_by=row.decided_by,
        note=row.note,
    )


def met(statuses: Iterable[ConditionStatus]) -> frozenset[str]:
    """Codes of the conditions that are satisfied or were waived by those who may."""
    return frozenset(
        status.code for status in statuses if status.state in (ConditionState.SATISFIED, ConditionState.WAIVED)
    )
