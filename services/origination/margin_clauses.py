"""Clauses of the margin and what is reported on them, held to pricing's reading before the process is asked.

A clause that cannot be read, or a report between which and another no rule could choose, is refused where it is made: at a
reset, years later, nobody could mend it.
"""

from dataclasses import replace
from datetime import date
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.datastructures import State

from domain.margin_ratchet import (
    BaseRateFixing,
    EsgClause,
    GradeStatement,
    MarginAgreement,
    MarginClauses,
    MarginResetRequest,
    Report,
    Statement,
    received,
    subject_of,
)
from domain.pricing import Quote
from domain.tasks import TaskBody, Verb
from services.kit.database import Database, now
from services.kit.http import RemoteProblem
from services.kit.problems import Fault, Problem
from services.kit.validation_faults import faults_of
from services.origination.calc.facility_terms import months_later
from services.origination.store.business_day import business_day
from services.origination.store.casework import case_file, one_of, value_of
from services.origination.tables.cases import ApplicationDocument
from services.pricing.client import PricingClient


def clauses_in(verb: Verb, body: TaskBody) -> list[tuple[int, MarginClauses]]:
    """The margin clauses of a decision, each with its place among the conditions."""
    if verb is not Verb.COMPLETE:
        return []
    return [(place, asked.ratchet) for place, asked in enumerate(body.conditions) if asked.ratchet is not None]


async def hold_clauses(state: State, case_id: UUID, given: list[tuple[int, MarginClauses]]) -> None:
    """Hold the clauses of a decision to the price and tenor of the case. Call it with no transaction open.

    Raises ``invalid_request`` naming every clause that cannot be read.
    """
    database: Database = state.database
    today = (await business_day(database, state.policies, now())).day
    async with database.reading() as session:
        case = await case_file(session, case_id)
    found = one_of(case.found, "quote")
    quote = value_of(found, Quote)
    if quote is None or found is None:
        raise Problem("step_not_possible", needs="quote")
    line = case.content.lines[0]
    faults = [
        Fault(f"/conditions/{place}/ratchet", "clauses_repeated", "只能有一组利率调整条款", "an agreement has one set")
        for place, _ in given[1:]
    ]
    place, clauses = given[0]
    at = f"/conditions/{place}/ratchet"
    try:
        terms = clauses.terms(quote.margin_bps, today, months_later(today, line.tenor_months))
    except ValidationError as error:
        wrong = faults_of(error.errors(include_url=False, include_input=False), None)
        faults += [replace(fault, pointer=at) for fault in wrong]
        terms = None
    else:
        if terms is None:
            faults.append(
                Fault(f"{at}/first_reset_months", "no_reset", "首次重定价晚于到期日", "the loan ends before it")
            )
    if terms is not None:
        assert case.row.policy_sha256 is not None
        agreement = MarginAgreement(
            product=line.product,
            lender_id=case.row.lender_id,
            policy_sha256=case.row.policy_sha256,
            pinned_on=case.row.pinned_on,
            base=BaseRateFixing(tenor=quote.base_rate, fixed_on=found.as_of),
            terms=terms,
        )
        faults += await _unreadable(state, case_id, agreement, (), today, f"{at}/")
    if faults:
        raise Problem("invalid_request", errors=faults, count=len(faults))


async def hold_statement(state: State, case_id: UUID, agreement: MarginAgreement, statement: Statement) -> None:
    """Hold a reported fact to the clauses of the agreement, and its evidence to the file. Call it with no transaction open.

    Raises ``invalid_request`` naming everything wrong with it.
    """
    database: Database = state.database
    today = (await business_day(database, state.policies, now())).day
    async with database.reading() as session:
        filed = await _on_file(session, case_id, statement.evidence)
    faults = []
    if not filed:
        faults.append(Fault("/evidence", "document_unknown", "卷宗中没有该文件", "is no document of this case"))
    if statement.on > today:
        faults.append(Fault("/on", "in_the_future", "不得晚于当日", "lies after the business date"))
    if not _read_by_a_clause(agreement, statement):
        pointer = "/agency" if isinstance(statement, GradeStatement) else "/fact"
        faults.append(Fault(pointer, "no_clause", "协议条款不涉及此项", "no clause of the agreement reads this"))
    if not faults:
        report = received(statement, today)
        faults = await _unreadable(state, case_id, agreement, (report,), today, "/")
    if faults:
        raise Problem("invalid_request", errors=faults, count=len(faults))


def _read_by_a_clause(agreement: MarginAgreement, statement: Statement) -> bool:
    return any(
        (clause.agency if isinstance(clause, EsgClause) else clause.fact) == subject_of(statement)
        and isinstance(clause, EsgClause) == isinstance(statement, GradeStatement)
        for clause in agreement.terms.clauses
    )


async def _unreadable(
    state: State, case_id: UUID, agreement: MarginAgreement, reports: tuple[Report, ...], today: date, at: str
) -> list[Fault]:
    """What pricing refuses to read, at the caller's own places below ``at``."""
    pricing: PricingClient = state.pricing
    request = MarginResetRequest(
        case_id=case_id,
        policy_sha256=agreement.policy_sha256,
        product=agreement.product,
        lender_id=agreement.lender_id,
        as_of=today,
        pinned_on=agreement.pinned_on,
        base=agreement.base,
        terms=agreement.terms,
        reports=reports,
    )
    try:
        await pricing.try_margin(request)
    except RemoteProblem as refused:
        if refused.code != "invalid_request":
            raise
        return [
            Fault(at + _own_place(fault.pointer), fault.code, fault.message, fault.message) for fault in refused.errors
        ]
    return []


def _own_place(pointer: str) -> str:
    """A field of pricing's request as the caller wrote it: the clauses, or the one report."""
    for theirs in ("/terms/", "/reports/0/"):
        if pointer.startswith(theirs):
            return pointer.removeprefix(theirs)
    return ""


async def _on_file(session: AsyncSession, case_id: UUID, sha256: str) -> bool:
    found = await session.exec(
        select(col(ApplicationDocument.id)).where(
            ApplicationDocument.case_id == case_id, ApplicationDocument.sha256 == sha256
        )
    )
    return found.first() is not None
