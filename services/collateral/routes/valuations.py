"""Valuations, and the findings they are kept as."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.canonical import sha256_of
from domain.collateral import CohortSubject, Valuation, ValuationRequest, ValuationSummary
from domain.finding import Finding, ReferenceDataRef
from domain.valuation_trial import TriedValuations, ValuationTrial
from policy.engine import Bundle, CollateralPolicy, PolicyNotInForce
from services.collateral.calc.valuation import KIND, RightsPolicies, conclude, model
from services.collateral.dependencies import MACHINES, READERS, VALUERS, DatabaseDep, PoliciesDep
from services.collateral.routes.records import recorded
from services.collateral.store import (
    conclusions,
    interests,
    price_indices,
    register,
    searches,
    valuations,
    waivers,
)
from services.collateral.store.conclusions import CollateralFinding
from services.collateral.store.scope import within_sight
from services.collateral.tables import CaseConclusion, ValuationRow
from services.kit.auth import allow, record_refusal
from services.kit.database import Database, new_id, now
from services.kit.idempotency import IdempotentCall, Reply, idempotent_unless_dry_run
from services.kit.paging import Page, PageRequest, fetch_page, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response

router = Router(tags=["valuations"])


@router.post("/v1/valuations", response_model=Finding[Valuation], responses={502: problem_response(502)})
async def value(
    body: ValuationRequest,
    request: Request,
    who: Annotated[Principal, allow(*VALUERS, scope="branch")],
    call: Annotated[IdempotentCall | None, idempotent_unless_dry_run()],
    database: DatabaseDep,
    policies: PoliciesDep,
    dry_run: Annotated[bool, Query(description="conclude without storing anything")] = False,
) -> Response:
    """Value an asset under the case's policy. Same inputs and policy give the same finding, byte for byte."""
    if who.kind != "service" and not dry_run:
        await record_refusal(request, "dry_run_only", principal=who, reason="role")
        raise Problem("dry_run_only")
    if body.evidence is not None and not dry_run:
        # What enters a case stands on the vintages that are kept here, not on what a caller says of them.
        raise Problem("invalid_request", errors=[_OWN_EVIDENCE], count=1)
    bundle = await policies.bundle(body.policy_sha256)
    policy, valid_days = _in_force(body, bundle)
    inputs, branch = await _with_register(database, body, who)
    inputs = await _with_evidence(database, inputs, policy)
    finding = await asyncio.to_thread(_concluded, inputs, bundle, policy, valid_days)
    if call is None:
        return Response(finding.model_dump_json(), 200, media_type="application/json")

    async def effect(session: AsyncSession) -> Reply:
        await valuations.keep(session, finding, inputs, branch)
        return Reply(200, finding)

    return await call.atomic(database, effect)


@router.post("/v1/valuation-trials", response_model=TriedValuations, responses={502: problem_response(502)})
async def try_all(
    body: ValuationTrial,
    who: Annotated[Principal, allow(*MACHINES)],
    database: DatabaseDep,
    policies: PoliciesDep,
) -> TriedValuations:
    """Value the assets of a draft in one call, each as ``/v1/valuations`` would; nothing is stored."""
    asked = []
    for request in body.requests:
        bundle = await policies.bundle(request.policy_sha256)
        policy, valid_days = _in_force(request, bundle)
        inputs, _ = await _with_register(database, request, who)
        asked.append((await _with_evidence(database, inputs, policy), bundle, policy, valid_days))

    def concluded() -> tuple[Finding[Valuation], ...]:
        return tuple(_concluded(*terms) for terms in asked)

    return TriedValuations(findings=await asyncio.to_thread(concluded))


@router.get("/v1/valuations", response_model=Page[ValuationSummary])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    page: Annotated[PageRequest, paged()],
    database: DatabaseDep,
    case_id: Annotated[UUID | None, Query(description="valuations of this case")] = None,
    asset_key: Annotated[str | None, Query(max_length=40, description="valuations of this asset")] = None,
) -> Page[ValuationSummary]:
    """Stored valuations, newest first."""
    statement = within_sight(select(ValuationRow), who, col(ValuationRow.branch))
    if case_id is not None:
        statement = statement.where(ValuationRow.case_id == case_id)
    if asset_key is not None:
        statement = statement.where(ValuationRow.asset_key == asset_key)
    async with database.session() as session:
        found = await fetch_page(session, statement, col(ValuationRow.id), page)
    link_next(request, response, found.next_cursor)
    return Page(items=[valuations.summary(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/v1/findings/{finding_id}", response_model=CollateralFinding)
async def finding(
    finding_id: UUID,
    request: Request,
    who: Annotated[Principal, allow(*READERS, scope="branch")],
    database: DatabaseDep,
) -> Finding[Any]:
    """A finding as it was drawn, with its whole trace: a valuation, or a conclusion about the whole case."""
    async with database.session() as session:
        row = await session.get(CaseConclusion, finding_id)
        concluded = await conclusions.find(session, row) if row is not None and who.sees_branch(row.branch) else None
    return concluded if concluded is not None else await recorded(finding_id, request, who, database)


async def _with_register(database: Database, asked: ValuationRequest, who: Principal) -> tuple[ValuationRequest, str]:
    """The request with what the register knows of the asset, and the branch it belongs to.

    People may try out values of assets that are in no register yet; an asset of another branch they do not see.
    """
    async with database.session() as session:
        asset = await register.asset_of(session, asked.case_id, asked.asset_key)
        if asset is None:
            return asked, ""
        if not who.sees_branch(asset.branch):
            raise Problem("not_found")
        found: dict[str, bool] = {}
        if asked.duplicate_serial is None and isinstance(asked.subject, CohortSubject):
            found["duplicate_serial"] = await register.duplicate_serial(session, asset)
        if asked.lien_waiver is None and await waivers.waived_everywhere(session, asset.id, asked.as_of):
            found["lien_waiver"] = True
        if await searches.names_servers(session, asset.id, asked.as_of):
            # Whatever was declared: another creditor has registered over the same goods.
            found["encumbered"] = True
        if await interests.outranked(session, asset, asked.as_of):
            # Registered too late for purchase-money priority, say: no credit until counsel has decided.
            found["encumbered"] = True
        return asked.model_copy(update=found), asset.branch


async def _with_evidence(database: Database, asked: ValuationRequest, policy: CollateralPolicy) -> ValuationRequest:
    """The request with what the price indices say of its GPU on the day, where the policy's model reads them."""
    subject = asked.subject
    if asked.evidence is not None or policy.gpu.index is None or not isinstance(subject, CohortSubject):
        return asked
    async with database.session() as session:
        found = await price_indices.evidence(session, subject.gpu_type, asked.as_of)
    return asked.model_copy(update={"evidence": found})


def _in_force(asked: ValuationRequest, bundle: Bundle) -> tuple[CollateralPolicy, int]:
    """The policy of the request's day, and for how many days it trusts a valuation."""
    try:
        return bundle.collateral(asked.policy_on), bundle.validity(asked.policy_on).valuation_days
    except PolicyNotInForce:
        pointer = "/as_of" if asked.pinned_on is None else "/pinned_on"
        raise Problem("invalid_request", errors=[_not_in_force(pointer)], count=1) from None


def _concluded(
    inputs: ValuationRequest, bundle: Bundle, policy: CollateralPolicy, valid_days: int
) -> Finding[Valuation]:
    rights = RightsPolicies(bundle.data_assets(inputs.policy_on), bundle.compute_orders(inputs.policy_on))
    conclusion = conclude(inputs, policy, valid_days, rights)
    pinned = inputs.evidence.vintages if inputs.evidence is not None else ()
    return Finding[Valuation](
        id=new_id(),
        kind=KIND,
        outcome=conclusion.outcome,
        value=conclusion.value,
        reasons=conclusion.reasons,
        trace=conclusion.trace,
        inputs_sha256=sha256_of(inputs),
        policy=bundle.ref(policy),
        reference_data=tuple(ReferenceDataRef(id=item.id, vintage=item.vintage, sha256=item.sha256) for item in pinned),
        model=model(inputs.subject, policy, rights),
        as_of=inputs.as_of,
        made_at=now(),
    )


def _not_in_force(pointer: str) -> Fault:
    return Fault(
        pointer,
        "policy_not_in_force",
        "该政策在此日期尚未生效",
        "the policy was not in force on this date",
    )


_OWN_EVIDENCE = Fault(
    "/evidence",
    "dry_run_only",
    "业务估值的市场依据由系统查取，仅试算可自带",
    "market evidence of a case's valuation is looked up; only a dry run may bring its own",
)
