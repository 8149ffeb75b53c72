"""Visits (A19): no need, no application; a need is answered by a draft that names the visit, in the time its channel promises."""

from datetime import date, timedelta
from typing import Any

import httpx

from domain.calendar import BANK_ZONE
from services.kit.database import now
from tests.origination.house import House, key, read
from tests.origination.sample import uscc

TODAY = now().astimezone(BANK_ZONE).date()
NEED = {"purpose": "compute_equipment_purchase", "amount": {"amount": "30000000.00"}}


def visit(reference: str = "XH-0001", **more: Any) -> dict[str, Any]:
    return {
        "programme": "abc_sh_123",
        "reference": reference,
        "visited_on": TODAY.isoformat(),
        "firm_name": "徐汇样例智能科技有限公司",
        **more,
    }


async def entered(manager: httpx.AsyncClient, **more: Any) -> Any:
    return await read(await manager.post("/v1/visits", json=visit(**more), headers=key()), 201)


async def test_a19_a_visit_without_need_opens_no_application(house: House) -> None:
    manager = await house.manager()
    found = await entered(manager)
    assert (found["need"], found["sla"]) == (None, "none")
    refused = await manager.post(
        f"/v1/visits/{found['visit_id']}/application", json={"lender_id": "nxb"}, headers=key()
    )
    assert (await read(refused, 409))["code"] == "visit_without_need"
    body = {"lender_id": "nxb", "visit_id": found["visit_id"]}
    by_hand = await read(await manager.post("/v1/applications", json=body, headers=key()), 422)
    assert [(item["pointer"], item["code"]) for item in by_hand["errors"]] == [("/visit_id", "visit_without_need")]
    assert (await read(await manager.get("/v1/applications"), 200))["items"] == []


async def test_a19_a_need_becomes_a_draft_that_names_its_visit(house: House) -> None:
    manager = await house.manager()
    found = await entered(manager, need=NEED, green_channel="integrated_services")
    assert found["sla"] == "running"
    address = f"/v1/visits/{found['visit_id']}/application"
    draft = await read(await manager.post(address, json={"lender_id": "nxb"}, headers=key()), 201)
    assert (draft["stage"], draft["content"]["visit_id"]) == ("draft", found["visit_id"])
    after = await read(await manager.get(f"/v1/visits/{found['visit_id']}"), 200)
    assert (after["application_id"], after["sla"]) == (draft["application_id"], "met")
    again = await manager.post(address, json={"lender_id": "nxb"}, headers=key())
    assert (await read(again, 409))["code"] == "visit_answered"


async def test_a19_a_draft_that_names_a_visit_by_hand_answers_it_and_no_second_one_does(house: House) -> None:
    manager = await house.manager()
    found = await entered(manager, need=NEED, green_channel="integrated_services")
    body = {"lender_id": "nxb", "visit_id": found["visit_id"]}
    first = await read(await manager.post("/v1/applications", json=body, headers=key()), 201)
    after = await read(await manager.get(f"/v1/visits/{found['visit_id']}"), 200)
    assert (after["application_id"], after["sla"], after["version"]) == (first["application_id"], "met", 2)
    again = await read(await manager.post("/v1/applications", json=body, headers=key()), 422)
    assert [(item["pointer"], item["code"]) for item in again["errors"]] == [("/visit_id", "visit_answered")]
    # The draft that answers it may be changed as before.
    address = f"/v1/applications/{first['application_id']}"
    changed = await manager.patch(address, json={"visit_id": found["visit_id"]}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200


async def test_a19_a_visit_named_later_is_answered_then_and_only_by_its_own_firm(house: House) -> None:
    manager = await house.manager()
    found = await entered(manager, need=NEED, firm_uscc=uscc(1001))
    draft = await read(await manager.post("/v1/applications", json={"lender_id": "nxb"}, headers=key()), 201)
    address = f"/v1/applications/{draft['application_id']}"
    party = {"key": "borrower", "role": "borrower", "name": "另一企业有限公司", "uscc": uscc(1002)}
    sections = {"visit_id": found["visit_id"], "parties": [party]}
    wrong = await read(await manager.patch(address, json=sections, headers={"If-Match": '"1"'}), 422)
    assert [(item["pointer"], item["code"]) for item in wrong["errors"]] == [("/visit_id", "visit_of_another_firm")]
    sections["parties"] = [party | {"uscc": uscc(1001)}]
    await read(await manager.patch(address, json=sections, headers={"If-Match": '"1"'}), 200)
    after = await read(await manager.get(f"/v1/visits/{found['visit_id']}"), 200)
    assert after["application_id"] == draft["application_id"]


async def test_a19_an_unknown_visit_is_refused(house: House) -> None:
    manager = await house.manager()
    stranger = await house.staff("wang.wu", "relationship_manager", branch="320100")
    theirs = await entered(stranger, need=NEED)
    for name in ("V-1", theirs["visit_id"]):
        body = {"lender_id": "nxb", "visit_id": name}
        problem = await read(await manager.post("/v1/applications", json=body, headers=key()), 422)
        assert [item["code"] for item in problem["errors"]] == ["unknown_visit"]
    assert (await manager.get(f"/v1/visits/{theirs['visit_id']}")).status_code == 404


async def test_what_is_wrong_with_a_visit_is_told_at_once(house: House) -> None:
    manager = await house.manager()
    body = visit(
        visited_on=(TODAY + timedelta(days=40)).isoformat(),
        green_channel="slow",
        need={"purpose": "x", "product": "no_such"},
    )
    problem = await read(await manager.post("/v1/visits", json=body, headers=key()), 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [
        ("/visited_on", "in_the_future"),
        ("/green_channel", "unknown_channel"),
        ("/need/purpose", "unknown_purpose"),
        ("/need/product", "unknown_product"),
    ]
    idle = await manager.post("/v1/visits", json=visit(green_channel="integrated_services"), headers=key())
    assert [item["code"] for item in (await read(idle, 422))["errors"]] == ["channel_without_need"]


def campaign(visits: int, needs: int, day: str = "2025-07-25") -> dict[str, Any]:
    """A list of so many visits, so many of them with a need."""
    return {
        "programme": "abc_sh_123",
        "counted_on": day,
        "visits": [
            {
                "reference": f"XH-{number:04d}",
                "visited_on": str(date(2025, 7, 1) + timedelta(days=number % 24)),
                "firm_name": f"样例企业{number}",
                "need": NEED if number < needs else None,
            }
            for number in range(visits)
        ],
    }


async def imported(manager: httpx.AsyncClient, body: dict[str, Any], status: int) -> Any:
    return await read(await manager.post("/v1/visits/import", json=body, headers=key()), status)


async def test_a19_a_list_is_held_against_1127_visits_and_1100_needs(house: House) -> None:
    manager = await house.manager()
    short = await imported(manager, campaign(1126, 1099), 422)
    assert [item["code"] for item in short["errors"]] == ["visits_checksum", "needs_checksum"]
    assert (await read(await manager.get("/v1/visits"), 200))["items"] == []
    whole = campaign(1127, 1100)
    found = await imported(manager, whole, 201)
    assert (found["visits"], found["needs"], found["added"]) == (1127, 1100, 1127)
    # Sent again it adds nothing; changed, nothing of it is taken.
    assert (await imported(manager, whole, 201))["added"] == 0
    whole["visits"][5]["firm_name"] = "另一企业"
    assert (await imported(manager, whole, 409))["code"] == "visits_differ"


async def test_a19_a_list_of_a_day_without_an_announced_count_is_refused(house: House) -> None:
    manager = await house.manager()
    body = campaign(2, 2, "2025-07-02")
    body["visits"][1] |= {"reference": "XH-0000", "visited_on": "2025-07-03"}
    problem = await imported(manager, body, 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [
        ("/visits/1/reference", "duplicate_reference"),
        ("/counted_on", "no_count_announced"),
        ("/visits/1/visited_on", "after_the_count"),
    ]
