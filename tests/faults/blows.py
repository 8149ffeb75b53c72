"""Blows: SIGKILL at the components of a running stack, at moments drawn by a seed, and how long each takes to be back."""

import asyncio
import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from suandai.stack.supervisor import Part
from tests.fixtures.stack import BankStack

TARGETS = ("worker", "origination", "pricing", "collateral", "core-banking", "temporal", "postgres")
ALL = "all at once"
STARTING = "during start-up"
_BACK_WITHIN = 180.0


@dataclass
class Record:
    """What was struck, and the seconds from a blow until the part was ready again."""

    blows: list[str] = field(default_factory=list)
    recovery: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


class Striker:
    """Strikes rounds: each component once, everything at once, and one a second time while it starts."""

    def __init__(self, bank: BankStack, seed: int) -> None:
        self._bank = bank
        self._random = random.Random(seed)
        self.record = Record()

    async def rounds(self, enough: asyncio.Event) -> None:
        """Strike one whole round in quick succession, then round after round at longer intervals until told that it is
        enough."""
        await self._round(0.2, 1.5)
        while not enough.is_set():
            await self._round(4.0, 16.0, enough)

    async def _round(self, shortest: float, longest: float, enough: asyncio.Event | None = None) -> None:
        blows = [*TARGETS, ALL, STARTING]
        self._random.shuffle(blows)
        for blow in blows:
            pause = self._random.uniform(shortest, longest)
            if enough is None:
                await asyncio.sleep(pause)
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(enough.wait(), pause)
                if enough.is_set():
                    return
            await self._strike(blow)

    def _part(self, name: str) -> Part:
        """A component; of the workers, one for each build, that of the installed one."""
        named = [part for part in self._bank.stack.parts if part.name == name or part.name.startswith(f"{name}-")]
        return named[0]

    async def _strike(self, blow: str) -> None:
        self.record.blows.append(blow)
        if blow == ALL:
            await asyncio.gather(*(self._killed(self._part(name), ALL) for name in TARGETS))
        elif blow == STARTING:
            part = self._part(self._random.choice(TARGETS))
            restarts = part.restarts
            _kill(part)
            await _until(lambda: part.restarts > restarts and part.state == "starting" and part.process is not None)
            await asyncio.sleep(self._random.uniform(0.0, 1.0))
            await self._killed(part, STARTING)
        else:
            await self._killed(self._part(blow), blow)

    async def _killed(self, part: Part, place: str) -> None:
        restarts = part.restarts
        began = time.monotonic()
        _kill(part)
        await _until(lambda: part.restarts > restarts and part.state == "ready")
        self.record.recovery[place].append(time.monotonic() - began)


def _kill(part: Part) -> None:
    if part.process is not None:
        with suppress(ProcessLookupError):
            os.kill(part.process.mark.pid, signal.SIGKILL)


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _BACK_WITHIN
    while not condition():
        assert time.monotonic() < deadline, "a part that was killed did not come back"
        await asyncio.sleep(0.02)
