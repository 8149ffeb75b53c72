"""The limit tree, and what stands with a customer and its group in three measures."""

from typing import Any

import httpx

from tests.origination.house import House, key, read


def line(**more: Any) -> dict[str, Any]:
    return {
        "lender_id": "nxb",
        "kind": "loan",
        "amount": {"amount": "100000000.00", "currency": "CNY"},
        "outstanding": {"amount": "60000000.00", "currency": "CNY"},
        "undrawn_factor": "0.40",
        "effective_from": "2025-01-01",
        "effective_to": "2027-12-31",
        **more,
    }


async def entered(manager: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    return await read(await manager.post(path, json=body, headers=key()), 201)


async def two_in_a_group(manager: httpx.AsyncClient, usccs: list[str]) -> tuple[Any, Any, Any]:
    group = await entered(manager, "/v1/groups", {"name": "样例集团", "basis": "control"})
    first, second = [
        await entered(manager, "/v1/customers", {"uscc": uscc, "name": "成员", "group_id": group["group_id"]})
        for uscc in usccs[:2]
    ]
    return group, first, second


async def test_exposure_is_three_measures(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    group, first, second = await two_in_a_group(manager, usccs)
    await entered(manager, "/v1/credit-lines", line(reference="L-1", customer_id=first["customer_id"]))
    guarantee = {"kind": "guarantee", "outstanding": {"amount": "0.00"}, "undrawn_factor": "0.50"}
    await entered(manager, "/v1/credit-lines", line(reference="G-1", customer_id=first["customer_id"], **guarantee))
    await entered(manager, "/v1/credit-lines", line(reference="L-2", customer_id=second["customer_id"]))
    params = {"lender_id": "nxb", "as_of": "2026-06-30"}
    found = await read(await manager.get(f"/v1/customers/{first['customer_id']}/exposure", params=params), 200)
    # Loans 60; exposure 60 + 0.40 × 40 + 0.50 × 100; the group adds 60 + 0.40 × 40.
    assert found["loans"]["amount"] == "60000000.00"
    assert found["exposure"]["amount"] == "126000000.00"
    assert found["group_exposure"]["amount"] == "202000000.00"
    assert found["group_id"] == group["group_id"]
    # After the lines' end nothing more can be drawn; what is outstanding still counts.
    later = await manager.get(
        f"/v1/customers/{first['customer_id']}/exposure", params={**params, "as_of": "2028-01-01"}
    )
    assert (await read(later, 200))["exposure"]["amount"] == "60000000.00"
    other = await manager.get(
        f"/v1/customers/{first['customer_id']}/exposure", params={**params, "lender_id": "nobody"}
    )
    nowhere = await read(other, 200)
    assert (nowhere["exposure"]["amount"], nowhere["capital"]) == ("0.00", None)


async def test_lines_fit_under_their_umbrella(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    group, first, _ = await two_in_a_group(manager, usccs)
    umbrella = await entered(
        manager,
        "/v1/credit-lines",
        line(reference="U-1", kind="umbrella", group_id=group["group_id"], outstanding={"amount": "0.00"}),
    )
    below = {"customer_id": first["customer_id"], "parent_id": umbrella["line_id"], "outstanding": {"amount": "0.00"}}
    await entered(manager, "/v1/credit-lines", line(reference="L-1", **{**below, "amount": {"amount": "70000000.00"}}))
    over = line(reference="L-2", **{**below, "amount": {"amount": "30000000.01"}})
    problem = await read(await manager.post("/v1/credit-lines", json=over, headers=key()), 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [("/amount", "exceeds_parent")]
    smaller = line(
        reference="U-1",
        kind="umbrella",
        group_id=group["group_id"],
        outstanding={"amount": "0.00"},
        amount={"amount": "69999999.99"},
    )
    answer = await manager.put(f"/v1/credit-lines/{umbrella['line_id']}", json=smaller, headers={"If-Match": '"1"'})
    assert (await read(answer, 422))["errors"][0]["code"] == "below_children"


async def test_a_line_under_anothers_umbrella_is_refused(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    group, _, _ = await two_in_a_group(manager, usccs)
    outsider = await entered(manager, "/v1/customers", {"uscc": usccs[5], "name": "外人"})
    umbrella = await entered(
        manager,
        "/v1/credit-lines",
        line(reference="U-1", kind="umbrella", group_id=group["group_id"], outstanding={"amount": "0.00"}),
    )
    body = line(reference="L-1", customer_id=outsider["customer_id"], parent_id=umbrella["line_id"])
    assert (await read(await manager.post("/v1/credit-lines", json=body, headers=key()), 422))["errors"][0][
        "code"
    ] == "foreign_parent"


async def test_what_is_wrong_with_a_line_is_named(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    customer = await entered(manager, "/v1/customers", {"uscc": usccs[0], "name": "客户"})
    both = line(reference="L-1", customer_id=customer["customer_id"], group_id=customer["customer_id"])
    assert (await read(await manager.post("/v1/credit-lines", json=both, headers=key()), 422))["errors"][0][
        "code"
    ] == "line_holder"
    floats = line(
        reference="L-1", customer_id=customer["customer_id"], amount={"amount": 100000000.1, "currency": "CNY"}
    )
    problem = await read(await manager.post("/v1/credit-lines", json=floats, headers=key()), 422)
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == ("/amount/amount", "decimal_text")
    await entered(manager, "/v1/credit-lines", line(reference="L-1", customer_id=customer["customer_id"]))
    twice = await manager.post(
        "/v1/credit-lines", json=line(reference="L-1", customer_id=customer["customer_id"]), headers=key()
    )
    await read(twice, 409)


async def test_lines_and_groups_of_another_branch_are_not_there(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    group, first, _ = await two_in_a_group(manager, usccs)
    made = await entered(manager, "/v1/credit-lines", line(reference="L-1", customer_id=first["customer_id"]))
    stranger = await house.staff("li.na", "relationship_manager", branch="320100")
    await read(await stranger.get(f"/v1/credit-lines/{made['line_id']}"), 404)
    await read(await stranger.get(f"/v1/groups/{group['group_id']}"), 404)
    body = line(reference="L-9", customer_id=first["customer_id"])
    problem = await read(await stranger.post("/v1/credit-lines", json=body, headers=key()), 422)
    assert problem["errors"][0]["code"] == "unknown_customer"
    params = {"lender_id": "nxb", "as_of": "2026-06-30"}
    await read(await stranger.get(f"/v1/customers/{first['customer_id']}/exposure", params=params), 404)
