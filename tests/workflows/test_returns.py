"""A returned case: the lead amends and resubmits it, and it goes on with the new content."""

import pytest
from temporalio.client import WorkflowUpdateFailedError

from domain.finding import Outcome, Reason
from domain.process import WITHDRAW, CohortRef, CommandResult, SignedWithdrawCommand, WithdrawCommand
from domain.roles import Role
from domain.stages import Stage
from domain.tasks import HumanTask, TaskOutcome, TaskState, TaskType, Verb
from tests.workflows.conftest import Bench
from tests.workflows.people import Desk
from tests.workflows.test_application import begin, code_of, end_of


async def returned(desk: Desk, to: Stage, asked: TaskType = TaskType.REVIEW) -> HumanTask:
    """The rework that a return from review (or another task) to a stage asks for."""
    [task] = await desk.carry_to(asked)
    await desk.do(task, TaskOutcome.RETURN, return_to=to.value, comment="请补充三季度报表")
    [rework] = await desk.awaited(TaskType.REWORK)
    return rework


async def test_the_lead_is_asked_first_and_told_who_returned_it_and_why(bench: Bench) -> None:
    desk = await begin(bench)
    rework = await returned(desk, Stage.DUE_DILIGENCE)
    assert (rework.state, rework.assignee, rework.stage) == (TaskState.RESERVED, "rm", "due_diligence")
    assert rework.subject is not None
    assert (rework.subject.version, rework.subject.sha256) == (1, "8" * 64)
    assert rework.returned is not None
    assert (rework.returned.by, rework.returned.from_stage, rework.returned.to_stage) == (
        "reviewer",
        "review",
        "due_diligence",
    )
    assert (rework.returned.reason, rework.returned.task_type) == ("请补充三季度报表", TaskType.REVIEW)
    assert [task.type for task in (await desk.position()).tasks if task.is_open] == [TaskType.REWORK]


async def test_new_content_is_what_everything_afterwards_speaks_of(bench: Bench) -> None:
    desk = await begin(bench)
    rework = await returned(desk, Stage.DUE_DILIGENCE)
    more = CohortRef(asset_key="gpu", cohort="h200-0", kind="gpu_server", units=8)
    bench.books.cohorts = (*bench.books.cohorts, more)
    done = await desk.resubmit(rework, bench.books)
    assert done.resubmitted is not None
    assert done.resubmitted.version == 2
    lead, second = await desk.awaited(TaskType.LEAD_INVESTIGATION, TaskType.CO_INVESTIGATION)
    for task in (lead, second):
        assert task.subject == done.resubmitted
        assert task.returned is not None
        assert (task.returned.answered_by, task.returned.answer, task.returned.changed) == ("rm", "已补充", True)
    [review] = await desk.carry_to(TaskType.REVIEW)
    assert review.returned is not None  # the reviewer who returned it reads what came of it
    assert [step.cohort for step in bench.books.asked("valuation")] == ["h100-0", "h100-0", "h200-0"]
    # Checks of the stages before are run on the new content as well.
    assert [len(bench.books.asked(f"check_{name}")) for name in ("intake", "screening")] == [2, 2]
    [approval] = await desk.carry_to(TaskType.APPROVAL)
    assert approval.returned is None
    await desk.carry_to()
    assert (await end_of(desk)).stage is Stage.EFFECTIVE


async def test_a_case_may_be_explained_instead_of_changed_and_not_without_a_word(bench: Bench) -> None:
    desk = await begin(bench)
    rework = await returned(desk, Stage.ASSESSMENT)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.resubmit(rework, bench.books, comment=None, changed=False)
    assert code_of(refused) == "field_missing"
    assert refused.value.cause.details[0]["pointer"] == "/comment"  # type: ignore[union-attr]
    await desk.resubmit(rework, bench.books, comment="口径一致，无须修改", changed=False)
    [rating] = await desk.awaited(TaskType.RATING_CONFIRMATION)
    assert rating.returned is not None
    assert (rating.returned.answer, rating.returned.changed) == ("口径一致，无须修改", False)
    assert len(bench.books.asked("check_intake")) == 1


async def test_a_rework_is_not_completed_past_the_submission(bench: Bench) -> None:
    desk = await begin(bench)
    rework = await returned(desk, Stage.INTAKE)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.act(rework, Verb.COMPLETE, "rm", outcome=TaskOutcome.RESUBMIT, comment="好了")
    assert code_of(refused) == "field_missing"
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.act(rework, Verb.COMPLETE, "reviewer", Role.REVIEWER, outcome=TaskOutcome.RESUBMIT)
    assert code_of(refused) in ("field_missing", "not_assignee")


async def test_new_content_that_raises_a_new_question_goes_back_to_whom_it_concerns(bench: Bench) -> None:
    desk = await begin(bench)
    rework = await returned(desk, Stage.ASSESSMENT)
    bench.books.checks["screening"] = Outcome.REFER
    await desk.resubmit(rework, bench.books)
    [analysis] = await desk.awaited(TaskType.SCREENING_ANALYSIS)
    assert analysis.stage == "screening"
    assert analysis.returned is not None
    await desk.carry_to(TaskType.REVIEW)
    assert [task.outcome for task in await desk.tasks(TaskType.CO_INVESTIGATION)] == [TaskOutcome.APPROVE] * 2
    invalidated = [report.invalidated for report in bench.books.asked("report_progress") if report.invalidated]
    assert invalidated == [("assessment", "review"), ("screening", "due_diligence", "assessment")]


async def test_what_was_judged_before_is_not_asked_again(bench: Bench) -> None:
    bench.books.checks["screening"] = Outcome.REFER
    desk = await begin(bench)
    rework = await returned(desk, Stage.ASSESSMENT)
    await desk.resubmit(rework, bench.books)
    await desk.awaited(TaskType.RATING_CONFIRMATION)
    assert len(await desk.tasks(TaskType.SCREENING_ANALYSIS)) == 1
    bench.books.why["screening"] = "ANOTHER"
    await desk.carry_to(TaskType.REVIEW)
    rework = await returned(desk, Stage.ASSESSMENT)
    await desk.resubmit(rework, bench.books)
    await desk.awaited(TaskType.SCREENING_ANALYSIS)


async def test_a_return_within_review_and_approval_asks_the_lead_for_nothing(bench: Bench) -> None:
    desk = await begin(bench)
    [task] = await desk.carry_to(TaskType.APPROVAL)
    await desk.do(task, TaskOutcome.RETURN, return_to="review", comment="审查意见未回应集中度", mandate=None)
    [again] = await desk.awaited(TaskType.REVIEW)
    assert again.returned is not None
    assert again.returned.reason == "审查意见未回应集中度"
    assert await desk.tasks(TaskType.REWORK) == []


async def test_a_returned_case_can_be_withdrawn_and_handed_to_another_manager(bench: Bench) -> None:
    desk = await begin(bench)
    rework = await returned(desk, Stage.DUE_DILIGENCE)
    handed = await desk.act(rework, Verb.FORWARD, "rm", target="rm2")
    assert handed.assignee == "rm2"
    command = WithdrawCommand(case_id=rework.case_id, subject="rm", roles=("relationship_manager",), reason="撤回")
    await desk.handle.execute_update(
        WITHDRAW, SignedWithdrawCommand(command=command, assertion=""), result_type=CommandResult
    )
    assert (await end_of(desk)).stage is Stage.WITHDRAWN
    assert (await desk.tasks(TaskType.REWORK))[0].state is TaskState.EXITED


async def test_an_approval_without_room_goes_back_to_its_lead_and_is_decided_anew(bench: Bench) -> None:
    gone = Reason(code="LIMIT_SHORT", message_zh="集团额度不足", message_en="the group line is short", subject="U-1")
    bench.books.short = [(gone,)]
    desk = await begin(bench)
    [approval] = await desk.carry_to(TaskType.APPROVAL)
    await desk.do(approval)
    [rework] = await desk.awaited(TaskType.REWORK)
    assert rework.returned is not None
    assert (rework.returned.by, rework.returned.from_stage, rework.returned.to_stage) == (
        "system:limits",
        "approval",
        "assessment",
    )
    assert "集团额度不足" in rework.returned.reason
    assert rework.returned.task_id is None
    await desk.resubmit(rework, bench.books)
    await desk.carry_to()
    assert (await end_of(desk)).stage is Stage.EFFECTIVE
    assert [record.decision for record in bench.books.asked("record_decision")] == ["approved", "approved"]
    invalidated = [report.invalidated for report in bench.books.asked("report_progress") if report.invalidated]
    assert invalidated == [("assessment", "review", "approval")]
    assert len(bench.books.asked("issue_offer")) == 1
