"""Applications: who sees which, drafts and their changes, documents, and the version that a submission freezes."""

from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import exists, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from domain.application import ApplicationContent, ApplicationDocument, PartyRole
from domain.calendar import BANK_ZONE
from domain.canonical import sha256_of
from domain.casefile import ApplicationSummary, ApplicationView, DocumentView
from domain.money import Money
from domain.roles import HEAD_OFFICE
from domain.stages import Stage
from services.kit.database import new_id, now
from services.kit.documents import StoredDocument
from services.kit.error_handling import invalid_document
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.store import reference
from services.origination.store.customers import visible_customer
from services.origination.store.events import lock_case, record
from services.origination.tables.cases import CASE_NUMBERS, Application, ApplicationVersion
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
    if mine:
        statement = statement.where(Application.created_by == who.subject)
    return await fetch_page(session, statement, Application.case_id, page)


async def open_draft(session: AsyncSession, who: Principal, content: ApplicationContent) -> Application:
    """A new draft with whatever is known so far."""
    moment = now()
    number = (await session.exec(select(CASE_NUMBERS.next_value()))).one()
    row = Application(
        case_id=new_id(),
        case_number=f"SD{moment.astimezone(BANK_ZONE).year}-{who.branch}-{number:06d}",
        branch=who.branch,
        lender_id=content.lender_id,
        stage=Stage.DRAFT.value,
        content={},
        created_by=who.subject,
        created_at=moment,
        updated_at=moment,
    )
    await _write(session, who, row, content)
    await record(session, row.case_id, "application.drafted", who, rows=[row])
    return row


async def draft(session: AsyncSession, who: Principal, case_id: UUID) -> Application:
    """A draft within the caller's sight, under the case's lock. Raises ``not_found`` and ``application_not_draft``."""
    await visible_case(session, who, case_id)
    row = await case(session, case_id, lock=True)
    if row.stage != Stage.DRAFT.value:
        raise Problem("application_not_draft", stage=row.stage)
    return row


def merged(row: Application, sections: dict[str, Any]) -> ApplicationContent:
    """The draft's content with sections replaced, and those that are ``None`` removed. Raises ``invalid_request``."""
    content = {name: item for name, item in {**row.content, **sections}.items() if item is not None}
    try:
        return ApplicationContent.model_validate(content)
    except ValidationError as error:
        raise invalid_document(error, content) from None


async def change_draft(
    session: AsyncSession, who: Principal, row: Application, content: ApplicationContent, kind: str, **facts: Any
) -> Application:
    """Give a draft new content, with the event that says what was done."""
    await _write(session, who, row, content)
    row.version += 1
    row.updated_at = now()
    await record(session, row.case_id, kind, who, rows=[row], facts=facts)
    return row


async def _write(session: AsyncSession, who: Principal, row: Application, content: ApplicationContent) -> None:
    """Content and the header columns that lists and scopes go by."""
    if faults := await _unknown(session, who, content):
        raise _refused(*faults)
    borrower = content.party(PartyRole.BORROWER)
    line = content.lines[0] if content.lines else None
    row.content = content.model_dump(mode="json")
    row.lender_id = content.lender_id
    row.customer_id = content.customer_id
    row.product = line.product if line else None
    row.amount = line.amount.amount if line else None
    row.tenor_months = line.tenor_months if line else None
    row.borrower_uscc = borrower.uscc if borrower else None
    row.borrower_name = borrower.name if borrower else None


async def _unknown(session: AsyncSession, who: Principal, content: ApplicationContent) -> list[Fault]:
    """What a draft refers to and the books do not have: it could never be submitted."""
    faults = []
    if not await reference.knows_lender(session, content.lender_id):
        faults.append(Fault("/lender_id", "unknown_lender", "账上没有该贷款机构", "is no lender of these books"))
    if content.customer_id is None:
        return faults
    borrower = content.party(PartyRole.BORROWER)
    try:
        customer = await visible_customer(session, who, content.customer_id)
    except Problem:
        return [*faults, Fault("/customer_id", "unknown_customer", "没有该客户", "no such customer")]
    if borrower is not None and borrower.uscc != customer.uscc:
        zh, en = "与借款人的统一社会信用代码不一致", "has another code than the party in the borrower's role"
        faults.append(Fault("/customer_id", "customer_mismatch", zh, en))
    return faults


def _refused(*faults: Fault) -> Problem:
    return Problem("invalid_request", errors=faults, count=len(faults))


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
    """Enter a stored document into the file; in a draft also into its content. The same document of the same kind is
    entered once. The caller holds the case's lock."""
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
    if row.stage == Stage.DRAFT.value:
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


# --- submission -------------------------------------------------------------------------------------------------------


def content_of(row: Application | ApplicationVersion) -> ApplicationContent:
    return ApplicationContent.model_validate(row.content)


async def freeze(
    session: AsyncSession, who: Principal, row: Application, *, policy_sha256: str, pinned_on: date, at: datetime
) -> ApplicationVersion:
    """Turn a draft into a submitted application: its content frozen under a hash, its policy pinned. The caller writes the
    event, with the start of the process, in the same transaction."""
    content = content_of(row)
    row.content_version += 1
    row.content_sha256 = sha256_of(content)
    row.policy_sha256 = policy_sha256
    row.pinned_on = pinned_on
    row.submitted_by = who.subject
    row.submitted_at = at
    row.updated_at = at
    row.stage = Stage.SUBMITTED.value
    row.version += 1
    return ApplicationVersion(
        case_id=row.case_id,
        content_version=row.content_version,
        content=row.content,
        sha256=row.content_sha256,
        frozen_by=who.subject,
        frozen_at=at,
    )


async def frozen(session: AsyncSession, row: Application) -> ApplicationVersion:
    """The version the case runs on. Raises ``step_not_possible`` before submission."""
    found = await session.exec(
        select(ApplicationVersion).where(
            ApplicationVersion.case_id == row.case_id, ApplicationVersion.content_version == row.content_version
        )
    )
    version = found.one_or_none()
    if version is None:
        raise Problem("step_not_possible", needs="submission")
    return version


# --- views ------------------------------------------------------------------------------------------------------------


def summary(row: Application) -> ApplicationSummary:
    return ApplicationSummary(**_header(row))


def view(row: Application) -> ApplicationView:
    return ApplicationView(
        **_header(row),
        content=content_of(row),
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
