"""What a collateral policy gets wrong about GPU servers is refused when it is read, at the line of the file."""

from pathlib import Path
from shutil import copytree

import pytest

from policy.engine import read_book

BOOK = Path(__file__).parents[2] / "policy" / "book"


def collateral_alone(directory: Path) -> Path:
    """The shipped collateral policy with the vocabulary it speaks in, and nothing else."""
    for room in ("collateral", "vocabulary"):
        copytree(BOOK / room, directory / room)
    assert read_book(directory)[1] == []
    return directory


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("  model: 2\n", "", "parts of model 2"),
        ("  rent_to_price_ceiling: 0.10\n", "", "model 2 needs"),
        ("    excess_power_rate: 0.12\n", "", "model 2 needs"),
        ("    - {age_months: 0, share: 1}\n", "", "begins with a new server"),
        ("share: 0.30}", "share: 0.50}", "never rises"),
        ("{age_months: 36, share", "{age_months: 24, share", "goes on in age"),
        ("      - {condition: used, effect: -0.15}\n", "", "conditions names each of new, used, refurbished once"),
        ("{form_factor: pcie, effect: -0.20}", "{form_factor: sxm, effect: -0.20}", "form_factors names each"),
        ("{channel: auction, deviation", "{channel: transaction, deviation", "channels names each channel once"),
        ("per_month_of_age: -0.0333", "per_month_of_age: 0.0333", "per_month_of_age"),
        ("volatility: 0.40", "volatility: NaN", "volatility"),
        ("quantile: 0.05", "quantile: 1", "quantile"),
        ("{gpu: H100, per_gpu", "{gpu: h100, per_gpu", "price_floors"),
    ],
)
def test_a_fault_of_the_second_version_is_told(tmp_path: Path, written: str, instead: str, said: str) -> None:
    book = collateral_alone(tmp_path / "book")
    file = book / "collateral" / "collateral@2.yaml"
    text = file.read_text("utf-8")
    assert written in text
    file.write_text(text.replace(written, instead, 1), "utf-8")
    bundle, faults = read_book(book)
    assert bundle is None
    told = [str(fault) for fault in faults]
    assert any("collateral@2.yaml:" in fault and said in fault for fault in told), told


def test_the_first_version_knows_no_parts_of_the_second(tmp_path: Path) -> None:
    book = collateral_alone(tmp_path / "book")
    file = book / "collateral" / "collateral.yaml"
    text = file.read_text("utf-8")
    curve = "  resale_curve: [{age_months: 0, share: 1}]\ncovenants:\n"
    file.write_text(text.replace("covenants:\n", curve, 1), "utf-8")
    _, faults = read_book(book)
    assert any("parts of model 2" in str(fault) for fault in faults)
