"""Perfection and priority of security in movables (Civil Code §§403, 414-416; domain paper §2.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from domain.calendar import BusinessCalendar
from domain.collateral import SecurityKind


@dataclass(frozen=True)
class Interest:
    """A right in an asset. ``registered_on`` None: not registered. ``key`` names it among the others."""

    key: str
    registered_on: date | None
    purchase_money: bool = False


@dataclass(frozen=True)
class RegistrationDeadline:
    """``deadline`` counts calendar days; ``alert_on`` is the last business day up to it. ``provisional``: the alert lies
    outside the published calendar."""

    deadline: date
    alert_on: date
    provisional: bool


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


def ranks(interests: Sequence[Interest]) -> dict[str, int]:
    """The rank of every right, 1 first.

    Purchase-money security before all others (§416), then the registered by day of registration, then the unregistered,
    which share (§414). Rights of one class and one day share a rank: the day does not say which was first.
    """
    ladder = sorted({_step(item) for item in interests})
    # Ranks count creditors ahead, so two that share the first rank push the next to the third.
    ahead = {step: sum(1 for item in interests if _step(item) < step) for step in ladder}
    return {item.key: ahead[_step(item)] + 1 for item in interests}


def _step(item: Interest) -> tuple[int, date]:
    if item.registered_on is None:
        return (2, date.min)
    return (0 if item.purchase_money else 1, item.registered_on)
