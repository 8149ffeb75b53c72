"""Customers, groups and lines: entered once, seen by their own branch, changed on the version that was read."""

from typing import Any

import httpx

from tests.origination.house import House, key, read

XIYUN = "91640500MA76EXMP1X"
OTHER = "91320000608384012C"


def customer(uscc: str, **more: Any) -> dict[str, Any]:
    return {"uscc": uscc, "name": "宁夏西云算力科技有限公司", **more}


async def entered(manager: httpx.AsyncClient, uscc: str, **more: Any) -> Any:
    return await read(await manager.post("/v1/customers", json=customer(uscc, **more), headers=key()), 201)


async def test_a_customer_is_entered_and_read_back(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    file = {"industry": {"value": "I6450"}, "government_platform": {"state": "unknown"}, "risk_class": "low"}
    made = await entered(manager, usccs[0], file=file)
    answer = await manager.get(f"/v1/customers/{made['customer_id']}")
    found = await read(answer, 200)
    assert found == made
    assert answer.headers["etag"] == '"1"'
    assert found["file"]["government_platform"] == {"state": "unknown", "note": ""}
    assert found["branch"] == "640100"


async def test_a_code_enters_the_books_once(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    await entered(manager, usccs[0])
    again = await manager.post("/v1/customers", json=customer(usccs[0]), headers=key())
    assert (await read(again, 409))["code"] == "already_exists"


async def test_the_same_key_enters_one_customer(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    headers = key()
    first = await manager.post("/v1/customers", json=customer(usccs[0]), headers=headers)
    second = await manager.post("/v1/customers", json=customer(usccs[0]), headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"


async def test_a_wrong_check_character_is_refused(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    wrong = usccs[0][:-1] + ("0" if usccs[0][-1] != "0" else "1")
    problem = await read(await manager.post("/v1/customers", json=customer(wrong), headers=key()), 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [("/uscc", "uscc_check_digit")]
    assert wrong not in str(problem)


async def test_another_branch_sees_no_customer(house: House, usccs: list[str]) -> None:
    made = await entered(await house.manager(), usccs[0])
    stranger = await house.staff("li.na", "relationship_manager", branch="320100")
    await read(await stranger.get(f"/v1/customers/{made['customer_id']}"), 404)
    assert (await read(await stranger.get("/v1/customers"), 200))["items"] == []
    head_office = await house.staff("wang.fang", "reviewer", branch="HO")
    assert len((await read(await head_office.get("/v1/customers"), 200))["items"]) == 1


async def test_a_borrower_sees_itself_and_no_group(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    mine = await entered(manager, usccs[0])
    other = await entered(manager, usccs[1])
    borrower = await house.borrower("owner@mine", usccs[0])
    assert (await read(await borrower.get(f"/v1/customers/{mine['customer_id']}"), 200))["uscc"] == usccs[0]
    await read(await borrower.get(f"/v1/customers/{other['customer_id']}"), 404)
    await read(await borrower.get("/v1/groups"), 403)


async def test_a_change_names_the_version_it_was_made_on(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    made = await entered(manager, usccs[0])
    address = f"/v1/customers/{made['customer_id']}"
    body = customer(usccs[0], file={"risk_class": "medium"})
    await read(await manager.put(address, json=body), 428)
    changed = await read(await manager.put(address, json=body, headers={"If-Match": '"1"'}), 200)
    assert (changed["version"], changed["file"]["risk_class"]) == (2, "medium")
    await read(await manager.put(address, json=body, headers={"If-Match": '"1"'}), 412)


async def test_the_code_of_a_customer_does_not_change(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    made = await entered(manager, usccs[0])
    answer = await manager.put(
        f"/v1/customers/{made['customer_id']}", json=customer(usccs[1]), headers={"If-Match": '"1"'}
    )
    assert (await read(answer, 422))["errors"][0]["code"] == "immutable"


async def test_customers_are_paged_by_key(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    for uscc in usccs[:5]:
        await entered(manager, uscc)
    seen: list[str] = []
    address = "/v1/customers?limit=2"
    while address:
        answer = await manager.get(address)
        seen += [item["uscc"] for item in (await read(answer, 200))["items"]]
        link = answer.headers.get("link", "")
        address = link[1 : link.index(">")] if link else ""
    assert seen == list(reversed(usccs[:5]))
