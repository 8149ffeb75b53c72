"""Collateral: what is accepted, how it is valued, how far it carries (domain paper §3; 商业银行押品管理指引)."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from domain.application import AssetKind
from domain.model import Value
from domain.money import Money, Rate
from policy.engine.file import PolicyFile
from policy.engine.gpu_market import IndexTerms, MarketApproach, Model, PriceFloor, RandomLaunches, ResalePoint
from policy.engine.rules import Rule, repeated_ids
from policy.engine.source import Pointer

Share = Annotated[Rate, Field(ge=0, le=1)]
Months = Annotated[int, Field(ge=1, le=1200)]


class CollateralKind(Value):
    """One kind of asset as a tranche: how much of its value it carries, and for how long."""

    asset_kind: AssetKind
    tranche: Literal["civil", "power_cooling", "gpu", "software", "receivable", "financial", "data"]
    guideline_class: Literal["financial", "real_estate", "receivable", "other"]
    """The four classes of 银监发〔2017〕16号."""
    ltv: Share
    """Ceiling on the lending value."""
    tenor_cap_months: Months
    life_margin_months: Annotated[int, Field(ge=0, le=240)] = 0
    """The tranche ends this long before the asset's useful life does."""
    revaluation_months: Months
    registration_required: bool
    ticket_cap: Money | None = None
    """Most that assets of this kind carry in one case."""


class PhysicalLife(Value):
    """Straight-line depreciation of the cost approach for plain equipment and works."""

    asset_kind: AssetKind
    life_months: Months
    salvage: Share


class PriceJump(Value):
    """A launch of the next generation: the month from today and the relative change of rents."""

    month: Annotated[int, Field(ge=0, le=600)]
    change: Annotated[Rate, Field(gt=-1, lt=1)]


class RentPath(Value):
    """Mean reversion of rents to a falling marginal-cost path with generation jumps (§3.5 step 6)."""

    annual_decline: Share
    reversion: Annotated[Rate, Field(ge=0, le=20)]
    volatility: Annotated[Rate, Field(ge=0, le=3)]
    jumps: tuple[PriceJump, ...] = ()
    quantile: Annotated[Rate, Field(gt=0, lt=1)]


class CostApproach(Value):
    """§3.5 step 1."""

    physical_life_months: Months
    salvage: Share
    normal_utilisation: Annotated[Rate, Field(gt=0, le=1)]
    overuse_threshold: Share
    overuse_span: Annotated[Rate, Field(gt=0, le=1)]
    overuse_ageing: Share
    inutility_exponent: Annotated[Rate, Field(gt=0, le=1)]
    excess_power_rate: Share | None = None
    """At which the power that a newer server saves is capitalised; that of the income approach where it is not named."""


class IncomeApproach(Value):
    """§3.5 step 2. The cash lines themselves come from the case: none has a default."""

    economic_life_months: Months
    terminal_share: Share
    hours_per_month: Annotated[int, Field(ge=1, le=744)]
    availability: Share
    tax: Share
    discount_rate: Share
    rent_path: RentPath


class Reconciliation(Value):
    """§3.5 step 4: weights of the approaches, renormalised over those that ran."""

    cost: Share
    income: Share
    market: Share
    refer_above_spread: Annotated[Rate, Field(gt=0)]
    """(max − min) / median beyond which a valuer decides."""
    minimum_comparables: Annotated[int, Field(ge=1, le=100)]
    comparable_age_days: Annotated[int, Field(ge=1, le=3650)]

    @model_validator(mode="after")
    def _weights_are_whole(self) -> "Reconciliation":
        if self.cost + self.income + self.market != 1:
            raise ValueError("the weights of the approaches add up to 1")
        return self


class Liquidation(Value):
    """§3.5 step 5: orderly and forced sale."""

    orderly_haircut: Share
    forced_haircut: Share
    enforcement_cost: Share
    large_lot_units: Annotated[int, Field(ge=1)]
    large_lot_haircut: Share
    decommissioning_haircut: Share
    no_fabric_haircut: Share


class GpuValuation(Value):
    """§3.5. What only the second model reads is absent from a policy that was approved with the first."""

    cost: CostApproach
    income: IncomeApproach
    reconciliation: Reconciliation
    liquidation: Liquidation
    model: Model = "1"
    """Version of the valuation model that this policy was approved with."""
    market: MarketApproach | None = None
    resale_curve: Annotated[tuple[ResalePoint, ...], Field(max_length=100)] = ()
    """From age 0 on, falling; between the points the logarithm runs straight (§3.7)."""
    index: IndexTerms | None = None
    random_launches: RandomLaunches | None = None
    price_floors: Annotated[tuple[PriceFloor, ...], Field(max_length=100)] = ()
    rent_to_price_ceiling: Annotated[Rate, Field(gt=0, le=1)] | None = None
    """A month's rent as a share of the price new beyond which the rent's unit is doubted."""

    @model_validator(mode="after")
    def _parts_of_the_model(self) -> "GpuValuation":
        second = (
            self.market,
            self.resale_curve or None,
            self.index,
            self.random_launches,
            self.rent_to_price_ceiling,
            self.cost.excess_power_rate,
        )
        if self.model == "1" and (any(part is not None for part in second) or self.price_floors):
            raise ValueError("market, resale curve, index, launches, plausibility, excess_power_rate: parts of model 2")
        if self.model == "2" and any(part is None for part in second):
            raise ValueError(
                "model 2 needs market, resale_curve, index, random_launches, rent_to_price_ceiling, excess_power_rate"
            )
        return self

    @model_validator(mode="after")
    def _curve_falls(self) -> "GpuValuation":
        if self.resale_curve and self.resale_curve[0].age_months != 0:
            raise ValueError("the resale curve begins with a new server")
        for before, after in pairwise(self.resale_curve):
            if after.age_months <= before.age_months or after.share > before.share:
                raise ValueError("the resale curve goes on in age and never rises")
        return self

    @model_validator(mode="after")
    def _market_is_whole(self) -> "GpuValuation":
        wrong = self.market.incomplete() if self.market is not None else []
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


class Covenants(Value):
    """Loan-to-value and coverage thresholds of the life of a facility (§6.1)."""

    ltv_watch: Share
    ltv_call: Share
    ltv_enforce: Share
    dscr_lock_up: Annotated[Rate, Field(gt=0)]
    dscr_default: Annotated[Rate, Field(gt=0)]
    cure_business_days: Annotated[int, Field(ge=1, le=60)]

    @model_validator(mode="after")
    def _thresholds_in_order(self) -> "Covenants":
        if not self.ltv_watch < self.ltv_call < self.ltv_enforce:
            raise ValueError("watch, call and enforce rise in this order")
        if self.dscr_default >= self.dscr_lock_up:
            raise ValueError("default lies below lock-up")
        return self


class CollateralPolicy(PolicyFile):
    """One house view of collateral. ``eligibility`` rules: BLOCK gives an asset no credit, REFER asks a person."""

    unique = True

    kind: Literal["collateral"]
    kinds: Annotated[tuple[CollateralKind, ...], Field(min_length=1)]
    physical: tuple[PhysicalLife, ...]
    gpu: GpuValuation
    eligibility: Annotated[tuple[Rule, ...], Field(min_length=1)]
    covenants: Covenants
    registration_days_from_delivery: Annotated[int, Field(ge=1, le=60)]
    """Purchase-money priority is kept by registering within these calendar days (Civil Code §416)."""

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong = repeated_ids(self.eligibility, "eligibility")
        kinds = [item.asset_kind for item in self.kinds]
        wrong.extend((("kinds",), f"{kind.value!r} has no entry") for kind in AssetKind if kind not in kinds)
        if len(set(kinds)) != len(kinds):
            wrong.append((("kinds",), "a kind has more than one entry"))
        return wrong

    def of_kind(self, asset_kind: AssetKind) -> CollateralKind:
        """The entry of an asset kind; a loaded policy has one for every kind."""
        return next(item for item in self.kinds if item.asset_kind is asset_kind)

    def physical_life(self, asset_kind: AssetKind) -> PhysicalLife | None:
        """Life and salvage of a kind, or ``None`` where it is not valued by straight-line depreciation."""
        return next((item for item in self.physical if item.asset_kind is asset_kind), None)
