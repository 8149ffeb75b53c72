"""Price and RAROC over PD, LGD, tenor and collateral value: the same build-up at every point, everything else held.

A point at the values of the request is the price that ``quote`` gives, to the last digit. LGD moves the expected loss
only: under the foundation approach capital stands on supervisory figures, and a bank's own estimate does not change
them. Collateral moves both wherever the policy lets it count. Every point has two returns: at its own price, and at the
price of the base case, as if the loan had been agreed at it.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from domain.finding import Outcome, Reason
from domain.limit import CollateralContribution
from domain.money import RATE_SCALE, Money, Rounding, rounded
from domain.reference import FtpCurve, LenderBooks, Lpr
from domain.sensitivity import (
    Axis,
    Sensitivity,
    SensitivityCurve,
    SensitivityPoint,
    SensitivityRequest,
    SensitivityTable,
)
from policy.engine import Bundle
from services.pricing.calc.conclusion import Conclusion, Dated, Inadmissible, Trace, absent
from services.pricing.calc.price.build_up import Books, Priced, Unpriced, build_up, pd_floor
from services.pricing.calc.price.capital import raroc
from services.pricing.calc.price.engine import model
from services.pricing.calc.product import product_of

_ONE = Decimal("1.00000000")
_LARGEST_AMOUNT = Decimal(10) ** 18
_PD_STEPS = ("0.5", "0.75", "1.5", "2", "3", "5")
_PD_HIGHEST = Decimal("0.99")
_LGD_STEPS = ("0.10", "0.20", "0.30", "0.40", "0.50", "0.60")
_TENOR_STEPS = (12, 24, 36, 60, 84, 120)
_COLLATERAL_STEPS = ("0", "0.25", "0.5", "0.75", "1.25")


def sensitivity(
    request: SensitivityRequest, bundle: Bundle, lender: Dated[LenderBooks], lpr: Dated[Lpr], ftp: Dated[FtpCurve]
) -> Conclusion[Sensitivity]:
    """Curves over the four axes, and a cross table where one is asked for.

    Refers without a value where no price can be formed. A loan without collateral that counts has no curve over
    collateral, and a reason says so. Raises ``Inadmissible`` as ``quote`` does.
    """
    _refuse_beyond_scale(request)
    policy = bundle.pricing(request.policy_on)
    books = Books(lender.value, lpr.value, ftp.value)
    trace = Trace("sensitivity")
    base_trace = Trace("price")
    base = build_up(request, bundle, books, base_trace)
    trace.take(tuple(base_trace.steps))
    reasons: tuple[Reason, ...] = ()
    value = None
    if isinstance(base, Unpriced):
        reasons = tuple(absent(name, "价格", "the price") for name in base.missing)
    else:
        prices = _Prices(request, bundle, books, base, trace)
        axes = [axis for axis in Axis if axis is not Axis.COLLATERAL or prices.secured]
        if not prices.secured:
            reasons = (_no_collateral(),)
        curves = tuple(SensitivityCurve(axis=axis, points=prices.curve(axis)) for axis in axes)
        cross = None
        if request.cross is not None and set(request.cross) <= set(axes):
            cross = prices.table(*request.cross)
        value = Sensitivity(base=prices.base, hurdle=policy.hurdle_raroc, curves=curves, cross=cross)
    return Conclusion(
        kind="sensitivity",
        outcome=Outcome.REFER if value is None else Outcome.PASS,
        value=value,
        reasons=reasons,
        trace=tuple(trace.steps),
        policy=bundle.ref(policy),
        references=(lender.ref, lpr.ref, ftp.ref),
        model=model(policy),
    )


class _Prices:
    """The prices round one base case."""

    def __init__(self, request: SensitivityRequest, bundle: Bundle, books: Books, base: Priced, trace: Trace) -> None:
        self._request = request
        self._bundle = bundle
        self._books = books
        self._trace = trace
        self._policy = bundle.pricing(request.policy_on)
        self._counting = self._policy.loss_given_default.secured
        self._floor = pd_floor(request, bundle, product_of(bundle, request))
        self._base = base
        self.secured = any(self._counts(item) for item in request.collateral)
        self.base = self._point(base, request.tenor_months, _ONE)

    def curve(self, axis: Axis) -> tuple[SensitivityPoint, ...]:
        """The points of one axis in order, each with a term in the trace."""
        points = tuple(self._at({axis: value}) for value in self._values(axis))
        for point in points:
            self._term(axis.value, point)
        return points

    def table(self, rows: Axis, columns: Axis) -> SensitivityTable:
        """The points of two axes varied together."""
        across = self._values(columns)
        points = tuple(tuple(self._at({rows: down, columns: value}) for value in across) for down in self._values(rows))
        for row in points:
            for point in row:
                self._term(f"{rows.value}×{columns.value}", point)
        return SensitivityTable(rows=rows, columns=columns, points=points)

    def _values(self, axis: Axis) -> list[Decimal]:
        request, pd = self._request, self._base.pd
        given: Iterable[Decimal | int | str]
        here: Decimal
        if axis is Axis.PD:
            steps = request.pd_values or [min(pd * Decimal(step), _PD_HIGHEST) for step in _PD_STEPS]
            # Below the floor all values are one price.
            given, here = [max(value, self._floor) for value in steps], pd
        elif axis is Axis.LGD:
            given, here = request.lgd_values or _LGD_STEPS, self._base.lgd
        elif axis is Axis.TENOR:
            given, here = request.tenor_values or _TENOR_STEPS, Decimal(request.tenor_months)
        else:
            given, here = request.collateral_values or _COLLATERAL_STEPS, _ONE
        return sorted({rounded(Decimal(value), RATE_SCALE) for value in given} | {rounded(here, RATE_SCALE)})

    def _at(self, moved: dict[Axis, Decimal]) -> SensitivityPoint:
        multiple = moved.get(Axis.COLLATERAL, _ONE)
        months = int(moved.get(Axis.TENOR, Decimal(self._request.tenor_months)))
        changes: dict[str, Any] = {"pd": moved.get(Axis.PD, self._base.pd), "tenor_months": months}
        if multiple != _ONE:
            changes["collateral"] = tuple(_worth(item, multiple) for item in self._request.collateral)
        changed = self._request.model_copy(update=changes)
        priced = build_up(changed, self._bundle, self._books, Trace("price"), lgd=moved.get(Axis.LGD))
        # What makes a case unpriced (no PD, no fact of the risk weight) does not depend on what is varied here.
        assert isinstance(priced, Priced)
        return self._point(priced, months, multiple)

    def _point(self, priced: Priced, months: int, multiple: Decimal) -> SensitivityPoint:
        worth = sum(
            (_worth(item, multiple).lending_value.amount for item in self._request.collateral if self._counts(item)),
            Decimal("0.00"),
        )
        return SensitivityPoint(
            pd=priced.pd,
            lgd=priced.lgd,
            tenor_months=months,
            collateral_multiple=multiple,
            collateral_value=Money(amount=worth),
            all_in_rate=priced.rate,
            base_rate=priced.base.tenor,
            margin_bps=priced.margin_bps,
            floor_rate=priced.floor,
            below_floor=priced.below_floor,
            risk_weight=priced.capital.risk_weight,
            raroc=priced.raroc,
            raroc_if_agreed=raroc(
                self._base.rate - priced.floor, priced.capital, self._policy, self._books.lender, Trace("price")
            ),
        )

    def _counts(self, item: CollateralContribution) -> bool:
        return item.eligible and item.kind in self._counting

    def _term(self, step: str, point: SensitivityPoint) -> None:
        self._trace.term(
            step,
            "build-up with this value, everything else held",
            point.all_in_rate,
            pd=point.pd,
            lgd=point.lgd,
            tenor_months=point.tenor_months,
            collateral_multiple=point.collateral_multiple,
            floor=point.floor_rate,
            risk_weight=point.risk_weight,
            raroc=point.raroc,
            raroc_if_agreed=point.raroc_if_agreed,
        )


def _refuse_beyond_scale(request: SensitivityRequest) -> None:
    """Refuse collateral whose sum, at the highest multiple asked for, is more than an amount can hold."""
    highest = max((*(request.collateral_values or ()), *(Decimal(step) for step in _COLLATERAL_STEPS), _ONE))
    total = sum((item.lending_value.amount for item in request.collateral), Decimal(0))
    if total * highest >= _LARGEST_AMOUNT:
        raise Inadmissible(
            "collateral",
            "collateral_beyond_scale",
            "押品价值合计乘以最高倍数后超出金额上限",
            "the collateral at its highest multiple is more than an amount can hold; unit: CNY",
        )


def _worth(item: CollateralContribution, multiple: Decimal) -> CollateralContribution:
    """The contribution at a multiple of its value; never rounded up to more than it is."""
    return item.model_copy(update={"lending_value": item.lending_value.times(multiple, Rounding.DOWN)})


def _no_collateral() -> Reason:
    return Reason(
        code="NO_COLLATERAL",
        message_zh="无计入定价的押品，不作押品价值敏感性分析",
        message_en="no collateral counts for the price: there is no curve over its value",
        subject="collateral",
    )
