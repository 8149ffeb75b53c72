"""Core banking at its worst: the simulator behind a network that loses answers, delivers twice and cuts connections."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI

from services.kit.service_token import FixedToken
from services.origination.core_banking.adapter import HttpCoreBanking
from services.origination.core_banking.messages import CreditTransfer, PaymentStatus, StatementEntry
from services.origination.core_banking.simulator import Fault, FaultMode, SimulatorSettings, create_app
from services.origination.settings import OriginationSettings
from tests.fixtures.identity import Tokens

ANSWERED_WITHIN = 0.5
_MODES = (
    FaultMode(fault=Fault.NONE),
    FaultMode(fault=Fault.LATE, pause_seconds=ANSWERED_WITHIN + 0.3),
    FaultMode(fault=Fault.ERROR_AFTER_PAYING),
    FaultMode(fault=Fault.NEVER_ANSWER),
    FaultMode(fault=Fault.PENDING),
)


class ProcessDied(BaseException):
    """Origination ended between sending an instruction and hearing of it: nothing after that line was run."""


class HostileBank:
    """Simulated core banking behind the real adapter, every instruction treated badly in a way drawn by the seed."""

    def __init__(self, simulator: FastAPI, token: str, seed: int) -> None:
        self.simulator = simulator
        self.happened: Counter[str] = Counter()
        self._chance = random.Random(seed)
        simulator.state.behaviour = self
        self.client = httpx.AsyncClient(transport=_Network(self), base_url="http://bank")
        self.adapter = _Mortal(HttpCoreBanking("http://bank", FixedToken(token), client=self.client, attempts=1), self)

    def next(self) -> FaultMode:
        """What the simulator does with the next instruction."""
        mode = self._chance.choice(_MODES)
        self.happened[mode.fault.value] += 1
        return mode

    def falls(self, what: str, share: float) -> bool:
        """Whether something befalls this instruction."""
        if self._chance.random() >= share:
            return False
        self.happened[what] += 1
        return True


class _Network(httpx.ASGITransport):
    """Gives the bank half a second, and delivers some instructions twice."""

    def __init__(self, bank: HostileBank) -> None:
        super().__init__(bank.simulator, raise_app_exceptions=False)
        self._bank = bank

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and self._bank.falls("delivered twice", 0.15):
            await request.aread()
            await self._once(httpx.Request("POST", request.url, headers=request.headers, content=request.content))
        return await self._once(request)

    async def _once(self, request: httpx.Request) -> httpx.Response:
        try:
            return await asyncio.wait_for(super().handle_async_request(request), ANSWERED_WITHIN)
        except TimeoutError:
            raise httpx.ReadTimeout("the bank does not answer", request=request) from None


class _Mortal:
    """The adapter of an origination that dies now and then after it has sent."""

    def __init__(self, adapter: HttpCoreBanking, bank: HostileBank) -> None:
        self._adapter = adapter
        self._bank = bank

    async def pay(self, transfer: CreditTransfer) -> PaymentStatus | None:
        answer = await self._adapter.pay(transfer)
        if self._bank.falls("died after sending", 0.15):
            raise ProcessDied
        return answer

    async def inquire(self, end_to_end_id: str) -> PaymentStatus | None:
        return await self._adapter.inquire(end_to_end_id)

    def statement(self) -> AsyncIterator[StatementEntry]:
        return self._adapter.statement()


@asynccontextmanager
async def hostile_bank(
    settings: OriginationSettings, tokens: Tokens, directory: Path, seed: int
) -> AsyncIterator[HostileBank]:
    """The bank, running."""
    simulator = create_app(
        SimulatorSettings(
            environment="test",
            staff_issuer=settings.staff_issuer,
            borrower_issuer=settings.borrower_issuer,
            core_banking_dir=directory / "bank",
        )
    )
    async with simulator.router.lifespan_context(simulator):
        bank = HostileBank(simulator, await tokens.service("origination", "core-banking"), seed)
        try:
            yield bank
        finally:
            await bank.client.aclose()


def batches(total: int, size: int) -> Iterator[int]:
    """``total`` in parts of at most ``size``."""
    while total > 0:
        yield min(size, total)
        total -= size
