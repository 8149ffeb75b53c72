"""The division of proceeds over HTTP: who may ask, and that every fault of a question comes at once."""

from typing import Any

from tests.collateral.conftest import Speaker

ASKED: dict[str, Any] = {
    "as_of": "2026-11-22",
    "sold_by": "auction",
    "market_price": None,
    "proceeds": {"amount": "100000000.00"},
    "costs": {"amount": "5000000.00"},
    "claims": [{"key": "bank", "amount": {"amount": "80000000.00"}, "registered_on": "2025-03-04"}],
}


async def test_a_workout_officer_divides_and_the_surplus_is_the_owners(person: Speaker) -> None:
    officer = await person("workout.a", "workout_officer", "HO")
    answer = await officer.post("/v1/proceeds-divisions", json=ASKED)
    assert answer.status_code == 200, answer.text
    value = answer.json()["value"]
    assert (value["surplus"]["amount"], value["shares"][0]["receives"]["amount"]) == ("15000000.00", "80000000.00")


async def test_faults_come_at_once_and_strangers_do_not_ask(person: Speaker) -> None:
    officer = await person("workout.a", "workout_officer", "HO")
    wrong = ASKED | {"proceeds": {"amount": "-1.00"}, "sold_by": "barter", "claims": []}
    refused = await officer.post("/v1/proceeds-divisions", json=wrong)
    assert refused.status_code == 422
    assert {"/proceeds", "/sold_by", "/claims"} <= {fault["pointer"] for fault in refused.json()["errors"]}
    twice = await officer.post("/v1/proceeds-divisions", json=ASKED | {"claims": ASKED["claims"] * 2})
    assert twice.status_code == 422
    manager = await person("rm.a", "relationship_manager", "HO")
    assert (await manager.post("/v1/proceeds-divisions", json=ASKED)).status_code == 403
