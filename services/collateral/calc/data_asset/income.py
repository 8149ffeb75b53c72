"""Income approaches (domain paper §4.2 steps 2, 3 and 5): multi-period excess earnings, and relief from royalty.

Cash comes in over the year and is discounted from its middle; a year that the life of the data cuts short counts for the
months that are left of it, from the middle of those.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.application import EarningsYear
from policy.engine.data_asset import ContributoryReturns, DiscountTerms

_TWELVE = Decimal(12)
_HALF = Decimal("0.5")


@dataclass(frozen=True)
class YearOfLife:
    """``share``: the part of the forecast's year inside the life. ``discount``: factor at the middle of that part."""

    number: int
    share: Decimal
    discount: Decimal


@dataclass(frozen=True)
class Discounted:
    """A year's flow before the part of the year, and what it adds today."""

    year: YearOfLife
    flow: Decimal
    present: Decimal


def discount_rate(personal_share: Decimal, terms: DiscountTerms) -> Decimal:
    """Risk-free + market + technology + compliance, and the more records hold personal information the higher."""
    return terms.base() + personal_share * terms.personal_data


def years(life_months: int, forecast_years: int, rate: Decimal) -> tuple[YearOfLife, ...]:
    """The years in which the data still earn: never beyond their life or the forecast."""
    found = []
    for number in range(1, forecast_years + 1):
        months = min(12, life_months - 12 * (number - 1))
        if months <= 0:
            break
        share = months / _TWELVE
        middle = number - 1 + share * _HALF
        found.append(YearOfLife(number, share, (1 + rate) ** -middle))
    return tuple(found)


def excess_earnings(year: EarningsYear, returns: ContributoryReturns, tax_rate: Decimal) -> Decimal:
    """``EBIT·(1 − τ) − Σ CAC``: what is left when everything else that works in the business has earned its return."""
    charges = (
        returns.working_capital * year.working_capital.amount
        + returns.fixed_assets * year.fixed_assets.amount
        + returns.workforce * year.workforce.amount
        + returns.other_rights * year.other_rights.amount
    )
    return year.ebit.amount * (1 - tax_rate) - charges


def multi_period_excess_earnings(
    forecast: Sequence[EarningsYear], over: Sequence[YearOfLife], returns: ContributoryReturns, tax_rate: Decimal
) -> tuple[Decimal, tuple[Discounted, ...]]:
    """``V = Σ excess earnings·DF`` and its terms, of the years up to the one after which no sum is higher; not below 0.

    The holder may stop when the rest would only cost: so a longer life, or a lower rate, never lowers the value. A year
    of losses that better ones follow counts in full.
    """
    terms = []
    total = best = Decimal(0)
    for year in over:
        flow = excess_earnings(forecast[year.number - 1], returns, tax_rate)
        present = flow * year.share * year.discount
        terms.append(Discounted(year, flow, present))
        total += present
        best = max(best, total)
    return best, tuple(terms)


def relief_from_royalty(
    forecast: Sequence[EarningsYear], over: Sequence[YearOfLife], royalty_rate: Decimal, tax_rate: Decimal
) -> tuple[Decimal, tuple[Discounted, ...]]:
    """``V = Σ Rev·ρ·(1 − τ)·DF`` and its terms: what a licence of the same data would cost after tax."""
    terms = []
    for year in over:
        flow = forecast[year.number - 1].revenue.amount * royalty_rate * (1 - tax_rate)
        terms.append(Discounted(year, flow, flow * year.share * year.discount))
    return sum((term.present for term in terms), Decimal(0)), tuple(terms)
