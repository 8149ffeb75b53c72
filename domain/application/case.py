"""The application's header and the parts that belong to no other subject (fields 1-11, 62-64, 66-69)."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.application.accounts import Accounts
from domain.application.assets import AssetLine
from domain.application.borrower import BorrowerProfile, Owner, Technology
from domain.application.contracts import ComputeContract
from domain.application.equity_purchase import Acquisition, Buyback
from domain.application.evaluation import AssistedDriving, CapacityPurchase, Founder, Offering
from domain.application.lease import LeaseTerms
from domain.application.project import Economics, FundingSource, FundUse, Project
from domain.application.repayment import Repayment
from domain.application.syndication import Syndication
from domain.application.tags import ApplicationTag
from domain.application.text import Code, Key, Label, Months, Remark, Sha256
from domain.facts import Fact
from domain.identity import Uscc
from domain.model import Value
from domain.money import Money, NotNegative, Rate
from domain.personal import Personal, PersonContact, PersonName


def _not_given(value: object) -> bool:
    return value is None


class LineKind(StrEnum):
    TERM = "term"
    REVOLVING = "revolving"
    GUARANTEE = "guarantee"
    LEASE = "lease"
    ORDER = "order"


class CreditLineRequest(Value):
    """What is asked for."""

    key: Key
    product: Code
    kind: LineKind
    amount: Money
    tenor_months: Months
    purpose: Code
    long_cycle_evidence: Sha256 | None = None
    repayment: Repayment
    replaces_facility_id: UUID | None = None
    direction: Code | None = Field(default=None, exclude_if=_not_given)
    """Direction of a series that is sold by directions (智能制造贷系列)."""
    syndication: Syndication | None = Field(default=None, exclude_if=_not_given)
    """Where several banks lend together; ``amount`` is then what this lender takes."""


class PartyRole(StrEnum):
    BORROWER = "borrower"
    GUARANTOR = "guarantor"
    SUPPLIER = "supplier"
    OFFTAKER = "offtaker"


class PartyRecord(Value):
    """What the file says of a party beyond name and code: who owns and directs it, and where it is reached."""

    owners: Annotated[tuple[Owner, ...], Field(max_length=100)] = ()
    directors: Annotated[tuple[PersonName, ...], Field(max_length=50)] = ()
    """Directors, supervisors and senior managers (董监高)."""
    telephones: Annotated[tuple[PersonContact, ...], Field(max_length=10)] = ()
    addresses: Annotated[tuple[PersonContact, ...], Field(max_length=10)] = ()


class Party(Value):
    key: Key
    role: PartyRole
    name: Label
    uscc: Uscc
    record: PartyRecord | None = Field(default=None, exclude_if=_not_given)


class Payee(Value):
    """Where loan money is to go."""

    key: Key
    name: Label
    uscc: Uscc
    account: Annotated[str, Field(min_length=8, max_length=34, pattern=r"^[0-9A-Z]+$")]
    bank: Label
    amount: Money
    due: date | None = None
    new: bool
    related: bool
    contract_reference: Label | None = None


class SecurityShare(Value):
    """One leg of the guarantee mix; the legs add up to the amount asked for."""

    method: Literal["credit", "guarantee", "mortgage", "pledge"]
    amount: Money


class GuaranteeOffer(Value):
    """A third-party guarantee. A listed guarantor without public announcement counts zero (担保制度解释 §9)."""

    party_key: Key
    amount: Money
    share: Rate
    resolution_sha256: Sha256 | None = None
    listed: bool = False
    announcement: Label | None = None
    net_assets: Fact[Money] | None = Field(default=None, exclude_if=lambda given: given is None)
    """Of the guarantor at its latest accounts."""
    guarantees_given: Fact[NotNegative] | None = Field(default=None, exclude_if=lambda given: given is None)
    """What the guarantor stands for already, this guarantee left out."""
    risk_sharing: bool | None = Field(default=None, exclude_if=lambda given: given is None)
    """The guarantor bears ``share`` of every loss beside the lender (风险分担), as guarantee companies and funds agree to."""


class FeeItem(Value):
    name: Label
    amount: Money
    payer: Literal["borrower", "lender", "third_party"]
    commissioned_by: Literal["lender", "borrower"] | None = Field(default=None, exclude_if=_not_given)
    """Of an appraisal: who ordered it. One that the bank ordered is the bank's cost (银保监发〔2020〕18号)."""


class SubsidyClaim(Value):
    programme: Code
    contract_number: Label


class PriceTerms(Value):
    lpr_tenor: Literal["1Y", "5Y"] | None = None
    spread_bps: Annotated[int, Field(ge=-1000, le=3000)] | None = None
    fees: Annotated[tuple[FeeItem, ...], Field(max_length=50)] | None = None
    esg_agency: Fact[Label] | None = None
    esg_grade: Fact[Code] | None = None
    esg_grade_date: Fact[date] | None = None
    subsidies: Annotated[tuple[SubsidyClaim, ...], Field(max_length=50)] | None = None


class ApplicationDocument(Value):
    """A document of the file by its content; stored once, wherever it is referred to."""

    sha256: Sha256
    kind: Code
    name: Label
    as_of: date | None = None
    expires: date | None = None


class Investigation(Value):
    """How due diligence saw the borrower: on site, or by data from outside where the measures allow that (WC_OFFSITE)."""

    site_visited: bool
    offsite_data_proven: bool | None = None
    """Without a visit: whether tax, bank and utility data prove what was stated."""


class ApplicationContent(Value):
    """All that an application says. ``None`` means not given yet; a fact that cannot be given says so itself."""

    lender_id: Code
    customer_id: UUID | None = None
    application_date: date | None = None
    visit_id: Code | None = None
    remark: Remark | None = None
    parties: Annotated[tuple[Party, ...], Field(max_length=100)] = ()
    borrower: BorrowerProfile = BorrowerProfile()
    lines: Annotated[tuple[CreditLineRequest, ...], Field(max_length=10)] = ()
    accounts: Annotated[tuple[Accounts, ...], Field(max_length=12)] = ()
    technology: Technology = Technology()
    project: Project | None = None
    sources: Annotated[tuple[FundingSource, ...], Field(max_length=50)] = ()
    uses: Annotated[tuple[FundUse, ...], Field(max_length=50)] = ()
    assets: Annotated[tuple[AssetLine, ...], Field(max_length=100)] = ()
    economics: Annotated[tuple[Economics, ...], Field(max_length=20)] = ()
    contracts: Annotated[tuple[ComputeContract, ...], Field(max_length=200)] = ()
    payees: Annotated[tuple[Payee, ...], Field(max_length=200)] = ()
    security: Annotated[tuple[SecurityShare, ...], Field(max_length=10)] = ()
    guarantees: Annotated[tuple[GuaranteeOffer, ...], Field(max_length=20)] = ()
    price: PriceTerms = PriceTerms()
    offering: Offering | None = Field(default=None, exclude_if=_not_given)
    assisted_driving: AssistedDriving | None = Field(default=None, exclude_if=_not_given)
    founder: Annotated[Founder, Personal()] | None = Field(default=None, exclude_if=_not_given)
    purchase: CapacityPurchase | None = Field(default=None, exclude_if=_not_given)
    lease: LeaseTerms | None = Field(default=None, exclude_if=_not_given)
    acquisition: Acquisition | None = Field(default=None, exclude_if=_not_given)
    buyback: Buyback | None = Field(default=None, exclude_if=_not_given)
    investigation: Investigation | None = Field(default=None, exclude_if=_not_given)
    tags: Annotated[tuple[ApplicationTag, ...], Field(max_length=50)] | None = Field(
        default=None, exclude_if=_not_given
    )
    documents: Annotated[tuple[ApplicationDocument, ...], Field(max_length=500)] = ()

    def party(self, role: PartyRole) -> Party | None:
        """The first party in a role."""
        return next((party for party in self.parties if party.role is role), None)
