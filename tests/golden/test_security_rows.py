"""Security under the Civil Code, by article, and the rows of the collateral guideline (domain paper §2.4)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.application import ApplicationContent
from domain.collateral import PerfectionStage, SecurityKind
from domain.enforcement import ProceedsDivision, ProceedsRequest
from domain.facts import FactState
from domain.finding import Finding, Outcome
from domain.money import yuan
from policy.engine import Bundle, CollateralPolicy, FactValue, check_rules
from services.collateral.calc.enforcement import divide
from services.collateral.calc.perfection import Interest, purchase_money_priority, ranks, standing
from services.origination.calc.security_facts import security_facts

ON = date(2026, 11, 22)
FIRST = date(2026, 1, 5)
VERSIONS = [FIRST, ON]
"""Days on which the first and the newest collateral policy stand."""
AGREED, REGISTERED, LATER = date(2025, 3, 1), date(2025, 3, 10), date(2025, 6, 1)
MORTGAGES = (SecurityKind.EQUIPMENT_MORTGAGE, SecurityKind.FLOATING_MORTGAGE)


def stage(kind: SecurityKind, registered: date | None) -> PerfectionStage:
    return standing(kind, agreed_on=AGREED, registered_on=registered, expires=None, as_of=LATER).stage


def judged(bundle: Bundle, rule_id: str, facts: dict[str, FactValue], moment: str = "approval") -> Outcome:
    rules = [rule for rule in bundle.regulations(moment, "city_bank", ON) if rule.id == rule_id]
    return check_rules(rules, facts).outcome


# --- Civil Code -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MORTGAGES)
def test_cc_403_and_395_396_a_mortgage_of_movables_binds_by_agreement_and_strangers_by_registration(
    kind: SecurityKind,
) -> None:
    unregistered = standing(kind, agreed_on=AGREED, registered_on=None, expires=None, as_of=LATER)
    assert (unregistered.stage, unregistered.effective_from, unregistered.opposable_from) == (
        PerfectionStage.AGREED,
        AGREED,
        None,
    )
    registered = standing(kind, agreed_on=AGREED, registered_on=REGISTERED, expires=None, as_of=LATER)
    assert (registered.stage, registered.opposable_from) == (PerfectionStage.PERFECTED, REGISTERED)


@pytest.mark.parametrize("on", VERSIONS)
def test_cc_403_every_movable_that_carries_credit_has_to_be_registered(bundle: Bundle, on: date) -> None:
    asked = {item.asset_kind.value: item.registration_required for item in bundle.collateral(on).kinds}
    assert {kind for kind, required in asked.items() if required} == {
        "civil_works",
        "power_cooling",
        "gpu_server",
        "network_storage",
        "receivable",
        "compute_order",
        "data_asset",
    }


@pytest.mark.parametrize("segment", ["ai_chip", "compute_server", "supporting_equipment"])
def test_cc_404_a_makers_stock_in_trade_is_no_sole_security(bundle: Bundle, segment: str) -> None:
    facts: dict[str, FactValue] = {
        "borrower.segment": segment,
        "security.movables": True,
        "security.only_stock_in_trade": True,
    }
    for moment in ("submission", "approval"):
        assert judged(bundle, "CC_404_STOCK_IN_TRADE", facts, moment) is Outcome.REFER
    for change in (
        {"borrower.segment": "compute_operator"},
        {"security.movables": False},
        {"security.only_stock_in_trade": False},
    ):
        assert judged(bundle, "CC_404_STOCK_IN_TRADE", {**facts, **change}) is Outcome.PASS


def offered(*assets: dict[str, Any], **more: Any) -> dict[str, FactValue]:
    described = [
        {"key": f"a{number}", "kind": "gpu_server", "description": "服务器", "existing": True, "encumbrances": []}
        | asset
        for number, asset in enumerate(assets)
    ]
    return security_facts(ApplicationContent.model_validate({"lender_id": "nxb", "assets": described, **more}))


STOCK, OWN = {"stock_in_trade": {"value": True}}, {"stock_in_trade": {"value": False}}


@pytest.mark.parametrize(
    ("assets", "only_stock"),
    [
        ([STOCK], True),
        ([STOCK, STOCK], True),
        ([STOCK, OWN], False),
        ([STOCK, {}], None),
        ([{"existing": False}], False),
        ([STOCK, {"kind": "receivable"}], False),
        ([], False),
    ],
)
def test_cc_404_what_the_security_rests_on(assets: list[dict[str, Any]], only_stock: bool | None) -> None:
    assert offered(*assets)["security.only_stock_in_trade"] is only_stock


@pytest.mark.parametrize(
    ("rule_id", "fact", "kind"),
    [
        ("CC_405_EARLIER_LEASE", "security.let_before", "lease"),
        ("CC_388_TITLE_OF_OTHERS", "security.title_of_others", "retention_of_title"),
    ],
)
def test_cc_405_and_388_745_leases_and_titles_that_come_before(
    bundle: Bundle, rule_id: str, fact: str, kind: str
) -> None:
    for moment in ("submission", "approval"):
        assert judged(bundle, rule_id, {fact: True}, moment) is Outcome.REFER
        assert judged(bundle, rule_id, {fact: False}, moment) is Outcome.PASS
    right = {"holder": "先承租人", "kind": kind}
    assert offered({"encumbrances": [right]})[fact] is True
    assert offered({"encumbrances": [{"holder": "别家银行", "kind": "mortgage"}]})[fact] is False
    assert offered({"encumbrances": None})[fact] is None


def test_cc_745_a_lessors_title_is_good_against_strangers_from_its_registration() -> None:
    assert stage(SecurityKind.FINANCE_LEASE, None) is PerfectionStage.AGREED
    assert stage(SecurityKind.FINANCE_LEASE, REGISTERED) is PerfectionStage.PERFECTED


@pytest.mark.parametrize("on", VERSIONS)
def test_cc_408_433_when_value_falls_more_security_may_be_asked_for(bundle: Bundle, on: date) -> None:
    """The margin call of the agreement: watch, call and enforce at 75, 85 and 95 % of value, five business days to cure."""
    covenants = bundle.collateral(on).covenants
    assert (covenants.ltv_watch, covenants.ltv_call, covenants.ltv_enforce) == (
        Decimal("0.75"),
        Decimal("0.85"),
        Decimal("0.95"),
    )
    assert (covenants.cure_business_days, covenants.dscr_lock_up, covenants.dscr_default) == (
        5,
        Decimal("1.30"),
        Decimal("1.10"),
    )


def test_cc_414_415_rank_by_registration_and_the_unregistered_share() -> None:
    found = ranks(
        [
            Interest("late", date(2025, 3, 5)),
            Interest("early", date(2025, 3, 4)),
            Interest("none", None),
            Interest("nor this", None),
        ]
    )
    assert {key: (item.rank, item.article) for key, item in found.items()} == {
        "early": (1, "§414(1)"),
        "late": (2, "§414(1)"),
        "none": (3, "§414(3)"),
        "nor this": (3, "§414(3)"),
    }


@pytest.mark.parametrize(("registered", "kept"), [(date(2025, 3, 11), True), (date(2025, 3, 12), False)])
@pytest.mark.parametrize("on", VERSIONS)
def test_cc_416_purchase_money_is_registered_within_ten_days_of_delivery(
    bundle: Bundle, on: date, registered: date, kept: bool
) -> None:
    days = bundle.collateral(on).registration_days_from_delivery
    assert purchase_money_priority(SecurityKind.EQUIPMENT_MORTGAGE, date(2025, 3, 1), registered, days) is kept
    assert days == 10
    found = ranks([Interest("earlier", date(2024, 1, 1)), Interest("purchase", registered, purchase_money=kept)])
    assert found["purchase"].rank == (1 if kept else 2)


@pytest.mark.parametrize("kind", [SecurityKind.RECEIVABLE_PLEDGE, SecurityKind.DATA_ASSET_PLEDGE])
def test_cc_440_445_a_pledge_of_rights_is_created_by_its_registration(kind: SecurityKind) -> None:
    assert stage(kind, None) is PerfectionStage.NOT_CREATED
    assert stage(kind, REGISTERED) is PerfectionStage.PERFECTED


@pytest.mark.parametrize("on", VERSIONS)
def test_cc_456_the_rooms_lien_comes_first_and_a_waiver_is_asked_for(bundle: Bundle, on: date) -> None:
    found = ranks([Interest("mortgage", AGREED, purchase_money=True), Interest("room", None, possessory=True)])
    assert (found["room"].rank, found["room"].article, found["mortgage"].rank) == (1, "§456", 2)
    waiver = [rule for rule in bundle.collateral(on).eligibility if rule.id == "LIEN_WAIVER"]
    for kind, colocated, outcome in (
        ("gpu_server", True, Outcome.REFER),
        ("network_storage", True, Outcome.REFER),
        ("gpu_server", False, Outcome.PASS),
        ("power_cooling", True, Outcome.PASS),
    ):
        facts: dict[str, FactValue] = {
            "asset.kind": kind,
            "asset.colocated": colocated,
            "asset.lien_waiver": False,
        }
        assert check_rules(waiver, facts).outcome is outcome
        assert check_rules(waiver, {**facts, "asset.lien_waiver": True}).outcome is Outcome.PASS


# --- the guideline ----------------------------------------------------------------------------------------------------

KINDS = {
    # kind: tranche, class of the guideline, ceiling, months, revaluation
    "civil_works": ("civil", "real_estate", "0.60", 120, 12),
    "power_cooling": ("power_cooling", "other", "0.50", 96, 12),
    "gpu_server": ("gpu", "other", "0.80", 48, 1),
    "network_storage": ("gpu", "other", "0.50", 48, 6),
    "software": ("software", "other", "0.20", 24, 12),
    "receivable": ("receivable", "receivable", "0.80", 36, 3),
    "compute_order": ("receivable", "receivable", "0.80", 36, 3),
    "deposit": ("financial", "financial", "0.95", 120, 12),
    "data_asset": ("data", "other", "0.30", 12, 3),
}


@pytest.mark.parametrize("on", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_guideline_class_ceiling_and_revaluation_of_a_kind(bundle: Bundle, on: date, kind: str) -> None:
    item = next(item for item in bundle.collateral(on).kinds if item.asset_kind.value == kind)
    assert (
        item.tranche,
        item.guideline_class,
        str(item.ltv),
        item.tenor_cap_months,
        item.revaluation_months,
    ) == (*KINDS[kind][:2], f"{KINDS[kind][2]}000000", *KINDS[kind][3:])
    assert item.revaluation_months <= 12
    margin = 12 if kind in ("gpu_server", "network_storage") else 0
    assert item.life_margin_months == margin
    assert item.ticket_cap == (yuan(10_000_000) if kind == "data_asset" else None)


@pytest.mark.parametrize("on", VERSIONS)
def test_guideline_four_classes_of_collateral(bundle: Bundle, on: date) -> None:
    assert {item.guideline_class for item in bundle.collateral(on).kinds} == {
        "financial",
        "real_estate",
        "receivable",
        "other",
    }


@pytest.mark.parametrize("on", VERSIONS)
@pytest.mark.parametrize(("kind", "months"), [("civil_works", 240), ("power_cooling", 120), ("network_storage", 72)])
def test_guideline_lives_of_plain_equipment(bundle: Bundle, on: date, kind: str, months: int) -> None:
    found = {item.asset_kind.value: item for item in bundle.collateral(on).physical}
    assert (found[kind].life_months, found[kind].salvage) == (months, Decimal("0.05"))


def accepted(policy: CollateralPolicy, rule_id: str, facts: dict[str, FactValue], moment: str) -> Outcome:
    rules = [rule for rule in policy.eligibility if rule.id == rule_id and moment in rule.applies]
    return check_rules(rules, facts).outcome


@pytest.mark.parametrize("on", VERSIONS)
@pytest.mark.parametrize(
    ("rule_id", "kinds", "fact", "bad", "good", "outcome"),
    [
        ("PROVENANCE", ("gpu_server",), "asset.provenance", ("grey", "unknown"), "licensed", Outcome.FAIL),
        ("PRIOR_RIGHT", ("gpu_server", "receivable"), "asset.encumbered", (True,), False, Outcome.FAIL),
        ("DUPLICATE_PLEDGE", ("gpu_server",), "asset.duplicate_serial", (True,), False, Outcome.FAIL),
        (
            "NOT_A_RECEIVABLE",
            ("receivable", "compute_order"),
            "contract.kind",
            ("framework",),
            "firm",
            Outcome.FAIL,
        ),
        (
            "NOT_ASSIGNABLE",
            ("receivable", "compute_order"),
            "contract.assignment_allowed",
            (False,),
            True,
            Outcome.FAIL,
        ),
        ("RELATED_DEBTOR", ("receivable", "compute_order"), "contract.buyer_related", (True,), False, Outcome.REFER),
        ("DATA_RIGHT", ("data_asset",), "data.certificate", (False,), True, Outcome.FAIL),
        ("PIPL_BLOCK", ("data_asset",), "data.personal_data", (True,), False, Outcome.FAIL),
    ],
)
def test_guideline_what_is_acceptable_collateral(
    bundle: Bundle,
    on: date,
    rule_id: str,
    kinds: tuple[str, ...],
    fact: str,
    bad: tuple[FactValue, ...],
    good: FactValue,
    outcome: Outcome,
) -> None:
    policy = bundle.collateral(on)
    for moment in ("approval", "utilisation"):
        for kind in kinds:
            for value in bad:
                assert accepted(policy, rule_id, {"asset.kind": kind, fact: value}, moment) is outcome
            assert accepted(policy, rule_id, {"asset.kind": kind, fact: good}, moment) is Outcome.PASS
            assert accepted(policy, rule_id, {"asset.kind": kind, fact: None}, moment) is Outcome.REFER
        if rule_id != "PRIOR_RIGHT":
            other: dict[str, FactValue] = {"asset.kind": "civil_works", fact: FactState.NOT_APPLICABLE}
            assert accepted(policy, rule_id, other, moment) is Outcome.PASS


@pytest.mark.parametrize("on", VERSIONS)
def test_guideline_the_waiver_of_the_room_is_due_at_the_drawing(bundle: Bundle, on: date) -> None:
    rule = next(rule for rule in bundle.collateral(on).eligibility if rule.id == "LIEN_WAIVER")
    assert [moment.value for moment in rule.applies] == ["utilisation"]


@pytest.mark.parametrize("kind", ["security.existing_real_estate", "security.data_asset"])
def test_guideline_external_appraisal(bundle: Bundle, kind: str) -> None:
    facts: dict[str, FactValue] = {
        "security.existing_real_estate": False,
        "security.data_asset": False,
        "security.external_appraisal": False,
    }
    assert judged(bundle, "COLLATERAL_APPRAISAL", facts) is Outcome.PASS
    assert judged(bundle, "COLLATERAL_APPRAISAL", {**facts, kind: True}) is Outcome.REFER
    assert judged(bundle, "COLLATERAL_APPRAISAL", {**facts, kind: True, "security.external_appraisal": True}) is (
        Outcome.PASS
    )


@pytest.mark.parametrize(
    ("rule_id", "licences", "moments", "before", "first"),
    [
        ("CC_404_STOCK_IN_TRADE", 4, ["submission", "approval"], date(2020, 12, 31), date(2021, 1, 1)),
        ("CC_405_EARLIER_LEASE", 4, ["submission", "approval"], date(2020, 12, 31), date(2021, 1, 1)),
        ("CC_388_TITLE_OF_OTHERS", 4, ["submission", "approval"], date(2020, 12, 31), date(2021, 1, 1)),
        ("COLLATERAL_APPRAISAL", 3, ["approval"], date(2017, 12, 31), date(2018, 1, 1)),
    ],
)
def test_reach_of_the_rules_of_security(
    bundle: Bundle, rule_id: str, licences: int, moments: list[str], before: date, first: date
) -> None:
    every = ("submission", "approval", "contract", "utilisation")

    def bound(on: date) -> list[str]:
        return [
            moment
            for moment in every
            for licence in ("bank", "city_bank", "rural_bank", "finance_lease")
            for rule in bundle.regulations(moment, licence, on)  # type: ignore[arg-type]
            if rule.id == rule_id
        ]

    assert bound(before) == []
    assert bound(first) == [moment for moment in moments for _ in range(licences)]


def test_m2_price_floors_and_channels_of_comparables(bundle: Bundle) -> None:
    gpu = bundle.collateral(ON).gpu
    assert {item.gpu: item.per_gpu for item in gpu.price_floors} == {
        "H100": yuan(50_000),
        "H200": yuan(50_000),
    }
    assert gpu.market is not None
    assert {item.channel: item.deviation for item in gpu.market.channels} == {
        "transaction": Decimal("0.15"),
        "auction": Decimal("0.25"),
    }


# --- enforcement ------------------------------------------------------------------------------------------------------


def divided(proceeds: str, *claims: dict[str, Any], **more: Any) -> Finding[ProceedsDivision]:
    asked = {
        "as_of": ON.isoformat(),
        "sold_by": "auction",
        "market_price": None,
        "proceeds": {"amount": proceeds},
        "costs": {"amount": "0.00"},
        "claims": claims,
    }
    request = ProceedsRequest.model_validate(asked | more)
    return divide(request, finding_id=UUID(int=1), made_at=datetime(2026, 11, 22, tzinfo=UTC))


def received(found: Finding[ProceedsDivision]) -> dict[str, str]:
    assert found.value is not None
    return {share.key: str(share.receives.amount) for share in found.value.shares}


def _paid(value: ProceedsDivision) -> Decimal:
    return sum((share.receives.amount for share in value.shares), Decimal(0))


def claim(name: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"key": name, "amount": {"amount": amount}, **more}


def test_cc_410_413_costs_then_ranks_then_the_surplus_to_the_owner() -> None:
    """100m, costs 5m: the room's lien 2m, purchase money 60m, the mortgage 20m; 13m go back to the owner."""
    found = divided(
        "100000000.00",
        claim("mortgage", "20000000.00", registered_on="2025-03-04"),
        claim("purchase", "60000000.00", registered_on="2025-03-11", purchase_money=True),
        claim("room", "2000000.00", possessory=True),
        costs={"amount": "5000000.00"},
    )
    assert found.value is not None
    assert [(share.key, share.rank, share.article) for share in found.value.shares] == [
        ("room", 1, "§456"),
        ("purchase", 2, "§416"),
        ("mortgage", 3, "§414(1)"),
    ]
    assert received(found) == {"room": "2000000.00", "purchase": "60000000.00", "mortgage": "20000000.00"}
    assert (found.value.surplus, found.value.short) == (yuan(13_000_000), yuan(0))
    assert found.outcome is Outcome.PASS


def test_cc_413_what_is_short_stays_the_debtors_and_the_unregistered_share() -> None:
    """10m left after the first; two unregistered of 10m and 20m share it one to two, to the fen."""
    found = divided(
        "30000000.00",
        claim("first", "20000000.00", registered_on="2025-03-04"),
        claim("a", "10000000.00"),
        claim("b", "20000000.00"),
    )
    assert received(found) == {"first": "20000000.00", "a": "3333333.33", "b": "6666666.67"}
    assert found.value is not None
    assert (found.value.surplus, found.value.short) == (yuan(0), yuan(20_000_000))
    assert _paid(found.value) == Decimal("30000000.00")


def test_cc_410_an_agreed_price_follows_the_market() -> None:
    one = claim("bank", "50000000.00", registered_on="2025-03-04")
    market = {"amount": "40000000.00"}
    assert divided("40000000.00", one, sold_by="agreement", market_price=market).outcome is Outcome.PASS
    below = divided("39999999.99", one, sold_by="agreement", market_price=market)
    assert (below.outcome, [item.code for item in below.reasons]) == (Outcome.REFER, ["AGREED_BELOW_MARKET"])
    unknown = divided("40000000.00", one, sold_by="agreement")
    assert [item.code for item in unknown.reasons] == ["MARKET_PRICE_UNKNOWN"]
    assert divided("39999999.99", one, sold_by="sale", market_price=market).outcome is Outcome.PASS


def test_cc_410_costs_above_the_price_leave_nothing() -> None:
    found = divided("1000.00", claim("bank", "5000.00"), costs={"amount": "2000.00"})
    assert found.value is not None
    assert (found.value.costs_paid, found.value.surplus, found.value.short) == (yuan(1000), yuan(0), yuan(5000))
