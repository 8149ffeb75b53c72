"""The example of model validation: its file is the one its script writes, and its report runs whole."""

import json
from datetime import date
from pathlib import Path

from typer.testing import CliRunner

from examples.make_card import CARD, rows
from policy.engine import load_book
from suandai.cli import app

BOOK = Path(__file__).parents[2] / "policy" / "book"


def test_the_script_writes_the_file_that_is_there() -> None:
    scale = load_book(BOOK).rating_scale("master_scale", date(2026, 1, 1))
    assert rows(scale).encode() == CARD.read_bytes()


def test_every_check_of_its_report_is_run(tmp_path: Path) -> None:
    arguments = ["pricing", "validate", str(CARD), "--book", str(BOOK), "--out", str(tmp_path), "--as-of", "2026-01-05"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "card.validation.json").read_text("utf-8"))
    outcomes = {check["id"]: check["outcome"] for check in report["checks"]}
    assert len(outcomes) == 12
    assert set(outcomes.values()) <= {"pass", "refer"}
    assert (outcomes["auc"], outcomes["hosmer_lemeshow"], outcomes["score_stability"]) == ("pass", "pass", "pass")
