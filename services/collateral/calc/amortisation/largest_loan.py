"""The largest loan that assets and cash flow carry, and the schedule of the loan asked about (model ``amortisation``)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext

from domain.balance_curve import Curve, balances, maximum_balances
from domain.coverage import Amortisation, AmortisationRequest, CoverageInputs, PlanRow
from domain.debt_service import net, serviceable
from domain.finding import ModelRef, Outcome, Reason, TraceStep
from domain.money import Money
from policy.engine.collateral import CollateralPolicy
from policy.engine.coverage import CoveragePolicy
from services.collateral.calc.amortisation.examination import Month, Rules, coverage, examine, loan_to_value
from services.collateral.calc.amortisation.settlement import falls_due, may_be_owed, must_be_brought
from services.collateral.calc.amortisation.tranches import Carried, Loan, carried
from services.collateral.calc.conclusion import FIGURES, Conclusion, plain, reason
from services.collateral.calc.gpu_server.cohort_value import LARGEST

MODEL = ModelRef(id="amortisation", version="1.0.0")
KIND = "amortisation"

_NIL = Decimal(0)
_ENDLESS = Decimal("Infinity")
_PLAUSIBLE = LARGEST / 100
"""What figures of a plan stay below, so that neither its interest nor a sum over its months goes past a money column."""


def amortise(
    request: AmortisationRequest,
    collateral: CollateralPolicy,
    house: CoveragePolicy,
    product_target: Decimal | None,
) -> Conclusion[Amortisation]:
    """The largest loan and its schedule.

    ``product_target``: the least coverage of the product, None where it has none. Outcome ``refer`` where a person must
    look: a fact is not known, nothing is carried, or more is asked than is carried. Without rate or cash flow there is no
    value.
    """
    lacking = unknown(request)
    if lacking:
        return Conclusion(Outcome.REFER, None, lacking, ())
    with localcontext(FIGURES):
        return _amortise(request, collateral, house, product_target)


def unknown(request: CoverageInputs) -> tuple[Reason, ...]:
    """What must be known before any plan can be laid out, and is not."""
    facts = (("RATE_UNKNOWN", request.annual_rate), ("CASH_FLOW_UNKNOWN", request.cash_flows))
    return tuple(reason(code) for code, fact in facts if fact is None)


def loan_of(request: CoverageInputs, house: CoveragePolicy, product_target: Decimal | None, months: int) -> Loan:
    """The loan as its tranches know it. The rate and the cash flow are known."""
    assert request.annual_rate is not None
    target = request.dscr_target or product_target or house.dscr_target
    return Loan(months, request.tenor_months, request.annual_rate / 12, target, request.reserve_months)


def beyond(*series: Iterable[Decimal]) -> bool:
    """Whether figures in CNY, taken together, are beyond anything plausible: slips of the keyboard, not a plan."""
    return sum((abs(figure) for figures in series for figure in figures), _NIL) >= _PLAUSIBLE


def total(parts: Sequence[Sequence[Decimal]], months: int) -> list[Decimal]:
    """The sum of series over months 0 … ``months``."""
    return [sum((part[month] for part in parts), _NIL) for month in range(months + 1)]


def _amortise(
    request: AmortisationRequest, collateral: CollateralPolicy, house: CoveragePolicy, product_target: Decimal | None
) -> Conclusion[Amortisation]:
    tenor = request.tenor_months
    loan = loan_of(request, house, product_target, tenor)
    found = [carried(item, loan, collateral, house) for item in request.tranches]
    tranches = [item for item, _ in found]
    reasons = [told for _, lacking in found for told in lacking]
    cover = [held + request.other_cover.amount for held in total([item.cover for item in tranches], tenor - 1)]
    assert request.cash_flows is not None
    cash = net(request.cash_flows, tenor)
    values = total([item.values for item in tranches], tenor)
    if beyond((max(values), max(cover)), cash):
        return Conclusion(Outcome.REFER, None, (*dict.fromkeys(reasons), reason("VALUE_OUT_OF_RANGE")), ())
    service = serviceable(cash, loan.dscr_target)
    curve = maximum_balances(cover, service, loan.monthly_rate, reserve_months=loan.reserve_months)
    by_cash = maximum_balances([_ENDLESS] * tenor, service, loan.monthly_rate, reserve_months=loan.reserve_months)
    asked = curve.largest_loan if request.amount is None else request.amount.amount
    path = balances(curve, asked)
    rows, reserve = _rows(curve, path, cover, values, cash, loan, request.other_cover.amount)
    month, bound = curve.decided()
    largest = may_be_owed(curve.largest_loan)
    if largest.amount == 0:
        reasons.append(reason("NOTHING_CARRIED"))
    elif asked > curve.largest_loan:
        reasons.append(reason("LOAN_ABOVE_LARGEST", str(largest)))
    value = Amortisation(
        largest_loan=largest,
        by_cover=may_be_owed(cover[0]),
        by_cash=may_be_owed(by_cash.largest_loan),
        decided_by=bound,
        decided_in_month=month,
        loan=may_be_owed(path[0]),
        dscr_target=loan.dscr_target,
        interest_reserve=reserve,
        tranches=tuple(item.shown() for item in tranches),
        rows=rows,
        test=examine(
            _months(path, values, cash, loan.monthly_rate),
            Rules(collateral.covenants, house.dscr_window_months, request.other_cover.amount, request.reserve_months),
        ),
    )
    return Conclusion(
        outcome=Outcome.REFER if reasons else Outcome.PASS,
        value=value,
        reasons=tuple(dict.fromkeys(reasons)),
        trace=(*(_tranche_step(item) for item in tranches), *_loan_steps(value, loan)),
    )


def _rows(
    curve: Curve,
    path: Sequence[Decimal],
    cover: Sequence[Decimal],
    values: Sequence[Decimal],
    cash: Sequence[Decimal],
    loan: Loan,
    other_cover: Decimal,
) -> tuple[tuple[PlanRow, ...], Money]:
    """The rows of a plan, and what a reserve has to pay."""
    rows, reserve = [], _NIL
    for month, owed in enumerate(path):
        before = path[month - 1] if month else owed
        interest = before * loan.monthly_rate if month else _NIL
        due, flow = interest + before - owed, cash[month - 1] if month else _NIL
        reserved = 0 < month <= loan.reserve_months
        reserve += max(_NIL, due - max(_NIL, flow)) if reserved else _NIL
        rows.append(
            PlanRow(
                month=month,
                value=may_be_owed(values[month]).amount,
                cover=may_be_owed(cover[month] if month < len(cover) else _NIL).amount,
                ceiling=may_be_owed(curve.ceilings[month]).amount,
                balance=may_be_owed(owed).amount,
                principal=(may_be_owed(before) - may_be_owed(owed)).amount,
                interest=falls_due(interest).amount,
                cash_flow=falls_due(flow).amount,
                dscr=None if reserved else coverage(flow, due),
                ltv=loan_to_value(owed, values[month], other_cover),
                bound=curve.bounds[month],
            )
        )
    return tuple(rows), must_be_brought(reserve)


def _months(
    path: Sequence[Decimal], values: Sequence[Decimal], cash: Sequence[Decimal], monthly_rate: Decimal
) -> list[Month]:
    plan = [Month(path[0], _NIL, _NIL, values[0])]
    for month in range(1, len(path)):
        due = path[month - 1] * (1 + monthly_rate) - path[month]
        plan.append(Month(path[month], due, cash[month - 1], values[month]))
    return plan


def _tranche_step(item: Carried) -> TraceStep:
    return TraceStep(
        step=f"tranche/{item.key}",
        rule="α × V(0), until the tranche ends; no more than its own cash flow repays where it has one",
        inputs={
            "asset_kind": item.asset_kind.value,
            "value": plain(item.values[0], 2),
            "value_at_end": plain(item.values[-1], 2),
            "advance_rate": plain(item.advance_rate),
            "tenor_months": str(item.tenor_months),
        },
        result=plain(item.cover[0], 2),
    )


def _loan_steps(value: Amortisation, loan: Loan) -> tuple[TraceStep, TraceStep]:
    largest = TraceStep(
        step="amortisation/largest_loan",
        rule="B_T = 0; B_{t−1} = min(Σ α·V + other cover, (B_t + DS_t)/(1 + i), DS_t/i); DS = cash flow ÷ DSCR*",
        inputs={
            "by_cover": plain(value.by_cover.amount, 2),
            "by_cash": plain(value.by_cash.amount, 2),
            "dscr_target": plain(loan.dscr_target),
            "monthly_rate": plain(loan.monthly_rate, 12),
            "tenor_months": str(loan.tenor_months),
            "reserve_months": str(loan.reserve_months),
            "decided": f"{value.decided_by.value} in month {value.decided_in_month}",
        },
        result=plain(value.largest_loan.amount, 2),
    )
    test = value.test
    laid_out = TraceStep(
        step="amortisation/schedule",
        rule="b_0 = loan; b_t = min(b_{t−1}, B_t)",
        inputs={
            "loan": plain(value.loan.amount, 2),
            "worst_ltv": "beyond measure" if test.worst_ltv is None else plain(test.worst_ltv),
            "worst_ltv_month": str(test.worst_ltv_month),
            "min_dscr": "nothing falls due" if test.min_dscr is None else plain(test.min_dscr),
        },
        result=plain(value.interest_reserve.amount, 2),
    )
    return largest, laid_out
