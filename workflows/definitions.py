"""What the worker registers, and the sandbox it runs definitions in."""

from typing import Any

from temporalio.converter import StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

from workflows.application.workflow import CreditApplication
from workflows.facility.workflow import Facility
from workflows.utilisation.workflow import Utilisation

WORKFLOWS = [CreditApplication, Utilisation, Facility]

# The domain is pure and shared by all runs; the signature check runs inside the sandbox's thread but touches nothing there.
_PASSED_THROUGH = (
    "domain",
    "rfc8785",
    "services.kit.actor_assertion",
    "services.kit.keyring",
    "joserfc",
    "cryptography",
)


class _Process(WorkflowInstance):
    """A process in its sandbox, which is entered for its steps only.

    The engine's library would enter it four times for every payload, to ask in whose name the payload is encoded. Ours are
    encoded alike whoever they belong to, and none is stored outside the engine, so the answer is known.
    """

    def __init__(self, inside: WorkflowInstance) -> None:
        self._inside = inside

    def activate(self, act: Any) -> Any:
        return self._inside.activate(act)

    def get_serialization_context(self, command_info: Any) -> None:
        return None

    def get_external_store_context(self, command_info: Any) -> StorageDriverStoreContext:
        return StorageDriverStoreContext(target=None)

    def get_info(self) -> Info:
        return self._inside.get_info()

    def get_thread_id(self) -> int | None:
        return self._inside.get_thread_id()


class Sandbox(SandboxedWorkflowRunner):
    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Process(super().create_instance(det))


def runner() -> SandboxedWorkflowRunner:
    """The sandbox: clocks, random sources and input or output are refused inside definitions."""
    return Sandbox(restrictions=SandboxRestrictions.default.with_passthrough_modules(*_PASSED_THROUGH))
