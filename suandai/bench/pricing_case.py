"""The requests that pricing is measured on: one project loan of ten years, and a portfolio of quotes that all differ."""

import random
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import yaml

from domain.calendar import BusinessCalendar
from domain.factsheet import FactSheet, Plain
from domain.finding import ReferenceDataRef
from domain.limit import (
    CashFlowSegment,
    CollateralContribution,
    Exposures,
    GuaranteeContribution,
    InvestmentNeed,
    LimitRequest,
)
from domain.model import Value
from domain.money import yuan
from domain.pricing import QuoteFee, QuoteRequest, ScheduleRequest
from domain.rating import RatingRequest
from domain.reference import FtpCurve, LenderBooks, Lpr
from policy.engine import Bundle, load_book
from services.pricing.calc.conclusion import Dated
from suandai.walkthrough.books import BOOK
from suandai.walkthrough.files import EXAMPLES

ON = date(2026, 11, 23)
"""A fixed day, so that every run prices under the same policy and the same market."""
MONTHS = 120
_CASE = UUID("019315f0-0000-7000-8000-0000000000be")
_KINDS = ("civil_works", "power_cooling", "gpu_server", "receivable")
V = TypeVar("V", bound=Value)


@dataclass(frozen=True)
class PricingDesk:
    """Policy and reference data of the day."""

    bundle: Bundle
    lender: Dated[LenderBooks]
    lpr: Dated[Lpr]
    ftp: Dated[FtpCurve]
    calendar: Dated[BusinessCalendar]


def desk() -> PricingDesk:
    """The shipped book and the shipped reference data, as in force on the day."""
    return PricingDesk(
        load_book(BOOK),
        _standing("lenders", "lender.nxb", LenderBooks),
        _standing("lpr", "lpr", Lpr),
        _standing("ftp", "ftp", FtpCurve),
        _standing("calendar-cn-2026", "calendar.cn", BusinessCalendar),
    )


def _standing(file: str, series: str, shape: type[V]) -> Dated[V]:
    vintages: list[dict[str, Any]] = yaml.safe_load((EXAMPLES / "reference-data" / f"{file}.yaml").read_text("utf-8"))
    begun = [item for item in vintages if item["id"] == series and str(item["effective_from"]) <= ON.isoformat()]
    latest = max(begun, key=lambda item: str(item["effective_from"]))
    ref = ReferenceDataRef(id=series, vintage=latest["vintage"], sha256="0" * 64)
    return Dated(shape.model_validate(latest["body"]), ref)


def _case(bundle: Bundle) -> dict[str, Any]:
    return {
        "case_id": _CASE,
        "policy_sha256": bundle.sha256,
        "product": "nxb_project_loan",
        "lender_id": "nxb",
        "as_of": ON,
    }


def rating_request(bundle: Bundle) -> RatingRequest:
    """A compute operator of class A."""
    facts: dict[str, Plain | int | None] = {
        "tech.installed_pflops": 120,
        "tech.utilisation": Decimal("0.72"),
        "tech.efficiency_ratio": Decimal("1.05"),
        "project.pue": Decimal("1.22"),
        "team.research_staff_share": Decimal("0.45"),
        "team.masters_share": Decimal("0.30"),
        "team.core_tenure_years": Decimal("3.5"),
        "team.recognised_talent": 2,
        "research.intensity": Decimal("0.12"),
        "research.growth_3y": Decimal("0.15"),
        "research.capitalisation_rate": Decimal("0.30"),
        "ip.invention_patents": 8,
        "ip.software_copyrights": 12,
        "ip.litigation": False,
        "ip.standards_or_awards": 1,
        "market.backlog_cover": Decimal("1.2"),
        "market.offtaker_tier": "tier_1",
        "market.top_buyer_share": Decimal("0.45"),
        "finance.runway_months": 14,
        "finance.debt_service_cover": Decimal("1.35"),
        "finance.leverage": Decimal("0.55"),
        "borrower.blacklisted": False,
        "borrower.fraud_flag": False,
        "asset.provenance": "official_cn",
    }
    return RatingRequest(**_case(bundle), facts=FactSheet.of(facts))


def limit_request(bundle: Bundle) -> LimitRequest:
    """A project of 350m with contracts over its whole tenor, four kinds of assets and a guarantor."""
    return LimitRequest(
        **_case(bundle),
        asked=yuan(280_000_000),
        tenor_months=MONTHS,
        long_cycle_evidence=False,
        need=InvestmentNeed(
            headline_investment=yuan(350_000_000),
            uses_total=yuan(350_000_000),
            sources_total=yuan(350_000_000),
            eligible_capital=yuan(70_000_000),
            paid_in_capital=yuan(70_000_000),
        ),
        card_class="A",
        limit_multiplier=Decimal(1),
        cash_flows=(
            CashFlowSegment(from_month=1, to_month=60, revenue=yuan(8_000_000), cost=yuan(2_000_000)),
            CashFlowSegment(from_month=61, to_month=MONTHS, revenue=yuan(6_000_000), cost=yuan(2_500_000)),
        ),
        collateral=tuple(_asset(kind, Decimal(80_000_000)) for kind in _KINDS),
        guarantees=(
            GuaranteeContribution(
                party_key="guarantor",
                amount=yuan(120_000_000),
                share=Decimal(1),
                valid=True,
                guarantor_net_assets=yuan(310_000_000),
                guarantees_given=yuan(40_000_000),
            ),
        ),
        exposures=Exposures(
            customer_loans=yuan(0),
            customer_exposure=yuan(0),
            group_exposure=yuan(0),
            net_capital=yuan(30_000_000_000),
            tier1_capital=yuan(25_000_000_000),
        ),
    )


def quote_request(bundle: Bundle) -> QuoteRequest:
    """The price of that limit, with a fee the borrower pays."""
    return QuoteRequest(
        **_case(bundle),
        amount=yuan(280_000_000),
        tenor_months=MONTHS,
        pd=Decimal("0.00614325"),
        grade="R5",
        collateral=tuple(_asset(kind, Decimal(80_000_000)) for kind in _KINDS),
        green=True,
        pue=Decimal("1.20"),
        rack_use=Decimal("0.70"),
        hub=True,
        green_power=Decimal("0.85"),
        green_catalogue_code=True,
        fees=(QuoteFee(name="担保费", amount=yuan(1_200_000), payer="borrower"),),
        project_phase="none",
        retail_eligible=False,
        investment_grade=False,
        company_size="large",
    )


def schedule_request(bundle: Bundle, method: str = "annuity") -> ScheduleRequest:
    """Its repayment in 120 monthly instalments, drawn on a 21st."""
    return ScheduleRequest.model_validate(
        _case(bundle)
        | {
            "principal": yuan(280_000_000),
            "annual_rate": Decimal("0.0465"),
            "drawn_on": date(2026, 11, 21),
            "tenor_months": MONTHS,
            "method": method,
            "frequency": "monthly",
        }
    )


def portfolio(bundle: Bundle, count: int) -> list[QuoteRequest]:
    """``count`` quotes that differ in amount, tenor, PD, collateral, fees and what was asked for."""
    chance, plain = random.Random(20261123), quote_request(bundle)  # noqa: S311
    found = []
    for _ in range(count):
        amount = Decimal(chance.randrange(100_000_000, 50_000_000_000)) / 100
        found.append(
            plain.model_copy(
                update={
                    "amount": yuan(amount),
                    "tenor_months": chance.randrange(6, 181),
                    "pd": Decimal(chance.randrange(50_000, 12_000_000)).scaleb(-8),
                    "collateral": tuple(
                        _asset(kind, (amount * chance.randrange(0, 120) / 100).quantize(Decimal("0.01")))
                        for kind in chance.sample(_KINDS, 2)
                    ),
                    "fees": (QuoteFee(name="费", amount=yuan(chance.randrange(0, 900_000)), payer="borrower"),),
                    "asked_spread_bps": chance.choice((None, None, chance.randrange(20, 300))),
                    "relationship": chance.choice((None, "core", "strategic")),
                    "green": chance.random() < 0.3,
                }
            )
        )
    return found


def _asset(kind: str, value: Decimal) -> CollateralContribution:
    return CollateralContribution.model_validate(
        {
            "asset_key": kind,
            "kind": kind,
            "lending_value": yuan(value),
            "ltv": "0.60",
            "eligible": True,
            "finding_sha256": "c" * 64,
        }
    )
