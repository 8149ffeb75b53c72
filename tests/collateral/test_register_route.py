"""The register: a serial secures one case at a time, whoever comes second is told who was first."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from tests.collateral.conftest import Speaker
from tests.collateral.requests import registration, server, valuation
from tests.fixtures.postgres import DatabaseUrls


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def enter(client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/v1/assets", json=body, headers=key())
    assert answer.status_code == 200, answer.text
    entered: dict[str, Any] = answer.json()
    return entered


async def asset(client: httpx.AsyncClient, asset_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/v1/assets/{asset_id}")).json()
    return found


async def test_servers_are_entered_once_and_counted(worker: httpx.AsyncClient) -> None:
    entered = await enter(worker, registration(uuid4(), "AA-0001", "AA-0002", "AA-0003"))
    assert (entered["unit_count"], entered["conflicts"]) == (3, [])


async def test_a_second_case_is_told_the_first(worker: httpx.AsyncClient) -> None:
    first, second = registration(uuid4(), "BB-0001", "BB-0002"), registration(uuid4(), "BB-0002", "BB-0003")
    await enter(worker, first)
    entered = await enter(worker, second)
    assert entered["unit_count"] == 1
    assert entered["conflicts"] == [
        {"serial": "BB-0002", "case_number": first["case_number"], "case_id": first["case_id"]}
    ]


async def test_two_of_512_serials_that_secure_another_case_are_named(worker: httpx.AsyncClient) -> None:
    """Row R1."""
    await enter(worker, registration(uuid4(), "R1-00100", "R1-00400"))
    entered = await enter(worker, registration(uuid4(), *(f"R1-{number:05d}" for number in range(512))))
    assert entered["unit_count"] == 510
    assert [conflict["serial"] for conflict in entered["conflicts"]] == ["R1-00100", "R1-00400"]


async def test_who_holds_many_servers_is_asked_at_once(worker: httpx.AsyncClient, person: Speaker) -> None:
    first, second = registration(uuid4(), "HH-0001", "HH-0002"), registration(uuid4(), "HH-0002", "HH-0003")
    await enter(worker, first)
    await enter(worker, second)
    gone = registration(uuid4(), "HH-0004")
    await enter(worker, gone)
    await worker.post("/v1/releases", json={"case_id": gone["case_id"]}, headers=key())

    asked = ["hh 0002", "HH-0001", "HH-0004", "HH-0009"]
    answer = await worker.post("/v1/holders", json={"serials": asked})
    assert answer.status_code == 200, answer.text
    both = sorted([first["case_id"], second["case_id"]])
    assert answer.json() == {
        "items": [{"serial": "hh 0002", "case_ids": both}, {"serial": "HH-0001", "case_ids": [first["case_id"]]}]
    }
    many = {"serials": [f"HH-{number:05d}" for number in range(5001)]}
    assert (await worker.post("/v1/holders", json=many)).status_code == 422
    assert (await worker.post("/v1/holders", json={"serials": many["serials"][:5000]})).json() == {"items": []}
    reviewer = await person("li.na", "reviewer", "HO")
    assert (await reviewer.post("/v1/holders", json={"serials": asked})).status_code == 403


async def test_separators_and_case_do_not_make_another_server(worker: httpx.AsyncClient) -> None:
    await enter(worker, registration(uuid4(), "CC-0001"))
    for written in ("cc 0001", "CC_0001", "cC.0001", "CC/00-01", "CC0001"):
        entered = await enter(worker, registration(uuid4(), written))
        assert len(entered["conflicts"]) == 1, written


async def test_a_serial_listed_twice_is_refused_with_its_row(worker: httpx.AsyncClient) -> None:
    answer = await worker.post(
        "/v1/assets", json=registration(uuid4(), "DD-001", "DD-002", "dd 001", "DD002"), headers=key()
    )
    assert answer.status_code == 422
    assert [(item["pointer"], item["code"]) for item in answer.json()["errors"]] == [
        ("/servers/2/serial", "duplicate_serial"),
        ("/servers/3/serial", "duplicate_serial"),
    ]


async def test_an_entry_brought_up_to_date_lets_go_of_what_is_gone(worker: httpx.AsyncClient) -> None:
    case_id = uuid4()
    entered = await enter(worker, registration(case_id, "EE-0001", "EE-0002"))
    again = await enter(worker, registration(case_id, "EE-0002", "EE-0003"))
    assert (again["asset_id"], again["unit_count"]) == (entered["asset_id"], 2)
    assert (await asset(worker, again["asset_id"]))["version"] == 2
    other = await enter(worker, registration(uuid4(), "EE-0001", "EE-0003"))
    assert [conflict["serial"] for conflict in other["conflicts"]] == ["EE-0003"]


async def test_when_the_first_case_ends_the_second_moves_up(worker: httpx.AsyncClient) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    await enter(worker, registration(first, "FF-0001"))
    waiting = await enter(worker, registration(second, "FF-0001"))
    last = await enter(worker, registration(third, "FF-0001"))
    released = await worker.post("/v1/releases", json={"case_id": str(first)}, headers=key())
    assert released.json() == {"case_id": str(first), "assets": 1, "servers": 1}
    assert (await asset(worker, waiting["asset_id"]))["conflicts"] == []
    assert [c["case_id"] for c in (await asset(worker, last["asset_id"]))["conflicts"]] == [str(second)]


async def test_of_twenty_cases_at_once_one_holds_the_server(worker: httpx.AsyncClient) -> None:
    serials = [f"GG-{number:04d}" for number in range(30)]
    bodies = [registration(uuid4(), *(serials if n % 2 else reversed(serials))) for n in range(20)]
    entered = await asyncio.gather(*(enter(worker, body) for body in bodies))
    assert sorted(item["unit_count"] for item in entered) == [0] * 19 + [30]
    winner = next(item["case_id"] for item in entered if item["unit_count"])
    named = {conflict["case_id"] for item in entered for conflict in item["conflicts"]}
    assert named == {winner}


async def test_five_thousand_servers_are_one_entry(worker: httpx.AsyncClient) -> None:
    entered = await enter(worker, registration(uuid4(), *(f"HH-{number:05d}" for number in range(5000))))
    assert entered["unit_count"] == 5000
    more = registration(uuid4(), *(f"JJ-{number:05d}" for number in range(5001)))
    assert (await worker.post("/v1/assets", json=more, headers=key())).status_code == 422


NO_SERIALS = ("", "abc", "x" * 65, "<script>", "'; DROP TABLE server --", "序列号", "A\u0000BCD")


async def test_what_is_no_serial_is_refused(worker: httpx.AsyncClient) -> None:
    for serial in NO_SERIALS:
        body = registration(uuid4()) | {"servers": [server(serial)]}
        answer = await worker.post("/v1/assets", json=body, headers=key())
        assert answer.status_code in (400, 422), serial
        assert "DROP" not in answer.text, "what was sent is not echoed"


async def test_the_holder_of_a_server_is_found_however_it_is_written(worker: httpx.AsyncClient) -> None:
    case_id = uuid4()
    await enter(worker, registration(case_id, "KK-0001"))
    found = (await worker.get("/v1/assets", params={"serial": "kk 0001"})).json()["items"]
    assert [item["case_id"] for item in found] == [str(case_id)]


async def test_staff_see_their_branch_and_head_office_all(worker: httpx.AsyncClient, person: Speaker) -> None:
    case_id = uuid4()
    entered = await enter(worker, registration(case_id, "LL-0001", branch="640100"))
    for subject, branch, sees in (("li.na", "640100", True), ("wu.jie", "320100", False), ("qian.bo", "HO", True)):
        reader = await person(subject, "reviewer", branch)
        one = await reader.get(f"/v1/assets/{entered['asset_id']}")
        listed = (await reader.get("/v1/assets", params={"case_id": str(case_id)})).json()["items"]
        assert (one.status_code == 200, len(listed) == 1) == (sees, sees)


async def test_people_do_not_enter_assets(person: Speaker) -> None:
    manager = await person("zhang.wei", "relationship_manager", "640100")
    answer = await manager.post("/v1/assets", json=registration(uuid4(), "MM-0001"), headers=key())
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_shares_of_an_asset_never_exceed_the_whole(worker: httpx.AsyncClient) -> None:
    case_id = uuid4()
    entered = await enter(worker, registration(case_id, "NN-0001"))

    async def allocate(share: str) -> httpx.Response:
        body = {
            "asset_id": entered["asset_id"],
            "facility_id": str(uuid4()),
            "case_id": str(case_id),
            "rank": 1,
            "share": share,
        }
        return await worker.post("/v1/allocations", json=body, headers=key())

    answers = await asyncio.gather(*(allocate("0.3") for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409, 409, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"asset_over_allocated"}
    assert (await allocate("0.1")).status_code == 201
    assert (await allocate("0")).status_code == 422
    listed = (await worker.get("/v1/allocations", params={"asset_id": entered["asset_id"]})).json()["items"]
    assert len(listed) == 4


async def test_a_second_pledge_names_the_first_and_comes_behind_it_at_a_rank_that_says_so(
    worker: httpx.AsyncClient, person: Speaker
) -> None:
    first, second = uuid4(), uuid4()
    entry = registration(first, "NP-0001")
    entered = await enter(worker, entry)
    officer = await person("li.na", "collateral_officer", "640100")
    stranger = await person("wu.jie", "collateral_officer", "320100")

    async def allocate(case_id: UUID, rank: int, share: str, client: httpx.AsyncClient = officer) -> httpx.Response:
        body = {"asset_id": entered["asset_id"], "facility_id": str(uuid4()), "case_id": str(case_id)}
        return await client.post("/v1/allocations", json=body | {"rank": rank, "share": share}, headers=key())

    assert (await allocate(first, 1, "0.6", stranger)).status_code == 404
    assert (await allocate(first, 1, "0.6")).status_code == 201
    assert (await allocate(first, 1, "0.1")).status_code == 201, "tranches of one case may share a rank"
    refused = await allocate(second, 1, "0.1")
    assert (refused.status_code, refused.json()["code"]) == (409, "asset_pledged")
    assert entry["case_number"] in refused.json()["detail"]
    assert (await allocate(second, 2, "0.1")).status_code == 201
    assert (await allocate(first, 2, "0.1")).json()["code"] == "asset_pledged"


async def test_the_first_rank_is_kept_for_the_case_that_entered_the_asset(
    worker: httpx.AsyncClient, person: Speaker
) -> None:
    """Nothing is allocated yet: whoever is quicker does not come first by that."""
    first, second = uuid4(), uuid4()
    entry = registration(first, "NP-0002")
    entered = await enter(worker, entry)
    officer = await person("li.na", "collateral_officer", "640100")

    async def allocate(case_id: UUID, rank: int) -> httpx.Response:
        body = {"asset_id": entered["asset_id"], "facility_id": str(uuid4()), "case_id": str(case_id)}
        return await officer.post("/v1/allocations", json=body | {"rank": rank, "share": "0.3"}, headers=key())

    refused = await allocate(second, 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "asset_pledged")
    assert entry["case_number"] in refused.json()["detail"]
    assert (await allocate(second, 2)).status_code == 201
    assert (await allocate(first, 2)).json()["code"] == "asset_pledged"
    assert (await allocate(first, 1)).status_code == 201


@pytest.mark.parametrize("kind", ["guarantee", "intellectual_property", "data_asset", "compute_order", "deposit"])
async def test_what_is_no_hardware_is_registered_too(worker: httpx.AsyncClient, kind: str) -> None:
    entered = await enter(worker, registration(uuid4(), kind=kind))
    assert (entered["kind"], entered["unit_count"]) == (kind, 1)


async def test_a_gpu_in_two_servers_of_an_entry_is_refused(worker: httpx.AsyncClient) -> None:
    servers = [
        server("NQ-0001", gpu_uuids=["GPU-aaaa1111", "GPU-bbbb2222"]),
        server("NQ-0002", gpu_uuids=["gpu aaaa 1111"]),
        server("NQ-0003", gpu_count=1, gpu_uuids=["GPU-cccc3333", "GPU-dddd4444"]),
        server("NQ-0004", gpu_uuids=["--"]),
    ]
    answer = await worker.post("/v1/assets", json=registration(uuid4(), servers=servers), headers=key())
    assert [(item["pointer"], item["code"]) for item in answer.json()["errors"]] == [
        ("/servers/1/gpu_uuids", "duplicate_gpu"),
        ("/servers/2/gpu_uuids", "too_many_gpus"),
        ("/servers/3/gpu_uuids", "wrong_format"),
    ]


async def test_nothing_is_allocated_of_an_asset_that_was_released(worker: httpx.AsyncClient) -> None:
    case_id = uuid4()
    entered = await enter(worker, registration(case_id, "PP-0001"))
    await worker.post("/v1/releases", json={"case_id": str(case_id)}, headers=key())
    body = {
        "asset_id": entered["asset_id"],
        "facility_id": str(uuid4()),
        "case_id": str(case_id),
        "rank": 1,
        "share": "1",
    }
    answer = await worker.post("/v1/allocations", json=body, headers=key())
    assert (answer.status_code, answer.json()["code"]) == (409, "asset_released")


def interest(case_id: UUID, asset_id: str | None, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "case_id": str(case_id),
        "asset_id": asset_id,
        "kind": "equipment_mortgage",
        "registry": "动产融资统一登记公示系统",
        "number": str(uuid4().int),
        "registered_on": "2026-09-30",
        "delivered_on": "2026-09-24",
        "expires": "2034-09-30",
        "certificate_sha256": "a" * 64,
    }
    return body | changes


CHARGE = {"holder": "示例银行", "kind": "floating_charge", "registered": "2025-11-01"}


@pytest.mark.parametrize(("registered", "priority", "rank"), [("2026-09-30", True, 1), ("2026-10-08", False, 2)])
async def test_registration_in_time_outranks_the_floating_charge(
    worker: httpx.AsyncClient, person: Speaker, registered: str, priority: bool, rank: int
) -> None:
    """Corrections §6."""
    case_id = uuid4()
    entered = await enter(worker, registration(case_id, "QQ-0001", encumbrances=[CHARGE]))
    officer = await person("li.na", "collateral_officer", "640100")
    body = interest(case_id, entered["asset_id"], registered_on=registered)
    answer = await officer.post("/v1/registrations", json=body, headers=key())
    assert answer.status_code == 201, answer.text
    assert (answer.json()["purchase_money_priority"], answer.json()["rank"]) == (priority, rank)
    listed = (await officer.get("/v1/registrations", params={"case_id": str(case_id)})).json()["items"]
    assert [item["rank"] for item in listed] == [rank]
    # From its registration on the rank decides, whatever was declared: second, the servers carry nothing.
    tried = await officer.post(
        "/v1/valuations", json=valuation(case_id=case_id, as_of=registered), params={"dry_run": "true"}
    )
    codes = {reason["code"] for reason in tried.json()["reasons"]}
    assert (tried.json()["value"]["eligible"], "PRIOR_RIGHT" in codes) == (priority, not priority)
    before = await officer.post(
        "/v1/valuations", json=valuation(case_id=case_id, as_of="2026-09-28"), params={"dry_run": "true"}
    )
    assert before.json()["value"]["eligible"] is True, "until then the purchase-money mortgage may still go first"


async def test_the_page_of_perfection_names_deadline_alert_and_ranks(worker: httpx.AsyncClient) -> None:
    case_id = uuid4()
    entered = await enter(worker, registration(case_id, "RR-0001", encumbrances=[CHARGE]))
    await worker.post("/v1/registrations", json=interest(case_id, entered["asset_id"]), headers=key())
    address = f"/v1/assets/{entered['asset_id']}/perfection"
    for as_of, ranked in (("2026-09-25", [(1, False), (2, False)]), ("2026-09-30", [(1, True), (2, False)])):
        found = (await worker.get(address, params={"delivered_on": "2026-09-24", "as_of": as_of})).json()
        assert (found["deadline"], found["alert_on"]) == ("2026-10-04", "2026-09-30")
        told = [(item["rank"], item["purchase_money_priority"]) for item in found["interests"]]
        assert told == ranked, "a right has its rank from the day of its registration"


async def test_without_a_calendar_of_that_day_nothing_is_guessed(worker: httpx.AsyncClient) -> None:
    entered = await enter(worker, registration(uuid4(), "SS-0001"))
    answer = await worker.get(
        f"/v1/assets/{entered['asset_id']}/perfection",
        params={"delivered_on": "2024-03-01", "as_of": "2024-03-02"},
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "query/as_of")


async def test_a_registration_number_is_entered_once(worker: httpx.AsyncClient) -> None:
    case_id = uuid4()
    entered = await enter(worker, registration(case_id, "TT-0001"))
    body = interest(case_id, entered["asset_id"])
    assert (await worker.post("/v1/registrations", json=body, headers=key())).status_code == 201
    again = await worker.post("/v1/registrations", json=body, headers=key())
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")


async def test_registrations_of_a_foreign_case_are_not_found(worker: httpx.AsyncClient, person: Speaker) -> None:
    case_id = uuid4()
    entered = await enter(worker, registration(case_id, "UU-0001", branch="640100"))
    stranger = await person("wu.jie", "collateral_officer", "320100")
    for body in (
        interest(case_id, entered["asset_id"]),
        interest(case_id, None, kind="account_pledge"),
        interest(uuid4(), entered["asset_id"]),
        interest(uuid4(), None),
    ):
        assert (await stranger.post("/v1/registrations", json=body, headers=key())).status_code == 404


async def test_an_account_pledge_rests_on_no_asset_and_ranks_first(worker: httpx.AsyncClient) -> None:
    case_id = uuid4()
    await enter(worker, registration(case_id, "VV-0001"))
    body = interest(case_id, None, kind="account_pledge", delivered_on=None)
    answer = await worker.post("/v1/registrations", json=body, headers=key())
    assert (answer.json()["rank"], answer.json()["purchase_money_priority"]) == (1, False)


async def test_a_registration_that_ends_before_it_begins_is_refused(worker: httpx.AsyncClient) -> None:
    answer = await worker.post("/v1/registrations", json=interest(uuid4(), None, expires="2020-01-01"), headers=key())
    assert [item["pointer"] for item in answer.json()["errors"]] == ["/expires"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"agreed_on": "2026-10-01"}, "/agreed_on"),
        ({"registered_at": "2026-09-30T16:00:00Z"}, "/registered_at"),
        ({"registered_at": "9999-12-31T23:59:59Z"}, "/registered_at"),
        ({"registered_at": "0001-01-01T00:00:00+08:00"}, "/registered_at"),
    ],
)
async def test_days_that_do_not_fit_are_refused(
    worker: httpx.AsyncClient, changes: dict[str, str], pointer: str
) -> None:
    """Registered on 2026-09-30; sixteen hundred by Greenwich is the next day in the bank's zone."""
    answer = await worker.post("/v1/registrations", json=interest(uuid4(), None, **changes), headers=key())
    assert (answer.status_code, [item["pointer"] for item in answer.json()["errors"]]) == (422, [pointer])


async def test_the_end_of_the_calendar_is_no_failure(worker: httpx.AsyncClient) -> None:
    case_id = uuid4()
    entered = await enter(worker, registration(case_id, "XX-0001"))
    body = interest(case_id, entered["asset_id"], delivered_on="9999-12-31")
    answer = await worker.post("/v1/registrations", json=body, headers=key())
    assert (answer.status_code, answer.json()["purchase_money_priority"]) == (201, True)


async def test_what_was_concluded_cannot_be_changed_by_the_application(
    worker: httpx.AsyncClient, database_urls: DatabaseUrls
) -> None:
    case_id = uuid4()
    entered = await enter(worker, registration(case_id, "WW-0001"))
    await worker.post("/v1/registrations", json=interest(case_id, entered["asset_id"]), headers=key())
    address = database_urls.collateral.replace("postgresql+psycopg://", "postgresql://")
    for table in (
        *("content", "finding", "valuation", "allocation", "security_interest"),
        *("security_interest_change", "lien_waiver", "registry_search", "attestation"),
    ):
        column = "sha256" if table == "content" else "id"
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}", f"UPDATE {table} SET {column} = NULL"):
            with psycopg.connect(address) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SET search_path TO collateral")
                connection.execute(statement.encode())
