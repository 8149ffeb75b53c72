"""Deadlines and ranks of security in movables."""

from datetime import date

import pytest
import yaml

from domain.calendar import BusinessCalendar
from domain.collateral import SecurityKind
from services.collateral.calc.perfection import Interest, purchase_money_priority, ranks, registration_deadline
from tests.collateral.conftest import ROOT


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
    assert ranks([Interest("a", date(2025, 3, 5)), Interest("b", date(2025, 3, 4))]) == {"a": 2, "b": 1}


def test_the_unregistered_come_last_and_share() -> None:
    found = ranks([Interest("a", None), Interest("b", None), Interest("c", date(2025, 3, 4))])
    assert found == {"c": 1, "a": 2, "b": 2}


def test_purchase_money_outranks_an_earlier_floating_charge() -> None:
    """Corrections §6: another bank's floating charge of 2025-11-01."""
    charge = Interest("charge", date(2025, 11, 1))
    in_time = Interest("ours", date(2026, 9, 30), purchase_money=True)
    late = Interest("ours", date(2026, 10, 8))
    assert ranks([charge, in_time]) == {"ours": 1, "charge": 2}
    assert ranks([charge, late]) == {"charge": 1, "ours": 2}


def test_two_of_one_day_share_a_rank_and_push_the_next_back() -> None:
    day = date(2025, 3, 4)
    found = ranks([Interest("a", day), Interest("b", day), Interest("c", date(2025, 3, 5))])
    assert found == {"a": 1, "b": 1, "c": 3}
