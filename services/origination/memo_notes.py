"""The gate before review: an investigation is completed with everything the memo must say, or not at all."""

from uuid import UUID

from starlette.datastructures import State

from domain.tasks import HumanTask, TaskBody, TaskOutcome, TaskType, Verb
from services.kit.database import Database, now
from services.kit.problems import Fault, Problem, ProblemType, register
from services.origination.calc.memo_notes import memo_faults
from services.origination.store import applications
from services.origination.store.business_day import business_day
from services.origination.store.policies import PolicyShelf

register(
    ProblemType(
        "memo_incomplete",
        422,
        "审查报告内容不全",
        "The memo lacks what it must say",
        "共 {count} 处缺失或有误，见 errors。",
        "{count:field is|fields are} missing or wrong, listed in errors.",
    ),
)


def writes_memo(task: HumanTask, verb: Verb, body: TaskBody, subject: str) -> bool:
    """Whether this is the lead investigator who is done; or somebody else who writes into the memo, which is refused."""
    done = verb is Verb.COMPLETE and body.outcome is TaskOutcome.APPROVE and task.type is TaskType.LEAD_INVESTIGATION
    return bool(body.memo) or (done and task.assignee == subject)


async def hold_memo(state: State, task: HumanTask, case_id: UUID, body: TaskBody) -> None:
    """Hold what was written to the template of the case's policy. Call it with no transaction open.

    Raises ``memo_incomplete`` with every fault.
    """
    shelf: PolicyShelf = state.policies
    database: Database = state.database
    async with database.reading() as session:
        row = await applications.case(session, case_id)
    template = None
    if task.type is TaskType.LEAD_INVESTIGATION and row.policy_sha256 is not None:
        today = await business_day(database, shelf, now())
        template = (await shelf.bundle(row.policy_sha256)).memo_template(row.pinned_on or today.day)
    faults = [
        Fault(item.pointer, item.code, item.message_zh, item.message_en) for item in memo_faults(template, body.memo)
    ]
    if faults:
        raise Problem("memo_incomplete", errors=faults, count=len(faults))
