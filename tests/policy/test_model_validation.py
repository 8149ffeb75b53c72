"""Standards of model validation as policy."""

from pathlib import Path

import pytest

from policy.engine import check_book

GOOD = """
kind: model_validation
id: model_validation
version: 1
effective_from: 2024-07-01
title_zh: 模型验证标准
title_en: Standards of model validation
source: [House choice]
minimum_defaults: 20
score_bins: 10
interval: 0.95
auc: {passes: 0.70, fails: 0.60}
ks: {passes: 0.25, fails: 0.15}
p_value: {passes: 0.05, fails: 0.01}
psi: {passes: 0.10, fails: 0.25}
override_rate: {passes: 0.10, fails: 0.20}
"""


def faults(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "standards.yaml").write_text(text.lstrip(), "utf-8")
    return [str(fault) for fault in check_book(tmp_path).faults]


def test_the_shipped_standards_hold(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("before", "after", "line", "says"),
    [
        ("auc: {passes: 0.70, fails: 0.60}", "auc: {passes: 0.60, fails: 0.70}", 11, "below what is accepted"),
        ("auc: {passes: 0.70, fails: 0.60}", "auc: {passes: 0.50, fails: 0.40}", 11, "coin"),
        ("psi: {passes: 0.10, fails: 0.25}", "psi: {passes: 0.25, fails: 0.10}", 14, "above what is accepted"),
        ("interval: 0.95", "interval: 95", 10, "less than 1"),
        ("score_bins: 10", "score_bins: 1", 9, "greater than or equal to 2"),
    ],
)
def test_standards_that_contradict_themselves_are_refused(
    tmp_path: Path, before: str, after: str, line: int, says: str
) -> None:
    assert before in GOOD
    (told,) = faults(tmp_path, GOOD.replace(before, after))
    assert told.startswith(f"standards.yaml:{line}:")
    assert says in told


def test_all_faults_at_once(tmp_path: Path) -> None:
    assert len(faults(tmp_path, GOOD.replace("0.95", "95").replace("minimum_defaults: 20", "minimum_defaults: 0"))) == 2
