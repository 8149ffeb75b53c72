"""Figures: percentiles, ratios and the file they are written to."""

import json
from pathlib import Path

import pytest

from suandai.bench.figures import BEGIN, END, enter, figure, percentile, spread, write


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)], ids=["p50", "p99", "p100", "p0"]
)
def test_a_percentile_is_a_measured_value(share: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_no_measurement_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no measurement"):
        percentile([], 0.5)


def test_a_ratio_is_taken_before_rounding_and_from_nothing_there_is_none() -> None:
    assert figure("x", 2.00004, "ms", beside=3.0).ratio == 0.6667
    assert figure("x", 2.0, "ms", beside=0.0).ratio is None
    assert figure("x", 2.0, "ms").beside is None


def test_a_spread_stands_beside_the_same_percentiles() -> None:
    p50, p99 = spread("task_ms", [1.0] * 99 + [50.0] * 2, "ms", beside=[2.0] * 100)
    assert (p50.name, p50.value, p50.beside, p50.ratio) == ("task_ms_p50", 1.0, 2.0, 0.5)
    assert (p99.name, p99.value, p99.beside) == ("task_ms_p99", 50.0, 2.0)
    assert "101 and 100 measurements" in p50.note


def test_the_file_is_a_list_of_figures(tmp_path: Path) -> None:
    write(tmp_path / "bench.json", [figure("a", 1.5, "s", beside=3.0, note="beside: b"), figure("c", 2.0, "1")])
    assert json.loads((tmp_path / "bench.json").read_text("utf-8")) == [
        {"name": "a", "value": 1.5, "unit": "s", "beside": 3.0, "ratio": 0.5, "note": "beside: b"},
        {"name": "c", "value": 2.0, "unit": "1", "beside": None, "ratio": None, "note": ""},
    ]


def test_a_page_takes_the_figures_in_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")
    enter(page, [figure("a", 1.5, "s", beside=3.0, note="beside: b")])
    assert page.read_text("utf-8").splitlines() == [
        "before",
        BEGIN,
        "| figure | value | unit | beside | ratio | |",
        "|---|---|---|---|---|---|",
        "| `a` | 1.5 | s | 3 | 0.5 | beside: b |",
        END,
        "after",
    ]
    page.write_text("no place", "utf-8")
    with pytest.raises(ValueError, match="no place"):
        enter(page, [])
