"""Eligibility: any draft gets an answer of every product of its lender, with every reason, and never an error."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.application import ApplicationContent
from domain.money import yuan
from services.origination.calc.completeness import missing
from services.origination.calc.eligibility import committed_by_family, eligibility
from tests.golden.drafts import TODAY, codes, draft, held_against
from tests.shipped import shipped_book

EXAMPLES = Path(__file__).parents[3] / "examples"
LENDERS = sorted({name for product in shipped_book().products(TODAY) for name in product.lenders})


def test_a_draft_that_says_nothing_is_referred_by_every_product_of_its_lender() -> None:
    found = eligibility(ApplicationContent(lender_id="jsb"), shipped_book(), TODAY)
    assert [item.product_id for item in found] == ["jsb_fa", "jsb_order", "jsb_wc"]
    assert {item.verdict for item in found} == {"refer"}
    assert all({"LINE_NOT_GIVEN", "FACT_ABSENT"} <= codes(item) for item in found)
    assert {(item.amount, item.tenor_months, item.board) for item in found} == {(None, None, None)}


def test_a_lender_without_products_has_none() -> None:
    assert eligibility(ApplicationContent(lender_id="nobody"), shipped_book(), TODAY) == ()


def test_every_reason_is_given_at_once() -> None:
    asked = draft(
        "sdrcb_upgrade", "sdrcb", kind="revolving", purpose="salary", amount=30_000_000, months=72, method="bullet",
        size="large", segment="real_estate", mix={"credit": 1_000_000},
    )  # fmt: skip
    assert codes(held_against(shipped_book(), asked, "sdrcb_upgrade")) == {
        "NOT_SME",
        "SEGMENT_NOT_ELIGIBLE",
        "LINE_KIND_MISMATCH",
        "PURPOSE_MISMATCH",
        "CAP_PRODUCT",
        "CAP_FAMILY",
        "CAP_TENOR_60",
        "METHOD_NOT_OFFERED",
        "GUARANTEE_MIX_SUM",
    }


def test_reasons_say_where_in_both_languages_and_steps_show_what_was_asked() -> None:
    asked = draft("jsb_wc", "jsb", amount=160_000_000)
    found = held_against(shipped_book(), asked, "jsb_wc")
    (reason,) = found.reasons
    assert (reason.subject, reason.message_zh, reason.message_en) == (
        "/lines/0/amount",
        "产品上限 150,000,000.00 CNY",
        "the product's ceiling is 150,000,000.00 CNY",
    )
    assert {step.step for step in found.trace} == {"admission/jsb_wc/SEGMENT_NOT_ELIGIBLE", "product/CAP_PRODUCT"}


@pytest.mark.parametrize("example", ["bocom-qinghai", "jsb-order", "nxb-xiyun", "sdrcb-operate", "shrcb-adas"])
def test_the_product_an_example_applies_for_is_one_it_could_have(example: str) -> None:
    body = json.loads((EXAMPLES / example / "application.json").read_text("utf-8"))
    content = ApplicationContent.model_validate(body)
    assert held_against(shipped_book(), content, content.lines[0].product).verdict == "eligible"


def test_what_is_held_under_products_is_held_under_their_families() -> None:
    held = {"sdrcb_operate": yuan(5), "sdrcb_upgrade": yuan(7), "nxb_project_loan": yuan(9), "gone": yuan(11)}
    assert committed_by_family(shipped_book(), TODAY, held) == {"sdrcb_compute": yuan(12)}
    # Before the family there was none to hold anything under.
    assert committed_by_family(shipped_book(), date(2026, 11, 19), {"sdrcb_operate": yuan(5)}) == {}


@pytest.mark.parametrize(
    ("asked", "pointer", "code"),
    [
        (draft("bosh_smart_manufacturing", "bosh"), "/lines/0/direction", "value_required"),
        (
            draft("sensetime_prop", "to_be_named", kind="term", purpose="compute_equipment_purchase", months=59),
            "/lines/0/tenor_months",
            "TENOR_BELOW_MINIMUM",
        ),
        (draft("sensetime_prop", "to_be_named", months=60), "/lines/0/product", "PRODUCT_NOT_LIVE"),
        (draft("qh_keji_credit", "qinghai_lenders"), "/lines/0/product", "PROGRAMME_NOT_BOOKABLE"),
        (draft("citic_lease", "citic_leasing"), "/lines/0/product", "BOOKED_ELSEWHERE"),
        (
            draft("bob_apg", "bob", mix={"credit": 1_000_000, "mortgage": 9_000_000}),
            "/security/1/method",
            "GUARANTEE_METHOD_NOT_OFFERED",
        ),
    ],
)
def test_what_a_product_never_does_is_refused_at_submission(asked: ApplicationContent, pointer: str, code: str) -> None:
    found = {(item.pointer, item.code) for item in missing(asked, shipped_book(), (), TODAY)}
    assert (pointer, code) in found


@settings(max_examples=60, deadline=None)
@given(
    lender=st.sampled_from(LENDERS),
    kind=st.sampled_from(["term", "revolving", "guarantee", "lease", "order"]),
    purpose=st.from_regex(r"[a-z][a-z_]{0,20}", fullmatch=True),
    amount=st.integers(1, 10**12),
    months=st.integers(1, 600),
    segment=st.sampled_from(["ai_chip", "real_estate", "steel", None]),
    mix=st.dictionaries(st.sampled_from(["credit", "guarantee", "mortgage", "pledge"]), st.integers(1, 10**10)),
)
def test_no_draft_is_an_error_and_no_ceiling_lifts(
    lender: str, kind: str, purpose: str, amount: int, months: int, segment: str | None, mix: dict[str, int]
) -> None:
    content = draft("any", lender, kind=kind, purpose=purpose, amount=amount, months=months, segment=segment, mix=mix)
    for item in eligibility(content, shipped_book(), TODAY):
        assert item.amount is not None
        assert item.tenor_months is not None
        assert item.amount <= yuan(amount)
        assert item.tenor_months <= months
        against = {reason.code for reason in item.reasons if not reason.code.startswith("CAP_")}
        assert (item.verdict == "eligible") == (not against)
