"""Revaluations of a fleet: the cohorts found in the register, and what was made of each, chunk by chunk."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, text, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.collateral import CohortSubject, ValuationRequest
from domain.revaluation import CohortRevaluation, Revaluation, RevaluationRequest, RevaluationState
from domain.roles import HEAD_OFFICE
from services.collateral.calc.fleet.revaluation import MODEL, CohortPath
from services.collateral.tables import RevaluationRow, RevaluedCohort
from services.kit.database import new_id, now

UNFINISHED = (RevaluationState.WAITING.value, RevaluationState.RUNNING.value)

# The cost of this statement is that of counting; everything after it is by cohort.
_GROUPED: Final = text("""
SELECT asset.case_id, asset.asset_key, server.model, server.gpu_type, server.gpu_count,
    CAST(date_trunc('month', server.purchased) AS date) AS purchased_in, count(*) AS servers
FROM collateral.server JOIN collateral.asset ON asset.id = server.asset_id
WHERE server.state = 'held' AND asset.released_at IS NULL AND asset.kind = 'gpu_server'
    AND (CAST(:branch AS text) IS NULL OR asset.branch = :branch)
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
""")
# The newest valuations of every live asset of servers, with what they were drawn from.
_VALUED: Final = text("""
SELECT valuation.id, valuation.case_id, valuation.asset_key, content.body
FROM collateral.valuation
JOIN collateral.asset ON asset.case_id = valuation.case_id AND asset.asset_key = valuation.asset_key
JOIN collateral.finding ON finding.id = valuation.id
JOIN collateral.content ON content.sha256 = finding.inputs_sha256
WHERE asset.released_at IS NULL AND asset.kind = 'gpu_server' AND valuation.as_of <= :as_of
    AND (CAST(:branch AS text) IS NULL OR asset.branch = :branch)
ORDER BY valuation.id DESC
""")
_KEPT: Final = text("""
UPDATE collateral.revaluation_cohort cohort SET value_before = found.value_before, code = found.code,
    path = CAST(string_to_array(found.path, ' ') AS numeric(20, 2)[])
FROM unnest(
    CAST(:position AS int[]), CAST(:value_before AS numeric[]), CAST(:code AS text[]), CAST(:path AS text[])
) AS found (position, value_before, code, path)
WHERE cohort.revaluation_id = :revaluation_id AND cohort.position = found.position
""")


@dataclass(frozen=True)
class Held:
    """A cohort as the register has it."""

    case_id: UUID
    asset_key: str
    model: str
    gpu_type: str
    gpus_per_server: int
    purchased_in: date | None
    servers: int


@dataclass(frozen=True)
class LastValued:
    """What a valuation on file was drawn from."""

    valuation_id: UUID
    case_id: UUID
    asset_key: str
    request: ValuationRequest
    subject: CohortSubject


async def open_run(session: AsyncSession, asked: RevaluationRequest, branch: str, requested_by: str) -> RevaluationRow:
    """Enter a revaluation that waits to be run."""
    row = RevaluationRow(
        id=new_id(),
        branch=branch,
        state=RevaluationState.WAITING.value,
        request=asked.model_dump(mode="json"),
        requested_by=requested_by,
        created_at=now(),
    )
    session.add(row)
    await session.flush()
    return row


async def take_next(session: AsyncSession, runner: UUID, lease: timedelta) -> RevaluationRow | None:
    """The oldest revaluation that nobody works on, now leased to ``runner``."""
    moment = now()
    free = or_(col(RevaluationRow.leased_until).is_(None), col(RevaluationRow.leased_until) < moment)
    statement = select(RevaluationRow).where(col(RevaluationRow.state).in_(UNFINISHED), free)
    oldest = statement.order_by(col(RevaluationRow.id)).limit(1).with_for_update(skip_locked=True)
    row = (await session.exec(oldest)).one_or_none()
    if row is not None:
        row.state = RevaluationState.RUNNING.value
        row.runner, row.leased_until = runner, moment + lease
        row.attempts += 1
        session.add(row)
    return row


async def let_go(session: AsyncSession, run_id: UUID, runner: UUID) -> None:
    """Leave a revaluation to whoever comes next."""
    statement = (
        update(RevaluationRow)
        .where(col(RevaluationRow.id) == run_id, col(RevaluationRow.runner) == runner)
        .values(runner=None, leased_until=None)
    )
    await (await session.connection()).execute(statement)


async def held(session: AsyncSession, run_id: UUID, runner: UUID) -> RevaluationRow | None:
    """The revaluation with its row locked, where ``runner`` still has it."""
    row = await session.get(RevaluationRow, run_id, with_for_update=True, populate_existing=True)
    return row if row is not None and row.runner == runner and row.state in UNFINISHED else None


def scope_of(row: RevaluationRow) -> str | None:
    """The branch whose servers are meant; None for all."""
    return None if row.branch == HEAD_OFFICE else row.branch


async def cohorts_held(session: AsyncSession, branch: str | None) -> list[Held]:
    """The servers held for live cases, by cohort."""
    found = await (await session.connection()).execute(_GROUPED, {"branch": branch})
    return [Held(*row) for row in found]


async def last_valued(session: AsyncSession, branch: str | None, as_of: date) -> list[LastValued]:
    """What the valuations of the live servers up to a day were drawn from, newest first."""
    rows = await (await session.connection()).execute(_VALUED, {"branch": branch, "as_of": as_of})
    found = []
    for valuation_id, case_id, asset_key, body in rows:
        request = ValuationRequest.model_validate_json(body)
        if isinstance(request.subject, CohortSubject):
            found.append(LastValued(valuation_id, case_id, asset_key, request, request.subject))
    return found


async def waiting_cohorts(session: AsyncSession, run_id: UUID, count: int) -> list[RevaluedCohort]:
    """The next cohorts of a run that have neither value nor a reason for having none."""
    statement = (
        select(RevaluedCohort)
        .where(
            RevaluedCohort.revaluation_id == run_id,
            col(RevaluedCohort.path).is_(None),
            RevaluedCohort.code == "",
        )
        .order_by(col(RevaluedCohort.position))
        .limit(count)
    )
    return list((await session.exec(statement)).all())


async def keep(session: AsyncSession, run_id: UUID, found: dict[int, CohortPath | str]) -> None:
    """Write a chunk in one statement: values by position, or the code that says why there is none."""
    values = [item if isinstance(item, CohortPath) else None for item in found.values()]
    await (await session.connection()).execute(
        _KEPT,
        {
            "revaluation_id": run_id,
            "position": list(found),
            "value_before": [None if item is None else item.before for item in values],
            "code": [item if isinstance(item, str) else "" for item in found.values()],
            "path": [None if item is None else " ".join(map(str, item.values)) for item in values],
        },
    )


async def count_up(session: AsyncSession, row: RevaluationRow) -> None:
    """Bring the totals of a run, whose row the caller holds, to what its cohorts say."""
    done = (col(RevaluedCohort.path).is_not(None)) | (RevaluedCohort.code != "")
    statement = select(
        func.count().filter(done),
        func.coalesce(func.sum(RevaluedCohort.servers).filter(col(RevaluedCohort.code) != ""), 0),
        func.sum(col(RevaluedCohort.value_before)),
        func.sum(col(RevaluedCohort.path)[1]),
    ).where(RevaluedCohort.revaluation_id == row.id)
    done_count, unvalued, before, after = (await session.exec(statement)).one()
    row.cohorts_done, row.servers_unvalued, row.value_before, row.value_after = (
        done_count,
        unvalued,
        before or Decimal(0),
        after or Decimal(0),
    )
    session.add(row)


def view(row: RevaluationRow) -> Revaluation:
    """A row as readers see it."""
    return Revaluation(
        revaluation_id=row.id,
        state=RevaluationState(row.state),
        request=RevaluationRequest.model_validate_json(json.dumps(row.request)),
        branch=row.branch,
        model=f"{MODEL.id} {MODEL.version}",
        cohorts=row.cohorts or 0,
        cohorts_done=row.cohorts_done,
        servers=row.servers,
        servers_unvalued=row.servers_unvalued,
        value_before=row.value_before,
        value_after=row.value_after,
        requested_by=row.requested_by,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def cohort_view(row: RevaluedCohort) -> CohortRevaluation:
    """A cohort as readers see it."""
    return CohortRevaluation(
        position=row.position,
        case_id=row.case_id,
        asset_key=row.asset_key,
        model=row.model,
        gpu_type=row.gpu_type,
        gpus_per_server=row.gpus_per_server,
        purchased_in=row.purchased_in,
        servers=row.servers,
        age_months=row.age_months,
        rent_factor=row.rent_factor,
        code=row.code,
        value_before=row.value_before,
        path=tuple(row.path or ()),
    )


def cohort_rows(run_id: UUID, cohorts: Sequence[dict[str, Any]]) -> list[RevaluedCohort]:
    """Cohorts of a run as they were found, in their order."""
    return [
        RevaluedCohort(id=new_id(), revaluation_id=run_id, position=place, **given)
        for place, given in enumerate(cohorts)
    ]
