"""Classes and early warnings over HTTP: who may ask, what is answered, and what is refused with every fault at once."""

from typing import Any

import pytest

from tests.origination.house import House, read

CLAIM: dict[str, Any] = {
    "key": "loan-1",
    "balance": {"amount": "100000000.00"},
    "unpaid_since": {"value": "2026-08-23"},
    "technical_delay": False,
    "misused": False,
    "refinanced": False,
    "renewal_in_good_order": False,
    "restructuring": {"state": "not_applicable"},
    "credit_impaired": False,
    "expected_loss": {"amount": "0.00"},
}
DEBTOR: dict[str, Any] = {
    "bad_elsewhere": False,
    "rating_cut": False,
    "overdue_share": "0",
    "evasion": False,
    "bankrupt": False,
    "group_member_bad": False,
    "offtaker_lost": False,
    "cash_below_interest_quarters": 0,
    "missing_server_share": "0",
    "double_pledge": False,
}
ASKED: dict[str, Any] = {"as_of": "2026-11-22", "claims": [CLAIM], "debtor": DEBTOR}


async def test_a_claim_91_days_overdue_is_substandard_at_best(house: House) -> None:
    monitor = await house.staff("monitor.a", "monitor")
    found = await read(await monitor.post("/v1/classifications", json=ASKED), 200)
    assert found["policy"]["sha256"] == house.policy_sha256
    assert (found["kind"], found["outcome"], found["value"]["at_best"]) == ("classification", "refer", "substandard")
    assert found["value"]["claims"][0]["days_past_due"] == 91
    assert found["value"]["claims"][0]["provision_floor"]["amount"] == "25000000.00"
    assert {"OVERDUE_90", "BAD_HERE"} <= {reason["code"] for reason in found["reasons"]}
    # The same question has the same answer, whoever asks and whenever.
    again = await read(await monitor.post("/v1/classifications", json=ASKED), 200)
    assert again["inputs_sha256"] == found["inputs_sha256"]


async def test_every_fault_of_a_question_is_told_at_once(house: House) -> None:
    monitor = await house.staff("monitor.a", "monitor")
    wrong = {
        "as_of": "2026-11-22",
        "claims": [
            CLAIM | {"balance": {"amount": "0.00"}},
            CLAIM | {"key": "", "restructuring": {"value": {"first_due": "soon", "periods_kept": -1}}},
        ],
        "debtor": DEBTOR | {"overdue_share": "20", "mood": "bad"},
    }
    refused = await read(await monitor.post("/v1/classifications", json=wrong), 422)
    places = {fault["pointer"] for fault in refused["errors"]}
    assert {"/claims/0/balance", "/claims/1/key", "/debtor/overdue_share", "/debtor/mood"} <= places
    assert any(place.startswith("/claims/1/restructuring") for place in places)
    twice = ASKED | {"claims": [CLAIM, CLAIM]}
    assert (await read(await monitor.post("/v1/classifications", json=twice), 422))["errors"]
    lost = ASKED | {"claims": [CLAIM | {"expected_loss": {"amount": "100000000.01"}}]}
    assert (await read(await monitor.post("/v1/classifications", json=lost), 422))["errors"]


async def test_a_day_before_any_policy_is_a_refusal_and_no_fault(house: House) -> None:
    monitor = await house.staff("monitor.a", "monitor")
    for path, body in (
        ("/v1/classifications", ASKED | {"as_of": "2023-06-30"}),
        ("/v1/early-warnings", {"as_of": "2023-06-30"}),
        # The bundle of the day has no early warnings yet: they begin on 2026-11-20.
        ("/v1/early-warnings", {"as_of": "2026-11-19"}),
    ):
        assert (await read(await monitor.post(path, json=body), 409))["code"] == "no_policy_in_force"


async def test_e3_the_watch_list_over_http(house: House) -> None:
    monitor = await house.staff("monitor.a", "monitor")
    readings = {"as_of": "2026-11-22", "key_leavers": 1, "cto_and_ceo_left": False, "research_change": "-0.35"}
    found = await read(await monitor.post("/v1/early-warnings", json=readings), 200)
    assert (found["outcome"], found["value"]["status"], found["value"]["act_by"]) == ("refer", "watch", "2026-11-23")
    lit = {item["code"]: item["light"] for item in found["value"]["indicators"]}
    assert (lit["CORE_TEAM"], lit["RESEARCH_SPEND"], lit["BACKLOG"]) == ("amber", "red", "not_run")


async def test_borrowers_and_services_have_no_say_in_it(house: House) -> None:
    owner = await house.borrower("owner.a", "91640500MA76X10016")
    for path, body in (("/v1/classifications", ASKED), ("/v1/early-warnings", {"as_of": "2026-11-22"})):
        await read(await owner.post(path, json=body), 403)


@pytest.mark.parametrize(
    ("lender", "kind", "taken", "as_of", "outcome", "months"),
    [
        ("nxb", "real_estate", "2024-11-22", "2026-11-22", "pass", 24),
        ("nxb", "real_estate", "2024-11-21", "2026-11-22", "fail", 25),
        ("nxb", "equity", "2024-11-21", "2026-11-22", "fail", 25),
        ("nxb", "other", "2020-01-01", "2026-11-22", "pass", 83),
        ("nxb", "real_estate", "2026-11-22", "2026-11-22", "pass", 0),
        ("citic_leasing", "real_estate", "2020-01-01", "2026-11-22", "not_run", 83),
    ],
)
async def test_cbl_42_what_was_taken_for_a_debt_is_disposed_of_within_two_years(
    house: House, lender: str, kind: str, taken: str, as_of: str, outcome: str, months: int
) -> None:
    workout = await house.staff("workout.a", "workout_officer")
    body = {"lender_id": lender, "as_of": as_of, "kind": {"value": kind}, "acquired_on": {"value": taken}}
    told = await read(await workout.post("/v1/possession-verdicts", json=body), 200)
    assert (told["outcome"], told["months_held"]) == (outcome, months)
    assert [reason["code"] for reason in told["reasons"]] == (["CBL_42"] if outcome == "fail" else [])
    assert told["policy_sha256"] == house.policy_sha256


async def test_cbl_42_what_is_not_known_refers_and_what_cannot_be_is_refused(house: House) -> None:
    workout = await house.staff("workout.a", "workout_officer")
    body: dict[str, Any] = {"lender_id": "nxb", "as_of": "2026-11-22", "kind": {"value": "equity"}}
    told = await read(
        await workout.post("/v1/possession-verdicts", json=body | {"acquired_on": {"state": "unknown"}}), 200
    )
    assert (told["outcome"], told["reasons"][0]["subject"]) == ("refer", "foreclosed.months_held")
    later = body | {"acquired_on": {"value": "2026-11-23"}}
    assert (await read(await workout.post("/v1/possession-verdicts", json=later), 422))["code"] == "invalid_request"
    nobody = body | {"lender_id": "nobody", "acquired_on": {"value": "2026-11-01"}}
    assert (await read(await workout.post("/v1/possession-verdicts", json=nobody), 409))["code"] == "no_reference_data"
