"""Are the probabilities right? Brier score, Hosmer-Lemeshow over groups, binomial and Jeffreys tests per grade.

Basel Committee Working Paper 14 (2005), chapters V-VI; ECB, Instructions for reporting the validation results of
internal models (2019), section 2.5.3 (Jeffreys). All tests take defaults as independent; correlation makes true
levels wider, so a refusal on one grade is a question, not a proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from services.pricing.calc.validation.distributions import (
    beta_cdf,
    beta_quantile,
    binomial_at_least,
    chi_square_at_least,
)
from services.pricing.calc.validation.statistic import CONTEXT, Statistic

Forecast = tuple[Decimal, bool]
"""A probability of default in (0, 1) and whether the obligor defaulted."""

_HALF = Decimal("0.5")


@dataclass(frozen=True)
class Brier:
    """``score`` is the mean squared error (0 is perfect); ``reference`` that of stating the observed rate for everybody.

    ``skill = 1 − score ÷ reference``: above zero the card says more than the average; ``None`` without both outcomes.
    """

    score: Statistic
    reference: Statistic
    skill: Statistic | None


def brier(forecasts: Sequence[Forecast]) -> Brier:
    """Raises ``ValueError`` without a forecast."""
    if not forecasts:
        raise ValueError("a mean needs at least one forecast")
    with localcontext(CONTEXT):
        n = len(forecasts)
        squares = sum(((1 - pd) ** 2 if defaulted else pd**2 for pd, defaulted in forecasts), Decimal(0))
        rate = Decimal(sum(1 for _, defaulted in forecasts if defaulted)) / n
        score, reference = squares / n, rate * (1 - rate)
        return Brier(score, reference, 1 - score / reference if reference else None)


@dataclass(frozen=True)
class Group:
    """Obligors of neighbouring forecasts: how many, the defaults expected and observed, and their part of the statistic."""

    obligors: int
    lowest: Statistic
    highest: Statistic
    expected: Statistic
    observed: int
    part: Statistic


@dataclass(frozen=True)
class HosmerLemeshow:
    """``p_value`` holds for forecasts made in advance (one degree of freedom a group, Basel WP 14);
    ``p_value_fitted`` for forecasts fitted on this very sample (two fewer), ``None`` with fewer than three groups.
    """

    groups: tuple[Group, ...]
    statistic: Statistic
    p_value: Statistic
    p_value_fitted: Statistic | None


def hosmer_lemeshow(forecasts: Sequence[Forecast], bins: int) -> HosmerLemeshow:
    """``Σ (O − E)² ÷ (E (1 − E ÷ n))`` over ``bins`` groups of equal size by forecast.

    Equal forecasts stay in one group, so that the order of the rows changes nothing; there may then be fewer groups.
    """
    if not forecasts:
        raise ValueError("a test needs at least one forecast")
    with localcontext(CONTEXT):
        groups = []
        for members in equal_groups(sorted(forecasts), bins):
            n = len(members)
            expected = sum((pd for pd, _ in members), Decimal(0))
            observed = sum(1 for _, defaulted in members if defaulted)
            part = (observed - expected) ** 2 / (expected * (1 - expected / n))
            groups.append(Group(n, members[0][0], members[-1][0], expected, observed, part))
        statistic = sum((group.part for group in groups), Decimal(0))
        k = len(groups)
        return HosmerLemeshow(
            tuple(groups),
            statistic,
            chi_square_at_least(statistic, k),
            chi_square_at_least(statistic, k - 2) if k > 2 else None,
        )


def equal_groups(ordered: Sequence[Forecast], bins: int) -> list[Sequence[Forecast]]:
    """Cut forecasts in order into at most ``bins`` groups of about equal size, never between equal probabilities."""
    cuts = [0]
    for k in range(1, bins):
        at = k * len(ordered) // bins
        while 0 < at < len(ordered) and ordered[at][0] == ordered[at - 1][0]:
            at += 1
        if cuts[-1] < at < len(ordered):
            cuts.append(at)
    return [ordered[start:end] for start, end in zip(cuts, [*cuts[1:], len(ordered)], strict=True)]


@dataclass(frozen=True)
class RateTest:
    """Defaults of one grade (or of all) against its probability.

    ``binomial`` and ``jeffreys`` are one-sided: how likely so many defaults are if the probability is right, and how
    likely it is, after what was seen, that the true rate is no higher. Both small: the probability is too low.
    ``too_high`` is the binomial tail on the other side. ``low`` and ``high`` bound the true rate (Jeffreys interval).
    """

    obligors: int
    defaults: int
    rate: Statistic
    pd: Statistic
    binomial: Statistic
    jeffreys: Statistic
    too_high: Statistic
    low: Statistic
    high: Statistic


def rate_test(obligors: int, defaults: int, pd: Decimal, interval: Decimal) -> RateTest:
    """Test ``defaults`` among ``obligors`` against ``pd``, a fraction in (0, 1); ``interval`` is the probability that
    the stated bounds cover. Raises ``ValueError`` outside these bounds.
    """
    if not 0 <= defaults <= obligors or obligors < 1:
        raise ValueError("defaults lie between 0 and the number of obligors, and there is at least one")
    if not (0 < pd < 1 and 0 < interval < 1):
        raise ValueError("a probability lies in (0, 1)")
    a, b = defaults + _HALF, obligors - defaults + _HALF
    tail = (1 - interval) / 2
    with localcontext(CONTEXT):
        too_high = 1 - binomial_at_least(defaults + 1, obligors, pd) if defaults < obligors else Decimal(1)
        return RateTest(
            obligors=obligors,
            defaults=defaults,
            rate=Decimal(defaults) / obligors,
            pd=pd,
            binomial=binomial_at_least(defaults, obligors, pd),
            jeffreys=beta_cdf(pd, a, b),
            too_high=too_high,
            # With no default the interval begins at zero, with nothing but defaults it ends at one (Brown et al. 2001).
            low=beta_quantile(tail, a, b) if defaults else Decimal(0),
            high=beta_quantile(1 - tail, a, b) if defaults < obligors else Decimal(1),
        )
