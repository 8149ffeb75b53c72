"""The file of a case as people and programs read it: application, documents, submission, assessment, timeline."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field, model_validator

from domain.application import ApplicationContent, Repayment
from domain.application.text import Code, Remark
from domain.borrowing_cost import BorrowingCost
from domain.buy_or_rent import BuyOrRent
from domain.collateral import Valuation
from domain.coverage import Amortisation, StressTest
from domain.facility import ConditionAsked, ConditionStanding
from domain.factsheet import FactSheet
from domain.finding import FindingRef, Outcome, Reason
from domain.limit import Limit
from domain.model import Value
from domain.money import Money
from domain.pricing import Quote
from domain.rating import Rating
from domain.rating_override import RatingOverride
from domain.stages import Stage
from domain.tasks import TaskOutcome, TaskType


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


class CaseRequest(Value):
    """Who asks for what, as the case runs on it; of a draft as it stands."""

    borrower_name: str | None
    borrower_uscc: str | None
    lender_id: str
    branch: str
    product: str | None
    amount: Money | None
    tenor_months: int | None
    purpose: str | None
    repayment: Repayment | None
    submitted_by: str | None
    submitted_at: datetime | None
    content_version: int
    content_sha256: str | None


class ValuedCollateral(Value):
    """An asset, or a cohort of its servers, at its newest value."""

    asset_key: str
    cohort: str
    outcome: Outcome
    valuation: Valuation


class OpenPoint(Value):
    """A reason why a conclusion is not a plain pass, with the conclusion it belongs to."""

    kind: str
    outcome: Outcome
    finding_id: UUID
    asset_key: str = ""
    reason: Reason


class Opinion(Value):
    """What a person concluded on the case. Opinions that are given independently of each other are shown together, when
    all of their stage are in."""

    task_id: UUID
    type: TaskType
    stage: str
    outcome: TaskOutcome
    by: str
    at: datetime
    comment: str = ""
    conditions: tuple[ConditionAsked, ...] = ()
    grade: str | None = None
    """Of an override of the rating: the grade proposed, or decided on."""


class AssessmentLinks(Value):
    """Where the price is seen over other assumptions."""

    sensitivity: str
    sensitivity_chart: str


class AssessmentView(Value):
    """What a decision on the case stands on, and everything concluded and decided so far.

    ``rating``, ``limit``, ``price``, ``borrowing_cost``, ``buy_or_rent`` and ``valuations`` are the newest conclusions of their
    kind, as in ``items``.
    """

    application_id: UUID
    case_number: str
    stage: Stage
    policy_sha256: str | None
    request: CaseRequest
    rating: Rating | None = None
    """As the model has it."""
    rating_override: RatingOverride | None = None
    """What two persons put in place of the model's grade; limit, price and authority stand on it."""
    limit: Limit | None = None
    """The five caps with the binding one."""
    price: Quote | None = None
    amortisation: Amortisation | None = None
    """The largest loan that assets and cash flow carry, by tranche and month, and the schedule that follows them."""
    stress_test: StressTest | None = None
    """The repayment plan as it stands, and under every stress."""
    borrowing_cost: BorrowingCost | None = None
    """综合融资成本 by the repayment schedule: each fee with its payer, nominal and effective, support shown apart."""
    buy_or_rent: BuyOrRent | None = None
    """Where the loan buys servers: what owning and renting them comes to."""
    valuations: tuple[ValuedCollateral, ...] = ()
    unknown: tuple[str, ...] = ()
    """Facts of the application that are declared unknown or undisclosed, by their pointers."""
    open_points: tuple[OpenPoint, ...] = ()
    """Everything that referred, failed or was not run, with its reasons."""
    exceptions: tuple[str, ...] = ()
    """Rules the case departs from; each must be answered for by those who decide."""
    evaluation: FactSheet = FactSheet()
    """What the application says of product, place in a chain or founder, under the names of policy, where it says so: the
    facts of the product's own card."""
    opinions: tuple[Opinion, ...] = ()
    links: AssessmentLinks | None = None
    """What is drawn from the price on demand; none while there is no price."""
    items: tuple[AssessmentItem, ...]
    conditions: tuple[ConditionStanding, ...] = ()
    """As offered: the product's, then the approvers', each with its kind; empty before an offer is made."""
    memo_sha256: str | None = None
    decision: dict[str, Any] | None = None
    offer: dict[str, Any] | None = None
    contract: dict[str, Any] | None = None


class TimelineEntry(Value):
    """One event of the case as a sentence, without its payload."""

    seq: int
    kind: str
    actor: str
    actor_kind: str
    """``staff``, ``borrower``, ``service`` or ``system``."""
    at: datetime
    stage: str | None = None
    """The stage the case was in after the event, where the event moved it."""
    text_zh: str
    text_en: str
    outcome: str | None = None
    """How it ended, where it is a conclusion, a decision or the end of something."""
    reason: str = ""
    """What the actor gave as the reason."""
    passing: bool = False
    """Only moves papers about; shown with ``detail=all``."""


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
