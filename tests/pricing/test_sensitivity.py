"""Sensitivities: every point is the price of its own request, and no risk makes a loan cheaper."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.finding import Outcome
from domain.limit import CollateralContribution
from domain.pricing import Quote
from domain.sensitivity import Axis, Sensitivity, SensitivityCurve, SensitivityPoint, SensitivityRequest
from services.pricing.calc.conclusion import Conclusion, Inadmissible
from services.pricing.calc.price import chart, quote, sensitivity
from tests.pricing import requests
from tests.pricing.conftest import book
from tests.pricing.vintages import FTP, LPR, dated, lender

AS_OF = date(2027, 1, 4)
COLLATERAL = (
    requests.asset("rent", "receivable", 50_000_000, "0.80"),
    requests.asset("gpu", "gpu_server", 40_000_000, "0.50"),
)
IRB = {"capital_method": "irb_foundation"}
SVG = "{http://www.w3.org/2000/svg}"


def request(**changes: Any) -> SensitivityRequest:
    own = {"pd_values", "lgd_values", "tenor_values", "collateral_values", "cross"}
    plain = {"as_of": AS_OF, "collateral": COLLATERAL} | {k: v for k, v in changes.items() if k not in own}
    base = requests.quote(book(), **plain).model_dump()
    return SensitivityRequest.model_validate(base | {k: v for k, v in changes.items() if k in own})


def seen(asked: SensitivityRequest, **books: Any) -> Conclusion[Sensitivity]:
    return sensitivity(asked, book(), dated("lender.nxb", lender(**books)), dated("lpr", LPR), dated("ftp", FTP))


def value(asked: SensitivityRequest, **books: Any) -> Sensitivity:
    found = seen(asked, **books).value
    assert found is not None
    return found


def quoted(books: dict[str, Any], **changes: Any) -> Quote:
    found = quote(
        requests.quote(book(), **({"as_of": AS_OF, "collateral": COLLATERAL} | changes)),
        book(),
        dated("lender.nxb", lender(**books)),
        dated("lpr", LPR),
        dated("ftp", FTP),
    ).value
    assert found is not None
    return found


def curve(found: Sensitivity, axis: Axis) -> SensitivityCurve:
    return next(item for item in found.curves if item.axis is axis)


def scaled(item: CollateralContribution, multiple: Decimal) -> CollateralContribution:
    return requests.asset(
        item.asset_key, item.kind, (item.lending_value.amount * multiple).quantize(Decimal("0.01")), "0.5"
    )


def same(point: SensitivityPoint, price: Quote) -> bool:
    return (point.all_in_rate, point.margin_bps, point.floor_rate, point.raroc, point.base_rate) == (
        price.all_in_rate,
        price.margin_bps,
        price.floor_rate,
        price.raroc,
        price.base_rate,
    )


@pytest.mark.parametrize("books", [{}, IRB], ids=["standardised", "internal_ratings"])
class TestPoints:
    def test_the_base_case_is_the_quote(self, books: dict[str, Any]) -> None:
        found = value(request(), **books)
        assert same(found.base, quoted(books))
        for item in found.curves:
            assert found.base in item.points

    def test_a_point_of_pd_tenor_and_collateral_is_the_quote_of_a_request_with_that_value(
        self, books: dict[str, Any]
    ) -> None:
        found = value(request(), **books)
        for point in curve(found, Axis.PD).points:
            assert same(point, quoted(books, pd=point.pd))
        for point in curve(found, Axis.TENOR).points:
            assert same(point, quoted(books, tenor_months=point.tenor_months))
        for point in curve(found, Axis.COLLATERAL).points:
            secured = tuple(scaled(item, point.collateral_multiple) for item in COLLATERAL)
            assert same(point, quoted(books, collateral=secured))
            assert point.collateral_value.amount == 90_000_000 * point.collateral_multiple

    def test_lgd_moves_the_expected_loss_and_not_the_capital(self, books: dict[str, Any]) -> None:
        found = value(request(lgd_values=("0", "0.5", "1")), **books)
        for point in curve(found, Axis.LGD).points:
            assert point.floor_rate - found.base.floor_rate == (point.lgd - found.base.lgd) * Decimal("0.01")
            assert point.risk_weight == found.base.risk_weight

    def test_worse_is_never_cheaper_and_earns_less_once_agreed(self, books: dict[str, Any]) -> None:
        found = value(request(), **books)
        for axis, worse in ((Axis.PD, 1), (Axis.LGD, 1), (Axis.TENOR, 1), (Axis.COLLATERAL, -1)):
            points = curve(found, axis).points[::worse]
            for better, next_worse in pairwise(points):
                assert better.all_in_rate <= next_worse.all_in_rate
                assert better.floor_rate <= next_worse.floor_rate
                assert better.raroc_if_agreed >= next_worse.raroc_if_agreed

    def test_the_return_if_agreed_is_that_of_the_base_price(self, books: dict[str, Any]) -> None:
        """[(rate agreed − floor) + k × benefit] × (1 − tax) ÷ k, with the floor and the capital of the point."""
        found = value(request(), **books)
        assert found.base.raroc_if_agreed == found.base.raroc
        for item in found.curves:
            for point in item.points:
                held = point.risk_weight * Decimal("0.105")
                earned = found.base.all_in_rate - point.floor_rate + held * Decimal("0.017")
                assert abs(point.raroc_if_agreed - earned * Decimal("0.75") / held) <= Decimal("1e-8")

    def test_a_cross_table_agrees_with_both_curves(self, books: dict[str, Any]) -> None:
        found = value(request(cross=("pd", "tenor")), **books)
        assert found.cross is not None
        pds, tenors = curve(found, Axis.PD).points, curve(found, Axis.TENOR).points
        assert [row[0].pd for row in found.cross.points] == [point.pd for point in pds]
        assert [point.tenor_months for point in found.cross.points[0]] == [point.tenor_months for point in tenors]
        for row, point in zip(found.cross.points, pds, strict=True):
            assert next(item for item in row if item.tenor_months == 36) == point


@settings(max_examples=25, deadline=None)
@given(
    pd=st.decimals(min_value="0.0001", max_value="0.9", places=6),
    months=st.integers(min_value=1, max_value=600),
    worth=st.integers(min_value=0, max_value=400_000_000),
    spread=st.none() | st.integers(min_value=-1000, max_value=3000),
    values=st.lists(st.decimals(min_value=0, max_value=1, places=8), min_size=1, max_size=15),
)
def test_any_request_has_ordered_points_and_a_readable_chart(
    pd: Decimal, months: int, worth: int, spread: int | None, values: list[Decimal]
) -> None:
    asked = request(
        pd=pd,
        tenor_months=months,
        collateral=(requests.asset("gpu", "gpu_server", worth, "0.5"),),
        asked_spread_bps=spread,
        lgd_values=tuple(values),
    )
    found = value(asked, **IRB)
    for item in found.curves:
        at = [point.on(item.axis) for point in item.points]
        assert at == sorted(set(at))
        assert found.base.on(item.axis) in at
    drawing = ElementTree.fromstring(chart(found))
    assert len(drawing.findall(f"{SVG}polyline")) == 4 * len(found.curves)


def test_values_below_the_floor_of_the_scale_are_one_price() -> None:
    found = value(request(pd_values=("0.0001", "0.0002", "0.0005", "0.02")))
    assert [point.pd for point in curve(found, Axis.PD).points] == [Decimal("0.0005"), Decimal("0.01"), Decimal("0.02")]


def test_without_collateral_that_counts_there_is_no_curve_over_it() -> None:
    uncounted = requests.asset("data", "data_asset", 50_000_000, "0.5")
    for secured in ((), (uncounted,)):
        conclusion = seen(request(collateral=secured, cross=("collateral", "pd")))
        assert conclusion.value is not None
        assert [item.axis for item in conclusion.value.curves] == [Axis.PD, Axis.LGD, Axis.TENOR]
        assert conclusion.value.cross is None
        assert [reason.code for reason in conclusion.reasons] == ["NO_COLLATERAL"]


@pytest.mark.parametrize(("change", "missing"), [({"pd": None}, "pd"), ({"company_size": None}, "borrower.size")])
def test_what_is_not_known_refers_and_is_named(change: dict[str, Any], missing: str) -> None:
    conclusion = seen(request(**change))
    assert conclusion.value is None
    assert conclusion.outcome is Outcome.REFER
    assert [reason.subject for reason in conclusion.reasons] == [missing]


def test_the_trace_names_every_point() -> None:
    conclusion = seen(request(cross=("lgd", "collateral")))
    assert conclusion.value is not None
    assert conclusion.value.cross is not None
    points = sum(len(item.points) for item in conclusion.value.curves)
    cells = sum(len(row) for row in conclusion.value.cross.points)
    own = [step for step in conclusion.trace if step.step.startswith("sensitivity/")]
    assert len(own) == points + cells
    assert any(step.step == "price/build_up" for step in conclusion.trace)


def test_recomputing_gives_the_same_bytes() -> None:
    first, second = (seen(request(cross=("pd", "lgd"))) for _ in range(2))
    assert first == second
    assert first.value is not None
    assert second.value is not None
    assert chart(first.value) == chart(second.value)


class TestChart:
    def test_price_and_return_of_every_axis_with_floor_hurdle_and_base_case(self) -> None:
        found = value(request())
        drawing = ElementTree.fromstring(chart(found))
        assert drawing.get("role") == "img"
        lines = drawing.findall(f"{SVG}polyline")
        assert len(lines) == 4 * 4
        circles = drawing.findall(f"{SVG}circle")
        assert len(circles) == 2 * sum(len(item.points) for item in found.curves)
        assert sum(circle.get("r") == "4" for circle in circles) == 2 * 4
        text = " ".join(drawing.itertext())
        for word in ("PD", "LGD", "期限", "押品", "RAROC", "底线 floor", "门槛 hurdle"):
            assert word in text

    def test_points_lie_inside_and_a_higher_price_lies_higher(self) -> None:
        found = value(request())
        drawing = ElementTree.fromstring(chart(found))
        width, height = Decimal(drawing.get("width", "0")), Decimal(drawing.get("height", "0"))
        for line in drawing.findall(f"{SVG}polyline"):
            for pair in line.get("points", "").split():
                x, y = (Decimal(figure) for figure in pair.split(","))
                assert 0 <= x <= width
                assert 0 <= y <= height
        prices = [line for line in drawing.findall(f"{SVG}polyline") if line.get("stroke") == "#0b5fa5"]
        heights = [Decimal(pair.split(",")[1]) for pair in prices[0].get("points", "").split()]
        assert heights == sorted(heights, reverse=True)

    def test_nothing_in_it_runs_or_fetches(self) -> None:
        drawing = ElementTree.fromstring(chart(value(request())))
        names = {element.tag.removeprefix(SVG) for element in drawing.iter()}
        assert names == {"svg", "title", "desc", "rect", "text", "tspan", "polyline", "circle"}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"pd_values": ("0",)}, ("pd_values", 0)),
        ({"pd_values": ("0.01", "1.2")}, ("pd_values", 1)),
        ({"lgd_values": ("1.01",)}, ("lgd_values", 0)),
        ({"tenor_values": (0,)}, ("tenor_values", 0)),
        ({"tenor_values": (601,)}, ("tenor_values", 0)),
        ({"collateral_values": ("-0.1",)}, ("collateral_values", 0)),
        ({"collateral_values": ("5%",)}, ("collateral_values", 0)),
        ({"pd_values": ()}, ("pd_values",)),
        ({"pd_values": ("0.01",) * 16}, ("pd_values",)),
        ({"cross": ("pd", "pd")}, ()),
        ({"cross": ("pd", "rent")}, ("cross", 1)),
    ],
)
def test_nonsense_is_refused_at_its_place(change: dict[str, Any], place: tuple[Any, ...]) -> None:
    with pytest.raises(ValidationError) as refused:
        request(**change)
    assert [error["loc"] for error in refused.value.errors()] == [place]


@pytest.mark.parametrize("changes", [{"collateral_values": ("10",)}, {}])
def test_collateral_beyond_what_an_amount_holds_is_refused_by_name(changes: dict[str, Any]) -> None:
    vast = tuple(requests.asset(f"gpu-{n}", "gpu_server", 99_999_999_999_999_999, "0.5") for n in range(9))
    with pytest.raises(Inadmissible) as refused:
        seen(request(collateral=vast, **changes))
    assert (refused.value.fields, refused.value.code) == (("collateral",), "collateral_beyond_scale")
