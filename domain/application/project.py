"""The project (application fields 40-47), its sources and uses, and the running economics of its computing (55-57)."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.application.text import Code, Key, Label, Remark
from domain.facts import Fact
from domain.model import Value
from domain.money import Money, NotNegative, Rate, UnitPrice

Fraction = Annotated[Rate, Field(ge=0, le=1)]
Pue = Annotated[Rate, Field(ge=1, le=10)]
Kilowatts = Annotated[Rate, Field(ge=0, le=1000)]
PricePerUnit = Annotated[UnitPrice, Field(ge=0)]


class UseClass(StrEnum):
    """Asset class of a use of funds; each has its own tenor and advance."""

    CIVIL = "civil"
    POWER_COOLING = "power_cooling"
    GPU = "gpu"
    NETWORK_STORAGE = "network_storage"
    SOFTWARE = "software"
    WORKING_CAPITAL = "working_capital"
    OTHER = "other"


class SourceKind(StrEnum):
    """Where the money of a project comes from; eligibility as project capital is a matter of policy."""

    OWN_CASH = "own_cash"
    RETAINED_PROFIT = "retained_profit"
    SPECIAL_BOND = "special_bond"
    POLICY_INSTRUMENT = "policy_instrument"
    EQUITY_FUND = "equity_fund"
    IN_KIND = "in_kind"
    SHAREHOLDER_LOAN = "shareholder_loan"
    BANK_LOAN = "bank_loan"
    LEASE = "lease"
    SUBSIDY = "subsidy"


def _not_given(value: object) -> bool:
    return value is None


class FundUse(Value):
    use_class: UseClass
    amount: Money
    remark: Remark | None = None


class FundingSource(Value):
    """A source of funds. ``paid_in`` is what has arrived, with its day; ``origin`` is where it was traced to."""

    kind: SourceKind
    amount: Money
    paid_in: Money | None = None
    paid_on: date | None = None
    origin: Fact[Label] | None = None
    borrowed: Fact[bool] | None = Field(default=None, exclude_if=_not_given)
    """Whether what the owners pay in was borrowed by them; borrowed money is no capital."""
    traced_months: Annotated[int, Field(ge=0, le=600)] | None = Field(default=None, exclude_if=_not_given)
    """Over how many months the account it came from was looked through (equity inflow: 12)."""
    unencumbered: Fact[bool] | None = Field(default=None, exclude_if=_not_given)
    """Of a contribution in kind: nobody has a right in it."""


class Project(Value):
    name: Label | None = None
    headline_investment: Fact[Money] | None = None
    filing_number: Fact[Label] | None = None
    energy_review_number: Fact[Label] | None = None
    energy_tce_per_year: Fact[Rate] | None = None
    environment_approval: Fact[Label] | None = None
    land_right: Fact[Label] | None = None
    construction_permit: Fact[Label] | None = None
    progress: Fact[Rate] | None = None
    start_date: Fact[date] | None = None
    operation_date: Fact[date] | None = None
    pue: Fact[Pue] | None = None
    rack_use: Fact[Fraction] | None = None
    green_power: Fact[Fraction] | None = None
    hub: Fact[bool] | None = None
    green_catalogue_code: Fact[Code] | None = None
    carbon_evaluation_number: Fact[Label] | None = Field(default=None, exclude_if=_not_given)
    """碳排放评价, since 2025-09-01 part of the energy review."""
    project_finance: Fact[bool] | None = Field(default=None, exclude_if=_not_given)
    """项目融资: repaid mainly by the project's own income, by a borrower that does nothing else."""
    short_board: Fact[bool] | None = Field(default=None, exclude_if=_not_given)
    """An infrastructure short-board project whose capital may be up to five points less (国发〔2019〕26号)."""


class Economics(Value):
    """The running economics per server: every cash line is mandatory for a value (0 is allowed, missing is not)."""

    gpu_model: Key | None = None
    rent: Fact[PricePerUnit] | None = None
    rent_unit: Literal["per_gpu_hour", "per_server_month"] | None = None
    rent_basis: Literal["list", "on_demand", "spot", "contract_1y", "contract_3y"] | None = None
    rent_tax_included: bool | None = None
    occupancy: Fact[Fraction] | None = None
    server_kw: Fact[Kilowatts] | None = None
    tariff_per_kwh: Fact[PricePerUnit] | None = None
    power_contract_expires: Fact[date] | None = None
    rack_per_server_month: Fact[NotNegative] | None = None
    maintenance_rate: Fact[Fraction] | None = None
    """O&M per year as a share of replacement cost new."""
    sla_per_server_month: Fact[NotNegative] | None = None
