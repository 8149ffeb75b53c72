"""Utilisations: drawings as they were asked for, and what a process is told when it begins one."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import RepaymentMethod
from domain.coverage import Amortisation
from domain.facility import (
    ConditionKind,
    PaymentMode,
    TransferState,
    TransferView,
    UtilisationRequest,
    UtilisationView,
)
from domain.finding import Reason
from domain.money import Money
from domain.pricing import ScheduleRequest
from domain.process import (
    UTILISATION_WORKFLOW,
    DutyHeld,
    UtilisationOpening,
    UtilisationStart,
    UtilisationStep,
    utilisation_workflow_id,
)
from domain.repayment import Sculpted
from domain.requests.collateral import cohorts
from domain.requests.repayment import after_resets, drawing_ceilings, drawing_terms, whole_months
from domain.stages import FacilityStage, UtilisationStage
from policy.engine import Bundle
from services.kit.database import new_id
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.calc.opening import rulebook
from services.origination.calc.repeated import repeated_invoices
from services.origination.process import request_start
from services.origination.store import reference
from services.origination.store.applications import case, content_of, documents
from services.origination.store.business_day import BusinessDay
from services.origination.store.casework import latest_findings, one_of, value_of
from services.origination.store.commitments import transfers_of
from services.origination.store.conditions import statuses
from services.origination.store.drafting import frozen
from services.origination.store.events import lock_case, record
from services.origination.store.facilities import agreed_conditions, agreement, in_sight, margin
from services.origination.store.tasks import duties_discharged
from services.origination.store.traces import leave_drawing
from services.origination.tables.facilities import Facility, Transfer, Utilisation


async def request_utilisation(
    session: AsyncSession, who: Principal, facility: Facility, body: UtilisationRequest, today: BusinessDay
) -> Utilisation:
    """Enter a drawing that was asked for, and ask for its process. Raises ``invalid_request`` with everything that does
    not fit, and ``facility_not_effective``."""
    await lock_case(session, facility.case_id)
    await session.refresh(facility)
    row = await asked(session, who, facility, body, today)
    application = await case(session, facility.case_id)
    await record(session, facility.case_id, "utilisation.requested", who, rows=[row], facts={"number": row.number})
    await leave_drawing(session, row)
    start = UtilisationStart(
        utilisation_id=row.id,
        facility_id=facility.id,
        case_id=facility.case_id,
        case_number=application.case_number,
        utilisation_number=row.number,
        product=facility.product,
        branch=facility.branch,
        policy_sha256=facility.policy_sha256,
        requested_by=who.subject,
        amount=body.amount,
        value_date=body.value_date,
        delivery_date=body.delivery_date,
    )
    await request_start(session, UTILISATION_WORKFLOW, utilisation_workflow_id(row.id), start)
    return row


async def asked(
    session: AsyncSession, who: Principal, facility: Facility, body: UtilisationRequest, today: BusinessDay
) -> Utilisation:
    """The drawing a request asks for, not yet entered. Raises as ``request_utilisation``."""
    if facility.stage != FacilityStage.EFFECTIVE:
        raise Problem("facility_not_effective", stage=facility.stage)
    faults = await _faults(session, facility, body, today)
    if faults:
        raise Problem("invalid_request", errors=faults, count=len(faults))
    before = await session.exec(
        select(func.count()).select_from(Utilisation).where(Utilisation.facility_id == facility.id)
    )
    return Utilisation(
        id=new_id(),
        case_id=facility.case_id,
        facility_id=facility.id,
        number=f"{facility.number}-U{before.one() + 1:02d}",
        amount=body.amount.amount,
        currency=body.amount.currency,
        value_date=body.value_date,
        delivery_date=body.delivery_date,
        purpose=body.purpose,
        payees=[payee.model_dump(mode="json") for payee in body.payees],
        invoices=list(body.invoices),
        invoice_details=[invoice.model_dump(mode="json") for invoice in body.invoice_details] or None,
        remark=body.remark or "",
        stage=UtilisationStage.REQUESTED.value,
        requested_by=who.subject,
    )


async def _faults(
    session: AsyncSession, facility: Facility, body: UtilisationRequest, today: BusinessDay
) -> list[Fault]:
    faults: list[Fault] = []
    if body.amount.amount <= 0:
        faults.append(Fault("/amount", "not_positive", "金额须大于零", "must be greater than nought"))
    for place, payee in enumerate(body.payees):
        if payee.amount.amount <= 0:
            faults.append(
                Fault(f"/payees/{place}/amount", "not_positive", "金额须大于零", "must be greater than nought")
            )
    total = sum(payee.amount.amount for payee in body.payees)
    if total != body.amount.amount:
        faults.append(
            Fault(
                "/payees",
                "sum_differs",
                "收款人金额合计与支用金额不一致",
                "the payees' amounts do not add up to the amount",
            )
        )
    if len({payee.key for payee in body.payees}) != len(body.payees):
        faults.append(Fault("/payees", "key_repeated", "收款人标识重复", "a key is used for more than one payee"))
    faults += _value_date_faults(facility, body.value_date, today)
    if body.delivery_date is not None and body.delivery_date > facility.termination_date:
        faults.append(
            Fault("/delivery_date", "outside_facility", "不在授信协议期限内", "lies outside the term of the facility")
        )
    if body.delivery_date is not None and body.delivery_date < facility.effective_on:
        faults.append(
            Fault("/delivery_date", "before_effective", "交付日早于协议生效日", "lies before the facility took effect")
        )
    on_file = {document.sha256 for document in await documents(session, facility.case_id)}
    faults += [
        Fault(f"/invoices/{place}", "unknown_document", "卷宗中没有该文件", "is no document of this case")
        for place, sha256 in enumerate(body.invoices)
        if sha256 not in on_file
    ]
    asked = [(f"/invoice_details/{place}", invoice) for place, invoice in enumerate(body.invoice_details)]
    faults += [
        Fault(pointer, "duplicate_invoice", f"发票与 {first} 重复", f"the invoice is that of {first}")
        for pointer, first in repeated_invoices(asked)
    ]
    return faults


def _value_date_faults(facility: Facility, value_date: date, today: BusinessDay) -> list[Fault]:
    """A drawing is paid on a business day of the bank, today's at the earliest, within the term of the facility. What does
    not fit is refused and not moved: interest runs from the day the borrower asked for. The next day that fits is named."""
    earliest = today.calendar.following(max(value_date, today.day, facility.effective_on))
    faults = []
    if not today.calendar.is_business_day(value_date):
        zh = f"{value_date} 不是营业日，可用的下一日为 {earliest}"
        en = f"{value_date} is not a business day of the bank; the next that can be asked for is {earliest}"
        faults.append(Fault("/value_date", "not_a_business_day", zh, en))
    elif value_date < today.day:
        zh = f"早于当前营业日 {today.day}，可用的下一日为 {earliest}"
        en = f"lies before the present business date {today.day}; the next that can be asked for is {earliest}"
        faults.append(Fault("/value_date", "value_date_past", zh, en))
    if not facility.effective_on <= value_date <= facility.termination_date:
        zh = f"不在授信协议期限 {facility.effective_on} 至 {facility.termination_date} 内"
        en = f"lies outside the term of the facility, {facility.effective_on} to {facility.termination_date}"
        faults.append(Fault("/value_date", "outside_facility", zh, en))
    return faults


async def opening(session: AsyncSession, step: UtilisationStep, bundle: Bundle) -> UtilisationOpening:
    """What the process of a drawing needs to know at its start. Raises ``not_found`` and ``no_reference_data``."""
    utilisation = await _of_step(session, step)
    facility = await session.get_one(Facility, utilisation.facility_id)
    application = await case(session, facility.case_id)
    content = content_of(await frozen(session, application))
    calendar, _ = await reference.calendar(session, bundle.business_day(facility.pinned_on).calendar, step.as_of)
    return UtilisationOpening(
        rulebook=rulebook(bundle, facility.pinned_on, calendar),
        cohorts=cohorts(content),
        subsequent=tuple(
            term
            for term in await agreed_conditions(session, facility)
            if term.kind is ConditionKind.SUBSEQUENT and term.counts_from != "effective"
        ),
        duties=tuple(
            DutyHeld(subject=subject, duty=duty) for subject, duty in await duties_discharged(session, facility.case_id)
        ),
    )


async def _of_step(session: AsyncSession, step: UtilisationStep) -> Utilisation:
    row = await session.get(Utilisation, step.utilisation_id)
    if row is None or row.case_id != step.case_id or row.facility_id != step.facility_id:
        raise Problem("not_found")
    return row


async def visible_utilisation(
    session: AsyncSession, who: Principal, utilisation_id: UUID
) -> tuple[Utilisation, Facility] | None:
    """A utilisation within the caller's sight, with its facility."""
    found = await session.exec(
        select(Utilisation, Facility)
        .join(Facility, col(Facility.id) == col(Utilisation.facility_id))
        .where(Utilisation.id == utilisation_id, in_sight(who))
    )
    return found.one_or_none()


async def of_facility(session: AsyncSession, facility_id: UUID) -> Sequence[Utilisation]:
    """The utilisations of a facility in the order in which they were asked for."""
    found = await session.exec(
        select(Utilisation).where(Utilisation.facility_id == facility_id).order_by(col(Utilisation.id))
    )
    return found.all()


async def plan_request(session: AsyncSession, row: Utilisation, facility: Facility) -> ScheduleRequest:
    """The request for the repayment plan of one drawing, by the agreement as it was signed and the margin as it was reset."""
    agreed = await agreement(session, facility)
    moved = await margin(session, facility)
    application = await case(session, row.case_id)
    terms = drawing_terms(
        agreed.terms.repayment,
        agreed.terms.amount,
        agreed.terms.tenor_months,
        agreed.terms.price.all_in_rate,
        began=facility.effective_on,
        ends=facility.termination_date,
        amount=Money.model_validate({"amount": row.amount, "currency": row.currency}),
        drawn_on=row.value_date,
    )
    if agreed.terms.repayment.method is RepaymentMethod.SCULPTED:
        found = value_of(one_of(await latest_findings(session, row.case_id), "amortisation"), Amortisation)
        ceilings = drawing_ceilings(
            found.ceilings if found is not None else (),
            agreed.terms.amount,
            terms["principal"],
            passed=whole_months(facility.effective_on, row.value_date),
            months=terms["tenor_months"],
        )
        terms["profile"] = Sculpted(method="sculpted", ceilings=ceilings)
    if moved is not None:
        terms = after_resets(terms, agreed.terms.price.all_in_rate, moved.rate_steps)
    return ScheduleRequest(
        case_id=row.case_id,
        policy_sha256=facility.policy_sha256,
        product=facility.product,
        lender_id=application.lender_id,
        as_of=row.value_date,
        pinned_on=facility.pinned_on,
        **terms,
    )


async def view(session: AsyncSession, row: Utilisation) -> UtilisationView:
    """A utilisation with its conditions and transfers."""
    return UtilisationView(
        utilisation_id=row.id,
        number=row.number,
        facility_id=row.facility_id,
        case_id=row.case_id,
        stage=row.stage,
        amount=Money.model_validate({"amount": row.amount, "currency": row.currency}),
        value_date=row.value_date,
        payment_mode=PaymentMode(row.payment_mode) if row.payment_mode else None,
        reasons=tuple(Reason.model_validate(reason) for reason in row.reasons),
        conditions=await statuses(session, row.case_id, row.id),
        transfers=tuple(transfer_view(transfer) for transfer in await transfers_of(session, row.id)),
        requested_at=row.requested_at,
        paid_at=row.paid_at,
    )


def transfer_view(row: Transfer) -> TransferView:
    """A transfer as people see it: of the account only its end is shown."""
    return TransferView(
        transfer_id=row.id,
        end_to_end_id=row.end_to_end_id,
        payee_name=row.payee_name,
        payee_account_masked=f"{'*' * (len(row.payee_account) - 4)}{row.payee_account[-4:]}",
        amount=Money.model_validate({"amount": row.amount, "currency": row.currency}),
        state=TransferState(row.state),
        instruction_sha256=row.instruction_sha256,
        expires_at=row.expires_at,
    )
