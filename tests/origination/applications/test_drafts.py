"""Drafts: any subset goes in, nothing misshapen does, and only their own people see them."""

from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import select

from services.origination.tables.events import AccessRefusal
from tests.origination.house import House, key, read
from tests.origination.sample import BORROWER, CUSTOMER_FILE, content, uscc

APPLICATIONS = "/v1/applications"


async def test_a_draft_may_say_almost_nothing(house: House) -> None:
    manager = await house.manager()
    answer = await manager.post(APPLICATIONS, json={"lender_id": "nxb"}, headers=key())
    made = await read(answer, 201)
    assert (made["stage"], made["product"], made["amount"], made["borrower_uscc"]) == ("draft", None, None, None)
    assert answer.headers["location"] == f"{APPLICATIONS}/{made['application_id']}"
    assert made["case_number"].split("-")[0].startswith("SD")


async def test_a_section_that_is_given_replaces_and_null_removes(house: House) -> None:
    manager = await house.manager()
    draft = {"lender_id": "nxb", "remark": "first", "technology": {"staff": {"value": 12}}}
    made = await read(await manager.post(APPLICATIONS, json=draft, headers=key()), 201)
    address = f"{APPLICATIONS}/{made['application_id']}"
    patch: dict[str, Any] = {"technology": {"patents": 1}}
    problem = await read(await manager.patch(address, json=patch, headers={"If-Match": '"1"'}), 422)
    assert problem["errors"][0]["pointer"] == "/technology/patents"
    patch = {"technology": {"invention_patents": {"state": "undisclosed"}}, "remark": None}
    answer = await manager.patch(
        address, json=patch, headers={"If-Match": '"1"', "Content-Type": "application/merge-patch+json"}
    )
    changed = await read(answer, 200)
    assert changed["content"]["remark"] is None
    assert changed["content"]["technology"]["staff"] is None
    assert changed["content"]["technology"]["invention_patents"]["state"] == "undisclosed"
    assert (changed["version"], answer.headers["etag"]) == (2, '"2"')
    await read(await manager.patch(address, json={"remark": "x"}), 428)
    await read(await manager.patch(address, json={"remark": "x"}, headers={"If-Match": '"1"'}), 412)
    await read(await manager.patch(address, json={"lender_id": None}, headers={"If-Match": '"2"'}), 422)


async def test_every_name_that_policy_does_not_know_is_refused_in_one_answer(house: House) -> None:
    manager = await house.manager()
    line = content(str(uuid4()), "0" * 64)["lines"][0]
    sections: dict[str, Any] = {
        "lines": [line | {"product": "perpetual_loan", "purpose": "share_dealing"}],
        "borrower": {"chain_segment": {"value": "steel"}},
        "documents": [{"kind": "horoscope", "sha256": "0" * 64, "name": "horoscope.pdf"}],
    }
    body = {"lender_id": "nobody", **sections}
    problem = await read(await manager.post(APPLICATIONS, json=body, headers=key()), 422)
    assert problem["code"] == "invalid_request"
    assert {(fault["pointer"], fault["code"]) for fault in problem["errors"]} == {
        ("/lender_id", "unknown_lender"),
        ("/lines/0/product", "unknown_product"),
        ("/lines/0/purpose", "unknown_purpose"),
        ("/borrower/chain_segment", "unknown_segment"),
        ("/documents/0/kind", "unknown_document_kind"),
    }
    made = await read(await manager.post(APPLICATIONS, json={"lender_id": "nxb", "lines": [line]}, headers=key()), 201)
    address = f"{APPLICATIONS}/{made['application_id']}"
    problem = await read(await manager.patch(address, json=sections, headers={"If-Match": '"1"'}), 422)
    assert [fault["code"] for fault in problem["errors"]] == [
        "unknown_product",
        "unknown_purpose",
        "unknown_segment",
        "unknown_document_kind",
    ]
    # Who sends an old version hears of that first: what he wrote is about another draft.
    await read(await manager.patch(address, json=sections, headers={"If-Match": '"7"'}), 412)


async def test_a_lender_or_customer_the_books_do_not_know_is_refused_at_the_draft(house: House) -> None:
    manager = await house.manager()
    unknown = {"lender_id": "nobody", "customer_id": str(uuid4())}
    problem = await read(await manager.post(APPLICATIONS, json=unknown, headers=key()), 422)
    assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [
        ("/lender_id", "unknown_lender"),
        ("/customer_id", "unknown_customer"),
    ]
    made = await read(await manager.post(APPLICATIONS, json={"lender_id": "nxb"}, headers=key()), 201)
    address = f"{APPLICATIONS}/{made['application_id']}"
    changed = await manager.patch(address, json={"lender_id": "nobody"}, headers={"If-Match": '"1"'})
    problem = await read(changed, 422)
    assert (problem["errors"][0]["code"], problem["detail"]) == ("unknown_lender", "1 fault, listed in errors.")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"lender_id": "nxb"', 400, "malformed_json"),
        (b'{"lender_id": NaN}', 400, "malformed_json"),
        (b'{"lender_id": "nxb", "lender_id": "jsb"}', 400, "malformed_json"),
        (b'\xff{"lender_id": "nxb"}', 400, "malformed_json"),
        (b"[" * 60 + b"]" * 60, 400, "malformed_json"),
        (b'{"lender_id": "nxb", "surprise": 1}', 422, "invalid_request"),
        (b'{"lender_id": ["nxb"]}', 422, "invalid_request"),
        (b'{"lender_id": "nxb", "remark": "\\u0000"}', 422, "invalid_request"),
        (b'{"lender_id": "nxb", "remark": "' + b"x" * 1_000_001 + b'"}', 413, "body_too_large"),
    ],
)
async def test_misshapen_input_is_refused_and_never_a_failure(
    house: House, body: bytes, status: int, code: str
) -> None:
    manager = await house.manager()
    answer = await manager.post(APPLICATIONS, content=body, headers={**key(), "Content-Type": "application/json"})
    assert (await read(answer, status))["code"] == code


async def test_every_fault_of_a_body_is_named_with_its_place(house: House) -> None:
    manager = await house.manager()
    body: dict[str, Any] = content("0199aaaa-0000-7000-8000-000000000000", "0" * 64)
    body["parties"][0]["uscc"] = BORROWER[:-1] + ("0" if BORROWER[-1] != "0" else "1")
    body["lines"][0]["amount"] = {"amount": 4e7, "currency": "CNY"}
    body["technology"]["utilisation"] = {"state": "maybe"}
    body["accounts"][0]["cash"] = {"value": {"amount": "1.005", "currency": "CNY"}}
    problem = await read(
        await manager.post(APPLICATIONS, json=body, headers={**key(), "Accept-Language": "zh-CN"}), 422
    )
    found = {item["pointer"]: item["code"] for item in problem["errors"]}
    assert found["/parties/0/uscc"] == "uscc_check_digit"
    assert found["/lines/0/amount/amount"] == "decimal_text"
    assert found["/accounts/0/cash/value/amount"] == "decimal_scale"
    assert found["/technology/utilisation/state"] == "not_in_list"
    assert problem["title"] == "输入有误"


async def test_a_customer_must_be_known_and_be_the_borrower(house: House) -> None:
    manager = await house.manager()
    body = content("0199aaaa-0000-7000-8000-000000000000", "0" * 64)
    problem = await read(await manager.post(APPLICATIONS, json=body, headers=key()), 422)
    assert problem["errors"][0]["code"] == "unknown_customer"
    other = {"uscc": uscc(1999), "name": "别家公司", "file": CUSTOMER_FILE}
    customer = await read(await manager.post("/v1/customers", json=other, headers=key()), 201)
    problem = await read(
        await manager.post(APPLICATIONS, json={**body, "customer_id": customer["customer_id"]}, headers=key()), 422
    )
    assert problem["errors"][0]["code"] == "customer_mismatch"


async def test_a_draft_is_seen_by_its_branch_head_office_and_borrower(house: House) -> None:
    manager = await house.manager()
    draft = {"lender_id": "nxb", "parties": [{"key": "b", "role": "borrower", "name": "公司", "uscc": uscc(1001)}]}
    made = await read(await manager.post(APPLICATIONS, json=draft, headers=key()), 201)
    address = f"{APPLICATIONS}/{made['application_id']}"
    seers = [
        await house.staff("sun.li", "reviewer"),
        await house.staff("head.office", "auditor", branch="HO"),
        await house.borrower("owner@one", uscc(1001)),
    ]
    for seer in seers:
        assert (await read(await seer.get(address), 200))["case_number"] == made["case_number"]
        assert len((await read(await seer.get(APPLICATIONS), 200))["items"]) == 1
    strangers = [
        await house.staff("li.na", "relationship_manager", branch="320100"),
        await house.borrower("owner@two", uscc(1002)),
    ]
    for stranger in strangers:
        await read(await stranger.get(address), 404)
        assert (await read(await stranger.get(APPLICATIONS), 200))["items"] == []
    async with house.database.session() as session:
        refusals = (await session.exec(select(AccessRefusal).where(AccessRefusal.code == "not_found"))).all()
    assert {refusal.subject for refusal in refusals} == {"li.na", "owner@two"}
    assert {refusal.rule for refusal in refusals} == {"scope"}


async def test_a_borrower_without_a_code_sees_no_draft_without_a_borrower(house: House) -> None:
    manager = await house.manager()
    await read(await manager.post(APPLICATIONS, json={"lender_id": "nxb"}, headers=key()), 201)
    nobody = await house.borrower("owner@none", "")
    assert (await read(await nobody.get(APPLICATIONS), 200))["items"] == []


async def test_lists_are_filtered(house: House) -> None:
    manager = await house.manager()
    for _ in range(3):
        await read(await manager.post(APPLICATIONS, json={"lender_id": "nxb"}, headers=key()), 201)
    assert len((await read(await manager.get(APPLICATIONS, params={"stage": "draft"}), 200))["items"]) == 3
    assert (await read(await manager.get(APPLICATIONS, params={"stage": "approval"}), 200))["items"] == []
    await read(await manager.get(APPLICATIONS, params={"stage": "nonsense"}), 422)
    await read(await manager.get(APPLICATIONS, params={"cursor": "!!"}), 422)
    colleague = await house.staff("sun.li", "relationship_manager")
    assert (await read(await colleague.get(APPLICATIONS, params={"mine": "true"}), 200))["items"] == []
