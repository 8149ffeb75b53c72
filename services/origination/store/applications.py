"""Applications: who sees which, the documents of their files, and how they are shown."""

from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import exists, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from domain.application import ApplicationContent, ApplicationDocument
from domain.casefile import ApplicationSummary, ApplicationView, DocumentView
from domain.money import Money
from domain.roles import HEAD_OFFICE
from domain.stages import Stage
from services.kit.database import now
from services.kit.documents import StoredDocument
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.origination.store.events import lock_case, record
from services.origination.store.tasks import open_rework
from services.origination.tables.cases import Application, ApplicationVersion
from services.origination.tables.cases import ApplicationDocument as DocumentRow
from services.origination.tables.tasks import Task

T = TypeVar("T")


def scoped(statement: SelectOfScalar[T], who: Principal) -> SelectOfScalar[T]:
    """Only cases within the caller's sight: a borrower's own; for staff those of the branch, and those of other branches in
    which the caller has a task. ``statement`` selects from ``Application``."""
    if who.kind == "service" or (who.kind == "staff" and who.branch == HEAD_OFFICE):
        return statement
    if who.kind == "borrower":
        return statement.where(Application.borrower_uscc == who.uscc)
    on_the_team = exists().where(col(Task.case_id) == col(Application.case_id), col(Task.assignee) == who.subject)
    return statement.where(or_(col(Application.branch) == who.branch, on_the_team))


async def visible_case(session: AsyncSession, who: Principal, case_id: UUID) -> Application:
    """A case within the caller's sight. Raises ``not_found``."""
    found = await session.exec(scoped(select(Application).where(Application.case_id == case_id), who))
    row = found.one_or_none()
    if row is None:
        raise Problem("not_found")
    return row


async def case(session: AsyncSession, case_id: UUID, *, lock: bool = False) -> Application:
    """A case whoever asks. ``lock`` takes the case's lock first, so that what is read is the last word. Raises
    ``not_found``."""
    if lock:
        await lock_case(session, case_id)
    found = await session.exec(
        select(Application).where(Application.case_id == case_id).execution_options(populate_existing=lock)
    )
    row = found.one_or_none()
    if row is None:
        raise Problem("not_found")
    return row


async def applications(
    session: AsyncSession,
    who: Principal,
    page: PageRequest,
    *,
    stage: Stage | None,
    product: str | None,
    borrower_uscc: str | None,
    case_number: str | None,
    mine: bool,
) -> Slice[Application]:
    """A page of the applications within the caller's sight."""
    statement = scoped(select(Application), who)
    if stage is not None:
        statement = statement.where(Application.stage == stage.value)
    if product is not None:
        statement = statement.where(Application.product == product)
    if borrower_uscc is not None:
        statement = statement.where(Application.borrower_uscc == borrower_uscc)
    if case_number is not None:
        statement = statement.where(Application.case_number == case_number)
    if mine:
        statement = statement.where(Application.created_by == who.subject)
    return await fetch_page(session, statement, Application.case_id, page)


async def in_change(session: AsyncSession, row: Application) -> bool:
    """Whether the content is open to changes: in a draft, and while the lead has the case back."""
    return row.stage == Stage.DRAFT.value or await open_rework(session, row.case_id) is not None


# --- documents --------------------------------------------------------------------------------------------------------


async def add_document(
    session: AsyncSession,
    who: Principal | str,
    row: Application,
    stored: StoredDocument,
    *,
    kind: str,
    name: str,
    as_of: date | None = None,
    expires: date | None = None,
) -> DocumentRow:
    """Enter a stored document into the file; while the content is open to changes also into its list. The same document of
    the same kind is entered once. The caller holds the case's lock."""
    found = await session.exec(
        select(DocumentRow).where(
            DocumentRow.case_id == row.case_id, DocumentRow.kind == kind, DocumentRow.sha256 == stored.sha256
        )
    )
    known = found.one_or_none()
    if known is not None:
        return known
    document = DocumentRow(
        case_id=row.case_id,
        sha256=stored.sha256,
        kind=kind,
        name=name,
        media_type=stored.media_type,
        size=stored.size,
        as_of=as_of,
        expires=expires,
        uploaded_by=who if isinstance(who, str) else who.subject,
    )
    if await in_change(session, row):
        listed = ApplicationDocument(sha256=stored.sha256, kind=kind, name=name, as_of=as_of, expires=expires)
        entry = listed.model_dump(mode="json")
        others = [
            item for item in row.content.get("documents", []) if (item["sha256"], item["kind"]) != (stored.sha256, kind)
        ]
        row.content = {**row.content, "documents": [*others, entry]}
        row.version += 1
        row.updated_at = now()
    facts = {"kind": kind, "sha256": stored.sha256, "size": stored.size}
    await record(session, row.case_id, "document.added", who, rows=[row, document], facts=facts)
    return document


async def documents(session: AsyncSession, case_id: UUID) -> list[DocumentRow]:
    """The documents of a file in the order of their arrival."""
    found = await session.exec(select(DocumentRow).where(DocumentRow.case_id == case_id).order_by(col(DocumentRow.id)))
    return list(found)


async def document_of(session: AsyncSession, case_id: UUID, sha256: str) -> DocumentRow:
    """A document of a file by its hash. Raises ``not_found``."""
    found = await session.exec(
        select(DocumentRow).where(DocumentRow.case_id == case_id, DocumentRow.sha256 == sha256).limit(1)
    )
    row = found.one_or_none()
    if row is None:
        raise Problem("not_found")
    return row


def content_of(row: Application | ApplicationVersion) -> ApplicationContent:
    return ApplicationContent.model_validate(row.content)


# --- views ------------------------------------------------------------------------------------------------------------


def summary(row: Application) -> ApplicationSummary:
    return ApplicationSummary(**_header(row))


def view(row: Application, content: dict[str, Any], *, open_to_change: bool) -> ApplicationView:
    return ApplicationView(
        **_header(row),
        content=ApplicationContent.model_validate(content),
        open_to_change=open_to_change,
        content_version=row.content_version,
        content_sha256=row.content_sha256,
        policy_sha256=row.policy_sha256,
        pinned_on=row.pinned_on,
        submitted_by=row.submitted_by,
    )


def _header(row: Application) -> dict[str, Any]:
    return {
        "application_id": row.case_id,
        "case_number": row.case_number,
        "branch": row.branch,
        "lender_id": row.lender_id,
        "stage": row.stage,
        "product": row.product,
        "amount": None if row.amount is None else Money(amount=row.amount),
        "borrower_uscc": row.borrower_uscc,
        "borrower_name": row.borrower_name,
        "created_by": row.created_by,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "submitted_at": row.submitted_at,
        "version": row.version,
    }


def document_view(row: DocumentRow) -> DocumentView:
    return DocumentView(
        document_id=row.id,
        sha256=row.sha256,
        kind=row.kind,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        as_of=row.as_of,
        expires=row.expires,
        uploaded_by=row.uploaded_by,
        uploaded_at=row.uploaded_at,
    )
