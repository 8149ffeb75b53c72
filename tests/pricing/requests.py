"""Requests of an ordinary case, to be changed by each test."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.factsheet import FactSheet
from domain.limit import (
    CashFlowSegment,
    CollateralContribution,
    Exposures,
    GuaranteeContribution,
    InvestmentNeed,
    LimitRequest,
)
from domain.money import yuan
from domain.pricing import QuoteRequest, ScheduleRequest
from domain.rating import RatingRequest
from policy.engine import Bundle

CASE = UUID("019315f0-0000-7000-8000-000000000001")
AS_OF = date(2026, 3, 2)

FACTS: dict[str, Any] = {
    "tech.installed_pflops": 120,
    "tech.utilisation": "0.72",
    "tech.efficiency_ratio": "1.05",
    "project.pue": "1.22",
    "team.research_staff_share": "0.45",
    "team.masters_share": "0.30",
    "team.core_tenure_years": "3.5",
    "team.recognised_talent": 2,
    "research.intensity": "0.12",
    "research.growth_3y": "0.15",
    "research.capitalisation_rate": "0.30",
    "ip.invention_patents": 8,
    "ip.software_copyrights": 12,
    "ip.litigation": False,
    "ip.standards_or_awards": 1,
    "market.backlog_cover": "1.2",
    "market.offtaker_tier": "tier_1",
    "market.top_buyer_share": "0.45",
    "finance.runway_months": 14,
    "finance.debt_service_cover": "1.35",
    "finance.leverage": "0.55",
    "borrower.blacklisted": False,
    "borrower.fraud_flag": False,
    "asset.provenance": "official_cn",
}
"""Facts of a class A compute operator."""


def facts(**changes: Any) -> FactSheet:
    merged = FACTS | {name.replace("__", "."): value for name, value in changes.items()}
    numbers = {"tech", "project", "team", "research", "market", "finance"}
    read = {
        name: Decimal(value)
        if isinstance(value, str) and name.split(".")[0] in numbers and value[0].isdigit()
        else value
        for name, value in merged.items()
    }
    return FactSheet.of(read)


def common(bundle: Bundle, product: str = "nxb_project_loan", lender_id: str = "nxb") -> dict[str, Any]:
    return {
        "case_id": CASE,
        "policy_sha256": bundle.sha256,
        "product": product,
        "lender_id": lender_id,
        "as_of": AS_OF,
    }


def rating(bundle: Bundle, sheet: FactSheet | None = None, **changes: Any) -> RatingRequest:
    return RatingRequest.model_validate(common(bundle) | {"facts": sheet or facts()} | changes)


def exposures(**changes: Any) -> Exposures:
    values: dict[str, Any] = {
        "customer_loans": yuan(0),
        "customer_exposure": yuan(0),
        "group_exposure": yuan(0),
        "net_capital": yuan(30_000_000_000),
        "tier1_capital": yuan(25_000_000_000),
    }
    return Exposures.model_validate(values | changes)


def asset(key: str, kind: str, value: Any, ltv: str, *, eligible: bool = True) -> CollateralContribution:
    return CollateralContribution(
        asset_key=key,
        kind=kind,  # type: ignore[arg-type]
        lending_value=yuan(value),
        ltv=ltv,  # type: ignore[arg-type]
        eligible=eligible,
        finding_sha256="c" * 64,
    )


def guarantee(amount: Any, *, valid: bool | None = True, share: str = "1") -> GuaranteeContribution:
    return GuaranteeContribution(party_key="parent", amount=yuan(amount), share=share, valid=valid)  # type: ignore[arg-type]


def limit(bundle: Bundle, **changes: Any) -> LimitRequest:
    """A project of 100m with ample cash flow, collateral and capital: 80m is what it may borrow."""
    values: dict[str, Any] = {
        "asked": yuan(80_000_000),
        "tenor_months": 96,
        "long_cycle_evidence": False,
        "need": InvestmentNeed(
            headline_investment=yuan(100_000_000),
            uses_total=yuan(100_000_000),
            sources_total=yuan(100_000_000),
            eligible_capital=yuan(20_000_000),
            paid_in_capital=yuan(20_000_000),
        ),
        "card_class": "A",
        "limit_multiplier": "1",
        "cash_flows": (CashFlowSegment(from_month=1, to_month=120, revenue=yuan(3_000_000), cost=yuan(500_000)),),
        "collateral": (asset("building", "civil_works", 60_000_000, "0.60"),),
        "guarantees": (guarantee(60_000_000),),
        "exposures": exposures(),
    }
    return LimitRequest.model_validate(common(bundle) | values | changes)


def quote(bundle: Bundle, **changes: Any) -> QuoteRequest:
    values: dict[str, Any] = {
        "amount": yuan(100_000_000),
        "tenor_months": 36,
        "pd": "0.0100",
        "grade": "R6",
        "collateral": (),
        "green": False,
        "company_size": "large",
        "project_phase": "none",
        "retail_eligible": False,
        "investment_grade": False,
    }
    return QuoteRequest.model_validate(common(bundle) | values | changes)


def schedule(bundle: Bundle, **changes: Any) -> ScheduleRequest:
    values: dict[str, Any] = {
        "principal": yuan(10_000_000),
        "annual_rate": "0.036",
        "drawn_on": date(2026, 3, 21),
        "tenor_months": 36,
        "method": "annuity",
        "frequency": "monthly",
    }
    return ScheduleRequest.model_validate(common(bundle) | values | changes)
