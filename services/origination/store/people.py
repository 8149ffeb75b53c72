"""Whom origination knows of the bank's own people: there is no directory of staff, only what they did here."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.origination.tables.base import idempotency
from services.origination.tables.tasks import MandateEntry


async def is_known(session: AsyncSession, subject: str) -> bool:
    """Whether a member of staff has ever acted here or was ever given a mandate."""
    mandate = select(MandateEntry.id).where(MandateEntry.subject == subject).limit(1)
    if (await session.exec(mandate)).first() is not None:
        return True
    acted = idempotency.select().where(col(idempotency.c.principal) == f"staff:{subject}").limit(1)
    return (await session.execute(acted)).first() is not None
