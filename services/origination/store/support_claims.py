"""The register of claims under voucher programmes. All that decides a claim is read under one lock, so that two claims at once
cannot take the same contract, the same rest of a year or the same rest of a pool."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func
from sqlalchemy import select as core_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent
from domain.money import Money
from domain.roles import HEAD_OFFICE
from domain.support_claims import SupportClaimBody, SupportClaimState, SupportClaimView
from policy.engine import Bundle, ComputeVoucherTerms, PolicyNotInForce
from services.kit.database import now
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.calc.support_checks import RegisteredClaim
from services.origination.calc.support_claims import RegisterFacts, contract_key, decided
from services.origination.store import reference
from services.origination.tables.programmes import SupportClaim

_LOCK: Final = "origination.support_claim"
_TAKING: Final = (SupportClaimState.ENTERED.value, SupportClaimState.CONFIRMED.value)
"""Claims that take money."""


async def enter(
    session: AsyncSession, who: Principal, body: SupportClaimBody, bundle: Bundle, today: date
) -> SupportClaim:
    """Enter a claim with what is due on it. Raises ``invalid_request`` with every fault, ``support_contract_claimed`` where a claim
    of the programme already takes money for the contract in the year."""
    await (await session.connection()).execute(core_select(func.pg_advisory_xact_lock(func.hashtextextended(_LOCK, 0))))
    faults = []
    key = contract_key(body.contract_number)
    if not key:
        faults.append(Fault("/contract_number", "no_number", "没有可比对的编号", "has no letter or digit"))
    if body.claimed_on > today:
        faults.append(Fault("/claimed_on", "in_the_future", "不得晚于今日", "must not lie in the future"))
    try:
        programme = bundle.programme(body.programme, body.claimed_on)
    except PolicyNotInForce:
        zh, en = "该日无此扶持政策", "no such programme is in force on the day of the claim"
        raise _refused([*faults, Fault("/programme", "programme_unknown", zh, en)]) from None
    terms = programme.terms
    if not isinstance(terms, ComputeVoucherTerms):
        zh, en = "该政策不是算力券", "the programme gives no vouchers"
        raise _refused([*faults, Fault("/programme", "programme_of_another_form", zh, en)])
    known = await _known(session, body, key, terms)
    try:
        decision = decided(terms, body, known)
    except LookupError:
        zh, en = "该政策无此企业类别", "the programme knows no such standing"
        raise _refused([*faults, Fault("/standing", "standing_unknown", zh, en)]) from None
    if faults:
        raise _refused(faults)
    if await _claimed(session, body, key):
        raise Problem("support_contract_claimed")
    row = SupportClaim(
        programme=programme.id,
        programme_version=programme.version,
        policy_sha256=bundle.sha256,
        state=decision.state.value,
        claimed_on=body.claimed_on,
        year=body.claimed_on.year,
        firm_uscc=body.firm_uscc,
        contract_number=body.contract_number,
        contract_key=key,
        contract_amount=body.contract_amount.amount,
        signed_on=body.signed_on,
        contract_months=body.contract_months,
        supplier_uscc=body.supplier_uscc,
        supplier_related=body.supplier_related,
        standing=body.standing,
        supported_elsewhere=body.supported_elsewhere,
        amount=None if decision.amount is None else decision.amount.amount,
        code=decision.code,
        missing=list(decision.missing),
        claimed_under=list(known.claimed_under),
        branch=who.branch,
        entered_by=who.subject,
    )
    session.add(row)
    await session.flush()
    return row


def _refused(faults: list[Fault]) -> Problem:
    return Problem("invalid_request", errors=faults, count=len(faults))


def _taking(*where: Any) -> Any:
    return (col(SupportClaim.state).in_(_TAKING), *where)


async def _known(session: AsyncSession, body: SupportClaimBody, key: str, terms: ComputeVoucherTerms) -> RegisterFacts:
    same_programme = SupportClaim.programme == body.programme
    year = await _sum(
        session, same_programme, SupportClaim.firm_uscc == body.firm_uscc, SupportClaim.year == body.claimed_on.year
    )
    others = await session.exec(
        select(SupportClaim.programme)
        .where(
            *_taking(
                SupportClaim.programme != body.programme,
                SupportClaim.firm_uscc == body.firm_uscc,
                SupportClaim.contract_key == key,
            )
        )
        .distinct()
        .order_by(SupportClaim.programme)
    )
    listed = None
    if terms.supplier_list is not None:
        standing = await reference.standing(session, (terms.supplier_list,), body.claimed_on)
        suppliers = standing.named_list(terms.supplier_list)
        listed = None if suppliers is None else body.supplier_uscc in suppliers[0]
    return RegisterFacts(
        received_this_year=year,
        pool_taken=await _sum(session, same_programme),
        claimed_under=tuple(others),
        supplier_listed=listed,
    )


async def _sum(session: AsyncSession, *where: Any) -> Money:
    taken = select(func.coalesce(func.sum(SupportClaim.amount), 0)).where(*_taking(*where))
    return Money(amount=(await session.exec(taken)).one())


async def _claimed(session: AsyncSession, body: SupportClaimBody, key: str) -> bool:
    """Whether the programme pays for the contract already, in this year or another: a contract is claimed once."""
    found = await session.exec(
        select(SupportClaim.id)
        .where(
            *_taking(
                SupportClaim.programme == body.programme,
                SupportClaim.firm_uscc == body.firm_uscc,
                SupportClaim.contract_key == key,
            )
        )
        .limit(1)
    )
    return found.first() is not None


async def of_contracts(session: AsyncSession, uscc: str, content: ApplicationContent) -> tuple[RegisteredClaim, ...]:
    """The claims that take money for the contracts of an application's own claims."""
    keys = {contract_key(claim.contract_number) for claim in content.price.subsidies or ()}
    if not keys:
        return ()
    found = await session.exec(
        select(SupportClaim.programme, SupportClaim.contract_key)
        .where(*_taking(SupportClaim.firm_uscc == uscc, col(SupportClaim.contract_key).in_(keys)))
        .order_by(SupportClaim.programme, SupportClaim.contract_key)
        .distinct()
    )
    return tuple(RegisteredClaim(programme=programme, contract_key=key) for programme, key in found)


async def visible_claim(session: AsyncSession, who: Principal, claim_id: UUID, *, lock: bool = False) -> SupportClaim:
    """A claim within the caller's sight. Raises ``not_found``."""
    row = await session.get(SupportClaim, claim_id, with_for_update=lock or None)
    if row is None or not who.sees_branch(row.branch):
        raise Problem("not_found")
    return row


async def claims(
    session: AsyncSession, who: Principal, page: PageRequest, *, programme: str | None, firm_uscc: str | None
) -> Slice[SupportClaim]:
    """A page of the claims within the caller's sight, newest first."""
    statement = select(SupportClaim)
    if who.branch != HEAD_OFFICE:
        statement = statement.where(SupportClaim.branch == who.branch)
    if programme is not None:
        statement = statement.where(SupportClaim.programme == programme)
    if firm_uscc is not None:
        statement = statement.where(SupportClaim.firm_uscc == firm_uscc)
    return await fetch_page(session, statement, SupportClaim.id, page)


def confirm(row: SupportClaim, who: Principal) -> None:
    """Confirm a claim that takes money. Raises ``same_person`` and ``support_claim_state``."""
    if row.state != SupportClaimState.ENTERED.value:
        raise Problem("support_claim_state", state=row.state)
    if row.entered_by == who.subject:
        raise Problem("same_person")
    row.state = SupportClaimState.CONFIRMED.value
    row.confirmed_by = who.subject
    row.version += 1
    row.updated_at = now()


def withdraw(row: SupportClaim, who: Principal, reason: str) -> None:
    """Withdraw a claim: what it took of cap and pool is free again, and the contract can be claimed anew. Raises
    ``support_claim_state`` for one that took nothing."""
    if row.state not in _TAKING:
        raise Problem("support_claim_state", state=row.state)
    row.state = SupportClaimState.WITHDRAWN.value
    row.withdrawn_by = who.subject
    row.reason = reason
    row.version += 1
    row.updated_at = now()


def claim_view(row: SupportClaim) -> SupportClaimView:
    return SupportClaimView(
        claim_id=row.id,
        programme=row.programme,
        programme_version=row.programme_version,
        policy_sha256=row.policy_sha256,
        state=SupportClaimState(row.state),
        claimed_on=row.claimed_on,
        year=row.year,
        firm_uscc=row.firm_uscc,
        contract_number=row.contract_number,
        contract_amount=Money(amount=row.contract_amount),
        signed_on=row.signed_on,
        contract_months=row.contract_months,
        supplier_uscc=row.supplier_uscc,
        standing=row.standing,
        amount=None if row.amount is None else Money(amount=row.amount),
        code=row.code,
        missing=tuple(row.missing),
        claimed_under=tuple(row.claimed_under),
        branch=row.branch,
        entered_by=row.entered_by,
        confirmed_by=row.confirmed_by,
        withdrawn_by=row.withdrawn_by,
        reason=row.reason,
        created_at=row.created_at,
        version=row.version,
    )
