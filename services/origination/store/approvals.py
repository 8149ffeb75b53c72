"""What an approval, an offer and an agreement hold of the limits: reserved with the decision, committed with the facility."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.finding import Reason
from domain.limit import Limit
from domain.money import Money
from domain.process import CaseStep, DecisionRecord
from policy.engine import Bundle
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.calc.exposures import exposure_kind
from services.origination.calc.room import concentration_breaches, family_breaches
from services.origination.calc.terms import offered
from services.origination.store import limits
from services.origination.store.casework import CaseFile, case_file, exposures, one_of, related, value_of
from services.origination.store.limits import Room, Step
from services.origination.store.product_standing import held_by_product
from services.origination.tables.books import Customer

DECLINED = "declined"


@dataclass(frozen=True)
class Policies:
    """The policy a case is pinned to, and the one in force on the day."""

    pinned: Bundle
    current: Bundle


async def decided(
    session: AsyncSession, who: Principal, report: DecisionRecord, as_of: date, policies: Policies
) -> tuple[Reason, ...]:
    """Reserve what an approval grants; returns why there is no room for it. A refusal holds nothing any more."""
    step = Step(report.case_id, report.workflow_id, report.step, as_of)
    if report.decision == DECLINED:
        await limits.release(session, who, step)
        return ()
    case = await case_file(session, report.case_id, as_of)
    return await _reserved(session, who, step, case, policies, _granted(case).amount, report.valid_until)


async def offered_room(
    session: AsyncSession, who: Principal, step: CaseStep, amount: Money, valid_until: date, policies: Policies
) -> None:
    """See to it that what is offered is held. A case that was approved before approvals reserved does so now.

    Raises ``limit_short`` naming every ceiling that has no room.
    """
    held = await limits.standing(session, step.case_id)
    if held is not None and held.reserved == amount.amount:
        return
    case = await case_file(session, step.case_id, step.as_of)
    at = Step(step.case_id, step.workflow_id, step.step, step.as_of)
    short = await _reserved(session, who, at, case, policies, amount.amount, valid_until)
    if short:
        raise _limit_short(short)


async def agreed_room(session: AsyncSession, who: Principal, step: CaseStep, amount: Money, policies: Policies) -> None:
    """Commit what the agreement grants; of a case contracted before approvals reserved, reserve it first.

    Raises ``limit_short`` naming every ceiling that has no room.
    """
    at = Step(step.case_id, step.workflow_id, step.step, step.as_of)
    held = await limits.standing(session, step.case_id)
    if held is None or held.reserved + held.committed < amount.amount:
        case = await case_file(session, step.case_id, step.as_of)
        short = await _reserved(session, who, at, case, policies, amount.amount, None)
        if short:
            raise _limit_short(short)
    await limits.commit(session, who, at, amount.amount)


async def _reserved(
    session: AsyncSession,
    who: Principal,
    step: Step,
    case: CaseFile,
    policies: Policies,
    amount: Decimal,
    lapses_on: date | None,
) -> tuple[Reason, ...]:
    pinned_on = case.row.pinned_on or step.as_of
    product = policies.pinned.product(case.content.lines[0].product, pinned_on)
    room = Room(
        lender_id=case.row.lender_id,
        customer_id=case.customer.id,
        exposure_kind=exposure_kind(product),
        amount=amount,
        lapses_on=lapses_on,
        related=related(case.content),
    )
    lender, _ = case.references.lender(case.row.lender_id)

    async def measured(session: AsyncSession, customer: Customer) -> tuple[Reason, ...]:
        stake = await exposures(session, case.row, customer, lender, step.as_of, case.content)
        asked = Money(amount=amount)
        breaches = concentration_breaches(
            asked, stake, lender, case.content, policies.pinned, policies.current, pinned_on, step.as_of
        )
        held = await held_by_product(session, case.row)
        return (*breaches, *family_breaches(asked, product, policies.pinned, pinned_on, held))

    return await limits.reserve(session, who, step, room, measured)


def _granted(case: CaseFile) -> Money:
    """What the offer will be: no more than the limit concluded, and no more than was asked."""
    line = case.content.lines[0]
    limit = value_of(one_of(case.found, "limit"), Limit)
    return line.amount if limit is None else offered(line, limit.limit)


def _limit_short(short: tuple[Reason, ...]) -> Problem:
    faults = [Fault("/amount", reason.code.lower(), reason.message_zh, reason.message_en) for reason in short]
    return Problem("limit_short", errors=faults, count=len(faults))
