"""Properties of reading names and of searching circles, on generated cases; the circle search against trying every path."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.application import Invoice
from domain.application.invoices import digital_number
from domain.identity import uscc_check_character
from domain.integrity import Tie, TieKind, TradeLeg
from domain.money import yuan
from policy.engine.integrity import IntegrityPolicy
from services.origination.calc.integrity.names import read_name, similarity
from services.origination.calc.integrity.ownership import OwnershipGraph
from services.origination.calc.integrity.trades import shortest_cycle
from tests.shipped import shipped_book

ON = date(2026, 11, 23)


def policy() -> IntegrityPolicy:
    found = shipped_book().integrity(ON)
    assert found is not None
    return found


RULES = policy().names
CORES = st.text("甲乙丙丁戊己庚辛智算云图数科芯海星", min_size=2, max_size=8)
PLACES = st.sampled_from(RULES.regions)
FORMS = st.sampled_from(RULES.legal_forms)
_WIDE = {ord(plain): chr(ord(plain) + 0xFEE0) for plain in "ABCXYZabcxyz0123456789()"}


@given(CORES, PLACES, FORMS)
def test_place_form_brackets_and_spaces_make_no_other_name(core: str, place: str, form: str) -> None:
    plain = read_name(f"{place}{core}{form}", RULES)
    for written in (
        f"{core}（{place}）{form}",
        f"{core}({place}){form}",
        f" {place} {core} {form} ",
        f"国家{place}{core}{form}",
    ):
        assert read_name(written, RULES) == plain


@given(st.text("ABCXYZabcxyz0123456789", min_size=1, max_size=6), CORES)
def test_width_and_case_make_no_other_name(letters: str, core: str) -> None:
    narrow, wide = read_name(f"{letters}{core}公司", RULES), read_name(f"{letters.translate(_WIDE)}{core}公司", RULES)
    assert narrow == wide == read_name(f"{letters.upper()}{core}公司", RULES)


@given(CORES, CORES)
def test_likeness_is_mutual_bounded_and_whole_with_itself(one: str, other: str) -> None:
    first, second = read_name(f"{one}公司", RULES), read_name(f"{other}公司", RULES)
    assert similarity(first, second) == similarity(second, first)
    assert 0 <= similarity(first, second) <= 1
    assert similarity(first, first) == 1


@given(st.text(max_size=40))
def test_any_text_can_be_read_as_a_name(text: str) -> None:
    read = read_name(text, RULES)
    assert similarity(read, read) == 1


def code(number: int) -> str:
    body = f"91110000MA{number:07d}"
    return body + uscc_check_character(body)


NAMES = [code(number) for number in range(6)]
LEGS = st.lists(
    st.builds(
        TradeLeg,
        payer=st.sampled_from(NAMES),
        payee=st.sampled_from(NAMES),
        on=st.integers(0, 90).map(lambda days: ON + timedelta(days=days)),
        source=st.just("transfer"),
    ),
    max_size=12,
)


def every_cycle(legs: list[TradeLeg], hops: int, window: int) -> list[tuple[TradeLeg, ...]]:
    """All ways that leave the first name and come back to it, meeting nobody twice, by trying each."""
    found = []

    def follow(path: tuple[TradeLeg, ...], met: frozenset[str]) -> None:
        for leg in legs:
            if leg.payer != (path[-1].payee if path else NAMES[0]) or leg.payee == leg.payer:
                continue
            longer = (*path, leg)
            days = [item.on for item in longer]
            if len(longer) > hops or (max(days) - min(days)).days > window:
                continue
            if leg.payee == NAMES[0]:
                found.append(longer)
            elif leg.payee not in met:
                follow(longer, met | {leg.payee})

    follow((), frozenset({NAMES[0]}))
    return found


@settings(max_examples=300)
@given(LEGS, st.integers(2, 5), st.sampled_from([0, 10, 30]))
def test_a_circle_is_found_where_there_is_one_and_none_is_shorter(legs: list[TradeLeg], hops: int, window: int) -> None:
    cycle = shortest_cycle(legs, NAMES[0], hops, window)
    every = every_cycle(legs, hops, window)
    assert (cycle is None) == (not every)
    if cycle is not None:
        assert len(cycle) == min(map(len, every))
        assert cycle in every


TIES = st.lists(
    st.builds(
        Tie,
        subject=st.sampled_from(NAMES),
        kind=st.just(TieKind.OWNER),
        other=st.sampled_from(NAMES),
        share=st.sampled_from([Decimal("0.1"), Decimal("0.3"), Decimal("0.5"), Decimal(1)]),
    ),
    max_size=12,
)


@given(TIES)
def test_owners_that_own_each_other_are_followed_once_and_hold_no_more_than_the_whole(ties: list[Tie]) -> None:
    graph = OwnershipGraph(ties, (), policy().ownership)
    for name in NAMES:
        held = graph.holders(name)
        assert name not in held
        assert all(0 < share <= 1 for share in held.values())
        for other in NAMES:
            assert (graph.relation(name, other) is None) == (graph.relation(other, name) is None)


def test_an_invoice_is_one_by_code_and_number_alone() -> None:
    plain = {"code": "3100224130", "number": "00012345", "issued": ON, "amount": yuan(100), "check_code": "123456"}
    first = Invoice.model_validate(plain)
    altered = Invoice.model_validate({**plain, "amount": yuan(120)})
    assert first.mark() == altered.mark()
    assert first.particulars() != altered.particulars()
    assert first.mark() != Invoice.model_validate({**plain, "code": "3100224131"}).mark()


def test_a_digital_invoice_is_known_by_its_number_wherever_it_is_written() -> None:
    number = "26317000000000000001"
    with_code = Invoice(code="3100224130", number=number, issued=ON, amount=yuan(1))
    without = Invoice(number=number, issued=ON, amount=yuan(1))
    assert with_code.mark() == without.mark()
    assert digital_number(f" {number[:4]} {number[4:]} ") == number
    assert digital_number("XYZS1-FP-001") is None
    assert digital_number(None) is None


def test_an_invoice_of_eight_digits_has_a_code() -> None:
    with pytest.raises(ValidationError, match="has a code"):
        Invoice(number="00012345", issued=ON, amount=yuan(1))
