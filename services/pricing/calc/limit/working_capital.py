"""The regulator's measure of working-capital need (流动资金贷款管理办法, annex; domain paper §2.2).

``W = S × (1 − m) × (1 + g) ÷ N``, ``N = 360 ÷ days``, days = inventory + receivables − payables + prepayments −
advances; the new limit is ``W − own funds − existing loans − other funds``. Inventory, prepayment and payable days
are on cost of sales, receivable and advance days on revenue.
"""

from decimal import Decimal

from domain.pricing import CapName, WorkingCapitalNeed
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.limit.cap import Formed, lacking, of
from services.pricing.calc.periods import WIDE

CODE = "CAP_WC_NEED"
_FIELDS = (
    "revenue",
    "cost_of_sales",
    "profit",
    "growth",
    "average_inventory",
    "average_receivables",
    "average_payables",
    "average_prepayments",
    "average_advances",
    "own_funds",
    "existing_loans",
    "other_funds",
)


def need(inputs: WorkingCapitalNeed, trace: Trace) -> Formed:
    """The need as a cap. A firm without a prior year's sales cannot be measured this way and is referred, as is one
    whose accounts lack a figure. Turnover days of nought or less leave no need.
    """
    missing = [f"need/{name}" for name in _FIELDS if getattr(inputs, name) is None]
    if missing:
        return lacking(CapName.NEED, tuple(missing))
    money = {name: getattr(inputs, name).amount for name in _FIELDS if name != "growth"}
    growth = inputs.growth
    assert growth is not None
    revenue, cost = money["revenue"], money["cost_of_sales"]
    if revenue == 0:
        return lacking(CapName.NEED, ("need/revenue",))
    on_cost = (money["average_inventory"], money["average_prepayments"], money["average_payables"])
    if cost == 0 and any(on_cost):
        return lacking(CapName.NEED, ("need/cost_of_sales",))
    inventory, prepayments, payables = (_days(item, cost) if cost else Decimal(0) for item in on_cost)
    receivables, advances = (_days(money[name], revenue) for name in ("average_receivables", "average_advances"))
    days = inventory + receivables - payables + prepayments - advances
    trace.term(
        "need/turnover_days",
        "inventory + receivables − payables + prepayments − advances",
        days,
        inventory=inventory,
        receivables=receivables,
        payables=payables,
        prepayments=prepayments,
        advances=advances,
    )
    # S × (1 − m) is S less profit; dividing by N = 360 ÷ days is multiplying by days ÷ 360.
    volume = WIDE.multiply(revenue - money["profit"], 1 + growth)
    working = max(WIDE.divide(WIDE.multiply(volume, days), Decimal(360)), Decimal(0))
    trace.term(
        "need/working_capital",
        "(S − profit) × (1 + g) × days ÷ 360, not below 0",
        working,
        revenue=revenue,
        profit=money["profit"],
        growth=growth,
        days=days,
    )
    room = working - money["own_funds"] - money["existing_loans"] - money["other_funds"]
    trace.term(
        "need",
        "W − own funds − existing loans − other funds, not below 0",
        max(room, Decimal(0)),
        working_capital=working,
        own_funds=money["own_funds"],
        existing_loans=money["existing_loans"],
        other_funds=money["other_funds"],
    )
    return of(CapName.NEED, room, CODE)


def _days(balance: Decimal, turnover: Decimal) -> Decimal:
    return WIDE.divide(WIDE.multiply(Decimal(360), balance), turnover)
