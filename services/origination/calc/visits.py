"""Visits of a campaign: what is wrong with them, when a need is to be answered, and whether a list is whole."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Literal

from domain.calendar import BusinessCalendar
from domain.casefile import MissingItem
from domain.visits import VisitBody, VisitEntry, VisitImport
from policy.engine import Initiative, Product

Entry = VisitBody | VisitEntry


def visit_faults(
    visits: Sequence[Entry], initiative: Initiative, products: Mapping[str, Product], today: date, at: str = ""
) -> Iterator[MissingItem]:
    """Every channel, purpose, product and day that cannot be; of several visits under ``at`` also a number used twice."""
    channels = {channel.id for channel in initiative.green_channels}
    purposes = {purpose for product in products.values() for purpose in product.purposes}
    seen: set[str] = set()
    for index, visit in enumerate(visits):
        where = f"{at}/{index}" if at else ""
        if visit.visited_on > today:
            yield _fault(f"{where}/visited_on", "in_the_future", "不得晚于今日", "must not lie in the future")
        if visit.green_channel is not None and visit.green_channel not in channels:
            yield _fault(f"{where}/green_channel", "unknown_channel", "没有该绿色通道", "no such green channel")
        if visit.green_channel is not None and visit.need is None:
            yield _fault(
                f"{where}/green_channel", "channel_without_need", "无需求不进绿色通道", "there is no need to answer"
            )
        if visit.need is not None and visit.need.purpose not in purposes:
            yield _fault(f"{where}/need/purpose", "unknown_purpose", "现行政策中没有该用途", "no such purpose")
        if visit.need is not None and visit.need.product is not None and visit.need.product not in products:
            yield _fault(f"{where}/need/product", "unknown_product", "现行政策中没有该产品", "no such product")
        if visit.reference in seen:
            yield _fault(f"{where}/reference", "duplicate_reference", "编号重复", "the number is used twice")
        seen.add(visit.reference)


def checksum_faults(body: VisitImport, initiative: Initiative) -> Iterator[MissingItem]:
    """Why a list is not the one the lender announced: visits must be as many, needs at least as many (1100余项)."""
    announced = next((item for item in initiative.visit_counts if item.on == body.counted_on), None)
    if announced is None:
        yield _fault("/counted_on", "no_count_announced", "该日没有公布数", "no count was announced for this day")
        return
    needs = sum(visit.need is not None for visit in body.visits)
    if len(body.visits) != announced.visits:
        zh, en = f"公布 {announced.visits} 户，名单 {len(body.visits)} 户", "are not as many as were announced"
        yield _fault("/visits", "visits_checksum", zh, f"{len(body.visits)} visits {en}: {announced.visits}")
    if needs < announced.needs:
        zh, en = f"公布需求 {announced.needs} 项，名单 {needs} 项", "fewer than were announced"
        yield _fault("/visits", "needs_checksum", zh, f"{needs} needs are {en}: {announced.needs}")


def answer_due(visit: Entry, initiative: Initiative, calendar: BusinessCalendar) -> date | None:
    """Last business day for an answer through the visit's green channel."""
    channel = next((item for item in initiative.green_channels if item.id == visit.green_channel), None)
    if channel is None:
        return None
    return calendar.add_business_days(visit.visited_on, channel.answer_business_days)


def sla(due: date | None, answered_on: date | None, today: date) -> Literal["none", "running", "met", "missed"]:
    """Where the green channel's promise stands."""
    if due is None:
        return "none"
    if answered_on is not None:
        return "met" if answered_on <= due else "missed"
    return "running" if today <= due else "missed"


def _fault(pointer: str, code: str, zh: str, en: str) -> MissingItem:
    return MissingItem(pointer=pointer, code=code, message_zh=zh, message_en=en)
