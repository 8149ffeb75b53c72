"""Visits, the lists of a campaign, and the applications that come of needs."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent, PartyRole
from domain.calendar import BusinessCalendar
from domain.money import Money
from domain.roles import HEAD_OFFICE
from domain.visits import VisitBody, VisitEntry, VisitImport, VisitImportResult, VisitView
from policy.engine import Bundle, Initiative, PolicyNotInForce
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.calc.visits import answer_due, checksum_faults, sla, visit_faults
from services.origination.problems import faults_of_items
from services.origination.tables.programmes import Visit


async def enter(
    session: AsyncSession, who: Principal, body: VisitBody, bundle: Bundle, calendar: BusinessCalendar, today: date
) -> Visit:
    """Enter a visit. Raises ``invalid_request`` with every fault; a number used before raises ``already_exists`` at the
    flush."""
    initiative = _campaign(bundle, body.programme, today)
    products = {product.id: product for product in bundle.products(today)}
    _raise(faults_of_items(visit_faults((body,), initiative, products, today)))
    row = _row(who, body.programme, body, answer_due(body, initiative, calendar))
    session.add(row)
    await session.flush()
    return row


async def take_in(
    session: AsyncSession, who: Principal, body: VisitImport, bundle: Bundle, calendar: BusinessCalendar, today: date
) -> VisitImportResult:
    """Take in a campaign's list, whole or not at all. Visits that are in the register with the same content stay as they are.

    Raises ``invalid_request`` with every fault, its checksum among them, and ``visits_differ``.
    """
    initiative = _campaign(bundle, body.programme, today)
    products = {product.id: product for product in bundle.products(today)}
    found = [*visit_faults(body.visits, initiative, products, today, "/visits"), *checksum_faults(body, initiative)]
    late = [index for index, visit in enumerate(body.visits) if visit.visited_on > body.counted_on]
    faults = faults_of_items(found) + [
        Fault(f"/visits/{index}/visited_on", "after_the_count", "晚于统计日", "lies after the day of the count")
        for index in late
    ]
    _raise(faults)
    rows = await session.exec(select(Visit).where(Visit.programme == body.programme))
    there = {row.reference: row for row in rows}
    added = 0
    for visit in body.visits:
        known = there.get(visit.reference)
        if known is None:
            session.add(_row(who, body.programme, visit, answer_due(visit, initiative, calendar)))
            added += 1
        elif _content(known) != visit:
            raise Problem("visits_differ")
    await session.flush()
    return VisitImportResult(
        programme=body.programme,
        counted_on=body.counted_on,
        visits=len(body.visits),
        needs=sum(visit.need is not None for visit in body.visits),
        added=added,
    )


def _campaign(bundle: Bundle, programme: str, today: date) -> Initiative:
    try:
        return bundle.initiative(programme, today)
    except PolicyNotInForce:
        fault = Fault("/programme", "unknown_programme", "没有该行动方案", "no such programme is in force")
        raise Problem("invalid_request", errors=[fault], count=1) from None


def _raise(faults: Sequence[Fault]) -> None:
    if faults:
        raise Problem("invalid_request", errors=faults, count=len(faults))


def _row(who: Principal, programme: str, visit: VisitBody | VisitEntry, due: date | None) -> Visit:
    need = visit.need
    return Visit(
        programme=programme,
        reference=visit.reference,
        visited_on=visit.visited_on,
        firm_name=visit.firm_name,
        firm_uscc=visit.firm_uscc,
        need_purpose=need.purpose if need else None,
        need_product=need.product if need else None,
        need_amount=need.amount.amount if need and need.amount else None,
        green_channel=visit.green_channel,
        answer_due=due,
        branch=who.branch,
        entered_by=who.subject,
    )


def _content(row: Visit) -> VisitEntry:
    need = None
    if row.need_purpose is not None:
        amount = None if row.need_amount is None else Money(amount=row.need_amount)
        need = {"purpose": row.need_purpose, "product": row.need_product, "amount": amount}
    return VisitEntry.model_validate(
        {
            "reference": row.reference,
            "visited_on": row.visited_on,
            "firm_name": row.firm_name,
            "firm_uscc": row.firm_uscc,
            "need": need,
            "green_channel": row.green_channel,
        }
    )


async def visible_visit(session: AsyncSession, who: Principal, visit_id: UUID, *, lock: bool = False) -> Visit:
    """A visit within the caller's sight. Raises ``not_found``."""
    row = await session.get(Visit, visit_id, with_for_update=lock or None)
    if row is None or not who.sees_branch(row.branch):
        raise Problem("not_found")
    return row


async def visits(
    session: AsyncSession, who: Principal, page: PageRequest, *, programme: str | None, with_need: bool | None
) -> Slice[Visit]:
    """A page of the visits within the caller's sight, newest first."""
    statement = select(Visit)
    if who.branch != HEAD_OFFICE:
        statement = statement.where(Visit.branch == who.branch)
    if programme is not None:
        statement = statement.where(Visit.programme == programme)
    if with_need is not None:
        purpose = col(Visit.need_purpose)
        statement = statement.where(purpose.is_not(None) if with_need else purpose.is_(None))
    return await fetch_page(session, statement, Visit.id, page)


async def visit_faults_of(
    session: AsyncSession, who: Principal, content: ApplicationContent, case_id: UUID
) -> list[Fault]:
    """Why an application cannot name a visit: there is none within sight, it found no need, another application answers the need
    already, or it was paid to another firm."""
    if content.visit_id is None:
        return []
    try:
        row = await visible_visit(session, who, UUID(content.visit_id), lock=True)
    except (ValueError, Problem):
        return [Fault("/visit_id", "unknown_visit", "没有该走访记录", "no such visit")]
    if row.need_purpose is None:
        return [Fault("/visit_id", "visit_without_need", "该走访未发现需求", "the visit found no need")]
    faults = []
    if row.application_id not in (None, case_id):
        zh, en = "该需求已有申请", "another application answers the need of this visit"
        faults.append(Fault("/visit_id", "visit_answered", zh, en))
    borrower = content.party(PartyRole.BORROWER)
    if row.firm_uscc is not None and borrower is not None and borrower.uscc != row.firm_uscc:
        zh, en = "走访对象不是该借款人", "the visit was to another firm than the borrower"
        faults.append(Fault("/visit_id", "visit_of_another_firm", zh, en))
    return faults


async def answered(session: AsyncSession, who: Principal, content: ApplicationContent, case_id: UUID, on: date) -> None:
    """Enter the application in the visit it names, on the day it first did."""
    if content.visit_id is None:
        return
    row = await visible_visit(session, who, UUID(content.visit_id), lock=True)
    if row.application_id is not None:
        return
    row.application_id = case_id
    row.answered_on = on
    row.version += 1
    session.add(row)
    await session.flush()


def visit_view(row: Visit, today: date) -> VisitView:
    fields: dict[str, Any] = _content(row).model_dump()
    return VisitView.model_validate(
        {
            **fields,
            "programme": row.programme,
            "visit_id": row.id,
            "branch": row.branch,
            "answer_due": row.answer_due,
            "sla": sla(row.answer_due, row.answered_on, today),
            "application_id": row.application_id,
            "answered_on": row.answered_on,
            "entered_by": row.entered_by,
            "created_at": row.created_at,
            "version": row.version,
        }
    )
