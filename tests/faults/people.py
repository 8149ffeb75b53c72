"""People who do not give up: the same request with the same key until there is an answer, as the API asks of them."""

import asyncio
import time
from typing import Any

import httpx

from suandai.stack import StackError
from suandai.walkthrough.files import CASTS, Cast, another_case
from suandai.walkthrough.person import Bank, Person, Refused, Token
from suandai.walkthrough.play import CasePlay

PATIENCE = 300.0
"""Seconds somebody tries one request before it counts as lost."""
LONGEST = 600.0
"""Seconds a chapter of a case may take, whatever is killed meanwhile."""
_PAUSE = 0.5
_COME_BACK = frozenset({"request_in_progress", "process_not_started", "unavailable", "internal_error"})


class PatientPerson(Person):
    """One person who repeats what was not answered, and follows what was only accepted."""

    async def _send(self, method: str, path: str, **terms: Any) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                response = await super()._send(method, path, **terms)
            except Refused as refusal:
                if time.monotonic() > deadline or not (refusal.status >= 500 or refusal.code in _COME_BACK):
                    raise
            except (httpx.TransportError, StackError):
                if time.monotonic() > deadline:
                    raise
            else:
                command = response.headers.get("Location", "") if response.status_code == 202 else ""
                if not command.startswith("/v1/commands/"):
                    return response
                await self._followed(command)
            await asyncio.sleep(_PAUSE)

    async def _followed(self, command: str) -> None:
        """Wait until the process has answered; the same request then brings its answer, or does what was lost."""
        while (await super()._send("GET", command)).json()["state"] == "pending":
            await asyncio.sleep(_PAUSE)


class PatientBank(Bank):
    """A bank of such people."""

    def __init__(self, origination_url: str, token: Token) -> None:
        super().__init__(origination_url, token)
        self._patient: dict[str, PatientPerson] = {}

    def person(self, name: str) -> Person:
        if name not in self._patient:
            self._patient[name] = PatientPerson(name, self._token, self._http)
        return self._patient[name]


class PatientPlay(CasePlay):
    """A small order loan, played without hurry; what the walkthrough does in a minute may take any number of restarts."""

    AMOUNT = "360000.00"
    DRAWN = "200000.00"

    def __init__(self, bank: Bank) -> None:
        cast: Cast = CASTS["jsb-order"]
        super().__init__(bank, another_case("jsb-order"), cast)

    def small(self) -> dict[str, Any]:
        """The example's credit line at an amount of which one customer can have many."""
        example = self.files.json("application.json")
        amount = {"amount": {"amount": self.AMOUNT, "currency": "CNY"}}
        return {name: [item | amount for item in example[name]] for name in ("lines", "security")}

    async def carry_to(self, *stages: str) -> str:
        async with asyncio.timeout(LONGEST):
            while True:
                stage = str((await self.reread())["stage"])
                if stage in stages or stage in ("declined", "withdrawn", "expired", "effective"):
                    return stage
                if not await self.work(before=stages):
                    await asyncio.sleep(0.3)

    async def ends_at(self, stage: str) -> None:
        """Wait for the end without touching what is still in the inbox for a moment."""
        async with asyncio.timeout(LONGEST):
            while (await self.reread())["stage"] != stage:
                await asyncio.sleep(0.3)

    async def task(self, task_type: str, *, state: str = "ready") -> dict[str, Any]:
        async with asyncio.timeout(LONGEST):
            while True:
                for task in await self.open_tasks():
                    if task["type"] == task_type and task["state"] == state:
                        return task
                await asyncio.sleep(0.3)

    async def find_facility(self) -> dict[str, Any]:
        cursor = ""
        while True:
            more: dict[str, str | int] = {"cursor": cursor} if cursor else {}
            page = await self.rm.get("/v1/facilities", **more)
            for facility in page["items"]:
                if facility["case_id"] == self.case_id:
                    self.facility = facility
                    return self.facility
            cursor = page.get("next_cursor") or ""
            assert cursor, f"{self.application['case_number']} has no facility"

    async def enter_customer(self) -> dict[str, Any]:
        try:
            return await super().enter_customer()
        except Refused as refusal:
            if refusal.code != "already_exists":
                raise
            # Somebody who plays beside us was a moment earlier.
            return await super().enter_customer()

    async def submitted(self, **change: object) -> None:
        """Drafted and submitted, with changes to the content where a story needs them."""
        await self.draft(await self.enter_customer(), **self.small(), **change)
        await self.submit()

    async def ask_for_drawing(self) -> None:
        """A drawing in favour of one payee."""
        payee = self.files.json("utilisation.json")["payees"][0]
        money = {"amount": self.DRAWN, "currency": "CNY"}
        await self.request_utilisation(amount=money, payees=[payee | {"amount": money}])

    async def see_drawing_to(self, *stages: str) -> str:
        """Do what the drawing asks of people until it is at one of these stages."""
        async with asyncio.timeout(LONGEST):
            while True:
                stage = str((await self.reread_utilisation())["stage"])
                if stage in stages:
                    return stage
                tasks = await self.work(leave=frozenset({"condition_subsequent", "first_inspection"}))
                if not tasks + await self._confirm_transfers():
                    await asyncio.sleep(0.3)
