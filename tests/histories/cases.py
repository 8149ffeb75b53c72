"""The cases that are recorded beside the three examples: real processes on a real server, with people who act."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowHandle

from domain.authority import AuthorityChain
from domain.calendar import end_of_day
from domain.facility import ConditionKind, TransferState
from domain.finding import Outcome
from domain.margin_ratchet import BaseRateFixing, GradeStatement, MarginAgreement, MarginClauses, reset_days
from domain.process import (
    RECORD_DRAWING,
    REPORT_MARGIN_FACT,
    WITHDRAW,
    CohortRef,
    CommandResult,
    DrawingRecord,
    MarginReportCommand,
    SignedMarginReportCommand,
    SignedWithdrawCommand,
    WithdrawCommand,
)
from domain.roles import Role
from domain.tasks import HumanTask, TaskOutcome, TaskType, Verb
from tests.workflows.books import RULEBOOK, condition, requirement, today
from tests.workflows.people import Desk, case_start
from tests.workflows.stage import Stage, ended

# --- applications -----------------------------------------------------------------------------------------------------


ASKED_FOR = (
    {"text": "股东追加保证", "kind": "precedent"},
    {"text": "办妥电力增容", "kind": "subsequent", "counts_from": "effective", "due_days": 30},
    {"text": "结算归集", "kind": "undertaking"},
)


async def returned(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Sent back to due diligence by the reviewer, submitted again with more servers, gone through again, effective."""
    desk = await stage.application()
    [task] = await desk.carry_to(TaskType.REVIEW)
    await desk.do(task, TaskOutcome.RETURN, return_to="due_diligence", comment="补充材料")
    [rework] = await desk.awaited(TaskType.REWORK)
    more = CohortRef(asset_key="gpu", cohort="h200-0", kind="gpu_server", units=8)
    stage.books.cohorts = (*stage.books.cohorts, more)
    await desk.resubmit(rework, stage.books)
    await desk.carry_to()
    return await ended(desk, "effective")


async def declined(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Referred at intake, analysed, then refused by the approver."""
    stage.books.checks["intake"] = Outcome.REFER
    desk = await stage.application()
    [task] = await desk.carry_to(TaskType.APPROVAL)
    await desk.do(task, TaskOutcome.REJECT, comment="集中度过高", mandate=None)
    return await ended(desk, "declined")


async def knocked_out(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Declined by the machine at screening."""
    stage.books.checks["screening"] = Outcome.FAIL
    return await ended(await stage.application(), "declined")


async def withdrawn(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Withdrawn while the reviewer has it."""
    desk = await stage.application()
    await desk.carry_to(TaskType.REVIEW)
    command = WithdrawCommand(case_id=uuid4(), subject="rm", roles=("relationship_manager",), reason="撤回")
    await desk.handle.execute_update(WITHDRAW, SignedWithdrawCommand(command=command, assertion=""))
    return await ended(desk, "withdrawn")


async def offer_lapsed(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Approved; the borrower lets the offer lapse."""
    desk = await stage.application()
    [task] = await desk.carry_to(TaskType.APPROVAL)
    await desk.do(task, TaskOutcome.APPROVE)
    await desk.awaited(TaskType.OFFER_ACCEPTANCE)
    await stage.pass_time(desk, timedelta(days=40))
    return await ended(desk, "expired")


async def committee(stage: Stage) -> WorkflowHandle[Any, Any]:
    """A ballot of three carries, then the approver decides with conditions; the price was below the floor."""
    ballot = requirement("credit_committee", 30, kind="committee", seats=3, quorum=2)
    stage.books.chain = AuthorityChain(steps=(ballot, requirement()))
    stage.books.outcomes["quote"] = Outcome.REFER
    desk = await stage.application()
    votes = await desk.carry_to(TaskType.COMMITTEE_VOTE)
    outcomes = (TaskOutcome.APPROVE, TaskOutcome.REJECT, TaskOutcome.APPROVE)
    for number, (vote, outcome) in enumerate(zip(votes, outcomes, strict=True)):
        member = f"member-{number}"
        claimed = await desk.act(vote, Verb.CLAIM, member, Role.COMMITTEE_MEMBER)
        await desk.act(claimed, Verb.COMPLETE, member, outcome=outcome, comment="意见")
    [approval] = await desk.carry_to(TaskType.APPROVAL)
    await desk.do(approval, TaskOutcome.APPROVE_WITH_CONDITIONS, conditions=ASKED_FOR)
    await desk.carry_to()
    return await ended(desk, "effective")


async def overdue(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Nobody acts for a month: the tasks rise three times; then everything is done."""
    stage.books.offer_valid_until = today() + timedelta(days=120)
    desk = await stage.application()
    await desk.awaited(TaskType.LEAD_INVESTIGATION, TaskType.CO_INVESTIGATION)
    await stage.pass_time(desk, timedelta(days=60))
    await desk.carry_to()
    return await ended(desk, "effective")


async def overridden(stage: Stage) -> WorkflowHandle[Any, Any]:
    """The rating's confirmer proposes another grade, a second person refuses it, then decides for the next one."""
    desk = await stage.application()
    for grade, outcome in (("R1", TaskOutcome.REJECT), ("R3", TaskOutcome.APPROVE)):
        [rating] = await desk.carry_to(TaskType.RATING_CONFIRMATION)
        await desk.do(rating, TaskOutcome.OVERRIDE, grade=grade, comment="已获照付不议订单")
        [override] = await desk.awaited(TaskType.RATING_OVERRIDE)
        await desk.do(override, outcome, comment="订单已核实")
    await desk.carry_to()
    return await ended(desk, "effective")


# --- utilisations -----------------------------------------------------------------------------------------------------


async def drawing(stage: Stage) -> Desk:
    """A drawing under a facility that has just been opened."""
    await stage.facility()
    return await stage.utilisation()


async def refused(stage: Stage) -> WorkflowHandle[Any, Any]:
    """The gate refuses and the commitment is given back."""
    stage.books.allowed = False
    return await ended(await drawing(stage), "refused")


async def unknown_then_confirmed(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Core banking does not know the payment at first; two inquiries later it does."""
    stage.books.transfer_fates = [TransferState.UNKNOWN, TransferState.UNKNOWN, TransferState.CONFIRMED]
    desk = await drawing(stage)
    [review] = await desk.awaited(TaskType.DISBURSEMENT_REVIEW)
    await desk.do(review)
    await stage.confirmed_by_owner(desk)
    await stage.pass_time(desk, timedelta(minutes=1))
    [condition] = await desk.awaited(TaskType.CONDITION_SUBSEQUENT)
    await desk.do(condition)
    return await ended(desk, "secured")


async def owner_silent(stage: Stage) -> WorkflowHandle[Any, Any]:
    """The owner confirms nothing, and the drawing lapses."""
    desk = await drawing(stage)
    [review] = await desk.awaited(TaskType.DISBURSEMENT_REVIEW)
    await desk.do(review)
    await stage.shown_transfer(desk)
    await stage.pass_time(desk, timedelta(days=5))
    return await ended(desk, "cancelled")


# --- facilities -------------------------------------------------------------------------------------------------------


async def undrawn(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Never drawn within its availability."""
    desk = await stage.facility()
    await stage.pass_time(desk, timedelta(days=370))
    return await ended(desk, "cancelled")


async def repaid(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Drawn, inspected, open for ten years, settled."""
    desk = await stage.facility()
    paid = DrawingRecord(utilisation_id=uuid4(), amount=case_start().amount, paid_on=today())
    await desk.handle.signal(RECORD_DRAWING, paid)
    [inspection] = await desk.awaited(TaskType.FIRST_INSPECTION)
    await desk.do(inspection)
    await stage.pass_time(desk, timedelta(days=3655))
    [settlement] = await desk.awaited(TaskType.SETTLEMENT)
    await desk.do(settlement)
    return await ended(desk, "repaid")


async def condition_missed(stage: Stage) -> WorkflowHandle[Any, Any]:
    """What was due thirty days from effect is missed and reported, then met; the facility is never drawn."""
    stage.books.agreed = (condition("APPROVAL_1", ConditionKind.SUBSEQUENT, counts_from="effective", due_days=30),)
    desk = await stage.facility()
    await desk.awaited(TaskType.CONDITION_SUBSEQUENT)
    await stage.pass_time(desk, timedelta(days=40))
    [late] = [task for task in (await desk.position()).tasks if task.is_open]
    await desk.do(late)
    await stage.pass_time(desk, timedelta(days=330))
    return await ended(desk, "cancelled")


async def margin_reset(stage: Stage) -> WorkflowHandle[Any, Any]:
    """Of two facts reported for the margin one is found proven; three resets, of which the last lacks a report; never drawn."""
    clauses = MarginClauses.model_validate(
        {"first_reset_months": 3, "every_months": 3, "clauses": [ESG_CLAUSE], "above_original_bps": 25}
    )
    terms = clauses.terms(60, today(), today() + timedelta(days=3650))
    assert terms is not None
    stage.books.margin = MarginAgreement(
        product="nxb_project_loan",
        lender_id="nxb",
        policy_sha256="0" * 64,
        pinned_on=today(),
        base=BaseRateFixing(tenor="5Y", fixed_on=today()),
        terms=terms,
    )
    desk = await stage.facility()
    await told(stage, desk)
    for grade, outcome in (("A", TaskOutcome.ACKNOWLEDGE), ("AAA", TaskOutcome.REJECT)):
        await desk.do(await reported(desk, stage, grade), outcome, comment="已核对")
    for day in list(reset_days(terms))[:2]:
        await stage.pass_until(desk, end_of_day(day, RULEBOOK.cut_off) + timedelta(hours=2))
    stage.books.outcomes["margin_reset"] = Outcome.REFER
    await stage.pass_time(desk, timedelta(days=370))
    return await ended(desk, "cancelled")


ESG_CLAUSE = {"kind": "esg", "id": "esg", "agency": "评级机构", "grades": ["AAA", "AA", "A", "BBB"], "baseline": "BBB"}


async def told(stage: Stage, desk: Desk) -> None:
    """Wait until the books were told of the process: it has read its opening then."""
    async with asyncio.timeout(30):
        while not any(report.workflow_id == desk.handle.id for report in stage.books.asked("report_progress")):
            await asyncio.sleep(0.02)


async def reported(desk: Desk, stage: Stage, grade: str) -> HumanTask:
    """A grade that a manager reports; the task of whoever checks it."""
    command = MarginReportCommand(
        facility_id=stage.books.facility_id,
        statement=GradeStatement(agency="评级机构", grade=grade, on=today(), evidence="e" * 64),
        subject="rm",
        roles=(Role.RELATIONSHIP_MANAGER.value,),
    )
    result = await desk.handle.execute_update(
        REPORT_MARGIN_FACT, SignedMarginReportCommand(command=command, assertion=""), result_type=CommandResult
    )
    return result.tasks[0]


Played = Callable[[Stage], Awaitable[WorkflowHandle[Any, Any]]]
CASES: dict[str, Played] = {
    "application/returned": returned,
    "application/declined": declined,
    "application/knocked-out": knocked_out,
    "application/withdrawn": withdrawn,
    "application/offer-lapsed": offer_lapsed,
    "application/committee": committee,
    "application/overdue": overdue,
    "application/overridden": overridden,
    "utilisation/refused": refused,
    "utilisation/unknown-then-confirmed": unknown_then_confirmed,
    "utilisation/owner-silent": owner_silent,
    "facility/undrawn": undrawn,
    "facility/repaid": repaid,
    "facility/condition-missed": condition_missed,
    "facility/margin-reset": margin_reset,
}
EXAMPLES = ("nxb-xiyun", "jsb-order", "bocom-qinghai")
ALL_CASES = frozenset(CASES) | {
    f"{process}/{example}" for process in ("application", "utilisation", "facility") for example in EXAMPLES
}
