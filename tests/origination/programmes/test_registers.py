"""Referrals (A13), projects won (A18), letters of intention (A7, A17): none of them is a limit or an exposure."""

from typing import Any

import httpx
import pytest

from tests.origination.house import House, key, read

SIX = (
    "policy_liaison",
    "industry_integration",
    "investor_introduction",
    "professional_coaching",
    "talent_management",
    "research_conversion",
)
EXPOSURE = {"lender_id": "nxb", "as_of": "2026-06-30"}


async def customer(manager: httpx.AsyncClient, uscc: str) -> str:
    body = {"uscc": uscc, "name": "样例客户"}
    return str((await read(await manager.post("/v1/customers", json=body, headers=key()), 201))["customer_id"])


async def stake(manager: httpx.AsyncClient, customer_id: str) -> Any:
    """Exposure and lines of a customer."""
    exposure = await read(await manager.get(f"/v1/customers/{customer_id}/exposure", params=EXPOSURE), 200)
    lines = await read(await manager.get("/v1/credit-lines", params={"customer_id": customer_id}), 200)
    return exposure, lines


async def test_a13_there_are_six_services_and_a_referral_changes_no_limit(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    customer_id = await customer(manager, usccs[0])
    line = {
        "lender_id": "nxb",
        "reference": "L-1",
        "customer_id": customer_id,
        "kind": "loan",
        "amount": {"amount": "100000000.00"},
        "undrawn_factor": "0.40",
        "effective_from": "2025-01-01",
        "effective_to": "2027-12-31",
    }
    await read(await manager.post("/v1/credit-lines", json=line, headers=key()), 201)
    before = await stake(manager, customer_id)
    address = f"/v1/customers/{customer_id}/referrals"
    for service in SIX:
        body = {"programme": "shrcb_six", "service": service, "referred_on": "2026-03-02"}
        await read(await manager.post(address, json=body, headers=key()), 201)
    assert await stake(manager, customer_id) == before
    listed = await read(await manager.get(address), 200)
    assert sorted(item["service"] for item in listed["items"]) == sorted(SIX)
    seventh = {"programme": "shrcb_six", "service": "credit_line_increase", "referred_on": "2026-03-02"}
    problem = await read(await manager.post(address, json=seventh, headers=key()), 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [("/service", "unknown_service")]
    # A programme's other tags are no services.
    other = {"programme": "boc_sh_ai", "service": "ai_finance", "referred_on": "2026-03-02"}
    assert (await manager.post(address, json=other, headers=key())).status_code == 422


async def test_a18_a_project_counts_only_with_a_certificate_of_the_register(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    customer_id, other_id = await customer(manager, usccs[0]), await customer(manager, usccs[1])
    project = {"programme": "icbc_commons", "project": "大模型推理优化", "won_on": "2026-02-02"}
    address = "/v1/customers/{}/innovation-projects"
    bare = await read(await manager.post(address.format(customer_id), json=project, headers=key()), 201)
    assert bare["certificate_id"] is None
    certified = project | {"certificate_id": "JB-2026-007"}
    await read(await manager.post(address.format(customer_id), json=certified, headers=key()), 201)
    # A certificate belongs to one customer.
    taken = await manager.post(address.format(other_id), json=certified, headers=key())
    assert (await read(taken, 409))["code"] == "already_exists"

    async def drafted(holder: str, *certificates: str) -> httpx.Response:
        body = {
            "lender_id": "nxb",
            "customer_id": holder,
            "technology": {"innovation_certificates": list(certificates)},
        }
        return await manager.post("/v1/applications", json=body, headers=key())

    await read(await drafted(customer_id, "JB-2026-007"), 201)
    for answer in (await drafted(customer_id, "JB-2026-008"), await drafted(other_id, "JB-2026-007")):
        problem = await read(answer, 422)
        assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [
            ("/technology/innovation_certificates/0", "unknown_certificate")
        ]
    twice = await read(await drafted(customer_id, "JB-2026-007", "JB-2026-007"), 422)
    assert [item["code"] for item in twice["errors"]] == ["duplicate_certificate"]
    nowhere = project | {"programme": "boc_ai"}
    problem = await read(await manager.post(address.format(customer_id), json=nowhere, headers=key()), 422)
    assert [item["code"] for item in problem["errors"]] == ["no_projects"]


def letter(customer_id: str, amounts: dict[str | None, str], **more: Any) -> dict[str, Any]:
    return {
        "lender_id": "jsb",
        "customer_id": customer_id,
        "reference": "YX-1",
        "signed_on": "2025-03-28",
        "lines": [
            {"instrument": "loan", "product": product, "amount": {"amount": amount}}
            for product, amount in amounts.items()
        ],
        **more,
    }


async def test_a17_an_intention_of_500m_is_no_exposure_and_no_limit(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    customer_id = await customer(manager, usccs[0])
    body = letter(
        customer_id,
        {None: "500000000.00"},
        programme="icbc_sh_ai",
        signed_on="2025-08-01",
        tags=[{"list": "icbc_sh_actions", "tag": "ecosystem"}],
    )
    found = await read(await manager.post("/v1/intentions", json=body, headers=key()), 201)
    assert found["total"]["amount"] == "500000000.00"
    exposure, lines = await stake(manager, customer_id)
    assert {exposure[name]["amount"] for name in ("loans", "exposure", "group_exposure")} == {"0.00"}
    assert lines["items"] == []
    standing = await read(await manager.get("/v1/programmes/icbc_sh_ai/standing"), 200)
    assert (standing["intentions"], standing["total"]["amount"]) == (1, "500000000.00")
    [floor] = standing["floors"]
    assert (floor["status"], floor["code"], floor["short_by"]["amount"]) == ("short", "TARGET_SHORT", "99500000000.00")
    again = await manager.post("/v1/intentions", json=body, headers=key())
    assert (await read(again, 409))["code"] == "already_exists"


async def test_a7_a_credit_of_200m_is_split_where_the_product_carries_150m(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    customer_id = await customer(manager, usccs[0])
    whole = letter(customer_id, {"jsb_wc": "200000000.00"}, signing="jsb_2025q1_signing")
    problem = await read(await manager.post("/v1/intentions", json=whole, headers=key()), 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [("/lines/0/amount", "CAP_PRODUCT")]
    split = letter(customer_id, {"jsb_wc": "150000000.00", "jsb_fa": "50000000.00"}, signing="jsb_2025q1_signing")
    found = await read(await manager.post("/v1/intentions", json=split, headers=key()), 201)
    assert found["total"]["amount"] == "200000000.00"
    listed = await read(await manager.get("/v1/intentions", params={"signing": "jsb_2025q1_signing"}), 200)
    assert [item["intention_id"] for item in listed["items"]] == [found["intention_id"]]
    shown = await read(await manager.get(f"/v1/intentions/{found['intention_id']}"), 200)
    assert shown == found


async def test_a_line_is_of_a_product_of_the_lender_and_of_its_kind(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    body = letter(await customer(manager, usccs[0]), {"nxb_project_loan": "1.00"})
    problem = await read(await manager.post("/v1/intentions", json=body, headers=key()), 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [
        ("/lines/0/product", "not_the_lenders_product")
    ]
    body["lines"] = [{"instrument": "equity", "product": "jsb_wc", "amount": {"amount": "1.00"}}]
    problem = await read(await manager.post("/v1/intentions", json=body, headers=key()), 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [
        ("/lines/0/instrument", "instrument_of_another_kind")
    ]


async def test_what_is_wrong_with_a_letter_is_told_at_once(house: House) -> None:
    manager = await house.manager()
    body = letter(
        "0197a000-0000-7000-8000-000000000000",
        {"no_such": "1.00"},
        lender_id="nobody",
        programme="no_such",
        signed_on="2090-01-01",
        tags=[{"list": "boc_sh_scenarios", "tag": "ai_energy"}],
    )
    problem = await read(await manager.post("/v1/intentions", json=body, headers=key()), 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [
        ("/customer_id", "unknown_customer"),
        ("/lender_id", "unknown_lender"),
        ("/signed_on", "in_the_future"),
        ("/programme", "unknown_programme"),
        ("/lines/0/product", "unknown_product"),
        ("/tags/0/tag", "unknown_tag"),
    ]


@pytest.mark.parametrize("path", ["/v1/programmes/no_such/standing", "/v1/programmes/bj_voucher/standing"])
async def test_only_a_lenders_programme_has_a_standing(house: House, path: str) -> None:
    assert (await (await house.manager()).get(path)).status_code == 404
