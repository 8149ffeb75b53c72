"""The three examples over HTTP, from customer to a drawing that is paid and secured: what each figure comes to."""

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from domain.stages import PROCESS_ORDER, Stage
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
}
each_example = pytest.mark.parametrize("example", EXPECTED)


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
    assert set(decided.values()) == {"pass"}, decided
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
