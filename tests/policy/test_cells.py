"""Cells: what a reviewer reads is exactly what is covered."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.engine.cells import Cell, parse_cell, samples
from policy.engine.completeness import Column, gaps, overlaps
from policy.engine.vocabulary import FactDefinition, FactType, Scalar


def fact(kind: FactType, **more: object) -> FactDefinition:
    return FactDefinition.model_validate({"type": kind, "title_zh": "事实", "title_en": "Fact", **more})


NUMBER = fact(FactType.NUMBER)
SIZE = fact(FactType.CODE, values=("small", "medium", "large"))
REGION = fact(FactType.CODE)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("[0.3, 0.5)", ["0.3", "0.49999999"], ["0.29999999", "0.5"]),
        ("(0.3, 0.5]", ["0.30000001", "0.5"], ["0.3", "0.50000001"]),
        ("<= 36", ["36", "-1"], ["36.00000001"]),
        (">= 36", ["36", "1000"], ["35.99999999"]),
        ("< 36", ["35.9"], ["36"]),
        ("> 36", ["36.1"], ["36"]),
        ("36", ["36", "36.00"], ["36.1"]),
        ("= 36", ["36.00"], ["36.1"]),
        ("< 1 | [5, 6] | 9", ["0", "5", "6", "9"], ["1", "7", "9.1"]),
        ("> 10_000_000.00", ["10000000.01"], ["10000000", "10000000.00"]),
        ("*", ["0"], []),
    ],
)
def test_a_number_cell_covers_what_it_says(text: str, inside: list[str], outside: list[str]) -> None:
    cell = parse_cell(text, NUMBER)
    assert [cell.covers(Decimal(value)) for value in inside] == [True] * len(inside)
    assert [cell.covers(Decimal(value)) for value in outside] == [False] * len(outside)


def test_a_tenth_is_a_tenth() -> None:
    """Binary floats would put 0.1 + 0.2 above the bound; exact decimals put it on it."""
    assert parse_cell("<= 0.3", NUMBER).covers(Decimal("0.1") + Decimal("0.2"))
    assert not parse_cell("> 0.3", NUMBER).covers(Decimal("0.1") + Decimal("0.2"))


def test_codes_dates_and_flags() -> None:
    assert parse_cell("small | large", SIZE).covers("small")
    assert not parse_cell("small | large", SIZE).covers("medium")
    assert parse_cell("not small | large", SIZE).covers("medium")
    assert parse_cell("not anhui", REGION).covers("ningxia")
    assert parse_cell("[2024-07-01, 2025-10-01)", fact(FactType.DATE)).covers(date(2025, 9, 30))
    assert not parse_cell("[2024-07-01, 2025-10-01)", fact(FactType.DATE)).covers(date(2025, 10, 1))
    assert parse_cell("true", fact(FactType.BOOLEAN)).covers(True)
    assert not parse_cell("true", fact(FactType.BOOLEAN)).covers(False)


@pytest.mark.parametrize(
    ("text", "definition"),
    [
        ("<< 2.5", NUMBER),
        ("[5, 3]", NUMBER),
        ("(3, 3]", NUMBER),
        ("three", NUMBER),
        ("NaN", NUMBER),
        ("Infinity", NUMBER),
        ("1e999999999", NUMBER),
        ("9" * 60, NUMBER),
        ("٣", NUMBER),
        ("[3, 5", NUMBER),
        ("* | 3", NUMBER),
        ("", NUMBER),
        ("not 3", NUMBER),
        ("1.5", fact(FactType.INTEGER)),
        ("huge", SIZE),
        ("small | small", SIZE),
        ("< small", SIZE),
        ("not small | n/a", SIZE),
        ("yes", fact(FactType.BOOLEAN)),
        ("2024-02-30", fact(FactType.DATE)),
        ("11", fact(FactType.NUMBER, minimum="1", maximum="10")),
    ],
)
def test_a_cell_that_means_nothing_is_refused(text: str, definition: FactDefinition) -> None:
    with pytest.raises(ValueError):
        parse_cell(text, definition)


NUMBERS = st.decimals(min_value=-1000, max_value=1000, places=3, allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(low=NUMBERS, high=NUMBERS, value=NUMBERS, brackets=st.tuples(st.sampled_from("[("), st.sampled_from(")]")))
def test_an_interval_is_its_two_comparisons(
    low: Decimal, high: Decimal, value: Decimal, brackets: tuple[str, str]
) -> None:
    left, right = brackets
    text = f"{left}{low}, {high}{right}"
    if low > high or (low == high and brackets != ("[", "]")):
        with pytest.raises(ValueError):
            parse_cell(text, NUMBER)
        return
    above = parse_cell(f"{'>=' if left == '[' else '>'} {low}", NUMBER)
    below = parse_cell(f"{'<=' if right == ']' else '<'} {high}", NUMBER)
    assert parse_cell(text, NUMBER).covers(value) == (above.covers(value) and below.covers(value))


@settings(deadline=None)
@given(cuts=st.lists(NUMBERS, min_size=1, max_size=8, unique=True), value=NUMBERS)
def test_a_partition_covers_every_value_once_and_is_recognised_as_whole(cuts: list[Decimal], value: Decimal) -> None:
    ordered = sorted(cuts)
    texts = [f"< {ordered[0]}"]
    texts += [f"[{low}, {high})" for low, high in pairwise(ordered)]
    texts.append(f">= {ordered[-1]}")
    cells = [parse_cell(text, NUMBER) for text in texts]
    assert sum(cell.covers(value) for cell in cells) == 1
    column = [Column("x", NUMBER, tuple(cells))]
    assert gaps(column, len(cells)) == []
    assert overlaps(column, len(cells)) == []
    for left_out in range(len(cells)):
        rest = tuple(cell for index, cell in enumerate(cells) if index != left_out)
        assert len(gaps([Column("x", NUMBER, rest)], len(rest))) >= 1


INTERVALS = st.tuples(NUMBERS, NUMBERS).filter(lambda pair: pair[0] < pair[1])


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(INTERVALS, st.lists(st.sampled_from(SIZE.values), min_size=1, max_size=3, unique=True)), max_size=5
    ),
    points=st.lists(st.tuples(NUMBERS, st.sampled_from(SIZE.values)), min_size=20, max_size=20),
)
def test_what_the_check_calls_whole_has_no_counterexample(
    rows: list[tuple[tuple[Decimal, Decimal], list[str]]], points: list[tuple[Decimal, str]]
) -> None:
    """Against brute force: a point no row covers means a reported gap, one covered twice a reported overlap."""
    numbers: list[Cell] = [parse_cell("< 0", NUMBER)]
    sizes: list[Cell] = [parse_cell("*", SIZE)]
    for (low, high), names in rows:
        numbers.append(parse_cell(f"[{low}, {high})", NUMBER))
        sizes.append(parse_cell(" | ".join(names), SIZE))
    columns = [Column("number", NUMBER, tuple(numbers)), Column("size", SIZE, tuple(sizes))]
    hits = [
        sum(number.covers(value) and size.covers(name) for number, size in zip(numbers, sizes, strict=True))
        for value, name in points
    ]
    if 0 in hits:
        assert gaps(columns, len(numbers)) != []
    if max(hits) > 1:
        assert overlaps(columns, len(numbers)) != []


def test_money_and_whole_numbers_have_neighbours_with_nothing_between() -> None:
    money = fact(FactType.MONEY, minimum="0")
    closed = (parse_cell("<= 100.00", money), parse_cell(">= 100.01", money))
    assert gaps([Column("m", money, closed)], 2) == []
    months = fact(FactType.INTEGER, minimum="1")
    assert gaps([Column("n", months, (parse_cell("<= 36", months), parse_cell(">= 37", months)))], 2) == []
    assert gaps([Column("x", NUMBER, (parse_cell("<= 36", NUMBER), parse_cell(">= 37", NUMBER)))], 2) == [
        "x in (36, 37)"
    ]


def test_samples_stay_inside_the_declared_bounds() -> None:
    share = fact(FactType.NUMBER, minimum="0", maximum="1")
    values: list[Scalar | None] = [sample.value for sample in samples([parse_cell("< 0.5", share)], share)]
    assert min(v for v in values if isinstance(v, Decimal)) == 0
    assert max(v for v in values if isinstance(v, Decimal)) == 1
