"""CreditApplication, stage by stage, with people who act through real updates."""

import asyncio

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from domain.authority import AuthorityChain
from domain.finding import Outcome
from domain.process import (
    APPLICATION_WORKFLOW,
    WITHDRAW,
    CaseEnd,
    CommandResult,
    SignedWithdrawCommand,
    WithdrawCommand,
)
from domain.roles import Role
from domain.stages import PROCESS_ORDER, Stage
from domain.tasks import TaskCommand, TaskOutcome, TaskState, TaskType, Verb
from tests.workflows.books import requirement
from tests.workflows.conftest import Bench
from tests.workflows.people import Desk, case_start, mandate


async def begin(bench: Bench) -> Desk:
    start = case_start()
    workflow_id = f"application-{start.application_id}"
    await bench.client.start_workflow(APPLICATION_WORKFLOW, start, id=workflow_id, task_queue=bench.queue)
    return Desk(bench.client, workflow_id)


async def end_of(desk: Desk) -> CaseEnd:
    return CaseEnd.model_validate(await desk.handle.result())


def code_of(failure: pytest.ExceptionInfo[WorkflowUpdateFailedError]) -> str | None:
    cause = failure.value.cause
    assert isinstance(cause, ApplicationError)
    return cause.type


async def test_the_whole_way_to_an_effective_facility(bench: Bench) -> None:
    desk = await begin(bench)
    await desk.carry_to()
    end = await end_of(desk)
    assert end.stage is Stage.EFFECTIVE
    assert end.facility is not None
    # Nobody is asked at intake and screening when their checks pass.
    with_people = PROCESS_ORDER[PROCESS_ORDER.index(Stage.DUE_DILIGENCE) :]
    assert bench.books.stages() == [stage.value for stage in with_people] + ["effective"]
    assert bench.books.conditions_reported() == [("floating_mortgage", "satisfied"), ("account_pledge", "satisfied")]
    [decision] = bench.books.asked("record_decision")
    assert (decision.decision, decision.decided_by) == ("approved", ("boss",))


async def test_steps_are_unique_because_they_key_every_effect(bench: Bench) -> None:
    desk = await begin(bench)
    await desk.carry_to()
    await end_of(desk)
    steps = [argument.step for _, argument in bench.books.log]
    assert len(steps) == len(set(steps))


async def test_a_failed_check_declines_with_every_reason(bench: Bench) -> None:
    bench.books.checks["screening"] = Outcome.FAIL
    desk = await begin(bench)
    end = await end_of(desk)
    assert end.stage is Stage.DECLINED
    assert [reason.code for reason in end.reasons] == ["WHY"]
    [decision] = bench.books.asked("record_decision")
    assert decision.decision == "declined"
    assert decision.reasons == end.reasons


async def test_what_may_not_be_agreed_is_declined_although_it_was_approved(bench: Bench) -> None:
    bench.books.checks["contracting"] = Outcome.FAIL
    desk = await begin(bench)
    await desk.carry_to()
    end = await end_of(desk)
    assert end.stage is Stage.DECLINED
    assert [decision.decision for decision in bench.books.asked("record_decision")] == ["approved", "declined"]
    assert bench.books.asked("draw_up_contract") == []


async def test_a_doubt_before_the_agreement_goes_to_compliance(bench: Bench) -> None:
    bench.books.checks["contracting"] = Outcome.REFER
    desk = await begin(bench)
    await desk.carry_to(TaskType.OFFER_ACCEPTANCE)
    assert bench.books.asked("check_contracting") == []
    [offer] = await desk.awaited(TaskType.OFFER_ACCEPTANCE)
    await desk.do(offer)
    [task] = await desk.awaited(TaskType.COMPLIANCE_OPINION)
    assert task.findings[0].outcome is Outcome.REFER
    assert bench.books.asked("draw_up_contract") == []
    await desk.do(task)
    await desk.awaited(TaskType.CONTRACT_DRAFTING)


@pytest.mark.parametrize("outcome", [Outcome.REFER, Outcome.NOT_RUN])
async def test_a_check_that_refers_or_was_not_run_is_put_before_an_analyst(bench: Bench, outcome: Outcome) -> None:
    bench.books.checks["intake"] = outcome
    desk = await begin(bench)
    [task] = await desk.awaited(TaskType.INTAKE_ANALYSIS)
    assert task.findings[0].outcome is outcome
    await desk.do(task)
    await desk.awaited(TaskType.LEAD_INVESTIGATION)


async def test_the_second_investigator_is_another_person_than_the_first(bench: Bench) -> None:
    desk = await begin(bench)
    lead, second = sorted(
        await desk.awaited(TaskType.LEAD_INVESTIGATION, TaskType.CO_INVESTIGATION), key=lambda t: t.type, reverse=True
    )
    await desk.act(lead, Verb.CLAIM, "rm")
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.act(second, Verb.CLAIM, "rm", Role.CO_INVESTIGATOR)
    assert code_of(refused) == "duties_separate"
    assert refused.value.cause.details[0]["rule"] == "SOD-lead_investigation-co_investigation"  # type: ignore[union-attr]


async def test_of_twenty_simultaneous_claims_one_wins(bench: Bench) -> None:
    desk = await begin(bench)
    [task] = await desk.awaited(TaskType.CO_INVESTIGATION)

    async def claim(n: int) -> str:
        try:
            return (await desk.act(task, Verb.CLAIM, f"investigator-{n}")).assignee or ""
        except WorkflowUpdateFailedError as error:
            return getattr(error.cause, "type", "")

    answers = await asyncio.gather(*[claim(n) for n in range(20)])
    winners = [answer for answer in answers if answer.startswith("investigator-")]
    assert len(winners) == 1
    assert set(answers) - set(winners) <= {"task_version", "task_taken"}
    assert (await desk.tasks(TaskType.CO_INVESTIGATION))[0].assignee == winners[0]


async def test_nobody_approves_beyond_their_mandate(bench: Bench) -> None:
    desk = await begin(bench)
    [task] = await desk.carry_to(TaskType.APPROVAL)
    claimed = await desk.act(task, Verb.CLAIM, "boss")
    for poor in (None, mandate("boss", limit="279999999.99"), mandate("boss", rank=10), mandate("someone")):
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await desk.act(claimed, Verb.COMPLETE, "boss", outcome=TaskOutcome.APPROVE, mandate=poor)
        assert code_of(refused) == "authority_exceeded"
    done = await desk.act(
        claimed, Verb.COMPLETE, "boss", outcome=TaskOutcome.APPROVE, mandate=mandate("boss", limit="280000000.00")
    )
    assert done.state is TaskState.COMPLETED


async def test_the_front_office_has_no_vote(bench: Bench) -> None:
    desk = await begin(bench)
    [task] = await desk.carry_to(TaskType.APPROVAL)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.act(task, Verb.CLAIM, "rm", Role.APPROVER)
    assert code_of(refused) == "duties_separate"


async def test_a_return_names_an_earlier_stage_and_invalidates_what_came_after(bench: Bench) -> None:
    desk = await begin(bench)
    [task] = await desk.carry_to(TaskType.REVIEW)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.do(task, TaskOutcome.RETURN, return_to="contracting", comment="补充材料")
    assert code_of(refused) == "stage_not_allowed"
    [task] = await desk.tasks(TaskType.REVIEW)
    await desk.act(
        task, Verb.COMPLETE, "reviewer", outcome=TaskOutcome.RETURN, return_to="due_diligence", comment="补充材料"
    )
    [rework] = await desk.awaited(TaskType.REWORK)
    await desk.resubmit(rework, bench.books, changed=False)
    await desk.awaited(TaskType.LEAD_INVESTIGATION)
    opinions = await desk.tasks(TaskType.COMPLIANCE_OPINION)
    assert opinions[0].state in (TaskState.OBSOLETE, TaskState.COMPLETED)
    reports = [report for report in bench.books.asked("report_progress") if report.invalidated]
    assert reports[0].invalidated == ("due_diligence", "assessment", "review")
    await desk.carry_to()
    assert (await end_of(desk)).stage is Stage.EFFECTIVE


async def test_rejection_by_the_approver_declines(bench: Bench) -> None:
    desk = await begin(bench)
    [task] = await desk.carry_to(TaskType.APPROVAL)
    await desk.do(task, TaskOutcome.REJECT, comment="集中度过高", mandate=None)
    assert (await end_of(desk)).stage is Stage.DECLINED
    assert [record.decision for record in bench.books.asked("record_decision")] == ["declined"]


async def test_each_body_of_the_chain_is_another_person(bench: Bench) -> None:
    bench.books.chain = AuthorityChain(steps=(requirement("branch_approver", 10), requirement()))
    desk = await begin(bench)
    [first] = await desk.carry_to(TaskType.APPROVAL)
    assert first.subject is not None
    assert first.subject.type == "credit_memo"
    await desk.do(first)
    [second] = [task for task in await desk.awaited(TaskType.APPROVAL) if task.state is TaskState.READY]
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.act(second, Verb.CLAIM, "boss")
    assert code_of(refused) == "duties_separate"
    claimed = await desk.act(second, Verb.CLAIM, "chief")
    await desk.act(claimed, Verb.COMPLETE, "chief", outcome=TaskOutcome.APPROVE, mandate=mandate("chief"))
    await desk.carry_to()
    [decision] = bench.books.asked("record_decision")
    assert decision.decided_by == ("boss", "chief")


async def test_what_the_approver_made_a_condition_is_perfected_before_the_first_drawing(bench: Bench) -> None:
    desk = await begin(bench)
    [task] = await desk.carry_to(TaskType.APPROVAL)
    await desk.do(task, TaskOutcome.APPROVE_WITH_CONDITIONS, conditions=("股东追加保证",))
    await desk.carry_to()
    assert ("APPROVAL_1", "satisfied") in bench.books.conditions_reported()
    assert any("股东追加保证" in task.title_zh for task in await desk.tasks(TaskType.SECURITY_PERFECTION))


async def test_of_the_approvers_conditions_only_those_precedent_are_asked_for_before_effect(bench: Bench) -> None:
    bench.books.outcomes["quote"] = Outcome.REFER
    desk = await begin(bench)
    [price] = await desk.carry_to(TaskType.PRICING_APPROVAL)
    await desk.do(price, TaskOutcome.APPROVE_WITH_CONDITIONS, conditions=({"text": "结算归集", "kind": "undertaking"},))
    [task] = await desk.carry_to(TaskType.APPROVAL)
    asked = (
        {"text": "办妥电力增容", "kind": "subsequent", "counts_from": "effective", "due_days": 30},
        {"text": "股东追加保证", "kind": "precedent"},
    )
    await desk.do(task, TaskOutcome.APPROVE_WITH_CONDITIONS, conditions=asked)
    await desk.carry_to()
    reported = [code for code, _ in bench.books.conditions_reported()]
    assert reported == ["floating_mortgage", "account_pledge", "APPROVAL_3"]
    [decision] = bench.books.asked("record_decision")
    assert [(item.text, item.kind) for item in decision.conditions] == [
        ("结算归集", "undertaking"),
        ("办妥电力增容", "subsequent"),
        ("股东追加保证", "precedent"),
    ]


async def test_a_price_below_the_floor_needs_its_own_approval(bench: Bench) -> None:
    bench.books.outcomes["quote"] = Outcome.REFER
    desk = await begin(bench)
    [task] = await desk.carry_to(TaskType.PRICING_APPROVAL)
    assert task.role is Role.PRICING_APPROVER
    await desk.do(task)
    await desk.awaited(TaskType.REVIEW)


async def test_a_committee_recommends_and_the_approver_may_refuse(bench: Bench) -> None:
    committee = requirement("credit_committee", 30, kind="committee", seats=3, quorum=2)
    bench.books.chain = AuthorityChain(steps=(committee, requirement()))
    desk = await begin(bench)
    votes = await desk.carry_to(TaskType.COMMITTEE_VOTE)
    assert len(votes) == 3
    first = await desk.act(votes[0], Verb.CLAIM, "member-0", Role.COMMITTEE_MEMBER)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.act(votes[1], Verb.CLAIM, "member-0", Role.COMMITTEE_MEMBER)
    assert code_of(refused) == "duties_separate"
    await desk.act(first, Verb.COMPLETE, "member-0", outcome=TaskOutcome.APPROVE)
    for n, (vote, outcome) in enumerate(zip(votes[1:], (TaskOutcome.APPROVE, TaskOutcome.REJECT), strict=True), 1):
        claimed = await desk.act(vote, Verb.CLAIM, f"member-{n}", Role.COMMITTEE_MEMBER)
        await desk.act(claimed, Verb.COMPLETE, f"member-{n}", outcome=outcome, comment="意见")
    [task] = await desk.awaited(TaskType.APPROVAL)
    await desk.do(task, TaskOutcome.REJECT, comment="一票否决")
    assert (await end_of(desk)).stage is Stage.DECLINED


async def test_withdrawal_ends_the_case_from_wherever_it_is(bench: Bench) -> None:
    desk = await begin(bench)
    await desk.carry_to(TaskType.REVIEW)
    start = WithdrawCommand(case_id=case_start().case_id, subject="rm", roles=("relationship_manager",), reason="撤回")
    result = await desk.handle.execute_update(
        WITHDRAW, SignedWithdrawCommand(command=start, assertion=""), result_type=CommandResult
    )
    assert result.stage == "withdrawn"
    assert all(not task.is_open for task in result.tasks)
    assert (await end_of(desk)).stage is Stage.WITHDRAWN
    assert bench.books.stages()[-1] == "withdrawn"


async def test_delegation_comes_back_and_forwarding_does_not(bench: Bench) -> None:
    desk = await begin(bench)
    [task] = await desk.carry_to(TaskType.REVIEW)
    task = await desk.act(task, Verb.CLAIM, "reviewer")
    task = await desk.act(task, Verb.DELEGATE, "reviewer", target="expert")
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.act(task, Verb.COMPLETE, "expert", outcome=TaskOutcome.APPROVE)
    assert code_of(refused) == "not_assignee"
    task = await desk.act(task, Verb.RESOLVE, "expert", comment="建议同意")
    assert (task.assignee, task.owner, task.comment) == ("reviewer", None, "建议同意")
    task = await desk.act(task, Verb.FORWARD, "reviewer", target="another")
    done = await desk.act(task, Verb.COMPLETE, "another", outcome=TaskOutcome.APPROVE)
    assert done.completed_by == "another"


async def test_a_stale_version_is_refused(bench: Bench) -> None:
    desk = await begin(bench)
    [task] = await desk.awaited(TaskType.CO_INVESTIGATION)
    await desk.act(task, Verb.CLAIM, "second")
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.send(
            TaskCommand(
                task_id=task.task_id,
                verb=Verb.RELEASE,
                expected_version=task.version,
                subject="second",
                roles=(Role.CO_INVESTIGATOR,),
            )
        )
    assert code_of(refused) == "task_version"
