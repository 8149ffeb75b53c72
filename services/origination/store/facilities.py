"""Facilities: opened from what was decided, offered and signed, and who sees which."""

from decimal import Decimal
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, false
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.facility import (
    ConditionKind,
    ConditionTerm,
    FacilityMargin,
    FacilityRef,
    FacilityView,
    MarginReportView,
    ratchet_of,
)
from domain.margin_ratchet import BaseRateFixing, MarginAgreement, MarginStanding, Statement, reset_days
from domain.money import ZERO, Money
from domain.process import FACILITY_WORKFLOW, CaseStep, FacilityStart, facility_workflow_id
from domain.repayment import RateStep
from domain.roles import HEAD_OFFICE
from domain.stages import FacilityStage
from domain.tasks import HumanTask, TaskOutcome, TaskType
from policy.engine import Bundle
from services.kit.database import new_id
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.origination.calc.facility_terms import facility_dates
from services.origination.calc.terms import ContractData
from services.origination.process import request_start
from services.origination.store.applications import case
from services.origination.store.casework import latest_findings, newest, one_of, value_of
from services.origination.store.conditions import standings
from services.origination.store.events import record
from services.origination.tables.cases import Application, Contract
from services.origination.tables.facilities import Commitment, Facility
from services.origination.tables.tasks import Task


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


async def margin_agreement(session: AsyncSession, case_id: UUID) -> MarginAgreement | None:
    """What lets the margin of a case's facility move; None without a facility, or where its agreement fixes the margin.

    The base rate is the one of the day on which the price was concluded: so the original rate is the agreed one.
    """
    facility = (await session.exec(select(Facility).where(Facility.case_id == case_id))).one_or_none()
    if facility is None:
        return None
    data = await agreement(session, facility)
    ratchet = ratchet_of(data.conditions)
    if ratchet is None:
        return None
    terms = ratchet.terms(data.terms.price.margin_bps, facility.effective_on, facility.termination_date)
    quote = one_of(await latest_findings(session, case_id), "quote")
    if terms is None or quote is None:
        return None
    return MarginAgreement(
        product=facility.product,
        lender_id=data.terms.lender_id,
        policy_sha256=facility.policy_sha256,
        pinned_on=facility.pinned_on,
        base=BaseRateFixing.model_validate({"tenor": data.terms.price.base_rate, "fixed_on": quote.as_of}),
        terms=terms,
    )


async def margin(session: AsyncSession, row: Facility) -> FacilityMargin | None:
    """The margin as it stands, with every reset and everything reported; None where the agreement fixes it."""
    agreed = await agreement(session, row)
    ratchet = ratchet_of(agreed.conditions)
    movable = await margin_agreement(session, row.case_id)
    if ratchet is None or movable is None:
        return None
    found = one_of(await latest_findings(session, row.case_id), "margin_reset")
    standing = value_of(found, MarginStanding)
    price = agreed.terms.price
    return FacilityMargin(
        original_margin_bps=price.margin_bps,
        margin_bps=standing.margin_bps if standing else price.margin_bps,
        all_in_rate=standing.all_in_rate if standing else price.all_in_rate,
        base_rate=price.base_rate,
        in_force_since=standing.in_force_since if standing else row.effective_on,
        next_reset=standing.next_reset if standing else next(reset_days(movable.terms), None),
        lowest_margin_bps=standing.lowest_margin_bps if standing else None,
        highest_margin_bps=standing.highest_margin_bps if standing else None,
        ratchet=ratchet,
        history=standing.history if standing else (),
        rate_steps=_rate_steps(standing) if standing else (),
        finding_id=found.finding_id if found is not None else None,
        reports=await _margin_reports(session, row),
    )


def _rate_steps(standing: MarginStanding) -> tuple[RateStep, ...]:
    """The resets that moved the margin, as steps of the rate."""
    steps, before = [], standing.original_margin_bps
    for reset in standing.history:
        if reset.margin_bps is None or reset.margin_bps == before:
            continue
        before = reset.margin_bps
        rate = standing.base_rate_value + Decimal(before).scaleb(-4)
        steps.append(RateStep(on=reset.on, annual_rate=max(rate, Decimal(0))))
    return tuple(steps)


async def _margin_reports(session: AsyncSession, row: Facility) -> tuple[MarginReportView, ...]:
    """What was reported on the clauses, in the order in which it was."""
    rows = await session.exec(
        select(Task)
        .where(Task.case_id == row.case_id, Task.type == TaskType.MARGIN_REPORT_CHECK.value)
        .order_by(col(Task.created_at), col(Task.id))
    )
    checks = [HumanTask.model_validate(task.body) for task in rows]
    return tuple(
        MarginReportView(
            task_id=task.task_id,
            statement=task.margin_report.statement,
            reported_by=task.margin_report.reported_by,
            reported_at=task.created_at,
            state=_CHECKED.get(task.outcome, "reported"),
            decided_by=task.completed_by,
            decided_at=task.completed_at,
            comment=task.comment,
        )
        for task in checks
        if task.margin_report is not None
    )


async def check_of(session: AsyncSession, case_id: UUID, statement: Statement, reported_by: str) -> UUID | None:
    """The newest check of a statement by whoever made it."""
    said = {"statement": statement.model_dump(mode="json"), "reported_by": reported_by}
    rows = await session.exec(
        select(Task)
        .where(Task.case_id == case_id, Task.type == TaskType.MARGIN_REPORT_CHECK.value)
        .order_by(col(Task.created_at).desc(), col(Task.id).desc())
    )
    return next((row.id for row in rows if row.body.get("margin_report") == said), None)


_CHECKED: dict[TaskOutcome | None, Literal["reported", "confirmed", "refused"]] = {
    TaskOutcome.ACKNOWLEDGE: "confirmed",
    TaskOutcome.REJECT: "refused",
}


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
        margin=await margin(session, row) if whole else None,
        version=row.version,
    )
