"""Human tasks: WS-HumanTask states, with the outcome kept apart, and the verbs by which people act on them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from domain.application.text import Code, Remark
from domain.authority import AuthorityRequirement, Mandate
from domain.facility import ConditionAsked
from domain.finding import FindingRef
from domain.margin_ratchet import ReportedMargin
from domain.model import Message
from domain.roles import Role

GradeName = Annotated[str, Field(min_length=1, max_length=8)]


class TaskType(StrEnum):
    """What a person is asked to do. The type is also the duty that separation rules speak of."""

    INTAKE_ANALYSIS = "intake_analysis"
    SCREENING_ANALYSIS = "screening_analysis"
    REWORK = "rework"
    """退回补正: the lead amends a returned case, or explains it, and submits it again."""
    LEAD_INVESTIGATION = "lead_investigation"
    CO_INVESTIGATION = "co_investigation"
    RATING_CONFIRMATION = "rating_confirmation"
    RATING_OVERRIDE = "rating_override"
    """推翻评级: a second person decides on a grade that the confirmer proposes in place of the model's."""
    VALUATION_RECONCILIATION = "valuation_reconciliation"
    REVIEW = "review"
    COMPLIANCE_OPINION = "compliance_opinion"
    PRICING_APPROVAL = "pricing_approval"
    APPROVAL = "approval"
    COMMITTEE_VOTE = "committee_vote"
    OFFER_ACCEPTANCE = "offer_acceptance"
    CONTRACT_DRAFTING = "contract_drafting"
    BORROWER_SIGNING = "borrower_signing"
    SIGNING_WITNESS = "signing_witness"
    SECOND_WITNESS = "second_witness"
    SECURITY_PERFECTION = "security_perfection"
    SECURITY_VERIFICATION = "security_verification"
    DISBURSEMENT_REVIEW = "disbursement_review"
    CONDITION_SUBSEQUENT = "condition_subsequent"
    FIRST_INSPECTION = "first_inspection"
    REVALUATION_REVIEW = "revaluation_review"
    SETTLEMENT = "settlement"
    MARGIN_REPORT_CHECK = "margin_report_check"
    """调价依据复核: a second person holds a reported grade or figure against its evidence."""
    MARGIN_RESET_REVIEW = "margin_reset_review"
    """A reset lacked a report that its clause insists on: the margin before it goes on, and somebody looks after it."""


SUBMISSION_DUTY = "submission"
OWNER_CONFIRMATION_DUTY = "owner_confirmation"
"""Duties that are discharged through their own routes and not through a task."""

ROLE_OF: dict[TaskType, Role] = {
    TaskType.INTAKE_ANALYSIS: Role.COMPLIANCE_OFFICER,
    TaskType.SCREENING_ANALYSIS: Role.COMPLIANCE_OFFICER,
    TaskType.REWORK: Role.RELATIONSHIP_MANAGER,
    TaskType.LEAD_INVESTIGATION: Role.RELATIONSHIP_MANAGER,
    TaskType.CO_INVESTIGATION: Role.CO_INVESTIGATOR,
    TaskType.RATING_CONFIRMATION: Role.RATING_CONFIRMER,
    TaskType.RATING_OVERRIDE: Role.RATING_CONFIRMER,
    TaskType.VALUATION_RECONCILIATION: Role.COLLATERAL_OFFICER,
    TaskType.REVIEW: Role.REVIEWER,
    TaskType.COMPLIANCE_OPINION: Role.COMPLIANCE_OFFICER,
    TaskType.PRICING_APPROVAL: Role.PRICING_APPROVER,
    TaskType.APPROVAL: Role.APPROVER,
    TaskType.COMMITTEE_VOTE: Role.COMMITTEE_MEMBER,
    TaskType.OFFER_ACCEPTANCE: Role.BORROWER_OWNER,
    TaskType.CONTRACT_DRAFTING: Role.CONTRACT_OFFICER,
    TaskType.BORROWER_SIGNING: Role.BORROWER_OWNER,
    TaskType.SIGNING_WITNESS: Role.RELATIONSHIP_MANAGER,
    TaskType.SECOND_WITNESS: Role.CO_INVESTIGATOR,
    TaskType.SECURITY_PERFECTION: Role.COLLATERAL_OFFICER,
    TaskType.SECURITY_VERIFICATION: Role.COLLATERAL_OFFICER,
    TaskType.DISBURSEMENT_REVIEW: Role.DISBURSEMENT_OFFICER,
    TaskType.CONDITION_SUBSEQUENT: Role.COLLATERAL_OFFICER,
    TaskType.FIRST_INSPECTION: Role.MONITOR,
    TaskType.REVALUATION_REVIEW: Role.MONITOR,
    TaskType.SETTLEMENT: Role.MONITOR,
    TaskType.MARGIN_REPORT_CHECK: Role.MONITOR,
    TaskType.MARGIN_RESET_REVIEW: Role.MONITOR,
}


class TaskState(StrEnum):
    CREATED = "created"
    READY = "ready"
    RESERVED = "reserved"
    IN_PROGRESS = "in_progress"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    FAILED = "failed"
    EXITED = "exited"
    OBSOLETE = "obsolete"


OPEN_STATES = frozenset(
    {TaskState.CREATED, TaskState.READY, TaskState.RESERVED, TaskState.IN_PROGRESS, TaskState.SUSPENDED}
)


class TaskOutcome(StrEnum):
    APPROVE = "approve"
    APPROVE_WITH_CONDITIONS = "approve_with_conditions"
    REJECT = "reject"
    RETURN = "return"
    ABSTAIN = "abstain"
    RECUSE = "recuse"
    ACKNOWLEDGE = "acknowledge"
    WAIVE = "waive"
    RESUBMIT = "resubmit"
    OVERRIDE = "override"
    """Of a rating: another grade is proposed, for a second person to decide on."""


_OPINION = frozenset({TaskOutcome.APPROVE, TaskOutcome.REJECT, TaskOutcome.RETURN})
_DECISION = _OPINION | {TaskOutcome.APPROVE_WITH_CONDITIONS}
_ACT = frozenset({TaskOutcome.ACKNOWLEDGE, TaskOutcome.REJECT})

OUTCOMES_OF: dict[TaskType, frozenset[TaskOutcome]] = {
    TaskType.INTAKE_ANALYSIS: _OPINION,
    TaskType.SCREENING_ANALYSIS: _OPINION,
    TaskType.REWORK: frozenset({TaskOutcome.RESUBMIT}),
    TaskType.LEAD_INVESTIGATION: _OPINION,
    TaskType.CO_INVESTIGATION: _OPINION,
    TaskType.RATING_CONFIRMATION: _OPINION | {TaskOutcome.OVERRIDE},
    TaskType.RATING_OVERRIDE: _OPINION,
    TaskType.VALUATION_RECONCILIATION: _OPINION,
    TaskType.REVIEW: _OPINION,
    TaskType.COMPLIANCE_OPINION: _OPINION,
    TaskType.PRICING_APPROVAL: _DECISION,
    TaskType.APPROVAL: _DECISION,
    TaskType.COMMITTEE_VOTE: frozenset(
        {TaskOutcome.APPROVE, TaskOutcome.REJECT, TaskOutcome.ABSTAIN, TaskOutcome.RECUSE}
    ),
    TaskType.OFFER_ACCEPTANCE: frozenset({TaskOutcome.APPROVE, TaskOutcome.REJECT}),
    TaskType.CONTRACT_DRAFTING: _ACT,
    TaskType.BORROWER_SIGNING: frozenset({TaskOutcome.APPROVE, TaskOutcome.REJECT}),
    TaskType.SIGNING_WITNESS: _ACT,
    TaskType.SECOND_WITNESS: _ACT,
    TaskType.SECURITY_PERFECTION: _ACT | {TaskOutcome.WAIVE},
    TaskType.SECURITY_VERIFICATION: _ACT,
    TaskType.DISBURSEMENT_REVIEW: frozenset({TaskOutcome.APPROVE, TaskOutcome.REJECT}),
    TaskType.CONDITION_SUBSEQUENT: _ACT | {TaskOutcome.WAIVE},
    TaskType.FIRST_INSPECTION: _ACT,
    TaskType.REVALUATION_REVIEW: _ACT,
    TaskType.SETTLEMENT: _ACT,
    TaskType.MARGIN_REPORT_CHECK: _ACT,
    TaskType.MARGIN_RESET_REVIEW: _ACT,
}
"""Which outcomes a task may be completed with."""


class Verb(StrEnum):
    CLAIM = "claim"
    RELEASE = "release"
    START = "start"
    COMPLETE = "complete"
    DELEGATE = "delegate"
    RESOLVE = "resolve"
    FORWARD = "forward"
    ESCALATE = "escalate"
    SUSPEND = "suspend"
    RESUME = "resume"
    ASSIGN = "assign"
    REMIND = "remind"


class TaskSubject(Message):
    """What the task is about, at the version the actor is shown."""

    type: Code
    id: str = Field(max_length=64)
    version: int = 1
    sha256: str = ""


class Handover(Message):
    """A task passing from one pair of hands to another, with what was said to it."""

    verb: Verb
    by: str
    to: str | None
    at: datetime
    comment: str


class CaseReturn(Message):
    """Why a case came back: shown on every task from the stage it came back to, until it has passed the one it left."""

    by: str
    """Subject of the person who returned it; ``system:limits`` where the limits had no room for what was approved."""
    from_stage: str
    to_stage: str
    reason: str
    task_id: UUID | None = None
    task_type: TaskType | None = None
    at: datetime
    answered_by: str | None = None
    answer: str = ""
    """What the lead said when the case was submitted again."""
    changed: bool | None = None
    """Whether it was submitted with new content; ``None`` while the lead has it, or where none was asked for."""


def _nothing(value: tuple[object, ...]) -> bool:
    return not value


def _not_given(value: object) -> bool:
    """A field that a later build added is left out where it is absent: what was recorded before stays as it was."""
    return value is None


class GradeProposal(Message):
    """A grade of the rating scale in place of the model's, as the confirmer proposes it."""

    grade: str
    reason: str
    proposed_by: str


class MemoNote(Message):
    """What an investigator says in the credit memo on one field of its template (``policy/book/memo``)."""

    field: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


MemoNotes = Annotated[tuple[MemoNote, ...], Field(max_length=50)]


class HumanTask(Message):
    """A task as the workflow holds it; origination's inbox row is a copy of the newest version."""

    task_id: UUID
    type: TaskType
    case_id: UUID
    workflow_id: str
    utilisation_id: UUID | None = None
    facility_id: UUID | None = None
    title_zh: str
    title_en: str
    stage: str
    state: TaskState
    resume_state: TaskState | None = None
    outcome: TaskOutcome | None = None
    priority: int = 50
    role: Role
    candidates: tuple[str, ...] = ()
    """Subjects the task is offered to; empty offers it to the whole role of the branch."""
    excluded: tuple[str, ...] = ()
    """Subjects that separation of duties keeps away (excluded owners of WS-HumanTask)."""
    assignee: str | None = None
    owner: str | None = None
    """Who decides after a delegation is resolved."""
    required_authority: AuthorityRequirement | None = None
    subject: TaskSubject | None = None
    findings: tuple[FindingRef, ...] = ()
    """What the machine concluded and a person is asked about."""
    handovers: tuple[Handover, ...] = ()
    """Who gave the task to whom and what they said to it; the last twenty."""
    returned: CaseReturn | None = None
    """The return this task follows from, with its reason."""
    created_at: datetime
    ready_at: datetime | None = None
    claimed_at: datetime | None = None
    first_touch_at: datetime | None = None
    due_at: datetime | None = None
    suspended_at: datetime | None = None
    completed_at: datetime | None = None
    completed_by: str | None = None
    escalation_level: int = 0
    reminders: int = 0
    comment: str = ""
    conditions: tuple[ConditionAsked, ...] = ()
    evidence: tuple[str, ...] = ()
    return_to: str | None = None
    resubmitted: TaskSubject | None = None
    """Of a rework: the content the case goes on with."""
    proposal: GradeProposal | None = Field(default=None, exclude_if=_not_given)
    """Of a rating: what its confirmer proposed, and what a second person is asked to decide on."""
    memo: tuple[MemoNote, ...] = Field(default=(), exclude_if=_nothing)
    """Of an investigation: what its lead wrote for the credit memo."""
    margin_report: ReportedMargin | None = Field(default=None, exclude_if=_not_given)
    """Of a check of what was reported on a margin clause."""
    version: int = 1

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


class TaskCommand(Message):
    """A verb on a task as the actor meant it; its hash is inside the actor assertion."""

    task_id: UUID
    verb: Verb
    expected_version: int
    subject: str
    """The actor (OIDC subject)."""
    roles: tuple[Role, ...]
    outcome: TaskOutcome | None = None
    comment: Remark | None = None
    conditions: Annotated[tuple[ConditionAsked, ...], Field(max_length=50)] = ()
    evidence: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    """SHA-256 of documents the actor relies on."""
    return_to: str | None = None
    target: str | None = None
    """For delegate, forward and assign: the subject who is to act."""
    reason: Remark | None = None
    mandate: Mandate | None = None
    """The actor's own authority from the register, attached by origination."""
    target_mandate: Mandate | None = None
    resubmitted: TaskSubject | None = None
    """For a rework: the content as it was frozen again, attached by origination."""
    grade: GradeName | None = Field(default=None, exclude_if=_not_given)
    """For an override of a rating: the grade proposed."""
    memo: MemoNotes = Field(default=(), exclude_if=_nothing)
    """For an investigation: what goes into the credit memo."""


class TaskBody(Message):
    """The body of ``POST /v1/tasks/{id}/{verb}``; which fields a verb needs is checked by the verb."""

    outcome: TaskOutcome | None = None
    comment: Remark | None = None
    conditions: Annotated[tuple[ConditionAsked, ...], Field(max_length=50)] = ()
    evidence: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    return_to: str | None = Field(default=None, max_length=40)
    target: str | None = Field(default=None, max_length=200)
    reason: Remark | None = None
    grade: GradeName | None = None
    """With the outcome ``override``: a grade of the rating scale, at most two notches from the model's."""
    memo: MemoNotes = Field(default=(), exclude_if=_nothing)
    """Of the lead investigator: every field of the credit memo's template."""

    model_config = {"extra": "forbid"}
