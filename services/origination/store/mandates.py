"""The register of authority (授权书): who may decide what, since when and until when."""

from datetime import date
from typing import Literal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.authority import AuthorityRequirement, Mandate
from domain.inbox import MandateView
from domain.money import Money
from domain.roles import HEAD_OFFICE
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.origination.tables.tasks import MandateEntry


async def mandate_of(
    session: AsyncSession, subject: str, branch: str, on: date, required: AuthorityRequirement | None
) -> Mandate | None:
    """The mandate by which a person acts in a branch on a day: one that suffices where there is one, else the
    widest."""
    rows = await session.exec(
        select(MandateEntry).where(
            MandateEntry.subject == subject,
            col(MandateEntry.branch).in_([branch, HEAD_OFFICE]),
            col(MandateEntry.checker).is_not(None),
            col(MandateEntry.ended_at).is_(None),
            MandateEntry.valid_from <= on,
            MandateEntry.valid_to >= on,
        )
    )
    held = [mandate(row) for row in rows]
    held.sort(
        key=lambda entry: (
            required is not None and entry.covers(required, on, branch),
            entry.rank,
            entry.limit.amount,
            str(entry.mandate_id),
        ),
        reverse=True,
    )
    return held[0] if held else None


def mandate(row: MandateEntry) -> Mandate:
    """An entry in force, as the process is shown it."""
    return Mandate(
        mandate_id=row.id,
        subject=row.subject,
        body=row.body,
        rank=row.rank,
        limit=_money(row),
        branch=row.branch,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


async def visible_mandate(
    session: AsyncSession, who: Principal, mandate_id: UUID, *, lock: bool = False
) -> MandateEntry | None:
    """An entry within the caller's sight: their own, or one of a branch they see."""
    row = await session.get(MandateEntry, mandate_id, with_for_update=lock or None)
    if row is None or not (who.sees_branch(row.branch) or row.subject == who.subject):
        return None
    return row


async def overlapping(session: AsyncSession, row: MandateEntry) -> bool:
    """Whether an entry in force speaks of the same person, body and branch in part of this one's period. The database
    refuses such a pair too; here it has a name."""
    found = await session.exec(
        select(MandateEntry.id).where(
            MandateEntry.subject == row.subject,
            MandateEntry.body == row.body,
            MandateEntry.branch == row.branch,
            col(MandateEntry.checker).is_not(None),
            col(MandateEntry.ended_at).is_(None),
            MandateEntry.valid_from <= row.valid_to,
            MandateEntry.valid_to >= row.valid_from,
        )
    )
    return found.first() is not None


async def mandates(
    session: AsyncSession, who: Principal, page: PageRequest, *, subject: str = ""
) -> Slice[MandateEntry]:
    """The entries within the caller's sight, newest first."""
    statement = select(MandateEntry)
    if who.branch != HEAD_OFFICE:
        statement = statement.where((MandateEntry.branch == who.branch) | (MandateEntry.subject == who.subject))
    if subject:
        statement = statement.where(MandateEntry.subject == subject)
    return await fetch_page(session, statement, col(MandateEntry.id), page)


def view(row: MandateEntry) -> MandateView:
    """An entry as it is shown."""
    return MandateView(
        mandate_id=row.id,
        subject=row.subject,
        body=row.body,
        rank=row.rank,
        limit=_money(row),
        branch=row.branch,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        basis=row.basis,
        state=_state(row),
        maker=row.maker,
        proposed_at=row.proposed_at,
        checker=row.checker,
        approved_at=row.approved_at,
        ended_by=row.ended_by,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
    )


def _state(row: MandateEntry) -> Literal["proposed", "in_force", "ended"]:
    if row.ended_at is not None:
        return "ended"
    return "proposed" if row.checker is None else "in_force"


def _money(row: MandateEntry) -> Money:
    return Money.model_validate({"amount": row.limit_amount, "currency": row.currency})
