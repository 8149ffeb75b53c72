"""Running the fraud and consistency checks of a case: the books of all cases read, outside sources asked with no transaction
open, then pure code."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import structlog
from starlette.datastructures import State

from domain.application import ApplicationContent
from domain.application.serials import serial_identity
from domain.canonical import sha256_of
from domain.finding import Finding, Outcome, ReferenceDataRef
from domain.integrity import (
    KIND,
    Attested,
    BureauReport,
    CheckId,
    CheckMoment,
    CourtRecord,
    IntegrityConclusion,
    InvoiceRecord,
    KnownEntity,
    RegistryExtract,
    SerialClash,
    Tie,
    kind_of,
)
from domain.reference import KnownNames
from policy.engine import Bundle
from policy.engine.integrity import IntegrityPolicy
from services.collateral.client import CollateralClient
from services.kit.database import Database, new_id, now
from services.kit.keyring import Keyring
from services.kit.telemetry import describe
from services.origination.calc.conclusion import MODELS
from services.origination.calc.consents import permits
from services.origination.calc.integrity.counterparts import named
from services.origination.calc.integrity.examination import Examination, IntegrityInputs
from services.origination.calc.integrity.names import read_name, similarity
from services.origination.calc.integrity.run import examine
from services.origination.outside.adapter import OutsideSources, SourceSilent
from services.origination.store.check_inputs import CaseAtStep
from services.origination.store.integrity import books_of_all_cases, drawing_of

_AT_ONCE = 8
"""So many questions to one outside source at a time."""
_NEAR = Decimal("0.75")
"""Of the policy's similarity: known entities nearer than that are kept with the inputs, so that a check can be recomputed."""

_log = structlog.get_logger(__name__)
A = TypeVar("A")
R = TypeVar("R")


@dataclass(frozen=True)
class Examined:
    """The checks of a moment, with what they were drawn from and the findings they become."""

    inputs: IntegrityInputs | None
    seen: tuple[Examination, ...] = ()
    findings: tuple[Finding[Any], ...] = ()


async def run_integrity(
    state: State,
    case: CaseAtStep,
    pinned: Bundle,
    pinned_on: date,
    as_of: date,
    moment: CheckMoment,
    workflow_id: str,
) -> Examined:
    """The checks of a moment. Without a policy in force there are none. A process of a drawing asks for those of the drawing."""
    policy = pinned.integrity(pinned_on)
    if policy is None:
        return Examined(None)
    database: Database = state.database
    keyring: Keyring = state.keyring
    content = case.content
    async with database.reading() as session:
        drawing = await drawing_of(session, case.row.case_id, workflow_id)
        if drawing is not None:
            moment = CheckMoment.DRAWING
        books = await books_of_all_cases(session, case.row, content, as_of, pinned, policy, drawing, keyring.digest)
    wanted = {check.id for check in policy.run_at(moment)}
    sources: OutsideSources = state.outside
    registry, unregistered = await _registry(sources, content) if CheckId.REGISTRY_RECORD in wanted else (None, ())
    invoices = books.drawing.invoices if books.drawing is not None else _billed(content)
    product = pinned.product(content.lines[0].product, pinned_on)
    stand = CheckId.PHANTOM_SERVERS in wanted and any(asset.existing and asset.servers for asset in content.assets)
    clashes, attested = await _register(state, case.row.case_id, attestations=stand)
    inputs = IntegrityInputs(
        content_sha256=case.content_sha256,
        policy_sha256=pinned.sha256,
        pinned_on=pinned_on,
        as_of=as_of,
        case_id=case.row.case_id,
        moment=moment,
        working_capital=product.loan_class == "working_capital",
        same_payee_window_days=pinned.payment(pinned_on).same_payee_window_days,
        drawing=books.drawing,
        serial_clashes=clashes,
        pledged_elsewhere=books.pledged_elsewhere,
        invoices_presented=books.invoices_presented,
        invoice_uses=books.invoice_uses,
        invoice_records=await _verified(sources, invoices) if CheckId.INVOICE_VOID in wanted else None,
        ties=_merged(books.ties, registry),
        shared=books.shared,
        known_entities=await _near(case.known_names, content, policy) if CheckId.LOOK_ALIKE in wanted else None,
        common_backers=books.common_backers,
        legs=books.legs,
        peers=books.peers,
        payments=books.payments,
        asset_vendors=books.asset_vendors,
        short_facilities=books.short_facilities,
        registry=registry,
        unregistered=unregistered,
        courts=await _courts(sources, content) if CheckId.COURT_RECORD in wanted else None,
        bureau=await _bureau(sources, case, as_of) if CheckId.BUREAU_RECORD in wanted else None,
        attested=attested,
    )
    seen = examine(inputs, content, pinned)
    made = tuple(_finding(item, inputs, pinned, policy, as_of, case) for item in seen)
    return Examined(inputs, seen, made)


def _finding(
    item: Examination, inputs: IntegrityInputs, pinned: Bundle, policy: IntegrityPolicy, as_of: date, case: CaseAtStep
) -> Finding[IntegrityConclusion]:
    looked_up: tuple[ReferenceDataRef, ...] = ()
    if item.id is CheckId.LOOK_ALIKE and case.known_names_ref is not None:
        looked_up = (case.known_names_ref,)
    return Finding[IntegrityConclusion](
        id=new_id(),
        kind=kind_of(item.id),
        outcome=item.outcome(),
        value=item.value(),
        reasons=tuple(item.reasons),
        trace=tuple(item.trace),
        inputs_sha256=sha256_of(inputs),
        policy=pinned.ref(policy),
        reference_data=looked_up,
        model=MODELS[KIND],
        as_of=as_of,
        made_at=now(),
    )


def _billed(content: ApplicationContent) -> tuple[Any, ...]:
    return tuple(invoice for contract in content.contracts for invoice in contract.invoices or ())


def _merged(ties: Sequence[Tie], registry: Sequence[RegistryExtract] | None) -> tuple[Tie, ...]:
    return tuple(dict.fromkeys([*ties, *(tie for extract in registry or () for tie in extract.ties)]))


async def _register(
    state: State, case_id: UUID, *, attestations: bool
) -> tuple[tuple[SerialClash, ...], tuple[Attested, ...]]:
    """What the register of collateral has of the case's servers: those it has for another case as well, and the newest attestation
    of each asset's site."""
    collateral: CollateralClient = state.collateral
    found: dict[str, SerialClash] = {}
    attested: list[Attested] = []
    cursor = ""
    while True:
        page = await collateral.assets(case_id, cursor)
        for asset in page.items:
            for clash in asset.conflicts:
                key = serial_identity(clash.serial)
                found.setdefault(key, SerialClash(serial=clash.serial, case_number=clash.case_number))
            newest = await collateral.newest_attestation(asset.asset_id) if attestations else None
            if newest is not None:
                outcome = Outcome(newest.outcome)
                attested.append(Attested(listed=newest.pledged, attested=newest.present, outcome=outcome))
        cursor = page.next_cursor
        if not cursor:
            return tuple(found.values()), tuple(attested)


async def _near(
    known: KnownNames | None, content: ApplicationContent, policy: IntegrityPolicy
) -> tuple[KnownEntity, ...] | None:
    """The known entities that are named in the file or near a name in it."""
    if known is None:
        return None
    return await asyncio.to_thread(nearest_entities, known, content, policy)


def nearest_entities(
    known: KnownNames, content: ApplicationContent, policy: IntegrityPolicy
) -> tuple[KnownEntity, ...]:
    """Of the known entities those under a code of the file, or with a name near one in it; in the order of the list."""
    rules = policy.names
    mine = [(uscc, read_name(name, rules)) for _, uscc, name in named(content)]
    codes = {uscc for uscc, _ in mine}
    least = rules.similarity * _NEAR
    return tuple(
        entity
        for entity in known.entries
        if entity.uscc in codes
        or any(similarity(read_name(text, rules), name) > least for text in entity.names for _, name in mine)
    )


# --- outside sources ---------------------------------------------------------------------------------------------------


async def _each(source: str, asked: Iterable[A], ask: Callable[[A], Awaitable[R]]) -> list[tuple[A, R]]:
    """The answers of a source, a few questions at a time. A question it is silent on has none; what failed is logged by its
    kind and never by whom it was about."""
    turn = asyncio.Semaphore(_AT_ONCE)
    answers: list[tuple[A, R]] = []

    async def one(item: A) -> tuple[A, R] | None:
        async with turn:
            try:
                return item, await ask(item)
            except SourceSilent:
                return None
            except Exception as error:
                _log.warning("outside_source_failed", source=source, failure=describe(error))
                return None

    for answer in await asyncio.gather(*[one(item) for item in asked]):
        if answer is not None:
            answers.append(answer)
    return answers


async def _registry(
    sources: OutsideSources, content: ApplicationContent
) -> tuple[tuple[RegistryExtract, ...] | None, tuple[str, ...]]:
    if sources.registry is None:
        return None, ()
    codes = sorted({uscc for _, uscc, _ in named(content)})
    answers = await _each("business_registry", codes, sources.registry.extract)
    extracts = tuple(extract for _, extract in answers if extract is not None)
    return extracts, tuple(uscc for uscc, extract in answers if extract is None)


async def _verified(sources: OutsideSources, invoices: Sequence[Any]) -> tuple[InvoiceRecord, ...] | None:
    if sources.invoices is None:
        return None
    return tuple(record for _, record in await _each("invoice_verification", invoices, sources.invoices.verify))


async def _courts(sources: OutsideSources, content: ApplicationContent) -> tuple[CourtRecord, ...] | None:
    if sources.courts is None:
        return None
    codes = sorted({party.uscc for party in content.parties})
    return tuple(record for _, record in await _each("courts", codes, sources.courts.record))


async def _bureau(sources: OutsideSources, case: CaseAtStep, as_of: date) -> tuple[BureauReport, ...] | None:
    """Reports on those for whom there is a permit; a subject without one is never asked about."""
    if sources.bureau is None:
        return None
    granted = permits(case.content, frozenset(item.sha256 for item in case.filed), as_of)
    answers = await _each("credit_bureau", granted, sources.bureau.report)
    return tuple(report for _, report in answers if report is not None)
