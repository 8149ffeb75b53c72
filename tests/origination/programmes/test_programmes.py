"""What counts under programmes, sums by strategic flag, the tags of a case, and the market records, over HTTP."""

from datetime import date
from decimal import Decimal
from typing import Any

import httpx

from domain.application import ApplicationContent
from domain.canonical import sha256_of
from services.kit.database import new_id, now
from services.origination.store.events import record
from services.origination.tables.cases import Application, ApplicationVersion, Contract, Offer
from services.origination.tables.facilities import Facility
from tests.origination.bench import MANAGER
from tests.origination.house import BRANCH, House, key, read

DAY = date(2026, 3, 2)


async def granted(house: House, number: int, amount: str, tags: list[dict[str, Any]], **more: Any) -> None:
    """A facility in the books, with the content its case was decided on."""
    case_id, contract_id, offer_id = new_id(), new_id(), new_id()
    line = {
        "key": "main",
        "product": "nxb_project_loan",
        "kind": more.pop("kind", "term"),
        "amount": {"amount": amount},
        "tenor_months": 60,
        "purpose": "compute_centre_construction",
        "repayment": {"method": "equal_principal"},
    }
    content = ApplicationContent.model_validate({"lender_id": "nxb", "lines": [line], "tags": tags or None})
    plain = content.model_dump(mode="json")
    facility = {
        "case_id": case_id,
        "contract_id": contract_id,
        "number": f"F-{number}",
        "product": "nxb_project_loan",
        "limit_amount": Decimal(amount),
        "effective_on": DAY,
        "availability_end": date(2027, 3, 2),
        "termination_date": date(2031, 3, 2),
        "stage": "effective",
        "branch": BRANCH,
        "borrower_uscc": "91640500MA76X1001",
        "policy_sha256": house.policy_sha256,
        "pinned_on": DAY,
    } | more
    rows = [
        Application(
            case_id=case_id,
            case_number=f"SD2026-{BRANCH}-{number:06d}",
            branch=BRANCH,
            lender_id="nxb",
            stage="effective",
            content=plain,
            content_version=1,
            content_sha256=sha256_of(content),
            policy_sha256=house.policy_sha256,
            pinned_on=DAY,
            created_by="zhang.wei",
            submitted_by="zhang.wei",
            submitted_at=now(),
        ),
        ApplicationVersion(
            case_id=case_id, content_version=1, content=plain, sha256=sha256_of(content), frozen_by="zhang.wei"
        ),
        Offer(
            id=offer_id,
            case_id=case_id,
            step="offer",
            terms={},
            terms_sha256="0" * 64,
            amount=Decimal(amount),
            valid_until=DAY,
        ),
        Contract(
            id=contract_id,
            case_id=case_id,
            step="contract",
            number=f"HT-{number}",
            offer_id=offer_id,
            data={},
            data_sha256="0" * 64,
            clauses=[],
        ),
        Facility(**facility),
    ]
    async with house.database.session() as session:
        await record(session, case_id, "test.granted", MANAGER, rows=rows)


async def standing(client: httpx.AsyncClient, programme: str, as_of: str = "2026-06-30") -> Any:
    return await read(await client.get(f"/v1/programmes/{programme}/standing", params={"as_of": as_of}), 200)


def tag(name: str, given: str) -> dict[str, Any]:
    return {"list": name, "tag": given}


async def test_a16_a_facility_counts_once_under_a_programme(house: House) -> None:
    reader = await house.manager()
    both = [tag("boc_sh_layers", "foundation"), tag("boc_sh_scenarios", "ai_finance")]
    await granted(house, 1, "30000000.00", both)
    await granted(house, 2, "20000000.00", [tag("boc_sh_scenarios", "ai_education")], kind="lease")
    await granted(house, 3, "10000000.00", [tag("boc_sh_scenarios", "ai_education")], stage="cancelled")
    await granted(house, 4, "40000000.00", [], product="zh_data_loan")
    await granted(house, 5, "50000000.00", [])
    found = await standing(reader, "boc_sh_ai")
    assert (found["total"]["amount"], found["facilities"]) == ("50000000.00", 2)
    own = {item["instrument"]: item["own"]["amount"] for item in found["instruments"]}
    assert (own["loan"], own["lease"], own["equity"]) == ("30000000.00", "20000000.00", "0.00")
    assert found["floors"][0]["status"] == "short"
    # Before the facilities began nothing had been booked.
    assert (await standing(reader, "boc_sh_ai", "2026-03-01"))["total"]["amount"] == "0.00"
    assert (await standing(reader, "zh_trio"))["total"]["amount"] == "40000000.00"


async def test_a15_reported_figures_and_own_facilities_stand_against_the_floors(house: House) -> None:
    reader = await house.manager()
    operator = await house.staff("op", "operator", branch="HO")
    await granted(house, 1, "50000000.00", [tag("boc_ai_targets", "factor_supply")])

    async def report(instrument: str, amount: str, **more: Any) -> httpx.Response:
        body = {"instrument": instrument, "amount": {"amount": amount}, "as_of": "2026-05-31", "book": "boc_group",
                "source": "集团月报", **more}  # fmt: skip
        return await operator.post("/v1/programmes/boc_ai/figures", json=body, headers=key())

    await read(await report("equity", "100000000000.00"), 201)
    await read(await report("bond", "150000000000.00"), 201)
    await read(await report("loan", "700000000000.00", as_of="2026-04-30"), 201)
    # The later figure of the same book replaces the earlier one.
    await read(await report("loan", "749950000000.00"), 201)
    found = await standing(reader, "boc_ai")
    assert found["total"]["amount"] == "1000000000000.00"
    total, part = found["floors"]
    assert (total["status"], total["code"], total["short_by"]["amount"]) == ("met", "", "0.00")
    assert (part["status"], part["code"], part["short_by"]["amount"]) == ("short", "SUB_TARGET_SHORT", "50000000000.00")
    assert (await read(await report("bond", "1.00"), 409))["code"] == "already_exists"
    late = await read(await report("bond", "1.00", as_of="2090-01-01"), 422)
    assert [item["code"] for item in late["errors"]] == ["in_the_future"]
    listed = await read(await reader.get("/v1/programmes/boc_ai/figures"), 200)
    assert listed["items"][0]["amount"]["amount"] == "749950000000.00"
    assert (await reader.post("/v1/programmes/boc_ai/figures", json={}, headers=key())).status_code == 403


async def test_b12_a_loan_with_two_flags_is_in_the_total_once(house: House) -> None:
    reader = await house.manager()
    two = [tag("strategic_flags", "technology"), tag("strategic_flags", "green")]
    await granted(house, 1, "30000000.00", two)
    await granted(house, 2, "20000000.00", [tag("strategic_flags", "technology")])
    await granted(house, 3, "10000000.00", [tag("boc_sh_scenarios", "ai_education")])
    answer = await reader.get("/v1/reports/strategic-flags", params={"as_of": "2026-06-30"})
    found = await read(answer, 200)
    sums = {item["flag"]: (item["loans"], item["amount"]["amount"]) for item in found["flags"]}
    assert sums == {
        "technology": (2, "50000000.00"),
        "green": (1, "30000000.00"),
        "inclusive": (0, "0.00"),
        "digital": (0, "0.00"),
    }
    assert (found["loans"], found["amount"]["amount"]) == (2, "50000000.00")


async def test_b6_b8_the_tags_of_a_draft_are_shown_and_its_faults_told(house: House) -> None:
    manager = await house.manager()
    tags = [
        tag("regions", "qinghai_2030"),
        tag("policy_documents", "mosu_shencheng"),
        tag("boc_sh_scenarios", "ai_energy"),
    ]
    draft = await read(
        await manager.post("/v1/applications", json={"lender_id": "nxb", "tags": tags}, headers=key()), 201
    )
    address = f"/v1/applications/{draft['application_id']}"
    shown = await read(await manager.get(f"{address}/tags"), 200)
    assert [(item["tag"], item["route_to"]) for item in shown] == [
        ("qinghai_2030", "green_finance_desk"),
        ("mosu_shencheng", None),
    ]
    verdict = await read(
        await manager.post(f"{address}/submit", params={"dry_run": "true"}, headers={**key(), "If-Match": '"1"'}), 200
    )
    told = {(item["pointer"], item["code"]) for item in verdict["missing"] if item["pointer"].startswith("/tags")}
    assert told == {("/tags/1/document_number", "document_number_missing"), ("/tags/2/tag", "unknown_tag")}
    refused = await manager.post(f"{address}/submit", headers={**key(), "If-Match": '"1"'})
    problem = await read(refused, 422)
    assert told <= {(item["pointer"], item["code"]) for item in problem["errors"]}


async def test_programmes_and_records_are_served_as_the_book_has_them(house: House) -> None:
    reader = await house.manager()
    found = await read(await reader.get("/v1/programmes", params={"as_of": "2026-03-02"}), 200)
    assert found["policy_sha256"] == house.policy_sha256
    initiatives = {item["id"] for item in found["initiatives"]}
    assert {"boc_ai", "boc_sh_ai", "icbc_sh_ai", "icbc_commons", "abc_sh_123", "shrcb_six", "zh_trio"} <= initiatives
    assert "zh_voucher" in {item["id"] for item in found["support"]}
    records = await read(await reader.get("/v1/market-records", params={"as_of": "2026-03-02"}), 200)
    by_id = {item["id"]: item for item in records["deals"]}
    assert by_id["sdrcb_first"]["amount"] is None
    assert (by_id["icbc_tongfu"]["amount"]["at_least"], by_id["icbc_tongfu"]["amount"]["below"]) == (
        "10000000",
        "100000000",
    )
    sums = {item["stands_for"]: item for item in records["deals_disclosed"]}
    assert set(sums["loan"]["left_out"]) == {"sdrcb_first", "icbc_tongfu", "icbc_buyback"}
    assert sums["loan"]["disclosed"] == "668600000"
    figures = {item["id"]: item for item in records["figures"]}
    assert figures["risk_scale_recognition"]["basis"] == "definition_undisclosed"
