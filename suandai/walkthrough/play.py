"""The play of one case: customer, application, every person's task, the first drawing, its payment and what follows."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from suandai.walkthrough.files import COMMITTEE, CaseFiles, Cast
from suandai.walkthrough.person import Bank, Person, Refused

Told = Callable[[str], None]
"""Where the play says what happens, a line at a time."""

ACKNOWLEDGED = frozenset(
    {
        "contract_drafting",
        "signing_witness",
        "second_witness",
        "security_perfection",
        "security_verification",
        "condition_subsequent",
        "first_inspection",
        "revaluation_review",
        "settlement",
        "margin_report_check",
        "margin_reset_review",
    }
)
STALE = frozenset({"version_mismatch", "task_version", "task_state"})
"""The task changed since the list was read: a colleague's return took it off the table, say. The next list tells."""
_PATIENCE = 120.0
DELIVERY_DAYS = 7
"""Days from the drawing to the delivery of what it pays for."""


class EndedOtherwise(Exception):
    """The process came to an end that the play was not carried to."""

    def __init__(self, stage: str, reasons: Iterable[Mapping[str, Any]]) -> None:
        told = "; ".join(f"{reason['code']}: {reason['message_en']}" for reason in reasons)
        super().__init__(f"{stage}: {told}" if told else stage)
        self.stage = stage


def version_tag(thing: Mapping[str, Any]) -> str:
    """The ETag of something by its version."""
    return f'"{thing["version"]}"'


class CasePlay:
    """One example case at one bank. Each method is a chapter; what it learned stays on the play."""

    def __init__(self, bank: Bank, files: CaseFiles, cast: Cast, told: Told = lambda line: None) -> None:
        self.bank = bank
        self.files = files
        self.cast = cast
        self._told = told
        self.application: dict[str, Any] = {}
        self.facility: dict[str, Any] = {}
        self.utilisation: dict[str, Any] = {}

    @property
    def rm(self) -> Person:
        return self.bank.person(self.cast.relationship_manager)

    @property
    def case_id(self) -> str:
        return str(self.application["application_id"])

    # --- the relationship manager -----------------------------------------------------------------------------------

    async def enter_customer(self) -> dict[str, Any]:
        """Customer before application: entered once, however often the play is played."""
        body = self.files.json("customer.json")
        known = [customer for customer in await self.rm.page("/v1/customers") if customer["uscc"] == body["uscc"]]
        customer: dict[str, Any] = known[0] if known else await self.rm.post("/v1/customers", body)
        self._told(f"{customer['name']} · {customer['uscc']}")
        return customer

    async def draft(self, customer: Mapping[str, Any], **change: Any) -> dict[str, Any]:
        """The application as a draft, then its inventory and documents."""
        content = {**self.files.json("application.json"), "customer_id": customer["customer_id"], **change}
        self.application = await self.rm.post("/v1/applications", content)
        self._told(f"draft {self.application['case_number']}")
        if self.files.inventory is not None:
            await self._import_inventory()
        for entry, file in self.files.documents():
            said = {name: text for name, text in entry.items() if name != "file"}
            await self.rm.upload(f"/v1/applications/{self.case_id}/documents", file, **said)
        self._told(f"{len(self.files.documents())} documents stored by content")
        return await self.reread()

    async def _import_inventory(self) -> None:
        assert self.files.inventory is not None
        media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        file = (self.files.inventory.name, self.files.inventory.read_bytes(), media_type)
        report = await self.rm.upload(
            f"/v1/applications/{self.case_id}/assets/import", file, asset_key=self._fleet_key()
        )
        self._told(
            f"{report['servers']} servers with {report['gpus']} GPUs imported, every serial checked against all cases"
        )

    def _fleet_key(self) -> str:
        assets = self.application["content"]["assets"]
        return str(next(asset["key"] for asset in assets if asset["kind"] == "gpu_server"))

    async def reread(self) -> dict[str, Any]:
        self.application = await self.rm.get(f"/v1/applications/{self.case_id}")
        return self.application

    async def verdict(self) -> dict[str, Any]:
        """What submission would say, without writing anything."""
        response = await self.rm.answer(
            "POST", f"/v1/applications/{self.case_id}/submit?dry_run=true", If_Match=version_tag(self.application)
        )
        answer: dict[str, Any] = response.json()
        return answer

    async def submit(self) -> dict[str, Any]:
        """Submission: policy pinned, content frozen, process started."""
        response = await self.rm.answer(
            "POST", f"/v1/applications/{self.case_id}/submit", If_Match=version_tag(self.application)
        )
        answer: dict[str, Any] = response.json()
        await self.reread()
        self._told(f"{response.status_code} · pinned to policy {str(self.application['policy_sha256'])[:12]}…")
        return answer

    async def resubmit(self, comment: str) -> dict[str, Any]:
        """A returned case once more, with whatever the manager has amended since."""
        await self.reread()
        response = await self.rm.answer(
            "POST",
            f"/v1/applications/{self.case_id}/submit",
            {"comment": comment},
            If_Match=version_tag(self.application),
        )
        answer: dict[str, Any] = response.json()
        await self.reread()
        self._told(f"{self.rm.name}: resubmitted at version {self.application['content_version']}")
        return answer

    # --- everybody's tasks ------------------------------------------------------------------------------------------

    async def carry_to(self, *stages: str) -> str:
        """Do every task that is offered, as the person it is for, until the application is at one of these stages."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                stage = str((await self.reread())["stage"])
                if stage in stages:
                    return stage
                if stage in ("declined", "withdrawn", "expired"):
                    raise EndedOtherwise(stage, ())
                if not await self.work(before=stages):
                    await asyncio.sleep(0.1)

    async def open_tasks(self) -> list[dict[str, Any]]:
        """The case's open tasks, as the relationship manager sees them."""
        return await self.rm.page("/v1/tasks", case_id=self.case_id, state="open", everything="true")

    async def task(self, task_type: str, *, state: str = "ready") -> dict[str, Any]:
        """The case's next task of a type in a state, waited for."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                for task in await self.open_tasks():
                    if task["type"] == task_type and task["state"] == state:
                        return task
                await asyncio.sleep(0.1)

    async def work(self, *, leave: frozenset[str] = frozenset(), before: Collection[str] = ()) -> int:
        """One round over the open tasks of the case but those of the stages ``before`` which it is to stop; returns how many
        were done."""
        done = 0
        for task in await self.open_tasks():
            if task["state"] == "ready" and task["type"] not in leave and task["stage"] not in before:
                try:
                    await self.do(task)
                except Refused as refusal:
                    if refusal.code not in STALE:
                        raise
                done += 1
        return done

    async def do(self, task: Mapping[str, Any], **change: Any) -> dict[str, Any]:
        """Claim and complete a task as the person who does such tasks."""
        for name in self._players(task):
            person = self.bank.person(name)
            try:
                claimed = await self.act(person, task, "claim")
            except Refused as refusal:
                if refusal.code == "duties_separate" and task["type"] == "committee_vote":
                    continue  # this member has voted in the ballot already; the next one has not
                raise
            outcome = "acknowledge" if task["type"] in ACKNOWLEDGED else "approve"
            body = {"outcome": outcome, "comment": "同意", **self._written(task, outcome), **change}
            finished = await self.act(person, claimed, "complete", body)
            self._told(f"{name}: {task['title_zh']} → {body['outcome']}")
            return finished
        raise LookupError(f"nobody is left for {task['title_en']}")

    def _written(self, task: Mapping[str, Any], outcome: str) -> dict[str, Any]:
        """What the lead investigator says in the credit memo; nobody else writes into it."""
        if task["type"] != "lead_investigation" or outcome != "approve":
            return {}
        return {"memo": [{"field": field, "text": text} for field, text in self.files.json("memo.json").items()]}

    def _players(self, task: Mapping[str, Any]) -> tuple[str, ...]:
        if task["type"] == "committee_vote":
            return COMMITTEE
        required = (task.get("required_authority") or {}).get("body")
        if task["type"] == "approval" and required == "branch_approver":
            return (f"approver.{self.cast.town}",)
        return (self.cast.of(task["type"]),)

    async def act(
        self,
        person: Person,
        task: Mapping[str, Any],
        verb: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str = "",
    ) -> dict[str, Any]:
        """One verb on a task at the version the caller has seen."""
        path = f"/v1/tasks/{task['task_id']}/{verb}"
        response = await person.answer("POST", path, dict(body or {}), key=key, If_Match=version_tag(task))
        if response.status_code == 202:
            await self._settled(person, response.json()["command_id"])
            found: dict[str, Any] = await person.get(f"/v1/tasks/{task['task_id']}")
            return found
        answer: dict[str, Any] = response.json()
        return answer

    async def _settled(self, person: Person, command_id: str) -> None:
        async with asyncio.timeout(_PATIENCE):
            while (await person.get(f"/v1/commands/{command_id}"))["state"] == "pending":
                await asyncio.sleep(0.2)

    # --- the drawing ------------------------------------------------------------------------------------------------

    async def find_facility(self) -> dict[str, Any]:
        facilities = [item for item in await self.rm.page("/v1/facilities") if item["case_id"] == self.case_id]
        self.facility = facilities[0]
        return self.facility

    def another_drawing(self) -> "CasePlay":
        """The same case and facility, for a drawing beside this one."""
        play = CasePlay(self.bank, self.files, self.cast, self._told)
        play.application, play.facility = self.application, self.facility
        return play

    async def request_utilisation(self, **change: Any) -> dict[str, Any]:
        """The first drawing as asked for by the relationship manager on the borrower's written request, for value on the
        first day on which it can be."""
        present = date.fromisoformat((await self.rm.get("/v1/business-day"))["business_date"])
        value_date = max(present, date.fromisoformat(self.facility["effective_on"]))
        dates = {"value_date": value_date.isoformat()}
        body = self.files.json("utilisation.json")
        if body.get("delivery_date"):
            dates["delivery_date"] = (value_date + timedelta(days=DELIVERY_DAYS)).isoformat()
        body |= dates | change
        self.utilisation = await self.rm.post(f"/v1/facilities/{self.facility['facility_id']}/utilisations", body)
        return self.utilisation

    async def reread_utilisation(self) -> dict[str, Any]:
        self.utilisation = await self.rm.get(f"/v1/utilisations/{self.utilisation['utilisation_id']}")
        return self.utilisation

    async def carry_utilisation_to(self, *stages: str, leave: frozenset[str] = frozenset()) -> str:
        """Do the drawing's tasks and the owner's confirmations until it is at one of these stages."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                stage = str((await self.reread_utilisation())["stage"])
                if stage in stages:
                    return stage
                if stage in ("refused", "cancelled", "failed"):
                    raise EndedOtherwise(stage, self.utilisation["reasons"])
                acted = await self.work(leave=leave) + await self._confirm_transfers()
                if not acted:
                    await asyncio.sleep(0.1)

    async def _confirm_transfers(self) -> int:
        if self.utilisation["stage"] != "awaiting_owner":
            return 0
        owner = self.bank.person(self.cast.owner)
        waiting = [transfer for transfer in self.utilisation["transfers"] if transfer["state"] == "created"]
        for transfer in waiting:
            await owner.post(
                f"/v1/transfers/{transfer['transfer_id']}/confirm",
                {"decision": "confirm", "instruction_sha256": transfer["instruction_sha256"]},
            )
            self._told(
                f"{owner.name}: confirms {transfer['amount']['amount']} CNY → {transfer['payee_name']}"
                f" {transfer['payee_account_masked']}"
            )
        return len(waiting)
