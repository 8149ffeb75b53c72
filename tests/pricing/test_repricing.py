"""A portfolio repriced as arrays: every term of every quote is the single quote's, to the last digit."""

from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.money import rounded, yuan
from domain.pricing import Quote, QuoteFee, QuoteRequest
from domain.reference import FtpCurve, LenderBooks, Lpr
from services.pricing.calc.conclusion import Inadmissible
from services.pricing.calc.price import quote, repricing
from services.pricing.calc.price.build_up import Books
from services.pricing.calc.price.portfolio import UNIT, columns_of
from services.pricing.calc.price.repricing import Repriced, reprice
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import FTP, LPR, dated, lender

DAYS = {"model 1": date(2026, 3, 2), "model 2": date(2026, 11, 2), "recognised collateral": date(2027, 2, 1)}
METHODS = ("standardised", "irb_foundation")
KINDS = ("deposit", "civil_works", "power_cooling", "gpu_server", "receivable", "data_asset")
MOVED = Books(
    lender(),
    Lpr.model_validate({"one_year": "0.0285", "five_year": "0.0345", "published": "2026-10-20"}),
    FtpCurve.model_validate({"points": [{"months": 3, "rate": "0.0161"}, {"months": 90, "rate": "0.02173333"}]}),
)


def single(request: QuoteRequest, books: Books) -> Quote | None:
    """The exact quote; nothing where it is refused for having no return that could be stated."""
    try:
        found = quote(
            request, book(), dated("lender.nxb", books.lender), dated("lpr", books.lpr), dated("ftp", books.ftp)
        )
    except Inadmissible as refusal:
        if refusal.code == "return_beyond_scale":
            return None
        raise
    assert found.value is not None
    return found.value


def compare(asked: list[QuoteRequest], found: Repriced, books: Books) -> None:
    assert len(found) == len(asked)
    for place, request in enumerate(asked):
        exact = single(request, books)
        assert (exact is not None) is bool(found.has_return[place])
        if exact is None:
            continue
        terms = {part.name: part.rate for part in exact.components}
        for name in ("ftp", "expected_loss", "opex", "capital", "optionality", "green", "relationship", "quote_step"):
            assert found.term(name, place) == terms[name], (name, request)
        assert found.term("asked", place) == terms.get("asked", Decimal(0))
        assert found.term("base_rate", place) == exact.base_rate_value
        assert found.margin_bps[place] == exact.margin_bps
        assert found.below_floor[place] == exact.below_floor
        for name in ("all_in_rate", "floor_rate", "raroc"):
            assert found.term(name, place) == getattr(exact, name), (name, request)
        for name, told in (("comprehensive_cost", "has_cost"), ("effective_cost", "has_effective")):
            stated = found.term(name, place) if getattr(found, told)[place] else None
            assert stated == getattr(exact, name), (name, request)


SHARES = st.decimals(min_value=0, max_value=1, places=4)
AMOUNTS = st.one_of(
    st.integers(min_value=1, max_value=10**4),
    st.integers(min_value=10**6, max_value=10**12),
    st.integers(min_value=10**17, max_value=8 * 10**18),
)


@st.composite
def asked_for(draw: st.DrawFn) -> dict[str, Any]:
    amount = draw(AMOUNTS)
    fee = draw(st.one_of(st.just(0), st.integers(0, amount), st.integers(0, amount // 50), st.just(max(amount - 1, 0))))
    spread = draw(st.one_of(st.none(), st.integers(-1000, 3000), st.integers(-400, 400)))
    return {
        "amount": yuan(Decimal(amount) / 100),
        "tenor_months": draw(st.one_of(st.integers(1, 600), st.sampled_from([1, 12, 13, 60, 61, 120]))),
        "pd": draw(st.one_of(st.integers(1, UNIT - 1), st.integers(10_000, 20_000_000))) / Decimal(UNIT),
        "collateral": tuple(
            requests.asset(
                f"{kind}{number}",
                kind,
                # Four of one kind together stay below what a portfolio can hold.
                Decimal(draw(st.integers(0, min(2 * amount, 2 * 10**18)))) / 100,
                "0.5",
                eligible=draw(st.booleans()),
            )
            for number, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), max_size=4)))
        ),
        "fees": (QuoteFee(name="保函费", amount=yuan(Decimal(fee) / 100), payer="borrower"),),
        "asked_spread_bps": spread,
        "asked_lpr_tenor": draw(st.sampled_from([None, "1Y", "5Y"])),
        "relationship": draw(st.sampled_from([None, "standard", "core", "strategic"])),
        "company_size": draw(st.sampled_from(["micro", "small", "medium", "large"])),
        "project_phase": draw(st.sampled_from(["none", "pre_operation", "operation", "operation_high_quality"])),
        "retail_eligible": draw(st.booleans()),
        "investment_grade": draw(st.booleans()),
        "green": draw(st.booleans()),
        "pue": "1.20",
        "rack_use": "0.70",
        "green_power": "0.85",
        "hub": True,
        "green_catalogue_code": draw(st.booleans()),
        "annual_sales": draw(st.sampled_from([None, yuan(0), yuan(77_777_777), yuan(10**12)])),
        "annual_revenue_eur_m": draw(st.sampled_from([None, "3", "12.3456789", "80"])),
        "effective_maturity_years": draw(st.sampled_from([None, "0.2", "3.3333", "40"])),
    }


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("day", DAYS)
def test_every_term_is_the_single_quotes(day: str, method: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(cases=st.lists(asked_for(), min_size=1, max_size=8), tax=st.sampled_from(["0.25", "0.15", "0"]))
    def holds(cases: list[dict[str, Any]], tax: str) -> None:
        asked = [requests.quote(book(), as_of=DAYS[day], **case) for case in cases]
        own: LenderBooks = lender(capital_method=method, tax_rate=tax)
        for books in (Books(own, LPR, FTP), Books(own, MOVED.lpr, MOVED.ftp)):
            compare(asked, reprice(columns_of(asked, book(), own), books), books)

    holds()


def test_what_moves_is_repriced_and_the_rest_stands() -> None:
    asked = [requests.quote(book(), pd=pd, tenor_months=months) for pd in ("0.01", "0.03") for months in (12, 36, 120)]
    columns = columns_of(asked, book(), lender())
    before, after = (reprice(columns, books) for books in (Books(lender(), LPR, FTP), MOVED))
    assert (before.ftp != after.ftp).any()
    assert (before.expected_loss == after.expected_loss).all()
    doubled = reprice(columns.with_pd(columns.pd * 2), Books(lender(), LPR, FTP))
    assert (doubled.expected_loss == 2 * before.expected_loss).all()
    assert (doubled.all_in_rate >= before.all_in_rate).all()


@pytest.mark.parametrize("count", [1, 16_384, 16_385])
def test_blocks_leave_no_quote_out(count: int) -> None:
    one = columns_of([requests.quote(book())], book(), lender())
    many = type(one)(
        **{
            name: np.repeat(value, count) if isinstance(value, np.ndarray) else value
            for name, value in vars(one).items()
        }
    )
    found = reprice(many, Books(lender(), LPR, FTP))
    assert len(found) == count
    for field in fields(Repriced):
        assert len(set(getattr(found, field.name).tolist())) == 1


@pytest.mark.parametrize(
    ("change", "fields_named"),
    [
        ({"pd": None}, ("1/pd",)),
        ({"company_size": None, "investment_grade": None}, None),
        ({"amount": yuan("90000000000000000")}, ("1/amount",)),
        ({"as_of": date(2026, 11, 2)}, ("1/as_of",)),
        ({"relationship": "cousin"}, ("relationship",)),
    ],
)
def test_what_a_single_quote_would_not_price_is_refused_by_its_place(
    change: dict[str, Any], fields_named: tuple[str, ...] | None
) -> None:
    with pytest.raises(Inadmissible) as refusal:
        columns_of([requests.quote(book()), requests.quote(book(), **change)], book(), lender())
    if fields_named is not None:
        assert refusal.value.fields == fields_named
    else:
        assert all(field.startswith("1/") for field in refusal.value.fields)


def test_no_quotes_are_no_portfolio() -> None:
    with pytest.raises(Inadmissible):
        columns_of([], book(), lender())


@pytest.mark.parametrize("pd", [0, UNIT, -1])
def test_a_pd_that_is_none_moves_nothing(pd: int) -> None:
    columns = columns_of([requests.quote(book())], book(), lender())
    with pytest.raises(ValueError, match="PD lies in"):
        columns.with_pd(np.array([pd]))


@given(
    value=st.decimals(min_value=0, max_value=9, places=9, allow_nan=False),
)
@example(value=Decimal("0.000000005"))
@example(value=Decimal("3.999999995"))
def test_a_tie_is_rounded_as_the_exact_figure_is(value: Decimal) -> None:
    found = repricing._rounded(np.array([float(value)]), lambda _: rounded(value, 8))
    assert Decimal(int(found[0])).scaleb(-8) == rounded(value, 8)
