"""``suandai pricing validate`` and ``calibrate``: the files written, what is printed, the exit codes, the page."""

import json
import os
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from services.pricing.calc.validation import Sample, validate
from suandai.cli import app
from suandai.validation import page
from tests.pricing.conftest import book
from tests.pricing.validation.samples import AS_OF, as_csv, made_up
from tests.shipped import BOOK


def run(*arguments: str) -> Result:
    common = ["--book", str(BOOK), "--as-of", AS_OF.isoformat()]
    return CliRunner().invoke(app, ["pricing", *arguments, *common], env={"COLUMNS": "200"})


@pytest.fixture
def card(tmp_path: Path) -> Path:
    file = tmp_path / "card.csv"
    file.write_text(as_csv(made_up()), "utf-8")
    return file


class Page(HTMLParser):
    """Tags of a page, each with its attributes; every tag that is opened must be one that closes or is void."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_a_report_is_written_twice_and_summed_up(card: Path) -> None:
    result = run("validate", str(card), "--out", str(card.parent))
    assert result.exit_code == 0, result.output
    data = json.loads((card.parent / "card.validation.json").read_text("utf-8"))
    assert {check["id"] for check in data["checks"]} >= {
        "auc",
        "ks",
        "brier",
        "hosmer_lemeshow",
        "binomial",
        "jeffreys",
    }
    assert "Discrimination: AUC and Gini" in result.output
    assert "card.validation.html" in result.output


def test_the_json_printed_is_the_json_written(card: Path) -> None:
    result = run("validate", str(card), "--out", str(card.parent), "--json")
    assert json.loads(result.output) == json.loads((card.parent / "card.validation.json").read_text("utf-8"))


def test_a_card_that_fails_is_told_by_the_exit_code(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(as_csv(made_up(lifted="3")), "utf-8")
    assert run("validate", str(file), "--out", str(tmp_path)).exit_code == 1
    assert (tmp_path / "bad.validation.html").is_file()


def test_every_fault_of_a_file_and_none_of_its_content(tmp_path: Path) -> None:
    file = tmp_path / "card.csv"
    lines = ["obligor_id,pd,grade,defaulted", *(f"secret{number},1.2,R5,0" for number in range(5)), "secret9,0.1,R99,7"]
    file.write_text("\n".join(lines), "utf-8")
    result = run("validate", str(file), "--out", str(tmp_path))
    assert result.exit_code == 3
    assert "pd: must be greater than 0 and less than 1" in result.output
    assert "(lines 2-6)" in result.output
    assert "grade: must be R1" in result.output
    assert "defaulted: must be 1" in result.output
    assert "secret" not in result.output
    assert os.listdir(tmp_path) == ["card.csv"]


def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, card: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for wrong in (tmp_path, tmp_path / "absent.csv", fifo):
        result = run("validate", str(wrong))
        assert result.exit_code == 3
        assert "is not a file" in result.output
    assert run("validate", str(card), "--scale", "no_such_scale").exit_code == 3
    assert run("validate", str(card), "--out", str(tmp_path / "absent")).exit_code == 3


def test_a_faulty_book_is_told_fault_by_fault(tmp_path: Path, card: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("kind: nothing\n", "utf-8")
    result = CliRunner().invoke(app, ["pricing", "validate", str(card), "--book", str(tmp_path)])
    assert result.exit_code == 3
    assert "wrong.yaml:1" in result.output


def test_the_page_stands_alone_and_nothing_in_it_runs() -> None:
    sample = made_up()
    report = validate(sample, book(), "master_scale", AS_OF, "0" * 64)
    text = page(report, '<script>alert("x")</script>.csv')
    found = Page(text)
    assert "script" not in found.tags
    assert not {"img", "link", "iframe", "object", "form", "a"} & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on") or name in ("src", "href")]
    assert "http://" not in text
    assert "https://" not in text
    assert "url(" not in text
    assert "&lt;script&gt;" in text
    for check in report.checks:
        assert check.title_zh in text


def test_every_chart_is_drawn_inside_its_frame() -> None:
    text = page(validate(made_up(), book(), "master_scale", AS_OF, "0" * 64), "card.csv")
    charts = [ET.fromstring(chart) for chart in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]
    assert len(charts) == 5
    for chart in charts:
        _, _, width, height = map(float, chart.attrib["viewBox"].split())
        assert chart.findtext("title")
        for shape in chart.iter():
            points = re.findall(r"(-?[\d.]+) (-?[\d.]+)", shape.attrib.get("d", ""))
            points += [(shape.attrib[x], shape.attrib[y]) for x, y in (("x", "y"), ("cx", "cy")) if x in shape.attrib]
            for x, y in points:
                assert 0 <= float(x) <= width
                assert 0 <= float(y) <= height


def test_a_page_of_almost_nothing() -> None:
    sample = made_up(size=2)
    bare = Sample(sample.obligors[:1], frozenset({"obligor_id", "score", "defaulted"}))
    text = page(validate(bare, book(), "master_scale", AS_OF, "0" * 64), "card.csv")
    assert "<svg" not in text
    assert "未执行" in text


def test_calibrate_names_the_shift(card: Path) -> None:
    result = run("calibrate", str(card), "--central-tendency", "0.037")
    assert result.exit_code == 0, result.output
    assert "2000 obligors" in result.output
    assert re.search(r"offset_shift \d+\.\d{8} makes it 0\.0370000\d", result.output)


@pytest.mark.parametrize("target", ["5%", "0", "1", "0.0001", "NaN", "-0.02", "2" * 30])
def test_calibrate_refuses_what_is_no_default_rate(card: Path, target: str) -> None:
    result = run("calibrate", str(card), f"--central-tendency={target}")
    assert result.exit_code == 3
    assert "a fraction per year" in result.output
