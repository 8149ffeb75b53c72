"""``/v1/applications``: drafts and what becomes of them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from domain.application import ApplicationContent
from domain.application.text import Code
from domain.calendar import BANK_ZONE
from domain.casefile import ApplicationPatch, ApplicationSummary, ApplicationView, ContentVersion
from domain.identity import Uscc
from domain.programmes import TagView
from domain.stages import Stage
from services.kit.auth import allow
from services.kit.database import Database, now
from services.kit.etags import IfMatch, etag_of, if_match
from services.kit.idempotency import IdempotentCall, Reply, idempotent
from services.kit.paging import Page, PageRequest, link_next, paged
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.kit.router import Router, problem_response
from services.origination.calc.changes import changes
from services.origination.calc.known_names import unknown_names
from services.origination.calc.tags import tag_views
from services.origination.routes.roles import FRONT_OFFICE, READERS, STAFF
from services.origination.routes.sight import recorded
from services.origination.store import applications, drafting
from services.origination.store.business_day import business_day
from services.origination.store.policies import PolicyShelf
from services.origination.tables.cases import Application

router = Router(prefix="/v1/applications", tags=["applications"], dependencies=[recorded()])


@router.post("", response_model=ApplicationView, status_code=201)
async def draft(
    request: Request,
    body: ApplicationContent,
    who: Annotated[Principal, allow(*FRONT_OFFICE, scope="case")],
    call: Annotated[IdempotentCall, idempotent()],
) -> Response:
    """Open a draft with whatever is known: any subset, each fact a value, unknown, undisclosed or not applicable. Products,
    purposes, segments and kinds of document that policy does not know are refused, all at once."""
    database: Database = request.app.state.database
    await _names_known(request, body)

    async def effect(session: Any) -> Reply:
        row = await drafting.open_draft(session, who, body)
        headers = {"Location": f"/v1/applications/{row.case_id}", "ETag": etag_of(row.version)}
        return Reply(201, await drafting.shown(session, row), headers)

    return await call.atomic(database, effect)


@router.get("", response_model=Page[ApplicationSummary])
async def listing(
    request: Request,
    response: Response,
    who: Annotated[Principal, allow(*READERS, scope="case")],
    page: Annotated[PageRequest, paged()],
    stage: Annotated[Stage | None, Query()] = None,
    product: Annotated[Code | None, Query()] = None,
    borrower_uscc: Annotated[Uscc | None, Query()] = None,
    case_number: Annotated[str | None, Query(max_length=40)] = None,
    mine: Annotated[bool, Query(description="only those the caller opened")] = False,
) -> Page[ApplicationSummary]:
    """Applications within the caller's sight, newest first."""
    database: Database = request.app.state.database
    async with database.session() as session:
        found = await applications.applications(
            session,
            who,
            page,
            stage=stage,
            product=product,
            borrower_uscc=borrower_uscc,
            case_number=case_number,
            mine=mine,
        )
    link_next(request, response, found.next_cursor)
    return Page(items=[applications.summary(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/{case_id}", response_model=ApplicationView)
async def one(
    request: Request, response: Response, case_id: UUID, who: Annotated[Principal, allow(*READERS, scope="case")]
) -> ApplicationView:
    """One application with its whole content, and the version to change it from."""
    database: Database = request.app.state.database
    async with database.session() as session:
        row = await applications.visible_case(session, who, case_id)
        shown = await drafting.shown(session, row)
    response.headers["ETag"] = etag_of(row.version)
    return shown


@router.get("/{case_id}/versions", response_model=list[ContentVersion])
async def versions(
    request: Request, case_id: UUID, who: Annotated[Principal, allow(*STAFF, scope="case")]
) -> list[ContentVersion]:
    """The content as each submission froze it, and what each changed."""
    database: Database = request.app.state.database
    async with database.session() as session:
        await applications.visible_case(session, who, case_id)
        rows = await drafting.versions(session, case_id)
    return [
        ContentVersion(
            content_version=row.content_version,
            sha256=row.sha256,
            frozen_by=row.frozen_by,
            frozen_at=row.frozen_at,
            changed=changes(before.content, row.content) if before is not None else (),
        )
        for before, row in zip((None, *rows), rows, strict=False)
    ]


@router.get("/{case_id}/tags", response_model=list[TagView], responses={409: problem_response(409)})
async def tags(
    request: Request, case_id: UUID, who: Annotated[Principal, allow(*STAFF, scope="case")]
) -> list[TagView]:
    """The tags of an application by the policy it is pinned to, and the desks they show it to. Nothing is decided on a tag."""
    database: Database = request.app.state.database
    shelf: PolicyShelf = request.app.state.policies
    async with database.session() as session:
        row = await applications.visible_case(session, who, case_id)
        shown = await drafting.shown(session, row)
    if row.policy_sha256 is not None and row.pinned_on is not None:
        bundle, day = await shelf.bundle(row.policy_sha256), row.pinned_on
    else:
        today = await business_day(database, shelf, now())
        bundle, day = today.bundle, today.day
    return list(tag_views(shown.content, bundle.tag_lists(day)))


@router.patch("/{case_id}", response_model=ApplicationView)
async def change(
    request: Request,
    response: Response,
    case_id: UUID,
    body: ApplicationPatch,
    who: Annotated[Principal, allow(*FRONT_OFFICE, scope="case")],
    base: Annotated[IfMatch, if_match()],
) -> ApplicationView:
    """Change a draft, or a returned case that its lead has back: each section that is given replaces the one there was,
    ``null`` removes it. What was frozen stays as it is until the case is submitted again."""
    database: Database = request.app.state.database
    sections = {name: None for name, item in (await request.json()).items() if item is None}
    sections |= body.model_dump(mode="json", include=body.model_fields_set)
    async with database.session() as session:
        row = await applications.visible_case(session, who, case_id)
        content = drafting.merged(row, sections)
    await _names_known(request, content, row, given=set(sections))
    async with database.session() as session:
        row = await drafting.changeable(session, who, case_id)
        base.check(row.version)
        content = drafting.merged(row, sections)
        kind = "application.amended" if row.content_version else "application.changed"
        row = await drafting.change_content(session, who, row, content, kind, sections=sorted(sections))
        shown = await drafting.shown(session, row)
    response.headers["ETag"] = etag_of(row.version)
    return shown


async def _names_known(
    request: Request, content: ApplicationContent, row: Application | None = None, given: set[str] | None = None
) -> None:
    """Raise ``invalid_request`` with every name in the sections given that policy does not know: the policy a case is pinned
    to, otherwise that in force. Without any policy nothing can be known or unknown."""
    shelf: PolicyShelf = request.app.state.policies
    if row is not None and row.policy_sha256 is not None and row.pinned_on is not None:
        bundle, on = await shelf.bundle(row.policy_sha256), row.pinned_on
    else:
        on = now().astimezone(BANK_ZONE).date()
        try:
            bundle = await shelf.in_force(on)
        except Problem:
            return
    unknown = [
        item for item in unknown_names(content, bundle, on) if given is None or item.pointer.split("/")[1] in given
    ]
    if unknown:
        faults = [Fault(item.pointer, item.code, item.message_zh, item.message_en) for item in unknown]
        raise Problem("invalid_request", errors=faults, count=len(faults))
