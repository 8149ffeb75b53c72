"""Pricing is measured without a bank, and against what comes to the same figures."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from suandai.bench import pricing, pricing_case
from suandai.bench.figures import Figure, beside_former, figure, write
from suandai.bench.pricing import Disagreement, PricingSizes, pricing_figures
from suandai.cli import app
from suandai.stack import StackError

SMALL = PricingSizes(rounds=2, quotes=300, single_quotes=30, loans=2_000, single_loans=100)


def test_every_figure_is_measured_beside_what_agrees_with_it() -> None:
    told: list[str] = []
    found = {entry.name: entry for entry in pricing_figures(SMALL, told.append)}
    assert list(found) == [
        "quote_ms",
        "schedule_120_ms",
        "cost_ms",
        "reprice_300_s",
        "reprice_again_300_s",
        "irb_2k_s",
    ]
    assert all(entry.value > 0 for entry in found.values())
    assert [name for name, entry in found.items() if entry.beside is None] == ["quote_ms"]
    assert told


def test_the_full_run_has_the_names_of_the_budget() -> None:
    sizes = PricingSizes()
    names = [f"reprice_{pricing._count(sizes.quotes)}_s", f"irb_{pricing._count(sizes.loans)}_s"]
    assert names == ["reprice_100k_s", "irb_1m_s"]


def test_quotes_of_the_portfolio_all_differ() -> None:
    requests = pricing_case.portfolio(pricing_case.desk().bundle, 500)
    assert len({item.model_dump_json() for item in requests}) == 500


def test_what_does_not_agree_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pricing, "risk_weights", lambda pd, _lgd, sales_eur_m: pd * 0 + sales_eur_m)
    with pytest.raises(Disagreement):
        pricing_figures(SMALL, lambda _line: None)


def test_one_subject_replaces_its_own_figures_only(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    assert beside_former(file, [figure("quote_ms", 2.0, "ms")]) == [Figure("quote_ms", 2.0, "ms")]
    write(file, [figure("cold_start_s", 9.0, "s"), figure("quote_ms", 4.0, "ms"), figure("engine_ratio", 0.5, "1")])
    found = beside_former(file, [figure("quote_ms", 2.0, "ms"), figure("irb_1m_s", 0.3, "s")])
    assert [(entry.name, entry.value) for entry in found] == [
        ("cold_start_s", 9.0),
        ("quote_ms", 2.0),
        ("engine_ratio", 0.5),
        ("irb_1m_s", 0.3),
    ]
    file.write_text('{"no": "figures"}', "utf-8")
    with pytest.raises(StackError, match="holds no figures"):
        beside_former(file, [])


def test_the_command_measures_pricing_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pricing, "QUICK", SMALL)
    file, page = tmp_path / "bench.json", tmp_path / "page.md"
    page.write_text("<!-- figures -->\n<!-- end of figures -->\n", "utf-8")
    write(file, [figure("cold_start_s", 9.0, "s")])
    done = CliRunner().invoke(
        app, ["bench", "--only", "pricing", "--quick", "--out", str(file), "--page", str(page)], catch_exceptions=False
    )
    assert done.exit_code == 0
    names = [entry["name"] for entry in json.loads(file.read_text("utf-8"))]
    assert names[:2] == ["cold_start_s", "quote_ms"]
    assert all(f"`{name}`" in page.read_text("utf-8") for name in names)
