"""A small process with one of everything that a replay can get wrong."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

with workflow.unsafe.imports_passed_through():
    from loan.messages import Answer, End, Valuation

STAGE = SearchAttributeKey.for_keyword("Stage")
SERVERS = ("a100", "b200", "h100", "h200", "l40s", "mi300")


@workflow.defn(name="SmallLoan")
class SmallLoan:
    def __init__(self) -> None:
        self._answered = False

    @workflow.run
    async def run(self, amount: str) -> End:
        workflow.upsert_search_attributes([STAGE.value_set("assessment")])
        for server in SERVERS:
            await workflow.execute_activity(
                "value",
                Valuation(server=server, amount=amount, asked_at=workflow.now()),
                result_type=str,
                start_to_close_timeout=timedelta(seconds=60),
            )
        await workflow.sleep(timedelta(seconds=2))
        await workflow.wait_condition(lambda: self._answered)
        if workflow.patched("tell-the-facility"):
            facility = workflow.get_external_workflow_handle("facility-of-nobody")
            try:
                await facility.signal("drawn", amount)
            except Exception:
                self._answered = True
        return End(stage="paid", paid=amount)

    @workflow.update
    async def answer(self, accepted: bool) -> Answer:
        self._answered = True
        return Answer(accepted=accepted, rate="0.0378")


WORKFLOWS = [SmallLoan]


def runner() -> SandboxedWorkflowRunner:
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("loan.messages"))
