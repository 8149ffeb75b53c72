"""The registry of movables: what is filed is found, once, and other creditors' entries are seen before money is lent on them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from pydantic import ValidationError

from domain.collateral import SecurityKind
from domain.finding import Outcome
from domain.money import yuan
from domain.security_interest import SearchedEntry, SearchInputs
from services.collateral.app import create_app
from services.collateral.calc.registry_search import conclude, serials_named
from services.collateral.registry.adapter import Filing, RegistryEntry, RegistryRefused, RegistryUnavailable
from services.collateral.registry.simulator import SimulatedRegistry
from services.collateral.settings import CollateralSettings
from suandai.stack.accounts import BORROWER_USCC
from tests.collateral.conftest import Published
from tests.collateral.requests import registration, server, valuation
from tests.fixtures.identity import Tokens

DEBTOR = BORROWER_USCC["xiyun"]


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


class Clock:
    """The registry's clock, set by the test."""

    def __init__(self) -> None:
        self.at = datetime(2026, 9, 28, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(tmp_path: Path, clock: Clock) -> SimulatedRegistry:
    return SimulatedRegistry(tmp_path / "outside", clock)


class Silent:
    """The registry when it does not answer; ``hears`` says whether it does what it is asked all the same."""

    def __init__(self, behind: SimulatedRegistry) -> None:
        self.behind = behind
        self.silent = 0
        self.hears = False

    async def search(self, debtor_uscc: str) -> tuple[RegistryEntry, ...]:
        return await self._answer(self.behind.search(debtor_uscc))

    async def register(self, filing: Filing) -> RegistryEntry:
        return await self._answer(self.behind.register(filing))

    async def extend(self, number: str, years: int, key: str) -> RegistryEntry:
        return await self._answer(self.behind.extend(number, years, key))

    async def cancel(self, number: str) -> RegistryEntry:
        return await self._answer(self.behind.cancel(number))

    async def _answer(self, work: Any) -> Any:
        if not self.silent:
            return await work
        self.silent -= 1
        if self.hears:
            await work
        else:
            work.close()
        raise RegistryUnavailable


@pytest.fixture
def line(registry: SimulatedRegistry) -> Silent:
    return Silent(registry)


@pytest_asyncio.fixture
async def officer(settings: CollateralSettings, line: Silent, tokens: Tokens) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, Published(), line)
    async with app.router.lifespan_context(app):
        token = await tokens.service("worker", audience="collateral")
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://collateral",
            headers={"Authorization": f"Bearer {token}"},
        ) as client:
            yield client


async def asset(client: httpx.AsyncClient, *serials: str, **changes: Any) -> str:
    answer = await client.post("/v1/assets", json=registration(uuid4(), *serials, **changes), headers=key())
    asset_id: str = answer.json()["asset_id"]
    return asset_id


def filing(asset_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "asset_id": asset_id,
        "kind": "equipment_mortgage",
        "debtor_uscc": DEBTOR,
        "secured_amount": {"amount": "280000000.00"},
        "agreed_on": "2026-09-20",
        "delivered_on": "2026-09-24",
        "years": 8,
        "as_of": "2026-09-28",
    } | changes


async def others(
    registry: SimulatedRegistry, description: str, kind: SecurityKind = SecurityKind.EQUIPMENT_MORTGAGE
) -> RegistryEntry:
    return await registry.register(Filing(str(uuid4()), "别家银行", DEBTOR, kind, description, yuan(1), 5))


async def searched(client: httpx.AsyncClient, asset_id: str, as_of: str = "2026-09-28") -> dict[str, Any]:
    body = {"asset_id": asset_id, "debtor_uscc": DEBTOR, "as_of": as_of}
    answer = await client.post("/v1/registry-searches", json=body, headers=key())
    assert answer.status_code == 200, answer.text
    finding: dict[str, Any] = answer.json()
    return finding


async def perfection(client: httpx.AsyncClient, asset_id: str, as_of: str) -> dict[str, Any]:
    params = {"delivered_on": "2026-09-24", "as_of": as_of}
    found: dict[str, Any] = (await client.get(f"/v1/assets/{asset_id}/perfection", params=params)).json()
    return found


async def test_a_filing_is_entered_as_the_registry_answered_it(officer: httpx.AsyncClient) -> None:
    asset_id = await asset(officer, "FA-0001", "FA-0002")
    answer = await officer.post("/v1/registry-filings", json=filing(asset_id), headers=key())
    assert answer.status_code == 201, answer.text
    entered = answer.json()
    assert (entered["registered_on"], entered["registered_at"]) == ("2026-09-28", "2026-09-28T02:00:00Z")
    assert (entered["expires"], entered["purchase_money_priority"], entered["rank"]) == ("2034-09-27", True, 1)
    assert len(entered["certificate_sha256"]) == 64
    found = await searched(officer, asset_id)
    assert (found["outcome"], found["value"]["own"], found["reasons"]) == ("pass", [entered["number"]], [])


async def test_an_unheard_or_unanswered_filing_is_made_once(
    officer: httpx.AsyncClient, line: Silent, registry: SimulatedRegistry
) -> None:
    asset_id, headers = await asset(officer, "FB-0001"), key()
    for hears in (False, True):
        line.silent, line.hears = 1, hears
        answer = await officer.post("/v1/registry-filings", json=filing(asset_id), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "registry_unavailable")
    assert (await officer.post("/v1/registry-filings", json=filing(asset_id), headers=headers)).status_code == 201
    again = await officer.post("/v1/registry-filings", json=filing(asset_id), headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await registry.search(DEBTOR)) == 1


async def test_row_r1_two_of_512_serials_on_another_registration_fail(
    officer: httpx.AsyncClient, registry: SimulatedRegistry
) -> None:
    """Row R1: BLOCK, with the entry and the number of servers named."""
    asset_id = await asset(officer, *(f"R1-{number:05d}" for number in range(512)))
    entry = await others(registry, "GPU服务器两台（序列号：r1 00100；Ｒ１－００４００），机架三组")
    await others(registry, "注塑机十台")
    finding = await searched(officer, asset_id)
    assert (finding["outcome"], [reason["code"] for reason in finding["reasons"]]) == (
        "fail",
        ["SERIAL_ON_ANOTHER_REGISTRATION"],
    )
    assert finding["reasons"][0]["subject"] == entry.number
    assert [item["serials"] for item in finding["value"]["entries"]] == [2, 0]
    kept = await officer.get(f"/v1/registry-searches/{finding['id']}")
    assert kept.json() == finding


async def test_a_valuation_knows_what_search_and_waiver_say(
    officer: httpx.AsyncClient, registry: SimulatedRegistry
) -> None:
    """Whatever the application declared: another's entry over the same servers leaves them no credit."""
    listed = registration(uuid4(), servers=[server("FG-0001", site="中卫一号机房")])
    asset_id = (await officer.post("/v1/assets", json=listed, headers=key())).json()["asset_id"]
    asked = valuation(case_id=UUID(listed["case_id"]), as_of="2026-09-28", colocated=True, moment="utilisation")

    async def value() -> dict[str, Any]:
        answer = await officer.post("/v1/valuations", json=asked, headers=key())
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    before = {reason["code"] for reason in (await value())["reasons"]}
    waiver = {
        "operator": "示例机房公司",
        "site": "中卫一号机房",
        "signed_on": "2026-09-25",
        "document_sha256": "b" * 64,
    }
    entered = await officer.post("/v1/lien-waivers", json=waiver | {"asset_id": asset_id}, headers=key())
    assert entered.status_code == 201, entered.text
    waived = await value()
    assert before - {reason["code"] for reason in waived["reasons"]} == {"FACT_ABSENT"}, (
        "whether the lien is waived was not known"
    )
    assert waived["value"]["eligible"] is True
    await others(registry, "服务器 FG-0001")
    await searched(officer, asset_id)
    after = await value()
    assert after["value"]["eligible"] is False
    assert "PRIOR_RIGHT" in {reason["code"] for reason in after["reasons"]}


async def test_what_a_search_finds_ranks_with_ours(
    officer: httpx.AsyncClient, registry: SimulatedRegistry, clock: Clock
) -> None:
    """Corrections §6: a floating charge that nobody declared comes to light, and registration in time outranks it."""
    asset_id = await asset(officer, "FC-0001")
    clock.at = datetime(2025, 11, 1, 3, tzinfo=UTC)
    await others(registry, "现有的以及将有的生产设备", SecurityKind.FLOATING_MORTGAGE)
    clock.at = datetime(2026, 9, 30, 3, tzinfo=UTC)
    await officer.post("/v1/registry-filings", json=filing(asset_id), headers=key())
    before = await perfection(officer, asset_id, "2026-09-30")
    assert (before["searched_on"], len(before["interests"])) == (None, 1)
    assert (await searched(officer, asset_id, "2026-09-30"))["outcome"] == "refer"
    after = await perfection(officer, asset_id, "2026-09-30")
    assert after["searched_on"] == "2026-09-30"
    assert [(item["rank"], item["holder"], item["article"]) for item in after["interests"]] == [
        (1, "动产融资统一登记公示系统", "§416"),
        (2, "别家银行", "§414(1)"),
    ]


async def test_a_registration_is_extended_and_cancelled(
    officer: httpx.AsyncClient, registry: SimulatedRegistry
) -> None:
    asset_id = await asset(officer, "FD-0001")
    entered = (await officer.post("/v1/registry-filings", json=filing(asset_id, years=1), headers=key())).json()
    address = f"/v1/registrations/{entered['registration_id']}"
    assert entered["expires"] == "2027-09-27"
    due = (await officer.get("/v1/registrations", params={"expiring_by": "2027-12-31"})).json()["items"]
    assert [item["registration_id"] for item in due] == [entered["registration_id"]]
    headers = key()
    for _ in range(2):
        extended = await officer.post(f"{address}/extension", json={"years": 3, "as_of": "2027-09-01"}, headers=headers)
        assert (extended.status_code, extended.json()["expires"]) == (200, "2030-09-27")
    assert (await officer.get("/v1/registrations", params={"expiring_by": "2027-12-31"})).json()["items"] == []
    gone = await officer.post(f"{address}/cancellation", json={"reason": "结清", "as_of": "2027-09-02"}, headers=key())
    assert (gone.status_code, gone.json()["rank"]) == (200, 0)
    for verb, body in (("extension", {"years": 1}), ("cancellation", {"reason": "again"})):
        answer = await officer.post(f"{address}/{verb}", json=body | {"as_of": "2027-09-03"}, headers=key())
        assert (answer.status_code, answer.json()["code"]) == (409, "registration_cancelled")
    [entry] = await registry.search(DEBTOR)
    assert entry.cancelled_at is not None


async def test_a_number_the_registry_does_not_have_is_refused(officer: httpx.AsyncClient) -> None:
    asset_id = await asset(officer, "FE-0001")
    case_id = (await officer.get(f"/v1/assets/{asset_id}")).json()["case_id"]
    body = {
        "case_id": case_id,
        "asset_id": asset_id,
        "kind": "equipment_mortgage",
        "registry": "动产融资统一登记公示系统",
        "number": "NOBODY-KNOWS",
        "registered_on": "2026-09-01",
        "certificate_sha256": "a" * 64,
    }
    entered = (await officer.post("/v1/registrations", json=body, headers=key())).json()
    answer = await officer.post(
        f"/v1/registrations/{entered['registration_id']}/extension",
        json={"years": 1, "as_of": "2026-09-28"},
        headers=key(),
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "registry_refused")
    finding = await searched(officer, asset_id)
    assert [reason["code"] for reason in finding["reasons"]] == ["OWN_REGISTRATION_NOT_FOUND"]


async def test_every_fault_of_a_filing_is_told(officer: httpx.AsyncClient, line: Silent) -> None:
    asset_id = await asset(officer, "FF-0001")
    line.silent = 1
    answer = await officer.post(
        "/v1/registry-filings", json=filing(asset_id, kind="ip_pledge", agreed_on="2026-09-29"), headers=key()
    )
    assert {(item["pointer"], item["code"]) for item in answer.json()["errors"]} == {
        ("/kind", "registry_not_competent"),
        ("/agreed_on", "after_as_of"),
    }
    answer = await officer.post("/v1/registry-filings", json=filing(asset_id, years=31), headers=key())
    assert [item["pointer"] for item in answer.json()["errors"]] == ["/years"]
    assert line.silent == 1, "the registry was not asked"


async def test_without_a_registry_nothing_is_pretended(settings: CollateralSettings, tokens: Tokens) -> None:
    app = create_app(settings.model_copy(update={"registry_dir": None}), Published())
    token = await tokens.service("worker", audience="collateral")
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://collateral",
            headers={"Authorization": f"Bearer {token}"},
        ) as client,
    ):
        answer = await client.post("/v1/registry-filings", json=filing(str(uuid4())), headers=key())
    assert (answer.status_code, answer.json()["code"]) == (503, "registry_not_connected")


def test_the_simulated_registry_is_refused_in_production(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="REGISTRY_DIR"):
        CollateralSettings(
            environment="production",
            registry_dir=tmp_path,
            temporal_tls=True,
            staff_issuer="https://id.bank.example",
            borrower_issuer="https://id.borrowers.example",
        )


# --- the lien of whoever holds the servers ----------------------------------------------------------------------------


async def test_a_lien_is_waived_for_one_site_and_as_long_as_it_says(officer: httpx.AsyncClient) -> None:
    listed = [server("GA-0001", site="中卫一号机房"), server("GA-0002", site="中卫一号机房"), server("GA-0003")]
    asset_id = await asset(officer, servers=listed)
    waiver = {
        "asset_id": asset_id,
        "operator": "示例机房公司",
        "site": "中卫一号机房",
        "signed_on": "2026-09-25",
        "valid_until": "2027-09-24",
        "document_sha256": "b" * 64,
    }
    entered = await officer.post("/v1/lien-waivers", json=waiver, headers=key())
    assert entered.status_code == 201, entered.text
    for day, waived in (("2026-09-24", False), ("2026-09-25", True)):
        sites = (await perfection(officer, asset_id, day))["sites"]
        assert [(item["site"], item["servers"], item["waived"]) for item in sites] == [
            ("", 1, False),
            ("中卫一号机房", 2, waived),
        ]
    ended = waiver | {"valid_until": "2026-01-01"}
    assert (await officer.post("/v1/lien-waivers", json=ended, headers=key())).status_code == 422
    listed_waivers = (await officer.get("/v1/lien-waivers", params={"asset_id": asset_id})).json()["items"]
    assert [item["waiver_id"] for item in listed_waivers] == [entered.json()["waiver_id"]]


# --- pure -------------------------------------------------------------------------------------------------------------


def entry(number: str, description: str = "", **changes: Any) -> SearchedEntry:
    facts: dict[str, Any] = {
        "number": number,
        "creditor": "别家银行",
        "kind": "equipment_mortgage",
        "registered_on": date(2026, 1, 1),
        "expires": date(2030, 1, 1),
        "cancelled": False,
        "description": description,
    }
    return SearchedEntry.model_validate(facts | changes)


def inputs(*entries: SearchedEntry, own: tuple[str, ...] = ()) -> SearchInputs:
    return SearchInputs(
        asset_id=uuid4(),
        debtor_uscc=DEBTOR,
        as_of=date(2026, 9, 28),
        serials=("SN0001", "SN0002"),
        own_numbers=own,
        entries=entries,
    )


def test_entries_that_have_ended_or_come_later_do_not_count() -> None:
    found = conclude(
        inputs(
            entry("ended", "SN0001", expires=date(2026, 9, 27)),
            entry("off", "SN0001", cancelled=True),
            entry("later", "SN0001", registered_on=date(2026, 9, 29)),
        )
    )
    assert (found.outcome, found.value.entries) == (Outcome.PASS, ())


def test_our_own_entry_that_has_ended_refers() -> None:
    found = conclude(inputs(entry("ours", "SN0001", expires=date(2026, 9, 1)), own=("ours",)))
    assert (found.outcome, [reason.code for reason in found.reasons]) == (Outcome.REFER, ["OWN_REGISTRATION_ENDED"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SN-0001", {"SN0001"}),
        ("sn 0001、SN_0002", {"SN0001", "SN0002"}),
        ("序列号：ＳＮ０００１（八卡）", {"SN0001"}),
        ("SNOOO1", {"SN0001"}),
        ("ХSN0001", set()),
        ("SN00011", set()),
    ],
)
def test_serials_are_found_however_a_description_writes_them(text: str, found: set[str]) -> None:
    assert serials_named(text, frozenset({"SN0001", "SN0002"})) == found


async def test_the_registry_answers_one_filing_once_and_keeps_its_order(
    registry: SimulatedRegistry, clock: Clock, tmp_path: Path
) -> None:
    one = Filing("key", "甲银行", DEBTOR, SecurityKind.EQUIPMENT_MORTGAGE, "x", yuan(1), 1)
    entries = await asyncio.gather(*(registry.register(one) for _ in range(5)))
    assert len({item.number for item in entries}) == 1
    with pytest.raises(RegistryRefused, match="key_reused"):
        await registry.register(Filing("key", "甲银行", DEBTOR, SecurityKind.EQUIPMENT_MORTGAGE, "y", yuan(1), 1))
    clock.at += timedelta(seconds=1)
    second = await registry.register(Filing("other", "乙银行", DEBTOR, SecurityKind.FINANCE_LEASE, "z", yuan(1), 1))
    again = SimulatedRegistry(tmp_path / "outside", clock)
    assert [item.number for item in await again.search(DEBTOR)] == [entries[0].number, second.number]
    with pytest.raises(RegistryRefused, match="unknown_number"):
        await again.cancel("nobody")
