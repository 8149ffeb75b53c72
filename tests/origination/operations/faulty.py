"""A process that stands still in whichever way a test asks for, under the name of a real one."""

import asyncio
import threading

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from domain.process import UTILISATION_WORKFLOW, DecisionEntered, DecisionRecord
    from workflows import effects


class Code:
    """The installed code: with its defect until a test mends it."""

    defect = ""
    """``raises``: it raises; ``diverges``: it leads elsewhere than its history says; ``hangs``: it does not answer. Of a step:
    ``step_raises``, ``step_hangs``."""
    _never = threading.Event()

    @classmethod
    def hang(cls) -> None:
        """Give no answer until the code is mended."""
        while cls.defect == "hangs":
            cls._never.wait(0.02)


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
        Code.hang()
        if record is not None:
            await effects.record_decision(record)
        return "done"


@activity.defn(name="record_decision")
async def faulty_step(record: DecisionRecord) -> DecisionEntered:
    """An effect that has the defect itself, whatever the services answer."""
    if Code.defect == "step_raises":
        raise ZeroDivisionError("王小明 64010219900101001X")
    if Code.defect == "step_hangs":
        await asyncio.Event().wait()
    return DecisionEntered()
