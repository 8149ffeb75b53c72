"""The drawing gate at the books: what it decides from is read at one moment, and its conclusion is filed and entered."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import Payee
from domain.books import CustomerFile
from domain.canonical import sha256_of
from domain.dossier import Dossier
from domain.facility import ConditionKind, ConditionState, GateVerdict, TransferState
from domain.finding import Finding, Outcome
from domain.integrity import KIND as INTEGRITY
from domain.money import ZERO, Money, Rounding
from domain.process import GateResult, UtilisationStep, utilisation_workflow_id
from domain.requests.repayment import planned_by
from policy.engine import Bundle
from services.kit.database import new_id, now
from services.kit.principal import Principal
from services.origination.calc.case_facts import Relationship, valid_guarantees
from services.origination.calc.gate import (
    CapitalPaid,
    DrawingDoubt,
    GateConclusion,
    GateInputs,
    Screened,
    SecurityHeld,
    drawing_gate,
)
from services.origination.calc.payees import asked_payee
from services.origination.calc.payment_mode import EarlierPayment
from services.origination.store import reference
from services.origination.store.applications import case
from services.origination.store.casework import customer_of, file_own, read_dossier
from services.origination.store.commitments import entries_of, locked
from services.origination.store.conditions import met, statuses
from services.origination.store.connections import payees_who_are_one
from services.origination.store.events import record
from services.origination.store.facilities import agreement
from services.origination.tables.base import findings
from services.origination.tables.books import CreditLine
from services.origination.tables.cases import Application, CaseFinding, Decision
from services.origination.tables.facilities import Commitment, ConditionEntry, Facility, Transfer, Utilisation

_MADE = (
    TransferState.CREATED,
    TransferState.CONFIRMED_BY_OWNER,
    TransferState.SENDING,
    TransferState.UNKNOWN,
    TransferState.CONFIRMED,
)
"""Payments that were made or may still be: what can be split to stay below a threshold."""


async def run_gate(
    session: AsyncSession, who: Principal, step: UtilisationStep, pinned: Bundle, current: Bundle
) -> GateResult:
    """Run the gate for a utilisation under the locks of its case and commitment, and enter what it concluded."""
    utilisation, commitment = await locked(session, step)
    facility = await session.get_one(Facility, utilisation.facility_id, populate_existing=True)
    known = await _concluded_before(session, step)
    if known is None:
        dossier = await read_dossier(session, step.case_id, step.as_of)
        inputs = await gate_inputs(session, facility, commitment, utilisation, dossier, step.as_of, pinned, current)
        known = drawing_gate(inputs, dossier.content, pinned, current, finding_id=new_id(), made_at=now())
        await file_own(session, who, step, known, inputs)
        assert known.value is not None
        utilisation.payment_mode = known.value.payment_mode.value
        utilisation.gate_finding_id = known.id
        utilisation.version += 1
        await record(session, step.case_id, "utilisation.gated", who, rows=[utilisation], facts=known.value)
    return _result(known)


async def indicative_gate(
    session: AsyncSession, utilisation: Utilisation, as_of: date, pinned: Bundle, current: Bundle
) -> GateResult:
    """What the gate would say to a drawing that was not asked for yet, if its amount could be reserved. Writes nothing."""
    facility = await session.get_one(Facility, utilisation.facility_id)
    commitment = await session.get_one(Commitment, facility.id)
    dossier = await read_dossier(session, facility.case_id, as_of)
    inputs = await gate_inputs(session, facility, commitment, utilisation, dossier, as_of, pinned, current)
    inputs = inputs.model_copy(update={"reserved": inputs.amount})
    return _result(
        drawing_gate(
            inputs, dossier.content, pinned, current, finding_id=utilisation.id, made_at=utilisation.requested_at
        )
    )


def _result(finding: Finding[GateConclusion]) -> GateResult:
    assert finding.value is not None
    value = finding.value
    return GateResult(
        verdict=GateVerdict(
            allowed=value.allowed,
            payment_mode=value.payment_mode,
            maximum=value.maximum,
            codes=value.codes,
            finding_sha256=finding.sha256(),
        ),
        reasons=finding.reasons,
    )


async def _concluded_before(session: AsyncSession, step: UtilisationStep) -> Finding[GateConclusion] | None:
    """What this very step concluded, when its answer was lost."""
    found = await session.exec(
        select(CaseFinding).where(
            CaseFinding.case_id == step.case_id, CaseFinding.step == f"{step.workflow_id}:{step.step}"
        )
    )
    row = found.one_or_none()
    return None if row is None else await findings.get(session, row.finding_id, Finding[GateConclusion])


async def gate_inputs(
    session: AsyncSession,
    facility: Facility,
    commitment: Commitment,
    utilisation: Utilisation,
    dossier: Dossier,
    as_of: date,
    pinned: Bundle,
    current: Bundle,
) -> GateInputs:
    """All that the gate decides from, out of the books."""
    entries = await entries_of(session, utilisation.id)
    reserved = entries["reserve"].amount if "reserve" in entries and "release" not in entries else Decimal(0)
    agreed = await agreement(session, facility)
    terms = agreed.conditions
    done = met(await statuses(session, facility.case_id))
    payees = [Payee.model_validate(payee) for payee in utilisation.payees]
    window = pinned.payment(facility.pinned_on).same_payee_window_days
    valued = {held.asset_key for held in dossier.valuations}
    earlier = await _earlier_payments(session, facility, utilisation.id, as_of, window)
    involved = {payee.uscc for payee in payees} | {payment.uscc for payment in earlier}
    ones = await payees_who_are_one(session, dossier, facility, involved, pinned)
    return GateInputs(
        content_sha256=sha256_of(dossier.content),
        policy_sha256=pinned.sha256,
        current_policy_sha256=current.sha256,
        pinned_on=facility.pinned_on,
        as_of=as_of,
        product=facility.product,
        lender=dossier.lender,
        exposures=dossier.exposures,
        facility_stage=facility.stage,
        facility_limit=_money(commitment.amount),
        effective_on=facility.effective_on,
        availability_end=facility.availability_end,
        amount=_money(utilisation.amount),
        value_date=utilisation.value_date,
        drawn_before=_money(commitment.drawn + commitment.reserved - reserved),
        reserved=_money(reserved),
        payees=tuple(asked_payee(payee, dossier.content, ones.get(payee.uscc, ())) for payee in payees),
        earlier_payments=earlier,
        precedent_open=tuple(
            sorted(term.code for term in terms if term.kind is ConditionKind.PRECEDENT and term.code not in done)
        ),
        subsequent_breached=await _breached(session, facility.case_id),
        capital=_capital(dossier, pinned, facility),
        security=tuple(
            SecurityHeld(
                asset_key=item.asset_key,
                cohort=item.cohort,
                lending_value=item.valuation.lending_value,
                ltv=item.valuation.ltv,
                eligible=item.valuation.eligible,
                valid_until=item.valuation.valid_until,
            )
            for item in dossier.valuations
        ),
        unvalued=tuple(sorted(asset.key for asset in dossier.content.assets if asset.key not in valued)),
        guaranteed=valid_guarantees(dossier.content, pinned.limits(facility.pinned_on)),
        unsecured=_unsecured(dossier, pinned, facility, _money(commitment.amount)),
        screened=await _screened(session, facility.case_id),
        doubts=await _doubts(session, facility.case_id, utilisation.id),
        relationship=await _relationship(session, facility, as_of),
        working_days_waited=await _waited(session, pinned, facility, utilisation, as_of),
        planned=planned_by(agreed.terms.repayment, facility.effective_on, utilisation.value_date),
    )


async def _waited(
    session: AsyncSession, pinned: Bundle, facility: Facility, utilisation: Utilisation, as_of: date
) -> int | None:
    """Working days after the value date up to today; nothing is counted of a drawing that is not late."""
    if as_of <= utilisation.value_date:
        return None
    calendar, _ = await reference.calendar(session, pinned.business_day(facility.pinned_on).calendar, as_of)
    return calendar.business_days_between(utilisation.value_date, as_of)


def _money(amount: Decimal) -> Money:
    return Money(amount=amount)


def _capital(dossier: Dossier, pinned: Bundle, facility: Facility) -> CapitalPaid | None:
    """Project capital as the limit concluded it; nothing where the product asks for none."""
    if pinned.product(facility.product, facility.pinned_on).capital_ratio is None:
        return None
    capital = dossier.limit.project_capital if dossier.limit is not None else None
    if capital is None:
        return CapitalPaid(required=None, paid_in=None)
    return CapitalPaid(required=capital.required, paid_in=capital.paid_in)


def _unsecured(dossier: Dossier, pinned: Bundle, facility: Facility, limit: Money) -> Money | None:
    """What the card's class leaves unsecured; not known without a rating."""
    if dossier.rating is None:
        return None
    card = pinned.scorecard(dossier.rating.card_id, facility.pinned_on)
    reached = next((item for item in card.classes if item.id == dossier.rating.card_class), None)
    return ZERO if reached is None else limit.times(reached.unsecured_share, Rounding.DOWN)


async def _breached(session: AsyncSession, case_id: UUID) -> tuple[str, ...]:
    """Conditions of the facility or of any of its utilisations that were missed."""
    rows = await session.exec(
        select(ConditionEntry).where(
            ConditionEntry.case_id == case_id, ConditionEntry.state == ConditionState.BREACHED.value
        )
    )
    return tuple(sorted(row.code for row in rows))


async def _doubts(session: AsyncSession, case_id: UUID, utilisation_id: UUID) -> tuple[DrawingDoubt, ...]:
    """The checks of a drawing's own screening that failed or refer, by their newest conclusions."""
    asked_by = utilisation_workflow_id(utilisation_id)
    rows = await session.exec(
        select(CaseFinding)
        .where(
            CaseFinding.case_id == case_id,
            col(CaseFinding.step).startswith(f"{asked_by}:", autoescape=True),
            col(CaseFinding.kind).startswith(f"{INTEGRITY}.", autoescape=True),
        )
        .order_by(col(CaseFinding.id))
    )
    newest = {row.kind: row for row in rows}
    return tuple(
        DrawingDoubt(
            check=row.value["check"],
            outcome=Outcome(row.outcome),
            message_zh=row.reasons[0]["message_zh"],
            message_en=row.reasons[0]["message_en"],
        )
        for row in newest.values()
        if row.outcome in (Outcome.FAIL.value, Outcome.REFER.value)
    )


async def _earlier_payments(
    session: AsyncSession, facility: Facility, utilisation_id: UUID, as_of: date, window_days: int
) -> tuple[EarlierPayment, ...]:
    """Payments out of all facilities of the same borrower inside the window."""
    rows = await session.exec(
        select(Transfer)
        .join(Facility, col(Facility.id) == col(Transfer.facility_id))
        .where(
            Facility.borrower_uscc == facility.borrower_uscc,
            Transfer.utilisation_id != utilisation_id,
            col(Transfer.state).in_([state.value for state in _MADE]),
            Transfer.made_on >= as_of - timedelta(days=window_days),
            Transfer.made_on <= as_of,
        )
        .order_by(col(Transfer.id))
    )
    return tuple(EarlierPayment(uscc=row.payee_uscc, amount=_money(row.amount), made_on=row.made_on) for row in rows)


async def _relationship(session: AsyncSession, facility: Facility, as_of: date) -> Relationship:
    """Whether the lender granted the customer anything before this case, ended or not, and how it judges its standing."""
    application = await case(session, facility.case_id)
    customer = await customer_of(session, application)
    lines = select(CreditLine.id).where(
        CreditLine.customer_id == customer.id,
        CreditLine.lender_id == application.lender_id,
        CreditLine.effective_from <= as_of,
    )
    facilities = (
        select(Facility.id)
        .join(Application, col(Application.case_id) == col(Facility.case_id))
        .where(
            Application.customer_id == customer.id,
            Application.lender_id == application.lender_id,
            Facility.case_id != facility.case_id,
            Facility.effective_on < facility.effective_on,
        )
    )
    before = [(await session.exec(known.limit(1))).first() for known in (lines, facilities)]
    standing = CustomerFile.model_validate(customer.file).credit_standing
    return Relationship(new=before == [None, None], standing=standing)


async def _screened(session: AsyncSession, case_id: UUID) -> Screened | None:
    """The newest screening of the case, and whether its referrals were already before those who decided."""
    rows = await session.exec(
        select(CaseFinding)
        .where(CaseFinding.case_id == case_id, CaseFinding.kind == "screening")
        .order_by(col(CaseFinding.id))
    )
    screenings = rows.all()
    if not screenings:
        return None
    newest = screenings[-1]
    decisions = await session.exec(select(Decision).where(Decision.case_id == case_id).order_by(col(Decision.id)))
    decided = decisions.all()
    before = [row for row in screenings if decided and row.recorded_at <= decided[-1].at]
    known = {_named(reason) for row in before for reason in row.reasons}
    return Screened(
        on=newest.as_of,
        outcome=Outcome(newest.outcome),
        blacklisted=_looked_up(newest, "BLACKLIST"),
        duplicate_serial=_looked_up(newest, "DUPLICATE_SERIAL"),
        decided=bool(before) and {_named(reason) for reason in newest.reasons} <= known,
    )


def _named(reason: dict[str, str]) -> tuple[str, str]:
    return reason["code"], reason.get("subject", "")


def _looked_up(screening: CaseFinding, rule: str) -> bool | None:
    """What a rule of the screening found; ``None`` where it could not be told or was not looked at."""
    items: Sequence[dict[str, str]] = screening.value.get("items", [])
    for item in items:
        if item["code"] == rule:
            return {Outcome.PASS.value: False, Outcome.FAIL.value: True}.get(item["outcome"])
    return None
