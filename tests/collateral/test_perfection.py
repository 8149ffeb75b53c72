"""Deadlines and ranks of security in movables."""

from datetime import UTC, date, datetime

import pytest
import yaml

from domain.calendar import BusinessCalendar
from domain.collateral import PerfectionStage, SecurityKind
from services.collateral.calc.perfection import (
    Extension,
    Interest,
    Standing,
    purchase_money_priority,
    ranks,
    registration_deadline,
    standing,
)
from tests.collateral.conftest import ROOT


def places(interests: list[Interest]) -> dict[str, int]:
    return {key: ranked.rank for key, ranked in ranks(interests).items()}


@pytest.fixture(scope="module")
def calendar() -> BusinessCalendar:
    entries = yaml.safe_load((ROOT / "examples/reference-data/calendar-cn-2026.yaml").read_text("utf-8"))
    return BusinessCalendar.model_validate(entries[0]["body"])


def test_the_tenth_day_may_lie_in_the_holiday_and_the_alert_does_not(calendar: BusinessCalendar) -> None:
    """Corrections §6: delivered 2026-09-24, tenth day 2026-10-04, alert on 09-30."""
    due = registration_deadline(date(2026, 9, 24), 10, calendar)
    assert (due.deadline, due.alert_on, due.provisional) == (date(2026, 10, 4), date(2026, 9, 30), False)


def test_a_business_day_is_its_own_alert(calendar: BusinessCalendar) -> None:
    due = registration_deadline(date(2026, 3, 2), 10, calendar)
    assert (due.deadline, due.alert_on) == (date(2026, 3, 12), date(2026, 3, 12))


def test_a_worked_saturday_is_a_business_day(calendar: BusinessCalendar) -> None:
    """2026-10-10 is a Saturday worked in exchange for the holiday."""
    assert registration_deadline(date(2026, 9, 30), 10, calendar).alert_on == date(2026, 10, 10)


def test_beyond_the_published_calendar_the_alert_is_provisional(calendar: BusinessCalendar) -> None:
    assert registration_deadline(date(2026, 12, 28), 10, calendar).provisional is True


@pytest.mark.parametrize(("registered", "priority"), [(date(2025, 3, 11), True), (date(2025, 3, 12), False)])
def test_purchase_money_priority_ends_with_the_tenth_day(registered: date, priority: bool) -> None:
    """Domain paper §2.4: delivery 2025-03-01."""
    delivered = date(2025, 3, 1)
    assert purchase_money_priority(SecurityKind.EQUIPMENT_MORTGAGE, delivered, registered, 10) is priority


def test_without_a_known_delivery_nobody_can_say() -> None:
    assert purchase_money_priority(SecurityKind.EQUIPMENT_MORTGAGE, None, date(2025, 3, 11), 10) is None


def test_only_a_mortgage_of_the_goods_bought_is_purchase_money() -> None:
    delivered = registered = date(2025, 3, 1)
    assert purchase_money_priority(SecurityKind.RECEIVABLE_PLEDGE, delivered, registered, 10) is False


def test_registered_mortgages_rank_by_time() -> None:
    """Domain paper §2.4: registered 03-05 and 03-04."""
    assert places([Interest("a", date(2025, 3, 5)), Interest("b", date(2025, 3, 4))]) == {"a": 2, "b": 1}


def test_the_unregistered_come_last_and_share() -> None:
    found = places([Interest("a", None), Interest("b", None), Interest("c", date(2025, 3, 4))])
    assert found == {"c": 1, "a": 2, "b": 2}


def test_purchase_money_outranks_an_earlier_floating_charge() -> None:
    """Corrections §6: another bank's floating charge of 2025-11-01."""
    charge = Interest("charge", date(2025, 11, 1))
    in_time = Interest("ours", date(2026, 9, 30), purchase_money=True)
    late = Interest("ours", date(2026, 10, 8))
    assert places([charge, in_time]) == {"ours": 1, "charge": 2}
    assert places([charge, late]) == {"charge": 1, "ours": 2}


def test_two_of_one_day_share_a_rank_and_push_the_next_back() -> None:
    day = date(2025, 3, 4)
    found = places([Interest("a", day), Interest("b", day), Interest("c", date(2025, 3, 5))])
    assert found == {"a": 1, "b": 1, "c": 3}


def test_the_registrys_clock_ranks_one_day_only_where_it_is_known_of_all() -> None:
    """§414(1): by the time of registration; two claims of which one tells no hour cannot be told apart."""
    day = date(2025, 3, 4)
    early, late = (datetime(2025, 3, 4, hour, tzinfo=UTC) for hour in (1, 2))
    timed = [Interest("late", day, registered_at=late), Interest("early", day, registered_at=early)]
    assert places(timed) == {"early": 1, "late": 2}
    assert places([*timed, Interest("hourless", day)]) == {"early": 1, "late": 1, "hourless": 1}


def test_a_possessory_lien_outranks_even_purchase_money() -> None:
    """§456: who holds the goods and has not been paid comes before mortgage and pledge."""
    found = ranks(
        [
            Interest("bought", date(2025, 3, 4), purchase_money=True),
            Interest("operator", None, possessory=True),
            Interest("unregistered", None),
        ]
    )
    assert [(key, found[key].rank, found[key].article) for key in ("operator", "bought", "unregistered")] == [
        ("operator", 1, "§456"),
        ("bought", 2, "§416"),
        ("unregistered", 3, "§414(3)"),
    ]


AGREED, REGISTERED, ENDS = date(2026, 3, 1), date(2026, 3, 5), date(2027, 3, 4)


def on(day: date, kind: SecurityKind = SecurityKind.EQUIPMENT_MORTGAGE, **changes: object) -> Standing:
    facts: dict[str, object] = {"agreed_on": AGREED, "registered_on": REGISTERED, "expires": ENDS}
    return standing(kind, as_of=day, **(facts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "day", "stage", "effective"),
    [
        (SecurityKind.EQUIPMENT_MORTGAGE, date(2026, 2, 28), PerfectionStage.NOT_CREATED, None),
        (SecurityKind.EQUIPMENT_MORTGAGE, date(2026, 3, 2), PerfectionStage.AGREED, AGREED),
        (SecurityKind.FLOATING_MORTGAGE, date(2026, 3, 2), PerfectionStage.AGREED, AGREED),
        (SecurityKind.FINANCE_LEASE, date(2026, 3, 2), PerfectionStage.AGREED, AGREED),
        (SecurityKind.RECEIVABLE_PLEDGE, date(2026, 3, 2), PerfectionStage.NOT_CREATED, None),
        (SecurityKind.LAND_MORTGAGE, date(2026, 3, 2), PerfectionStage.NOT_CREATED, None),
        (SecurityKind.THIRD_PARTY_GUARANTEE, date(2026, 3, 2), PerfectionStage.PERFECTED, AGREED),
        (SecurityKind.EQUIPMENT_MORTGAGE, REGISTERED, PerfectionStage.PERFECTED, AGREED),
        (SecurityKind.RECEIVABLE_PLEDGE, REGISTERED, PerfectionStage.PERFECTED, REGISTERED),
        (SecurityKind.EQUIPMENT_MORTGAGE, ENDS, PerfectionStage.PERFECTED, AGREED),
        (SecurityKind.EQUIPMENT_MORTGAGE, date(2027, 3, 5), PerfectionStage.LAPSED, AGREED),
    ],
)
def test_perfection_has_two_steps(
    kind: SecurityKind, day: date, stage: PerfectionStage, effective: date | None
) -> None:
    """Corrections §1.1; Civil Code §§402, 403, 445, 745."""
    found = on(day, kind)
    assert (found.stage, found.effective_from) == (stage, effective)
    assert (found.opposable_from is not None) is (stage is PerfectionStage.PERFECTED)


def test_extended_in_time_it_keeps_its_date_and_late_it_begins_anew() -> None:
    later = date(2028, 3, 4)
    in_time = on(date(2027, 6, 1), extensions=[Extension(date(2027, 3, 1), later)])
    assert (in_time.stage, in_time.opposable_from, in_time.expires) == (PerfectionStage.PERFECTED, REGISTERED, later)
    late = on(date(2027, 6, 1), extensions=[Extension(date(2027, 4, 1), later)])
    assert (late.stage, late.opposable_from) == (PerfectionStage.PERFECTED, date(2027, 4, 1))
    not_yet = on(date(2027, 3, 20), extensions=[Extension(date(2027, 4, 1), later)])
    assert not_yet.stage is PerfectionStage.LAPSED


def test_a_cancelled_registration_holds_against_nobody() -> None:
    found = on(date(2026, 6, 1), cancelled_on=date(2026, 6, 1))
    assert (found.stage, found.opposable_from) == (PerfectionStage.CANCELLED, None)
    assert on(date(2026, 5, 31), cancelled_on=date(2026, 6, 1)).stage is PerfectionStage.PERFECTED


def test_who_has_registered_has_agreed() -> None:
    assert on(REGISTERED, agreed_on=None).effective_from == REGISTERED
