"""Repricing of many quotes at once: the same figures as the quote of each, to the last digit.

Amounts and rates are whole numbers, sums and products of them exact. Where a quotient or a root is needed it is taken in
float64 and rounded; wherever the fraction lies so near one half that the float's own error could turn it, the term is
computed again by the exact functions of a single quote. FTP and LPR are looked up by those functions once for each tenor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from domain.money import RATE_SCALE
from policy.engine.pricing import LossGivenDefault
from services.pricing.calc.irb import PD_FROM, risk_weight
from services.pricing.calc.irb_portfolio import risk_weights
from services.pricing.calc.price.build_up import Books
from services.pricing.calc.price.capital import LARGEST_RETURN, charged, return_on
from services.pricing.calc.price.cost import LARGEST_COST, cost_of, effective
from services.pricing.calc.price.funding import funds_transfer_price
from services.pricing.calc.price.loss import loss_share, ranked
from services.pricing.calc.price.portfolio import UNIT, Flags, Floats, Ints, QuoteColumns, lpr_tenors

BLOCK = 16_384
"""Quotes at a time: the arrays of a block stay in the processor's cache."""
_BP = 10_000
_NEAR = 1e-4
"""Distance from one half, in units of the last digit, within which a term is computed exactly. Float64 errs by less
than a hundredth of it in every term here; figures of many digits widen it in proportion.
"""
_STEPS = 60
Exact = Callable[[int], Decimal | None]


@dataclass(frozen=True)
class Repriced:
    """The terms of n quotes; rates in units of 0.00000001 per year, shape (n,). Discounts are negative."""

    ftp: Ints
    expected_loss: Ints
    opex: Ints
    capital: Ints
    optionality: Ints
    green: Ints
    relationship: Ints
    quote_step: Ints
    asked: Ints
    all_in_rate: Ints
    base_rate: Ints
    margin_bps: Ints
    floor_rate: Ints
    raroc: Ints
    lgd: Ints
    risk_weight: Ints
    comprehensive_cost: Ints
    effective_cost: Ints
    has_cost: Flags
    has_effective: Flags
    """Where a cost can be stated; its figure is 0 elsewhere and means nothing."""
    has_return: Flags
    """Where capital is held and the return on it can be stated. Elsewhere a single quote is refused, and no term counts."""

    def __len__(self) -> int:
        return len(self.ftp)

    @property
    def below_floor(self) -> Flags:
        return self.all_in_rate < self.floor_rate

    def term(self, name: str, place: int) -> Decimal:
        """One rate of one quote, as a single quote states it."""
        return Decimal(int(getattr(self, name)[place])).scaleb(-RATE_SCALE)


def reprice(columns: QuoteColumns, books: Books) -> Repriced:
    """All quotes at the lender's and the market's figures of a day.

    Raises ``ValueError`` for a PD below what the internal-ratings formula can take.
    """
    tenors = lpr_tenors(columns)
    parts = [
        _block(columns.part(start, start + BLOCK), tenors[start : start + BLOCK], books)
        for start in range(0, len(columns), BLOCK)
    ]
    return Repriced(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])})


def _block(columns: QuoteColumns, tenors: Ints, books: Books) -> Repriced:
    policy = columns.policy
    ftp = _by_value(columns.tenor_months, lambda months: funds_transfer_price(books.ftp, months))
    lgd = _loss(columns, policy.loss_given_default)
    lgd = np.where(columns.risk_shared > 0, (lgd * (UNIT - columns.risk_shared) + UNIT // 2) // UNIT, lgd)
    loss = (columns.pd * lgd + UNIT // 2) // UNIT
    weight = _weights(columns)
    capital = _charges(weight, columns, books)
    opex, optionality = _full(columns, policy.opex), _full(columns, policy.optionality)
    built_up = ftp + loss + opex + capital + optionality - columns.green - columns.relationship
    base = np.where(tenors == 1, _units(books.lpr.one_year), _units(books.lpr.five_year))
    step = policy.quote_step_bps
    # Upwards to whole steps: what is left of a step is the borrower's to pay.
    stepped = -((base - built_up) // (_BP * step)) * step
    margin = np.where(columns.is_asked, columns.asked_margin, stepped)
    rate = base + margin * _BP
    floor = ftp + loss + opex
    raroc, has_return = _returns(rate - floor, weight, columns, books)
    cost, has_cost = _costs(columns, rate)
    yearly, has_effective = _compounded(cost, has_cost)
    return Repriced(
        ftp=ftp,
        expected_loss=loss,
        opex=opex,
        capital=capital,
        optionality=optionality,
        green=-columns.green,
        relationship=-columns.relationship,
        quote_step=base + stepped * _BP - built_up,
        asked=np.where(columns.is_asked, (margin - stepped) * _BP, 0),
        all_in_rate=rate,
        base_rate=base,
        margin_bps=margin,
        floor_rate=floor,
        raroc=raroc,
        lgd=lgd,
        risk_weight=weight,
        comprehensive_cost=cost,
        effective_cost=yearly,
        has_cost=has_cost,
        has_effective=has_effective,
        has_return=has_return,
    )


def _loss(columns: QuoteColumns, parameters: LossGivenDefault) -> Ints:
    """``LGD*``; what an exact quote would take covers in the same order here."""
    amount = columns.amount.astype(np.float64)
    open_part, loss = amount.copy(), np.zeros_like(amount)
    kinds = [kind for kind in ranked(parameters) if kind in columns.covers]
    for kind in kinds:
        terms = parameters.secured[kind]
        covered = np.minimum(open_part, columns.covers[kind] * float(1 - terms.haircut))
        open_part -= covered
        loss += covered * float(terms.lgd)
    share = (loss + open_part * float(parameters.unsecured)) / amount

    def exact(place: int) -> Decimal:
        covers = {kind: _yuan(columns.covers[kind][place]) for kind in kinds if columns.covers[kind][place]}
        return loss_share(parameters, _yuan(columns.amount[place]), covers)[0]

    return _rounded(share, exact)


def _weights(columns: QuoteColumns) -> Ints:
    if columns.capital_method == "standardised":
        return columns.weight
    policy, rules = columns.policy, columns.policy.internal_ratings
    pd = columns.pd
    if rules is not None and rules.pd_ceiling is not None:
        pd = np.minimum(pd, _units(rules.pd_ceiling))
    if rules is None:
        lgd = _full(columns, policy.loss_given_default.unsecured)
    else:
        recognised = LossGivenDefault(unsecured=policy.loss_given_default.unsecured, secured=rules.secured)
        lgd = np.maximum(_loss(columns, recognised), _units(rules.lgd_floor))
    if pd.min() < _units(PD_FROM):
        raise ValueError("PD lies in [0.00001, 1); unit: probability per year as a decimal fraction")
    weights = risk_weights(pd / UNIT, lgd / UNIT, sales_eur_m=columns.sales, maturity=columns.maturity)

    def exact(place: int) -> Decimal:
        sales = columns.sales[place]
        return risk_weight(
            _rate(pd[place]),
            _rate(lgd[place]),
            sales_eur_m=None if np.isnan(sales) else Decimal(repr(float(sales))),
            maturity=Decimal(repr(float(columns.maturity[place]))),
        )

    return _rounded(weights, exact)


def _charges(weight: Ints, columns: QuoteColumns, books: Books) -> Ints:
    policy, tax = columns.policy, books.lender.tax_rate
    yearly = policy.capital_ratio * (policy.cost_of_capital / (1 - tax) - policy.capital_benefit)
    charge = np.maximum(weight / UNIT * float(yearly), 0.0)
    return _rounded(charge, lambda place: charged(_rate(weight[place]), policy, tax)[1])


def _returns(earned: Ints, weight: Ints, columns: QuoteColumns, books: Books) -> tuple[Ints, Flags]:
    policy, tax = columns.policy, books.lender.tax_rate
    held = weight / UNIT * float(policy.capital_ratio)
    holds = weight > 0
    safe = np.where(holds, held, 1.0)
    share = (earned / UNIT + safe * float(policy.capital_benefit)) * float(1 - tax) / safe
    # Far beyond what can be stated the float is precise enough to say so.
    within = holds & (np.abs(share) < 2 * float(LARGEST_RETURN))

    def exact(place: int) -> Decimal:
        own, _ = charged(_rate(weight[place]), policy, tax)
        return return_on(_rate(earned[place]), own, policy, tax)

    result = _rounded(np.where(within, share, 0.0), exact, within)
    return result, within & (np.abs(result) < int(LARGEST_RETURN) * UNIT)


def _costs(columns: QuoteColumns, rate: Ints) -> tuple[Ints, Flags]:
    """The borrower's cost with fees; without any it is the rate itself."""
    left = columns.fees < columns.amount
    dear = np.flatnonzero(left & (columns.fees > 0))
    cost = rate.copy()
    paid, amount, months = columns.fees[dear], columns.amount[dear], columns.tenor_months[dear]
    monthly, settled = _monthly((amount - paid) / amount, rate[dear] / UNIT / 12, months.astype(np.float64))
    sane = settled & (12 * monthly < 2 * float(LARGEST_COST))

    def exact(place: int) -> Decimal | None:
        return cost_of(_yuan(amount[place]), _yuan(paid[place]), _rate(rate[dear][place]), int(months[place]))

    figures = np.where(sane, 12 * monthly, 0.0)
    cost[dear] = _rounded(figures, exact, sane | ~settled, doubted=~settled)
    stated = left.copy()
    stated[dear] &= (sane | ~settled) & (np.abs(cost[dear]) < int(LARGEST_COST) * UNIT)
    return np.where(stated, cost, 0), stated


def _monthly(kept: Floats, start: Floats, months: Floats) -> tuple[Floats, Flags]:
    """Monthly rate at which the instalments are worth ``kept`` of the loan, and where float64 could find it.

    As in ``cost``: Newton's steps on a convex function from a rate that is too low. Near nought, where the formula of the
    annuity loses its digits, it is left to decimals.
    """
    rate = start.copy()
    with np.errstate(all="ignore"):
        wanted = kept * _annuity(start, months)[0]
        moving = np.ones(len(rate), dtype=np.bool_)
        for _ in range(_STEPS):
            worth, slope = _annuity(rate, months)
            change = (wanted - worth) / slope
            rate = np.where(moving, rate + change, rate)
            moving &= ~(np.abs(change) <= 1e-15 * np.maximum(1.0, np.abs(rate)))
            if not moving.any():
                break
        lowest = np.minimum(np.abs(start), np.abs(rate))
        # One last difference decides: float steps near the root may swing within the error of the worth.
        swing = np.abs(change) * 12 * UNIT
        settled = np.isfinite(rate) & (lowest > 1e-5) & (swing < _NEAR / 4)
    return np.where(settled, rate, 0.0), settled


def _annuity(rate: Floats, months: Floats) -> tuple[Floats, Floats]:
    growth = months * np.log1p(rate)
    worth = -np.expm1(-growth) / rate
    return worth, (months * np.exp(-growth) / (1 + rate) - worth) / rate


def _compounded(cost: Ints, has_cost: Flags) -> tuple[Ints, Flags]:
    share = np.expm1(12 * np.log1p(cost / UNIT / 12))
    within = has_cost & (share < 2 * float(LARGEST_COST))
    result = _rounded(np.where(within, share, 0.0), lambda place: effective(_rate(cost[place])), within)
    stated = within & (np.abs(result) < int(LARGEST_COST) * UNIT)
    return np.where(stated, result, 0), stated


def _rounded(shares: Floats, exact: Exact, wanted: Flags | None = None, doubted: Flags | None = None) -> Ints:
    """Fractions as whole units, half up; in doubt as ``exact`` says. Only where ``wanted``, else 0."""
    scaled = shares * UNIT
    whole = np.floor(scaled + 0.5)
    from_half = np.abs(scaled - np.floor(scaled) - 0.5)
    doubtful = from_half < _NEAR + np.abs(scaled) * 1e-14
    if doubted is not None:
        doubtful |= doubted
    result = whole.astype(np.int64)
    if wanted is not None:
        doubtful &= wanted
        result[~wanted] = 0
    for place in np.flatnonzero(doubtful):
        found = exact(int(place))
        result[place] = 0 if found is None else min(int(found * UNIT), np.iinfo(np.int64).max)
    return result


def _by_value(figures: Ints, rate_of: Callable[[int], Decimal]) -> Ints:
    """A rate that depends on one whole figure only, worked out once for each."""
    values, places = np.unique(figures, return_inverse=True)
    rates = np.array([_units(rate_of(int(value))) for value in values], dtype=np.int64)
    return rates[places]


def _full(columns: QuoteColumns, rate: Decimal) -> Ints:
    return np.full(len(columns), _units(rate), dtype=np.int64)


def _units(rate: Decimal) -> int:
    return int(rate * UNIT)


def _rate(units: int) -> Decimal:
    return Decimal(int(units)).scaleb(-RATE_SCALE)


def _yuan(fen: int) -> Decimal:
    return Decimal(int(fen)).scaleb(-2)
