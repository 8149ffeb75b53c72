"""What a calculation concludes, before it is filed: everything of a finding but its id and the moment it was made."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from domain.canonical import sha256_of
from domain.decision import DecisionInputs
from domain.finding import (
    Finding,
    FindingValue,
    ModelRef,
    Outcome,
    PolicyRef,
    Reason,
    ReferenceDataRef,
    TraceStep,
)
from domain.money import Money

V = TypeVar("V", bound=FindingValue)
T = TypeVar("T")


@dataclass(frozen=True)
class Dated(Generic[T]):
    """Reference data as looked up: the series and the vintage it is."""

    value: T
    ref: ReferenceDataRef


class Inadmissible(ValueError):
    """A request that no calculation can answer, whatever the facts: ``fields`` are at fault, for the reason given."""

    def __init__(self, fields: str | tuple[str, ...], code: str, message_zh: str, message_en: str) -> None:
        super().__init__(message_en)
        self.fields = (fields,) if isinstance(fields, str) else fields
        self.code = code
        self.message_zh = message_zh
        self.message_en = message_en


@dataclass(frozen=True)
class Conclusion(Generic[V]):
    """The result of a pure calculation. ``value`` is None where nothing could be concluded; the reasons then say
    why.
    """

    kind: str
    outcome: Outcome
    value: V | None
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]
    policy: PolicyRef | None
    references: tuple[ReferenceDataRef, ...]
    model: ModelRef

    def finding(
        self, request: DecisionInputs, shape: type[Finding[V]], *, finding_id: UUID, made_at: datetime
    ) -> Finding[V]:
        """The finding of this conclusion; ``shape`` is the finding's concrete type, ``Finding[Rating]`` say."""
        return shape(
            id=finding_id,
            kind=self.kind,
            outcome=self.outcome,
            value=self.value,
            reasons=self.reasons,
            trace=self.trace,
            inputs_sha256=sha256_of(request),
            policy=self.policy,
            reference_data=self.references,
            model=self.model,
            as_of=request.as_of,
            made_at=made_at,
        )


class Trace:
    """Collects the terms of a calculation in order, each figure spelt one way."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.steps: list[TraceStep] = []

    def term(self, step: str, formula: str, result: object, **inputs: object) -> None:
        """Record one term: the formula as the model document writes it, what went in, what came out."""
        self.steps.append(
            TraceStep(
                step=f"{self._prefix}/{step}",
                rule=formula,
                inputs={name: spelt(value) for name, value in inputs.items()},
                result=spelt(result),
            )
        )

    def take(self, steps: tuple[TraceStep, ...]) -> None:
        """Take over the trace of a policy evaluation."""
        self.steps.extend(steps)


def spelt(value: Any) -> str:
    """The one spelling of a figure in traces and reasons; what is absent is a dash, never a nought."""
    if value is None:
        return "–"
    if isinstance(value, Money):
        return format(value.amount, "f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def absent(name: str, needed_zh: str, needed_en: str) -> Reason:
    """The reason that names an input somebody must supply."""
    return Reason(
        code="FACT_ABSENT",
        message_zh=f"缺少 {name}，无法计算{needed_zh}",
        message_en=f"{name} is not known: {needed_en} cannot be formed",
        subject=name,
    )
