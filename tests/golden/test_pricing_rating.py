"""Domain paper §5.1 (worked case), §5.3 (textbook scaling), seed row E1."""

from decimal import Decimal
from typing import Any

import pytest

from domain.finding import Outcome
from domain.rating import Rating
from services.pricing.calc.conclusion import Conclusion
from services.pricing.calc.rating import rate
from tests.pricing import requests
from tests.pricing.conftest import book

WORKED: dict[str, Any] = {
    "tech__installed_pflops": "100",
    "tech__utilisation": "0.60",
    "tech__efficiency_ratio": "0.90",
    "project__pue": "1.28",
    "team__recognised_talent": 0,
    "research__intensity": "0.15",
    "research__growth_3y": "0.15",
    "research__capitalisation_rate": "0.40",
    "market__backlog_cover": "1.1",
    "market__offtaker_tier": "tier_3",
    "finance__runway_months": "12",
    "finance__debt_service_cover": "1.2",
    "finance__leverage": "0.60",
}
"""Sub-scores 24.0, 12.0, 11.6, 11.4, 12.0 and 7.0."""


def rated(**changes: Any) -> Conclusion[Rating]:
    return rate(requests.rating(book(), requests.facts(**(WORKED | changes))), book())


def test_worked_case_scores_78_and_is_class_a() -> None:
    conclusion = rated()
    assert conclusion.value is not None
    assert {item.factor: item.points for item in conclusion.value.factors} == {
        "compute": Decimal("24.0"),
        "team": Decimal("12.0"),
        "research": Decimal("11.6"),
        "intellectual_property": Decimal("11.4"),
        "market": Decimal("12.0"),
        "finance": Decimal("7.0"),
    }
    assert conclusion.value.card_score == 78
    assert conclusion.value.card_class == "A"
    assert conclusion.value.scaled_score == 636
    assert conclusion.value.limit_multiplier == 1
    assert conclusion.outcome is Outcome.PASS


def test_the_same_firm_with_grey_gpus_is_class_c() -> None:
    conclusion = rated(asset__provenance="grey")
    assert conclusion.value is not None
    assert conclusion.value.card_class == "C"
    assert conclusion.value.limit_multiplier == Decimal("0.30")
    assert conclusion.outcome is Outcome.REFER
    assert {"KO_GREY_GPU", "SECURED_ONLY"} <= {reason.code for reason in conclusion.reasons}


@pytest.mark.parametrize(
    ("score", "pd"), [(560, "0.074074"), (580, "0.038462"), (600, "0.019608"), (620, "0.009901"), (640, "0.004975")]
)
def test_scaled_score_to_probability(score: int, pd: str) -> None:
    scale = book().rating_scale("master_scale", requests.AS_OF)
    assert scale.pd_of(Decimal(score)).quantize(Decimal("0.000001")) == Decimal(pd)


def test_card_maps_to_the_scale_and_grade() -> None:
    conclusion = rated()
    assert conclusion.value is not None
    # S = 636: the odds are 50 × 2^(36 ÷ 20).
    assert abs(conclusion.value.pd - 1 / (1 + 50 * Decimal(2) ** Decimal("1.8"))) <= Decimal("5e-9")
    assert conclusion.value.grade == "R5"
