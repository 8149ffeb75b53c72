"""Version 1 of the price model is frozen: what it once concluded it concludes again, byte for byte.

The hashes were taken from the model as it stood when it alone was in force. Hashes of policy and reference data are left out:
they name the files, not the model.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.canonical import sha256_of
from domain.finding import Finding
from domain.pricing import Quote
from services.pricing.calc.price import quote
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import FTP, LPR, dated, lender

COLLATERAL = (
    requests.asset("rent", "receivable", 50_000_000, "0.80"),
    requests.asset("gpu", "gpu_server", 40_000_000, "0.50"),
)
GREEN: dict[str, Any] = {
    "green": True,
    "pue": "1.20",
    "rack_use": "0.70",
    "green_power": "0.85",
    "hub": True,
    "green_catalogue_code": True,
}


@pytest.mark.parametrize(
    ("changes", "books", "sha256"),
    [
        ({}, {}, "2fbd3d2cafe7eb5233b044b01a6d8d9960bc64e9086ec2957565b7a779260476"),
        (
            {"collateral": COLLATERAL, "relationship": "core"} | GREEN,
            {},
            "c700529e994d2f42e65e4826bb782c1e5ac09cc1b88bc88926e04d25acb61b18",
        ),
        (
            {"collateral": COLLATERAL, "tenor_months": 90},
            {"capital_method": "irb_foundation"},
            "fe4da83e0ff12c70af3aef815c543d83b7b4ea474b757a83f301af7077a25e31",
        ),
        ({"asked_spread_bps": -35}, {}, "1ab69006bdbc926f8877bc5061cd561364001eb1a309b3948d79bf7f4acf5d8f"),
        ({"pd": None}, {}, "2b3db3e403f9edcd9e7fa1dad1f42ed828e284492bb90e8d2e5ce45df2a06412"),
        ({"company_size": None}, {}, "edbaadea5d150baa2e8743b9dd0a34e19b04e6114e61c33b6209f063821b544a"),
    ],
    ids=["plain", "secured_green_core", "internal_ratings", "asked_below_floor", "no_pd", "no_size"],
)
def test_a_quote_of_model_1_never_changes(changes: dict[str, Any], books: dict[str, Any], sha256: str) -> None:
    request = requests.quote(book(), **changes).model_copy(update={"policy_sha256": "0" * 64})
    conclusion = quote(request, book(), dated("lender.nxb", lender(**books)), dated("lpr", LPR), dated("ftp", FTP))
    assert conclusion.model.version == "1"
    finding = conclusion.finding(
        request, Finding[Quote], finding_id=UUID(int=1), made_at=datetime(2026, 3, 2, tzinfo=UTC)
    )
    plain = finding.model_dump(mode="json", exclude={"id", "made_at"})
    plain["policy"]["sha256"] = ""
    for reference in plain["reference_data"]:
        reference["sha256"] = ""
    assert sha256_of(plain) == sha256
