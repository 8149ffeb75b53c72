"""Drafting: who may change the content of an application and when, what stays, and the versions that submissions freeze."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from cachetools import LRUCache
from pydantic import ValidationError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent, PartyRole
from domain.calendar import BANK_ZONE
from domain.canonical import sha256_of
from domain.casefile import ApplicationView
from domain.process import ACT_ON_TASK
from domain.stages import Stage
from services.kit.database import new_id, now
from services.kit.error_handling import invalid_document
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.store import reference
from services.origination.store.applications import case, content_of, in_change, view, visible_case
from services.origination.store.commands import pending
from services.origination.store.customer_registers import certificate_faults
from services.origination.store.customers import visible_customer
from services.origination.store.events import record
from services.origination.store.tasks import open_rework
from services.origination.store.visits import answered, visit_faults_of
from services.origination.tables.cases import CASE_NUMBERS, Application, ApplicationVersion


async def open_draft(
    session: AsyncSession,
    who: Principal,
    content: ApplicationContent,
    unknown: Sequence[Fault] = (),
    answered_on: date | None = None,
) -> Application:
    """A new draft with whatever is known so far. ``unknown`` are names policy does not know: refused with all else. The need of
    the visit it names is answered with it, on ``answered_on``, or today where nothing is said."""
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
    await _write(session, who, row, content, unknown)
    await answered(session, who, content, row.case_id, answered_on or moment.astimezone(BANK_ZONE).date())
    await record(session, row.case_id, "application.drafted", who, rows=[row])
    return row


async def changeable(session: AsyncSession, who: Principal, case_id: UUID) -> Application:
    """An application whose content the caller may change, under the case's lock: a draft, or a returned case that is in the
    caller's hands. Raises ``not_found``, ``application_not_draft``, ``not_assignee``, ``resubmission_pending``."""
    await visible_case(session, who, case_id)
    row = await case(session, case_id, lock=True)
    if row.stage == Stage.DRAFT.value:
        return row
    rework = await open_rework(session, case_id)
    if rework is None:
        raise Problem("application_not_draft", stage=row.stage)
    if rework.assignee != who.subject:
        raise Problem(
            "not_assignee",
            zh="仅补正任务的办理人可以修改",
            en="only the person who has the rework in hand may change it",
        )
    if await pending(session, str(case_id), ACT_ON_TASK):
        raise Problem("resubmission_pending")
    return row


def merged(row: Application, sections: dict[str, Any]) -> ApplicationContent:
    """The content with sections replaced, and those that are ``None`` removed. Raises ``invalid_request``."""
    content = {name: item for name, item in {**row.content, **sections}.items() if item is not None}
    try:
        return ApplicationContent.model_validate(content)
    except ValidationError as error:
        raise invalid_document(error, content) from None


async def change_content(
    session: AsyncSession,
    who: Principal,
    row: Application,
    content: ApplicationContent,
    kind: str,
    unknown: Sequence[Fault] = (),
    **facts: Any,
) -> Application:
    """Give a draft, or the working copy of a returned case, new content, with the event that says what was done. ``unknown``
    are names policy does not know: refused with all else."""
    await _write(session, who, row, content, unknown)
    row.version += 1
    row.updated_at = now()
    await answered(session, who, content, row.case_id, row.updated_at.astimezone(BANK_ZONE).date())
    await record(session, row.case_id, kind, who, rows=[row], facts=facts)
    return row


async def _write(
    session: AsyncSession, who: Principal, row: Application, content: ApplicationContent, names: Sequence[Fault]
) -> None:
    """Content and the header columns that lists and scopes go by. Those of a submitted case are its frozen version's: a
    working copy changes them when it is submitted again."""
    if row.content_version:
        registers = [
            *await visit_faults_of(session, who, content, row.case_id),
            *await certificate_faults(session, content),
        ]
        if faults := (*fixed_faults(row, content), *registers, *names):
            raise _refused(*faults)
        row.content = content.model_dump(mode="json")
        return
    if unknown := (*await _unknown(session, who, content, row.case_id), *names):
        raise _refused(*unknown)
    row.content = content.model_dump(mode="json")
    row.lender_id = content.lender_id
    row.customer_id = content.customer_id
    _show(row, content)


async def _unknown(session: AsyncSession, who: Principal, content: ApplicationContent, case_id: UUID) -> list[Fault]:
    """What a draft refers to and the books do not have: it could never be submitted."""
    faults = []
    if not await reference.knows_lender(session, content.lender_id):
        faults.append(Fault("/lender_id", "unknown_lender", "账上没有该贷款机构", "is no lender of these books"))
    faults += await visit_faults_of(session, who, content, case_id)
    faults += await certificate_faults(session, content)
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


def _show(row: Application, content: ApplicationContent) -> None:
    borrower = content.party(PartyRole.BORROWER)
    line = content.lines[0] if content.lines else None
    row.product = line.product if line else None
    row.amount = line.amount.amount if line else None
    row.tenor_months = line.tenor_months if line else None
    row.borrower_uscc = borrower.uscc if borrower else None
    row.borrower_name = borrower.name if borrower else None


def fixed_faults(row: Application, content: ApplicationContent) -> tuple[Fault, ...]:
    """What would make another case of a submitted one: the lender, the customer, the borrower and the product stay."""
    found = []
    if content.lender_id != row.lender_id:
        found.append("/lender_id")
    if content.customer_id is not None and content.customer_id != row.customer_id:
        found.append("/customer_id")
    found += [
        f"/parties/{index}/uscc"
        for index, party in enumerate(content.parties)
        if party.role is PartyRole.BORROWER and party.uscc != row.borrower_uscc
    ]
    found += [f"/lines/{index}/product" for index, line in enumerate(content.lines) if line.product != row.product]
    return tuple(
        Fault(
            pointer,
            "fixed_at_submission",
            "提交后不能变更；须另行申请",
            "stays as it was submitted; anything else is another application",
        )
        for pointer in found
    )


def _refused(*faults: Fault) -> Problem:
    return Problem("invalid_request", errors=faults, count=len(faults))


async def withdraw_draft(session: AsyncSession, who: Principal, case_id: UUID, reason: str) -> Application:
    """End a draft: it has no process that could. Raises ``application_not_draft`` for one that was submitted meanwhile."""
    row = await case(session, case_id, lock=True)
    if row.stage != Stage.DRAFT.value:
        raise Problem("application_not_draft", stage=row.stage)
    row.stage = Stage.WITHDRAWN.value
    row.ended_at = row.updated_at = now()
    row.version += 1
    await record(session, case_id, "application.withdrawn", who, rows=[row], facts={"reason": reason})
    return row


# --- versions ---------------------------------------------------------------------------------------------------------


def freeze(
    who: Principal, row: Application, *, policy_sha256: str, pinned_on: date, at: datetime
) -> ApplicationVersion:
    """Turn a draft into a submitted application: its content frozen under a hash, its policy pinned. The caller writes the
    event, with the start of the process, in the same transaction."""
    row.policy_sha256 = policy_sha256
    row.pinned_on = pinned_on
    row.submitted_by = who.subject
    row.submitted_at = at
    row.stage = Stage.SUBMITTED.value
    return freeze_again(who, row, at=at)


def freeze_again(who: Principal, row: Application, *, at: datetime) -> ApplicationVersion:
    """The next frozen version of the content; policy and day stay those of the first submission. The caller writes the
    event."""
    content = content_of(row)
    _show(row, content)
    row.content_version += 1
    row.content_sha256 = sha256_of(content)
    row.updated_at = at
    row.version += 1
    return ApplicationVersion(
        case_id=row.case_id,
        content_version=row.content_version,
        content=row.content,
        sha256=row.content_sha256,
        frozen_by=who.subject,
        frozen_at=at,
    )


async def versions(session: AsyncSession, case_id: UUID) -> list[ApplicationVersion]:
    """The frozen versions of a case in their order."""
    found = await session.exec(
        select(ApplicationVersion)
        .where(ApplicationVersion.case_id == case_id)
        .order_by(col(ApplicationVersion.content_version))
    )
    return list(found)


async def shown(session: AsyncSession, row: Application) -> ApplicationView:
    """An application as it is read: what its process runs on, or what is being drafted."""
    drafted = await in_change(session, row)
    version = row if drafted or not row.content_version else await frozen(session, row)
    return view(row, version.content, open_to_change=drafted)


_contents_kept: LRUCache[str, ApplicationContent] = LRUCache(maxsize=16)
"""Contents as submitted, by their hash: they never change, and every step of an assessment asks for the same one."""


async def frozen_content(session: AsyncSession, row: Application) -> ApplicationContent:
    """The content the case runs on. Raises ``step_not_possible`` before submission."""
    sha256 = row.content_sha256 or ""
    content = _contents_kept.get(sha256)
    if content is None:
        content = content_of(await frozen(session, row))
        _contents_kept[sha256] = content
    return content


async def frozen(session: AsyncSession, row: Application) -> ApplicationVersion:
    """The version the case runs on: the one last submitted. Raises ``step_not_possible`` before submission."""
    found = await session.exec(
        select(ApplicationVersion).where(
            ApplicationVersion.case_id == row.case_id, ApplicationVersion.content_version == row.content_version
        )
    )
    version = found.one_or_none()
    if version is None:
        raise Problem("step_not_possible", needs="submission")
    return version
