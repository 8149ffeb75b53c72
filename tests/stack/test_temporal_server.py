import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio import workflow
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.common import SearchAttributeKey
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from domain.process import SEARCH_ATTRIBUTES
from tests.fixtures.temporal import TemporalUnderTest


@workflow.defn
class Patient:
    """Waits as a registration deadline does, and says where it stands."""

    @workflow.run
    async def run(self) -> str:
        workflow.upsert_search_attributes([SearchAttributeKey.for_keyword("Stage").value_set("intake")])
        before = workflow.now()
        await asyncio.sleep(timedelta(days=30).total_seconds())
        return str(workflow.now() - before)


async def test_our_search_attributes_are_registered(temporal: TemporalUnderTest) -> None:
    service = temporal.environment.client.operator_service
    found = await service.list_search_attributes(ListSearchAttributesRequest(namespace=temporal.namespace))
    assert set(SEARCH_ATTRIBUTES) <= set(found.custom_attributes)


async def test_a_month_passes_in_a_moment(temporal: TemporalUnderTest) -> None:
    client: Any = temporal.environment.client
    queue = f"test-{uuid4()}"
    async with Worker(client, task_queue=queue, workflows=[Patient], workflow_runner=UnsandboxedWorkflowRunner()):
        slept = await client.execute_workflow(Patient.run, id=queue, task_queue=queue)
    assert slept.startswith("30 days")
