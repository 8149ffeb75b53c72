"""Concentration of a running case over real books: what the customer, its group and all related parties owe together."""

from typing import Any
from uuid import UUID, uuid4

from domain.process import CaseStep
from tests.origination.house import House, key, read
from tests.origination.sample import TODAY, Draft, borrower, known, prepared, uscc

# The books of 宁夏银行: net capital 15.8bn, tier 1 capital 12.9bn; 40m is asked for.
GROUP_LINE, RELATED_LINE = "2540000000.00", "7860000000.00"
"""With the 40m asked for exactly 20 % of tier 1 (2.58bn), and 50 % of net capital (7.9bn)."""


async def other_customer(draft: Draft, outstanding: str, file: dict[str, Any] | None = None) -> dict[str, Any]:
    manager = draft.manager
    body = {"uscc": uscc(9001), "name": "另一家算力公司", "file": file or {}}
    made: dict[str, Any] = await read(await manager.post("/v1/customers", json=body, headers=key()), 201)
    amount = {"amount": outstanding, "currency": "CNY"}
    line = {
        "lender_id": "nxb",
        "reference": "L-9001",
        "customer_id": made["customer_id"],
        "kind": "loan",
        "amount": amount,
        "outstanding": amount,
        "undrawn_factor": "0.40",
        "effective_from": "2025-01-01",
        "effective_to": "2030-12-31",
    }
    await read(await manager.post("/v1/credit-lines", json=line, headers=key()), 201)
    return made


async def owe_more(draft: Draft, customer_id: str) -> None:
    """One fen more than a limit allows, in a line of its own."""
    fen = {"amount": "0.01", "currency": "CNY"}
    line = {
        "lender_id": "nxb",
        "reference": "L-9002",
        "customer_id": customer_id,
        "kind": "loan",
        "amount": fen,
        "outstanding": fen,
        "undrawn_factor": "0.40",
        "effective_from": "2025-01-01",
        "effective_to": "2030-12-31",
    }
    await read(await draft.manager.post("/v1/credit-lines", json=line, headers=key()), 201)


async def joined(draft: Draft, customer_id: str, group_id: str) -> None:
    found = await draft.manager.get(f"/v1/customers/{customer_id}")
    view = await read(found, 200)
    body = {name: view[name] for name in ("uscc", "name", "branch", "file")} | {"group_id": group_id}
    answer = await draft.manager.put(
        f"/v1/customers/{customer_id}", json=body, headers={"If-Match": found.headers["etag"]}
    )
    await read(answer, 200)


async def regulated(house: House, draft: Draft) -> dict[str, str]:
    """Every rule that the check of regulations names, with what it says."""
    worker = await house.worker()
    step = CaseStep(case_id=UUID(draft.case_id), workflow_id=str(uuid4()), step=f"regulation-{uuid4()}", as_of=TODAY)
    result = await worker.check("regulation", step)
    return {reason.code: reason.message_en for reason in result.reasons}


async def test_c3_customers_that_the_analyst_groups_are_measured_together(house: House) -> None:
    draft = await prepared(house)
    other = await other_customer(draft, GROUP_LINE)
    await read(await draft.submit(), 202)
    assert "LEX_GROUP_20" not in await regulated(house, draft)
    group = {"name": "共同担保与供应链关联", "basis": "economic_dependence"}
    made = await read(await draft.manager.post("/v1/groups", json=group, headers=key()), 201)
    for customer_id in (draft.customer_id, other["customer_id"]):
        await joined(draft, customer_id, made["group_id"])
    # Exactly the line is kept; the fen above it is not.
    assert "LEX_GROUP_20" not in await regulated(house, draft)
    await owe_more(draft, other["customer_id"])
    assert "2,580,000,000.01" in (await regulated(house, draft))["LEX_GROUP_20"]


async def test_all_related_parties_are_added_up_for_a_related_borrower_only(house: House) -> None:
    draft = await prepared(house)
    other = await other_customer(draft, RELATED_LINE, {"related_to_lender": known("insider")})
    await owe_more(draft, other["customer_id"])
    await read(await draft.submit(), 202)
    plain = await regulated(house, draft)
    assert not {code for code in plain if code.startswith(("RELATED_", "CBL_40"))}

    related = await prepared(house, number=1002, prefix="SN-B")
    view = await read(await related.manager.get(related.address), 200)
    consent = view["content"]["borrower"]["query_consents"][0]["document_sha256"]
    await read(
        await related.patch({"borrower": borrower(consent) | {"related_to_lender": known("shareholder")}}),
        200,
    )
    await read(await related.submit(), 202)
    found = await regulated(house, related)
    assert {"RELATED_PARTY", "RELATED_ALL_50"} <= found.keys()
    assert "7,900,000,000.01" in found["RELATED_ALL_50"]


async def test_a_unified_ceiling_is_the_umbrella_of_customer_or_group(house: House) -> None:
    draft = await prepared(house)
    await read(await draft.submit(), 202)
    worker = await house.worker()
    assert (await worker.dossier(UUID(draft.case_id), TODAY)).exposures.unified_ceiling is None
    umbrella = {
        "lender_id": "nxb",
        "reference": "U-1",
        "customer_id": draft.customer_id,
        "kind": "umbrella",
        "amount": {"amount": "39999999.99", "currency": "CNY"},
        "undrawn_factor": "0.40",
        "effective_from": "2025-01-01",
        "effective_to": "2030-12-31",
    }
    await read(await draft.manager.post("/v1/credit-lines", json=umbrella, headers=key()), 201)
    ceiling = (await worker.dossier(UUID(draft.case_id), TODAY)).exposures.unified_ceiling
    assert ceiling is not None
    assert str(ceiling.amount) == "39999999.99"
    # Under another lender's umbrella nothing stands here; after its end none does.
    group = await read(
        await draft.manager.post("/v1/groups", json={"name": "集团", "basis": "control"}, headers=key()), 201
    )
    await joined(draft, draft.customer_id, group["group_id"])
    assert (await worker.dossier(UUID(draft.case_id), TODAY)).exposures.unified_ceiling is None
