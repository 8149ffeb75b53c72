"""The borrower (application fields 12-24) and its technology (34-39)."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from domain.application.text import Code, Count, DivisionCode, Label, Sha256
from domain.facts import Fact
from domain.identity import Lei, Uscc
from domain.model import Value
from domain.money import NotNegative, Rate
from domain.personal import PersonName


class LifeStage(StrEnum):
    SEED = "seed"
    START_UP = "start_up"
    GROWTH = "growth"
    MATURE = "mature"


class CompanySize(StrEnum):
    """By 统计上大中小微型企业划分办法(2017)."""

    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class BuilderType(StrEnum):
    """Who builds the computing centre; the off-taker is a field of the contract."""

    MODEL_DEVELOPER = "model_developer"
    CLOUD_PROVIDER = "cloud_provider"
    TRADITIONAL = "traditional"
    GOVERNMENT_LED = "gov_led"


class RelatedTo(StrEnum):
    """Relation to the lender (关联方)."""

    NONE = "none"
    SHAREHOLDER = "shareholder"
    INSIDER = "insider"
    GROUP_MEMBER = "group_member"


class Licence(Value):
    kind: Literal["idc", "cloud", "telecom", "ai_filing", "other"]
    number: Label
    expires: date | None = None


class Owner(Value):
    """A shareholder or ultimate beneficial owner."""

    kind: Literal["entity", "person"]
    entity_name: Label | None = None
    entity_uscc: Uscc | None = None
    person_name: PersonName | None = None
    share: Rate
    beneficial: bool = False


class QueryConsent(Value):
    """A signed consent to query the credit bureau (征信授权); without it no query may be made."""

    subject_kind: Literal["borrower", "guarantor", "principal"]
    subject_uscc: Uscc | None = None
    subject_person: PersonName | None = None
    signed: date
    document_sha256: Sha256


class BorrowerProfile(Value):
    """What is known of the borrower beyond its name and code."""

    lei: Lei | None = None
    division_code: DivisionCode | None = None
    established: Fact[date] | None = None
    industry: Fact[Annotated[str, StringConstraints(pattern=r"^[A-T]?[0-9]{2,4}$")]] | None = None
    chain_segment: Fact[Code] | None = None
    track: Fact[Code] | None = None
    life_stage: Fact[LifeStage] | None = None
    employees: Fact[Count] | None = None
    size: Fact[CompanySize] | None = None
    first_loan: Fact[bool] | None = None
    licences: Annotated[tuple[Licence, ...], Field(max_length=50)] | None = None
    listed_code: Fact[Code] | None = None
    builder_type: Fact[BuilderType] | None = None
    government_platform: Fact[bool] | None = None
    hidden_debt: Fact[bool] | None = Field(default=None, exclude_if=lambda given: given is None)
    """Whether the borrower carries hidden debt of a local government (地方政府隐性债务)."""
    fiscal_repayment: Fact[bool] | None = Field(default=None, exclude_if=lambda given: given is None)
    """Whether repayment is promised from fiscal funds or by a government."""
    owners: Annotated[tuple[Owner, ...], Field(max_length=200)] | None = None
    group_id: UUID | None = None
    equity_raised: Fact[NotNegative] | None = Field(default=None, exclude_if=lambda fact: fact is None)
    """Equity of outside investors, paid in."""
    related_to_lender: Fact[RelatedTo] | None = None
    query_consents: Annotated[tuple[QueryConsent, ...], Field(max_length=100)] | None = None
    joint_credit_ceiling: Fact[NotNegative] | None = Field(default=None, exclude_if=lambda given: given is None)
    """What the borrower's lenders have agreed to lend it together at most (联合授信额度)."""


class KeyPerson(Value):
    name: PersonName
    position: Label
    joined: date


class Technology(Value):
    """Technical standing. Compute is stated with its precision basis: figures of different bases are never added."""

    installed_pflops: Fact[Rate] | None = None
    precision_basis: Fact[Literal["fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "int8"]] | None = None
    utilisation: Fact[Rate] | None = None
    gflops_per_watt: Fact[Rate] | None = None
    fleet_median_gflops_per_watt: Fact[Rate] | None = None
    staff: Fact[Count] | None = None
    research_staff: Fact[Count] | None = None
    masters_staff: Fact[Count] | None = None
    key_people: Annotated[tuple[KeyPerson, ...], Field(max_length=50)] | None = None
    recognised_talent: Fact[Count] | None = None
    invention_patents: Fact[Count] | None = None
    software_copyrights: Fact[Count] | None = None
    standards_or_awards: Fact[Count] | None = None
    ip_litigation: Fact[bool] | None = None
    innovation_certificates: Annotated[tuple[Code, ...], Field(max_length=50)] | None = Field(
        default=None, exclude_if=lambda given: given is None
    )
    """Certificates of projects the firm has won, out of the customer's register; each counts as an award."""
    research_growth_3y: Fact[Rate] | None = None
    research_equipment: Fact[NotNegative] | None = Field(default=None, exclude_if=lambda fact: fact is None)
    """Net book value of research equipment."""
