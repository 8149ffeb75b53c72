"""Before the agreement (签约前审查): what the process did is asked about by the rules of the moment of contract."""

from datetime import timedelta
from typing import Any

import pytest

from domain.finding import Outcome
from domain.process import CheckResult, DecisionRecord, ProgressReport
from domain.tasks import ROLE_OF, HumanTask, TaskOutcome, TaskState, TaskType
from services.kit.database import new_id, now
from services.kit.http import RemoteProblem
from tests.origination.casework.conftest import Running
from tests.origination.sample import TODAY

LEAD, SECOND, REVIEWER, APPROVER = "zhang.wei", "wang.fang", "li.na", "approver.ho"


def task(running: Running, kind: TaskType, by: str, comment: str = "属实") -> HumanTask:
    return HumanTask(
        task_id=new_id(),
        type=kind,
        case_id=running.case_id,
        workflow_id=running.workflow_id,
        title_zh="任务",
        title_en="task",
        stage="review",
        state=TaskState.COMPLETED,
        outcome=TaskOutcome.APPROVE,
        role=ROLE_OF[kind],
        created_at=now(),
        completed_at=now(),
        completed_by=by,
        comment=comment,
    )


async def offered(running: Running, *tasks: HumanTask, decided_by: str = APPROVER) -> CheckResult:
    """The case assessed, these tasks done, decided and offered; then what the check before the contract says."""
    worker = running.worker
    for name in ("intake", "screening", "cross_checks"):
        await worker.check(name, running.step(name))
    await running.assessed()
    await worker.check("regulation", running.step("regulation"))
    chain = await worker.authority(running.step("authority"))
    await worker.progress(
        ProgressReport(
            case_id=running.case_id,
            workflow_id=running.workflow_id,
            step="progress",
            stage="approval",
            at=now(),
            tasks=tasks,
        )
    )
    await worker.decide(
        DecisionRecord(
            case_id=running.case_id,
            workflow_id=running.workflow_id,
            step="decision",
            decision="approved",
            decided_by=(decided_by,),
            authority_rule=chain.steps[-1].rule,
            at=now(),
            valid_until=TODAY + timedelta(days=180),
        )
    )
    await worker.offer(running.step("offer"))
    return await worker.check("contracting", running.step("contracting"))


def investigated(running: Running, second: str = SECOND, comment: str = "现场核实") -> list[HumanTask]:
    return [
        task(running, TaskType.LEAD_INVESTIGATION, LEAD, comment),
        task(running, TaskType.CO_INVESTIGATION, second, comment),
    ]


def said(result: CheckResult) -> set[str]:
    return {reason.code if not reason.subject else f"{reason.code}:{reason.subject}" for reason in result.reasons}


async def test_nothing_is_checked_before_there_is_an_offer(running: Running) -> None:
    with pytest.raises(RemoteProblem) as caught:
        await running.worker.check("contracting", running.step("contracting"))
    assert caught.value.code == "step_not_possible"


async def test_a_case_that_went_its_way_may_be_contracted(running: Running) -> None:
    result = await offered(running, *investigated(running), task(running, TaskType.REVIEW, REVIEWER))
    assert (result.outcome, said(result)) == (Outcome.PASS, set())


async def test_cbl_35_the_reviewer_is_none_of_the_investigators(running: Running) -> None:
    result = await offered(running, *investigated(running), task(running, TaskType.REVIEW, SECOND))
    assert result.outcome is Outcome.FAIL
    assert "CBL_35" in said(result)


async def test_cbl_35_who_decides_did_not_review(running: Running) -> None:
    tasks = [*investigated(running), task(running, TaskType.REVIEW, REVIEWER)]
    result = await offered(running, *tasks, decided_by=REVIEWER)
    assert result.outcome is Outcome.FAIL
    assert "CBL_35" in said(result)


@pytest.mark.parametrize(("second", "comment"), [(LEAD, "现场核实"), (SECOND, "")])
async def test_three_checks_two_persons_and_what_they_found(running: Running, second: str, comment: str) -> None:
    tasks: list[Any] = [*investigated(running, second, comment), task(running, TaskType.REVIEW, REVIEWER)]
    result = await offered(running, *tasks)
    assert result.outcome is Outcome.REFER
    assert "THREE_CHECKS_BEFORE" in said(result)
