"""The dossier: all that an assessment step needs to know of a case, read from origination's books at one moment."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from domain.application import ApplicationContent, CreditLineRequest
from domain.borrowing_cost import BorrowingCost
from domain.buy_or_rent import BuyOrRent
from domain.collateral import Valuation
from domain.finding import FindingRef, Reason
from domain.limit import Exposures, Limit
from domain.model import Message
from domain.money import Money
from domain.pricing import Quote, Schedule
from domain.process import CaseStep
from domain.rating import Rating
from domain.rating_override import RatingOverride
from domain.reference import LenderBooks


class ValuedAsset(Message):
    """A valuation as recorded in the case, by asset and cohort."""

    asset_key: str
    cohort: str
    finding: FindingRef
    valuation: Valuation


class Dossier(Message):
    """Content as submitted (pinned version), the books' own figures, and what has been concluded so far."""

    case_id: UUID
    case_number: str
    branch: str
    policy_sha256: str
    pinned_on: date | None = None
    """Business date of the submission, for which versions are chosen inside the pinned bundle."""
    lender_id: str
    content: ApplicationContent
    line: CreditLineRequest
    lender: LenderBooks
    exposures: Exposures
    held: dict[str, Money] = Field(default_factory=dict)
    """Limits of the customer's other standing facilities with the lender by product."""
    blacklisted: bool | None = None
    """Whether the borrower is on the blacklist; ``None`` where it was not looked up, which is not a clean result."""
    fraud_flag: bool | None = None
    rating: Rating | None = None
    """In force: the model's, with grade and PD of the override where there is one."""
    rating_override: RatingOverride | None = None
    rating_finding: FindingRef | None = None
    limit: Limit | None = None
    quote: Quote | None = None
    schedule: Schedule | None = None
    borrowing_cost: BorrowingCost | None = None
    buy_or_rent: BuyOrRent | None = None
    valuations: tuple[ValuedAsset, ...] = ()
    findings: tuple[FindingRef, ...] = ()


class FindingRecord(Message):
    """A finding of another service on its way into the case's events: reference, value and reasons.

    Inputs and trace stay with the service that concluded; the hash binds them.
    """

    step: CaseStep
    service: str
    ref: FindingRef
    value: dict[str, Any] = Field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    asset_key: str = ""
    cohort: str = ""
    part: str = Field(default="", max_length=40)
    """Which of the conclusions, where one step draws several."""
