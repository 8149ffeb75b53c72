"""The reference data a stack begins with: every vintage is of its type, and the calendars are those of the notices."""

from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.calendar import BusinessCalendar
from domain.canonical import sha256_of
from domain.model import Value
from domain.reference import FtpCurve, KnownNames, LenderBooks, Lpr, NamedList, ReferenceVintage
from policy.engine import load_book

FILES = sorted((Path(__file__).parents[2] / "examples" / "reference-data").glob("*.yaml"))
BODIES: dict[str, type[Value]] = {
    "lpr": Lpr,
    "ftp": FtpCurve,
    "calendar": BusinessCalendar,
    "lender": LenderBooks,
    "list": NamedList,
    "names": KnownNames,
}


def vintages() -> list[ReferenceVintage]:
    items: list[Any] = [item for file in FILES for item in yaml.safe_load(file.read_text(encoding="utf-8"))]
    return [ReferenceVintage.model_validate(item) for item in items]


@pytest.mark.parametrize("vintage", vintages(), ids=lambda item: f"{item.id}@{item.vintage}")
def test_a_vintage_is_of_its_type_and_can_be_hashed(vintage: ReferenceVintage) -> None:
    body = BODIES[vintage.id.partition(".")[0]].model_validate(vintage.body)
    assert len(sha256_of(vintage.body)) == 64
    if isinstance(body, LenderBooks):
        assert vintage.id == f"lender.{body.lender_id}"
        assert vintage.illustrative
        assert body.tier1_capital < body.net_capital
    if isinstance(body, FtpCurve):
        assert vintage.illustrative
        assert [point.months for point in body.points] == sorted({point.months for point in body.points})


def test_no_series_has_two_vintages_of_one_name_or_day() -> None:
    ordered = sorted(vintages(), key=lambda item: item.id)
    for _, group in groupby(ordered, key=lambda item: item.id):
        same = list(group)
        assert len({item.vintage for item in same}) == len(same)
        assert len({item.effective_from for item in same}) == len(same)


def test_every_lender_that_books_a_product_has_books() -> None:
    book = load_book(Path(__file__).parents[2] / "policy" / "book")
    booked = [product for product in book.products(date(2026, 12, 1)) if product.not_booked is None]
    lenders = {name for product in booked for name in product.lenders}
    assert lenders
    assert {f"lender.{name}" for name in lenders} <= {item.id for item in vintages()}


def calendar(name: str) -> BusinessCalendar:
    (found,) = (item for item in vintages() if item.id == "calendar.cn" and item.vintage == name)
    return BusinessCalendar.model_validate(found.body)


def test_the_national_holiday_of_2026_closes_the_tenth_day_after_a_delivery_on_24_september() -> None:
    """Corrections §6: the last business day on which servers delivered 2026-09-24 can be registered is 2026-09-30."""
    days = calendar("2026")
    tenth = date(2026, 10, 4)
    assert not days.is_business_day(tenth)
    assert days.preceding(tenth) == date(2026, 9, 30)
    assert days.following(tenth) == date(2026, 10, 8)
    assert days.is_business_day(date(2026, 10, 10))


def test_spring_festival_is_closed_and_its_weekends_are_worked() -> None:
    days = calendar("2025")
    assert not days.is_business_day(date(2025, 1, 28))
    assert days.is_business_day(date(2025, 1, 26))
    assert days.is_business_day(date(2025, 2, 8))


def test_a_later_notice_does_not_rewrite_the_years_before_it() -> None:
    early, late = calendar("2025"), calendar("2026")
    assert early.is_provisional(date(2026, 2, 17))
    assert not late.is_provisional(date(2026, 2, 17))
    assert late.is_provisional(date(2027, 1, 4))
    assert {day for day in late.holidays if day.year == 2025} == {day for day in early.holidays if day.year == 2025}
