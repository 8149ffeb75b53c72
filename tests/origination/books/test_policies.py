"""Policy is published by two persons and read by hash; reference data is added to and looked up as of a day."""

import json
from copy import deepcopy
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from domain.canonical import sha256_of
from services.kit.http import RemoteProblem
from services.origination.store.policies import sha256_in_force
from tests.origination.house import House, book, key, read

CUT_OFF = "18:00"


def next_book() -> dict[str, Any]:
    """The shipped book with a later version of one file."""
    data = deepcopy(book().canonical())
    first = next(item for item in data["files"] if item["kind"] == "business_day")
    later = {**first, "version": "2", "effective_from": "2027-01-01", "cut_off": CUT_OFF}
    index = data["files"].index(first)
    data["files"].insert(index + 1, later)
    return data


async def proposed(maker: httpx.AsyncClient, data: dict[str, Any]) -> Any:
    body = {"bundle": data, "in_force_from": "2026-01-01", "comment": "cut-off at six"}
    return await read(await maker.post("/v1/policies", json=body, headers=key()), 201)


async def test_a_bundle_is_proposed_by_one_and_approved_by_another(house: House) -> None:
    maker = await house.staff("policy.a", "policy_admin", branch="HO")
    checker = await house.staff("policy.b", "policy_admin", branch="HO")
    made = await proposed(maker, next_book())
    assert (made["checker"], made["maker"]) == (None, "policy.a")
    # Until another person has approved it, the bundle before stands.
    products = await read(await maker.get("/v1/products"), 200)
    assert {item["policy_sha256"] for item in products} == {house.policy_sha256}
    approve = f"/v1/policies/{made['sha256']}/approve"
    own = await read(await maker.post(approve, json={}, headers=key()), 403)
    assert own["code"] == "same_person"
    approved = await read(await checker.post(approve, json={}, headers=key()), 200)
    assert approved["checker"] == "policy.b"
    products = await read(await maker.get("/v1/products"), 200)
    assert {item["policy_sha256"] for item in products} == {made["sha256"]}
    assert (await read(await maker.post(approve, json={}, headers=key()), 409))["code"] == "already_approved"
    listed = await read(await maker.get("/v1/policies"), 200)
    assert [item["sha256"] for item in listed["items"]] == [made["sha256"], house.policy_sha256]


async def test_a_bundle_is_read_as_the_bytes_of_its_hash(house: House) -> None:
    reader = await house.manager()
    answer = await reader.get(f"/v1/policies/{house.policy_sha256}")
    assert sha256_of(answer.content) == house.policy_sha256
    assert json.loads(answer.content) == book().canonical()
    await read(await reader.get(f"/v1/policies/{'0' * 64}"), 404)
    worker = await house.worker()
    assert await worker.policy(house.policy_sha256) == book().canonical()


async def test_what_is_wrong_with_a_bundle_is_reported_at_once(house: House) -> None:
    maker = await house.staff("policy.a", "policy_admin", branch="HO")
    data = deepcopy(book().canonical())
    products = [item for item in data["files"] if item["kind"] == "product"]
    products[0]["tenor_cap_months"] = "never"
    products[1]["scorecard"] = "card_of_nobody"
    body = {"bundle": data, "in_force_from": "2026-01-01"}
    problem = await read(await maker.post("/v1/policies", json=body, headers=key()), 422)
    assert problem["code"] == "policy_refused"
    assert len(problem["errors"]) >= 2


async def test_a_published_version_is_not_rewritten(house: House) -> None:
    maker = await house.staff("policy.a", "policy_admin", branch="HO")
    data = deepcopy(book().canonical())
    next(item for item in data["files"] if item["kind"] == "business_day")["cut_off"] = CUT_OFF
    body = {"bundle": data, "in_force_from": "2026-01-01"}
    problem = await read(await maker.post("/v1/policies", json=body, headers=key()), 422)
    assert {item["code"] for item in problem["errors"]} == {"policy_unpublishable"}


async def test_only_policy_administrators_publish(house: House) -> None:
    manager = await house.manager()
    body = {"bundle": book().canonical(), "in_force_from": "2026-01-01"}
    await read(await manager.post("/v1/policies", json=body, headers=key()), 403)


def other_next_book() -> dict[str, Any]:
    """The same later version with another content."""
    data = next_book()
    next(item for item in data["files"] if item["kind"] == "business_day" and item["version"] == "2")["cut_off"] = (
        "19:00"
    )
    return data


async def test_of_two_bundles_proposed_side_by_side_the_second_must_follow_the_first(house: House) -> None:
    maker = await house.staff("policy.a", "policy_admin", branch="HO")
    checker = await house.staff("policy.b", "policy_admin", branch="HO")
    first, second = await proposed(maker, next_book()), await proposed(maker, other_next_book())
    await read(await checker.post(f"/v1/policies/{first['sha256']}/approve", json={}, headers=key()), 200)
    answer = await checker.post(f"/v1/policies/{second['sha256']}/approve", json={}, headers=key())
    problem = await read(answer, 422)
    assert [item["message"] for item in problem["errors"]] == [
        "business_day business_day 2 was published and has changed: a correction is a new version"
    ]
    listed = await read(await maker.get("/v1/policies"), 200)
    assert [(item["sha256"], item["checker"]) for item in listed["items"]][:1] == [(second["sha256"], None)]


async def test_an_urgent_bundle_is_not_taken_back_by_one_that_was_approved_before_it_for_a_later_day(
    house: House,
) -> None:
    maker = await house.staff("policy.a", "policy_admin", branch="HO")
    checker = await house.staff("policy.b", "policy_admin", branch="HO")
    urgent = next_book()
    last = next(item for item in urgent["files"] if item["kind"] == "business_day" and item["version"] == "2")
    third = {**last, "version": "3", "effective_from": "2027-01-15", "cut_off": "17:00"}
    urgent["files"].insert(urgent["files"].index(last) + 1, third)
    made = []
    for data, day in ((next_book(), "2027-01-01"), (urgent, "2026-12-01")):
        body = {"bundle": data, "in_force_from": day, "comment": "in turn"}
        made.append((await read(await maker.post("/v1/policies", json=body, headers=key()), 201))["sha256"])
        await read(await checker.post(f"/v1/policies/{made[-1]}/approve", json={}, headers=key()), 200)
    async with house.database.reading() as session:
        standing = [
            await sha256_in_force(session, day)
            for day in (date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 1), date(2027, 2, 1))
        ]
    assert standing == [house.policy_sha256, *[made[1]] * 4]


async def test_a_checker_reads_what_changes_before_approving(house: House) -> None:
    maker = await house.staff("policy.a", "policy_admin", branch="HO")
    checker = await house.staff("policy.b", "policy_admin", branch="HO")
    made = await proposed(maker, next_book())
    changes = await read(await checker.get(made["changes"]), 200)
    assert (changes["sha256_before"], changes["sha256_after"]) == (house.policy_sha256, made["sha256"])
    assert [(item["what"], item["kind"], item["version"], item["effective_from"]) for item in changes["changes"]] == [
        ("version", "business_day", "2", "2027-01-01")
    ]
    assert changes["changes"][0]["cells"] == [{"where": "cut_off", "before": "17:00", "after": CUT_OFF}]
    back = {"from": made["sha256"], "to": house.policy_sha256}
    changes = await read(await checker.get("/v1/policies/diff", params=back), 200)
    assert [(item["what"], item["effective_from"]) for item in changes["changes"]] == [("gone", None)]
    await read(await checker.get("/v1/policies/diff", params={"to": "0" * 64}), 404)
    assert (await read(await checker.get("/v1/policies/diff", params={"to": "x"}), 422))["errors"]


async def test_one_policy_of_a_bundle_is_read_as_its_author_wrote_it(house: House) -> None:
    reader = await house.manager()
    files = f"/v1/policies/{house.policy_sha256}/files"
    first = await read(await reader.get(f"{files}/product/jsb_fa", params={"at": "2026-10-31"}), 200)
    assert (first["version"], first["loan_to_cost"], first["title_zh"]) == ("1", "0.80", "江苏银行 算力贷 固定资产贷款")
    second = await read(await reader.get(f"{files}/product/jsb_fa", params={"at": "2026-11-01"}), 200)
    assert second["version"] == "2"
    assert await read(await reader.get(f"{files}/product/jsb_fa", params={"version": "1"}), 200) == first
    for kind, name, params in (
        ("product", "nobody", {}),
        ("regulation", "jsb_fa", {}),
        ("product", "jsb_fa", {"version": "77"}),
        ("product", "jsb_fa", {"at": "1999-01-01"}),
    ):
        await read(await reader.get(f"{files}/{kind}/{name}", params=params), 404)


async def test_a_vintage_stands_from_its_day_until_the_next(house: House) -> None:
    worker = await house.worker()
    assert (await worker.reference("lpr", date(2024, 10, 20))).body["one_year"] == "0.03350000"
    assert (await worker.reference("lpr", date(2024, 10, 21))).body["one_year"] == "0.03100000"
    with pytest.raises(RemoteProblem) as refused:
        await worker.reference("lpr", date(2019, 1, 1))
    assert refused.value.code == "no_reference_data"


async def test_reference_data_is_only_added_to(house: House) -> None:
    operator = await house.staff("ops", "operator", branch="HO")
    vintage = {
        "id": "lpr",
        "vintage": "2027-01-20",
        "effective_from": "2027-01-20",
        "source": "全国银行间同业拆借中心 2027-01-20",
        "body": {"one_year": "0.0290", "five_year": "0.0340", "published": "2027-01-20"},
    }
    first = await read(await operator.post("/v1/reference-data", json=vintage, headers=key()), 201)
    again = await read(await operator.post("/v1/reference-data", json=vintage, headers=key()), 201)
    assert again == first
    other = {**vintage, "body": {**vintage["body"], "one_year": "0.0280"}}
    assert (await read(await operator.post("/v1/reference-data", json=other, headers=key()), 409))[
        "code"
    ] == "vintage_exists"
    for statement in ("UPDATE origination.reference_data SET source = 'x'", "DELETE FROM origination.policy_bundle"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with house.database.session() as session:
                await (await session.connection()).execute(text(statement))


async def test_a_vintage_is_checked_against_its_series(house: House) -> None:
    operator = await house.staff("ops", "operator", branch="HO")
    wrong = {
        "id": "lpr",
        "vintage": "v",
        "effective_from": "2027-01-20",
        "source": "x",
        "body": {"one_year": 0.029, "published": "never", "more": 1},
    }
    problem = await read(await operator.post("/v1/reference-data", json=wrong, headers=key()), 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [
        ("/body/one_year", "decimal_text"),
        ("/body/five_year", "missing"),
        ("/body/published", "wrong_format"),
        ("/body/more", "unknown_field"),
    ]
    unknown = {**wrong, "id": "weather"}
    problem = await read(await operator.post("/v1/reference-data", json=unknown, headers=key()), 422)
    assert problem["errors"][0]["code"] == "unknown_series"
