"""Borrowers of the cards of the book, and which way each of their figures gets better: stated here, not read from a card."""

from decimal import Decimal
from typing import Any

_LISTS: dict[str, Any] = {"borrower.blacklisted": False, "borrower.fraud_flag": False}

JIANGSU: dict[str, Any] = _LISTS | {
    "borrower.segment": "compute_operator",
    "borrower.life_stage": "growth",
    "tech.installed_pflops": Decimal(120),
    "tech.utilisation": Decimal("0.45"),
    "tech.efficiency_ratio": Decimal("1.05"),
    "project.pue": Decimal("1.28"),
    "team.research_staff_share": Decimal("0.44"),
    "team.masters_share": Decimal("0.31"),
    "team.core_tenure_years": Decimal("3.5"),
    "team.recognised_talent": 0,
    "research.intensity": Decimal("0.14"),
    "research.growth_3y": Decimal("0.12"),
    "research.capitalisation_rate": Decimal("0.35"),
    "ip.invention_patents": 8,
    "ip.software_copyrights": 14,
    "ip.litigation": False,
    "ip.standards_or_awards": 1,
    "market.backlog_cover": Decimal("0.7"),
    "market.offtaker_tier": "tier_1",
    "market.top_buyer_share": Decimal("0.42"),
    "finance.runway_months": 14,
    "finance.debt_service_cover": Decimal("1.2"),
    "finance.leverage": Decimal("0.62"),
    "asset.provenance": "official_cn",
}
"""The worked case of domain paper §5.1: 78 points."""

SHUNDE: dict[str, Any] = _LISTS | {
    "borrower.life_stage": "growth",
    "offering.technology_barrier": "leading_domestic",
    "market.share": Decimal("0.06"),
    "offering.maturity": "mass_sale",
    "market.paying_customers": 3,
    "research.intensity": Decimal("0.12"),
    "team.research_staff_share": Decimal("0.15"),
    "research.equipment_value": Decimal("2400000.00"),
    "ip.invention_patents": 2,
    "growth.revenue_3y": Decimal("0.25"),
    "finance.gross_margin": Decimal("0.22"),
    "finance.operating_cash_margin": Decimal("0.03"),
    "market.backlog_cover": Decimal("0.8"),
}
"""The worked case of domain paper §5.2: 28 + 21 + 21."""

ADAS: dict[str, Any] = _LISTS | {
    "adas.position": "chip",
    "adas.component_qualification": "qualified",
    "adas.functional_safety": "asil_b",
    "adas.quality_system": "certified",
    "adas.data_compliance": True,
    "adas.open_safety_recall": False,
    "adas.design_wins": 4,
    "adas.production_stage": "series",
    "market.offtaker_tier": "tier_1",
    "research.intensity": Decimal("0.22"),
    "team.research_staff_share": Decimal("0.61"),
    "ip.invention_patents": 12,
    "ip.litigation": False,
    "market.backlog_cover": Decimal("1.4"),
    "market.top_buyer_share": Decimal("0.5"),
    "finance.runway_months": 18,
    "finance.gross_margin": Decimal("0.31"),
    "finance.leverage": Decimal("0.58"),
}

FOUNDER: dict[str, Any] = _LISTS | {
    "borrower.life_stage": "start_up",
    "founder.certificate": "provincial",
    "founder.linked_to_borrower": True,
    "founder.dishonest_debtor": False,
    "founder.degree": "master",
    "founder.domain_years": Decimal("7.5"),
    "founder.products_led": 1,
    "founder.equity_share": Decimal("0.46"),
    "founder.full_time": True,
    "founder.lock_in_months": 24,
    "ip.invention_patents": 1,
    "offering.maturity": "pilot",
    "ip.litigation": False,
    "finance.equity_raised": Decimal("6000000.00"),
    "finance.runway_months": 9,
    "market.backlog_cover": Decimal("0.6"),
}

MORE_IS_BETTER = frozenset(
    {
        "adas.data_compliance",
        "adas.design_wins",
        "finance.debt_service_cover",
        "finance.equity_raised",
        "finance.gross_margin",
        "finance.operating_cash_margin",
        "finance.runway_months",
        "founder.domain_years",
        "founder.equity_share",
        "founder.full_time",
        "founder.lock_in_months",
        "founder.products_led",
        "growth.revenue_3y",
        "ip.invention_patents",
        "ip.software_copyrights",
        "ip.standards_or_awards",
        "market.backlog_cover",
        "market.paying_customers",
        "market.share",
        "research.equipment_value",
        "research.growth_3y",
        "research.intensity",
        "team.core_tenure_years",
        "team.masters_share",
        "team.recognised_talent",
        "team.research_staff_share",
        "tech.efficiency_ratio",
        "tech.installed_pflops",
        "tech.utilisation",
    }
)
LESS_IS_BETTER = frozenset(
    {
        "finance.leverage",
        "ip.litigation",
        "market.top_buyer_share",
        "project.pue",
        "research.capitalisation_rate",
    }
)
FROM_THE_WORST = {
    "adas.component_qualification": ("none", "in_testing", "qualified"),
    "adas.functional_safety": ("none", "process_certified", "asil_b", "asil_d"),
    "adas.production_stage": ("concept", "a_sample", "b_sample", "c_sample", "series"),
    "adas.quality_system": ("none", "letter_of_conformance", "certified"),
    "founder.certificate": ("none", "municipal", "provincial", "national"),
    "founder.degree": ("below_bachelor", "bachelor", "master", "doctor"),
    "market.offtaker_tier": ("unrated", "tier_3", "tier_2", "tier_1"),
    "offering.maturity": ("concept", "prototype", "pilot", "mass_sale"),
    "offering.technology_barrier": ("none", "industry_level", "leading_domestic", "leading_international"),
}
