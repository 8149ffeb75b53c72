"""What the lender has at stake with a customer and its group on a day, in three measures, out of the books.

Three sources, each counted once: the lines of the lender's other books, the commitments of facilities granted here, and what
approved cases hold until their agreements are effective. An application that nobody has approved counts nothing.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.books import CapitalBases, CreditLineKind, ExposureView, GroupExposureView
from domain.money import RATE_SCALE, Money, Rounding, rounded
from domain.stages import FacilityStage
from services.kit.problems import Problem
from services.origination.calc.exposures import (
    Conversions,
    Position,
    conversions,
    loan_balance,
    total_exposure,
    unified_credit,
)
from services.origination.store.policies import policy_of_the_day
from services.origination.store.reference import lender_series, standing
from services.origination.tables.books import CreditLine, Customer, CustomerGroup
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Commitment, Facility
from services.origination.tables.limits import LimitReservation

_MOST = 1_000
_OVER = (FacilityStage.REPAID.value, FacilityStage.CANCELLED.value)


async def exposure_of(
    session: AsyncSession, customer: Customer, lender_id: str, as_of: date, *, without_case: UUID | None = None
) -> ExposureView:
    """The three measures for a customer at a lender on a day; ``without_case`` leaves out what that case itself holds.

    Conversion factors are those in force on the day. Raises ``no_policy_in_force``.
    """
    members = await _members(session, customer.group_id) if customer.group_id is not None else [customer.id]
    group = await positions(session, lender_id, members, as_of, without_case)
    own = [item for item in group if item.customer == str(customer.id)]
    return ExposureView(
        customer_id=customer.id,
        lender_id=lender_id,
        as_of=as_of,
        loans=loan_balance(own),
        exposure=total_exposure(own, as_of),
        group_exposure=total_exposure(group, as_of),
        unified_customer=unified_credit(own, as_of),
        unified_group=unified_credit(group, as_of),
        group_id=customer.group_id,
    )


async def with_capital(session: AsyncSession, view: ExposureView) -> ExposureView:
    """An exposure beside the lender's capital of its day, where that is on file."""
    known = await standing(session, [lender_series(view.lender_id)], view.as_of)
    try:
        lender, vintage = known.lender(view.lender_id)
    except Problem:
        return view
    capital = CapitalBases(
        net_capital=lender.net_capital,
        tier1_capital=lender.tier1_capital,
        loans_to_net_capital=_part(view.loans, lender.net_capital),
        exposure_to_tier1=_part(view.exposure, lender.tier1_capital),
        group_exposure_to_tier1=_part(view.group_exposure, lender.tier1_capital),
        vintage=vintage.vintage,
    )
    return view.model_copy(update={"capital": capital})


def _part(of: Money, capital: Money) -> Decimal | None:
    """A fraction of capital, rounded up: what is just over a limit never looks as if it were at it. Of no capital, or of next to
    none, there is no fraction."""
    if of.amount >= capital.amount * _MOST:
        return None
    return rounded(of.amount / capital.amount, RATE_SCALE, Rounding.UP)


async def group_exposure_of(
    session: AsyncSession, group: CustomerGroup, lender_id: str, as_of: date
) -> GroupExposureView:
    """The three measures of a group, and of each member. Raises ``no_policy_in_force``."""
    members = await _members(session, group.id)
    found = await positions(session, lender_id, members, as_of)
    own = {member: [item for item in found if item.customer == str(member)] for member in members}
    return GroupExposureView(
        group_id=group.id,
        lender_id=lender_id,
        as_of=as_of,
        loans=loan_balance(found),
        exposure=total_exposure(found, as_of),
        unified=unified_credit(found, as_of),
        members=tuple(
            ExposureView(
                customer_id=member,
                lender_id=lender_id,
                as_of=as_of,
                loans=loan_balance(held),
                exposure=total_exposure(held, as_of),
                group_exposure=total_exposure(found, as_of),
                unified_customer=unified_credit(held, as_of),
                unified_group=unified_credit(found, as_of),
                group_id=group.id,
            )
            for member, held in own.items()
        ),
    )


async def _members(session: AsyncSession, group_id: UUID) -> list[UUID]:
    return list(await session.exec(select(Customer.id).where(Customer.group_id == group_id).order_by(col(Customer.id))))


async def positions(
    session: AsyncSession,
    lender_id: str,
    customer_ids: Sequence[UUID],
    as_of: date,
    without_case: UUID | None = None,
) -> list[Position]:
    """All that counts for some customers at a lender on a day."""
    bundle = await policy_of_the_day(session, as_of)
    conversion = conversions(bundle, as_of)
    return [
        *await _lines(session, lender_id, customer_ids),
        *await _commitments(session, lender_id, customer_ids, without_case, conversion, as_of),
        *await _reservations(session, lender_id, customer_ids, without_case, conversion, as_of),
    ]


async def _lines(session: AsyncSession, lender_id: str, customer_ids: Sequence[UUID]) -> list[Position]:
    found = await session.exec(
        select(CreditLine)
        .where(CreditLine.lender_id == lender_id, col(CreditLine.customer_id).in_(customer_ids))
        .order_by(col(CreditLine.id))
    )
    return [
        Position.of_line(
            CreditLineKind(row.kind),
            customer=str(row.customer_id),
            amount=Money(amount=row.amount),
            outstanding=Money(amount=row.outstanding),
            undrawn_factor=row.undrawn_factor,
            effective_from=row.effective_from,
            effective_to=row.effective_to,
        )
        for row in found
    ]


async def _commitments(
    session: AsyncSession,
    lender_id: str,
    customer_ids: Sequence[UUID],
    without_case: UUID | None,
    conversion: Conversions,
    as_of: date,
) -> list[Position]:
    """Commitments of facilities that are not settled. What is reserved for a drawing under way counts as drawn: it may be
    paid any moment. A facility that takes effect on the next business day counts from its contract on, as its reservation
    did before."""
    statement = (
        select(Commitment, Facility, Application.customer_id, LimitReservation.exposure_kind)
        .join(Facility, col(Facility.id) == col(Commitment.facility_id))
        .join(Application, col(Application.case_id) == col(Commitment.case_id))
        .outerjoin(
            LimitReservation,
            (col(LimitReservation.case_id) == col(Commitment.case_id)) & (col(LimitReservation.committed) > 0),
        )
        .where(
            Application.lender_id == lender_id,
            col(Application.customer_id).in_(customer_ids),
            col(Facility.stage).not_in(_OVER),
        )
        .order_by(col(Commitment.facility_id))
    )
    if without_case is not None:
        statement = statement.where(Commitment.case_id != without_case)
    return [
        Position.of_commitment(
            # Facilities opened before reservations were kept are loans: nothing else was granted then.
            kind or "loan",
            conversion,
            customer=str(customer_id),
            amount=Money(amount=commitment.amount),
            outstanding=Money(amount=commitment.drawn + commitment.reserved),
            effective_from=min(facility.effective_on, as_of),
            effective_to=facility.availability_end,
        )
        for commitment, facility, customer_id, kind in (await session.exec(statement)).all()
    ]


async def _reservations(
    session: AsyncSession,
    lender_id: str,
    customer_ids: Sequence[UUID],
    without_case: UUID | None,
    conversion: Conversions,
    as_of: date,
) -> list[Position]:
    """What approved cases hold and no facility stands for yet: it counts from the approval until it is given back, for a
    promise that has been made does not end with a date nobody has acted on."""
    statement = (
        select(LimitReservation)
        .where(
            LimitReservation.lender_id == lender_id,
            col(LimitReservation.customer_id).in_(customer_ids),
            col(LimitReservation.reserved) > 0,
        )
        .order_by(col(LimitReservation.id))
    )
    if without_case is not None:
        statement = statement.where(LimitReservation.case_id != without_case)
    return [
        Position.of_commitment(
            row.exposure_kind,
            conversion,
            customer=str(row.customer_id),
            amount=Money(amount=row.reserved),
            outstanding=Money(amount="0.00"),
            effective_from=min(row.as_of, as_of),
            effective_to=as_of,
        )
        for row in await session.exec(statement)
    ]
