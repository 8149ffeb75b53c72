"""What assets and cash flow carry together, and how a plan stands under stress."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.canonical import sha256_of
from domain.coverage import Amortisation, AmortisationRequest, CoverageInputs, StressRequest, StressTest
from domain.finding import Finding, FindingValue, ModelRef, Outcome
from policy.engine import Bundle, PolicyNotInForce
from policy.engine.collateral import CollateralPolicy
from policy.engine.coverage import CoveragePolicy
from services.collateral.calc.amortisation import largest_loan
from services.collateral.calc.conclusion import Conclusion, reason
from services.collateral.calc.stress import stress_test
from services.collateral.dependencies import VALUERS, DatabaseDep, PoliciesDep
from services.collateral.store import conclusions
from services.kit.auth import allow, record_refusal
from services.kit.database import Database, new_id, now
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response

router = Router(tags=["coverage"])

V = TypeVar("V", bound=FindingValue)
R = TypeVar("R", bound=CoverageInputs)
Calculation = Callable[[R, CollateralPolicy, CoveragePolicy, Decimal | None], Conclusion[V]]

DryRun = Annotated[bool, Query(description="conclude without storing anything; people may ask only so")]


@router.post("/v1/amortisations", response_model=Finding[Amortisation], responses={502: problem_response(502)})
async def amortise(
    body: AmortisationRequest,
    request: Request,
    who: Annotated[Principal, allow(*VALUERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
    policies: PoliciesDep,
    dry_run: DryRun = False,
) -> Response:
    """The largest loan that assets and cash flow carry, and the schedule of a loan that keeps to it."""
    branch = await _admitted(request, database, body, who, dry_run)
    bundle = await policies.bundle(body.policy_sha256)
    finding = await asyncio.to_thread(
        _concluded, body, bundle, Finding[Amortisation], largest_loan.KIND, largest_loan.MODEL, largest_loan.amortise
    )
    return await _filed(call, database, finding, body, branch, dry_run)


@router.post("/v1/stress-tests", response_model=Finding[StressTest], responses={502: problem_response(502)})
async def stress(
    body: StressRequest,
    request: Request,
    who: Annotated[Principal, allow(*VALUERS, scope="branch")],
    call: Annotated[IdempotentCall, idempotent()],
    database: DatabaseDep,
    policies: PoliciesDep,
    dry_run: DryRun = False,
) -> Response:
    """A plan as it stands and under every stress of policy: worst loan-to-value, least coverage, first breaches, cure."""
    branch = await _admitted(request, database, body, who, dry_run)
    bundle = await policies.bundle(body.policy_sha256)
    finding = await asyncio.to_thread(
        _concluded, body, bundle, Finding[StressTest], stress_test.KIND, stress_test.MODEL, stress_test.stress_test
    )
    return await _filed(call, database, finding, body, branch, dry_run)


async def _admitted(request: Request, database: Database, body: CoverageInputs, who: Principal, dry_run: bool) -> str:
    """The branch the case's assets are registered at, empty where it has none. People only try out, and only where they
    see the case."""
    if who.kind != "service" and not dry_run:
        await record_refusal(request, "dry_run_only", principal=who, reason="role")
        raise Problem("dry_run_only")
    async with database.session() as session:
        branch = await conclusions.branch_of(session, body.case_id)
    if branch and not who.sees_branch(branch):
        await record_refusal(request, "not_found", principal=who, reason="scope")
        raise Problem("not_found")
    return branch


def _concluded(
    body: R,
    bundle: Bundle,
    shape: type[Finding[V]],
    kind: str,
    model: ModelRef,
    calculation: Calculation[R, V],
) -> Finding[V]:
    on = body.policy_on
    try:
        collateral = bundle.collateral(on)
        target = bundle.product(body.product, on).minimum_dscr
    except PolicyNotInForce:
        raise _not_in_force(body) from None
    try:
        house = bundle.coverage(on)
    except PolicyNotInForce:
        # A case that took its policy before there was one of coverage goes on without, and its file says so.
        conclusion: Conclusion[V] = Conclusion(Outcome.NOT_RUN, None, (reason("COVERAGE_POLICY_MISSING"),), ())
        standing = None
    else:
        conclusion = calculation(body, collateral, house, target)
        standing = bundle.ref(house)
    return shape(
        id=new_id(),
        kind=kind,
        outcome=conclusion.outcome,
        value=conclusion.value,
        reasons=conclusion.reasons,
        trace=conclusion.trace,
        inputs_sha256=sha256_of(body),
        policy=standing,
        model=model,
        as_of=body.as_of,
        made_at=now(),
    )


async def _filed(
    call: IdempotentCall,
    database: Database,
    finding: Finding[Any],
    body: CoverageInputs,
    branch: str,
    dry_run: bool,
) -> Response:
    async def effect(session: AsyncSession) -> Reply:
        if not dry_run:
            await conclusions.keep(session, finding, body, branch)
        return Reply(200, finding)

    return await call.atomic(database, effect)


def _not_in_force(body: CoverageInputs) -> Problem:
    fault = Fault(
        "/as_of" if body.pinned_on is None else "/pinned_on",
        "policy_not_in_force",
        "该产品或押品政策在此日期尚未生效",
        "the product or the collateral policy was not in force on this date",
    )
    return Problem("invalid_request", errors=[fault], count=1)
