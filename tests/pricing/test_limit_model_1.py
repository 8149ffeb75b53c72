"""Version 1 of the limit model is frozen: what it once concluded it concludes again, byte for byte.

The hashes were taken from the model as it stood when it alone was in force. Hashes of policy and reference data are left out:
they name the files, not the model.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.canonical import sha256_of
from domain.finding import Finding
from domain.limit import CashFlowSegment, Limit, LimitRequest
from domain.money import yuan
from policy.engine import Bundle
from policy.engine.rules import RegulationFile
from services.pricing.calc.limit import limit
from tests.golden.test_pricing_limit import TestProjectThatLooksLikeEightyPerCent as Project
from tests.golden.test_pricing_limit import order, wc_request, working_capital
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import LPR, dated, lender

REGULATIONS = {
    "drawing_rules",
    "finance_lease_ratios",
    "intake_rules",
    "large_exposures",
    "loan_measures_2024",
    "related_parties",
}
LOSS_AT_THE_END = (
    CashFlowSegment(from_month=1, to_month=48, revenue=yuan(3_000_000), cost=yuan(500_000)),
    CashFlowSegment(from_month=49, to_month=60, revenue=yuan(0), cost=yuan(400_000)),
)

CASES: dict[str, tuple[LimitRequest, str]] = {
    "plain": (requests.limit(book()), "b2a174cbf567c557e840df41f864cf1a693dd1e58b2073c2033b49d9cf431b50"),
    "short_of_collateral": (Project().request(), "69176be1dbe1d44fa3a7bcf2ae18e1747a5c72b17e79aee19362c23be09613e5"),
    "guaranteed": (
        Project().request(guarantees=(requests.guarantee(127_400_000),)),
        "db655a326dedc3aff4694bb56bc809756fe8e1128ce52751bcb64fd96a03f17c",
    ),
    "quota_of_what_is_asked": (
        Project().request(card_class="A", limit_multiplier="1"),
        "55a912b20629ff4aaf0e14a05a6bd313d53fea96f91a239d17c17d0ad9d7d83e",
    ),
    "price_asked": (
        requests.limit(book(), asked_spread_bps=85, asked_lpr_tenor="5Y", tenor_months=48),
        "2df90c31bc90a72f29bef2f7232f23a3ebeaccaec21a06db442231ec18d2e07e",
    ),
    "loss_at_the_end": (
        requests.limit(book(), cash_flows=LOSS_AT_THE_END, tenor_months=60),
        "8b59b9bb29ead3356f9dfabb6bb0f3afa8118a522609fee222c8705fd4603a9d",
    ),
    "working_capital": (
        wc_request(working_capital()),
        "bcc668a1bd9f00185db66e46e07d38161aa1e1933cdc18fdeb4eaef463b1471d",
    ),
    "new_firm": (
        wc_request(working_capital(revenue=yuan(0)), annual_revenue=yuan(0)),
        "3d6dec39727ab263e8ba6ee3d25376e8b08845db0ff930bab39b4c7fb3d8ae1e",
    ),
    "no_cost_of_sales": (
        wc_request(working_capital(cost_of_sales=yuan(0))),
        "9f943e967942bf570ecab94d3d656e55971c4281305254a4e9880face616ca0c",
    ),
    "order": (
        order(advance_received=yuan(3_000_000)),
        "9cd512cda2dad185014869725576886eb968bcce523790f1832197828190da57",
    ),
    "nothing_known": (
        requests.limit(book(), cash_flows=None, card_class=None, limit_multiplier=None),
        "f1e5ada0f48cc28ddc84ae5015e304192e69373cbf411d8e158f613bc6a96a60",
    ),
    "less_than_a_step": (
        requests.limit(book(), asked=yuan(9_999)),
        "8f5a2201b9746152fe171701e3cc172e58bf612afdd5f61b56a20eeb5a61ef0a",
    ),
}


@pytest.mark.parametrize(("request_", "sha256"), CASES.values(), ids=CASES)
def test_a_limit_of_model_1_never_changes(request_: LimitRequest, sha256: str) -> None:
    assert found_hash(request_) == sha256


def book_of_then() -> Bundle:
    """The book with the regulations that the model was tried with: a rule that was entered later is a room of its own, and a
    case of then is pinned to the bundle without it."""
    now = book()
    later = [file for file in now.files() if isinstance(file, RegulationFile) and file.id not in REGULATIONS]
    return Bundle((file for file in now.files() if file not in later), now.canonical())


def found_hash(asked: LimitRequest, **books: Any) -> str:
    request = asked.model_copy(update={"policy_sha256": "0" * 64})
    books_of = dated(f"lender.{request.lender_id}", lender(request.lender_id, **books))
    conclusion = limit(request, book_of_then(), books_of, dated("lpr", LPR))
    assert conclusion.model.version == "1"
    finding = conclusion.finding(
        request, Finding[Limit], finding_id=UUID(int=1), made_at=datetime(2026, 3, 2, tzinfo=UTC)
    )
    plain = finding.model_dump(mode="json", exclude={"id", "made_at"})
    plain["policy"]["sha256"] = ""
    for reference in plain["reference_data"]:
        reference["sha256"] = ""
    return sha256_of(plain)
