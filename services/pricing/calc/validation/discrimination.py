"""Does the card put the worse risk below the better one? AUC, Gini, Kolmogorov-Smirnov and the curve behind them.

All three are counts of pairs and shares, so they are exact; ties count one half (Mann-Whitney). The error of the AUC is
that of DeLong, DeLong and Clarke-Pearson (1988), which Basel Working Paper 14 recommends.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext

from services.pricing.calc.validation.statistic import CONTEXT, Statistic

Ranked = tuple[Decimal, bool]
"""A score, higher for the better risk, and whether the obligor defaulted."""


@dataclass(frozen=True)
class Discrimination:
    """``curve`` runs from (0, 0) to (1, 1): share of the good and share of the bad at or below each score, worst first."""

    good: int
    bad: int
    auc: Statistic
    gini: Statistic
    standard_error: Statistic | None
    """Of the AUC; ``None`` with fewer than two good or two bad obligors."""
    ks: Statistic
    ks_at: Statistic
    """The score at which the two distributions lie furthest apart; the lowest such score."""
    curve: tuple[tuple[Statistic, Statistic], ...]


def discrimination(ranked: Iterable[Ranked]) -> Discrimination:
    """Measure a ranking. Raises ``ValueError`` where all obligors are good or all are bad: there is nothing to tell apart."""
    goods: Counter[Decimal] = Counter()
    bads: Counter[Decimal] = Counter()
    for score, defaulted in ranked:
        (bads if defaulted else goods)[score] += 1
    good, bad = goods.total(), bads.total()
    if not good or not bad:
        raise ValueError("discrimination needs obligors that defaulted and obligors that did not")
    with localcontext(CONTEXT):
        below_good = below_bad = 0
        # Twice the number of pairs, so that half a tie stays whole.
        pairs = squares_of_bad = squares_of_good = 0
        furthest, ks_at = Decimal(-1), Decimal(0)
        curve = [(Decimal(0), Decimal(0))]
        for score in sorted(goods.keys() | bads.keys()):
            here_good, here_bad = goods[score], bads[score]
            # A bad obligor here stands below the good ones further up; a good one above the bad ones further down.
            placed_bad = 2 * (good - below_good) - here_good
            placed_good = 2 * below_bad + here_bad
            pairs += here_bad * placed_bad
            squares_of_bad += here_bad * placed_bad**2
            squares_of_good += here_good * placed_good**2
            below_good += here_good
            below_bad += here_bad
            point = (Decimal(below_good) / good, Decimal(below_bad) / bad)
            curve.append(point)
            if (apart := abs(point[1] - point[0])) > furthest:
                furthest, ks_at = apart, score
        auc = Decimal(pairs) / (2 * good * bad)
        error = None
        if good > 1 and bad > 1:
            # Variance of the placements: each bad obligor's share of good ones above it, and the other way about.
            of_bad = (Decimal(squares_of_bad) / (4 * good**2) - bad * auc**2) / (bad - 1)
            of_good = (Decimal(squares_of_good) / (4 * bad**2) - good * auc**2) / (good - 1)
            error = max(of_bad / bad + of_good / good, Decimal(0)).sqrt()
        return Discrimination(good, bad, auc, 2 * auc - 1, error, furthest, ks_at, tuple(curve))
