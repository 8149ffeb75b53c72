"""Running the checks of a case: inputs read in one short transaction, neighbours asked outside of it, then pure code."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal
from uuid import UUID

from starlette.datastructures import State

from domain.finding import Finding, FindingValue, PolicyRef, ReferenceDataRef
from domain.integrity import CheckMoment
from domain.model import Value
from policy.engine import Bundle, SupportProgramme
from services.collateral.client import CollateralClient
from services.kit.database import Database, new_id, now
from services.origination.calc import cross_checks as cross
from services.origination.calc.authority import AuthorityInputs, AuthorityProof, authority
from services.origination.calc.case_facts import Screens, SuspectedLink
from services.origination.calc.conclusion import Check, finding
from services.origination.calc.contracting import ContractingInputs, contracting
from services.origination.calc.fit_facts import debt_service_cover
from services.origination.calc.intake import CustomerStanding, IntakeInputs, intake
from services.origination.calc.regulation import RegulationInputs, regulation
from services.origination.calc.screening import ScreeningInputs, policy_of, screening
from services.origination.calc.support_checks import SupportOfCase
from services.origination.integrity import Examined, run_integrity
from services.origination.store.check_inputs import CaseAtStep, agreed_so_far, case_at
from services.origination.store.connections import common_backers
from services.origination.store.policies import PolicyShelf

CheckName = Literal["intake", "screening", "cross_checks", "regulation", "contracting"]


@dataclass(frozen=True)
class Drawn:
    """A finding and the inputs it was drawn from."""

    finding: Finding[Any]
    inputs: Value
    beside: tuple[Finding[Any], ...] = ()
    """Findings of their own on which it stands, all of the inputs of ``beside_inputs``."""
    beside_inputs: Value | None = None


@dataclass(frozen=True)
class _Books:
    case: CaseAtStep
    pinned: Bundle
    current: Bundle
    pinned_on: date
    as_of: date


async def run(state: State, name: CheckName, case_id: UUID, as_of: date, workflow_id: str = "") -> Drawn:
    """Run a check of a case on a business date, for the process that asks.

    Raises ``not_found``, ``step_not_possible``, ``no_policy_in_force``,
    ``no_reference_data``."""
    books = await _books(state, case_id, as_of)
    match name:
        case "intake":
            return _intake(books)
        case "screening":
            return await _screening(state, books, workflow_id)
        case "cross_checks":
            return await _cross_checks(state, books, workflow_id)
        case "regulation":
            return await _regulation(state, books)
        case "contracting":
            return await _contracting(state, books)


async def run_authority(state: State, case_id: UUID, as_of: date) -> tuple[Drawn, AuthorityProof]:
    """Ask the authority matrix on a business date."""
    books = await _books(state, case_id, as_of)
    inputs = AuthorityInputs(**dict(await _regulation_inputs(state, books)), exceptions=books.case.exceptions())
    proof = authority(inputs, books.case.content, books.pinned)
    matrix = books.pinned.authority(books.pinned_on)
    drawn = _drawn("authority", proof.check, inputs, books, books.pinned.ref(matrix), proof.value)
    return drawn, proof


async def _books(state: State, case_id: UUID, as_of: date) -> _Books:
    database: Database = state.database
    shelf: PolicyShelf = state.policies
    async with database.reading() as session:
        case = await case_at(session, case_id, as_of)
    pinned = await shelf.bundle(case.dossier.policy_sha256)
    return _Books(case, pinned, await shelf.in_force(as_of), case.row.pinned_on or as_of, as_of)


def _intake(books: _Books) -> Drawn:
    case = books.case
    inputs = IntakeInputs(
        content_sha256=case.content_sha256,
        policy_sha256=books.pinned.sha256,
        pinned_on=books.pinned_on,
        as_of=books.as_of,
        customer=CustomerStanding.of(case.customer_uscc, case.customer),
        filed=case.filed,
    )
    check = intake(inputs, case.content, books.pinned)
    return _drawn("intake", check, inputs, books, policy_of(case.content, books.pinned, books.pinned_on))


async def _integrity(state: State, books: _Books, moment: CheckMoment, workflow_id: str) -> Examined:
    return await run_integrity(state, books.case, books.pinned, books.pinned_on, books.as_of, moment, workflow_id)


async def _screening(state: State, books: _Books, workflow_id: str) -> Drawn:
    case = books.case
    examined = await _integrity(state, books, CheckMoment.SCREENING, workflow_id)
    inputs = ScreeningInputs(
        content_sha256=case.content_sha256,
        policy_sha256=books.pinned.sha256,
        current_policy_sha256=books.current.sha256,
        pinned_on=books.pinned_on,
        as_of=books.as_of,
        lender=case.dossier.lender,
        exposures=case.dossier.exposures,
        screens=await _screens(state, case),
        integrity=examined.inputs,
    )
    check = screening(inputs, case.content, books.pinned, books.current)
    policy = policy_of(case.content, books.pinned, books.pinned_on)
    return _beside(_drawn("screening", check, inputs, books, policy), examined)


def _support(books: _Books) -> SupportOfCase | None:
    if not books.case.content.price.subsidies:
        return None
    vouchers = {
        file.id
        for file in books.pinned.files()
        if isinstance(file, SupportProgramme) and file.terms.form == "compute_voucher"
    }
    return SupportOfCase(vouchers=tuple(sorted(vouchers)), registered=books.case.registered_claims)


async def _cross_checks(state: State, books: _Books, workflow_id: str) -> Drawn:
    examined = await _integrity(state, books, CheckMoment.DUE_DILIGENCE, workflow_id)
    validity = books.pinned.validity(books.pinned_on)
    inputs = cross.CrossCheckInputs(
        content_sha256=books.case.content_sha256,
        as_of=books.as_of,
        accounts_months=validity.accounts_months,
        support=_support(books),
        integrity=examined.inputs,
    )
    check = cross.cross_checks(inputs, books.case.content, books.pinned)
    return _beside(_drawn("cross_checks", check, inputs, books, books.pinned.ref(validity)), examined)


def _beside(drawn: Drawn, examined: Examined) -> Drawn:
    return replace(drawn, beside=examined.findings, beside_inputs=examined.inputs)


async def _regulation(state: State, books: _Books) -> Drawn:
    inputs = await _regulation_inputs(state, books)
    check = regulation(inputs, books.case.content, books.pinned, books.current)
    return _drawn("regulation", check, inputs, books, policy_of(books.case.content, books.pinned, books.pinned_on))


async def _contracting(state: State, books: _Books) -> Drawn:
    """Raises ``step_not_possible`` before there is an offer and a decision."""
    database: Database = state.database
    async with database.reading() as session:
        agreed = await agreed_so_far(session, books.case.row.case_id)
    inputs = ContractingInputs(
        **dict(await _regulation_inputs(state, books)),
        customer=CustomerStanding.of(books.case.customer_uscc, books.case.customer),
        duties=agreed.duties,
        decided_by=agreed.decided_by,
        authority_rule=agreed.authority_rule,
        terms=agreed.terms,
        retention_years=state.record_retention_years,
    )
    check = contracting(inputs, books.case.content, books.pinned, books.current)
    return _drawn("contracting", check, inputs, books, policy_of(books.case.content, books.pinned, books.pinned_on))


async def _regulation_inputs(state: State, books: _Books) -> RegulationInputs:
    case = books.case
    return RegulationInputs(
        content_sha256=case.content_sha256,
        policy_sha256=books.pinned.sha256,
        current_policy_sha256=books.current.sha256,
        pinned_on=books.pinned_on,
        as_of=books.as_of,
        lender=case.dossier.lender,
        exposures=case.dossier.exposures,
        screens=await _screens(state, case),
        rating=case.dossier.rating,
        limit=case.dossier.limit,
        valuations=tuple(item.valuation for item in case.dossier.valuations),
        debt_service_cover=debt_service_cover(case.dossier, books.as_of),
        price_below_floor=case.dossier.quote.below_floor if case.dossier.quote is not None else None,
    )


async def _screens(state: State, case: CaseAtStep) -> Screens:
    """What is looked up about a case: the lists of the books, and contested serials of the register of collateral."""
    collateral: CollateralClient = state.collateral
    contested = False
    cursor = ""
    while True:
        page = await collateral.assets(case.row.case_id, cursor)
        contested = contested or any(asset.conflicts for asset in page.items)
        cursor = page.next_cursor
        if not cursor:
            return Screens(
                blacklisted=case.blacklisted,
                duplicate_serial=contested,
                foreign_gpu=case.foreign_gpu,
                replaced_purpose=case.replaced_purpose,
                suspected_link=await _suspected_link(state, case),
            )


async def _suspected_link(state: State, case: CaseAtStep) -> SuspectedLink:
    """The strongest link of the borrower to a customer outside its group: one guarantor and one supplier behind both."""
    database: Database = state.database
    async with database.reading() as session:
        return "guarantor_and_supplier" if await common_backers(session, case.row) else "none"


def _drawn(
    kind: str,
    check: Check,
    inputs: Value,
    books: _Books,
    policy: PolicyRef,
    value: FindingValue | None = None,
) -> Drawn:
    references: tuple[ReferenceDataRef, ...] = books.case.references
    made = finding(
        kind,
        check.outcome(),
        value or check.value(),
        inputs=inputs,
        policy=policy,
        reasons=check.reasons,
        trace=check.trace,
        reference_data=references,
        as_of=books.as_of,
        finding_id=new_id(),
        made_at=now(),
    )
    return Drawn(made, inputs)
