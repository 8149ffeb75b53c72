"""Facilities: opened from what was decided, offered and signed, and who sees which."""

from uuid import UUID

from sqlalchemy import ColumnElement, false
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.facility import ConditionKind, ConditionTerm, FacilityRef, FacilityView
from domain.money import ZERO, Money
from domain.process import FACILITY_WORKFLOW, CaseStep, FacilityStart, facility_workflow_id
from domain.roles import HEAD_OFFICE
from domain.stages import FacilityStage
from policy.engine import Bundle
from services.kit.database import new_id
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.origination.calc.facility_terms import facility_dates
from services.origination.calc.terms import ContractData
from services.origination.process import request_start
from services.origination.store.applications import case
from services.origination.store.casework import newest
from services.origination.store.conditions import standings
from services.origination.store.events import record
from services.origination.tables.cases import Application, Contract
from services.origination.tables.facilities import Commitment, Facility


async def open_facility(session: AsyncSession, who: Principal, step: CaseStep, bundle: Bundle) -> FacilityRef:
    """Open the facility of a signed contract: facility, commitment, event and start of its process in one transaction.

    A case has one facility; asked again, it is the same. Raises ``not_found`` and ``step_not_possible``.
    """
    application = await case(session, step.case_id, lock=True)
    known = (await session.exec(select(Facility).where(Facility.case_id == step.case_id))).one_or_none()
    if known is not None:
        return facility_ref(known)
    contract = await newest(session, Contract, step.case_id)
    if contract is None or application.policy_sha256 is None or application.pinned_on is None:
        raise Problem("step_not_possible", needs="contract")
    data = ContractData.model_validate(contract.data)
    dates = facility_dates(
        step.as_of,
        availability_days=bundle.validity(application.pinned_on).availability_days,
        tenor_months=data.terms.tenor_months,
    )
    facility = Facility(
        id=new_id(),
        case_id=application.case_id,
        contract_id=contract.id,
        number=facility_number(application),
        product=data.terms.product,
        limit_amount=data.terms.amount.amount,
        currency=data.terms.amount.currency,
        effective_on=dates.effective_on,
        availability_end=dates.availability_end,
        termination_date=dates.termination_date,
        stage=FacilityStage.EFFECTIVE.value,
        branch=application.branch,
        borrower_uscc=data.terms.borrower_uscc,
        policy_sha256=application.policy_sha256,
        pinned_on=application.pinned_on,
    )
    commitment = Commitment(
        facility_id=facility.id,
        case_id=facility.case_id,
        amount=facility.limit_amount,
        reserved=ZERO.amount,
        drawn=ZERO.amount,
        currency=facility.currency,
    )
    ref = facility_ref(facility)
    facts = {"step": step.step, "workflow_id": step.workflow_id, "contract": contract.number}
    await record(session, application.case_id, "facility.opened", who, rows=[facility, commitment], facts=facts)
    start = FacilityStart(
        facility=ref,
        case_id=application.case_id,
        case_number=application.case_number,
        branch=application.branch,
        policy_sha256=application.policy_sha256,
    )
    await request_start(session, FACILITY_WORKFLOW, facility_workflow_id(facility.id), start)
    return ref


def facility_number(application: Application) -> str:
    """The facility of case ``SD2026-…`` is ``FA2026-…``."""
    return f"FA{application.case_number.removeprefix('SD')}"


def facility_ref(row: Facility) -> FacilityRef:
    return FacilityRef(
        facility_id=row.id,
        number=row.number,
        limit=facility_limit(row),
        currency=row.currency,
        product=row.product,
        effective_on=row.effective_on,
        availability_end=row.availability_end,
        termination_date=row.termination_date,
    )


def facility_limit(row: Facility) -> Money:
    return Money.model_validate({"amount": row.limit_amount, "currency": row.currency})


def in_sight(who: Principal) -> ColumnElement[bool]:
    """Which facilities a caller may know of: staff those of their branch, borrowers their own."""
    if who.kind == "staff" and who.branch:
        return col(Facility.branch) == who.branch if who.branch != HEAD_OFFICE else col(Facility.id).is_not(None)
    if who.kind == "borrower" and who.uscc:
        return col(Facility.borrower_uscc) == who.uscc
    return false()


async def visible_facility(session: AsyncSession, who: Principal, facility_id: UUID) -> Facility | None:
    """A facility within the caller's sight."""
    return (await session.exec(select(Facility).where(Facility.id == facility_id, in_sight(who)))).one_or_none()


async def facilities(
    session: AsyncSession, who: Principal, page: PageRequest, *, stage: FacilityStage | None, product: str
) -> Slice[Facility]:
    """A page of the facilities within the caller's sight, newest first."""
    statement = select(Facility).where(in_sight(who))
    if stage is not None:
        statement = statement.where(Facility.stage == stage.value)
    if product:
        statement = statement.where(Facility.product == product)
    return await fetch_page(session, statement, col(Facility.id), page)


async def agreement(session: AsyncSession, facility: Facility) -> ContractData:
    """The facility agreement, as it was signed."""
    contract = await session.get_one(Contract, facility.contract_id)
    return ContractData.model_validate(contract.data)


async def agreed_conditions(session: AsyncSession, facility: Facility) -> tuple[ConditionTerm, ...]:
    """The conditions of the facility agreement, as it was signed."""
    return (await agreement(session, facility)).conditions


async def due_from_effect(session: AsyncSession, case_id: UUID) -> tuple[ConditionTerm, ...]:
    """What the agreement of a case asks for within days of its effect; nothing while there is no facility."""
    facility = (await session.exec(select(Facility).where(Facility.case_id == case_id))).one_or_none()
    if facility is None:
        return ()
    return tuple(
        term
        for term in await agreed_conditions(session, facility)
        if term.kind is ConditionKind.SUBSEQUENT and term.counts_from == "effective"
    )


async def view(session: AsyncSession, row: Facility, *, whole: bool = False) -> FacilityView:
    """A facility with what is left of its commitment; ``whole`` with what was agreed, which a list does without."""
    agreed = await agreement(session, row) if whole else None
    conditions = await standings(session, row.case_id, agreed.conditions) if agreed is not None else ()
    commitment = await session.get_one(Commitment, row.id)
    application = await session.get_one(Application, row.case_id)

    def money(amount: object) -> Money:
        return Money.model_validate({"amount": amount, "currency": row.currency})

    return FacilityView(
        facility_id=row.id,
        number=row.number,
        case_id=row.case_id,
        case_number=application.case_number,
        product=row.product,
        branch=row.branch,
        stage=FacilityStage(row.stage),
        limit=facility_limit(row),
        reserved=money(commitment.reserved),
        drawn=money(commitment.drawn),
        available=money(commitment.amount - commitment.reserved - commitment.drawn),
        effective_on=row.effective_on,
        availability_end=row.availability_end,
        termination_date=row.termination_date,
        conditions=conditions,
        repayment=agreed.terms.repayment if agreed is not None else None,
        price=agreed.terms.price if agreed is not None else None,
        version=row.version,
    )
