"""The list of processes that stand still."""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.operations import CAUSE_TEXTS, StuckCause, StuckKind, StuckProcess
from domain.roles import HEAD_OFFICE
from services.kit.database import now
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.origination.standstill import Standing, Standstill
from services.origination.tables.operations import StuckItem


async def open_processes(session: AsyncSession) -> set[str]:
    """The processes that have an open row."""
    found = await session.exec(select(StuckItem.workflow_id).where(col(StuckItem.closed_at).is_(None)))
    return set(found)


async def enter(session: AsyncSession, workflow_id: str, standing: Standing | None) -> None:
    """Bring a process's rows to what was just seen of it: opened, renewed, or closed. ``None``: it runs no longer."""
    moment = now()
    found = await session.exec(
        select(StuckItem)
        .where(StuckItem.workflow_id == workflow_id, col(StuckItem.closed_at).is_(None))
        .with_for_update()
    )
    open_rows = {(row.kind, row.activity_id): row for row in found}
    standstills = () if standing is None else standing.standstills
    for standstill in standstills:
        assert standing is not None
        row = open_rows.pop((standstill.kind, standstill.activity_id), None)
        if row is None:
            session.add(_row(standing, standstill, moment))
        else:
            row.cause, row.failure_type = standstill.cause, standstill.failure_type
            row.attempts, row.seen_at = standstill.attempts, moment
            row.build, row.settled_build = standing.build, standing.settled_build
    for row in open_rows.values():
        row.closed_at = moment


async def stuck_processes(
    session: AsyncSession, who: Principal, page: PageRequest, *, closed: bool = False
) -> Slice[StuckItem]:
    """What stands still within the caller's sight, newest first; with ``closed`` what stood still once as well."""
    statement = select(StuckItem)
    if who.branch != HEAD_OFFICE:
        statement = statement.where(StuckItem.branch == who.branch)
    if not closed:
        statement = statement.where(col(StuckItem.closed_at).is_(None))
    return await fetch_page(session, statement, col(StuckItem.id), page)


def view(row: StuckItem) -> StuckProcess:
    """A row as an operator sees it."""
    cause = StuckCause(row.cause)
    zh, en = CAUSE_TEXTS[cause]
    return StuckProcess(
        item_id=row.id,
        workflow_id=row.workflow_id,
        process=row.process,
        case_number=row.case_number,
        branch=row.branch,
        build=row.build,
        kind=StuckKind(row.kind),
        step=row.step,
        cause=cause,
        failure_type=row.failure_type,
        attempts=row.attempts,
        since=row.since,
        seen_at=row.seen_at,
        closed_at=row.closed_at,
        message_zh=zh,
        message_en=en,
        mend=_mend(row, cause),
    )


def _mend(row: StuckItem, cause: StuckCause) -> str:
    match cause:
        case StuckCause.SERVICE_UNAVAILABLE | StuckCause.SERVICE_REFUSES | StuckCause.STEP_TIMES_OUT:
            return "suandai status"
        case StuckCause.NO_WORKER:
            return "suandai up"
        case _ if row.moves_by_itself:
            # It goes over to the mended build as soon as that is installed.
            return "suandai up"
        case StuckCause.CODE_DIVERGES if row.settled_build != row.build:
            return f"suandai builds move {row.workflow_id} --to {row.settled_build}"
        case _:
            return f"suandai builds move {row.workflow_id}"


def _row(standing: Standing, standstill: Standstill, moment: datetime) -> StuckItem:
    return StuckItem(
        workflow_id=standing.workflow_id,
        process=standing.process,
        case_number=standing.case_number,
        branch=standing.branch,
        build=standing.build,
        settled_build=standing.settled_build,
        moves_by_itself=standing.moves_by_itself,
        kind=standstill.kind,
        activity_id=standstill.activity_id,
        step=standstill.step,
        cause=standstill.cause,
        failure_type=standstill.failure_type,
        attempts=standstill.attempts,
        since=standstill.since,
        seen_at=moment,
    )
