"""The file of a case as people and programs read it: application, documents, submission, assessment, timeline."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field, model_validator

from domain.application import ApplicationContent
from domain.application.text import Code, Remark
from domain.facility import ConditionStanding
from domain.finding import FindingRef, Outcome, Reason
from domain.model import Value
from domain.money import Money
from domain.stages import Stage


class ApplicationPatch(ApplicationContent):
    """``PATCH /v1/applications/{id}`` (RFC 7396 on the top level): a section that is given replaces the one there was, ``null``
    removes it, and what is left out stays."""

    lender_id: Code | None = None  # type: ignore[assignment]

    @model_validator(mode="before")
    @classmethod
    def _null_removes(cls, data: Any) -> Any:
        return {name: item for name, item in data.items() if item is not None} if isinstance(data, dict) else data


class ApplicationSummary(Value):
    """A line of the list of applications."""

    application_id: UUID
    case_number: str
    branch: str
    lender_id: str
    stage: Stage
    product: str | None
    amount: Money | None
    borrower_uscc: str | None
    borrower_name: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    version: int


class ApplicationView(ApplicationSummary):
    """The application with its whole content; after submission with the policy it is pinned to."""

    content: ApplicationContent
    """The frozen version the case runs on; while the content is open to change, as it stands now."""
    open_to_change: bool
    """In a draft, and while a returned case is back with its lead."""
    content_version: int
    """Of the newest frozen version; 0 before submission."""
    content_sha256: str | None
    policy_sha256: str | None
    pinned_on: date | None
    submitted_by: str | None


class DocumentView(Value):
    """A document of the file; its bytes are read under its SHA-256."""

    document_id: UUID
    sha256: str
    kind: str
    name: str
    media_type: str
    size: int
    """Bytes."""
    as_of: date | None
    expires: date | None
    uploaded_by: str
    uploaded_at: datetime


class ImportReport(Value):
    """An inventory that was taken in whole."""

    asset_key: str
    servers: int
    gpus: int
    price_ex_vat: Money
    """Sum over all servers."""
    document_sha256: str
    version: int
    """The application's version after the import."""


class MissingItem(Value):
    """Something an application lacks, or that is wrong in it."""

    pointer: str
    """JSON pointer into the content."""
    code: str
    message_zh: str
    message_en: str


class IndicativeVerdict(Value):
    """What submission would say: nothing is written, nobody is bound."""

    complete: bool
    missing: tuple[MissingItem, ...]
    admission: Outcome
    """Product admission and the regulations that apply at submission; ``not_run`` while the application lacks its line."""
    reasons: tuple[Reason, ...]
    unknown: tuple[str, ...]
    """Facts declared unknown or undisclosed: the case may start, and is referred where they are needed."""
    policy_sha256: str
    as_of: date


class SubmissionBody(Value):
    """``POST /v1/applications/{id}/submit``. A first submission needs none; that of a returned case answers the return."""

    comment: Remark | None = None
    """What was changed; needed where nothing was, to say why."""


class ContentVersion(Value):
    """The content as it was frozen by a submission."""

    content_version: int
    sha256: str
    frozen_by: str
    frozen_at: datetime
    changed: tuple[str, ...]
    """Pointers into the content that differ from the version before; empty for the first, and bounded."""


class SubmissionReceipt(Value):
    """Answer to a submission: the case runs on this content and this policy."""

    application_id: UUID
    case_number: str
    stage: Stage
    content_version: int
    content_sha256: str
    policy_sha256: str
    submitted_at: datetime


class WithdrawalBody(Value):
    reason: Remark


class WithdrawalView(Value):
    application_id: UUID
    case_number: str
    stage: str


class AssessmentItem(Value):
    """A conclusion in the case, newest of its kind (and, for valuations, of its asset and cohort)."""

    finding: FindingRef
    service: str
    asset_key: str = ""
    cohort: str = ""
    as_of: date
    value: dict[str, Any] = Field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    recorded_at: datetime


class AssessmentView(Value):
    """Everything concluded and decided so far."""

    application_id: UUID
    case_number: str
    stage: Stage
    policy_sha256: str | None
    items: tuple[AssessmentItem, ...]
    conditions: tuple[ConditionStanding, ...] = ()
    """As offered: the product's, then the approvers', each with its kind; empty before an offer is made."""
    memo_sha256: str | None = None
    decision: dict[str, Any] | None = None
    offer: dict[str, Any] | None = None
    contract: dict[str, Any] | None = None


class TimelineEntry(Value):
    """One event of the case, without its payload."""

    seq: int
    kind: str
    actor: str
    at: datetime
    stage: str | None = None
    summary: str = ""


class ReferenceBody(Value):
    """``POST /v1/reference-data``: a new vintage of a series. Vintages are added, never replaced."""

    id: Code
    vintage: Code
    effective_from: date
    source: str = Field(min_length=1, max_length=200)
    illustrative: bool = False
    body: dict[str, Any]


class PolicyApproval(Value):
    """``POST /v1/policies/{sha}/approve``."""

    comment: Remark | None = None


class PolicyBody(Value):
    """``POST /v1/policies``: a bundle in its canonical form."""

    bundle: dict[str, Any]
    in_force_from: date
    comment: Remark | None = None
