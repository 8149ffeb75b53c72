"""Observed rents brought to one measure, CNY per GPU-hour before tax, and never compared across bases (domain paper §3.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from domain.gpu_valuation import HIGHEST_RENT_PER_GPU_HOUR, RentReading
from domain.money import UNIT_PRICE_SCALE, rounded
from domain.price_index import GenerationIndex, PriceIndex, RentIndex, RentObservation, SaleIndex

HOURS_PER_MONTH = Decimal(730)
LOWEST_RENT_PER_GPU_HOUR = Decimal("0.01")
"""CNY. What is less was quoted for a second, or for a share of a GPU."""
LONGEST_EXCHANGE_AGE = timedelta(days=31)
"""An exchange rate older than that is not the rate of the observation."""


@dataclass(frozen=True)
class IndexFault:
    """What is wrong with a vintage: where, under which code, and in both languages."""

    pointer: str
    code: str
    chinese: str
    english: str


class BasesDiffer(ValueError):
    """Two indices measure different prices; ``fields`` names in what they differ."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        super().__init__(f"different {', '.join(fields)}")
        self.fields = fields


PUBLISHED_AHEAD: Final = timedelta(days=31)
"""How long before its day of publication a vintage may be entered. A day far ahead would shut its series until then: what
comes later is never published earlier."""


def faults(index: PriceIndex, entered_on: date) -> tuple[IndexFault, ...]:
    """Everything that the fields of a vintage, each valid by itself, get wrong together on the day it is entered."""
    found: list[IndexFault] = []
    if index.published_on - entered_on > PUBLISHED_AHEAD:
        days = PUBLISHED_AHEAD.days
        found.append(
            IndexFault(
                "/published_on",
                "published_too_late",
                f"最多可提前 {days} 日录入",
                f"lies more than {days} days after the day of entry",
            )
        )
    match index:
        case RentIndex():
            found += _rent_faults(index)
        case SaleIndex():
            found += _sale_faults(index)
        case GenerationIndex():
            pass
    return tuple(found)


def rent_per_gpu_hour(index: RentIndex, observation: RentObservation) -> Decimal:
    """CNY per GPU-hour before tax, eight places. The vintage must be without faults."""
    price = own_rent_per_gpu_hour(index, observation)
    if observation.exchange is not None:
        price *= observation.exchange.cny
    return rounded(price, UNIT_PRICE_SCALE)


def own_rent_per_gpu_hour(index: RentIndex, observation: RentObservation) -> Decimal:
    """Per GPU-hour before tax in the index's own currency, not rounded. Row M1: 49.24 for eight GPUs is 6.155."""
    price = observation.price / (1 + (index.vat_rate or 0))
    if index.unit != "per_gpu_hour":
        price /= index.gpus_per_server or 1
    return price / HOURS_PER_MONTH if index.unit == "per_server_month" else price


def reading(index: RentIndex, before: RentIndex | None, on: date) -> RentReading | None:
    """The latest observation up to a day; ``before`` is the vintage that stood until this one was published."""
    seen = _latest(index, on)
    if seen is None:
        return None
    now = rent_per_gpu_hour(index, seen)
    earlier = _of_day(before, seen.observed_on) if before is not None and index.second_source is None else None
    return RentReading(
        index_id=index.id,
        basis=index.basis,
        observed_on=seen.observed_on,
        rent_per_gpu_hour=now,
        market_utilisation=seen.market_utilisation,
        restated_from=earlier if earlier is not None and earlier != now else None,
    )


def restated(index: RentIndex, before: RentIndex) -> tuple[date, ...]:
    """Days of which the vintage before said another rent; a day it does not know is not restated."""
    return tuple(
        item.observed_on
        for item in index.observations
        if _of_day(before, item.observed_on) not in (None, rent_per_gpu_hour(index, item))
    )


def change_since_first(index: RentIndex, on: date) -> Decimal | None:
    """``p_last/p_first − 1`` up to a day, in the index's own currency, so that no exchange rate moves it."""
    last, first = _latest(index, on), index.observations[0]
    if last is None or last == first:
        return None
    return rounded(own_rent_per_gpu_hour(index, last) / own_rent_per_gpu_hour(index, first) - 1, UNIT_PRICE_SCALE)


def ratio(first: RentIndex, second: RentIndex, of_first: RentReading, of_second: RentReading) -> Decimal:
    """The second rent as a multiple of the first.

    Raises ``BasesDiffer`` where they are rents of different GPUs or on different bases: a list price beside a spot
    price says nothing.
    """
    differ = tuple(
        name
        for name, one, other in (
            ("gpu_type", first.gpu_type.upper(), second.gpu_type.upper()),
            ("basis", first.basis, second.basis),
        )
        if one != other
    )
    if differ:
        raise BasesDiffer(differ)
    return rounded(of_second.rent_per_gpu_hour / of_first.rent_per_gpu_hour, UNIT_PRICE_SCALE)


def _latest(index: RentIndex, on: date) -> RentObservation | None:
    return next((item for item in reversed(index.observations) if item.observed_on <= on), None)


def _of_day(index: RentIndex, day: date) -> Decimal | None:
    found = next((item for item in index.observations if item.observed_on == day), None)
    return None if found is None else rent_per_gpu_hour(index, found)


def _rent_faults(index: RentIndex) -> Iterator[IndexFault]:
    per_server = index.unit != "per_gpu_hour"
    if per_server and index.gpus_per_server is None:
        yield IndexFault(
            "/gpus_per_server", "missing", "按台计价须说明每台卡数", "a rent per server says how many GPUs it has"
        )
    if not per_server and index.gpus_per_server is not None:
        yield IndexFault(
            "/gpus_per_server", "not_applicable", "按卡计价不应填写每台卡数", "a rent per GPU has no number of GPUs"
        )
    if index.tax_included and index.vat_rate is None:
        yield IndexFault("/vat_rate", "missing", "含税价须说明税率", "a rent with tax says the rate it contains")
    if not index.tax_included and index.vat_rate is not None:
        yield IndexFault("/vat_rate", "not_applicable", "不含税价不应填写税率", "a rent before tax has no tax rate")
    before: date | None = None
    convertible = not (per_server and index.gpus_per_server is None)
    for number, item in enumerate(index.observations):
        at = f"/observations/{number}"
        if before is not None and item.observed_on <= before:
            yield IndexFault(f"{at}/observed_on", "out_of_order", "观测日须递增", "days of observation go on in time")
        before = item.observed_on
        if item.observed_on > index.published_on:
            yield IndexFault(
                f"{at}/observed_on", "after_publication", "晚于发布日", "lies after the day of publication"
            )
        exchange = list(_exchange_faults(index, item, f"{at}/exchange"))
        yield from exchange
        if convertible and not exchange:
            yield from _price_faults(rent_per_gpu_hour(index, item), f"{at}/price")


def _price_faults(rent: Decimal, at: str) -> Iterator[IndexFault]:
    if rent > HIGHEST_RENT_PER_GPU_HOUR:
        yield IndexFault(
            at,
            "less_than_equal",
            f"折合每卡时超过 {HIGHEST_RENT_PER_GPU_HOUR} 元，请核对单位",
            f"is more than {HIGHEST_RENT_PER_GPU_HOUR} CNY per GPU-hour: check the unit",
        )
    if rent < LOWEST_RENT_PER_GPU_HOUR:
        yield IndexFault(
            at,
            "greater_than_equal",
            f"折合每卡时不足 {LOWEST_RENT_PER_GPU_HOUR} 元，请核对单位",
            f"is less than {LOWEST_RENT_PER_GPU_HOUR} CNY per GPU-hour: check the unit",
        )


def _exchange_faults(index: RentIndex, item: RentObservation, at: str) -> Iterator[IndexFault]:
    given = item.exchange
    if index.currency == "CNY":
        if given is not None:
            yield IndexFault(at, "not_applicable", "人民币价格无需汇率", "a rent in CNY is not converted")
        return
    if given is None:
        yield IndexFault(at, "missing", "外币价格须附汇率及日期", "a rent in a foreign currency has its dated rate")
    elif not item.observed_on - LONGEST_EXCHANGE_AGE <= given.on <= item.observed_on:
        yield IndexFault(
            f"{at}/on",
            "out_of_range",
            f"汇率日期须在观测日前 {LONGEST_EXCHANGE_AGE.days} 天之内",
            f"lies within {LONGEST_EXCHANGE_AGE.days} days up to the observation",
        )


def _sale_faults(index: SaleIndex) -> Iterator[IndexFault]:
    seen: set[str] = set()
    for number, sale in enumerate(index.sales):
        at = f"/sales/{number}"
        if sale.reference in seen:
            yield IndexFault(f"{at}/reference", "repeated", "成交编号重复", "this sale is already on the list")
        seen.add(sale.reference)
        if sale.gpu_type.upper() != index.gpu_type.upper():
            yield IndexFault(f"{at}/gpu_type", "other_gpu", "与指数显卡型号不符", "is not the GPU of this list")
        if sale.sold_on > index.published_on:
            yield IndexFault(f"{at}/sold_on", "after_publication", "晚于发布日", "lies after the day of publication")
