"""How a plan stands to its assets and its cash flow: worst loan-to-value, least coverage, first breach of each threshold,
and the cash that cures it (domain paper §6.1, §6.3).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.coverage import Breach, PlanTest, Threshold
from policy.engine.collateral import Covenants
from services.collateral.calc.amortisation.settlement import at_least, at_most, must_be_brought

_NIL = Decimal(0)
_MOST = Decimal(9_999)
"""A ratio beyond it, either way, is as good as a division by nothing."""


@dataclass(frozen=True)
class Month:
    """A date of a plan. ``balance`` is owed after what was paid on it; CNY."""

    balance: Decimal
    debt_service: Decimal
    """Interest and principal paid on it."""
    cash_flow: Decimal
    """Available for debt service in the month that ends with it, never negative."""
    value: Decimal
    """Of the assets, before any advance rate."""


@dataclass(frozen=True)
class Rules:
    """What a plan is held against."""

    covenants: Covenants
    window_months: int
    """Over how many months coverage is tested against the covenants."""
    other_cover: Decimal = _NIL
    """What guarantees and the unsecured quota carry, CNY: the assets answer for the rest of the debt."""
    reserve_months: int = 0
    """Months from the first drawing whose interest a funded reserve pays: coverage is tested after them."""


def loan_to_value(balance: Decimal, value: Decimal, other_cover: Decimal = _NIL) -> Decimal | None:
    """Debt that rests on the assets over their value; None where something is owed on assets worth (next to) nothing.

    Rounded up: a ratio is never shown lower than it is.
    """
    secured = max(_NIL, balance - other_cover)
    if secured == 0:
        return Decimal(0)
    if value == 0 or secured / value > _MOST:
        return None
    return at_most(secured / value)


def coverage(cash_flow: Decimal, debt_service: Decimal) -> Decimal | None:
    """Cash flow over debt service, rounded down; None where nothing falls due, or next to nothing.

    A cash flow below nought is no coverage however little falls due: it is told, at ``-_MOST`` where it lies lower.
    """
    if debt_service <= 0 or cash_flow / debt_service > _MOST:
        return None
    return at_least(max(-_MOST, cash_flow / debt_service))


def examine(plan: Sequence[Month], rules: Rules) -> PlanTest:
    """Test a plan; ``plan[0]`` is the day of the first drawing.

    Coverage of an instalment is measured on the cash flow since the one before it. Cure by prepayment is what would
    have to be repaid on the first day for no later date to stand above the call threshold; cure of coverage is what the
    cash flow lacks, over all instalments, to cover them at the default level. The two add up to an upper bound,
    because a prepayment also lowers the interest.
    """
    ratios = [(loan_to_value(at.balance, at.value, rules.other_cover), month) for month, at in enumerate(plan)]
    covered = list(_instalments(plan, rules.reserve_months))
    measured = [(ratio, item.month) for item in covered if (ratio := coverage(item.cash, item.due)) is not None]
    windows = list(_windows(covered, rules.window_months))
    worst_ltv, ltv_month = max(ratios, key=lambda item: (item[0] is None, item[0] or _NIL, -item[1]))
    least, least_month = min(measured, default=(None, None))
    rolling, rolling_month = min(windows, default=(None, None))
    by_value = must_be_brought(max(_call_shortfall(at, rules) for at in plan))
    by_cash = must_be_brought(
        sum((max(_NIL, item.due * rules.covenants.dscr_default - item.cash) for item in covered), _NIL)
    )
    return PlanTest(
        worst_ltv=worst_ltv,
        worst_ltv_month=ltv_month,
        min_dscr=least,
        min_dscr_month=least_month,
        min_rolling_dscr=rolling,
        min_rolling_dscr_month=rolling_month,
        breaches=tuple(_breaches(ratios, windows, rules.covenants)),
        cure_ltv=by_value,
        cure_dscr=by_cash,
        cash_to_cure=by_value + by_cash,
    )


@dataclass(frozen=True)
class _Instalment:
    """What falls due on a date, the cash flow since the instalment before it, and over how many months that came in."""

    month: int
    months: int
    cash: Decimal
    due: Decimal


def _instalments(plan: Sequence[Month], reserve_months: int) -> Iterator[_Instalment]:
    """Every instalment that is tested."""
    gathered, since = _NIL, reserve_months
    for month, at in enumerate(plan):
        if month <= reserve_months:
            continue
        gathered += at.cash_flow
        if at.debt_service > 0:
            yield _Instalment(month, month - since, gathered, at.debt_service)
            gathered, since = _NIL, month


def _windows(instalments: Sequence[_Instalment], window_months: int) -> Iterator[tuple[Decimal, int]]:
    """Coverage over the fewest instalments that make up the window, at each of them; fewer at the start.

    Whole instalments with the months they are paid from: a window of the calendar may hold two instalments and the cash
    flow of one.
    """
    for last, item in enumerate(instalments):
        cash, due, months, first = _NIL, _NIL, 0, last + 1
        while first > 0 and months < window_months:
            first -= 1
            cash, due = cash + instalments[first].cash, due + instalments[first].due
            months += instalments[first].months
        ratio = coverage(cash, due)
        if ratio is not None:
            yield ratio, item.month


def _call_shortfall(at: Month, rules: Rules) -> Decimal:
    secured = max(_NIL, at.balance - rules.other_cover)
    return max(_NIL, secured - rules.covenants.ltv_call * at.value)


def _breaches(
    ratios: Sequence[tuple[Decimal | None, int]], windows: Sequence[tuple[Decimal, int]], covenants: Covenants
) -> Iterator[Breach]:
    for threshold, level in (
        (Threshold.LTV_WATCH, covenants.ltv_watch),
        (Threshold.LTV_CALL, covenants.ltv_call),
        (Threshold.LTV_ENFORCE, covenants.ltv_enforce),
    ):
        above = (month for ratio, month in ratios if ratio is None or ratio > level)
        yield Breach(threshold=threshold, level=level, first_month=next(above, None))
    for threshold, level in (
        (Threshold.DSCR_LOCK_UP, covenants.dscr_lock_up),
        (Threshold.DSCR_DEFAULT, covenants.dscr_default),
    ):
        below = (month for ratio, month in windows if ratio < level)
        yield Breach(threshold=threshold, level=level, first_month=next(below, None))
