"""Every item of the lists of products, families and papers of November 2026: without it a draft is answered otherwise."""

from typing import Any

import pytest

from policy.engine import Bundle
from tests.golden.drafts import TODAY, codes, draft, held_against

CHAIN = (
    "ai_chip",
    "compute_server",
    "cloud_platform",
    "compute_operator",
    "data_centre",
    "model_developer",
    "vertical_application",
    "supporting_equipment",
)
CENTRES = ("compute_operator", "data_centre", "cloud_platform", "model_developer")
MAKERS = ("ai_chip", "compute_server", "cloud_platform", "compute_operator", "data_centre", "supporting_equipment")
SHUNDE = ("ai_chip", "compute_server", "supporting_equipment", "compute_operator", "cloud_platform", "data_centre")
WORKING = ("operations", "compute_rental", "research")
BUILDING = ("compute_centre_construction", "compute_equipment_purchase")
FLEXIBLE = ("annuity", "equal_principal", "balloon", "seasonal", "stepped", "custom", "sculpted")

# product: lender, kind, purposes, repayment, segments, tags
PRODUCTS: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "jsb_wc": ("jsb", "revolving", WORKING, ("bullet", "equal_principal", "balloon", "seasonal"), CHAIN, ("compute",)),
    "jsb_fa": ("jsb", "term", BUILDING, FLEXIBLE, CHAIN, ("compute",)),
    "jsb_order": ("jsb", "order", ("order_financing",), ("bullet", "equal_principal"), CHAIN, ("compute",)),
    "sdrcb_operate": (
        "sdrcb",
        "revolving",
        WORKING,
        ("bullet", "equal_principal", "balloon", "seasonal"),
        SHUNDE,
        ("compute", "inclusive"),
    ),
    "sdrcb_upgrade": (
        "sdrcb",
        "term",
        ("compute_equipment_purchase", "compute_software_purchase", "integration_premises"),
        ("annuity", "equal_principal"),
        (*CHAIN, "other"),
        ("compute", "inclusive"),
    ),
    "shrcb_adas": (
        "shrcb",
        "revolving",
        ("automotive_certification", "eda_and_ip", "compute_rental", "capacity_prepay"),
        ("bullet", "equal_principal", "balloon", "stepped", "custom"),
        (*CHAIN, "other"),
        ("compute",),
    ),
    "shrcb_compute_build": (
        "shrcb",
        "term",
        BUILDING,
        ("annuity", "equal_principal", "sculpted"),
        CHAIN,
        ("compute",),
    ),
    "shrcb_compute_operations": (
        "shrcb",
        "revolving",
        ("chip_research", "compute_rental", "compute_application"),
        ("bullet", "equal_principal", "balloon"),
        CHAIN,
        ("compute",),
    ),
    "bosh_smart_manufacturing": (
        "bosh",
        "revolving",
        WORKING,
        ("bullet", "equal_principal", "seasonal", "stepped"),
        (*CHAIN, "other"),
        ("compute", "smart_manufacturing"),
    ),
    "cib_project_loan": ("cib", "term", BUILDING, ("annuity", "equal_principal"), CENTRES, ("compute",)),
    "ceb_working_capital": ("ceb", "revolving", WORKING, ("bullet", "equal_principal"), MAKERS, ("compute",)),
    "soe_pending": (
        "soe_coastal_bank",
        "revolving",
        WORKING,
        ("bullet", "equal_principal", "stepped"),
        CHAIN,
        ("compute", "first_loan"),
    ),
    "bank_y_compute": ("bank_y", "revolving", WORKING, ("bullet", "equal_principal"), CHAIN, ("compute",)),
    "sensetime_prop": ("to_be_named", "term", BUILDING, ("annuity", "equal_principal"), CENTRES, ("compute",)),
    "qh_keji_credit": (
        "qinghai_lenders",
        "revolving",
        WORKING,
        ("bullet", "equal_principal"),
        (*CHAIN, "other"),
        ("technology",),
    ),
    "zh_compute_loan": (
        "zhuhai_lenders",
        "revolving",
        ("compute_rental",),
        ("bullet", "equal_principal"),
        CHAIN,
        ("compute",),
    ),
    "zh_algorithm_loan": (
        "zhuhai_lenders",
        "revolving",
        ("algorithm_research",),
        ("bullet", "equal_principal"),
        CHAIN,
        ("compute",),
    ),
    "zh_data_loan": (
        "zhuhai_lenders",
        "revolving",
        ("data_procurement",),
        ("bullet", "equal_principal"),
        CHAIN,
        ("compute",),
    ),
    "icbc_buyback": ("icbc", "term", ("share_buyback",), ("bullet", "equal_principal"), CHAIN, ("buyback",)),
    "bob_apg": (
        "bob",
        "guarantee",
        ("advance_payment_guarantee",),
        ("bullet",),
        MAKERS,
        ("compute", "off_balance"),
    ),
    "citic_lease": (
        "citic_leasing",
        "lease",
        ("compute_centre_lease", "compute_equipment_lease"),
        ("annuity", "equal_principal"),
        CENTRES,
        ("compute", "lease"),
    ),
}
NEITHER_BOOKED_NOR_REFUSED_HERE = {
    "PRODUCT_NOT_LIVE",
    "PROGRAMME_NOT_BOOKABLE",
    "BOOKED_ELSEWHERE",
    "PRODUCT_PILOT",
    "FACT_ABSENT",
}
"""What is said of the whole product or of what these drafts leave open, not of the item at hand."""


def each(place: int) -> list[Any]:
    return [(name, item) for name, row in PRODUCTS.items() for item in row[place]]  # type: ignore[union-attr]


def asked(product: str, **change: Any) -> Any:
    lender, kind, purposes, methods, segments, _ = PRODUCTS[product]
    terms: dict[str, Any] = {
        "kind": kind,
        "purpose": purposes[0],
        "method": methods[0],
        "segment": segments[0],
        "months": 72 if product == "sensetime_prop" else 12,
        "direction": "ai_chain" if product == "bosh_smart_manufacturing" else None,
    }
    return draft(product, lender, **{**terms, **change})


def told(bundle: Bundle, product: str, **change: Any) -> set[str]:
    return codes(held_against(bundle, asked(product, **change), product)) - NEITHER_BOOKED_NOR_REFUSED_HERE


def test_every_product_of_today_is_spoken_of(bundle: Bundle) -> None:
    elsewhere = {"nxb_project_loan", "bocom_qh_green_fa", "talent_loan"}
    assert set(PRODUCTS) | elsewhere <= {product.id for product in bundle.products(TODAY)}


@pytest.mark.parametrize("product", sorted(PRODUCTS))
def test_a_product_has_its_lender(bundle: Bundle, product: str) -> None:
    assert told(bundle, product) == set()
    assert bundle.product(product, TODAY).lenders == (PRODUCTS[product][0],)


@pytest.mark.parametrize(("product", "purpose"), each(2))
def test_a_purpose_is_offered(bundle: Bundle, product: str, purpose: str) -> None:
    assert told(bundle, product, purpose=purpose) == set()


@pytest.mark.parametrize("product", sorted(PRODUCTS))
def test_another_purpose_is_not(bundle: Bundle, product: str) -> None:
    assert "PURPOSE_MISMATCH" in told(bundle, product, purpose="dividend")


@pytest.mark.parametrize(("product", "method"), each(3))
def test_a_repayment_method_is_offered(bundle: Bundle, product: str, method: str) -> None:
    assert told(bundle, product, method=method) == set()


@pytest.mark.parametrize(("product", "segment"), each(4))
def test_a_segment_is_offered(bundle: Bundle, product: str, segment: str) -> None:
    assert told(bundle, product, segment=segment) == set()


@pytest.mark.parametrize("product", sorted(set(PRODUCTS) - {"icbc_buyback"}))
def test_real_estate_is_not(bundle: Bundle, product: str) -> None:
    assert "SEGMENT_NOT_ELIGIBLE" in told(bundle, product, segment="real_estate")


@pytest.mark.parametrize(("product", "tag"), each(5))
def test_a_product_is_counted_by_its_tags(bundle: Bundle, product: str, tag: str) -> None:
    assert tag in bundle.product(product, TODAY).tags


@pytest.mark.parametrize("stage", ["seed", "start_up"])
def test_a30_a_stage_is_offered(bundle: Bundle, stage: str) -> None:
    assert told(bundle, "soe_pending", stage=stage) == set()


@pytest.mark.parametrize("size", ["micro", "small"])
def test_a30_a_size_is_offered(bundle: Bundle, size: str) -> None:
    assert told(bundle, "soe_pending", size=size) == set()


@pytest.mark.parametrize("method", ["credit", "guarantee", "pledge"])
def test_a22_a_guarantee_is_secured_by(bundle: Bundle, method: str) -> None:
    assert told(bundle, "bob_apg", mix={method: 10_000_000}) == set()
    assert told(bundle, "bob_apg", mix={"mortgage": 10_000_000}) == {"GUARANTEE_METHOD_NOT_OFFERED"}


@pytest.mark.parametrize(
    ("family", "lender"),
    [
        ("jsb_compute", "jsb"),
        ("sdrcb_compute", "sdrcb"),
        ("shrcb_compute", "shrcb"),
        ("bosh_mfg", "bosh"),
        ("qh_keji", "qinghai_lenders"),
        ("zh_trio", "zhuhai_lenders"),
    ],
)
def test_a_family_has_its_lender_and_members(bundle: Bundle, family: str, lender: str) -> None:
    assert bundle.product_family(family, TODAY).lenders == (lender,)
    members = [product for product in bundle.products(TODAY) if product.family == family]
    assert members
    assert {name for product in members for name in product.lenders} == {lender}


# --- papers and conditions of the products booked since November 2026 -------------------------------------------------

PROJECTS = ("shrcb_compute_build", "cib_project_loan")
LINES = ("shrcb_compute_operations", "bosh_smart_manufacturing", "ceb_working_capital", "soe_pending")
EVERYBODY = ("business_licence", "bureau_consent", "financial_statements", "purchase_contract")
LATER = ("shareholder_resolution", "guarantee_resolution")
ALSO = ("feasibility_study", "project_filing", "energy_review", "server_inventory", "capital_proof")


@pytest.mark.parametrize("kind", [*EVERYBODY, *LATER])
@pytest.mark.parametrize("product", [*PROJECTS, *LINES, "sdrcb_upgrade"])
def test_a_paper_is_asked_for(bundle: Bundle, product: str, kind: str) -> None:
    assert kind in {item.kind for item in bundle.checklist(product, None, TODAY)}
    at_intake = {item.kind for item in bundle.checklist(product, "intake", TODAY)}
    assert (kind in at_intake) == (kind in EVERYBODY)
    (found,) = [item for item in bundle.checklist(product, None, TODAY) if item.kind == kind]
    assert found.required == (kind != "guarantee_resolution")
    assert found.shelf_life_days == (550 if kind == "financial_statements" else None)


@pytest.mark.parametrize("kind", ALSO)
@pytest.mark.parametrize("product", [*PROJECTS, "sdrcb_upgrade"])
def test_a_paper_of_a_project_is_asked_for(bundle: Bundle, product: str, kind: str) -> None:
    (found,) = [item for item in bundle.checklist(product, None, TODAY) if item.kind == kind]
    assert found.required == (kind in ("feasibility_study", "project_filing"))


@pytest.mark.parametrize("product", LINES)
def test_no_line_of_credit_shows_a_project_filing(bundle: Bundle, product: str) -> None:
    assert not set(ALSO) & {item.kind for item in bundle.checklist(product, None, TODAY)}


HARDWARE = ("gpu_server", "network_storage")
BRANCH, HEAD = "branch_approver", "head_office_approver"

# condition: due days, security, kinds of asset, who may waive it
PROJECT: dict[str, tuple[int | None, str | None, tuple[str, ...], str | None]] = {
    "CP_FLOATING_MORTGAGE": (None, "floating_mortgage", (), None),
    "CP_ACCOUNT_PLEDGE": (None, "account_pledge", (), HEAD),
    "CP_RECEIVABLE_PLEDGE": (None, "receivable_pledge", (), HEAD),
    "CP_REFUND_GUARANTEE": (None, "refund_guarantee", (), HEAD),
    "CS_REGISTRATION": (10, "equipment_mortgage", HARDWARE, None),
    "CS_ACCEPTANCE": (30, None, HARDWARE, None),
    "CS_INSURANCE": (15, None, (*HARDWARE, "power_cooling", "civil_works"), HEAD),
    "CS_LIEN_WAIVER": (30, None, ("gpu_server",), HEAD),
}
LINE: dict[str, tuple[int | None, str | None, tuple[str, ...], str | None]] = {
    "CP_ACCOUNT_PLEDGE": (None, "account_pledge", (), BRANCH),
    "CP_RECEIVABLE_PLEDGE": (None, "receivable_pledge", ("receivable", "compute_order"), HEAD),
    "CS_USE_VOUCHERS": (30, None, (), None),
}
UPGRADE: dict[str, tuple[int | None, str | None, tuple[str, ...], str | None]] = {
    "CP_ACCOUNT_PLEDGE": (None, "account_pledge", (), BRANCH),
    "CS_REGISTRATION": (10, "equipment_mortgage", HARDWARE, None),
    "CS_ACCEPTANCE": (30, None, HARDWARE, None),
}


@pytest.mark.parametrize(
    ("product", "condition", "terms"),
    [
        (product, condition, terms)
        for products, conditions in ((PROJECTS, PROJECT), (LINES, LINE), (("sdrcb_upgrade",), UPGRADE))
        for product in products
        for condition, terms in conditions.items()
    ],
)
def test_an_agreement_has_the_condition(
    bundle: Bundle, product: str, condition: str, terms: tuple[int | None, str | None, tuple[str, ...], str | None]
) -> None:
    found = {item.id: item for item in bundle.conditions(product, TODAY).conditions}[condition]
    assert (found.due_days, found.security_kind, found.asset_kinds, found.waiver_body) == terms
