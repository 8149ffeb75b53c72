"""Counters of a lender's programmes, and sums by strategic flag. Floors are reported and refuse nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from domain.application import ApplicationTag
from domain.model import Value
from domain.money import ZERO, Money
from domain.programmes import (
    FlagSum,
    FloorStanding,
    InstrumentCode,
    InstrumentSum,
    IntentionLine,
    ProgrammeStanding,
    StrategicFlagReport,
)
from policy.engine import Bundle, Initiative, Instrument, Product, TagList
from services.origination.calc.case_facts import total

INSTRUMENT_OF_LINE: Mapping[str, InstrumentCode] = {
    "term": "loan",
    "revolving": "loan",
    "order": "loan",
    "guarantee": "guarantee",
    "lease": "lease",
}
"""What a facility counts as, by the kind of its line."""


class Booked(Value):
    """A facility as it counts: what was granted under it, and what its case carries."""

    facility: str
    product: str
    instrument: InstrumentCode
    amount: Money
    effective_on: date
    tags: tuple[ApplicationTag, ...] = ()


class Reported(Value):
    """What another book reports, cumulated up to a day."""

    book: str
    instrument: InstrumentCode
    amount: Money
    as_of: date


class Intended(Value):
    """A letter of intention under the programme."""

    signed_on: date
    lines: tuple[IntentionLine, ...]


def programme_standing(
    initiative: Initiative,
    as_of: date,
    booked: Iterable[Booked],
    reported: Iterable[Reported],
    intended: Iterable[Intended],
    family_of: Mapping[str, str],
) -> ProgrammeStanding:
    """What counts under a programme on a day, by instrument, and how far each floor is reached.

    A facility counts once, by its product's family (``family_of``) or by however many of the programme's tags its case carries. Of
    another book the latest figure of the programme's days, up to the day, counts.
    """
    lists = set(initiative.tag_lists)
    own = {
        item.facility: item
        for item in booked
        if _within(initiative, item.effective_on, as_of)
        and (family_of.get(item.product) in initiative.families or any(tag.list in lists for tag in item.tags))
    }
    letters = [item for item in intended if _within(initiative, item.signed_on, as_of)]
    latest = _latest(item for item in reported if _within(initiative, item.as_of, as_of))
    sums = []
    for instrument in Instrument:
        code = instrument.value
        if initiative.counts == "intentions":
            here = total(line.amount for item in letters for line in item.lines if line.instrument == code)
        elif initiative.counts == "booked":
            here = total(item.amount for item in own.values() if item.instrument == code)
        else:
            here = ZERO
        there = total(item.amount for item in latest if item.instrument == code)
        sums.append(InstrumentSum(instrument=code, own=here, reported=there))
    return ProgrammeStanding(
        programme=initiative.id,
        version=initiative.version,
        as_of=as_of,
        until=initiative.until,
        counts=initiative.counts,
        instruments=tuple(sums),
        total=total(item.own + item.reported for item in sums),
        facilities=len(own) if initiative.counts == "booked" else 0,
        intentions=len(letters),
        floors=_floors(initiative, sums),
    )


def families_of(bundle: Bundle) -> Mapping[str, str]:
    """The family of each product that has one, by the newest version of either."""
    return {file.id: file.family for file in bundle.files() if isinstance(file, Product) and file.family is not None}


def _within(initiative: Initiative, day: date, as_of: date) -> bool:
    last = as_of if initiative.until is None else min(as_of, initiative.until)
    return initiative.began <= day <= last


def _latest(reported: Iterable[Reported]) -> Sequence[Reported]:
    newest: dict[tuple[str, str], Reported] = {}
    for item in sorted(reported, key=lambda figure: figure.as_of):
        newest[item.book, item.instrument] = item
    return tuple(newest.values())


def _floors(initiative: Initiative, sums: Sequence[InstrumentSum]) -> tuple[FloorStanding, ...]:
    found = []
    for floor in initiative.floors:
        counted = total(item.own + item.reported for item in sums if item.instrument in floor.instruments)
        short = counted < floor.at_least
        found.append(
            FloorStanding(
                id=floor.id,
                at_least=floor.at_least,
                counted=counted,
                status="short" if short else "met",
                code=floor.code if short else "",
                short_by=floor.at_least - counted if short else ZERO,
            )
        )
    return tuple(found)


def strategic_flag_report(lists: Iterable[TagList], booked: Iterable[Booked], as_of: date) -> StrategicFlagReport:
    """Σ of what was granted by flag, and the total in which each facility counts once."""
    flags = [(tags.id, tag) for tags in lists if tags.family == "strategic_flag" for tag in tags.tags]
    known = {(name, tag.id) for name, tag in flags}
    loans = {item.facility: item for item in booked if item.effective_on <= as_of}
    carried = {name: {(tag.list, tag.tag) for tag in item.tags} & known for name, item in loans.items()}
    rows = []
    for name, tag in flags:
        under = [loans[facility] for facility, own in carried.items() if (name, tag.id) in own]
        rows.append(
            FlagSum(
                flag=tag.id,
                title_zh=tag.title_zh,
                title_en=tag.title_en,
                loans=len(under),
                amount=total(item.amount for item in under),
            )
        )
    once = [loans[facility] for facility, own in carried.items() if own]
    return StrategicFlagReport(
        as_of=as_of, flags=tuple(rows), loans=len(once), amount=total(item.amount for item in once)
    )


def lines_above_cap(lines: Sequence[IntentionLine], products: Mapping[str, Product]) -> tuple[int, ...]:
    """Places of the lines with which a product is above its cap: what is more is split off into other products, and not into a
    second line of the same one."""
    found, asked = [], dict[str, Money]()
    for index, line in enumerate(lines):
        product = products.get(line.product or "")
        if product is None or product.amount_cap is None:
            continue
        asked[product.id] = asked.get(product.id, ZERO) + line.amount
        if product.amount_cap < asked[product.id]:
            found.append(index)
    return tuple(found)
