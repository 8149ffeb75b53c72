"""Rows E6 and E7: what a credit memo must say before it goes to review."""

from datetime import date

import pytest

from domain.tasks import MemoNote
from policy.engine import Bundle
from services.origination.calc.memo_notes import memo_faults

BEFORE, ON = date(2026, 11, 19), date(2026, 11, 20)
RISK_VIEWS = ("energy", "efficiency", "innovation_application", "technology_breakthrough")
DIFFICULTIES = ("no_fixed_collateral", "technology_valuation", "risk_control")
SENTENCE = "电力合同至二〇三〇年，价格锁定。"


def written(*fields: str, text: str = SENTENCE) -> tuple[MemoNote, ...]:
    return tuple(MemoNote(field=field, text=text) for field in fields)


def codes(bundle: Bundle, notes: tuple[MemoNote, ...], on: date = ON) -> set[tuple[str, str]]:
    return {(fault.pointer, fault.code) for fault in memo_faults(bundle.memo_template(on), notes)}


@pytest.mark.parametrize("field", RISK_VIEWS)
def test_e6_a_memo_without_one_of_the_four_risk_fields_is_refused(bundle: Bundle, field: str) -> None:
    others = [name for name in (*RISK_VIEWS, *DIFFICULTIES) if name != field]
    assert codes(bundle, written(*others)) == {(f"/memo/{field}", "memo_field_required")}


@pytest.mark.parametrize("field", DIFFICULTIES)
def test_e7_a_memo_that_is_silent_on_one_of_the_three_difficulties_is_refused(bundle: Bundle, field: str) -> None:
    others = [name for name in (*RISK_VIEWS, *DIFFICULTIES) if name != field]
    assert codes(bundle, written(*others)) == {(f"/memo/{field}", "memo_field_required")}


def test_e6_e7_all_that_is_missing_is_told_at_once(bundle: Bundle) -> None:
    assert codes(bundle, ()) == {(f"/memo/{name}", "memo_field_required") for name in (*RISK_VIEWS, *DIFFICULTIES)}


def test_e6_e7_a_memo_that_says_everything_goes_on(bundle: Bundle) -> None:
    assert codes(bundle, written(*RISK_VIEWS, *DIFFICULTIES)) == set()


def test_e6_a_word_is_no_view_of_a_risk(bundle: Bundle) -> None:
    """At least ten characters: nine are too few."""
    notes = (*written("energy", text="九个字不够长吧是的"), *written(*RISK_VIEWS[1:], *DIFFICULTIES))
    assert codes(bundle, notes) == {("/memo/0/text", "memo_field_short")}
    enough = (*written("energy", text="十个字就刚好够长了的"), *written(*RISK_VIEWS[1:], *DIFFICULTIES))
    assert codes(bundle, enough) == set()


def test_e6_fields_that_are_not_asked_for_or_given_twice_are_refused(bundle: Bundle) -> None:
    notes = written(*RISK_VIEWS, *DIFFICULTIES, "energy", "weather")
    assert codes(bundle, notes) == {("/memo/7/field", "memo_field_twice"), ("/memo/8/field", "memo_field_unknown")}


def test_e6_cases_of_the_day_before_are_asked_for_nothing(bundle: Bundle) -> None:
    assert codes(bundle, (), BEFORE) == set()
    assert bundle.memo_template(BEFORE) is None


def test_e6_e7_each_field_stands_in_its_section_of_the_memo(bundle: Bundle) -> None:
    template = bundle.memo_template(ON)
    assert template is not None
    assert {item.id: item.section for item in template.fields} == dict.fromkeys(
        RISK_VIEWS, "risk_view"
    ) | dict.fromkeys(DIFFICULTIES, "difficulty")
