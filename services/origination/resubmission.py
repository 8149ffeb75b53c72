"""Submitting a returned case again: its content frozen as the next version, and its lead's rework completed.

The content is frozen before the process is told: whatever it asks next, it finds the version it was told of. Until the process
has answered nobody changes the content; when it refuses, the rework is still open, and the next submission freezes another
version.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from fastapi import Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.canonical import sha256_of
from domain.casefile import MissingItem, SubmissionReceipt
from domain.process import ACT_ON_TASK, SignedTaskCommand, application_workflow_id
from domain.requests.collateral import asset_registrations
from domain.tasks import HumanTask, TaskCommand, TaskOutcome, TaskSubject, Verb
from services.kit.database import Database, now
from services.kit.etags import IfMatch, etag_of
from services.kit.idempotency import IdempotentCall, Reply
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.calc.allowed_actions import roles_of
from services.origination.calc.changes import changes
from services.origination.calc.completeness import missing
from services.origination.commands import Order, carry_out
from services.origination.pledges import register_assets
from services.origination.store import applications, casework, drafting
from services.origination.store.business_day import business_day
from services.origination.store.events import record
from services.origination.store.policies import PolicyShelf
from services.origination.store.tasks import open_rework
from services.origination.store.traces import leave_traces
from services.origination.tables.cases import Application, ApplicationVersion
from services.origination.tables.tasks import Task


async def resubmit(
    request: Request, call: IdempotentCall, who: Principal, case_id: UUID, base: IfMatch, comment: str | None
) -> Response:
    """Submit a case again that is back with its lead. Returns the receipt, or 202 with ``Location`` while the process has not
    answered. Raises ``application_not_draft``, ``not_assignee``, ``resubmission_pending``, ``application_incomplete`` and what
    the process refuses."""

    async def ready() -> None:
        await _complete(request, who, case_id, base)

    async def prepare(session: AsyncSession) -> Order:
        row = await drafting.changeable(session, who, case_id)
        base.check(row.version)
        rework = await open_rework(session, case_id)
        assert rework is not None
        await _frozen_again(session, who, row, comment)
        return Order(case_id, application_workflow_id(case_id), ACT_ON_TASK, _command(who, row, rework, comment))

    async def answer(session: AsyncSession, _: Sequence[Task]) -> Reply:
        row = await applications.case(session, case_id)
        headers = {"Location": f"/v1/applications/{case_id}", "ETag": etag_of(row.version)}
        return Reply(202, receipt(row), headers)

    return await carry_out(
        request,
        call,
        who,
        target=str(case_id),
        ready=ready,
        prepare=prepare,
        signed=SignedTaskCommand,
        answer=answer,
        event_kind="task.complete",
    )


async def _complete(request: Request, who: Principal, case_id: UUID, base: IfMatch) -> None:
    """The same completeness as a first submission asks for, by the policy the case is pinned to and with documents that are fresh
    today; then its assets are entered, and those it no longer has let go."""
    database: Database = request.app.state.database
    shelf: PolicyShelf = request.app.state.policies
    day = (await business_day(database, shelf, now())).day
    async with database.session() as session:
        row = await drafting.changeable(session, who, case_id)
        base.check(row.version)
        documents = await casework.filed(session, case_id)
        before = applications.content_of(await drafting.frozen(session, row))
    content = applications.content_of(row)
    assert row.policy_sha256 is not None
    bundle = await shelf.bundle(row.policy_sha256)
    found = missing(content, bundle, documents, row.pinned_on or day, day)
    if found:
        raise incomplete(found)
    entries = asset_registrations(content, case_id, row.branch, row.case_number)
    kept = {entry.asset_key for entry in entries}
    gone = [
        entry.model_copy(update={"servers": ()})
        for entry in asset_registrations(before, case_id, row.branch, row.case_number)
        if entry.asset_key not in kept
    ]
    await register_assets(request.app.state, (*entries, *gone), f"{case_id}:{row.version}")


async def _frozen_again(session: AsyncSession, who: Principal, row: Application, comment: str | None) -> None:
    """Freeze the content where it is another than the case runs on, with the event that says what changed."""
    if sha256_of(applications.content_of(row)) == row.content_sha256:
        return
    before = await drafting.frozen(session, row)
    at = now()
    version: ApplicationVersion = drafting.freeze_again(who, row, at=at)
    facts = {
        "content_version": version.content_version,
        "content_sha256": version.sha256,
        "changed": changes(before.content, version.content),
        "comment": comment or "",
    }
    await record(session, row.case_id, "application.resubmitted", who, rows=[row, version], facts=facts, at=at)
    await leave_traces(session, row, applications.content_of(row))


def _command(who: Principal, row: Application, rework: HumanTask, comment: str | None) -> TaskCommand:
    content = TaskSubject(
        type="application", id=str(row.case_id), version=row.content_version, sha256=row.content_sha256 or ""
    )
    return TaskCommand(
        task_id=rework.task_id,
        verb=Verb.COMPLETE,
        expected_version=rework.version,
        subject=who.subject,
        roles=roles_of(who.roles),
        outcome=TaskOutcome.RESUBMIT,
        comment=comment,
        resubmitted=content,
    )


def incomplete(found: Iterable[MissingItem]) -> Problem:
    """Everything missing or wrong as one refusal."""
    faults = [Fault(item.pointer, item.code, item.message_zh, item.message_en) for item in found]
    return Problem("application_incomplete", errors=faults, count=len(faults))


def receipt(row: Application) -> SubmissionReceipt:
    """What a submission is answered with."""
    return SubmissionReceipt.model_validate(
        {
            "application_id": row.case_id,
            "case_number": row.case_number,
            "stage": row.stage,
            "content_version": row.content_version,
            "content_sha256": row.content_sha256,
            "policy_sha256": row.policy_sha256,
            "submitted_at": row.submitted_at,
        }
    )
