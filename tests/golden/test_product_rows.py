"""Rows A1-A4, A8, A9, A11, A12, A14, A20-A22, A25, A26, A28, A30-A35 of the domain paper: what each product says of a draft."""

from datetime import date
from decimal import Decimal

import pytest

from domain.money import yuan
from domain.products import EligibilityVerdict
from policy.engine import Bundle, ProductStatus
from tests.golden.drafts import TODAY, codes, draft, held_against

PROJECT = {
    "kind": "term",
    "purpose": "compute_centre_construction",
    "method": "equal_principal",
    "segment": "data_centre",
}

# --- A1 to A4: 江苏银行 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("segment", "verdict", "code"),
    [
        ("real_estate", "not_eligible", "SEGMENT_NOT_ELIGIBLE"),
        ("other", "not_eligible", "SEGMENT_NOT_ELIGIBLE"),
        ("ai_chip", "eligible", None),
        (None, "refer", "FACT_ABSENT"),
    ],
)
def test_a1_only_the_chain_is_eligible(
    bundle: Bundle, segment: str | None, verdict: EligibilityVerdict, code: str | None
) -> None:
    for product, terms in (
        ("jsb_wc", {}),
        ("jsb_fa", {**PROJECT}),
        ("jsb_order", {"kind": "order", "purpose": "order_financing", "contracts": [contract("tier_1")]}),
    ):
        found = held_against(bundle, draft(product, "jsb", **{**terms, "segment": segment}), product)
        assert found.verdict == verdict
        assert codes(found) == ({code} if code else set())


def test_a1_three_products_under_one_name(bundle: Bundle) -> None:
    members = {product.id for product in bundle.products(TODAY) if product.family == "jsb_compute"}
    assert members == {"jsb_wc", "jsb_fa", "jsb_order"}


@pytest.mark.parametrize(
    ("segment", "board"),
    [
        ("ai_chip", "infrastructure"),
        ("compute_server", "infrastructure"),
        ("cloud_platform", "infrastructure"),
        ("compute_operator", "infrastructure"),
        ("data_centre", "infrastructure"),
        ("supporting_equipment", "infrastructure"),
        ("model_developer", "enablement"),
        ("vertical_application", "enablement"),
    ],
)
def test_a1_every_segment_belongs_to_a_board(bundle: Bundle, segment: str, board: str) -> None:
    assert held_against(bundle, draft("jsb_wc", "jsb", segment=segment), "jsb_wc").board == board


def test_a2_a_working_capital_line_ends_at_150_million_and_five_years(bundle: Bundle) -> None:
    found = held_against(bundle, draft("jsb_wc", "jsb", amount=160_000_000, months=61), "jsb_wc")
    assert (found.verdict, found.amount, found.tenor_months) == ("eligible", yuan(150_000_000), 60)
    assert codes(found) == {"CAP_PRODUCT", "CAP_TENOR_60"}


def test_a3_a_fixed_asset_loan_ends_at_ten_years_and_80_percent(bundle: Bundle) -> None:
    found = held_against(bundle, draft("jsb_fa", "jsb", **PROJECT, amount=90_000_000, months=132), "jsb_fa")
    assert (found.verdict, found.amount, found.tenor_months) == ("eligible", yuan(90_000_000), 120)
    assert codes(found) == {"CAP_TENOR_120"}
    product = bundle.product("jsb_fa", TODAY)
    assert (product.loan_to_cost, product.capital_ratio) == (Decimal("0.80"), Decimal("0.20"))


def contract(tier: str) -> dict[str, object]:
    return {
        "key": "order",
        "number": "DD-2026-01",
        "buyer_uscc": "91110000802100433B",
        "buyer_name": "大厂",
        "kind": {"value": "firm"},
        "buyer_tier": {"value": tier},
    }


@pytest.mark.parametrize(
    ("tier", "verdict"),
    [("tier_1", "eligible"), ("tier_2", "eligible"), ("tier_3", "refer"), ("unrated", "refer")],
)
def test_a4_the_buyer_of_an_order_is_a_large_one(bundle: Bundle, tier: str, verdict: EligibilityVerdict) -> None:
    asked = draft("jsb_order", "jsb", kind="order", purpose="order_financing", contracts=[contract(tier)])
    found = held_against(bundle, asked, "jsb_order")
    assert found.verdict == verdict
    assert codes(found) == (set() if verdict == "eligible" else {"BUYER_NOT_LISTED"})
    assert bundle.product("jsb_order", TODAY).advance_rate == Decimal("0.80")


# --- A8, A9: 顺德农商银行 -------------------------------------------------------------------------------------------------


def test_a8_25_million_asked_20_million_at_most(bundle: Bundle) -> None:
    asked = draft("sdrcb_operate", "sdrcb", amount=25_000_000, mix={"credit": 5_000_000, "guarantee": 20_000_000})
    found = held_against(bundle, asked, "sdrcb_operate")
    assert (found.verdict, found.amount) == ("eligible", yuan(20_000_000))
    assert "CAP_PRODUCT" in codes(found)


@pytest.mark.parametrize(
    ("asked", "total", "verdict"),
    [
        (25_000_000, 20_000_000, "eligible"),
        (25_000_000, 25_000_000, "eligible"),
        (25_000_000, 22_000_000, "not_eligible"),
        (19_000_000, 20_000_000, "not_eligible"),
    ],
)
def test_a8_the_mix_of_who_asks_for_more_than_the_ceiling_covers_the_ceiling(
    bundle: Bundle, asked: int, total: int, verdict: EligibilityVerdict
) -> None:
    mix = {"credit": 5_000_000, "guarantee": total - 5_000_000}
    found = held_against(bundle, draft("sdrcb_operate", "sdrcb", amount=asked, mix=mix), "sdrcb_operate")
    assert found.verdict == verdict
    assert ("GUARANTEE_MIX_SUM" in codes(found)) == (verdict == "not_eligible")


@pytest.mark.parametrize(
    ("mix", "verdict", "code"),
    [
        ({"credit": 5_000_000, "guarantee": 15_000_000}, "eligible", None),
        ({"credit": 5_000_000, "guarantee": 14_000_000}, "not_eligible", "GUARANTEE_MIX_SUM"),
        ({"credit": 20_000_000}, "eligible", None),
        ({"guarantee": 20_000_000}, "eligible", None),
        ({"mortgage": 20_000_000}, "eligible", None),
        ({"pledge": 20_000_000}, "eligible", None),
    ],
)
@pytest.mark.parametrize("product", ["sdrcb_operate", "sdrcb_upgrade"])
def test_a8_a_guarantee_mix_adds_up(
    bundle: Bundle, product: str, mix: dict[str, int], verdict: EligibilityVerdict, code: str | None
) -> None:
    terms = UPGRADE if product == "sdrcb_upgrade" else {}
    found = held_against(bundle, draft(product, "sdrcb", **terms, amount=20_000_000, mix=mix), product)
    assert found.verdict == verdict
    assert codes(found) == ({code} if code else set())


UPGRADE = {"kind": "term", "purpose": "compute_equipment_purchase", "method": "equal_principal"}


@pytest.mark.parametrize(("amount", "verdict"), [(0, "not_eligible"), (-1, "not_eligible"), (1, "eligible")])
def test_nothing_is_no_amount_to_ask_for(bundle: Bundle, amount: int, verdict: EligibilityVerdict) -> None:
    found = held_against(bundle, draft("sdrcb_operate", "sdrcb", amount=amount), "sdrcb_operate")
    assert (found.verdict, codes(found)) == (verdict, set() if amount > 0 else {"AMOUNT_NOT_POSITIVE"})


def test_a8_a9_20_million_is_for_one_borrower_under_both(bundle: Bundle) -> None:
    asked = draft("sdrcb_upgrade", "sdrcb", **UPGRADE, amount=20_000_000)
    found = held_against(bundle, asked, "sdrcb_upgrade", committed={"sdrcb_compute": yuan(12_000_000)})
    assert (found.amount, codes(found)) == (yuan(8_000_000), {"CAP_FAMILY"})
    for product in ("sdrcb_operate", "sdrcb_upgrade"):
        assert bundle.product(product, TODAY).family == "sdrcb_compute"


@pytest.mark.parametrize(
    ("had", "left", "verdict"),
    [(19_999_999, 1, "eligible"), (20_000_000, 0, "not_eligible"), (21_000_000, 0, "not_eligible")],
)
def test_a8_a9_who_has_20_million_already_is_offered_nothing(
    bundle: Bundle, had: int, left: int, verdict: EligibilityVerdict
) -> None:
    asked = draft("sdrcb_upgrade", "sdrcb", **UPGRADE, amount=5_000_000)
    found = held_against(bundle, asked, "sdrcb_upgrade", committed={"sdrcb_compute": yuan(had)})
    assert (found.verdict, found.amount, codes(found)) == (verdict, yuan(left), {"CAP_FAMILY"})


@pytest.mark.parametrize("segment", ["ai_chip", "compute_server", "supporting_equipment"])
def test_a8_upstream(bundle: Bundle, segment: str) -> None:
    found = held_against(bundle, draft("sdrcb_operate", "sdrcb", segment=segment), "sdrcb_operate")
    assert (found.verdict, found.board) == ("eligible", "upstream")


@pytest.mark.parametrize("segment", ["compute_operator", "cloud_platform", "data_centre"])
def test_a8_midstream(bundle: Bundle, segment: str) -> None:
    found = held_against(bundle, draft("sdrcb_operate", "sdrcb", segment=segment), "sdrcb_operate")
    assert (found.verdict, found.board) == ("eligible", "midstream")


@pytest.mark.parametrize(
    ("size", "verdict"),
    [("micro", "eligible"), ("small", "eligible"), ("medium", "not_eligible"), ("large", "not_eligible")],
)
def test_a9_the_upgrade_loan_is_for_small_and_micro_firms(
    bundle: Bundle, size: str, verdict: EligibilityVerdict
) -> None:
    found = held_against(bundle, draft("sdrcb_upgrade", "sdrcb", **UPGRADE, size=size), "sdrcb_upgrade")
    assert found.verdict == verdict
    assert codes(found) == (set() if verdict == "eligible" else {"NOT_SME"})


def test_a9_wages_are_no_upgrade(bundle: Bundle) -> None:
    asked = draft("sdrcb_upgrade", "sdrcb", **{**UPGRADE, "purpose": "salary"})
    assert codes(held_against(bundle, asked, "sdrcb_upgrade")) == {"PURPOSE_MISMATCH"}


def test_a9_it_buys_fixed_assets_and_ends_at_20_million(bundle: Bundle) -> None:
    assert bundle.product("sdrcb_upgrade", TODAY).loan_class == "fixed_asset"
    found = held_against(bundle, draft("sdrcb_upgrade", "sdrcb", **UPGRADE, amount=21_000_000), "sdrcb_upgrade")
    assert (found.amount, codes(found)) == (yuan(20_000_000), {"CAP_PRODUCT", "CAP_FAMILY"})


# --- A11, A12: 沪农商行 -----------------------------------------------------------------------------------------------


def test_a11_a_computing_centre_is_built_in_ten_years_at_most(bundle: Bundle) -> None:
    asked = draft("shrcb_compute_build", "shrcb", **PROJECT, track="compute_centre", months=132)
    found = held_against(bundle, asked, "shrcb_compute_build")
    assert (found.verdict, found.tenor_months, codes(found)) == ("eligible", 120, {"CAP_TENOR_120"})


@pytest.mark.parametrize(
    ("purpose", "months"), [("chip_research", 60), ("compute_rental", 60), ("compute_application", 60)]
)
def test_a11_working_uses_of_the_ten_year_product_run_no_longer_than_working_capital(
    bundle: Bundle, purpose: str, months: int
) -> None:
    asked = draft("shrcb_compute_operations", "shrcb", purpose=purpose, months=84)
    found = held_against(bundle, asked, "shrcb_compute_operations")
    assert (found.verdict, found.tenor_months, codes(found)) == ("eligible", months, {f"CAP_TENOR_{months}"})


@pytest.mark.parametrize(
    ("segment", "board"),
    [
        ("ai_chip", "compute_chip"),
        ("compute_server", "compute_support"),
        ("supporting_equipment", "compute_support"),
        ("compute_operator", "compute_support"),
        ("data_centre", "compute_support"),
        ("cloud_platform", "compute_support"),
        ("model_developer", "compute_application"),
        ("vertical_application", "compute_application"),
    ],
)
def test_a11_three_boards(bundle: Bundle, segment: str, board: str) -> None:
    asked = draft("shrcb_compute_operations", "shrcb", purpose="chip_research", segment=segment)
    for product in ("shrcb_compute_operations", "shrcb_compute_build"):
        assert held_against(bundle, asked, product).board == board


@pytest.mark.parametrize(
    ("track", "verdict"),
    [
        ("gpu", "eligible"),
        ("compute_centre", "eligible"),
        ("embodied_robotics", "eligible"),
        ("quantum", "refer"),
    ],
)
@pytest.mark.parametrize("product", ["shrcb_compute_build", "shrcb_compute_operations"])
def test_a11_three_tracks(bundle: Bundle, product: str, track: str, verdict: EligibilityVerdict) -> None:
    terms = PROJECT if product == "shrcb_compute_build" else {"purpose": "chip_research"}
    found = held_against(bundle, draft(product, "shrcb", **terms, track=track), product)
    assert found.verdict == verdict
    assert codes(found) == (set() if verdict == "eligible" else {"TRACK_NOT_ELIGIBLE"})
    named = {item.id for item in bundle.product_family("shrcb_compute", TODAY).tracks}
    assert (track in named) == (verdict == "eligible")


@pytest.mark.parametrize(
    ("purpose", "title"),
    [
        ("automotive_certification", "车规认证"),
        ("eda_and_ip", "EDA 与 IP"),
        ("compute_rental", "算力租赁"),
        ("capacity_prepay", "产能预付款"),
    ],
)
def test_a12_four_uses_of_five_years_each(bundle: Bundle, purpose: str, title: str) -> None:
    supplier = {"purchase": {"supplier_key": "foundry", "supplier_verified": {"value": True}}}
    found = held_against(bundle, draft("shrcb_adas", "shrcb", purpose=purpose, months=72, **supplier), "shrcb_adas")
    assert (found.verdict, found.tenor_months, codes(found)) == ("eligible", 60, {"CAP_TENOR_60"})
    terms = bundle.product("shrcb_adas", TODAY).terms_of(purpose)
    assert terms is not None
    assert (terms.title_zh, terms.tenor_cap_months) == (title, 60)


# --- A14, A20 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "verdict", "code"),
    [
        ("ai_chain", "eligible", None),
        ("smart_manufacturing", "eligible", None),
        ("full_life_cycle", "eligible", None),
        ("real_estate", "not_eligible", "DIRECTION_NOT_OFFERED"),
        (None, "refer", "FACT_ABSENT"),
    ],
)
def test_a14_a_seed_firm_names_one_of_three_directions(
    bundle: Bundle, direction: str | None, verdict: EligibilityVerdict, code: str | None
) -> None:
    product = "bosh_smart_manufacturing"
    found = held_against(bundle, draft(product, "bosh", stage="seed", direction=direction), product)
    assert found.verdict == verdict
    assert codes(found) == ({code} if code else set())
    named = {item.id for item in bundle.product_family("bosh_mfg", TODAY).tracks}
    assert (direction in named) == (verdict == "eligible")


@pytest.mark.parametrize("size", ["micro", "small", "medium"])
def test_a14_the_series_stays_with_small_firms(bundle: Bundle, size: str) -> None:
    product = "bosh_smart_manufacturing"
    assert held_against(bundle, draft(product, "bosh", direction="ai_chain", size=size), product).verdict == "eligible"
    large = held_against(bundle, draft(product, "bosh", direction="ai_chain", size="large"), product)
    assert codes(large) == {"SIZE_NOT_ELIGIBLE"}


def test_a20_two_years_and_a_rating_no_older_than_twelve_months_for_more(bundle: Bundle) -> None:
    asked = draft("ceb_working_capital", "ceb", amount=600_000_000, months=36)
    found = held_against(bundle, asked, "ceb_working_capital")
    assert (found.amount, found.tenor_months) == (yuan(500_000_000), 24)
    review = bundle.product("ceb_working_capital", TODAY).review
    assert review is not None
    assert (review.every_months, review.increase_needs_rating_within_months) == (12, 12)


# --- A21, A22, A28: terms of what is booked elsewhere -----------------------------------------------------------------

BUYBACK = {"kind": "term", "purpose": "share_buyback", "stage": "mature", "segment": "ai_chip"}


@pytest.mark.parametrize(
    ("on", "own_code", "share"),
    [
        (date(2024, 9, 1), {"BUYBACK_NOT_YET_LAWFUL"}, "0.70"),
        (date(2024, 10, 17), {"BUYBACK_NOT_YET_LAWFUL"}, "0.70"),
        (date(2024, 10, 18), set(), "0.70"),
        (date(2024, 11, 30), set(), "0.70"),
        (date(2024, 12, 1), set(), "0.90"),
    ],
)
def test_a21_a_buyback_of_210_million_gets_200_and_only_since_the_exemption(
    bundle: Bundle, on: date, own_code: set[str], share: str
) -> None:
    found = held_against(bundle, draft("icbc_buyback", "icbc", **BUYBACK, amount=210_000_000), "icbc_buyback", on)
    assert found.amount == yuan(200_000_000)
    assert codes(found) == {"BOOKED_ELSEWHERE", "CAP_PRODUCT"} | own_code
    product = bundle.product("icbc_buyback", on)
    assert product.loan_to_cost == Decimal(share)
    assert product.not_booked == "BOOKED_ELSEWHERE"
    terms = product.terms_of("share_buyback")
    assert terms is not None
    assert terms.ring_fenced


def test_a22_a_guarantee_of_1000_million_is_500_million_of_credit(bundle: Bundle) -> None:
    asked = draft(
        "bob_apg", "bob", kind="guarantee", purpose="advance_payment_guarantee", amount=1_000_000_000, months=24
    )
    found = held_against(bundle, asked, "bob_apg")
    assert (found.amount, found.credit_equivalent) == (yuan(1_000_000_000), yuan(500_000_000))
    assert codes(found) == {"BOOKED_ELSEWHERE"}
    marks = bundle.product("bob_apg", TODAY).off_balance
    assert marks is not None
    assert (marks.reduces_with, marks.electronic, marks.annual_fee) == ("performance", True, Decimal("0.005"))


@pytest.mark.parametrize("form", ["direct", "sale_and_leaseback"])
def test_a28_compute_is_leased_directly_or_back(bundle: Bundle, form: str) -> None:
    asked = draft(
        "citic_lease", "citic_leasing", kind="lease", purpose="compute_centre_lease", amount=290_000_000,
        method="annuity", segment="data_centre", months=60,
    )  # fmt: skip
    found = held_against(bundle, asked, "citic_lease", date(2024, 8, 23))
    assert (found.amount, codes(found)) == (yuan(290_000_000), {"BOOKED_ELSEWHERE"})
    assert form in bundle.product("citic_lease", TODAY).lease_forms


# --- A25, A26 ---------------------------------------------------------------------------------------------------------


def test_a25_233_million_is_80_percent_of_291_25(bundle: Bundle) -> None:
    asked = draft("cib_project_loan", "cib", **PROJECT, amount=233_000_000, months=120)
    assert held_against(bundle, asked, "cib_project_loan").verdict == "eligible"
    product = bundle.product("cib_project_loan", TODAY)
    assert product.loan_to_cost is not None
    assert yuan("291250000.00").times(product.loan_to_cost) == yuan(233_000_000)


# --- A30 to A34 -------------------------------------------------------------------------------------------------------


def test_a30_a_seed_firm_without_sales_is_no_decline_and_a_pilot_is_no_approval(bundle: Bundle) -> None:
    asked = draft("soe_pending", "soe_coastal_bank", stage="seed", size="micro")
    found = held_against(bundle, asked, "soe_pending")
    assert (found.verdict, codes(found)) == ("refer", {"PRODUCT_PILOT"})
    product = bundle.product("soe_pending", TODAY)
    assert (product.status, product.not_booked) == (ProductStatus.PILOT, None)
    assert "first_loan" in product.tags


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"stage": "growth"}, "LIFE_STAGE_NOT_ELIGIBLE"),
        ({"size": "medium"}, "SIZE_NOT_ELIGIBLE"),
        ({"segment": "real_estate"}, "SEGMENT_NOT_ELIGIBLE"),
    ],
)
def test_a30_the_pilot_is_for_young_small_firms_of_the_chain(bundle: Bundle, change: dict[str, str], code: str) -> None:
    found = held_against(bundle, draft("soe_pending", "soe_coastal_bank", **change), "soe_pending")
    assert (found.verdict, codes(found)) == ("not_eligible", {"PRODUCT_PILOT", code})


@pytest.mark.parametrize(
    ("months", "more"),
    [(59, {"TENOR_BELOW_MINIMUM"}), (60, set()), (84, set()), (85, {"CAP_TENOR_84"})],
)
def test_a32_a_proposal_is_five_to_seven_years_and_nobody_books_it(bundle: Bundle, months: int, more: set[str]) -> None:
    asked = draft("sensetime_prop", "to_be_named", **PROJECT, months=months)
    found = held_against(bundle, asked, "sensetime_prop")
    assert (found.verdict, codes(found)) == ("not_eligible", {"PRODUCT_NOT_LIVE"} | more)


def test_a31_the_other_bank_is_about_to_launch(bundle: Bundle) -> None:
    found = held_against(bundle, draft("bank_y_compute", "bank_y"), "bank_y_compute")
    assert codes(found) == {"PRODUCT_NOT_LIVE"}
    assert bundle.product("bank_y_compute", TODAY).two_pass


def test_a33_a_family_of_more_than_twenty_says_so_in_words(bundle: Bundle) -> None:
    family = bundle.product_family("qh_keji", TODAY)
    assert family.count_claimed == "20余种"
    assert [product.id for product in bundle.products(TODAY) if product.family == "qh_keji"] == ["qh_keji_credit"]
    found = held_against(bundle, draft("qh_keji_credit", "qinghai_lenders"), "qh_keji_credit")
    assert codes(found) == {"PROGRAMME_NOT_BOOKABLE"}


@pytest.mark.parametrize("method", ["credit", "guarantee", "mortgage", "pledge"])
def test_a33_any_guarantee_does(bundle: Bundle, method: str) -> None:
    asked = draft("qh_keji_credit", "qinghai_lenders", mix={method: 10_000_000})
    assert codes(held_against(bundle, asked, "qh_keji_credit")) == {"PROGRAMME_NOT_BOOKABLE"}


def test_a34_three_loans_of_one_programme(bundle: Bundle) -> None:
    members = {product.id: product for product in bundle.products(TODAY) if product.family == "zh_trio"}
    assert set(members) == {"zh_compute_loan", "zh_algorithm_loan", "zh_data_loan"}
    assert {product.need_share for product in members.values()} == {Decimal("0.80")}
    assert {product.status for product in members.values()} == {ProductStatus.PROGRAMME}


def test_a35_without_a_certificate_the_talent_loan_is_closed(bundle: Bundle) -> None:
    founder = {"name": "测试人", "certificate": {"value": "none"}, "linked_to_borrower": {"value": True}}
    found = held_against(bundle, draft("talent_loan", "east_china_bank", founder=founder), "talent_loan")
    assert (found.verdict, codes(found)) == ("not_eligible", {"FOUNDER_CERTIFICATE_MISSING"})
