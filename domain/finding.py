"""Finding: the unit of evidence. Every machine conclusion is one, and can be recomputed to the same bytes."""

from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import Field

from domain.canonical import sha256_of
from domain.model import Value


class Outcome(StrEnum):
    """What a check concludes. ``not_run`` says that nothing was concluded and never counts as a pass."""

    PASS = "pass"
    REFER = "refer"
    FAIL = "fail"
    NOT_RUN = "not_run"


_SEVERITY = {Outcome.PASS: 0, Outcome.NOT_RUN: 1, Outcome.REFER: 2, Outcome.FAIL: 3}


def worst(outcomes: list[Outcome]) -> Outcome:
    """The outcome of a whole whose parts are given: fail over refer over not_run over pass; nothing at all is not_run."""
    return max(outcomes, key=_SEVERITY.__getitem__) if outcomes else Outcome.NOT_RUN


class PolicyRef(Value):
    """The policy file a conclusion stands on: id and version inside the bundle with this SHA-256."""

    id: str
    version: str
    sha256: str


class ReferenceDataRef(Value):
    """A vintage of reference data (LPR, FTP curve, calendar, price index) that was looked up."""

    id: str
    vintage: str
    sha256: str


class ModelRef(Value):
    """The calculation that was run: a name and the version that stays in the tree as long as a decision refers to it."""

    id: str
    version: str


class Reason(Value):
    """Why an outcome is what it is: a stable code, what the code speaks of, and bilingual text."""

    code: str
    message_zh: str
    message_en: str
    subject: str = ""
    """The fact, row, party or asset concerned, by its pointer or id; empty for the whole."""


class TraceStep(Value):
    """One table row that fired or one formula term, with its inputs, all as text so that the bytes are stable."""

    step: str
    """Where in the calculation: ``limit/collateral/gpu``, ``card_jsb_v1/utilisation`` …"""
    rule: str = ""
    """The row or formula as written in the policy or the model document."""
    inputs: dict[str, str] = Field(default_factory=dict)
    result: str = ""


class FindingValue(Value):
    """Base of what a finding concludes; each kind of finding has its own."""

    def headline(self) -> str:
        """One short line for inboxes, timelines and histories."""
        return ""


V = TypeVar("V", bound=FindingValue)


class Finding(Value, Generic[V]):
    """A machine conclusion with everything needed to recompute it. ``made_at`` and ``id`` stand outside the hash."""

    id: UUID
    kind: str
    outcome: Outcome
    value: V | None = None
    reasons: tuple[Reason, ...] = ()
    trace: tuple[TraceStep, ...] = ()
    inputs_sha256: str
    policy: PolicyRef | None = None
    reference_data: tuple[ReferenceDataRef, ...] = ()
    model: ModelRef
    as_of: date
    made_at: datetime

    def sha256(self) -> str:
        """The hash of what was concluded and from what."""
        return sha256_of(self.model_dump(mode="json", exclude={"id", "made_at"}))

    def ref(self) -> "FindingRef":
        """What activities and workflow histories carry."""
        return FindingRef(
            id=self.id,
            kind=self.kind,
            outcome=self.outcome,
            value=self.value.headline() if self.value is not None else "",
            sha256=self.sha256(),
        )


class FindingRef(Value):
    """A finding by reference: enough to steer a process by and to look the whole of it up."""

    id: UUID
    kind: str
    outcome: Outcome
    value: str = ""
    sha256: str
