"""``/v1/cases/{id}/…``: what a process asks of the books. For the worker's service account only.

Every POST is one step of a process; its Idempotency-Key is ``{workflow_id}:{step}``, and a step that was done answers as it
did the first time.
"""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from domain.authority import AuthorityChain
from domain.dossier import Dossier, FindingRecord
from domain.finding import FindingRef
from domain.money import Money
from domain.process import (
    CaseOpening,
    CaseStep,
    CheckResult,
    ContractRef,
    DecisionEntered,
    DecisionRecord,
    DutyHeld,
    MemoRef,
    OfferRef,
)
from domain.requests.collateral import cohorts
from policy.engine import Bundle
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.documents import DocumentStore
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response
from services.origination import checks
from services.origination.calc.authority import requirements
from services.origination.calc.memo import memo
from services.origination.calc.opening import condition_terms, rulebook
from services.origination.calc.terms import OfferTerms, contract_data, offer_terms
from services.origination.routes.roles import WORKER
from services.origination.store import applications, approvals, casework, drafting, facilities, reference
from services.origination.store.approvals import Policies
from services.origination.store.business_day import business_day
from services.origination.store.policies import PolicyShelf
from services.origination.store.tasks import duties_discharged, memo_notes
from services.origination.tables.cases import Contract, Decision, Offer

router = Router(prefix="/v1/cases/{case_id}", tags=["processes"])

Worker = Annotated[Principal, allow(*WORKER)]
Call = Annotated[IdempotentCall, idempotent()]
FINDING_LIMIT = 8_000_000


@router.get("/opening", response_model=CaseOpening, responses={409: problem_response(409)})
async def opening(request: Request, case_id: UUID, who: Worker, as_of: Annotated[date, Query()]) -> CaseOpening:
    """What a process is told at its start, and again when the case was amended: rulebook, cohorts, conditions, the version
    of the content, and who leads the investigation."""
    database: Database = request.app.state.database
    shelf: PolicyShelf = request.app.state.policies
    async with database.reading() as session:
        row = await applications.case(session, case_id)
        version = await drafting.frozen(session, row)
    content = applications.content_of(version)
    pinned_on = row.pinned_on or as_of
    bundle = await shelf.bundle(row.policy_sha256 or "")
    async with database.reading() as session:
        calendar, _ = await reference.calendar(session, bundle.business_day(pinned_on).calendar, as_of)
        # Whoever submitted has a duty already: without it the process could not keep the submitter from other ones.
        duties = await duties_discharged(session, case_id)
        agreed = await facilities.due_from_effect(session, case_id)
        margin = await facilities.margin_agreement(session, case_id)
    return CaseOpening(
        rulebook=rulebook(bundle, pinned_on, calendar),
        lead_investigator=version.frozen_by,
        cohorts=cohorts(content),
        conditions=condition_terms(bundle, content.lines[0].product, pinned_on, content),
        agreed=agreed,
        margin=margin,
        duties=tuple(DutyHeld(subject=subject, duty=duty) for subject, duty in duties),
        content_version=version.content_version,
        content_sha256=version.sha256,
    )


@router.get("/dossier", response_model=Dossier, responses={409: problem_response(409)})
async def dossier(
    request: Request,
    case_id: UUID,
    who: Worker,
    as_of: Annotated[
        date | None, Query(description="the day of the books; that of the newest conclusion if left out")
    ] = None,
) -> Dossier:
    """All that an assessment step may know."""
    database: Database = request.app.state.database
    async with database.reading() as session:
        return await casework.read_dossier(session, case_id, as_of)


@router.post("/checks/{name}", response_model=CheckResult, responses={502: problem_response(502)})
async def check(
    request: Request,
    case_id: UUID,
    name: checks.CheckName,
    body: CaseStep,
    who: Worker,
    call: Call,
) -> Response:
    """Run a check on the frozen content and the books of the day, and enter what it concludes.

    ``contracting`` needs the offer and the decision behind it: before them 409.
    """
    _of_this_case(case_id, body.case_id)
    database: Database = request.app.state.database
    drawn = await checks.run(request.app.state, name, case_id, body.as_of, body.workflow_id)

    async def effect(session: Any) -> Reply:
        ref = await casework.file_own(
            session, who, body, drawn.finding, drawn.inputs, beside=drawn.beside, beside_inputs=drawn.beside_inputs
        )
        return Reply(200, CheckResult(finding=ref, reasons=drawn.finding.reasons))

    return await call.atomic(database, effect)


@router.post("/findings", response_model=FindingRef, max_body_size=FINDING_LIMIT)
async def record_finding(request: Request, case_id: UUID, body: FindingRecord, who: Worker, call: Call) -> Response:
    """Enter a conclusion of another service into the case."""
    _of_this_case(case_id, body.step.case_id)
    database: Database = request.app.state.database

    async def effect(session: Any) -> Reply:
        ref = await casework.file_finding(
            session,
            who,
            body.step,
            body.ref,
            service=body.service,
            value=body.value,
            reasons=body.reasons,
            asset_key=body.asset_key,
            cohort=body.cohort,
            part=body.part,
        )
        return Reply(200, ref)

    return await call.atomic(database, effect)


@router.post("/memo", response_model=MemoRef)
async def assemble_memo(request: Request, case_id: UUID, body: CaseStep, who: Worker, call: Call) -> Response:
    """Assemble the credit memo from the dossier and everything concluded, and file it."""
    _of_this_case(case_id, body.case_id)
    database: Database = request.app.state.database
    documents: DocumentStore = request.app.state.documents
    async with database.reading() as session:
        case = await casework.case_file(session, case_id, body.as_of)
        facts = await casework.dossier_of(session, case)
        notes = await memo_notes(session, case_id)
    shelf: PolicyShelf = request.app.state.policies
    template = (await shelf.bundle(facts.policy_sha256)).memo_template(facts.pinned_on or body.as_of)
    items = [casework.assessment_item(item) for item in case.found]
    text = memo(facts, items, body.as_of, template, notes)
    name = f"{facts.case_number}-memo.md"
    stored = await documents.put_bytes(text.encode(), name)

    async def effect(session: Any) -> Reply:
        row = await applications.case(session, case_id, lock=True)
        document = await applications.add_document(
            session, who, row, stored, kind=casework.MEMO_KIND, name=name, as_of=body.as_of
        )
        return Reply(200, MemoRef(document_sha256=document.sha256))

    return await call.atomic(database, effect)


@router.post("/authority", response_model=AuthorityChain)
async def authority(request: Request, case_id: UUID, body: CaseStep, who: Worker, call: Call) -> Response:
    """Ask the authority matrix who must decide, and enter the answer with its proof."""
    _of_this_case(case_id, body.case_id)
    database: Database = request.app.state.database
    drawn, proof = await checks.run_authority(request.app.state, case_id, body.as_of)

    async def effect(session: Any) -> Reply:
        ref = await casework.file_own(session, who, body, drawn.finding, drawn.inputs)
        row = await applications.case(session, case_id)
        steps = requirements(proof, row.policy_sha256 or "", ref.sha256)
        return Reply(200, AuthorityChain(steps=steps))

    return await call.atomic(database, effect)


@router.post("/decisions", response_model=DecisionEntered)
async def decide(request: Request, case_id: UUID, body: DecisionRecord, who: Worker, call: Call) -> Response:
    """Enter the credit decision as the process took it. An approval reserves what it grants under the customer's and the
    group's ceilings, in the same transaction; where they have no room the answer says which is short, and by how much."""
    _of_this_case(case_id, body.case_id)
    database: Database = request.app.state.database
    policies: PolicyShelf = request.app.state.policies
    today = await business_day(database, policies, body.at)
    bundles = Policies(await _pinned(request, case_id), today.bundle)

    async def effect(session: Any) -> Reply:
        await casework.enter_decision(session, who, body)
        return Reply(200, DecisionEntered(short=await approvals.decided(session, who, body, today.day, bundles)))

    return await call.atomic(database, effect)


@router.post("/offers", response_model=OfferRef)
async def offer(request: Request, case_id: UUID, body: CaseStep, who: Worker, call: Call) -> Response:
    """Draw up the offer: limit, price, schedule and conditions, under one hash."""
    _of_this_case(case_id, body.case_id)
    database: Database = request.app.state.database
    shelf: PolicyShelf = request.app.state.policies
    async with database.reading() as session:
        facts = await casework.read_dossier(session, case_id, body.as_of)
        decision = await casework.newest(session, Decision, case_id)
    _needs(limit=facts.limit, quote=facts.quote, schedule=facts.schedule, decision=decision)
    assert decision is not None
    bundle = await shelf.bundle(facts.policy_sha256)
    pinned_on = facts.pinned_on or body.as_of
    terms = offer_terms(
        facts,
        condition_terms(bundle, facts.line.product, pinned_on, facts.content),
        casework.decided_conditions(decision),
        validity_days=bundle.validity(pinned_on).offer_days,
        as_of=body.as_of,
    )

    bundles = Policies(bundle, await shelf.in_force(body.as_of))

    async def effect(session: Any) -> Reply:
        await approvals.offered_room(session, who, body, terms.amount, terms.valid_until, bundles)
        made = await casework.enter_offer(session, who, body, terms)
        return Reply(
            200,
            OfferRef(
                offer_id=made.id,
                terms_sha256=made.terms_sha256,
                valid_until=made.valid_until,
                amount=Money(amount=made.amount),
            ),
        )

    return await call.atomic(database, effect)


@router.post("/contracts", response_model=ContractRef)
async def contract(request: Request, case_id: UUID, body: CaseStep, who: Worker, call: Call) -> Response:
    """Draw up the agreement's data from the offer that was accepted: every condition a clause, the whole under one hash."""
    _of_this_case(case_id, body.case_id)
    database: Database = request.app.state.database

    async def effect(session: Any) -> Reply:
        row = await applications.case(session, case_id, lock=True)
        facts = await casework.read_dossier(session, case_id, body.as_of)
        accepted = await casework.newest(session, Offer, case_id)
        decision = await casework.newest(session, Decision, case_id)
        _needs(offer=accepted, decision=decision)
        assert accepted is not None
        assert decision is not None
        number = f"{row.case_number}-C{await casework.contracts_so_far(session, case_id) + 1:02d}"
        data = contract_data(
            facts,
            OfferTerms.model_validate(accepted.terms),
            accepted.id,
            decision.model_dump(mode="json"),
            number=number,
            as_of=body.as_of,
        )
        drawn: Contract = await casework.enter_contract(session, who, body, data)
        return Reply(
            200,
            ContractRef(
                contract_id=drawn.id,
                number=drawn.number,
                data_sha256=drawn.data_sha256,
                clauses=len(drawn.clauses),
            ),
        )

    return await call.atomic(database, effect)


async def _pinned(request: Request, case_id: UUID) -> Bundle:
    """The policy a case is pinned to. Raises ``not_found``, and ``step_not_possible`` before submission."""
    database: Database = request.app.state.database
    policies: PolicyShelf = request.app.state.policies
    async with database.reading() as session:
        row = await applications.case(session, case_id)
    if row.policy_sha256 is None:
        raise Problem("step_not_possible", needs="submission")
    return await policies.bundle(row.policy_sha256)


def _of_this_case(address: UUID, body: UUID) -> None:
    if address != body:
        fault = Fault("/case_id", "other_case", "与地址中的业务编号不一致", "is not the case of the address")
        raise Problem("invalid_request", errors=[fault], count=1)


def _needs(**found: object) -> None:
    lacking = [name for name, item in found.items() if item is None]
    if lacking:
        raise Problem("step_not_possible", needs=", ".join(lacking))
