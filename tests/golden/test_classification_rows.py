"""Classification floors (domain paper §2.5, corrections §5) and early warnings (§6.2, row E3), through what the API calls."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.classification import (
    Classification,
    ClassificationRequest,
    EarlyWarningReadings,
    EarlyWarnings,
)
from domain.finding import Finding, Outcome
from domain.money import yuan
from policy.engine import Bundle, PolicyNotInForce
from services.origination.calc.classification import classification
from services.origination.calc.early_warnings import early_warnings

ON = date(2026, 11, 22)
FIRST, RENEWALS = date(2023, 7, 1), date(2024, 9, 24)
DAYS = [FIRST, RENEWALS]
"""The days on which a version of the policy begins; each row stands in both."""
ID, AT = UUID(int=1), datetime(2026, 11, 22, tzinfo=UTC)
NOTHING = {"state": "not_applicable"}


CLAIM: dict[str, Any] = {
    "key": "a",
    "balance": {"amount": "100000000.00"},
    "unpaid_since": NOTHING,
    "technical_delay": False,
    "misused": False,
    "refinanced": False,
    "renewal_in_good_order": False,
    "restructuring": NOTHING,
    "credit_impaired": False,
    "expected_loss": {"amount": "0.00"},
}
DEBTOR: dict[str, Any] = {
    "bad_elsewhere": False,
    "rating_cut": False,
    "overdue_share": "0",
    "evasion": False,
    "bankrupt": False,
    "group_member_bad": False,
    "offtaker_lost": False,
    "cash_below_interest_quarters": 0,
    "missing_server_share": "0",
    "double_pledge": False,
}


def classified(
    bundle: Bundle, *claims: dict[str, Any], on: date = ON, debtor: dict[str, Any] | None = None
) -> Finding[Classification]:
    asked = {
        "as_of": on.isoformat(),
        "claims": [CLAIM | claim for claim in claims or ({},)],
        "debtor": DEBTOR | (debtor or {}),
    }
    return classification(ClassificationRequest.model_validate(asked), bundle, finding_id=ID, made_at=AT)


def first(found: Finding[Classification]) -> tuple[str, list[str]]:
    assert found.value is not None
    claim = found.value.claims[0]
    return claim.at_best, [floor.code for floor in claim.floors]


def unpaid(days: int, on: date = ON) -> dict[str, Any]:
    return {"unpaid_since": {"value": (on - timedelta(days=days)).isoformat()}}


@pytest.mark.parametrize("on", DAYS)
@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, "normal"),
        (1, "special_mention"),
        (7, "special_mention"),
        (8, "special_mention"),
        (90, "special_mention"),
        (91, "substandard"),
        (270, "substandard"),
        (271, "doubtful"),
        (360, "doubtful"),
        (361, "loss"),
    ],
)
def test_class_2023_days_past_due(bundle: Bundle, on: date, days: int, expected: str) -> None:
    found = classified(bundle, unpaid(days, on), on=on)
    assert found.value is not None
    assert (found.value.claims[0].days_past_due, first(found)[0]) == (days, expected)
    assert found.outcome is (Outcome.PASS if expected == "normal" else Outcome.REFER)


@pytest.mark.parametrize("on", DAYS)
@pytest.mark.parametrize(("days", "expected"), [(1, "normal"), (7, "normal"), (8, "special_mention")])
def test_class_2023_a_technical_delay_is_excused_for_seven_days(
    bundle: Bundle, on: date, days: int, expected: str
) -> None:
    assert first(classified(bundle, {**unpaid(days, on), "technical_delay": True}, on=on))[0] == expected


@pytest.mark.parametrize("on", DAYS)
def test_class_2023_days_past_due_survive_an_extension(bundle: Bundle, on: date) -> None:
    """Due 100 days ago; put off for a year, once ten days before it fell due and once ten days after."""
    due = on - timedelta(days=100)
    for agreed, expected in ((-10, "normal"), (10, "substandard")):
        extension = {
            "agreed_on": (due + timedelta(days=agreed)).isoformat(),
            "due_now": (due + timedelta(days=365)).isoformat(),
        }
        assert first(classified(bundle, {**unpaid(100, on), "extension": extension}, on=on))[0] == expected
    # Put off in order and missed again: counted from the new day.
    late = {"agreed_on": (due - timedelta(days=10)).isoformat(), "due_now": (on - timedelta(days=5)).isoformat()}
    found = classified(bundle, {**unpaid(100, on), "extension": late}, on=on)
    assert found.value is not None
    assert found.value.claims[0].days_past_due == 5
    assert first(classified(bundle, unpaid(100, on), on=on))[0] == "substandard"


@pytest.mark.parametrize("on", DAYS)
@pytest.mark.parametrize(
    ("fact", "code", "expected"),
    [
        ({"misused": True}, ["UNAUTHORISED_USE"], "special_mention"),
        ({"refinanced": True}, ["BORROWED_TO_REPAY"], "special_mention"),
        # A loss that is expected of a claim nobody calls impaired is no floor of its own.
        ({"expected_loss": {"amount": "95000000.00"}}, [], "normal"),
        ({"credit_impaired": True}, ["CREDIT_IMPAIRED"], "substandard"),
        (
            {"credit_impaired": True, "expected_loss": {"amount": "49999999.99"}},
            ["CREDIT_IMPAIRED"],
            "substandard",
        ),
        (
            {"credit_impaired": True, "expected_loss": {"amount": "50000000.00"}},
            ["CREDIT_IMPAIRED", "IMPAIRED_BY_HALF"],
            "doubtful",
        ),
        (
            {"credit_impaired": True, "expected_loss": {"amount": "89999999.99"}},
            ["CREDIT_IMPAIRED", "IMPAIRED_BY_HALF"],
            "doubtful",
        ),
        (
            {"credit_impaired": True, "expected_loss": {"amount": "90000000.00"}},
            ["CREDIT_IMPAIRED", "IMPAIRED_BY_HALF", "IMPAIRED_BY_NINE_TENTHS"],
            "loss",
        ),
    ],
)
def test_class_2023_what_a_claim_shows(
    bundle: Bundle, on: date, fact: dict[str, Any], code: list[str], expected: str
) -> None:
    # What makes one claim bad makes all of them so; here there is only one.
    at_best, codes = first(classified(bundle, fact, on=on))
    assert (at_best, [item for item in codes if item != "BAD_HERE"]) == (expected, code)


@pytest.mark.parametrize("on", DAYS)
@pytest.mark.parametrize(
    ("months", "periods", "codes"),
    [
        (11, 4, ["RESTRUCTURED"]),
        (12, 1, ["RESTRUCTURED_PERIODS"]),
        (11, 1, ["RESTRUCTURED", "RESTRUCTURED_PERIODS"]),
        (12, 2, []),
    ],
)
def test_class_2023_a_restructured_claim_is_observed_for_a_year(
    bundle: Bundle, on: date, months: int, periods: int, codes: list[str]
) -> None:
    began = date(on.year - (1 if on.month <= months else 0), (on.month - months - 1) % 12 + 1, on.day)
    fact = {"restructuring": {"value": {"first_due": began.isoformat(), "periods_kept": periods}}}
    assert first(classified(bundle, fact, on=on)) == ("special_mention" if codes else "normal", codes)


@pytest.mark.parametrize("on", DAYS)
@pytest.mark.parametrize(
    ("fact", "code", "expected"),
    [
        ({"bad_elsewhere": True}, "BAD_ELSEWHERE", "special_mention"),
        ({"rating_cut": True}, "RATING_CUT", "substandard"),
        ({"overdue_share": "0.20"}, None, "normal"),
        ({"overdue_share": "0.20000001"}, "OVERDUE_AT_ALL_BANKS", "substandard"),
        ({"evasion": True}, "EVASION", "doubtful"),
        ({"bankrupt": True}, "BANKRUPT", "loss"),
        ({"offtaker_lost": True}, "OFFTAKER_LOST", "special_mention"),
        ({"missing_server_share": "0.02"}, None, "normal"),
    ],
)
def test_class_2023_what_the_debtor_shows_holds_of_all_its_claims(
    bundle: Bundle, on: date, fact: dict[str, Any], code: str | None, expected: str
) -> None:
    found = classified(bundle, {"key": "a"}, {"key": "b"}, on=on, debtor=fact)
    assert found.value is not None
    for claim in found.value.claims:
        assert claim.at_best == expected
        assert [floor.code for floor in claim.floors if floor.code != "BAD_HERE"] == ([code] if code else [])


@pytest.mark.parametrize("on", DAYS)
@pytest.mark.parametrize(
    ("fact", "code", "expected"),
    [
        ({"group_member_bad": True}, "GROUP_MEMBER_BAD", "normal"),
        ({"cash_below_interest_quarters": 2}, "CASH_BELOW_INTEREST", "special_mention"),
        ({"missing_server_share": "0.02000001"}, "COLLATERAL_MISSING", "substandard"),
        ({"double_pledge": True}, "DOUBLE_PLEDGE", "substandard"),
    ],
)
def test_class_2023_and_6_4_what_starts_a_review(
    bundle: Bundle, on: date, fact: dict[str, Any], code: str, expected: str
) -> None:
    found = classified(bundle, on=on, debtor=fact)
    assert found.value is not None
    assert (first(found)[0], found.value.reviews, found.outcome) == (expected, (code,), Outcome.REFER)


@pytest.mark.parametrize("on", DAYS)
@pytest.mark.parametrize(
    ("bad", "good", "expected"),
    [("10000000.00", "90000000.00", "normal"), ("10000000.01", "89999999.99", "substandard")],
)
def test_class_2023_more_than_a_tenth_bad_here_makes_all_bad(
    bundle: Bundle, on: date, bad: str, good: str, expected: str
) -> None:
    found = classified(
        bundle,
        {"key": "good", "balance": {"amount": good}},
        {"key": "bad", "balance": {"amount": bad}, **unpaid(91, on)},
        on=on,
    )
    assert first(found) == (expected, [] if expected == "normal" else ["BAD_HERE"])


def test_class_renewal_of_a_small_firm_in_good_order_keeps_its_class_from_2024_09_24(bundle: Bundle) -> None:
    renewed = {"refinanced": True, "renewal_in_good_order": True}
    assert first(classified(bundle, renewed, on=RENEWALS - timedelta(days=1)))[0] == "special_mention"
    assert first(classified(bundle, renewed, on=RENEWALS))[0] == "normal"
    assert first(classified(bundle, {**renewed, "renewal_in_good_order": False}, on=RENEWALS))[0] == "special_mention"


@pytest.mark.parametrize("on", DAYS)
@pytest.mark.parametrize(
    ("fact", "provision"),
    [
        ({}, "1000000.00"),
        ({"misused": True}, "2000000.00"),
        ({"credit_impaired": True}, "25000000.00"),
        ({"credit_impaired": True, "expected_loss": {"amount": "50000000.00"}}, "50000000.00"),
        ({"credit_impaired": True, "expected_loss": {"amount": "100000000.00"}}, "100000000.00"),
    ],
)
def test_class_provision_floors_of_1_2_25_50_and_100_percent(
    bundle: Bundle, on: date, fact: dict[str, Any], provision: str
) -> None:
    found = classified(bundle, fact, on=on)
    assert found.value is not None
    assert found.value.claims[0].provision_floor == yuan(provision)


@pytest.mark.parametrize("on", DAYS)
def test_class_2023_three_steps_by_three_persons_at_least_quarterly(bundle: Bundle, on: date) -> None:
    value = classified(bundle, on=on).value
    assert value is not None
    assert [(step.id, step.role) for step in value.steps] == [
        ("initial", "monitor"),
        ("confirmation", "reviewer"),
        ("approval", "approver"),
    ]
    assert value.again_by == date(on.year, on.month + 3, on.day)


def test_class_2023_begins_on_2023_07_01(bundle: Bundle) -> None:
    with pytest.raises(PolicyNotInForce):
        classified(bundle, on=FIRST - timedelta(days=1))
    assert first(classified(bundle, on=FIRST)) == ("normal", [])


@pytest.mark.parametrize(
    ("claim", "debtor", "fact"),
    [
        ({"unpaid_since": {"state": "unknown"}}, {}, "claim.days_past_due"),
        ({**unpaid(3), "technical_delay": None}, {}, "claim.technical_delay"),
        ({"credit_impaired": True, "expected_loss": None}, {}, "claim.loss_share"),
        ({"restructuring": {"state": "unknown"}}, {}, "claim.restructured"),
        ({}, {"bankrupt": None}, "debtor.bankrupt"),
        ({}, {"missing_server_share": None}, "monitoring.missing_server_share"),
    ],
)
def test_class_what_is_not_known_is_no_good_news(
    bundle: Bundle, claim: dict[str, Any], debtor: dict[str, Any], fact: str
) -> None:
    found = classified(bundle, claim, debtor=debtor)
    assert found.value is not None
    assert found.outcome is Outcome.REFER
    assert fact in found.value.claims[0].undecided
    assert fact in {reason.subject for reason in found.reasons}


# --- early warnings ---------------------------------------------------------------------------------------------------

QUIET: dict[str, Any] = {
    "gpu_utilisation": "0.50",
    "rental_index_change": "-0.1499",
    "backlog_cover": "1.0",
    "gross_margin_change": "-0.0499",
    "loss_quarters": 1,
    "key_leavers": 0,
    "cto_and_ceo_left": False,
    "research_change": "-0.1999",
    "power_months_left": 6,
    "power_tariff_change": "0.1499",
    "power_cut_notice": False,
    "failure_rate": "0.10",
    "missing_server_share": "0.005",
    "offtaker_delay_days": 14,
    "sla_penalty_share": "0.0099",
    "supply_event": False,
    "supply_licence_revoked": False,
    "unknown_registrations": 0,
    "same_serial_registered": False,
    "bypass_attempts": 0,
    "legal_event": False,
    "enforcement": False,
}
"""Every figure just on the quiet side of its amber threshold."""


def warned(bundle: Bundle, readings: dict[str, Any]) -> Finding[EarlyWarnings]:
    asked = EarlyWarningReadings.model_validate({"as_of": ON.isoformat(), **readings})
    return early_warnings(asked, bundle, finding_id=ID, made_at=AT)


def lights(found: Finding[EarlyWarnings]) -> dict[str, str]:
    assert found.value is not None
    return {item.code: item.light for item in found.value.indicators}


def status(found: Finding[EarlyWarnings]) -> str:
    assert found.value is not None
    return found.value.status


def test_early_warnings_all_quiet(bundle: Bundle) -> None:
    found = warned(bundle, QUIET)
    assert set(lights(found).values()) == {"green"}
    assert len(lights(found)) == 15
    assert (status(found), found.outcome) == ("normal", Outcome.PASS)


@pytest.mark.parametrize(
    ("indicator", "amber", "red"),
    [
        ("GPU_UTILISATION", {"gpu_utilisation": "0.4999"}, {"gpu_utilisation": "0.2999"}),
        ("RENTAL_INDEX", {"rental_index_change": "-0.15"}, {"rental_index_change": "-0.30"}),
        ("BACKLOG", {"backlog_cover": "0.9999"}, {"backlog_cover": "0.4999"}),
        ("PROFITABILITY", {"gross_margin_change": "-0.05"}, {"loss_quarters": 2}),
        ("CORE_TEAM", {"key_leavers": 1}, {"key_leavers": 2}),
        ("CORE_TEAM", {"key_leavers": 1}, {"cto_and_ceo_left": True}),
        ("RESEARCH_SPEND", {"research_change": "-0.20"}, {"research_change": "-0.35"}),
        ("POWER_CONTRACT", {"power_months_left": 5}, {"power_cut_notice": True}),
        ("POWER_CONTRACT", {"power_tariff_change": "0.15"}, {"power_cut_notice": True}),
        ("FAILURE_RATE", {"failure_rate": "0.1001"}, {"failure_rate": "0.2001"}),
        ("MISSING_SERVERS", {"missing_server_share": "0.0051"}, {"missing_server_share": "0.0201"}),
        ("OFFTAKER_DELAY", {"offtaker_delay_days": 15}, {"offtaker_delay_days": 45}),
        ("SLA_PENALTIES", {"sla_penalty_share": "0.01"}, {"sla_penalty_share": "0.03"}),
        ("SUPPLY_CHANNEL", {"supply_event": True}, {"supply_licence_revoked": True}),
        ("NEW_SECURITY", {"unknown_registrations": 1}, {"same_serial_registered": True}),
        ("OWNER_BYPASS", {"bypass_attempts": 1}, {"bypass_attempts": 3}),
        ("LEGAL_EVENTS", {"legal_event": True}, {"enforcement": True}),
    ],
)
def test_early_warning_thresholds(bundle: Bundle, indicator: str, amber: dict[str, Any], red: dict[str, Any]) -> None:
    for light, change, expected in (("amber", amber, "normal"), ("red", red, "watch")):
        found = warned(bundle, QUIET | change)
        assert {code for code, shown in lights(found).items() if shown != "green"} == {indicator}
        assert (lights(found)[indicator], status(found)) == (light, expected)


def test_e3_the_cto_leaves_and_research_falls_by_35_percent_means_watch(bundle: Bundle) -> None:
    found = warned(bundle, QUIET | {"key_leavers": 1, "research_change": "-0.35"})
    assert (lights(found)["CORE_TEAM"], lights(found)["RESEARCH_SPEND"]) == ("amber", "red")
    assert (status(found), found.outcome) == ("watch", Outcome.REFER)
    assert found.value is not None
    assert found.value.act_by == ON + timedelta(days=1)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"gpu_utilisation": "0.4", "backlog_cover": "0.9"}, "normal"),
        ({"gpu_utilisation": "0.4", "backlog_cover": "0.9", "failure_rate": "0.15"}, "watch"),
        ({"gpu_utilisation": "0.2"}, "watch"),
        ({"gpu_utilisation": "0.2", "backlog_cover": "0.4"}, "classification_review"),
    ],
)
def test_early_warnings_three_ambers_or_one_red_watch_two_reds_review(
    bundle: Bundle, change: dict[str, Any], expected: str
) -> None:
    found = warned(bundle, QUIET | change)
    assert status(found) == expected
    assert found.value is not None
    assert found.value.review_at_best == ("special_mention" if expected == "classification_review" else None)


def test_early_warnings_what_nobody_read_is_no_green(bundle: Bundle) -> None:
    found = warned(bundle, {})
    assert set(lights(found).values()) == {"not_run"}
    assert (status(found), found.outcome) == ("normal", Outcome.NOT_RUN)
