"""The project (application fields 40-47), its sources and uses, and the running economics of its computing (55-57)."""

from datetime import date
from enum import StrEnum
from typing import Literal

from domain.application.text import Code, Key, Label, Remark
from domain.facts import Fact
from domain.model import Value
from domain.money import Money, Rate, UnitPrice


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
    pue: Fact[Rate] | None = None
    rack_use: Fact[Rate] | None = None
    green_power: Fact[Rate] | None = None
    hub: Fact[bool] | None = None
    green_catalogue_code: Fact[Code] | None = None


class Economics(Value):
    """The running economics per server: every cash line is mandatory for a value (0 is allowed, missing is not)."""

    gpu_model: Key | None = None
    rent: Fact[UnitPrice] | None = None
    rent_unit: Literal["per_gpu_hour", "per_server_month"] | None = None
    rent_basis: Literal["list", "on_demand", "spot", "contract_1y", "contract_3y"] | None = None
    rent_tax_included: bool | None = None
    occupancy: Fact[Rate] | None = None
    server_kw: Fact[Rate] | None = None
    tariff_per_kwh: Fact[UnitPrice] | None = None
    power_contract_expires: Fact[date] | None = None
    rack_per_server_month: Fact[Money] | None = None
    maintenance_rate: Fact[Rate] | None = None
    """O&M per year as a share of replacement cost new."""
    sla_per_server_month: Fact[Money] | None = None
