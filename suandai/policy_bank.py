"""A policy officer at the running bank: bundles by hash, proposals and approvals, and the findings of a case."""

import asyncio
import re
from collections.abc import Callable
from datetime import date
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx

from domain.policy_changes import PolicyChanges
from policy.engine import Bundle, PolicyFaults
from suandai.policy_pages import changes_page
from suandai.walkthrough.person import Person

_HASH = re.compile(r"[0-9a-f]{8,64}", re.ASCII)
IN_FORCE = "in-force"


class Urls(NamedTuple):
    """Where the services are."""

    origination: str
    pricing: str
    collateral: str


class NothingThere(LookupError):
    """The bank has no such bundle or case."""


class PolicyDesk:
    """One account at the three services. ``token`` gives the account's token for a service."""

    def __init__(self, urls: Urls, token: Callable[[str, str], str], who: str) -> None:
        self._clients = {
            name: httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) for name, url in urls._asdict().items()
        }
        self._people = {
            name: Person(who, lambda account, name=name: token(account, name), client, language="en")  # type: ignore[misc]
            for name, client in self._clients.items()
        }
        self.who = who

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            await client.aclose()

    @property
    def _here(self) -> Person:
        return self._people["origination"]

    async def bundle(self, name: str) -> Bundle:
        """A bundle by its hash, the first digits of it, or ``in-force``."""
        sha256 = await self._in_force() if name == IN_FORCE else await self._whole(name)
        content = await self._here.get(f"/v1/policies/{sha256}")
        try:
            return await asyncio.to_thread(Bundle.from_canonical, content)
        except PolicyFaults as refused:
            raise NothingThere(f"the bundle {sha256[:12]} cannot be read here: {refused.faults[0].reason}") from None

    async def propose(self, bundle: Bundle, in_force_from: date, comment: str) -> list[str]:
        """Propose a bundle; what it changes, and how it is approved."""
        body = {"bundle": bundle.canonical(), "in_force_from": in_force_from.isoformat(), "comment": comment}
        proposal = await self._here.post("/v1/policies", body)
        lines = await self._changes(proposal)
        return [
            *lines,
            f"{proposal['sha256']} proposed by {proposal['maker']}, in force from {proposal['in_force_from']} once approved",
            f"another person approves it: suandai policy approve {proposal['sha256'][:12]}",
        ]

    async def proposed(self, name: str) -> tuple[str, list[str]]:
        """The whole hash of a proposal, and what it changes."""
        sha256 = await self._whole(name)
        proposals = await self._here.page("/v1/policies")
        proposal = next((item for item in proposals if item["sha256"] == sha256), None)
        if proposal is None:
            raise NothingThere(f"nobody has proposed {sha256[:12]}")
        comment = f": {proposal['comment']}" if proposal.get("comment") else ""
        lines = await self._changes(proposal)
        return sha256, [*lines, f"{sha256} of {proposal['maker']}, in force from {proposal['in_force_from']}{comment}"]

    async def approve(self, sha256: str) -> str:
        """Put a proposed bundle into force."""
        done = await self._here.post(f"/v1/policies/{sha256}/approve", {"comment": "approved"})
        return f"{sha256} in force from {done['in_force_from']}: of {done['maker']}, approved by {done['checker']}"

    async def findings(self, case_number: str) -> list[dict[str, Any]]:
        """The findings a case stands on, in the order they were recorded, whole, and how the case ended so far."""
        found = await self._here.get("/v1/applications", case_number=case_number)
        if not found["items"]:
            raise NothingThere(f"there is no case {case_number} within the sight of {self.who}")
        case_id = found["items"][0]["application_id"]
        assessment = await self._here.get(f"/v1/applications/{case_id}/assessment")
        items = sorted(assessment["items"], key=lambda item: str(item["recorded_at"]))
        return [
            await self._people[item["service"]].get(f"/v1/findings/{item['finding']['id']}")
            | {"concerns": " ".join(filter(None, (item.get("asset_key"), item.get("cohort"))))}
            for item in items
        ]

    async def _changes(self, proposal: dict[str, Any]) -> list[str]:
        return changes_page(PolicyChanges.model_validate(await self._here.get(proposal["changes"])))

    async def _in_force(self) -> str:
        products = await self._here.get("/v1/products")
        if not products:
            raise NothingThere("no policy is in force")
        return str(products[0]["policy_sha256"])

    async def _whole(self, name: str) -> str:
        if _HASH.fullmatch(name) is None:
            raise NothingThere(f"{name} is no directory, no file and no hash of eight digits or more")
        if len(name) == 64:
            return name
        known: set[str] = {item["sha256"] for item in await self._here.page("/v1/policies")}
        fitting = sorted(item for item in known if item.startswith(name))
        if len(fitting) != 1:
            raise NothingThere(f"{len(fitting)} bundles of the bank begin with {name}")
        return fitting[0]
