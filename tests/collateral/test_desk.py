"""A desk works on leased jobs: what ended a job is what is told, and a job that could not be given back is told too."""

import asyncio
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
import structlog
from structlog.testing import capture_logs

from services.collateral import desk as desks
from services.collateral.desk import Desk, at_work
from services.kit.database import Database


@pytest.fixture(autouse=True)
def _own_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logger that no service of this process has bound to its own output yet."""
    monkeypatch.setattr(desks, "_log", structlog.get_logger())


class _Failing(Desk):
    kind = "errand"

    def __init__(self, *, unreachable: bool = False) -> None:
        super().__init__(cast(Database, None), timedelta(seconds=1))
        self.let_go: list[UUID] = []
        self.begun = asyncio.Event()
        self._unreachable = unreachable

    async def work_once(self) -> bool:
        async with self._leased(uuid4()):
            self.begun.set()
            raise ValueError("no such list")

    async def _let_go(self, job_id: UUID) -> None:
        self.let_go.append(job_id)
        if self._unreachable:
            raise ConnectionError("books away")


async def test_a_job_that_fails_is_given_back() -> None:
    desk = _Failing()
    with pytest.raises(ValueError, match="no such list"):
        await desk.work_once()
    assert len(desk.let_go) == 1


async def test_a_job_that_cannot_be_given_back_is_told_and_hides_nothing() -> None:
    desk = _Failing(unreachable=True)
    with capture_logs() as told, pytest.raises(ValueError, match="no such list"):
        await desk.work_once()
    assert [entry["event"] for entry in told] == ["errand_not_let_go"]
    assert told[0]["job_id"] == str(desk.let_go[0])


async def test_a_failure_ends_neither_the_desk_nor_the_service() -> None:
    desk = _Failing()
    with capture_logs() as told:
        async with at_work(desk):
            await asyncio.wait_for(desk.begun.wait(), 5)
            desk.begun.clear()
            desk.wake()
            await asyncio.wait_for(desk.begun.wait(), 5)
    events: list[Any] = [entry["event"] for entry in told]
    assert events[:1] == ["errand_not_finished"]
    assert len(desk.let_go) >= 2
