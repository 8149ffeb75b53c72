"""Processes small enough to steer from a test, under the real names, with the real board, rules and proof of the actor."""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.facility import SignedTransferCommand, TransferDecision, TransferRef, TransferState
    from domain.process import (
        ACT_ON_TASK,
        APPLICATION_WORKFLOW,
        DECIDE_TRANSFER,
        FACILITY_WORKFLOW,
        UTILISATION_WORKFLOW,
        CaseStart,
        CommandResult,
        FacilityStart,
        SignedTaskCommand,
        UtilisationStart,
    )
    from domain.refusals import Refusal
    from domain.task_rules import RefusedCommand
    from domain.tasks import HumanTask
    from tests.workflows.books import RULEBOOK
    from workflows.human.board import TaskBoard
    from workflows.human.desk import refused


class _Small:
    def __init__(self, branch: str, stage: str) -> None:
        self._board = TaskBoard(branch)
        self._stage = stage
        self._transfers: dict[str, TransferRef] = {}
        self._ended = False
        self._paused = False

    async def _until_ended(self) -> str:
        await workflow.wait_condition(lambda: self._ended)
        return self._stage

    @workflow.update
    async def offer(self, tasks: list[HumanTask]) -> None:
        for task in tasks:
            self._board.put(task)

    @workflow.update
    async def expect(self, transfers: list[TransferRef]) -> None:
        for transfer in transfers:
            self._transfers[str(transfer.transfer_id)] = transfer

    @workflow.signal
    def end(self) -> None:
        self._ended = True

    @workflow.signal
    def pause(self, paused: bool) -> None:
        """While paused, handlers act at once and answer only later, as behind a slow worker."""
        self._paused = paused

    @workflow.update(name=ACT_ON_TASK)
    async def act_on_task(self, signed: SignedTaskCommand) -> CommandResult:
        task = self._board.act(signed.command, workflow.now())
        await workflow.wait_condition(lambda: not self._paused)
        return CommandResult(tasks=(task,), stage=self._stage)

    @act_on_task.validator
    def _check(self, signed: SignedTaskCommand) -> None:
        refusal = self._board.refusal(signed.command, RULEBOOK, workflow.now())
        if refusal is not None:
            raise refused(refusal)

    @workflow.update(name=DECIDE_TRANSFER)
    async def decide_transfer(self, signed: SignedTransferCommand) -> CommandResult:
        confirmed = signed.command.decision is TransferDecision.CONFIRM
        state = TransferState.CONFIRMED_BY_OWNER if confirmed else TransferState.REJECTED_BY_OWNER
        key = str(signed.command.transfer_id)
        self._transfers[key] = self._transfers[key].model_copy(update={"state": state})
        return CommandResult(transfers=(self._transfers[key],), stage=self._stage)

    @decide_transfer.validator
    def _check_transfer(self, signed: SignedTransferCommand) -> None:
        transfer = self._transfers.get(str(signed.command.transfer_id))
        if transfer is None or transfer.state is not TransferState.CREATED:
            raise refused(
                RefusedCommand(code=Refusal.TRANSFER_STATE, message_zh="已处理", message_en="decided already")
            )
        if transfer.instruction_sha256 != signed.command.instruction_sha256:
            raise refused(RefusedCommand(code=Refusal.TRANSFER_CHANGED, message_zh="已变更", message_en="has changed"))


@workflow.defn(name=APPLICATION_WORKFLOW)
class SmallApplication(_Small):
    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        super().__init__(start.branch, "review")

    @workflow.run
    async def run(self, start: CaseStart) -> str:
        return await self._until_ended()


@workflow.defn(name=UTILISATION_WORKFLOW)
class SmallUtilisation(_Small):
    @workflow.init
    def __init__(self, start: UtilisationStart) -> None:
        super().__init__(start.branch, "awaiting_owner")

    @workflow.run
    async def run(self, start: UtilisationStart) -> str:
        return await self._until_ended()


@workflow.defn(name=FACILITY_WORKFLOW)
class SmallFacility:
    @workflow.run
    async def run(self, start: FacilityStart) -> str:
        await asyncio.sleep(0)
        return start.facility.number


WORKFLOWS = [SmallApplication, SmallUtilisation, SmallFacility]
