"""The figures of a fleet, at small sizes: every one is there, and what is compared agrees."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from suandai.bench.fleet import FleetSizes, fleet_figures, fleet_of, whole_fleet
from suandai.bench.fleet_books import fleet_books_figures
from suandai.cli import app
from tests.collateral.servers import terms


def test_the_measured_fleet_has_five_hundred_cohorts_and_agrees_with_its_servers() -> None:
    cohorts, paths, total = whole_fleet(fleet_of(2_000, terms()), terms())
    assert (len(cohorts.first), paths.shape) == (500, (500, 61))
    assert np.allclose(total, (cohorts.servers[:, None] * paths).sum(axis=0))
    told: list[str] = []
    figures = {
        item.name: item
        for item in fleet_figures(FleetSizes(servers=2_000, single_servers=200, paths=20_000, rounds=1), told.append)
    }
    assert set(figures) == {"fleet_2k_s", "fleet_vs_per_server", "quantile_vs_monte_carlo_error"}
    assert figures["quantile_vs_monte_carlo_error"].value < 0.02
    assert figures["fleet_2k_s"].beside is not None


def test_the_fleet_is_measured_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "suandai.bench.fleet.QUICK", FleetSizes(servers=2_000, single_servers=100, paths=1_000, rounds=1)
    )
    file = tmp_path / "bench.json"
    done = CliRunner().invoke(app, ["bench", "--only", "fleet", "--quick", "--out", str(file)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert [entry["name"] for entry in json.loads(file.read_text("utf-8"))] == [
        "fleet_2k_s",
        "fleet_vs_per_server",
        "quantile_vs_monte_carlo_error",
        "fleet_2k_db_s",
    ]


def test_the_fleet_of_a_database_is_valued_whole() -> None:
    told: list[str] = []
    (figure,) = fleet_books_figures(3_000, told.append)
    assert (figure.name, figure.unit) == ("fleet_3k_db_s", "s")
    assert figure.value > 0
    assert "500 cohorts" in figure.note
