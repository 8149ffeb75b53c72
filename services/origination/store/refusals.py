"""The register of refusals: every access and every command that was refused, without what the caller sent."""

import re

from fastapi import Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.auth import Refusal, RefusalRecorder, record_refusal
from services.kit.database import Database
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.origination.tables.events import AccessRefusal

_UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)


def recorder(database: Database) -> RefusalRecorder:
    """What ``build_app`` hands every refusal to. It writes in a transaction of its own: the refused one rolls back."""

    async def write(refusal: Refusal) -> None:
        who = refusal.principal
        row = AccessRefusal(
            at=refusal.at,
            subject=who.subject if who else "",
            kind=who.kind if who else "",
            branch=who.branch if who else "",
            roles=list(who.roles) if who else [],
            method=refusal.method,
            route=refusal.route,
            object_ids=[found.lower() for found in _UUID.findall(refusal.path)],
            code=refusal.code,
            rule=refusal.reason,
            trace_id=refusal.trace_id,
        )
        async with database.session() as session:
            session.add(row)

    return write


async def foreign(request: Request, who: Principal) -> Problem:
    """Record that a caller asked for what is outside its sight; the problem to raise says no more than "not found"."""
    await record_refusal(request, "not_found", principal=who, reason="scope")
    return Problem("not_found")


async def refusals(
    session: AsyncSession, page: PageRequest, *, subject: str = "", code: str = ""
) -> Slice[AccessRefusal]:
    """The refusals, newest first."""
    statement = select(AccessRefusal)
    if subject:
        statement = statement.where(AccessRefusal.subject == subject)
    if code:
        statement = statement.where(AccessRefusal.code == code)
    return await fetch_page(session, statement, col(AccessRefusal.id), page)
