"""``/v1/policies``: bundles are proposed by one person and put into force by another; read by hash."""

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from domain.books import PolicyProposal
from domain.calendar import BANK_ZONE
from domain.casefile import PolicyApproval, PolicyBody
from domain.policy_changes import PolicyChanges
from policy.engine import Bundle, compare, plain_file
from services.kit.auth import allow, record_refusal
from services.kit.database import Database, now
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router, problem_response
from services.origination.routes.roles import COMPONENTS, POLICY, STAFF
from services.origination.store import policies

router = Router(prefix="/v1/policies", tags=["policy"])

SHA256 = r"^[0-9a-f]{64}$"
Sha = Annotated[str, Path(pattern=SHA256, description="SHA-256 of the bundle's canonical bytes")]
BUNDLE_LIMIT = 16_000_000


@router.post("", response_model=PolicyProposal, status_code=201, max_body_size=BUNDLE_LIMIT)
async def propose(
    request: Request,
    body: PolicyBody,
    who: Annotated[Principal, allow(*POLICY)],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Propose a bundle: every version of every policy file in canonical form. All faults are reported at once."""
    database: Database = request.app.state.database
    bundle = policies.checked(body.bundle)
    shelf: policies.PolicyShelf = request.app.state.policies
    previous = await shelf.published_last()

    async def effect(session: Any) -> Reply:
        row = await policies.propose(
            session, bundle, previous, maker=who.subject, in_force_from=body.in_force_from, comment=body.comment or ""
        )
        view = policies.proposal_view(row, len(bundle.files()))
        return Reply(201, view, {"Location": f"/v1/policies/{bundle.sha256}"})

    return await call.atomic(database, effect)


@router.post("/{sha256}/approve", response_model=PolicyProposal)
async def approve(
    request: Request,
    sha256: Sha,
    body: PolicyApproval,
    who: Annotated[Principal, allow(*POLICY)],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Put a proposed bundle into force. Not by the person who proposed it."""
    database: Database = request.app.state.database
    shelf: policies.PolicyShelf = request.app.state.policies
    bundle, previous = await shelf.bundle(sha256), await shelf.published_last()

    async def effect(session: Any) -> Reply:
        row = await policies.approve(session, bundle, previous, checker=who.subject)
        counts = await policies.file_counts(session, [sha256])
        return Reply(200, policies.proposal_view(row, counts[sha256]))

    try:
        return await call.atomic(database, effect)
    except Problem as problem:
        if problem.code == "same_person":
            await record_refusal(request, problem.code, principal=who, reason="four_eyes")
        raise


@router.get("", response_model=Page[PolicyProposal])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*STAFF)],
    page: Annotated[PageRequest, paged()],
) -> Page[PolicyProposal]:
    """Proposals and publications, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await policies.publications(session, page)
        counts = await policies.file_counts(session, [row.sha256 for row in found.rows])
    link_next(request, response, found.next_cursor)
    items = [policies.proposal_view(row, counts[row.sha256]) for row in found.rows]
    return Page(items=items, next_cursor=found.next_cursor)


@router.get("/diff", response_model=PolicyChanges, responses={404: problem_response(404)})
async def difference(
    request: Request,
    who: Annotated[Principal, allow(*STAFF)],
    to: Annotated[str, Query(pattern=SHA256, description="the later bundle, such as one that is proposed")],
    since: Annotated[
        str | None,
        Query(alias="from", pattern=SHA256, description="the earlier bundle; the one in force today where left out"),
    ] = None,
) -> PolicyChanges:
    """What a bundle has otherwise than an earlier one, by policy, row and cell: what a checker reads before approving."""
    shelf: policies.PolicyShelf = request.app.state.policies
    after = await shelf.bundle(to)
    before = await shelf.bundle(since) if since is not None else await _in_force(shelf)
    return compare(before, after)


@router.get("/{sha256}/files/{kind}/{policy_id}", response_model=dict[str, Any])
async def one_file(
    request: Request,
    sha256: Sha,
    kind: Annotated[str, Path(pattern=r"^[a-z_]{1,40}$")],
    policy_id: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,63}$")],
    who: Annotated[Principal, allow(*STAFF)],
    at: Annotated[date | None, Query(description="the version in force on this day; today where left out")] = None,
    version: Annotated[
        str | None, Query(pattern=r"^[0-9]+(\.[0-9]+){0,2}$", description="this version, whenever it is in force")
    ] = None,
) -> dict[str, Any]:
    """One policy of a bundle as its author wrote it: rules, rows, source and both languages."""
    shelf: policies.PolicyShelf = request.app.state.policies
    bundle = await shelf.bundle(sha256)
    day = at or now().astimezone(BANK_ZONE).date()
    files = bundle.files() if version is not None else bundle.files_on(day)
    for file in files:
        if (file.kind, file.id) == (kind, policy_id) and version in (None, file.version):
            return plain_file(bundle, file)
    raise Problem("not_found")


@router.get("/{sha256}", response_model=dict[str, Any])
async def one(request: Request, sha256: Sha, who: Annotated[Principal, allow(*STAFF, *COMPONENTS)]) -> Response:
    """A bundle as its canonical bytes: their SHA-256 is the address, so that whoever reads it can check it."""
    database: Database = request.app.state.database
    async with database.session() as session:
        content = await policies.stored_bytes(session, sha256)
    return Response(content, media_type="application/json", headers={"Cache-Control": "private, immutable"})


async def _in_force(shelf: policies.PolicyShelf) -> Bundle | None:
    """The bundle in force today; ``None`` before the first."""
    try:
        return await shelf.in_force(now().astimezone(BANK_ZONE).date())
    except Problem:
        return None
