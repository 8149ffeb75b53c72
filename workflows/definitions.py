"""What the worker registers, and the sandbox it runs definitions in."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

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


def runner() -> SandboxedWorkflowRunner:
    """The sandbox: clocks, random sources and input or output are refused inside definitions."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*_PASSED_THROUGH))
