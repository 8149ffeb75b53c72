"""The gate before every validator: a command is believed only with origination's signature over exactly this command.

A validator that runs has already been shown who acts. Replay does not run validators; an audit checks the recorded
assertions again with the same function.
"""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

with workflow.unsafe.imports_passed_through():
    from domain.assertion import SignedCommand
    from domain.canonical import sha256_of
    from domain.refusals import Refusal
    from services.kit.actor_assertion import AssertionRefused, verify
    from services.kit.keyring import Keyring


class ActorGate(Interceptor):
    """Puts the check into every workflow of a worker. The key ring needs the public halves of the actor keys only."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - the name is the interface's
    ) -> type[WorkflowInboundInterceptor] | None:
        keyring = self._keyring

        class Gate(WorkflowInboundInterceptor):
            def handle_update_validator(self, input: HandleUpdateInput) -> None:  # noqa: A002
                prove_actor(keyring, input.id, input.args)
                super().handle_update_validator(input)

        return Gate


def prove_actor(keyring: Keyring, update_id: str, arguments: Any) -> None:
    """Refuse an update whose assertion does not cover this person, command, update and workflow."""
    signed = arguments[0] if len(arguments) == 1 else None
    if not isinstance(signed, SignedCommand):
        raise _refused("unsigned")
    command = signed.command  # type: ignore[attr-defined]
    try:
        claims = verify(
            signed.assertion,
            keyring,
            workflow_id=workflow.info().workflow_id,
            update_id=update_id,
            command_sha256=sha256_of(command),
            at=workflow.now(),
        )
    except AssertionRefused as refusal:
        raise _refused(refusal.reason) from None
    if claims.subject != command.subject or not {str(role) for role in command.roles} <= set(claims.roles):
        raise _refused("other_actor")


def _refused(reason: str) -> ApplicationError:
    detail = {"rule": reason, "message_zh": "操作人签名无效", "message_en": "the actor's assertion does not hold"}
    return ApplicationError(
        "the actor's assertion does not hold", detail, type=Refusal.ASSERTION_INVALID.value, non_retryable=True
    )
