"""What a case's assets and cash flow carry, and its plan under stress: requests derived from a dossier, pure like the others."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final

from domain.application import LineKind
from domain.collateral import CohortSubject, PhysicalSubject
from domain.coverage import AmortisationRequest, AssetTranche, HeldAsset, PlannedMonth, StressRequest
from domain.dossier import Dossier, ValuedAsset
from domain.limit import CapName
from domain.money import ZERO, Money
from domain.pricing import Schedule
from domain.requests.case import case_inputs
from domain.requests.cash_flows import cash_flows, months_before_revenue
from domain.requests.collateral import valuation_request
from domain.requests.pricing import granted

OVER_YEARS: Final = frozenset({LineKind.TERM, LineKind.LEASE})
"""What is repaid by a cash flow over years. Working capital and orders are repaid by turnover and their own proceeds."""


def amortisation_request(dossier: Dossier, as_of: date) -> AmortisationRequest | None:
    """The largest loan on the case's assets, and the plan of what is granted; None for a loan that
    rests on no valued asset, or is not repaid over years.

    Every valued asset is a tranche and begins at its value on file, which is nought where it may carry nothing. Guarantees
    and the unsecured quota count as the limit counts them. Until the first contract begins a project is being built, and
    interest is paid from its budget.
    """
    terms = _terms(dossier, as_of)
    return None if terms is None else AmortisationRequest(**terms, amount=granted(dossier)[0])


def stress_request(dossier: Dossier, schedule: Schedule, as_of: date) -> StressRequest | None:
    """The schedule under stress; None as above, or where nothing falls due."""
    terms = _terms(dossier, as_of)
    if terms is None or not schedule.instalments:
        return None
    return StressRequest(**terms, plan=planned_months(schedule, as_of, terms["tenor_months"]))


def planned_months(schedule: Schedule, drawn_on: date, tenor_months: int) -> tuple[PlannedMonth, ...]:
    """A schedule by months from the first drawing. What falls due within a month is paid in it; the day of an instalment may
    have been moved past maturity by a holiday, so there may be one month more than the tenor has."""
    last = max(tenor_months, _month(schedule.final_maturity, drawn_on))
    due, repaid, drawn = [Decimal(0)] * (last + 1), [Decimal(0)] * (last + 1), [Decimal(0)] * (last + 1)
    for row in schedule.instalments:
        at = min(_month(row.due, drawn_on), last)
        due[at] += row.principal.amount + row.interest.amount
        repaid[at] += row.principal.amount
        if row.drawn is not None:
            drawn[min(_month(row.period_start, drawn_on), last)] += row.drawn.amount
    first = sum(repaid, Decimal(0)) - sum(drawn, Decimal(0))
    owed = accumulate((more - less for more, less in zip(drawn, repaid, strict=True)), initial=first)
    return tuple(
        PlannedMonth(balance=Money(amount=max(left, Decimal(0))), debt_service=Money(amount=paid))
        for left, paid in zip(list(owed)[1:], due, strict=True)
    )


def _month(day: date, drawn_on: date) -> int:
    """The month of a loan that ends on or after a day: month 1 ends one month after the drawing."""
    months = (day.year - drawn_on.year) * 12 + day.month - drawn_on.month
    return max(0, months + (day.day > drawn_on.day))


def _terms(dossier: Dossier, as_of: date) -> dict[str, Any] | None:
    tranches = tuple(_tranches(dossier, as_of)) if dossier.line.kind in OVER_YEARS else ()
    if not tranches:
        return None
    _, tenor = granted(dossier)
    flows = cash_flows(dossier.content, as_of)
    return {
        **case_inputs(dossier, as_of),
        "annual_rate": dossier.quote.all_in_rate if dossier.quote else None,
        "tenor_months": tenor,
        "tranches": tranches,
        "cash_flows": flows,
        "other_cover": _other_cover(dossier),
        "reserve_months": months_before_revenue(dossier.content, dossier.line.kind, flows, tenor),
    }


def _tranches(dossier: Dossier, as_of: date) -> Iterator[AssetTranche]:
    for item in dossier.valuations:
        subject = valuation_request(dossier, item.asset_key, item.cohort, as_of).subject
        valued = item.valuation
        key, value = f"{item.asset_key}/{item.cohort}", valued.lending_value
        if isinstance(subject, CohortSubject):
            yield AssetTranche(
                key=key, subject=subject, advance_rate=valued.ltv, lending_value=value, filed_path=_path(item)
            )
        elif isinstance(subject, PhysicalSubject):
            yield AssetTranche(key=key, subject=subject, advance_rate=valued.ltv, lending_value=value)
        else:
            held = HeldAsset(kind="held", asset_kind=valued.asset_kind, value=value)
            yield AssetTranche(key=key, subject=held, advance_rate=valued.ltv)


def _path(item: ValuedAsset) -> tuple[Money, ...] | None:
    path = item.valuation.path
    return None if path is None else tuple(Money(amount=value) for value in path.lendable)


def _other_cover(dossier: Dossier) -> Money:
    """What guarantees and the unsecured quota add to the assets in the limit's collateral cap; nothing while it has none."""
    if dossier.limit is None:
        return ZERO
    cap = next((item.amount for item in dossier.limit.caps if item.name is CapName.COLLATERAL), None)
    if cap is None:
        return ZERO
    assets = sum((item.amount.amount for item in dossier.limit.tranches), Decimal(0))
    return Money(amount=max(Decimal("0.00"), cap.amount - assets))
