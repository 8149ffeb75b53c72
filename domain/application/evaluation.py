"""What only single scorecards ask for: the firm's product, its place in the assisted-driving chain, its founder; and what a
prepayment buys. The names of policy (``offering.*``, ``adas.*``, ``founder.*``) are in ``policy/book/vocabulary``.

An application says nothing here unless its product asks; what is not given is not written, so that an application from
before these sections keeps its hash.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from domain.application.text import Count, Key
from domain.facts import Fact
from domain.model import Value
from domain.money import Rate
from domain.personal import Personal, PersonName

_Fraction = Annotated[Rate, Field(ge=0, le=1)]
_Years = Annotated[Rate, Field(ge=0, le=80)]
_MonthsLeft = Annotated[int, Field(ge=0, le=600)]


# --- product and market -----------------------------------------------------------------------------------------------


class TechnologyBarrier(StrEnum):
    """Level of the core technology by novelty search or appraisal (科技查新、成果鉴定)."""

    NONE = "none"
    INDUSTRY_LEVEL = "industry_level"
    LEADING_DOMESTIC = "leading_domestic"
    LEADING_INTERNATIONAL = "leading_international"


class Maturity(StrEnum):
    CONCEPT = "concept"
    PROTOTYPE = "prototype"
    PILOT = "pilot"
    MASS_SALE = "mass_sale"


class Offering(Value):
    """What the firm sells and how it stands in its market."""

    technology_barrier: Fact[TechnologyBarrier] | None = None
    maturity: Fact[Maturity] | None = None
    market_share: Fact[_Fraction] | None = None
    paying_customers: Fact[Count] | None = None
    """Of the last twelve months."""


# --- assisted driving 智驾 --------------------------------------------------------------------------------------------


class ChainPosition(StrEnum):
    CHIP = "chip"
    SENSOR = "sensor"
    DOMAIN_CONTROLLER = "domain_controller"
    INTEGRATOR = "integrator"
    ALGORITHM = "algorithm"
    MAP_AND_DATA = "map_and_data"
    TESTING = "testing"


class ComponentQualification(StrEnum):
    """车规级认证 (AEC-Q)."""

    NONE = "none"
    IN_TESTING = "in_testing"
    QUALIFIED = "qualified"


class FunctionalSafety(StrEnum):
    """ISO 26262."""

    NONE = "none"
    PROCESS_CERTIFIED = "process_certified"
    ASIL_B = "asil_b"
    ASIL_D = "asil_d"


class QualitySystem(StrEnum):
    """IATF 16949."""

    NONE = "none"
    LETTER_OF_CONFORMANCE = "letter_of_conformance"
    CERTIFIED = "certified"


class ProductionStage(StrEnum):
    CONCEPT = "concept"
    A_SAMPLE = "a_sample"
    B_SAMPLE = "b_sample"
    C_SAMPLE = "c_sample"
    SERIES = "series"


class AssistedDriving(Value):
    """A supplier of the assisted-driving chain. What does not apply to its place in the chain is ``not_applicable``."""

    position: Fact[ChainPosition] | None = None
    component_qualification: Fact[ComponentQualification] | None = None
    functional_safety: Fact[FunctionalSafety] | None = None
    quality_system: Fact[QualitySystem] | None = None
    data_compliance: Fact[bool] | None = None
    """Vehicle data kept by 汽车数据安全管理若干规定（试行）, the yearly report filed."""
    design_wins: Fact[Count] | None = None
    """车型定点 of the last 24 months."""
    production_stage: Fact[ProductionStage] | None = None
    open_safety_recall: Fact[bool] | None = None


# --- founder 人才 -----------------------------------------------------------------------------------------------------


class CertificateLevel(StrEnum):
    NONE = "none"
    MUNICIPAL = "municipal"
    PROVINCIAL = "provincial"
    NATIONAL = "national"


class Degree(StrEnum):
    BELOW_BACHELOR = "below_bachelor"
    BACHELOR = "bachelor"
    MASTER = "master"
    DOCTOR = "doctor"


CertificateNumber = Annotated[str, StringConstraints(min_length=1, max_length=64), Personal()]


class Founder(Value):
    """The certified person whom the loan stands on. All of it speaks of a natural person and is sealed as one; the rating
    is asked with levels and figures only, never with name or certificate number.
    """

    name: PersonName
    certificate_number: CertificateNumber | None = None
    certificate: Fact[CertificateLevel] | None = None
    linked_to_borrower: Fact[bool] | None = None
    """Holds, represents or is employed by the borrower."""
    dishonest_debtor: Fact[bool] | None = None
    """失信被执行人."""
    degree: Fact[Degree] | None = None
    domain_years: Fact[_Years] | None = None
    products_led: Fact[Count] | None = None
    """Products led to market."""
    equity_share: Fact[_Fraction] | None = None
    full_time: Fact[bool] | None = None
    lock_in_months: Fact[_MonthsLeft] | None = None
    """Months left of service period or share lock-in."""


# --- what a prepayment buys -------------------------------------------------------------------------------------------


class CapacityPurchase(Value):
    """Capacity that is paid for in advance (产能预付款), from a supplier of the file."""

    supplier_key: Key
    supplier_verified: Fact[bool] | None = None
    """Somebody of the bank has seen that the supplier is there and can deliver."""
