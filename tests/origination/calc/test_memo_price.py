"""What the credit memo says of a price: every step, and below the floor who may waive it."""

from datetime import date
from typing import Any

from domain.pricing import Quote
from services.origination.calc.memo import memo
from services.pricing.calc.price import quote
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.dossiers import dossier
from tests.pricing.vintages import FTP, LPR, dated, lender


def priced(as_of: date, **changes: Any) -> Quote:
    asked = requests.quote(book(), as_of=as_of, **changes)
    found = quote(asked, book(), dated("lender.nxb", lender()), dated("lpr", LPR), dated("ftp", FTP)).value
    assert found is not None
    return found


def written(found: Quote, as_of: date) -> str:
    return memo(dossier(quote=found), (), as_of)


def test_every_step_of_the_waterfall_stands_in_the_memo() -> None:
    day = date(2026, 11, 2)
    found = priced(day)
    text = written(found, day)
    for step in found.waterfall:
        assert f"| {step.title_zh} {step.title_en} | {step.rate:.8f} | {step.total:.8f} | {step.because} |" in text
    assert "Waiver of the floor" not in text


def test_below_the_floor_it_says_who_may_waive_it_and_on_what_ground() -> None:
    day = date(2026, 11, 2)
    for relationship, ground in (("strategic", "有 yes"), ("standard", "无 no")):
        text = written(priced(day, asked_spread_bps=-35, relationship=relationship), day)
        assert f"利率定价审批人 Pricing approver, 低 short 5.00 bp, 理由 ground: {ground}" in text


def test_a_price_of_model_1_is_written_as_before() -> None:
    day = requests.AS_OF
    found = priced(day)
    line = "- 构成 Build-up: " + ", ".join(f"{item.name} {item.rate:.8f}" for item in found.components)
    assert line in written(found, day)
