"""Version 1 of the schedule model, frozen: cases refer to its findings, and those must recompute to the same bytes."""

from datetime import date
from itertools import product
from typing import Any

from domain.canonical import sha256_of
from domain.money import yuan
from services.pricing.calc.schedule import repayment_plan
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import CALENDAR, dated

FROZEN = "e97d2597950b7e9b185a19977e9680270166ea6dc848b7ec6f39e157a1513720"
"""Of inputs (without the policy's hash), model, outcome, value, reasons and trace of the 384 plans below, taken from the
code of version 1 before version 2 was written.
"""

TERMS = tuple(
    product(
        ("annuity", "equal_principal", "bullet"),
        ("monthly", "quarterly"),
        ("act_360", "thirty_360"),
        (0, 5),
        (("10000000", "0.036"), ("55600000.01", "0.0415"), ("0.07", "0.24"), ("280000000", "0")),
        ((date(2026, 3, 21), 36), (date(2026, 3, 2), 12), (date(2026, 1, 31), 7), (date(2024, 2, 29), 120)),
    )
)


def test_what_version_1_concluded_is_concluded_to_the_byte() -> None:
    said: list[dict[str, Any]] = []
    for method, frequency, day_count, grace, (principal, rate), (drawn_on, tenor) in TERMS:
        request = requests.schedule(
            book(),
            principal=yuan(principal),
            annual_rate=rate,
            drawn_on=drawn_on,
            tenor_months=tenor,
            method=method,
            frequency=frequency,
            day_count=day_count,
            grace_months=grace,
        )
        found = repayment_plan(request, book(), dated("calendar.cn", CALENDAR))
        assert found.value is not None
        said.append(
            {
                "inputs": {k: v for k, v in request.model_dump(mode="json").items() if k != "policy_sha256"},
                "model": found.model.model_dump(mode="json"),
                "outcome": found.outcome.value,
                "value": found.value.model_dump(mode="json"),
                "reasons": [reason.model_dump(mode="json") for reason in found.reasons],
                "trace": [step.model_dump(mode="json") for step in found.trace],
            }
        )
    assert len(said) == 384
    assert sha256_of(said) == FROZEN
