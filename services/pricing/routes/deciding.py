"""What the deciding routes have in common: who may ask, the dry run, and how a conclusion becomes an answer."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Header, Query, Request, Response
from fastapi.params import Depends
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.decision import DecisionInputs
from domain.finding import Finding, FindingValue
from domain.roles import Role
from policy.engine import PolicyNotInForce
from services.kit.auth import allow, authenticated, record_refusal
from services.kit.database import Database, new_id, now
from services.kit.idempotency import IdempotencyRequired, IdempotentCall, Reply
from services.kit.problems import Fault, Problem
from services.pricing.calc.conclusion import Conclusion, Inadmissible
from services.pricing.sources import Sources
from services.pricing.store import findings

V = TypeVar("V", bound=FindingValue)

_COMPONENTS = (Role.SERVICE_WORKER, Role.SERVICE_ORIGINATION)
_PEOPLE = (Role.RELATIONSHIP_MANAGER, Role.RATING_CONFIRMER, Role.REVIEWER, Role.APPROVER)

DryRun = Annotated[bool, Query(description="conclude without storing anything; people may ask only so")]


def deciders() -> Any:
    """Components decide; a relationship manager, rating confirmer, reviewer or approver may try a case with ``dry_run``."""
    return allow(*_COMPONENTS, *_PEOPLE)


def tried(shape: type[Finding[Any]]) -> dict[int | str, dict[str, Any]]:
    """The answer of a dry run, for a route's ``responses``."""
    return {200: {"model": shape, "description": "With dry_run: the finding, which was not stored"}}


class KeyUnlessDryRun(IdempotencyRequired):
    """A dry run has no effect and needs no ``Idempotency-Key``. People without ``dry_run`` are refused here, before
    their body is looked at.
    """

    async def __call__(  # type: ignore[override]
        self,
        request: Request,
        dry_run: DryRun = False,
        key: Annotated[str, Header(alias="Idempotency-Key", description="not needed with dry_run")] = "",
    ) -> IdempotentCall | None:
        if dry_run:
            return None
        who = await authenticated(request)
        if not who.has(*_COMPONENTS):
            await record_refusal(request, "forbidden", principal=who, reason="dry_run only")
            raise Problem("forbidden")
        return await super().__call__(request, key)


Call = Annotated[IdempotentCall | None, Depends(KeyUnlessDryRun())]


def sources(request: Request) -> Sources:
    """The process's way to policy and reference data."""
    found: Sources = request.app.state.sources
    return found


async def answer(
    request: Request,
    body: DecisionInputs,
    call: IdempotentCall | None,
    shape: type[Finding[V]],
    conclude: Callable[[], Conclusion[V]],
) -> Response:
    """Conclude, file the finding with its inputs in one transaction with its key, and answer with the whole finding.

    With a dry run (``call`` is None) nothing is stored. Raises ``invalid_request`` for what no calculation can answer.
    """
    return await filed(request, body, call, concluded(body, shape, conclude))


async def filed(request: Request, body: DecisionInputs, call: IdempotentCall | None, finding: Finding[Any]) -> Response:
    """File a finding that was concluded, as ``answer`` does."""
    if call is None:
        return Response(finding.model_dump_json(), 200, media_type="application/json")

    async def effect(session: AsyncSession) -> Reply:
        await findings.file(session, finding, body)
        return Reply(201, finding, {"Location": f"/v1/findings/{finding.id}"})

    database: Database = request.app.state.database
    return await call.atomic(database, effect)


def concluded(body: DecisionInputs, shape: type[Finding[V]], conclude: Callable[[], Conclusion[V]]) -> Finding[V]:
    """The finding of a calculation, with what makes a request inadmissible as a problem that names the field."""
    try:
        conclusion = conclude()
    except Inadmissible as refusal:
        errors = [Fault(f"/{field}", refusal.code, refusal.message_zh, refusal.message_en) for field in refusal.fields]
        raise Problem("invalid_request", errors=errors, count=len(errors)) from None
    except PolicyNotInForce:
        raise not_in_force(body) from None
    return conclusion.finding(body, shape, finding_id=new_id(), made_at=now())


def not_in_force(body: DecisionInputs) -> Problem:
    """The refusal of a day on which the pinned bundle has no policy; it names the field the day came from."""
    fault = Fault(
        "/as_of" if body.pinned_on is None else "/pinned_on",
        "policy_not_in_force",
        "该政策包在该日无可用版本",
        "the policy has no version in force on that day",
    )
    return Problem("invalid_request", errors=[fault], count=1)
