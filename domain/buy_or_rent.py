"""Buy or rent (E9): whether a borrower should own compute, rent it, or own some and rent the rest."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.decision import DecisionInputs
from domain.figures import Share, Tenor, YearlyRate, figure
from domain.finding import FindingValue
from domain.model import Value
from domain.money import Money, Rate, UnitPrice
from domain.repayment import Wrong, refuse
from domain.support import SupportLine, VoucherClaim

Choice = Literal["rent", "buy", "mixed"]
MOST_SERVERS: Final = 100_000
Servers = Annotated[
    int, Field(ge=1, le=MOST_SERVERS), figure("servers", "[1, 100000]", at_least="1", at_most=str(MOST_SERVERS))
]
Horizon = Annotated[int, Field(ge=1, le=120), figure("months", "[1, 120]", at_least="1", at_most="120")]
Pue = Annotated[Rate, figure("total power over IT power", "[1, 3]", at_least="1", at_most="3")]
Kilowatts = Annotated[Rate, figure("kW a server", "[0, 1000]", at_least="0", at_most="1000")]
Tariff = Annotated[Rate, figure("CNY per kWh", "[0, 100]", at_least="0", at_most="100")]
ServerPrice = Annotated[Money, figure("CNY a server", "[100, 1000000000]", at_least="100", at_most="1000000000")]
MonthlyRent = Annotated[Money, figure("CNY a server and month", "[1, 10000000]", at_least="1", at_most="10000000")]
MonthlyCost = Annotated[Money, figure("CNY a server and month", "[0, 10000000]", at_least="0", at_most="10000000")]
YearlyChange = Annotated[
    Rate, figure("change per year as a decimal fraction", "[-0.9, 1]", at_least="-0.9", at_most="1")
]


class Demand(Value):
    """Servers needed over months ``from_month`` … ``to_month`` (1-based, inclusive). Segments of one month add up."""

    from_month: Tenor
    to_month: Tenor
    servers: Servers

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to_month < self.from_month:
            raise PydanticCustomError("months_reversed", "to_month must not lie before from_month")
        return self


class Owning(Value):
    """What a server of one's own costs. Every line is stated; nought is a figure, and None is not known."""

    price: ServerPrice | None
    """Per server, ex VAT, paid before the first month."""
    server_kw: Kilowatts | None
    pue: Pue | None
    tariff_per_kwh: Tariff | None
    rack_per_month: MonthlyCost | None
    maintenance_rate: Share | None
    """A year, of the price."""
    sla_per_month: MonthlyCost | None
    residual_share: Share | None
    """What a server fetches at the end of the horizon, of the price."""
    useful_months: Tenor | None


class Renting(Value):
    """What a rented server costs: power, rack, upkeep and service level are the lessor's."""

    per_month: MonthlyRent | None
    yearly_change: YearlyChange | None
    """How rents move, at every twelfth month; falling rents are negative."""


class BuyOrRentRequest(DecisionInputs):
    horizon_months: Horizon
    discount_rate: YearlyRate
    """Effective, per year: what the borrower's money costs."""
    demand: Annotated[tuple[Demand, ...], Field(min_length=1, max_length=120)]
    own: Owning
    rent: Renting
    outlook: Literal["stated", "valuation_policy"] = Field(default="stated", exclude_if=lambda said: said == "stated")
    """Where residual value, life and the trend of rents come from: this request, or the policy by which servers are valued. The
    policy also shortens the horizon to the life of a server."""
    voucher: VoucherClaim | None = None
    """A voucher on the first year's rent; it is shown beside the comparison and turns nothing in it."""

    @model_validator(mode="after")
    def _inside_the_horizon(self) -> Self:
        wrong: list[Wrong] = [
            (
                ("demand", index, "to_month"),
                "beyond_horizon",
                "demand must lie inside horizon_months; unit: months",
            )
            for index, item in enumerate(self.demand)
            if item.to_month > self.horizon_months
        ]
        if sum(item.servers for item in self.demand) > MOST_SERVERS:
            wrong.append((("demand",), "demand_too_large", "demand adds up to at most 100000 servers"))
        refuse("BuyOrRentRequest", wrong)
        return self


class Strategy(Value):
    """One way to meet the demand. Present values; ``capital`` is what is paid before the first month."""

    name: Choice
    owned: int
    most_rented: int
    present_value: Money
    capital: Money
    own_cost: Money
    rent_cost: Money


class DemandBlock(Value):
    """Servers needed for the same months: they are owned or rented together."""

    servers: int
    months: int
    rent_per_server: Money
    own_per_server: Money
    choice: Literal["rent", "buy"]


CostName = Literal["purchase", "power", "rack", "maintenance", "sla", "residual"]


class CostLine(Value):
    name: CostName
    present_value: Money
    """Of one server over the horizon; the residual value is negative."""


class BuyOrRent(FindingValue):
    """The comparison. All amounts are present values at the discount rate."""

    recommended: Choice
    financing: Literal["working_capital", "fixed_asset", "both"]
    """What the strategy asks to be financed by: rents are 流动资金, servers 固定资产."""
    owned: int
    rent_to_build: UnitPrice
    """Renting everything over owning the peak: 0.70 is E9."""
    saving: Money
    """Of the recommended strategy against the dearer of renting everything and owning the peak."""
    strategies: tuple[Strategy, ...]
    blocks: tuple[DemandBlock, ...]
    own_cost: tuple[CostLine, ...]
    break_even_rent: Money
    """Rent of the first month at which a server in use throughout costs the same either way; below it, rent."""
    break_even_months: int | None
    """Months of use from the first at which owning becomes no dearer; None where it never does in the horizon."""
    voucher: SupportLine | None = None

    def headline(self) -> str:
        return f"{self.recommended} · {self.owned} · rent/build {self.rent_to_build:.4f}"
