"""The register of voucher claims: what is due, once a contract, within a firm's year and a programme's pool, by two persons."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.origination.house import House, key, read

ADDRESS = "/v1/support-claims"


def claim(usccs: list[str], **more: Any) -> dict[str, Any]:
    return {
        "programme": "bj_voucher",
        "claimed_on": "2024-06-03",
        "firm_uscc": usccs[0],
        "contract_number": "SL-2024-001",
        "contract_amount": {"amount": "12000000.00"},
        "signed_on": "2024-05-06",
        "contract_months": 12,
        "supplier_uscc": usccs[1],
        "supplier_related": False,
        "supported_elsewhere": False,
        **more,
    }


async def enter(client: httpx.AsyncClient, body: dict[str, Any], status: int = 201) -> Any:
    return await read(await client.post(ADDRESS, json=body, headers=key()), status)


async def test_b1_a_contract_of_12m_gives_2m_once(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    first = await enter(manager, claim(usccs))
    assert (first["state"], first["amount"]["amount"], first["code"]) == ("entered", "2000000.00", "VOUCHER_CAP")
    # In another spelling, and in the next year, it is the same contract.
    for again in (claim(usccs, contract_number=" ｓｌ－2024／001"), claim(usccs, claimed_on="2025-01-06")):
        assert (await enter(manager, again, 409))["code"] == "support_contract_claimed"
    # The firm's year is used up; the next one is not.
    second = await enter(manager, claim(usccs, contract_number="SL-2"))
    assert (second["state"], second["amount"]["amount"], second["code"]) == ("refused", "0.00", "VOUCHER_CAP")
    later = await enter(
        manager, claim(usccs, contract_number="SL-2", claimed_on="2025-01-06", contract_amount={"amount": "5000000.00"})
    )
    assert (later["state"], later["amount"]["amount"]) == ("entered", "1000000.00")


@pytest.mark.parametrize(
    ("changes", "state", "code"),
    [
        ({"supplier_related": True}, "refused", "VOUCHER_RELATED_SUPPLIER"),
        ({"contract_amount": {"amount": "0.01"}}, "refused", "VOUCHER_BELOW_A_CENT"),
        ({"contract_months": 13}, "refused", "VOUCHER_CONTRACT_TOO_LONG"),
        ({"signed_on": "2023-08-31"}, "refused", "VOUCHER_WINDOW"),
        ({"signed_on": "2023-09-01"}, "entered", "VOUCHER_CAP"),
        ({"supported_elsewhere": True}, "refused", "VOUCHER_SECOND_CLAIM"),
        ({"supplier_related": None}, "open", ""),
        ({"supported_elsewhere": None}, "open", ""),
    ],
)
async def test_b1_what_the_programme_asks(
    house: House, usccs: list[str], changes: dict[str, Any], state: str, code: str
) -> None:
    found = await enter(await house.manager(), claim(usccs, **changes))
    assert (found["state"], found["code"]) == (state, code)
    assert found["amount"] == {"open": None, "refused": {"amount": "0.00", "currency": "CNY"}}.get(
        state, {"amount": "2000000.00", "currency": "CNY"}
    )
    assert bool(found["missing"]) is (state == "open")


async def test_b2_henan_supports_suppliers_of_its_list_and_no_others(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    operator = await house.staff("op", "operator", branch="HO")
    body = {"programme": "hn_voucher", "claimed_on": "2024-06-03"}
    unknown = await enter(manager, claim(usccs, **body))
    assert (unknown["state"], unknown["missing"]) == ("open", ["supplier_listed", "programme_share"])
    vintage = {
        "id": "list.hn_voucher_suppliers",
        "vintage": "2023",
        "effective_from": "2023-01-01",
        "source": "test",
        "body": {"entries": [usccs[2]]},
    }
    await read(await operator.post("/v1/reference-data", json=vintage, headers=key()), 201)
    off = await enter(manager, claim(usccs, **body))
    assert (off["state"], off["amount"]["amount"], off["code"]) == ("refused", "0.00", "VOUCHER_SUPPLIER_NOT_LISTED")
    # A listed supplier's claim stays open: the share of the notice is not at hand.
    on = await enter(manager, claim(usccs, **body, supplier_uscc=usccs[2]))
    assert (on["state"], on["amount"], on["missing"]) == ("open", None, ["programme_share"])


async def test_b3_half_of_5m_is_held_at_2m_and_champions_have_10m(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    body = {"programme": "zh_voucher", "signed_on": "2025-06-02", "claimed_on": "2025-07-01"}
    small = await enter(manager, claim(usccs, **body, contract_amount={"amount": "5000000.00"}))
    assert (small["amount"]["amount"], small["code"]) == ("2000000.00", "VOUCHER_CAP")
    champion = claim(usccs, **body, firm_uscc=usccs[3], standing="national_champion")
    assert (await enter(manager, champion))["amount"]["amount"] == "6000000.00"
    unknown = await enter(manager, claim(usccs, **body, firm_uscc=usccs[4], standing="giant"), 422)
    assert [item["code"] for item in unknown["errors"]] == ["standing_unknown"]


async def test_r13_a_contract_another_programme_pays_for_is_not_paid_again(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    first = await enter(manager, claim(usccs, claimed_on="2025-03-03"))
    other = claim(usccs, programme="zh_voucher", claimed_on="2025-03-04", contract_number="SL 2024 001")
    second = await enter(manager, other)
    assert (second["state"], second["code"]) == ("refused", "VOUCHER_SECOND_CLAIM")
    assert second["claimed_under"] == ["bj_voucher"]
    # Withdrawn, the first stands in nobody's way.
    withdrawn = await manager.post(f"{ADDRESS}/{first['claim_id']}/withdraw", json={"reason": "误报"}, headers=key())
    assert (await read(withdrawn, 200))["state"] == "withdrawn"
    assert (await enter(manager, other))["state"] == "entered"


async def test_r13_of_claims_at_once_one_takes_the_contract(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    answers = await asyncio.gather(*(manager.post(ADDRESS, json=claim(usccs), headers=key()) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]


async def test_claims_at_once_share_one_year(house: House, usccs: list[str]) -> None:
    """Eight contracts of 5m, 1m each: the year's 2m are given twice, and no fen more."""
    manager = await house.manager()
    bodies = [
        claim(usccs, contract_number=f"SL-{number}", contract_amount={"amount": "5000000.00"}) for number in range(8)
    ]
    answers = await asyncio.gather(*(manager.post(ADDRESS, json=body, headers=key()) for body in bodies))
    found = [await read(answer, 201) for answer in answers]
    assert sorted(item["amount"]["amount"] for item in found) == ["0.00"] * 6 + ["1000000.00"] * 2


async def test_a_claim_is_confirmed_by_another_person(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    found = await enter(manager, claim(usccs))
    address = f"{ADDRESS}/{found['claim_id']}/confirm"
    assert (await read(await manager.post(address, headers=key()), 403))["code"] == "same_person"
    second = await house.staff("li.na", "relationship_manager")
    confirmed = await read(await second.post(address, headers=key()), 200)
    assert (confirmed["state"], confirmed["confirmed_by"]) == ("confirmed", "li.na")
    assert (await read(await second.post(address, headers=key()), 409))["code"] == "support_claim_state"
    shown = await read(await manager.get(f"{ADDRESS}/{found['claim_id']}"), 200)
    assert shown == confirmed
    stranger = await house.staff("wang.wu", "relationship_manager", branch="320100")
    assert (await stranger.get(f"{ADDRESS}/{found['claim_id']}")).status_code == 404
    assert (await read(await stranger.get(ADDRESS), 200))["items"] == []
    assert [item["claim_id"] for item in (await read(await manager.get(ADDRESS), 200))["items"]] == [found["claim_id"]]


async def test_all_faults_of_a_claim_are_told_at_once(house: House, usccs: list[str]) -> None:
    manager = await house.manager()
    wrong = claim(usccs, programme="no_such", contract_number="---", claimed_on="2090-01-01")
    problem = await enter(manager, wrong, 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [
        ("/contract_number", "no_number"),
        ("/claimed_on", "in_the_future"),
        ("/programme", "programme_unknown"),
    ]
    subsidy = await enter(manager, claim(usccs, programme="equipment_renewal_subsidy", claimed_on="2025-06-02"), 422)
    assert [item["code"] for item in subsidy["errors"]] == ["programme_of_another_form"]
    own = await enter(manager, claim(usccs, supplier_uscc=usccs[0]), 422)
    assert [item["code"] for item in own["errors"]] == ["own_supplier"]
    early = await enter(manager, claim(usccs, claimed_on="2024-05-05"), 422)
    assert [item["code"] for item in early["errors"]] == ["claim_before_contract"]
