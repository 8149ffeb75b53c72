"""§3 of the domain paper: what each version of the collateral policy, and the stresses of coverage, say row by row."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.application import AssetKind
from domain.finding import Outcome
from domain.money import yuan
from policy.engine import Bundle, CollateralPolicy, FactValue, check_rules
from policy.engine.coverage import Stress

DAYS = {"1": date(2026, 10, 31), "2": date(2026, 11, 1)}
VERSIONS = pytest.mark.parametrize("version", DAYS)
BOTH = ("approval", "utilisation")


def policy(bundle: Bundle, version: str) -> CollateralPolicy:
    found = bundle.collateral(DAYS[version])
    assert found.version == version
    return found


SERVER: dict[str, FactValue] = {
    "asset.kind": "gpu_server",
    "asset.provenance": "official_cn",
    "asset.encumbered": False,
    "asset.duplicate_serial": False,
    "asset.colocated": True,
    "asset.lien_waiver": True,
}
CLAIM: dict[str, FactValue] = {
    "asset.kind": "receivable",
    "asset.encumbered": False,
    "asset.colocated": False,
    "contract.kind": "take_or_pay",
    "contract.assignment_allowed": True,
    "contract.buyer_related": False,
}
DATA: dict[str, FactValue] = {
    "asset.kind": "data_asset",
    "asset.encumbered": False,
    "asset.colocated": False,
    "data.certificate": True,
    "data.personal_data": False,
}
BREACHES: list[tuple[str, dict[str, FactValue], tuple[str, ...], Outcome]] = [
    ("PROVENANCE", {**SERVER, "asset.provenance": "grey"}, BOTH, Outcome.FAIL),
    ("PROVENANCE", {**SERVER, "asset.provenance": "unknown"}, BOTH, Outcome.FAIL),
    ("PRIOR_RIGHT", {**SERVER, "asset.encumbered": True}, BOTH, Outcome.FAIL),
    ("PRIOR_RIGHT", {**DATA, "asset.encumbered": True}, BOTH, Outcome.FAIL),
    ("DUPLICATE_PLEDGE", {**SERVER, "asset.duplicate_serial": True}, BOTH, Outcome.FAIL),
    ("LIEN_WAIVER", {**SERVER, "asset.lien_waiver": False}, ("utilisation",), Outcome.REFER),
    ("NOT_A_RECEIVABLE", {**CLAIM, "contract.kind": "framework"}, BOTH, Outcome.FAIL),
    (
        "NOT_A_RECEIVABLE",
        {**CLAIM, "asset.kind": "compute_order", "contract.kind": "framework"},
        BOTH,
        Outcome.FAIL,
    ),
    ("NOT_ASSIGNABLE", {**CLAIM, "contract.assignment_allowed": False}, BOTH, Outcome.FAIL),
    ("RELATED_DEBTOR", {**CLAIM, "contract.buyer_related": True}, BOTH, Outcome.REFER),
    ("DATA_RIGHT", {**DATA, "data.certificate": False}, BOTH, Outcome.FAIL),
    ("PIPL_BLOCK", {**DATA, "data.personal_data": True}, BOTH, Outcome.FAIL),
]


def asked(bundle: Bundle, version: str, moment: str) -> list[Any]:
    return [rule for rule in policy(bundle, version).eligibility if moment in rule.applies]


@VERSIONS
@pytest.mark.parametrize(("rule", "facts", "moments", "outcome"), BREACHES)
def test_3_3_3_4_what_carries_no_value_or_needs_a_person(
    bundle: Bundle,
    version: str,
    rule: str,
    facts: dict[str, FactValue],
    moments: tuple[str, ...],
    outcome: Outcome,
) -> None:
    for moment in BOTH:
        found = check_rules(asked(bundle, version, moment), facts)
        codes = [reason.code for reason in found.reasons]
        assert (codes, found.outcome) == (([rule], outcome) if moment in moments else ([], Outcome.PASS))


@VERSIONS
@pytest.mark.parametrize(
    "facts",
    [
        SERVER,
        {**SERVER, "asset.colocated": False, "asset.lien_waiver": False},
        CLAIM,
        DATA,
        {"asset.kind": "civil_works", "asset.encumbered": False, "asset.colocated": True, "asset.lien_waiver": False},
        {"asset.kind": "power_cooling", "asset.encumbered": False, "asset.colocated": True},
    ],
)
def test_3_3_3_4_sound_assets_pass_and_no_rule_speaks_of_another_kind(
    bundle: Bundle, version: str, facts: dict[str, FactValue]
) -> None:
    """The owner's own hall has no operator's lien; works and claims are asked for no serial number."""
    for moment in BOTH:
        assert check_rules(asked(bundle, version, moment), facts).reasons == ()


@VERSIONS
@pytest.mark.parametrize(
    ("kind", "years", "salvage"),
    [
        (AssetKind.CIVIL_WORKS, 20, "0.05"),
        (AssetKind.POWER_COOLING, 10, "0.05"),
        (AssetKind.NETWORK_STORAGE, 6, "0.05"),
    ],
)
def test_3_5_lives_of_plain_equipment_and_works(
    bundle: Bundle, version: str, kind: AssetKind, years: int, salvage: str
) -> None:
    found = policy(bundle, version).physical_life(kind)
    assert found is not None
    assert (found.life_months, found.salvage) == (12 * years, Decimal(salvage))


@VERSIONS
@pytest.mark.parametrize("kind", [AssetKind.GPU_SERVER, AssetKind.NETWORK_STORAGE])
def test_3_8_a_tranche_of_equipment_ends_a_year_before_its_life(bundle: Bundle, version: str, kind: AssetKind) -> None:
    assert policy(bundle, version).of_kind(kind).life_margin_months == 12


@VERSIONS
def test_a5_data_assets_carry_ten_million_in_one_case_at_most(bundle: Bundle, version: str) -> None:
    assert policy(bundle, version).of_kind(AssetKind.DATA_ASSET).ticket_cap == yuan(10_000_000)


@pytest.mark.parametrize(("channel", "deviation"), [("transaction", "0.15"), ("auction", "0.25")])
def test_3_5_sales_that_are_evidence_of_a_price(bundle: Bundle, channel: str, deviation: str) -> None:
    market = policy(bundle, "2").gpu.market
    assert market is not None
    assert {str(item.channel): item.deviation for item in market.channels}.get(channel) == Decimal(deviation)


@pytest.mark.parametrize("gpu", ["H100", "H200"])
def test_7_an_invoice_below_fifty_thousand_a_card_is_not_believed(bundle: Bundle, gpu: str) -> None:
    floors = {item.gpu: item.per_gpu for item in policy(bundle, "2").gpu.price_floors}
    assert floors.get(gpu) == yuan(50_000)


def test_a4_only_a_buyer_of_the_first_tier_may_be_the_whole_of_the_orders(bundle: Bundle) -> None:
    policy_of_orders = bundle.compute_orders(DAYS["2"])
    assert policy_of_orders is not None
    assert {item.tier: item.may_concentrate for item in policy_of_orders.tiers} == {
        "tier_1": True,
        "tier_2": False,
        "tier_3": False,
        "unrated": False,
    }


STRESSES: dict[str, dict[str, object]] = {
    "CN_2024H2": {"rent": Decimal("0.60")},
    "OCCUPANCY_30": {"occupancy": Decimal("0.30")},
    "OFFTAKER_DEFAULT_12": {"offtaker_default_month": 12},
    "POWER_30": {"tariff": Decimal("1.30")},
    "EXPORT_BAN": {"replacement_cost": Decimal("1.25")},
    "EXPORT_OPEN": {"replacement_cost": Decimal("0.75")},
    "FAILURES_3X": {"failures": Decimal(3)},
    "INDEX_RESTATED_DOWN": {"rent": Decimal("0.93")},
    "INDEX_RESTATED_UP": {"rent": Decimal("1.07")},
    "LARGE_LOT": {"large_lot": True},
}


def stress(bundle: Bundle, name: str) -> Stress:
    found = next((item for item in bundle.coverage(DAYS["2"]).stresses if item.id == name), None)
    assert found is not None
    return found


@pytest.mark.parametrize("name", STRESSES)
def test_3_6_a_stress_moves_what_it_names_and_nothing_else(bundle: Bundle, name: str) -> None:
    rest = {"rent": 1, "tariff": 1, "replacement_cost": 1, "failures": 1, "large_lot": False}
    rest |= {"launch": None, "occupancy": None, "offtaker_default_month": None}
    found = stress(bundle, name)
    assert {key: getattr(found, key) for key in rest} == {**rest, **STRESSES[name]}


def test_3_6_a_generation_nobody_expected_takes_a_third_off_rents_in_half_a_year(bundle: Bundle) -> None:
    launch = stress(bundle, "LAUNCH_35").launch
    assert launch is not None
    assert (launch.month, launch.change) == (6, Decimal("-0.35"))


def test_3_8_only_a_deposit_keeps_its_value(bundle: Bundle) -> None:
    assert bundle.coverage(DAYS["2"]).kept_in_full == (AssetKind.DEPOSIT,)
