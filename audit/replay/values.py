"""Payloads, durations and failures as plain JSON values, the one form in which both sides of a replay are compared."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.bridge.proto.workflow_commands import WorkflowCommand


def value_of(payload: Payload) -> Any:
    """A payload's content. What is not JSON is compared byte by byte, under its encoding."""
    encoding = payload.metadata.get("encoding", b"").decode("ascii", "replace")
    if encoding in ("", "binary/null") and not payload.data:
        return None
    if encoding == "json/plain":
        try:
            return json.loads(payload.data, parse_float=Decimal)
        except ValueError:
            pass
    return {"encoding": encoding, "data": base64.b64encode(payload.data).decode()}


def values_of(payloads: Iterable[Payload]) -> list[Any]:
    return [value_of(payload) for payload in payloads]


def one_of(payloads: Sequence[Payload]) -> Any:
    return value_of(payloads[0]) if payloads else None


def fields_of(fields: Mapping[str, Payload]) -> dict[str, Any]:
    return {name: value_of(fields[name]) for name in sorted(fields)}


def shown_with(said: HistoryEvent | WorkflowCommand) -> dict[str, Any]:
    """What is shown to those who watch: summary and details of a command."""
    shown = said.user_metadata
    return {
        name: value_of(payload)
        for name, payload in (("summary", shown.summary), ("details", shown.details))
        if payload.data
    }


def failure_of(failure: Failure) -> dict[str, Any]:
    """A failure without its stack, whose lines and paths are those of a machine."""
    message = failure.message
    if failure.HasField("encoded_attributes"):
        encoded = value_of(failure.encoded_attributes)
        if isinstance(encoded, dict):
            message = str(encoded.get("message", message))
    told: dict[str, Any] = {"message": message}
    if failure.HasField("application_failure_info"):
        info = failure.application_failure_info
        told |= {"type": info.type, "non_retryable": info.non_retryable, "details": values_of(info.details.payloads)}
    else:
        told["kind"] = failure.WhichOneof("failure_info") or ""
    if failure.HasField("cause"):
        told["cause"] = failure_of(failure.cause)
    return told


def durations_of(message: Message, *names: str) -> dict[str, Any]:
    return {name: seconds_of(getattr(message, name)) for name in names}


def seconds_of(duration: Duration) -> str:
    """Exact seconds; a duration that is not set and one of nothing are the same to the engine."""
    return f"{(Decimal(duration.seconds) + Decimal(duration.nanos).scaleb(-9)).normalize():f}"


def plain_of(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return plain
