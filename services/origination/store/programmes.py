"""What counts under programmes: facilities with the tags of their cases, figures of other books, letters of intention."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationTag
from domain.money import Money
from domain.programmes import IntentionBody, IntentionLine, IntentionView, ProgrammeFigureBody, ProgrammeFigureView
from domain.roles import HEAD_OFFICE
from domain.stages import FacilityStage
from policy.engine import Bundle
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.calc.case_facts import total
from services.origination.calc.programmes import (
    INSTRUMENT_OF_LINE,
    Booked,
    Intended,
    Reported,
    lines_above_cap,
)
from services.origination.calc.tags import tag_faults
from services.origination.problems import faults_of_items
from services.origination.store import reference
from services.origination.store.customers import visible_customer
from services.origination.tables.cases import ApplicationVersion
from services.origination.tables.facilities import Facility
from services.origination.tables.programmes import Intention, ProgrammeFigure


async def booked(session: AsyncSession, as_of: date, products: Collection[str] = ()) -> list[Booked]:
    """The facilities granted up to a day that can count: those of some products, and those whose case carries tags, each with the
    tags of the content it was granted on. One that was cancelled brought nothing into the books."""
    newest = (
        select(ApplicationVersion.case_id, func.max(ApplicationVersion.content_version).label("newest"))
        .group_by(col(ApplicationVersion.case_id))
        .subquery()
    )
    statement = (
        select(Facility, ApplicationVersion.content["lines"], ApplicationVersion.content["tags"])
        .join(newest, newest.c.case_id == col(Facility.case_id))
        .join(
            ApplicationVersion,
            (col(ApplicationVersion.case_id) == newest.c.case_id)
            & (col(ApplicationVersion.content_version) == newest.c.newest),
        )
        .where(
            Facility.effective_on <= as_of,
            Facility.stage != FacilityStage.CANCELLED.value,
            or_(col(Facility.product).in_(products), func.jsonb_exists(ApplicationVersion.content, "tags")),
        )
        .order_by(col(Facility.id))
    )
    found = []
    for facility, lines, tags in (await session.exec(statement)).all():
        found.append(
            Booked(
                facility=str(facility.id),
                product=facility.product,
                instrument=INSTRUMENT_OF_LINE[lines[0]["kind"]],
                amount=Money(amount=facility.limit_amount),
                effective_on=facility.effective_on,
                tags=tuple(ApplicationTag.model_validate(tag) for tag in tags or ()),
            )
        )
    return found


# --- figures of other books -------------------------------------------------------------------------------------------


async def add_figure(
    session: AsyncSession, who: Principal, programme: str, body: ProgrammeFigureBody
) -> ProgrammeFigure:
    """Enter a figure. A second one of the same book, instrument and day raises ``already_exists`` at the flush."""
    row = ProgrammeFigure(
        programme=programme,
        instrument=body.instrument,
        book=body.book,
        as_of=body.as_of,
        amount=body.amount.amount,
        source=body.source,
        entered_by=who.subject,
    )
    session.add(row)
    await session.flush()
    return row


async def figures(session: AsyncSession, programme: str, page: PageRequest) -> Slice[ProgrammeFigure]:
    """A page of the figures reported under a programme, newest first."""
    return await fetch_page(
        session, select(ProgrammeFigure).where(ProgrammeFigure.programme == programme), ProgrammeFigure.id, page
    )


async def reported(session: AsyncSession, programme: str) -> list[Reported]:
    found = await session.exec(select(ProgrammeFigure).where(ProgrammeFigure.programme == programme))
    return [
        Reported.model_validate(
            {
                "book": row.book,
                "instrument": row.instrument,
                "amount": Money(amount=row.amount),
                "as_of": row.as_of,
            }
        )
        for row in found
    ]


def figure_view(row: ProgrammeFigure) -> ProgrammeFigureView:
    return ProgrammeFigureView.model_validate(
        {
            "figure_id": row.id,
            "programme": row.programme,
            "instrument": row.instrument,
            "amount": Money(amount=row.amount),
            "as_of": row.as_of,
            "book": row.book,
            "source": row.source,
            "entered_by": row.entered_by,
            "created_at": row.created_at,
        }
    )


# --- letters of intention ---------------------------------------------------------------------------------------------


async def add_intention(
    session: AsyncSession, who: Principal, body: IntentionBody, bundle: Bundle, today: date
) -> Intention:
    """Enter a letter. Nothing of it is reserved, committed or counted as exposure. Raises ``invalid_request`` with every
    fault; a number used before raises ``already_exists`` at the flush."""
    branch, faults = "", []
    try:
        branch = (await visible_customer(session, who, body.customer_id)).branch
    except Problem:
        faults.append(Fault("/customer_id", "unknown_customer", "没有该客户", "no such customer"))
    if not await reference.knows_lender(session, body.lender_id):
        faults.append(Fault("/lender_id", "unknown_lender", "账上没有该贷款机构", "is no lender of these books"))
    if body.signed_on > today:
        faults.append(Fault("/signed_on", "in_the_future", "不得晚于今日", "must not lie in the future"))
    if body.programme is not None and body.programme not in {item.id for item in bundle.initiatives(today)}:
        faults.append(Fault("/programme", "unknown_programme", "没有该行动方案", "no such programme is in force"))
    products = {product.id: product for product in bundle.products(today)}
    faults += [
        Fault(f"/lines/{index}/product", "unknown_product", "现行政策中没有该产品", "no such product is in force")
        for index, line in enumerate(body.lines)
        if line.product is not None and line.product not in products
    ]
    faults += [
        Fault(
            f"/lines/{index}/product", "not_the_lenders_product", "该机构不提供此产品", "the lender does not offer it"
        )
        for index, line in enumerate(body.lines)
        if line.product in products and body.lender_id not in products[line.product].lenders
    ]
    faults += [
        Fault(
            f"/lines/{index}/instrument",
            "instrument_of_another_kind",
            "与产品种类不符",
            "the product is of another kind",
        )
        for index, line in enumerate(body.lines)
        if line.product in products and INSTRUMENT_OF_LINE[products[line.product].line_kind.value] != line.instrument
    ]
    faults += [
        Fault(
            f"/lines/{index}/amount",
            "CAP_PRODUCT",
            "超过该产品上限，须拆分为多项",
            "is above the product's cap; split it into several credits",
        )
        for index in lines_above_cap(body.lines, products)
    ]
    faults += faults_of_items(tag_faults(body.tags, bundle.tag_lists(today)))
    if faults:
        raise Problem("invalid_request", errors=faults, count=len(faults))
    row = Intention(
        lender_id=body.lender_id,
        customer_id=body.customer_id,
        programme=body.programme,
        signing=body.signing,
        reference=body.reference,
        signed_on=body.signed_on,
        lines=[line.model_dump(mode="json") for line in body.lines],
        tags=[tag.model_dump(mode="json") for tag in body.tags],
        total=total(line.amount for line in body.lines).amount,
        branch=branch,
        entered_by=who.subject,
    )
    session.add(row)
    await session.flush()
    return row


async def visible_intention(session: AsyncSession, who: Principal, intention_id: object) -> Intention:
    """A letter within the caller's sight. Raises ``not_found``."""
    row = await session.get(Intention, intention_id)
    if row is None or not who.sees_branch(row.branch):
        raise Problem("not_found")
    return row


async def intentions(
    session: AsyncSession, who: Principal, page: PageRequest, *, programme: str | None, signing: str | None
) -> Slice[Intention]:
    """A page of the letters within the caller's sight, newest first."""
    statement = select(Intention)
    if who.branch != HEAD_OFFICE:
        statement = statement.where(Intention.branch == who.branch)
    if programme is not None:
        statement = statement.where(Intention.programme == programme)
    if signing is not None:
        statement = statement.where(Intention.signing == signing)
    return await fetch_page(session, statement, Intention.id, page)


async def intended(session: AsyncSession, programme: str) -> Sequence[Intended]:
    """Every letter under a programme, whichever branch keeps it."""
    found = await session.exec(select(Intention).where(Intention.programme == programme))
    return [
        Intended(signed_on=row.signed_on, lines=tuple(IntentionLine.model_validate(line) for line in row.lines))
        for row in found
    ]


def intention_view(row: Intention) -> IntentionView:
    return IntentionView.model_validate(
        {
            "intention_id": row.id,
            "lender_id": row.lender_id,
            "customer_id": row.customer_id,
            "programme": row.programme,
            "signing": row.signing,
            "reference": row.reference,
            "signed_on": row.signed_on,
            "lines": row.lines,
            "tags": row.tags,
            "total": Money(amount=row.total),
            "branch": row.branch,
            "entered_by": row.entered_by,
            "created_at": row.created_at,
        }
    )
