"""The examples over HTTP, from customer to a drawing that is paid and secured: what each figure comes to."""

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from domain.stages import PROCESS_ORDER, Stage
from suandai.walkthrough.person import Refused
from suandai.walkthrough.play import CasePlay
from tests.fixtures.cases import SecuredCases
from tests.fixtures.stack import BankStack
from tests.journeys.ledger import booked


@dataclass(frozen=True)
class Expected:
    """What the case comes to; the limits are those of the examples' papers."""

    branch: str
    product: str
    limit: str
    tenor_months: int
    binding: str
    grade: str
    card_class: str
    rate: str
    body: str
    drawn: str
    payees: int
    conditions: frozenset[str]


EXPECTED = {
    "nxb-xiyun": Expected(
        branch="YC",
        product="nxb_project_loan",
        limit="280000000.00",
        tenor_months=96,
        binding="asked",
        grade="R4",
        card_class="A",
        rate="0.03780000",
        body="head_office_approver",
        drawn="80000000.00",
        payees=1,
        conditions=frozenset({"CS_REGISTRATION", "CS_ACCEPTANCE", "CS_INSURANCE", "CS_LIEN_WAIVER"}),
    ),
    "jsb-order": Expected(
        branch="NJ",
        product="jsb_order",
        limit="36000000.00",
        tenor_months=12,
        binding="asked",
        grade="R4",
        card_class="A",
        rate="0.03380000",
        body="branch_approver",
        drawn="20000000.00",
        payees=2,
        conditions=frozenset({"CS_DEBTOR_NOTICE", "CS_DELIVERY_PROOF"}),
    ),
    "bocom-qinghai": Expected(
        branch="XN",
        product="bocom_qh_green_fa",
        limit="55600000.00",
        tenor_months=84,
        binding="asked",
        grade="R4",
        card_class="A",
        rate="0.03160000",
        body="head_office_approver",
        drawn="55600000.00",
        payees=3,
        conditions=frozenset({"CS_REGISTRATION", "CS_ACCEPTANCE", "CS_INSURANCE", "CS_LIEN_WAIVER"}),
    ),
    "sdrcb-operate": Expected(
        branch="FS",
        product="sdrcb_operate",
        limit="15000000.00",
        tenor_months=24,
        binding="asked",
        grade="R3",
        card_class="A",
        rate="0.03430000",
        body="branch_approver",
        drawn="9000000.00",
        payees=2,
        conditions=frozenset({"CS_USE_VOUCHERS"}),
    ),
    "shrcb-adas": Expected(
        branch="SH",
        product="shrcb_adas",
        limit="30000000.00",
        tenor_months=36,
        binding="asked",
        grade="R3",
        card_class="A",
        rate="0.03490000",
        body="branch_approver",
        drawn="18000000.00",
        payees=2,
        conditions=frozenset({"CS_USE_VOUCHERS"}),
    ),
}
each_example = pytest.mark.parametrize("example", EXPECTED)
NOT_CONNECTED = frozenset(
    f"integrity.{check}"
    for check in ("r3_shown_twice", "r12_utilisation_theatre", "r15_owner_impersonation", "r20_telemetry_tampered")
)
"""Checks whose sources no installation has yet: telemetry, other lenders, the owner's device."""


async def _conclusions(play: CasePlay) -> dict[str, dict[str, Any]]:
    """The newest conclusion of each kind; of several valuations one."""
    assessment = await play.rm.get(f"/v1/applications/{play.case_id}/assessment")
    return {item["finding"]["kind"]: item for item in assessment["items"]}


async def _timeline(play: CasePlay) -> list[dict[str, Any]]:
    timeline: list[dict[str, Any]] = await play.rm.get(
        f"/v1/applications/{play.case_id}/timeline", limit=1000, detail="all"
    )
    return timeline


@each_example
async def test_the_case_has_numbers_that_people_can_say(secured: SecuredCases, example: str) -> None:
    play, expected = await secured(example), EXPECTED[example]
    assert re.fullmatch(rf"SD20\d\d-{expected.branch}-\d{{6}}", play.application["case_number"])
    assert play.facility["number"] == play.application["case_number"].replace("SD", "FA")
    assert play.utilisation["number"] == f"{play.facility['number']}-U01"
    assert play.application["product"] == expected.product
    assert play.application["stage"] == "effective"


@each_example
async def test_limit_rating_and_price(secured: SecuredCases, example: str) -> None:
    play, expected = await secured(example), EXPECTED[example]
    concluded = await _conclusions(play)
    decided = {kind: item["finding"]["outcome"] for kind, item in concluded.items() if kind != "gate"}
    assert {kind for kind, outcome in decided.items() if outcome == "not_run"} <= NOT_CONNECTED
    assert set(decided.values()) <= {"pass", "not_run"}, decided
    rating, limit, quote = (concluded[kind]["value"] for kind in ("rating", "limit", "quote"))
    assert (rating["grade"], rating["card_class"]) == (expected.grade, expected.card_class)
    assert limit["limit"]["amount"] == expected.limit
    assert limit["binding"] == expected.binding
    assert limit["tenor_months"] == expected.tenor_months
    amounts = {cap["name"]: cap["amount"] for cap in limit["caps"]}
    assert set(amounts) >= {"product", "capacity", "collateral", "regulatory"}, (
        "every cap is told, also one that binds nothing"
    )
    told = [Decimal(amount["amount"]) for amount in amounts.values() if amount]
    assert min(told) >= Decimal(limit["limit"]["amount"])
    assert quote["all_in_rate"] == expected.rate
    assert quote["below_floor"] is False
    assert Decimal(quote["base_rate_value"]) + Decimal(quote["margin_bps"]) / 10_000 == Decimal(expected.rate)


async def test_the_servers_of_the_project_have_a_value_in_every_month(secured: SecuredCases) -> None:
    """Five years of months, the first what is lent on; the sum and the low path are those of the example's paper."""
    play = await secured("nxb-xiyun")
    assessment = await play.rm.get(f"/v1/applications/{play.case_id}/assessment")
    servers = next(item["value"] for item in assessment["items"] if item["asset_key"] == "servers")
    low = servers["path"]["quantile"]
    assert (len(low), low[0], servers["lending_value"]["amount"]) == (61, "128359470.00", "128359470.00")
    assert (low[12], low[24], low[60]) == ("74047575.60", "48065018.40", "14160000.00")


@each_example
async def test_the_instalments_repay_the_limit_and_not_a_fen_more(secured: SecuredCases, example: str) -> None:
    play, expected = await secured(example), EXPECTED[example]
    schedule = (await _conclusions(play))["schedule"]["value"]["instalments"]
    assert sum(Decimal(part["principal"]["amount"]) for part in schedule) == Decimal(expected.limit)
    assert [part["number"] for part in schedule] == list(range(1, len(schedule) + 1))
    dues = [part["due"] for part in schedule]
    assert dues == sorted(dues)
    assert all(earlier["period_end"] < later["period_end"] for earlier, later in pairwise(schedule))


@each_example
async def test_the_decision_names_who_could_take_it(secured: SecuredCases, example: str) -> None:
    play, expected = await secured(example), EXPECTED[example]
    assessment = await play.rm.get(f"/v1/applications/{play.case_id}/assessment")
    authority = next(item for item in assessment["items"] if item["finding"]["kind"] == "authority")
    assert authority["finding"]["value"].startswith(expected.body)
    assert assessment["decision"]["decision"] == "approved"
    heard = [f"approver.{play.cast.town}"]
    wanted = heard if expected.body == "branch_approver" else [*heard, "approver.ho"]
    assert assessment["decision"]["decided_by"] == wanted
    assert assessment["contract"]["number"] == f"{play.application['case_number']}-C01"


@each_example
async def test_the_story_has_a_sentence_for_everything(secured: SecuredCases, example: str) -> None:
    play = await secured(example)
    whole = await _timeline(play)
    story = await play.rm.get(f"/v1/applications/{play.case_id}/timeline", limit=1000)
    assert story == [entry for entry in whole if not entry["passing"]]
    assert len(story) < len(whole)
    for entry in story:
        # What nobody gave words to would be told by its name.
        assert entry["kind"] not in entry["text_zh"], entry
        assert not entry["text_en"].endswith((" ", ":", "  ")), entry
        assert "a task" not in entry["text_en"], entry
    decided = [entry for entry in story if entry["kind"] == "task.complete"]
    assert all(entry["outcome"] and entry["actor"] in entry["text_zh"] for entry in decided)


@each_example
async def test_the_timeline_tells_the_process_in_its_order(secured: SecuredCases, example: str) -> None:
    timeline = await _timeline(await secured(example))
    assert [entry["seq"] for entry in timeline] == list(range(1, len(timeline) + 1))
    moments = [entry["at"] for entry in timeline]
    assert moments == sorted(moments)
    stages = [entry["stage"] for entry in timeline if entry["stage"]]
    # Intake and screening passed and asked nobody: their findings are told, and the case goes on.
    with_people = PROCESS_ORDER[PROCESS_ORDER.index(Stage.DUE_DILIGENCE) :]
    assert stages == ["draft", "submitted", *(stage.value for stage in with_people), "effective"]
    kinds = [entry["kind"] for entry in timeline]
    landmarks = (
        "application.drafted",
        "application.submitted",
        "finding.intake",
        "finding.screening",
        "finding.cross_checks",
        "finding.rating",
        "finding.limit",
        "finding.quote",
        "finding.schedule",
        "finding.regulation",
        "finding.authority",
        "decision.taken",
        "offer.made",
        "contract.drawn",
        "facility.opened",
        "utilisation.requested",
        "commitment.reserved",
        "finding.gate",
    )
    assert [kind for kind in kinds if kind in landmarks and kinds.count(kind) == 1] == [
        kind for kind in landmarks if kinds.count(kind) == 1
    ]
    assert set(landmarks) <= set(kinds)


@each_example
async def test_the_auditor_finds_the_chain_of_events_whole(
    bank_stack: BankStack, secured: SecuredCases, example: str
) -> None:
    play = await secured(example)
    auditor = bank_stack.bank.person("auditor.ho")
    verdict = await auditor.get(f"/v1/audit/cases/{play.case_id}/verify")
    assert verdict["intact"] is True, verdict
    assert verdict["events"] >= len(await _timeline(play)) > 50


@each_example
async def test_the_commitment_is_drawn_by_what_was_paid(secured: SecuredCases, example: str) -> None:
    play, expected = await secured(example), EXPECTED[example]
    facility = await play.rm.get(f"/v1/facilities/{play.facility['facility_id']}")
    assert facility["stage"] == "effective"
    assert facility["limit"]["amount"] == expected.limit
    assert facility["drawn"]["amount"] == expected.drawn
    assert facility["reserved"]["amount"] == "0.00"
    assert Decimal(facility["available"]["amount"]) == Decimal(expected.limit) - Decimal(expected.drawn)


@each_example
async def test_every_payee_is_paid_once_and_by_the_lender(
    bank_stack: BankStack, secured: SecuredCases, example: str
) -> None:
    play, expected = await secured(example), EXPECTED[example]
    drawing = play.utilisation
    assert drawing["payment_mode"] == "entrusted"
    assert [transfer["state"] for transfer in drawing["transfers"]] == ["confirmed"] * expected.payees
    paid = sum(Decimal(transfer["amount"]["amount"]) for transfer in drawing["transfers"])
    assert paid == Decimal(expected.drawn)
    bookings = booked(bank_stack, drawing["number"])
    assert [booking.end_to_end_id for booking in bookings] == sorted(
        transfer["end_to_end_id"] for transfer in drawing["transfers"]
    )
    assert {booking.heard for booking in bookings} == {1}, "no instruction was sent twice"


@each_example
async def test_what_follows_the_payment_is_done_and_recorded(secured: SecuredCases, example: str) -> None:
    play, expected = await secured(example), EXPECTED[example]
    states = {condition["code"]: condition["state"] for condition in play.utilisation["conditions"]}
    assert states == dict.fromkeys(expected.conditions, "satisfied")
    assert play.utilisation["stage"] == "secured"


async def test_the_chip_firm_repays_as_it_asked_from_offer_to_facility(secured: SecuredCases) -> None:
    """Seasonal principal, six months of grace and a second drawing: in the request, the offer, the contract, the facility."""
    play = await secured("sdrcb-operate")
    asked = play.application["content"]["lines"][0]["repayment"]
    assert (asked["method"], asked["grace_months"], asked["profile"]["months"]) == ("seasonal", 6, [6, 12])
    assessment = await play.rm.get(f"/v1/applications/{play.case_id}/assessment")
    assert assessment["request"]["repayment"] == asked
    assert assessment["offer"]["terms"]["repayment"] == asked
    facility = await play.rm.get(f"/v1/facilities/{play.facility['facility_id']}")
    assert facility["repayment"] == asked
    assert facility["price"]["margin_bps"] == 43
    rows = (await _conclusions(play))["schedule"]["value"]["instalments"]
    repaid = [row for row in rows if Decimal(row["principal"]["amount"])]
    assert {row["due"][5:7] for row in repaid} == {"06", "12"}
    assert [row["principal"]["amount"] for row in repaid] == ["5000000.00"] * 3
    assert [row["drawn"]["amount"] for row in rows if row.get("drawn")] == ["6000000.00"]


async def test_the_second_drawing_waits_for_its_month(secured: SecuredCases) -> None:
    """The agreement has nine million at once and six in half a year: the gate says so before anybody asks."""
    play = await secured("sdrcb-operate")
    body = play.files.json("utilisation.json") | {"value_date": play.utilisation["value_date"]}
    body["amount"] = body["payees"][0]["amount"] = {"amount": "6000000.00", "currency": "CNY"}
    body["payees"] = body["payees"][:1]
    address = f"/v1/facilities/{play.facility['facility_id']}/utilisations?dry_run=true"
    verdict = (await play.rm.post(address, body))["verdict"]
    assert (verdict["allowed"], verdict["codes"]) == (False, ["DRAWN_AHEAD_OF_PLAN"])
    assert verdict["maximum"]["amount"] == "0.00"


async def test_a_drawing_has_a_plan_of_its_own(bank_stack: BankStack, secured: SecuredCases) -> None:
    """Nine million, three equal parts, in June and December; the borrower sees it too, and nobody else's."""
    play = await secured("sdrcb-operate")
    address = f"/v1/utilisations/{play.utilisation['utilisation_id']}/plan"
    found = await play.rm.get(address)
    rows = [row for row in found["value"]["instalments"] if Decimal(row["principal"]["amount"])]
    assert [row["principal"]["amount"] for row in rows] == ["3000000.00"] * 3
    assert {row["due"][5:7] for row in rows} == {"06", "12"}
    assert rows[-1]["due"] <= play.facility["termination_date"]
    seen = await bank_stack.bank.person(play.cast.owner).get(address)
    assert seen["value"] == found["value"]
    with pytest.raises(Refused) as refused:
        await bank_stack.bank.person("owner.jiangsu").get(address)
    assert refused.value.status == 404


async def test_two_tranches_with_a_balloon_and_a_step_from_offer_to_drawing(secured: SecuredCases) -> None:
    play = await secured("shrcb-adas")
    facility = await play.rm.get(f"/v1/facilities/{play.facility['facility_id']}")
    assert [item["key"] for item in facility["repayment"]["tranches"]] == ["prepayment", "rental"]
    found = (await _conclusions(play))["schedule"]["value"]
    prepayment, rental = found["tranches"]
    assert Decimal(prepayment["instalments"][-1]["principal"]["amount"]) > Decimal("0.30") * 24_000_000
    assert sum(Decimal(row["principal"]["amount"]) for row in rental["instalments"]) == 6_000_000
    plan = await play.rm.get(f"/v1/utilisations/{play.utilisation['utilisation_id']}/plan")
    shares = {item["key"]: item["instalments"] for item in plan["value"]["tranches"]}
    assert {key: sum(Decimal(row["principal"]["amount"]) for row in rows) for key, rows in shares.items()} == {
        "prepayment": Decimal("14400000.00"),
        "rental": Decimal("3600000.00"),
    }


async def test_what_the_bank_card_measured_is_shown_with_the_rating(secured: SecuredCases) -> None:
    play = await secured("sdrcb-operate")
    assessment = await play.rm.get(f"/v1/applications/{play.case_id}/assessment")
    assert assessment["rating"]["card_id"] == "card_sdrcb_v1"
    told = assessment["evaluation"]["facts"]
    assert told["offering.technology_barrier"]["text"] == "leading_domestic"
    assert Decimal(told["finance.gross_margin"]["number"]) == Decimal("0.35")
    other = await secured("jsb-order")
    assert (await other.rm.get(f"/v1/applications/{other.case_id}/assessment"))["evaluation"]["facts"] == {}


async def test_the_project_is_repaid_as_its_assets_and_contracts_carry_it(secured: SecuredCases) -> None:
    """Tranches, ceilings and stresses come from collateral, the plan under them from pricing; one page shows them all."""
    play = await secured("nxb-xiyun")
    assessment = await play.rm.get(f"/v1/applications/{play.case_id}/assessment")
    carried, tested = assessment["amortisation"], assessment["stress_test"]
    tenors = {item["key"].split("/")[0]: item["tenor_months"] for item in carried["tranches"]}
    assert tenors == {"building": 96, "power": 96, "servers": 48, "network": 48, "software": 24}
    assert Decimal(carried["largest_loan"]["amount"]) >= Decimal(carried["loan"]["amount"]) == 280_000_000
    rows = (await _conclusions(play))["schedule"]["value"]["instalments"]
    assert Decimal(rows[-1]["balance"]["amount"]) == 0
    assert {item["first_month"] for item in tested["base"]["breaches"] if item["threshold"] == "dscr_default"} == {None}
    assert {item["stress"] for item in tested["stresses"]} >= {"CN_2024H2", "OFFTAKER_DEFAULT_12"}
    facility = await play.rm.get(f"/v1/facilities/{play.facility['facility_id']}")
    assert facility["repayment"]["method"] == "sculpted"
    plan = await play.rm.get(f"/v1/utilisations/{play.utilisation['utilisation_id']}/plan")
    drawn = Decimal(play.utilisation["amount"]["amount"])
    assert sum(Decimal(row["principal"]["amount"]) for row in plan["value"]["instalments"]) == drawn < 280_000_000
    assert plan["outcome"] == "pass"
    assert "DEBT_ABOVE_CEILING" not in [reason["code"] for reason in plan["reasons"]]
