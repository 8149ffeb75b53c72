"""The project loan that looks like 80 % (corrections §6), from what was asked to what may be drawn: every figure of the paper.

One exact figure differs from the paper's: it multiplies a rounded 35.8 % (71.6m for the servers, 136.6m in all, 127.4m of
guarantee); the servers carry 715,465.0077 each, so that 71.5m, 136.5m and 127.5m are the figures rounded to a tenth of a million.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from domain.collateral import SecurityKind
from domain.money import yuan
from domain.roles import Role
from services.collateral.registry.adapter import Filing
from services.collateral.registry.simulator import SimulatedRegistry
from suandai.walkthrough.person import Bank, Person
from suandai.walkthrough.play import CasePlay, version_tag
from tests.fixtures.stack import BankStack
from tests.journeys import headline

Case = tuple[CasePlay, Mapping[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def as_asked(bank_stack: BankStack, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The case at review, as it was handed in, and what was concluded about it."""
    await bank_stack.hire(headline.CAST.owner, Role.BORROWER_OWNER, uscc=headline.USCC)
    files = headline.case_files(tmp_path_factory.mktemp("headline"))
    play = CasePlay(bank_stack.bank, files, headline.CAST)
    await play.draft(await play.enter_customer())
    await play.submit()
    assert await play.carry_to("review") == "review"
    return play, await _concluded(play)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cured(as_asked: Case) -> Case:
    """The same case returned by the reviewer, its capital cured and a guarantee brought, at review again."""
    play, _ = as_asked
    await play.do(
        await play.task("review"), outcome="return", return_to="assessment", comment="资本金缺口1100万元；押品不足"
    )
    await play.task("rework", state="reserved")
    await _amend(play, headline.guaranteed() | {"sources": headline.sources(cured=True)})
    await play.resubmit("股东借款转为增资；补充连带责任保证")
    await play.task("rating_confirmation")
    assert await play.carry_to("review") == "review"
    return play, await _concluded(play)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def effective(cured: Case) -> CasePlay:
    """The facility of the cured case."""
    play, _ = cured
    assert await play.carry_to("effective") == "effective"
    await play.find_facility()
    return play


async def _amend(play: CasePlay, change: Mapping[str, Any]) -> None:
    await play.reread()
    path = f"/v1/applications/{play.case_id}"
    await play.rm.answer("PATCH", path, dict(change), If_Match=version_tag(play.application))


async def _concluded(play: CasePlay) -> dict[str, Any]:
    """The newest conclusion of each kind; valuations by asset."""
    assessment = await play.rm.get(f"/v1/applications/{play.case_id}/assessment")
    return {item["asset_key"] or item["finding"]["kind"]: item for item in assessment["items"]}


def _caps(concluded: Mapping[str, Any]) -> dict[str, Decimal | None]:
    return {
        cap["name"]: Decimal(cap["amount"]["amount"]) if cap["amount"] else None
        for cap in concluded["limit"]["value"]["caps"]
    }


def _codes(item: Mapping[str, Any]) -> set[str]:
    return {reason["code"] for reason in item["reasons"]}


def _tranches(concluded: Mapping[str, Any], figure: str) -> dict[str, Any]:
    return {item["asset_kind"]: item[figure] for item in concluded["limit"]["value"]["tranches"]}


def _tenths_of_a_million(amount: Decimal | None) -> Decimal:
    assert amount is not None
    return (amount / 1_000_000).quantize(Decimal("0.1"))


async def test_twenty_million_of_the_headline_have_no_use(as_asked: Case) -> None:
    """Headline 350 against uses of 60 + 50 + 200 + 20 = 330: USES_GAP 20m, and 80 % is taken of 330."""
    _, concluded = as_asked
    gap = next(reason for reason in concluded["limit"]["reasons"] if reason["code"] == "USES_GAP")
    assert "a gap of 20,000,000.00 CNY" in gap["message_en"]
    assert _caps(concluded)["need"] == 264_000_000


async def test_capital_is_short_by_eleven_million(as_asked: Case) -> None:
    """66.0 needed; cash 20, special bond 21 and policy tool 14 count, the shareholder's loan of 15 does not: 55.0."""
    _, concluded = as_asked
    capital = concluded["limit"]["value"]["project_capital"]
    told = {name: Decimal(capital[name]["amount"]) for name in ("required", "eligible", "short", "paid_in", "drawable")}
    assert told == {
        "required": Decimal(66_000_000),
        "eligible": Decimal(55_000_000),
        "short": Decimal(11_000_000),
        "paid_in": Decimal(20_000_000),
        "drawable": Decimal(80_000_000),
    }
    assert {"PROJECT_CAPITAL_SHORT", "CAPITAL_DEBT_SOURCE"} <= _codes(concluded["limit"])
    assert concluded["limit"]["finding"]["outcome"] == "refer"
    assert "FA_CAPITAL" in _codes(concluded["regulation"])


async def test_the_tranches_end_at_120_96_48_and_24_months(as_asked: Case) -> None:
    _, concluded = as_asked
    assert _tranches(concluded, "tenor_months") == {
        "civil_works": 120,
        "power_cooling": 96,
        "gpu_server": 48,
        "software": 24,
    }


async def test_the_collateral_binds_where_the_class_owes_nothing_unsecured(as_asked: Case) -> None:
    """36 + 25 + 71.5 + 4 = 136.5 million. On the day of drawing the servers are worth more (75.7 at 80 %); a month later they
    are not, and their contracts pay for no more of the loss than this."""
    _, concluded = as_asked
    assert concluded["rating"]["value"]["card_class"] == "C"
    carried = {kind: Decimal(amount["amount"]) for kind, amount in _tranches(concluded, "amount").items()}
    assert carried == {
        "civil_works": Decimal("36000000.00"),
        "power_cooling": Decimal("25000000.00"),
        "gpu_server": Decimal("71546500.77"),
        "software": Decimal("4000000.00"),
    }
    assert _tenths_of_a_million(carried["gpu_server"]) == Decimal("71.5")
    assert _caps(concluded)["collateral"] == Decimal("136546500.77")
    limit = concluded["limit"]["value"]
    assert (limit["binding"], limit["limit"]["amount"]) == ("collateral", "136540000.00")
    servers = concluded["servers"]["value"]
    assert Decimal(servers["lending_value"]["amount"]) * Decimal(servers["ltv"]) == Decimal("75744220.80")


async def test_the_floating_charge_takes_nothing_from_servers_that_are_still_to_be_bought(as_asked: Case) -> None:
    """Another bank's charge of 2025-11-01: the mortgage for the price goes first if it is registered in time (§416)."""
    _, concluded = as_asked
    assert concluded["servers"]["value"]["eligible"] is True
    assert "PRIOR_RIGHT" not in _codes(concluded["servers"])


async def test_264_million_need_the_guarantee_and_the_capital(cured: Case) -> None:
    """At least 264.0 − 136.5 = 127.5 million of valid guarantee (the paper: 127.4), and the 11.0 million cured."""
    _, concluded = cured
    limit = concluded["limit"]["value"]
    assert (limit["limit"]["amount"], limit["binding"]) == ("264000000.00", "need")
    assert Decimal(limit["project_capital"]["short"]["amount"]) == 0
    assert concluded["limit"]["finding"]["outcome"] == "pass"
    least = Decimal(264_000_000) - Decimal("136546500.77")
    assert least <= Decimal(headline.GUARANTEE) < least + 100_000
    assert _caps(concluded)["collateral"] == Decimal("136546500.77") + Decimal(headline.GUARANTEE)
    assert "FA_CAPITAL" not in _codes(concluded["regulation"])


async def test_of_a_first_drawing_of_120_million_80_are_possible_and_the_bank_pays(effective: CasePlay) -> None:
    """20m of 66m capital is paid in: 20 × 4 = 80.0m; to one vendor and above ten million: entrusted."""
    play = effective
    address = f"/v1/facilities/{play.facility['facility_id']}/utilisations?dry_run=true"
    verdict = (await play.rm.post(address, await _drawing(play, "120000000.00")))["verdict"]
    assert verdict["allowed"] is False
    assert "FA_CAPITAL_PRO_RATA" in verdict["codes"]
    assert (verdict["maximum"]["amount"], verdict["payment_mode"]) == ("80000000.00", "entrusted")

    refused = play.another_drawing()
    await refused.request_utilisation(**await _drawing(play, "120000000.00"))
    assert await refused.carry_utilisation_to("refused") == "refused"
    assert "FA_CAPITAL_PRO_RATA" in {reason["code"] for reason in refused.utilisation["reasons"]}

    paid = play.another_drawing()
    await paid.request_utilisation(**await _drawing(play, "80000000.00"))
    assert await paid.carry_utilisation_to("paid", leave=frozenset({"condition_subsequent"})) == "paid"
    assert paid.utilisation["payment_mode"] == "entrusted"
    facility = await play.rm.get(f"/v1/facilities/{play.facility['facility_id']}")
    assert facility["drawn"]["amount"] == "80000000.00"


async def _drawing(play: CasePlay, amount: str) -> dict[str, Any]:
    payee = play.files.json("utilisation.json")["payees"][0]
    money = {"amount": amount, "currency": "CNY"}
    value_date = (await play.rm.get("/v1/business-day"))["business_date"]
    asked = {"amount": money, "payees": [payee | {"amount": money}], "value_date": value_date}
    return play.files.json("utilisation.json") | asked


async def test_a_registration_after_the_holiday_is_too_late(
    bank_stack: BankStack, effective: CasePlay, tmp_path: Path
) -> None:
    """Delivered 2026-09-24: the tenth day is 2026-10-04, in the holiday, and the alert is for 09-30. Registered on 10-08 the
    mortgage is second behind the floating charge, and the servers carry nothing until counsel decides."""
    play = effective
    other = SimulatedRegistry(bank_stack.layout.movables_registry, lambda: datetime(2025, 11, 1, 2, tzinfo=UTC))
    await other.register(_charge())
    async with _at_collateral(bank_stack) as people:
        officer = people.person("collateral.yinchuan")
        servers = await _servers(officer, play.case_id)
        search = await officer.post(
            "/v1/registry-searches",
            {"asset_id": servers["asset_id"], "debtor_uscc": headline.USCC, "as_of": "2026-09-28"},
        )
        assert (search["outcome"], _codes(search)) == ("refer", {"FLOATING_CHARGE_BY_ANOTHER"})
        told = await officer.get(
            f"/v1/assets/{servers['asset_id']}/perfection", delivered_on="2026-09-24", as_of="2026-09-28"
        )
        assert (told["deadline"], told["alert_on"]) == ("2026-10-04", "2026-09-30")
        before = await _valued(officer, play, "2026-09-28")
        assert before["value"]["eligible"] is True

        late = await officer.post("/v1/registrations", _mortgage(play, servers["asset_id"], "2026-10-08"))
        assert (late["purchase_money_priority"], late["rank"]) == (False, 2)
        after = await _valued(officer, play, "2026-10-08")
        assert (after["value"]["eligible"], after["outcome"]) == (False, "refer")
        assert "PRIOR_RIGHT" in _codes(after)


def _charge() -> Filing:
    return Filing(
        key="0" * 64,
        creditor=headline.CHARGE["holder"],
        debtor_uscc=headline.USCC,
        kind=SecurityKind.FLOATING_MORTGAGE,
        description="抵押人现有的以及将有的生产设备、原材料、半成品、产品",
        secured_amount=yuan(90_000_000),
        years=5,
    )


def _mortgage(play: CasePlay, asset_id: str, registered_on: str) -> dict[str, Any]:
    return {
        "case_id": play.case_id,
        "asset_id": asset_id,
        "kind": "equipment_mortgage",
        "registry": "动产融资统一登记公示系统",
        "number": "HDLN-2026-1008",
        "agreed_on": "2026-09-20",
        "delivered_on": "2026-09-24",
        "registered_on": registered_on,
        "certificate_sha256": "d" * 64,
    }


def _at_collateral(bank_stack: BankStack) -> "_Collateral":
    return _Collateral(bank_stack)


class _Collateral:
    """The people of the bank at the service that keeps the collateral."""

    def __init__(self, bank_stack: BankStack) -> None:
        self._bank = Bank(
            bank_stack.urls["collateral"], lambda username: bank_stack.assembly.token(username, "collateral")
        )

    async def __aenter__(self) -> Bank:
        return self._bank

    async def __aexit__(self, *_: object) -> None:
        await self._bank.aclose()


async def _servers(officer: Person, case_id: str) -> dict[str, Any]:
    assets = await officer.page("/v1/assets", case_id=case_id)
    return next(item for item in assets if item["kind"] == "gpu_server")


async def _valued(officer: Person, play: CasePlay, as_of: str) -> dict[str, Any]:
    """What the servers would carry on a day, by the request their valuation on file answers; nothing is written."""
    concluded = await _concluded(play)
    filed = concluded["servers"]["finding"]["id"]
    asked = await officer.get(f"/v1/valuations/{filed}/inputs")
    asked = {name: value for name, value in asked.items() if name not in ("evidence", "duplicate_serial")}
    answer: httpx.Response = await officer.answer(
        "POST", "/v1/valuations?dry_run=true", asked | {"as_of": as_of, "moment": "utilisation"}
    )
    found: dict[str, Any] = answer.json()
    return found
