"""The price history that is shipped: its file is what its page says, and the command of the page gives the vintage beside it."""

import re
import shlex
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from domain.casefile import ReferenceBody
from domain.reference import PriceProcess, ReferenceVintage
from policy.engine.collateral import RentPath
from services.collateral.calc.calibration import read_history
from services.origination.store.reference import checked
from suandai.cli import app

HOME = Path(__file__).parents[2] / "examples" / "price-history"
PRICES = HOME / "gpu_spot_prices.csv"
NEAR = Decimal("0.01")
"""Likelihoods are flat: another machine's last bits may show in the third place of a parameter."""


def command() -> list[str]:
    page = (HOME / "README.md").read_text("utf-8")
    told = re.search(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert told is not None
    return [str(PRICES) if item.endswith(".csv") else item for item in shlex.split(told[1].replace("\\\n", " "))[1:]]


def vintages(file: Path) -> dict[str, dict[str, Any]]:
    entries = [ReferenceVintage.model_validate(item) for item in yaml.safe_load(file.read_text("utf-8"))]
    return {item.id: PriceProcess.model_validate(item.body).model_dump() for item in entries}


def test_the_file_has_the_rows_its_page_tells_of() -> None:
    history = read_history(PRICES.read_bytes())
    assert (len(history.observations), history.currency) == (298, "USD")
    assert {item.basis for item in history.observations} == {"spot"}
    assert {"10.5281/zenodo.23082767" in item.source for item in history.observations} == {True}


def test_the_command_of_the_page_gives_the_vintage_beside_it(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*command(), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    name = "gpu_spot_prices.price-process.yaml"
    found, kept = vintages(tmp_path / name), vintages(HOME / name)
    assert list(found) == list(kept) == [f"price_process.{model}.spot" for model in ("a100", "b200", "h100", "h200")]
    for series, body in kept.items():
        assert [same(found[series][field], value) for field, value in body.items()] == [True] * len(body), series


def same(found: Any, kept: Any) -> bool:
    if isinstance(kept, Decimal):
        return isinstance(found, Decimal) and abs(found - kept) <= NEAR
    if isinstance(kept, dict):
        return all(same(found[name], value) for name, value in kept.items())
    return bool(found == kept)


def test_every_wrong_option_is_told_at_once() -> None:
    wrong = ["--break", "H100=2025-13-01", "--launch", "X9=2025-01-01", "--from", "yesterday"]
    result = CliRunner().invoke(app, ["collateral", "calibrate", str(PRICES), *wrong])
    assert result.exit_code == 3
    assert [name for name in ("--break:", "--launch:", "--from:") if name in result.output] == [
        "--break:",
        "--launch:",
        "--from:",
    ]


def test_a_file_that_is_no_history_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    bad = tmp_path / "prices.csv"
    bad.write_text("date,gpu_model,usd_per_gpu_hour,basis\n2025-01-06,H100,free,spot\n", "utf-8")
    for file, said in (
        (bad, "line 2: usd_per_gpu_hour: must be greater than 0"),
        (tmp_path / "none.csv", "not a file"),
    ):
        result = CliRunner().invoke(app, ["collateral", "calibrate", str(file)])
        assert (result.exit_code, said in result.output) == (3, True), result.output


def test_a_history_too_short_for_any_model_is_no_vintage(tmp_path: Path) -> None:
    short = tmp_path / "prices.csv"
    short.write_text("\n".join(PRICES.read_text("utf-8").splitlines()[:20]) + "\n", "utf-8")
    result = CliRunner().invoke(app, ["collateral", "calibrate", str(short), "--out", str(tmp_path)])
    assert result.exit_code == 3
    assert "no model has a history that bears a fit" in result.output
    assert not list(tmp_path.glob("*.yaml"))


def test_every_entry_can_be_filed_as_reference_data() -> None:
    """In the words of ``POST /v1/reference-data``, and of the policy that it may one day enter."""
    entries = yaml.safe_load((HOME / "gpu_spot_prices.price-process.yaml").read_text("utf-8"))
    for entry in entries:
        body = ReferenceBody.model_validate(entry)
        assert PriceProcess.model_validate(checked(body)) == PriceProcess.model_validate(entry["body"])
    assert {"annual_decline", "reversion", "volatility", "jumps"} <= set(PriceProcess.model_fields) & set(
        RentPath.model_fields
    )
