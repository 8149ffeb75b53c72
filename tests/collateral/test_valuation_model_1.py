"""Model 1 of the valuation is frozen: what it once concluded it concludes again, byte for byte.

The hashes were taken while it alone was in force.
"""

from typing import Any

import pytest

from domain.canonical import sha256_of
from services.collateral.calc.valuation import conclude, model
from tests.collateral.conftest import book
from tests.collateral.requests import AS_OF, ECONOMICS, cohort, request

POLICY = book().collateral(AS_OF)
NEWEST = {"price": {"amount": "2400000"}, "throughput_ratio": "2", "server_kw": "10"}
WORN = {"condition": "used", "historic_utilisation": "0.9", "unrepaired_fault_cost": {"amount": "15000"}}


@pytest.mark.parametrize(
    ("subject", "sha256"),
    [
        (cohort(), "0077253b0e9bfa9b99ec70d16b14e6ad0e02c7aee6d0d6292ad00eb908c76b34"),
        (
            cohort(servers=1250, age_months=30, **WORN),
            "b29a3d185962eb4cfdfe6607a60f5aec68cdd58428483916508ba044e7e50b88",
        ),
        (
            cohort(modern_equivalent=NEWEST, economics=ECONOMICS | {"rent_per_gpu_hour": "17.5"}),
            "0939f34f42b3b19a189acb8218a22396545b47172915d26e7d52379cf17174ef",
        ),
        (
            cohort(economics=ECONOMICS | {"sla_per_month": None}),
            "c6549d729f28e69af6373b05594efedda9182b9fc41a716ff6a7cb2d4cc0f61b",
        ),
        (
            cohort(age_months=58, economics=ECONOMICS | {"occupancy": "0.31"}),
            "4ddeb8c05f778970bed3982749fb6b39ec707d87d9f8744369df4aa377913e87",
        ),
        (
            cohort(economics=None, provenance="grey"),
            "0d71189dcd0dd250fbd748107fa4bca281d17a7bf13b5cbf8c522c15682be6a7",
        ),
    ],
)
def test_what_was_concluded_is_concluded_again(subject: dict[str, Any], sha256: str) -> None:
    asked = request(subject)
    found = conclude(asked, POLICY, 90)
    concluded = {
        "outcome": found.outcome.value,
        "value": found.value.model_dump(mode="json"),
        "reasons": [item.model_dump(mode="json") for item in found.reasons],
        "trace": [item.model_dump(mode="json") for item in found.trace],
    }
    assert sha256_of(concluded) == sha256
    assert model(asked.subject, POLICY).version == "1.0.0"


def test_a_request_of_the_first_model_keeps_its_bytes() -> None:
    """Fields that the second model added are not in the hash of what never had them."""
    subject = request().model_dump(mode="json")["subject"]
    assert not {"memory_gb", "form_factor", "warranty_months", "fabric", "decommissioning"} & set(subject)
