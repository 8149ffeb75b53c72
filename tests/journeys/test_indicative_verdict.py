"""The verdict before submission on a running bank: what a draft might come to, with whatever it does not say yet named."""

from pathlib import Path
from typing import Any

import pytest

from suandai.walkthrough.files import CASTS, another_case
from suandai.walkthrough.play import CasePlay
from tests.fixtures.stack import BankStack
from tests.journeys import headline
from tests.journeys.conftest import ORDER

SECTIONS = (
    "parties",
    "borrower",
    "accounts",
    "technology",
    "project",
    "sources",
    "uses",
    "assets",
    "economics",
    "contracts",
    "payees",
    "security",
    "guarantees",
    "price",
    "lines",
    "customer_id",
)


async def _drafted(bank_stack: BankStack, example: str, **change: Any) -> CasePlay:
    play = CasePlay(bank_stack.bank, another_case(example), CASTS[example])
    await play.draft(await play.enter_customer(), **change)
    return play


async def _partial(play: CasePlay, content: dict[str, Any], *left_out: str) -> dict[str, Any]:
    """The verdict on a draft that leaves sections out."""
    body = {name: value for name, value in content.items() if name not in left_out}
    play.application = await play.rm.post("/v1/applications", body)
    return await play.verdict()


def _codes(reasons: list[dict[str, Any]]) -> set[str]:
    return {reason["code"] for reason in reasons}


async def test_the_project_that_looks_like_80_per_cent_is_seen_through_before_submission(
    bank_stack: BankStack, tmp_path: Path
) -> None:
    play = CasePlay(bank_stack.bank, headline.case_files(tmp_path / "headline", "HDLN2"), headline.CAST)
    await play.draft(await play.enter_customer())
    verdict = await play.verdict()
    limit = verdict["limit"]["value"]
    assert (limit["limit"]["amount"], limit["binding"]) == ("136540000.00", "collateral")
    assert [cap["name"] for cap in limit["caps"]] == ["product", "need", "capacity", "collateral", "regulatory"]
    # Class C owes nothing without security: 264,000,000.00 less 136,546,500.77.
    assert verdict["limit"]["guarantee_lacking"]["amount"] == "127453499.23"
    assert verdict["limit"]["card_class"] == "C"
    assert {"USES_GAP", "PROJECT_CAPITAL_SHORT", "CAP_COLLATERAL", "SECURED_ONLY"} <= _codes(
        verdict["limit"]["reasons"]
    )
    assert {item["code"] for item in verdict["security"]} >= {"CP_FLOATING_MORTGAGE", "CS_REGISTRATION"}
    assert all(item["filed"] for item in verdict["documents"] if item["required"] and item["stage"] == "intake")
    assert verdict["lacking"] == []


async def test_what_is_said_before_is_what_is_concluded_after(bank_stack: BankStack) -> None:
    """Same books, same day, same formulas: the assessment of the submitted case comes to the limit of the verdict."""
    play = await _drafted(bank_stack, ORDER)
    told = (await play.verdict())["limit"]
    await play.submit()
    await play.carry_to("review")
    assessment = await play.rm.get(f"/v1/applications/{play.case_id}/assessment")
    concluded = next(item for item in assessment["items"] if item["finding"]["kind"] == "limit")
    assert told["value"] == concluded["value"]
    assert told["outcome"] == concluded["finding"]["outcome"]
    assert (told["grade"], told["card_class"]) == (assessment["rating"]["grade"], assessment["rating"]["card_class"])


async def test_every_product_of_the_lender_is_held_against_the_draft(bank_stack: BankStack) -> None:
    play = await _drafted(bank_stack, ORDER)
    products = {item["product_id"]: item for item in (await play.verdict())["products"]}
    offered = await play.rm.get("/v1/products", lender_id="jsb")
    assert set(products) == {item["product_id"] for item in offered}
    assert products["jsb_order"]["verdict"] == "eligible"
    assert products["jsb_fa"]["verdict"] == "not_eligible"
    assert {"LINE_KIND_MISMATCH", "PURPOSE_MISMATCH"} <= _codes(products["jsb_fa"]["reasons"])


async def test_a_verdict_writes_nothing(bank_stack: BankStack, tmp_path: Path) -> None:
    play = CasePlay(bank_stack.bank, headline.case_files(tmp_path / "headline", "HDLN3"), headline.CAST)
    await play.draft(await play.enter_customer())
    before = await _everything_of(bank_stack, play)
    await play.verdict()
    assert await _everything_of(bank_stack, play) == before


async def _everything_of(bank_stack: BankStack, play: CasePlay) -> tuple[Any, ...]:
    """The case as its page, its story, its events and the register of collateral have it."""
    auditor = bank_stack.bank.person("auditor.ho")
    return (
        await play.rm.get(f"/v1/applications/{play.case_id}"),
        await play.rm.get(f"/v1/applications/{play.case_id}/timeline", limit=1000, detail="all"),
        await play.rm.get(f"/v1/applications/{play.case_id}/assessment"),
        (await auditor.get(f"/v1/audit/cases/{play.case_id}/verify"))["events"],
    )


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("example", ["nxb-xiyun", ORDER])
async def test_a_draft_without_a_section_has_a_verdict_all_the_same(
    bank_stack: BankStack, example: str, section: str
) -> None:
    play = CasePlay(bank_stack.bank, another_case(example), CASTS[example])
    content = {**play.files.json("application.json"), "customer_id": (await play.enter_customer())["customer_id"]}
    verdict = await _partial(play, content, section)
    assert verdict["complete"] is False
    assert verdict["missing"]
    if section in ("lines", "customer_id"):
        assert verdict["limit"] is None
        assert verdict["lacking"], "what keeps the limit from being asked for is named"
    else:
        asked = verdict["limit"]
        caps = asked["value"]["caps"] if asked["value"] else []
        assert all(cap["amount"] is not None or cap["missing"] or cap["code"] == "NO_CEILING" for cap in caps)
        assert caps or asked["reasons"], "a limit that could not be asked for says why"
        assert verdict["lacking"] == list(dict.fromkeys(name for cap in caps for name in cap["missing"]))


async def test_an_empty_draft_names_what_keeps_it_from_a_limit(bank_stack: BankStack) -> None:
    play = CasePlay(bank_stack.bank, another_case(ORDER), CASTS[ORDER])
    verdict = await _partial(play, {"lender_id": "jsb"})
    assert (verdict["complete"], verdict["admission"], verdict["limit"]) == (False, "not_run", None)
    assert verdict["lacking"] == ["customer_id", "lines/0/product"]
    assert {item["verdict"] for item in verdict["products"]} <= {"refer", "not_eligible"}
    assert all(item["reasons"] for item in verdict["products"])
