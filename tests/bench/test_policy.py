"""Policy is measured without a bank, and against what comes to the same breaches."""

import pytest

from suandai.bench import policy
from suandai.bench.policy import PolicySizes, policy_figures
from suandai.bench.pricing import Disagreement

SMALL = PolicySizes(cases=3, loads=1)


def test_every_figure_is_measured_beside_what_agrees_with_it() -> None:
    told: list[str] = []
    found = {entry.name: entry for entry in policy_figures(SMALL, told.append)}
    assert list(found) == ["policy_load_s", "policy_evaluate_ms"]
    assert all(entry.value > 0 and entry.beside for entry in found.values())
    assert [entry.unit for entry in found.values()] == ["s", "ms"]
    assert len(told) == 2


def test_what_does_not_agree_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy._PlainRules, "breached", lambda _self, _facts: {"NOBODY"})
    with pytest.raises(Disagreement):
        policy_figures(SMALL, lambda _line: None)
