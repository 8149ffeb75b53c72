"""Perfection and priority of security in movables (Civil Code §§402, 403, 414-416, 445, 456; domain paper §2.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from domain.calendar import BusinessCalendar
from domain.collateral import PerfectionStage, SecurityKind

PURCHASE_MONEY_DAYS: Final = 10
"""Civil Code §416: registered within ten days of delivery. Law, not house policy: it is the same for every case."""

_BY_AGREEMENT: Final = frozenset({SecurityKind.EQUIPMENT_MORTGAGE, SecurityKind.FLOATING_MORTGAGE})
"""Created by the agreement; registration makes them good against third parties (§§396, 403)."""
_TITLE: Final = frozenset({SecurityKind.FINANCE_LEASE})
"""The lessor's title exists by the contract; unregistered it does not stand against third parties (§745)."""
_PERSONAL: Final = frozenset({SecurityKind.REFUND_GUARANTEE, SecurityKind.THIRD_PARTY_GUARANTEE})
"""A promise, not a right in a thing: the signature is all there is."""
FILED_WITH_MOVABLES: Final = frozenset(
    {
        SecurityKind.EQUIPMENT_MORTGAGE,
        SecurityKind.FLOATING_MORTGAGE,
        SecurityKind.RECEIVABLE_PLEDGE,
        SecurityKind.DATA_ASSET_PLEDGE,
        SecurityKind.FINANCE_LEASE,
    }
)
"""What the unified registry of movables and rights takes (PBoC 令〔2021〕7号 §2; data assets since 2025). Land goes to the
land registry, IP pledges to the patent, trade-mark and copyright offices, an account is controlled at its bank."""


@dataclass(frozen=True)
class Interest:
    """A right in an asset. ``registered_on`` None: not registered, or no longer. ``key`` names it among the others."""

    key: str
    registered_on: date | None
    purchase_money: bool = False
    registered_at: datetime | None = None
    """The instant by the registry's clock; without it nobody can say which of one day was first."""
    possessory: bool = False
    """A lien on goods in the holder's hands (§456)."""


@dataclass(frozen=True)
class Ranked:
    """A rank, 1 first, and the article it stands on."""

    rank: int
    article: str


@dataclass(frozen=True)
class RegistrationDeadline:
    """``deadline`` counts calendar days; ``alert_on`` is the last business day up to it. ``provisional``: the alert lies
    outside the published calendar."""

    deadline: date
    alert_on: date
    provisional: bool


@dataclass(frozen=True)
class Extension:
    """A registration was extended on a day to another end."""

    on: date
    expires: date


@dataclass(frozen=True)
class Standing:
    """How far a right has come on a day. ``opposable_from`` is set only while it holds against third parties."""

    stage: PerfectionStage
    effective_from: date | None
    opposable_from: date | None
    expires: date | None


def registration_deadline(delivered_on: date, days: int, calendar: BusinessCalendar) -> RegistrationDeadline:
    """The day by which purchase-money security must be registered.

    The law counts calendar days and no holiday moves the tenth, while the registry's counter and the bank's own people
    are closed on it: delivered on 2026-09-24, the tenth day is 2026-10-04, and the last useful day is 2026-09-30.
    """
    deadline = delivered_on + timedelta(days=days)
    alert = calendar.preceding(deadline)
    return RegistrationDeadline(deadline, alert, calendar.is_provisional(alert))


def purchase_money_priority(
    kind: SecurityKind, delivered_on: date | None, registered_on: date, days: int
) -> bool | None:
    """Whether a mortgage of the purchased goods outranks the buyer's other securities (§416).

    None where the delivery is not known; False for every kind that is not a mortgage of the goods bought.
    """
    if kind is not SecurityKind.EQUIPMENT_MORTGAGE:
        return False
    if delivered_on is None:
        return None
    return registered_on <= delivered_on + timedelta(days=days)


def standing(
    kind: SecurityKind,
    *,
    agreed_on: date | None,
    registered_on: date | None,
    expires: date | None,
    extensions: Sequence[Extension] = (),
    cancelled_on: date | None = None,
    as_of: date,
) -> Standing:
    """The two steps of perfection on a day: what binds the parties, and what holds against everybody else.

    A mortgage binds from its agreement and is good against third parties from its registration (§403); a pledge of rights
    does not exist before it is registered (§445), land before it is in the land register (§402). A registration extended in
    time keeps its date; one extended after it has lapsed begins anew, behind everybody who came in between.
    """
    if kind in _PERSONAL:
        return _personal(agreed_on or registered_on, expires, cancelled_on, as_of)
    begun, ends = _run(registered_on, expires, extensions, as_of)
    registered = begun is not None and begun <= as_of
    effective = agreed_on if kind in _BY_AGREEMENT | _TITLE else registered_on
    if effective is None or (registered_on is not None and registered_on < effective):
        # Whoever has registered has agreed.
        effective = registered_on
    effective = effective if effective is not None and effective <= as_of else None
    if cancelled_on is not None and cancelled_on <= as_of:
        return Standing(PerfectionStage.CANCELLED, effective, None, ends)
    if effective is None:
        return Standing(PerfectionStage.NOT_CREATED, None, None, ends)
    if not registered:
        return Standing(PerfectionStage.AGREED, effective, None, ends)
    if ends is not None and ends < as_of:
        return Standing(PerfectionStage.LAPSED, effective, None, ends)
    return Standing(PerfectionStage.PERFECTED, effective, begun, ends)


def ranks(interests: Sequence[Interest]) -> dict[str, Ranked]:
    """The rank of every right.

    A possessory lien before all others (§456), purchase-money security next (§416), then the registered by the time of
    registration (§§414(1), 415), then the unregistered, which share (§414(3)). Rights of one class and one day share a rank
    unless the registry's clock tells all of them apart.
    """
    places = _places(interests)
    # Ranks count creditors ahead, so two that share the first rank push the next to the third.
    ahead = {place: sum(1 for other in places.values() if other < place) for place in set(places.values())}
    return {item.key: Ranked(ahead[places[item.key]] + 1, _article(item)) for item in interests}


_Place = tuple[int, date, int]


def _places(interests: Sequence[Interest]) -> dict[str, _Place]:
    found: dict[str, _Place] = {}
    by_day: dict[tuple[int, date], list[Interest]] = {}
    for item in interests:
        by_day.setdefault(_step(item), []).append(item)
    for step, group in by_day.items():
        instants = sorted({item.registered_at for item in group if item.registered_at is not None})
        told_apart = all(item.registered_at is not None for item in group)
        for item in group:
            place = instants.index(item.registered_at) if told_apart and item.registered_at is not None else 0
            found[item.key] = (*step, place)
    return found


def _step(item: Interest) -> tuple[int, date]:
    if item.possessory:
        return (0, date.min)
    if item.registered_on is None:
        return (3, date.min)
    return (1 if item.purchase_money else 2, item.registered_on)


def _article(item: Interest) -> str:
    if item.possessory:
        return "§456"
    if item.registered_on is None:
        return "§414(3)"
    return "§416" if item.purchase_money else "§414(1)"


def _run(
    registered_on: date | None, expires: date | None, extensions: Sequence[Extension], as_of: date
) -> tuple[date | None, date | None]:
    """The day from which a registration has run without a gap, and its end, as known on a day."""
    begun, ends = registered_on, expires
    for extension in sorted(
        (item for item in extensions if item.on <= as_of), key=lambda item: (item.on, item.expires)
    ):
        if ends is not None and extension.on > ends:
            begun = extension.on
        ends = extension.expires
    return begun, ends


def _personal(signed: date | None, expires: date | None, cancelled_on: date | None, as_of: date) -> Standing:
    if cancelled_on is not None and cancelled_on <= as_of:
        return Standing(PerfectionStage.CANCELLED, signed, None, expires)
    if signed is None or signed > as_of:
        return Standing(PerfectionStage.NOT_CREATED, None, None, expires)
    if expires is not None and expires < as_of:
        return Standing(PerfectionStage.LAPSED, signed, None, expires)
    return Standing(PerfectionStage.PERFECTED, signed, signed, expires)
