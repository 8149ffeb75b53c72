"""What people see of tasks, commands and the register of authority."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.application.text import Code, Label, Remark
from domain.finding import FindingRef, Outcome, worst
from domain.model import Message, Value
from domain.money import ZERO, Money
from domain.tasks import HumanTask, Verb


class FindingsSummary(Value):
    """What the machine concluded on a task's question: the worst outcome, how many of each, and which did not pass."""

    outcome: Outcome
    passed: int
    referred: int
    failed: int
    not_run: int
    attention: tuple[str, ...] = ()
    """Kinds of the findings that did not pass, in the order in which they were drawn."""

    @classmethod
    def of(cls, findings: tuple[FindingRef, ...]) -> "FindingsSummary | None":
        """``None`` where a task carries no finding: nothing was asked of the machine."""
        if not findings:
            return None
        outcomes = [finding.outcome for finding in findings]
        return cls(
            outcome=worst(outcomes),
            passed=outcomes.count(Outcome.PASS),
            referred=outcomes.count(Outcome.REFER),
            failed=outcomes.count(Outcome.FAIL),
            not_run=outcomes.count(Outcome.NOT_RUN),
            attention=tuple(dict.fromkeys(finding.kind for finding in findings if finding.outcome is not Outcome.PASS)),
        )


class DrawingBrief(Value):
    """The drawing that a task is about."""

    number: str
    amount: Money
    value_date: date


class TaskLinks(Value):
    """Where the task's matter is read; only what the caller may open."""

    application: str
    assessment: str | None = None
    timeline: str | None = None
    subject: str | None = None
    """The very thing decided on: the memo, the offer, the agreement."""
    utilisation: str | None = None


class TaskView(HumanTask):
    """A task as the caller sees it: whose case it is and what is asked for, and the verbs the caller may try."""

    case_number: str
    branch: str
    lender_id: str = ""
    product: str = ""
    borrower_name: str | None = None
    borrower_uscc: str | None = None
    amount: Money | None = None
    """What the application asks for."""
    tenor_months: int | None = None
    drawing: DrawingBrief | None = None
    findings_summary: FindingsSummary | None = None
    links: TaskLinks | None = None
    allowed_actions: tuple[Verb, ...] = ()


class CommandState(StrEnum):
    PENDING = "pending"
    """Sent; the process has not answered yet."""
    APPLIED = "applied"
    REFUSED = "refused"
    LOST = "lost"
    """The process knows nothing of it: it had no effect, and the request may be sent again with the same key."""


class CommandRefusal(Message):
    code: str
    rule: str = ""
    pointer: str = ""
    message_zh: str
    message_en: str


class CommandView(Message):
    """A command whose outcome was not known when its request was answered."""

    command_id: UUID
    state: CommandState
    target: str
    sent_at: datetime
    settled_at: datetime | None = None
    refusal: CommandRefusal | None = None


class MandateBody(Value):
    """``POST /v1/mandates``: a proposed entry of the register of authority (授权书)."""

    subject: Annotated[str, Field(min_length=1, max_length=200)]
    body: Code
    """A body of the authority matrix."""
    rank: Annotated[int, Field(ge=0, le=1000)]
    limit: Money
    branch: Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[0-9A-Za-z]+$")]
    """``HO`` for every branch."""
    valid_from: date
    valid_to: date
    basis: Label
    """Number of the document that grants it."""

    @model_validator(mode="after")
    def _whole(self) -> "MandateBody":
        if self.valid_to < self.valid_from:
            raise PydanticCustomError("mandate_period", "valid_to must not be before valid_from")
        if self.limit < ZERO:
            raise PydanticCustomError("mandate_limit", "limit must not be negative")
        return self


class MandateView(Value):
    mandate_id: UUID
    subject: str
    body: str
    rank: int
    limit: Money
    branch: str
    valid_from: date
    valid_to: date
    basis: str
    state: Literal["proposed", "in_force", "ended"]
    maker: str
    proposed_at: datetime
    checker: str | None
    approved_at: datetime | None
    ended_by: str | None = None
    ended_at: datetime | None = None
    end_reason: str = ""


class MandateEnd(Value):
    """``POST /v1/mandates/{id}/end``: why authority is taken away."""

    reason: Remark


class RefusalView(Value):
    """A refused access or command, as the auditor reads it."""

    refusal_id: UUID
    at: datetime
    subject: str
    kind: str
    branch: str
    method: str
    route: str
    object_ids: tuple[str, ...]
    code: str
    rule: str
    trace_id: str
