"""The maximum balance curve (domain paper §3.6): the most that may be owed at every date, found from maturity backwards.

    B_T = 0
    B_{t−1} = min( cover_{t−1}, (B_t + DS_t)/(1 + i), DS_t/i )

``cover`` is Σ α·V_q, ``DS`` the debt service that the cash flow allows at its target coverage, ``i`` the interest of a
month. The third term forbids unpaid interest to be added to the debt; it falls away in months whose interest a funded
reserve pays. A loan of ``B_0`` that is paid down to the curve whenever it would rise above it is the largest loan that
keeps every constraint: the optimum of the linear programme, which the tests solve beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.coverage import Bound

_NIL = Decimal(0)


@dataclass(frozen=True)
class Curve:
    """``ceilings[t]`` is the most that may be owed t months after the first drawing, CNY, t = 0 … T; ``bounds[t]`` what
    bounds it."""

    ceilings: tuple[Decimal, ...]
    bounds: tuple[Bound, ...]

    @property
    def largest_loan(self) -> Decimal:
        """``B_0``, exact."""
        return self.ceilings[0]

    def decided(self) -> tuple[int, Bound]:
        """The date whose bound makes the largest loan what it is: cash that can only repay down to it passes it back."""
        month = 0
        while self.bounds[month] is Bound.REPAYMENT:
            month += 1
        return month, self.bounds[month]


def maximum_balances(
    cover: Sequence[Decimal], service: Sequence[Decimal], monthly_rate: Decimal, *, reserve_months: int = 0
) -> Curve:
    """The curve of a loan over ``len(service)`` months.

    ``cover[t]``: what the assets carry at month t, CNY, for every t before maturity. ``service[t]``: the most that may
    be paid in month t + 1, CNY. ``monthly_rate``: decimal fraction a month. ``reserve_months``: months from the first
    drawing whose interest a funded reserve pays. All figures are exact; the caller rounds. Raises ``ValueError``
    for series of different lengths or a negative figure.
    """
    if len(cover) != len(service) or not service:
        raise ValueError("cover and service have one figure for every month of the loan")
    if min(*cover, *service, monthly_rate) < 0:
        raise ValueError("cover, service and rate are not negative; units: CNY, CNY, decimal fraction a month")
    ceilings, bounds = [_NIL], [Bound.MATURITY]
    for month in range(len(service), 0, -1):
        paid = service[month - 1]
        terms = [
            (cover[month - 1], Bound.COVER),
            ((ceilings[-1] + paid) / (1 + monthly_rate), Bound.REPAYMENT),
        ]
        if monthly_rate and month > reserve_months:
            terms.append((paid / monthly_rate, Bound.INTEREST))
        # On a tie the term that is named first: the asset before the cash flow.
        ceiling, bound = min(terms, key=lambda term: term[0])
        ceilings.append(ceiling)
        bounds.append(bound)
    return Curve(tuple(reversed(ceilings)), tuple(reversed(bounds)))


def balances(curve: Curve, loan: Decimal) -> tuple[Decimal, ...]:
    """What is owed at every date by a loan that repays no earlier than the curve demands: ``b_t = min(b_{t−1}, B_t)``.

    A loan above the curve is taken down to it on the first date.
    """
    owed, path = loan, []
    for ceiling in curve.ceilings:
        owed = min(owed, ceiling)
        path.append(owed)
    return tuple(path)
