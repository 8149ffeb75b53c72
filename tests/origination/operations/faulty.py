"""A process that stands still in whichever way a test asks for, under the name of a real one."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.process import UTILISATION_WORKFLOW, DecisionRecord
    from workflows import effects


class Code:
    """The installed code: with its defect until a test mends it."""

    defect = ""
    """``raises``: it raises; ``diverges``: it leads elsewhere than its history says."""


@workflow.defn(name=UTILISATION_WORKFLOW)
class Faulty:
    def __init__(self) -> None:
        self._go = False

    @workflow.signal
    def go(self) -> None:
        self._go = True

    @workflow.run
    async def run(self, record: DecisionRecord | None) -> str:
        if Code.defect == "diverges":
            await workflow.execute_activity("announce", start_to_close_timeout=effects.ATTEMPT)
        await workflow.sleep(0.01)
        await workflow.wait_condition(lambda: self._go)
        if Code.defect == "raises":
            raise ZeroDivisionError("王小明 64010219900101001X")
        if record is not None:
            await effects.record_decision(record)
        return "done"
