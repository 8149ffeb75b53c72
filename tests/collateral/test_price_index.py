"""Observed rents in one measure, restatements found, and different prices never compared."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.price_index import PriceIndex, PriceIndexBody, RentIndex, SaleIndex
from services.collateral.calc import price_index

ENTERED_ON = date(2026, 11, 20)
ANY_INDEX: TypeAdapter[PriceIndex] = TypeAdapter(PriceIndexBody)


def rents(*observations: tuple[str, str], **changes: Any) -> RentIndex:
    """An index in CNY per GPU-hour before tax; observations as (day, price)."""
    body: dict[str, Any] = {
        "kind": "rent",
        "id": "rent.h100.on_demand",
        "vintage": "2026-11-20",
        "gpu_type": "H100-SXM",
        "basis": "on_demand",
        "currency": "CNY",
        "unit": "per_gpu_hour",
        "tax_included": False,
        "source": "Test",
        "licence": "CC BY 4.0",
        "published_on": "2026-11-20",
        "observations": [{"observed_on": day, "price": price} for day, price in observations],
    }
    found = ANY_INDEX.validate_python(body | changes)
    assert isinstance(found, RentIndex)
    return found


def in_dollars(price: str, rate: str, on: str = "2026-11-18") -> dict[str, Any]:
    return {
        "currency": "USD",
        "observations": [
            {"observed_on": "2026-11-18", "price": price, "exchange": {"cny": rate, "on": on, "source": "SAFE"}}
        ],
    }


@pytest.mark.parametrize(
    ("price", "changes", "per_gpu_hour"),
    [
        ("12", {}, "12"),
        ("12.72", {"tax_included": True, "vat_rate": "0.06"}, "12"),
        ("96", {"unit": "per_server_hour", "gpus_per_server": 8}, "12"),
        # §3.3: 70,000 a month for eight GPUs is 11.99 an hour; as a yearly rent it would be a twelfth of it.
        ("70000", {"unit": "per_server_month", "gpus_per_server": 8}, "11.98630137"),
    ],
)
def test_rents_are_brought_to_a_gpu_hour_before_tax(price: str, changes: dict[str, Any], per_gpu_hour: str) -> None:
    index = rents(("2026-11-18", price), **changes)
    assert price_index.faults(index, ENTERED_ON) == ()
    assert price_index.rent_per_gpu_hour(index, index.observations[0]) == Decimal(per_gpu_hour)


def test_dollars_are_converted_at_the_rate_of_their_day() -> None:
    index = rents(**in_dollars("1.69", "7.09"))
    assert price_index.faults(index, ENTERED_ON) == ()
    assert price_index.rent_per_gpu_hour(index, index.observations[0]) == Decimal("11.98210000")


def test_a_reading_is_the_last_observation_up_to_the_day() -> None:
    index = rents(("2026-11-04", "13"), ("2026-11-11", "12.5"), ("2026-11-18", "12"))
    found = price_index.reading(index, None, date(2026, 11, 17))
    assert found is not None
    assert (found.observed_on, found.rent_per_gpu_hour) == (date(2026, 11, 11), Decimal("12.5"))
    assert price_index.reading(index, None, date(2026, 11, 3)) is None


def test_a_restatement_is_found_by_its_day() -> None:
    before = rents(("2026-11-04", "13"), ("2026-11-11", "12.5"))
    now = rents(("2026-11-04", "13"), ("2026-11-11", "13.5"), ("2026-11-18", "13.4"))
    assert price_index.restated(now, before) == (date(2026, 11, 11),)
    on_day = price_index.reading(now, before, date(2026, 11, 12))
    later = price_index.reading(now, before, date(2026, 11, 20))
    assert on_day is not None
    assert later is not None
    assert (on_day.restated_from, later.restated_from) == (Decimal("12.5"), None)


def test_a_second_source_settles_a_restatement() -> None:
    before = rents(("2026-11-11", "12.5"))
    now = rents(("2026-11-11", "13.5"), second_source="another index, 13.4")
    settled = price_index.reading(now, before, date(2026, 11, 12))
    assert settled is not None
    assert settled.restated_from is None


def test_a_change_of_unit_alone_restates_nothing() -> None:
    before = rents(("2026-11-11", "12"))
    now = rents(("2026-11-11", "96"), unit="per_server_hour", gpus_per_server=8)
    assert price_index.restated(now, before) == ()


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"unit": "per_server_hour"}, [("/gpus_per_server", "missing")]),
        ({"gpus_per_server": 8}, [("/gpus_per_server", "not_applicable")]),
        ({"tax_included": True}, [("/vat_rate", "missing")]),
        ({"vat_rate": "0.06"}, [("/vat_rate", "not_applicable")]),
        ({"currency": "USD"}, [("/observations/0/exchange", "missing")]),
        ({"published_on": "2026-11-17"}, [("/observations/0/observed_on", "after_publication")]),
        (in_dollars("1.69", "7.09", "2026-11-19"), [("/observations/0/exchange/on", "out_of_range")]),
        (in_dollars("1.69", "7.09", "2026-10-01"), [("/observations/0/exchange/on", "out_of_range")]),
        (in_dollars("1.69", "7.09") | {"currency": "CNY"}, [("/observations/0/exchange", "not_applicable")]),
        (in_dollars("169", "7.09"), [("/observations/0/price", "less_than_equal")]),
        (in_dollars("0.00000001", "7.09"), [("/observations/0/price", "greater_than_equal")]),
    ],
)
def test_what_the_fields_get_wrong_together_is_told_by_field(
    changes: dict[str, Any], wrong: list[tuple[str, str]]
) -> None:
    index = rents(("2026-11-18", "12"), **changes)
    assert [(item.pointer, item.code) for item in price_index.faults(index, ENTERED_ON)] == wrong


def test_a_monthly_rent_given_by_the_hour_is_refused_as_a_unit() -> None:
    (fault,) = price_index.faults(rents(("2026-11-18", "70000")), ENTERED_ON)
    assert (fault.pointer, fault.code) == ("/observations/0/price", "less_than_equal")
    assert "1000 CNY per GPU-hour" in fault.english


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_at_the_end_of_the_calendar_is_refused_by_its_field(day: str) -> None:
    """No rate of exchange can be a month older than the first day there is."""
    far = in_dollars("1.69", "7.1")
    far["observations"][0]["observed_on"] = day
    with pytest.raises(ValidationError) as refused:
        price_index.faults(rents(**far), ENTERED_ON)
    assert refused.value.errors()[0]["loc"][-1] == "observed_on"


def test_a_vintage_of_a_day_far_ahead_does_not_shut_its_series() -> None:
    index = rents(("2026-11-18", "9"))
    assert index.published_on == date(2026, 11, 20)
    assert price_index.faults(index, date(2026, 10, 20)) == ()
    (fault,) = price_index.faults(index, date(2026, 10, 19))
    assert (fault.pointer, fault.code) == ("/published_on", "published_too_late")


def test_all_faults_are_told_at_once() -> None:
    index = rents(
        ("2026-11-18", "70000"), ("2026-11-18", "12"), ("2026-12-01", "12"), tax_included=True, gpus_per_server=8
    )
    assert {(item.pointer, item.code) for item in price_index.faults(index, ENTERED_ON)} == {
        ("/gpus_per_server", "not_applicable"),
        ("/vat_rate", "missing"),
        ("/observations/0/price", "less_than_equal"),
        ("/observations/1/observed_on", "out_of_order"),
        ("/observations/2/observed_on", "after_publication"),
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"basis": "guess"},
        {"currency": "EUR"},
        {"licence": ""},
        {"source": ""},
        {"unit": "per_rack_year"},
        {"observations": []},
        {"observations": [{"observed_on": "2026-11-18", "price": "0"}]},
        {"observations": [{"observed_on": "2026-11-18", "price": "NaN"}]},
        {"observations": [{"observed_on": "2026-11-18", "price": "12", "market_utilisation": "1.3"}]},
        {"id": "../secrets"},
    ],
)
def test_what_is_no_index_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rents(("2026-11-18", "12"), **wrong)


def sales(**changes: Any) -> SaleIndex:
    sale: dict[str, Any] = {
        "reference": "S-1",
        "channel": "transaction",
        "sold_on": "2026-11-10",
        "price_ex_vat": {"amount": "1500000"},
        "gpu_type": "H100-SXM",
        "gpus_per_server": 8,
        "age_months": 0,
        "memory_gb": 80,
        "form_factor": "sxm",
        "condition": "new",
        "warranty_months": 36,
        "fabric": True,
        "provenance": "official_cn",
    }
    body = {
        "kind": "sale",
        "id": "sale.h100",
        "vintage": "2026-11-20",
        "gpu_type": "h100-sxm",
        "source": "Test",
        "licence": "own records",
        "published_on": "2026-11-20",
        "sales": [sale, sale | {"reference": "S-2"} | changes],
    }
    found = ANY_INDEX.validate_python(body)
    assert isinstance(found, SaleIndex)
    return found


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        ({"reference": "S-1"}, [("/sales/1/reference", "repeated")]),
        ({"gpu_type": "H200"}, [("/sales/1/gpu_type", "other_gpu")]),
        ({"sold_on": "2026-11-21"}, [("/sales/1/sold_on", "after_publication")]),
    ],
)
def test_sales_that_cannot_be_are_told_by_field(changes: dict[str, Any], wrong: list[tuple[str, str]]) -> None:
    assert [(item.pointer, item.code) for item in price_index.faults(sales(**changes), ENTERED_ON)] == wrong


def test_a_generation_has_nothing_that_its_fields_get_wrong_together() -> None:
    newer = {
        "kind": "generation",
        "id": "newest.h100",
        "vintage": "2026-11",
        "gpu_type": "H100-SXM",
        "newest": "8xB200",
        "gpus_per_server": 8,
        "price_ex_vat": {"amount": "3600000"},
        "inference_ratio": "3",
        "training_ratio": "2",
        "server_kw": "14",
        "source": "Test",
        "licence": "own records",
        "published_on": "2026-11-20",
    }
    assert price_index.faults(ANY_INDEX.validate_python(newer), ENTERED_ON) == ()
    for wrong in ({"inference_ratio": "0"}, {"price_ex_vat": {"amount": "0"}}, {"gpus_per_server": 10_000}):
        with pytest.raises(ValidationError):
            ANY_INDEX.validate_python(newer | wrong)


def test_rents_of_one_basis_are_compared_and_others_refused() -> None:
    on = date(2026, 11, 20)
    first = rents(("2026-11-18", "10"))
    second, spot, other = (
        rents(("2026-11-18", "12"), id="rent.b", **changes) for changes in ({}, {"basis": "spot"}, {"gpu_type": "A100"})
    )

    def compared(with_: RentIndex) -> Decimal:
        one, two = price_index.reading(first, None, on), price_index.reading(with_, None, on)
        assert one is not None
        assert two is not None
        return price_index.ratio(first, with_, one, two)

    assert compared(second) == Decimal("1.2")
    for index, field in ((spot, "basis"), (other, "gpu_type")):
        with pytest.raises(price_index.BasesDiffer) as refused:
            compared(index)
        assert refused.value.fields == (field,)


def test_change_is_measured_in_the_indexs_own_currency() -> None:
    """Row M1's two list prices, with a yuan that moved meanwhile."""
    index = rents(
        currency="USD",
        basis="list",
        unit="per_server_hour",
        gpus_per_server=8,
        observations=[
            {"observed_on": day, "price": price, "exchange": {"cny": rate, "on": day, "source": "SAFE"}}
            for day, price, rate in (("2023-04-15", "38.08", "6.87"), ("2025-03-15", "49.24", "7.24"))
        ],
    )
    assert price_index.faults(index, ENTERED_ON) == ()
    assert price_index.change_since_first(index, date(2026, 1, 1)) == Decimal("0.29306723")
    assert price_index.change_since_first(index, date(2024, 1, 1)) is None
