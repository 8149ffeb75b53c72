"""The sections that only single scorecards ask for, under the names of policy (``policy/book/vocabulary/evaluation.yaml``)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from domain.application import ApplicationContent
from domain.facts import Absent, Known

_ADAS: Final = (
    "position",
    "component_qualification",
    "functional_safety",
    "quality_system",
    "data_compliance",
    "design_wins",
    "production_stage",
    "open_safety_recall",
)
_FOUNDER: Final = (
    "certificate",
    "linked_to_borrower",
    "dishonest_debtor",
    "degree",
    "domain_years",
    "products_led",
    "equity_share",
    "full_time",
    "lock_in_months",
)
"""Levels, figures and flags only: neither name nor certificate number leaves the file."""

EVALUATION_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "offering.technology_barrier": ("offering", "technology_barrier"),
    "offering.maturity": ("offering", "maturity"),
    "market.share": ("offering", "market_share"),
    "market.paying_customers": ("offering", "paying_customers"),
    **{f"adas.{name}": ("assisted_driving", name) for name in _ADAS},
    **{f"founder.{name}": ("founder", name) for name in _FOUNDER},
}
"""Fact of policy → section and field of the application."""


def evaluation_facts(content: ApplicationContent) -> Iterator[tuple[str, Known[Any] | Absent | None]]:
    """What the sections an application has say, by fact; nothing of sections it does not have."""
    for name, (section, field) in EVALUATION_FIELDS.items():
        given = getattr(content, section)
        if given is not None:
            yield name, getattr(given, field)
