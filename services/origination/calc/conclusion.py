"""What a check of this service concludes, and how it becomes a finding."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from domain.canonical import sha256_of
from domain.finding import (
    Finding,
    FindingValue,
    ModelRef,
    Outcome,
    PolicyRef,
    Reason,
    ReferenceDataRef,
    TraceStep,
    worst,
)
from domain.model import Value
from policy.engine import RulesDecision, Severity

MODELS: Final = {
    "intake": ModelRef(id="intake", version="1"),
    "screening": ModelRef(id="screening", version="1"),
    "cross_checks": ModelRef(id="cross_checks", version="1"),
    "regulation": ModelRef(id="regulation", version="1"),
    "contracting": ModelRef(id="contracting", version="1"),
    "authority": ModelRef(id="authority", version="1"),
    "integrity": ModelRef(id="integrity", version="1"),
}
"""The calculation behind each kind of check; a changed calculation is a new version beside the old one."""


class CheckItem(Value):
    """One thing that was looked at."""

    code: str
    outcome: Outcome
    detail: str = ""


class CheckConclusion(FindingValue):
    """All that a check looked at. ``exceptions`` names the rules the case departs from, for which a person must answer."""

    items: tuple[CheckItem, ...]
    exceptions: tuple[str, ...] = ()

    def headline(self) -> str:
        counted = {outcome: sum(item.outcome is outcome for item in self.items) for outcome in Outcome}
        parts = [f"{count} {outcome.value}" for outcome, count in counted.items() if count]
        return " · ".join(parts)


class AuthorityConclusion(FindingValue):
    """The body that must decide and those heard before it, with the row of the matrix."""

    body: str
    chain: tuple[str, ...]
    rule: str
    decided: bool
    """Whether the matrix named the body; if facts were absent it is the highest body, which may decide anything."""

    def headline(self) -> str:
        return f"{self.body} · {self.rule}"


class Check:
    """A check being drawn up: items, reasons and trace in the order in which they were looked at."""

    def __init__(self) -> None:
        self.items: list[CheckItem] = []
        self.reasons: list[Reason] = []
        self.trace: list[TraceStep] = []
        self.exceptions: list[str] = []

    def note(
        self, code: str, outcome: Outcome, *, zh: str = "", en: str = "", subject: str = "", detail: str = ""
    ) -> None:
        """One thing looked at. With texts it is also a reason: for every referral and failure, and for a pass with a
        warning."""
        self.items.append(CheckItem(code=code, outcome=outcome, detail=detail))
        if zh or en:
            self.reasons.append(Reason(code=code, message_zh=zh, message_en=en, subject=subject))

    def rules(self, decision: RulesDecision) -> None:
        """Take over what policy rules concluded: each rule once in the items, breaches and absent facts as reasons."""
        breaches = {breach.rule_id: breach for breach in decision.breaches}
        for step in decision.trace:
            rule = step.step.rsplit("/", 1)[-1]
            self.items.append(
                CheckItem(code=rule, outcome=_outcome(rule, step, breaches, decision), detail=step.result)
            )
        self.reasons.extend(decision.reasons)
        self.trace.extend(decision.trace)
        self.exceptions.extend(breach.rule_id for breach in decision.breaches if breach.severity is Severity.REFER)

    def outcome(self) -> Outcome:
        return worst([item.outcome for item in self.items])

    def value(self) -> CheckConclusion:
        return CheckConclusion(items=tuple(self.items), exceptions=tuple(self.exceptions))


def _outcome(rule: str, step: TraceStep, breaches: dict[str, Any], decision: RulesDecision) -> Outcome:
    if rule in breaches:
        severity = breaches[rule].severity
        return {Severity.BLOCK: Outcome.FAIL, Severity.REFER: Outcome.REFER}.get(severity, Outcome.PASS)
    if step.result != "undecided":
        return Outcome.PASS
    # Undecided for an absent fact: the rules' own outcome says whether that refers or was only a warning.
    return Outcome.REFER if decision.outcome in (Outcome.REFER, Outcome.FAIL) else Outcome.PASS


def finding(
    kind: str,
    outcome: Outcome,
    value: FindingValue,
    *,
    inputs: Value,
    policy: PolicyRef,
    reasons: Iterable[Reason],
    trace: Iterable[TraceStep],
    reference_data: Iterable[ReferenceDataRef] = (),
    as_of: date,
    finding_id: UUID,
    made_at: datetime,
) -> Finding[Any]:
    """A conclusion as a finding. ``finding_id`` and ``made_at`` are given: this code reads no clock."""
    return Finding(
        id=finding_id,
        kind=kind,
        outcome=outcome,
        value=value,
        reasons=tuple(reasons),
        trace=tuple(trace),
        inputs_sha256=sha256_of(inputs),
        policy=policy,
        reference_data=tuple(reference_data),
        model=MODELS[kind],
        as_of=as_of,
        made_at=made_at,
    )
