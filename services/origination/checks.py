"""Running the checks of a case: inputs read in one short transaction, neighbours asked outside of it, then pure code."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from starlette.datastructures import State

from domain.finding import Finding, FindingValue, PolicyRef, ReferenceDataRef
from domain.model import Value
from policy.engine import Bundle
from services.collateral.client import CollateralClient
from services.kit.database import Database, new_id, now
from services.origination.calc import cross_checks as cross
from services.origination.calc.authority import AuthorityInputs, AuthorityProof, authority
from services.origination.calc.case_facts import Screens
from services.origination.calc.conclusion import Check, finding
from services.origination.calc.intake import CustomerStanding, IntakeInputs, intake
from services.origination.calc.regulation import RegulationInputs, regulation
from services.origination.calc.screening import ScreeningInputs, policy_of, screening
from services.origination.store.check_inputs import CaseAtStep, case_at
from services.origination.store.policies import PolicyShelf

CheckName = Literal["intake", "screening", "cross_checks", "regulation"]


@dataclass(frozen=True)
class Drawn:
    """A finding and the inputs it was drawn from."""

    finding: Finding[Any]
    inputs: Value


@dataclass(frozen=True)
class _Books:
    case: CaseAtStep
    pinned: Bundle
    current: Bundle
    pinned_on: date
    as_of: date


async def run(state: State, name: CheckName, case_id: UUID, as_of: date) -> Drawn:
    """Run a check of a case on a business date. Raises ``not_found``, ``step_not_possible``, ``no_policy_in_force``,
    ``no_reference_data``."""
    books = await _books(state, case_id, as_of)
    match name:
        case "intake":
            return _intake(books)
        case "screening":
            return await _screening(state, books)
        case "cross_checks":
            return _cross_checks(books)
        case "regulation":
            return await _regulation(state, books)


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


async def _screening(state: State, books: _Books) -> Drawn:
    case = books.case
    inputs = ScreeningInputs(
        content_sha256=case.content_sha256,
        policy_sha256=books.pinned.sha256,
        current_policy_sha256=books.current.sha256,
        pinned_on=books.pinned_on,
        as_of=books.as_of,
        lender=case.dossier.lender,
        exposures=case.dossier.exposures,
        screens=await _screens(state, case),
    )
    check = screening(inputs, case.content, books.pinned, books.current)
    return _drawn("screening", check, inputs, books, policy_of(case.content, books.pinned, books.pinned_on))


def _cross_checks(books: _Books) -> Drawn:
    validity = books.pinned.validity(books.pinned_on)
    inputs = cross.CrossCheckInputs(
        content_sha256=books.case.content_sha256, as_of=books.as_of, accounts_months=validity.accounts_months
    )
    check = cross.cross_checks(inputs, books.case.content)
    return _drawn("cross_checks", check, inputs, books, books.pinned.ref(validity))


async def _regulation(state: State, books: _Books) -> Drawn:
    inputs = await _regulation_inputs(state, books)
    check = regulation(inputs, books.case.content, books.pinned, books.current)
    return _drawn("regulation", check, inputs, books, policy_of(books.case.content, books.pinned, books.pinned_on))


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
            return Screens(blacklisted=case.blacklisted, duplicate_serial=contested, foreign_gpu=case.foreign_gpu)


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
