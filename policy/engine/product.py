"""Products: what may be asked for, by whom, how much, for how long, and by which card and caps it is assessed."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from domain.application import LineKind, RepaymentMethod
from domain.application.text import Code
from domain.money import Money, Rate
from policy.engine.file import PolicyFile, PolicyId, Reference
from policy.engine.rules import Rule, repeated_ids
from policy.engine.source import Pointer


class ProductStatus(StrEnum):
    LIVE = "LIVE"
    PILOT = "PILOT"
    """Bookable, never decided without a person."""
    PROPOSED = "PROPOSED"
    """Not bookable: ``PRODUCT_NOT_LIVE``."""


class Product(PolicyFile):
    """A credit product of one or more lenders. A cap of ``None`` is one the product does not have."""

    kind: Literal["product"]
    status: ProductStatus
    lenders: Annotated[tuple[Code, ...], Field(min_length=1)]
    line_kind: LineKind
    loan_class: Literal["fixed_asset", "working_capital"]
    """Which of the 2024 measures governs it: 固定资产贷款 or 流动资金贷款."""
    purposes: Annotated[tuple[Code, ...], Field(min_length=1)]
    amount_cap: Money | None = None
    tenor_cap_months: Annotated[int, Field(ge=1, le=600)]
    need: Literal["investment", "contract", "working_capital"]
    """How the need is measured: share of the reconciled investment, of the order, or the working-capital formula."""
    loan_to_cost: Annotated[Rate, Field(gt=0, le=1)] | None = None
    capital_ratio: Annotated[Rate, Field(gt=0, le=1)] | None = None
    """Project capital as a share of the reconciled investment."""
    advance_rate: Annotated[Rate, Field(gt=0, le=1)] | None = None
    """Share of an order that may be financed."""
    capacity: Literal["cash_flow", "contract", "revenue", "operating_cash"]
    """What repayment is measured on: discounted cash flow over DSCR, the order's own proceeds, a share of turnover, or a
    multiple of a year's operating cash flow.
    """
    minimum_dscr: Annotated[Rate, Field(gt=0)] | None = None
    revenue_share: Annotated[Rate, Field(gt=0, le=1)] | None = None
    operating_cash_multiple: Annotated[Rate, Field(gt=0, le=10)] | None = None
    repayment_methods: Annotated[tuple[RepaymentMethod, ...], Field(min_length=1)]
    maximum_grace_months: Annotated[int, Field(ge=0, le=120)] = 0
    instalments_above_months: Annotated[int, Field(ge=0, le=600)] = 12
    """Above this tenor principal is repaid in instalments."""
    drawings: Literal["single", "multiple"]
    entrusted_only: bool = False
    """Every payment is entrusted, whatever its size."""
    green: bool = False
    scorecard: PolicyId
    round_down_to: Money
    admission: tuple[Rule, ...] = ()
    """Knock-outs and referrals of the product itself."""

    @model_validator(mode="after")
    def _need_has_its_share(self) -> "Product":
        if self.need == "investment" and (self.loan_to_cost is None or self.capital_ratio is None):
            raise ValueError("a need measured on investment has loan_to_cost and capital_ratio")
        if self.need == "contract" and self.advance_rate is None:
            raise ValueError("a need measured on a contract has advance_rate")
        if self.capacity == "cash_flow" and self.minimum_dscr is None:
            raise ValueError("a capacity measured on cash flow has minimum_dscr")
        if self.capacity == "revenue" and self.revenue_share is None:
            raise ValueError("a capacity measured on revenue has revenue_share")
        if self.capacity == "operating_cash" and self.operating_cash_multiple is None:
            raise ValueError("a capacity measured on operating cash has operating_cash_multiple")
        return self

    def references(self) -> list[Reference]:
        return [(("scorecard",), "scorecard", self.scorecard)]

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        return repeated_ids(self.admission, "admission")
