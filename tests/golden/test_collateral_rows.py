"""Rows of the domain paper and of the corrections that a valuation must reproduce, by row id."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from domain.collateral import Valuation, ValuationRequest
from domain.finding import Outcome
from domain.money import Money, yuan
from policy.engine import Bundle
from services.collateral.calc.conclusion import Conclusion
from services.collateral.calc.valuation import conclude

ON = date(2025, 3, 1)


def concluded(bundle: Bundle, subject: dict[str, Any], **changes: Any) -> Conclusion:
    body: dict[str, Any] = {
        "case_id": uuid4(),
        "policy_sha256": bundle.sha256,
        "product": "jsb_fa",
        "lender_id": "jsb",
        "as_of": ON,
        "asset_key": "asset",
        "subject": subject,
        "encumbered": False,
        "exists": True,
        "colocated": False,
        "duplicate_serial": False,
    }
    return conclude(ValuationRequest.model_validate(body | changes), bundle.collateral(ON), 90)


def credit(value: Valuation) -> Money:
    return value.lending_value.times(value.ltv)


def works(kind: str, cost: int) -> dict[str, Any]:
    return {
        "kind": "physical",
        "asset_kind": kind,
        "cost": {"amount": str(cost)},
        "age_months": 0,
        "useful_life_months": None,
    }


def software(cost: int) -> dict[str, Any]:
    return {
        "kind": "intangible",
        "asset_kind": "software",
        "cost": {"amount": str(cost)},
        "certificate": None,
        "personal_data": None,
    }


def server(**changes: Any) -> dict[str, Any]:
    economics: dict[str, Any] = {
        "rent_per_gpu_hour": "12",
        "occupancy": "0.75",
        "server_kw": "8",
        "tariff_per_kwh": "0.55",
        "pue": "1.25",
        "rack_per_month": {"amount": "6000"},
        "maintenance_rate": "0.03",
        "sla_per_month": {"amount": "0"},
    }
    subject: dict[str, Any] = {
        "model": "8xH100",
        "gpu_type": "H100",
        "gpus_per_server": 8,
        "servers": 1,
        "condition": "new",
        "provenance": "official_cn",
        "age_months": 0,
        "replacement_cost_new": {"amount": "2000000"},
        "economics": economics | changes.pop("economics", {}),
    }
    return {"kind": "gpu_cohort"} | subject | changes


def order(**changes: Any) -> dict[str, Any]:
    subject: dict[str, Any] = {
        "kind": "receivable",
        "asset_kind": "compute_order",
        "amount": {"amount": "10000000"},
        "advance_received": {"amount": "0"},
        "retention": {"amount": "0"},
        "collected": {"amount": "0"},
        "firm": True,
        "buyer_tier": "tier_1",
        "buyer_related": False,
        "assignment_allowed": True,
    }
    return subject | changes


def test_row_3_8_tenors_by_asset_class(bundle: Bundle) -> None:
    """Civil 120, power 96, a new GPU server 48, software 24 months, whatever the product allows."""
    tenors = [
        concluded(bundle, subject).value.tenor_cap_months
        for subject in (works("civil_works", 30), works("power_cooling", 10), server(), software(5))
    ]
    assert tenors == [120, 96, 48, 24]


def test_row_3_8_a_servers_tenor_ends_a_year_before_its_life(bundle: Bundle) -> None:
    """Remaining life − 12 months, at most 48: two years old leaves 24."""
    assert concluded(bundle, server(age_months=24)).value.tenor_cap_months == 24


@pytest.mark.parametrize(
    ("subject", "carries"),
    [
        (works("civil_works", 60_000_000), "36000000.00"),
        (works("power_cooling", 50_000_000), "25000000.00"),
        (software(20_000_000), "4000000.00"),
    ],
)
def test_corrections_6_what_the_tranches_carry(bundle: Bundle, subject: dict[str, Any], carries: str) -> None:
    assert credit(concluded(bundle, subject).value) == yuan(carries)


def test_corrections_6_second_rank_carries_nothing_until_counsel_decides(bundle: Bundle) -> None:
    conclusion = concluded(bundle, server(), encumbered=True)
    assert (conclusion.outcome, credit(conclusion.value)) == (Outcome.REFER, yuan(0))


def test_row_a4_eighty_percent_of_a_firm_order(bundle: Bundle) -> None:
    """Contract 10.00m of a listed buyer: 8.00m."""
    assert credit(concluded(bundle, order()).value) == yuan("8000000.00")


def test_row_a4_corrected_advances_and_retention_reduce_the_base(bundle: Bundle) -> None:
    subject = order(advance_received={"amount": "2000000"}, retention={"amount": "500000"})
    assert credit(concluded(bundle, subject).value) == yuan("6000000.00")


@pytest.mark.parametrize("fact", [{"firm": False}, {"buyer_related": True}])
def test_rows_r5_r9_frameworks_and_related_buyers_count_nothing(bundle: Bundle, fact: dict[str, Any]) -> None:
    assert credit(concluded(bundle, order(**fact)).value) == yuan(0)


@pytest.mark.parametrize(("certificate", "carries"), [(True, "1050000.00"), (False, "0.00")])
def test_row_a5_thirty_percent_of_a_certified_data_asset(bundle: Bundle, certificate: bool, carries: str) -> None:
    """Value 3.50m → 1.05m; without a certificate nothing."""
    subject = software(3_500_000) | {"asset_kind": "data_asset", "certificate": certificate, "personal_data": False}
    assert credit(concluded(bundle, subject).value) == yuan(carries)


def test_row_4_3_unconsented_personal_data_shuts_the_gate(bundle: Bundle) -> None:
    subject = software(3_500_000) | {"asset_kind": "data_asset", "certificate": True, "personal_data": True}
    conclusion = concluded(bundle, subject)
    assert credit(conclusion.value) == yuan(0)
    assert "PIPL_BLOCK" in {reason.code for reason in conclusion.reasons}


def test_row_e4_a_missing_sla_line_is_an_incomplete_cost_stack(bundle: Bundle) -> None:
    conclusion = concluded(bundle, server(economics={"sla_per_month": None}))
    assert ("INCOMPLETE_COST_STACK", "sla_per_month") in {(item.code, item.subject) for item in conclusion.reasons}
    assert conclusion.value.reconciled_value is None


@pytest.mark.parametrize("provenance", ["grey", "unknown"])
def test_row_3_4_grey_goods_carry_nothing(bundle: Bundle, provenance: str) -> None:
    conclusion = concluded(bundle, server(provenance=provenance))
    assert (conclusion.value.eligible, credit(conclusion.value)) == (False, yuan(0))


def test_row_3_5_reconciliation_lends_on_the_lower(bundle: Bundle) -> None:
    """Weights .2/.4/.4 without the market are 1/3 and 2/3; G-GPU-1 lends on the merchant income of 946,802.76."""
    value = concluded(bundle, server()).value
    weights = {item.name: item.weight for item in value.approaches}
    assert weights == {"cost": Decimal("0.33333333"), "income": Decimal("0.66666667"), "market": Decimal(0)}
    assert value.lending_value == yuan("946802.76")


def test_row_3_5_liquidation_haircuts(bundle: Bundle) -> None:
    """Orderly 15 %; forced 40 % and 5 % of cost."""
    value = concluded(bundle, server()).value
    assert value.orderly_liquidation == yuan("804782.34")
    assert value.forced_liquidation == yuan("539677.57")
