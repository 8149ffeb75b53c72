"""The rating is confirmed, or two persons override it: one proposes another grade, another one decides."""

from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from domain.finding import Outcome
from domain.roles import Role
from domain.tasks import GradeProposal, HumanTask, TaskOutcome, TaskType, Verb
from tests.workflows.conftest import Bench
from tests.workflows.people import Desk
from tests.workflows.test_application import begin, code_of

PROPOSED = GradeProposal(grade="R3", reason="已获头部平台三年照付不议订单", proposed_by="rater")


async def proposed(desk: Desk) -> HumanTask:
    """The confirmer proposes a grade; the task of the second person."""
    [rating] = await desk.carry_to(TaskType.RATING_CONFIRMATION)
    done = await desk.do(rating, TaskOutcome.OVERRIDE, grade=PROPOSED.grade, comment=PROPOSED.reason)
    assert done.proposal == PROPOSED
    [override] = await desk.awaited(TaskType.RATING_OVERRIDE)
    return override


async def test_a_second_person_decides_and_limit_follows(bench: Bench) -> None:
    desk = await begin(bench)
    override = await proposed(desk)
    assert override.proposal == PROPOSED
    assert override.excluded == ("rater",)
    assert override.title_zh.startswith("推翻评级决定：R3")
    assert "limit" not in [name for name, _ in bench.books.log], "nothing is built on a rating that is not settled"
    await desk.do(override)
    [review] = [task for task in await desk.carry_to(TaskType.REVIEW) if task.type is TaskType.REVIEW]
    [step] = bench.books.asked("rating_override")
    assert (step.proposal, step.confirmed_by) == (PROPOSED, "rater-2")
    order = [name for name, _ in bench.books.log if name in ("rating", "rating_override", "limit")]
    assert order == ["rating", "rating_override", "limit"]
    assert "rating_override" in [finding.kind for finding in review.findings]


async def test_who_proposes_does_not_decide(bench: Bench) -> None:
    override = await proposed(desk := await begin(bench))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.act(override, Verb.CLAIM, "rater", Role.RATING_CONFIRMER)
    assert code_of(refused) == "duties_separate"
    assert refused.value.cause.details[0]["rule"] == "OVERRIDE_SAME_PERSON"  # type: ignore[union-attr]
    claimed = await desk.act(override, Verb.CLAIM, "rater-2", Role.RATING_CONFIRMER)
    with pytest.raises(WorkflowUpdateFailedError) as handed_back:
        await desk.act(claimed, Verb.FORWARD, "rater-2", Role.RATING_CONFIRMER, target="rater")
    assert code_of(handed_back) == "duties_separate"


async def test_a_refused_override_leaves_nothing_and_the_rating_is_confirmed_anew(bench: Bench) -> None:
    override = await proposed(desk := await begin(bench))
    await desk.do(override, TaskOutcome.REJECT, comment="订单尚未生效")
    [again] = await desk.awaited(TaskType.RATING_CONFIRMATION)
    assert again.proposal is None
    assert bench.books.asked("rating_override") == []
    await desk.do(again)
    await desk.carry_to(TaskType.REVIEW)
    assert bench.books.asked("rating_override") == []


async def test_an_override_that_breaks_the_rule_after_all_is_not_built_on(bench: Bench) -> None:
    bench.books.outcomes["rating_override"] = Outcome.FAIL
    override = await proposed(desk := await begin(bench))
    await desk.do(override)
    await desk.awaited(TaskType.RATING_CONFIRMATION)
    assert "limit" not in [name for name, _ in bench.books.log]


async def test_the_second_person_may_return_the_case(bench: Bench) -> None:
    override = await proposed(desk := await begin(bench))
    await desk.do(override, TaskOutcome.RETURN, return_to="due_diligence", comment="核实订单")
    await desk.awaited(TaskType.REWORK)


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"outcome": TaskOutcome.OVERRIDE, "comment": "订单"}, "field_missing", "/grade"),
        ({"outcome": TaskOutcome.OVERRIDE, "grade": "R3"}, "field_missing", "/comment"),
        ({"outcome": TaskOutcome.APPROVE, "grade": "R3"}, "outcome_not_allowed", "/grade"),
    ],
)
async def test_an_override_names_its_grade_and_why(bench: Bench, body: dict[str, Any], code: str, pointer: str) -> None:
    desk = await begin(bench)
    [rating] = await desk.carry_to(TaskType.RATING_CONFIRMATION)
    claimed = await desk.act(rating, Verb.CLAIM, "rater")
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.act(claimed, Verb.COMPLETE, "rater", **body)
    assert code_of(refused) == code
    assert refused.value.cause.details[0]["pointer"] == pointer  # type: ignore[union-attr]
