"""A worker that remembers nothing runs every process from its history at each step, and says the same as ever."""

import pytest
from temporalio.api.enums.v1 import WorkflowTaskFailedCause

from audit.replay.history import recorded
from audit.replay.strict import replay
from tests.fixtures.temporal import TemporalUnderTest
from tests.histories.cases import CASES
from tests.workflows.stage import stage_on
from workflows.definitions import WORKFLOWS, runner


@pytest.mark.parametrize("case", ["application/declined", "utilisation/unknown-then-confirmed", "facility/repaid"])
async def test_a_process_without_a_cache_goes_the_same_way(temporal: TemporalUnderTest, case: str) -> None:
    async with stage_on(temporal, "without-memory", by_inbox=True, max_cached_workflows=0) as stage:
        handle = await CASES[case](stage)
        history = recorded((await handle.fetch_history()).events)
    failed = {
        event.workflow_task_failed_event_attributes.cause
        for event in history.events
        if event.HasField("workflow_task_failed_event_attributes")
    }
    # A step is taken again when something arrived while it was taken; it may not fall out of its own history.
    assert failed <= {WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND}
    [found] = await replay([history], WORKFLOWS, runner())
    assert (found.verdict, found.differences) == ("same", ())
