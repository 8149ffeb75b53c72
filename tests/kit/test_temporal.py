"""What the engine stores and sees: ciphertext, and one trace."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker

from domain.money import Money, yuan
from services.kit.keyring import Keyring, Undecipherable, UnknownKey
from services.kit.payload_codec import ENCODING, KEY_ID, EncryptedPayloads, PlainPayload
from services.kit.settings import ServiceSettings
from services.kit.temporal import connect, data_converter

BORROWER = "宁夏西云算力科技有限公司"


@activity.defn
async def price(name: str) -> Money:
    assert name == BORROWER
    return yuan("280000000")


@workflow.defn
class Specimen:
    """Takes a name, remembers an amount, fails when told to."""

    def __init__(self) -> None:
        self._amount: Money | None = None

    @workflow.run
    async def run(self, name: str, fail: bool) -> Money:
        self._amount = await workflow.execute_activity(
            price, name, start_to_close_timeout=timedelta(seconds=10), summary=f"price for {name}"
        )
        if fail:
            raise ApplicationError(f"refused: {name}", name, type="Refused")
        return self._amount

    @workflow.update
    async def ask(self, name: str) -> str:
        return f"{name}: noted"


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keys")


async def client_for(temporal: Any, ring: Keyring) -> Client:
    settings = ServiceSettings(temporal_address=temporal.address, temporal_namespace=temporal.namespace)
    return await connect(settings, ring)


async def run(client: Client, *, fail: bool) -> str:
    queue = f"specimen-{uuid4()}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Specimen],
        activities=[price],
        workflow_runner=UnsandboxedWorkflowRunner(),
        workflow_failure_exception_types=[ApplicationError],
    ):
        handle = await client.start_workflow(
            Specimen.run, args=[BORROWER, fail], id=f"specimen-{uuid4()}", task_queue=queue, static_summary=BORROWER
        )
        assert await handle.execute_update(Specimen.ask, BORROWER) == f"{BORROWER}: noted"
        if fail:
            with pytest.raises(WorkflowFailureError) as failed:
                await handle.result()
            assert isinstance(failed.value.cause, ApplicationError)
            assert (failed.value.cause.message, failed.value.cause.details) == (f"refused: {BORROWER}", (BORROWER,))
        else:
            assert await handle.result() == yuan("280000000")
    return handle.id


@pytest.mark.parametrize("fail", [False, True])
async def test_nothing_of_a_case_lies_plain_in_the_engine(temporal: Any, ring: Keyring, fail: bool) -> None:
    client = await client_for(temporal, ring)
    workflow_id = await run(client, fail=fail)
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    stored = history.to_json()
    for secret in (BORROWER, "280000000", "refused", "noted", "traceparent"):
        assert secret not in stored
        assert secret.encode() not in b"".join(event.SerializeToString() for event in history.events)
    replayer = Replayer(
        workflows=[Specimen],
        data_converter=data_converter(ring),
        workflow_runner=UnsandboxedWorkflowRunner(),
        workflow_failure_exception_types=[ApplicationError],
    )
    await replayer.replay_workflow(history)


async def test_one_trace_leads_from_the_request_to_the_activity(
    temporal: Any, ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    with provider.get_tracer("test").start_as_current_span("POST /v1/x") as request:
        trace_id = request.get_span_context().trace_id
        await run(await client_for(temporal, ring), fail=False)
    names = {span.name.split(":")[0] for span in spans.get_finished_spans()}
    assert {"StartWorkflow", "RunWorkflow", "StartActivity", "RunActivity"} <= names
    assert {span.context.trace_id for span in spans.get_finished_spans() if span.context} == {trace_id}


async def test_the_codec_reads_older_keys_and_nothing_it_did_not_write(ring: Keyring, tmp_path: Path) -> None:
    plain = Payload(metadata={"encoding": b"json/plain"}, data=b'"secret"')
    (old,) = await EncryptedPayloads(ring).encode([plain])
    assert (old.metadata["encoding"], b"secret" in old.SerializeToString()) == (ENCODING, False)
    Keyring.rotate(tmp_path / "keys", "payload")
    codec = EncryptedPayloads(Keyring.load(tmp_path / "keys"))
    (new,) = await codec.encode([plain])
    assert new.metadata[KEY_ID] != old.metadata[KEY_ID]
    assert await codec.decode([old, new]) == [plain, plain]
    with pytest.raises(PlainPayload):
        await codec.decode([plain])
    with pytest.raises(UnknownKey):
        await EncryptedPayloads(Keyring.create(tmp_path / "other")).decode([old])
    moved = Payload(metadata={**old.metadata, KEY_ID: new.metadata[KEY_ID]}, data=old.data)
    with pytest.raises(Undecipherable):
        await codec.decode([moved])


async def test_an_engine_that_is_not_there_is_said_so(ring: Keyring) -> None:
    settings = ServiceSettings(temporal_address="127.0.0.1:9")
    with pytest.raises(RuntimeError):
        async with asyncio.timeout(30):
            await connect(settings, ring)
