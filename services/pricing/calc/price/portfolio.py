"""Many quotes as columns: what a price stands on and no market moves, read once from requests and policy.

What rules decide (the green tag, a standardised risk weight, the relationship's discount) is decided here by the same
functions as for a single quote; what moves (LPR, FTP, PD, tax) is left to ``repricing``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from domain.application import AssetKind
from domain.pricing import QuoteRequest
from domain.reference import LenderBooks
from policy.engine import Bundle, PricingPolicy, evaluate
from services.pricing.calc.base_rate import EITHER_FROM, EITHER_TO
from services.pricing.calc.conclusion import Inadmissible, Trace
from services.pricing.calc.irb import SUPERVISORY_MATURITY
from services.pricing.calc.price.build_up import green_discount, pd_floor, relationship_discount
from services.pricing.calc.price.capital import standardised_weight
from services.pricing.calc.price.cost import paid_by_borrower
from services.pricing.calc.price.internal_ratings import maturity_of, sales_of
from services.pricing.calc.product import product_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

UNIT = 100_000_000
"""Rates are whole numbers of 0.00000001; amounts are whole fen."""
_LARGEST_FEN = 9_000_000_000_000_000_000
_ASKED = {None: 0, "1Y": 1, "5Y": 5}


@dataclass(frozen=True)
class QuoteColumns:
    """n quotes of one lender under one pricing policy; every array has shape (n,)."""

    policy: PricingPolicy
    capital_method: Literal["standardised", "irb_foundation"]
    amount: Ints
    """Fen."""
    tenor_months: Ints
    pd: Ints
    """Per year, not below the floor of the rating scale."""
    covers: dict[AssetKind, Ints]
    """Lending value of eligible collateral by kind, fen."""
    risk_shared: Ints
    """Part of every loss that guarantors bear beside the lender; 0 where nobody does."""
    green: Ints
    relationship: Ints
    """Discounts, not negative."""
    fees: Ints
    """What the borrower pays beside interest, fen."""
    asked_margin: Ints
    """Basis points; where ``is_asked`` is false nothing was asked for."""
    is_asked: Flags
    asked_tenor: Ints
    """1 or 5 where a tenor of the LPR was asked for, else 0."""
    weight: Ints
    """Standardised risk weight; 0 for a lender of internal ratings."""
    sales: Floats
    """EUR million per year for the firm-size adjustment, NaN where there is none."""
    maturity: Floats
    """Effective maturity in years."""

    def __len__(self) -> int:
        return len(self.amount)

    def with_pd(self, pd: Ints) -> "QuoteColumns":
        """The same quotes after a move of PD; ``pd`` in units of 0.00000001 per year, shape (n,), inside (0, 1).

        Raises ``ValueError`` outside those bounds. A floor of the rating scale is the caller's to keep.
        """
        if pd.shape != self.pd.shape or (pd.size and not (pd.min() > 0 and pd.max() < UNIT)):
            raise ValueError("PD lies in (0, 1), one a quote; unit: 0.00000001 per year")
        return replace(self, pd=pd.astype(np.int64))

    def part(self, start: int, end: int) -> "QuoteColumns":
        """Quotes ``start`` … ``end`` − 1: a block that stays in the processor's cache."""
        cut = slice(start, end)
        arrays: dict[str, Any] = {
            name: value[cut] for name, value in vars(self).items() if isinstance(value, np.ndarray)
        }
        return replace(self, **arrays, covers={kind: values[cut] for kind, values in self.covers.items()})


def columns_of(requests: Sequence[QuoteRequest], bundle: Bundle, lender: LenderBooks) -> QuoteColumns:
    """The requests as columns.

    Raises ``Inadmissible`` for a request that no single quote would answer either, one without a price for want of facts,
    one that the pricing policy of the first does not price, and an amount of 90,000,000,000,000,000 yuan or more; the
    field begins with the request's place.
    """
    if not requests:
        raise Inadmissible("requests", "nothing_to_price", "没有可定价的报价", "there is nothing to price")
    policy = bundle.pricing(requests[0].policy_on)
    reader = _Reader(bundle, lender, policy)
    rows = [reader.row(place, request) for place, request in enumerate(requests)]
    kinds = sorted({kind for row in rows for kind in row.covers}, key=lambda kind: kind.value)
    return QuoteColumns(
        policy=policy,
        capital_method=lender.capital_method,
        amount=_ints(row.amount for row in rows),
        tenor_months=_ints(item.tenor_months for item in requests),
        pd=_ints(row.pd for row in rows),
        covers={kind: _ints(row.covers.get(kind, 0) for row in rows) for kind in kinds},
        risk_shared=_ints(int((item.risk_shared or Decimal(0)) * UNIT) for item in requests),
        green=_ints(row.green for row in rows),
        relationship=_ints(row.relationship for row in rows),
        fees=_ints(row.fees for row in rows),
        asked_margin=_ints(item.asked_spread_bps or 0 for item in requests),
        is_asked=np.array([item.asked_spread_bps is not None for item in requests], dtype=np.bool_),
        asked_tenor=_ints(_ASKED[item.asked_lpr_tenor] for item in requests),
        weight=_ints(row.weight for row in rows),
        sales=np.array([row.sales for row in rows], dtype=np.float64),
        maturity=np.array([row.maturity for row in rows], dtype=np.float64),
    )


@dataclass(frozen=True)
class _Row:
    amount: int
    pd: int
    covers: dict[AssetKind, int]
    green: int
    relationship: int
    fees: int
    weight: int
    sales: float
    maturity: float


class _Reader:
    """Reads requests; what rules say is asked once for every set of facts they look at."""

    def __init__(self, bundle: Bundle, lender: LenderBooks, policy: PricingPolicy) -> None:
        self._bundle, self._lender, self._policy = bundle, lender, policy
        self._floors: dict[tuple[object, ...], int] = {}
        self._weights: dict[tuple[object, ...], int] = {}
        self._greens: dict[tuple[object, ...], int] = {}
        self._relationships: dict[str | None, int] = {}

    def row(self, place: int, request: QuoteRequest) -> _Row:
        """One request as figures. Raises ``Inadmissible`` as ``columns_of``."""
        floor = self._floor(place, request)
        if request.pd is None:
            raise _unpriced(place, "pd")
        weight, sales, maturity = 0, None, SUPERVISORY_MATURITY
        if self._lender.capital_method == "irb_foundation":
            rules = self._policy.internal_ratings
            if rules is None:
                sales = request.annual_revenue_eur_m
            else:
                trace = Trace("portfolio")
                sales = sales_of(request, rules.size_adjustment, trace)
                maturity = maturity_of(request, rules, trace)
        else:
            weight = self._weight(place, request)
        covers: dict[AssetKind, int] = {}
        for item in request.collateral:
            if item.eligible:
                covers[item.kind] = covers.get(item.kind, 0) + int(item.lending_value.amount * 100)
        if request.relationship not in self._relationships:
            self._relationships[request.relationship] = _units(relationship_discount(request, self._policy))
        return _Row(
            amount=_bounded(int(request.amount.amount * 100), place, "amount"),
            pd=max(_units(request.pd), floor),
            covers={kind: _bounded(value, place, "collateral") for kind, value in covers.items()},
            green=self._green(request),
            relationship=self._relationships[request.relationship],
            fees=_bounded(int(paid_by_borrower(request.fees) * 100), place, "fees"),
            weight=weight,
            sales=float("nan") if sales is None else float(sales),
            maturity=float(maturity),
        )

    def _floor(self, place: int, request: QuoteRequest) -> int:
        asked = (request.product, request.lender_id, request.policy_on)
        if asked not in self._floors:
            product = product_of(self._bundle, request)
            if self._bundle.pricing(request.policy_on) is not self._policy:
                raise Inadmissible(
                    f"{place}/as_of",
                    "another_policy",
                    "与首笔报价的定价政策不同",
                    "another pricing policy prices this one",
                )
            self._floors[asked] = _units(pd_floor(request, self._bundle, product))
        return self._floors[asked]

    def _weight(self, place: int, request: QuoteRequest) -> int:
        facts = (request.project_phase, request.company_size, request.retail_eligible, request.investment_grade)
        if facts not in self._weights:
            decision = standardised_weight(request, self._policy)
            if not decision.decided:
                raise _unpriced(place, *(item.fact for item in decision.referred))
            self._weights[facts] = _units(decision.number("risk_weight"))
        return self._weights[facts]

    def _green(self, request: QuoteRequest) -> int:
        facts = (
            request.policy_on,
            request.green,
            request.green_catalogue_code,
            request.pue,
            request.rack_use,
            request.hub,
            request.green_power,
        )
        if facts not in self._greens:
            discount, _ = green_discount(request, self._bundle, self._policy, Trace("portfolio"))
            self._greens[facts] = _units(discount)
        return self._greens[facts]


def lpr_tenors(columns: QuoteColumns) -> Ints:
    """The LPR tenor each quote prices off in years, 1 or 5, by the policy's table or as asked where a loan may choose."""
    by_months = {
        int(months): 1
        if evaluate(columns.policy.base_rate, {"loan.tenor_months": int(months)}, "portfolio").code("base_rate") == "1Y"
        else 5
        for months in np.unique(columns.tenor_months)
    }
    tabled = _ints(by_months[int(months)] for months in columns.tenor_months)
    chooses = (columns.asked_tenor > 0) & (columns.tenor_months > EITHER_FROM) & (columns.tenor_months <= EITHER_TO)
    return np.where(chooses, columns.asked_tenor, tabled)


def _ints(values: Iterator[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _units(rate: Decimal) -> int:
    return int(rate * UNIT)


def _bounded(fen: int, place: int, field: str) -> int:
    if fen >= _LARGEST_FEN:
        raise Inadmissible(
            f"{place}/{field}",
            "beyond_portfolio",
            "金额须小于 9 亿亿；单位：元",
            "an amount of a portfolio is less than 90,000,000,000,000,000; unit: CNY",
        )
    return fen


def _unpriced(place: int, *facts: str) -> Inadmissible:
    named = ", ".join(facts)
    return Inadmissible(
        tuple(f"{place}/{fact}" for fact in facts), "fact_absent", f"缺少 {named}", f"{named}: not known, no price"
    )
