"""The regulator's measure of working-capital need (流动资金贷款管理办法, annex; domain paper §2.2).

``W = S × (1 − m) × (1 + g) ÷ N``, ``N = 360 ÷ days``, days = inventory + receivables − payables + prepayments −
advances; the new limit is ``W − own funds − existing loans − other funds``. Inventory, prepayment and payable days
are on cost of sales, receivable and advance days on revenue.
"""

from decimal import Decimal

from domain.finding import Outcome, Reason
from domain.limit import CapName, WorkingCapitalNeed
from policy.engine import LimitPolicy
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.limit.cap import Formed, down, lacking, of, percent
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


def need(
    inputs: WorkingCapitalNeed, rules: LimitPolicy | None, trace: Trace, financed: Decimal | None = None
) -> Formed:
    """The need as a cap. A firm without a prior year's sales cannot be measured this way and is referred, as is one
    whose accounts lack a figure or show balances against no cost of sales. Turnover days of nought or less, a margin of
    1 or more and sales expected to vanish leave no need; nor does a need that is financed already. ``financed`` is the share
    of the need a product lends, all of it where it says nothing.
    """
    missing = [f"need/{name}" for name in _FIELDS if getattr(inputs, name) is None]
    if missing:
        return lacking(CapName.NEED, tuple(missing))
    money = {name: getattr(inputs, name).amount for name in _FIELDS if name != "growth"}
    growth = inputs.growth
    assert growth is not None
    revenue, cost = money["revenue"], money["cost_of_sales"]
    on_cost = (money["average_inventory"], money["average_prepayments"], money["average_payables"])
    broken = [
        field
        for field, divides in (("need/revenue", revenue == 0), ("need/cost_of_sales", cost == 0 and any(on_cost)))
        if divides
    ]
    if broken:
        return _inapplicable(tuple(broken), rules)
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
    if rules is not None:
        trace.term(
            "need/turnovers",
            "N = 360 ÷ days; none where the days are nought or less",
            WIDE.divide(Decimal(360), days) if days > 0 else None,
            days=days,
        )
        trace.term(
            "need/margin",
            "m = profit ÷ S",
            WIDE.divide(money["profit"], revenue),
            profit=money["profit"],
            revenue=revenue,
        )
    # S × (1 − m) is S less profit; dividing by N = 360 ÷ days is multiplying by days ÷ 360.
    volume = WIDE.multiply(revenue - money["profit"], 1 + growth)
    if rules is not None:
        # Two negatives would make a need: a firm that earns more than it sells and finances itself needs nothing.
        volume, days = max(volume, Decimal(0)), max(days, Decimal(0))
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
    reasons = _why_nothing(money, growth, days, working, room) if rules is not None and room <= 0 else ()
    if financed is None:
        return of(CapName.NEED, room, CODE, Outcome.PASS, reasons)
    lent = WIDE.multiply(max(room, Decimal(0)), financed)
    trace.term("need/financed", "share × need", lent, share=financed, need=max(room, Decimal(0)))
    return of(CapName.NEED, lent, f"CAP_NEED_{percent(financed)}", Outcome.PASS, reasons)


_INAPPLICABLE = {
    "need/revenue": (
        "NO_PRIOR_YEAR_SALES",
        "无上年销售收入，流动资金需求公式不适用，须按真实订单测算",
        "without a prior year's sales the formula does not apply: size the loan on real orders",
    ),
    "need/cost_of_sales": (
        "NO_COST_OF_SALES",
        "销售成本为零而存货、预付或应付有余额，周转天数无法计算",
        "balances of inventory, prepayments or payables against no cost of sales have no turnover",
    ),
}


def _inapplicable(fields: tuple[str, ...], rules: LimitPolicy | None) -> Formed:
    """No cap: the figures are known, and the formula divides by them. Version 1 names the first only."""
    if rules is None:
        return lacking(CapName.NEED, fields[:1])
    reasons = []
    for field in fields:
        code, zh, en = _INAPPLICABLE[field]
        reasons.append(Reason(code=code, message_zh=zh, message_en=en, subject=field))
    return lacking(CapName.NEED, fields, tuple(reasons), fields)


def _why_nothing(
    money: dict[str, Decimal], growth: Decimal, days: Decimal, working: Decimal, room: Decimal
) -> tuple[Reason, ...]:
    """Every ground on which the formula leaves no need."""
    grounds = []
    if days <= 0:
        grounds.append(
            (
                "NO_TURNOVER_GAP",
                "need",
                "周转天数合计不大于零，经营不占用资金",
                "the days add up to nought or less: trade finances itself",
            )
        )
    if money["profit"] >= money["revenue"]:
        grounds.append(
            (
                "MARGIN_NOT_BELOW_ONE",
                "need/profit",
                "销售利润不小于销售收入，公式无需求，请核对口径",
                "profit is no less than sales: the formula leaves no need, check the accounts",
            )
        )
    if growth == -1:
        grounds.append(
            ("SALES_EXPECTED_TO_VANISH", "need/growth", "预计销售收入为零", "sales are expected to fall to nought")
        )
    if working > 0:
        grounds.append(
            (
                "NEED_FINANCED_ALREADY",
                "need/existing_loans",
                f"营运资金量已由自有资金、现有贷款和其他渠道覆盖，超出 {down(-room)}",
                f"own funds, loans and other funds cover the need already, by {down(-room)} more",
            )
        )
    return tuple(Reason(code=code, message_zh=zh, message_en=en, subject=subject) for code, subject, zh, en in grounds)


def _days(balance: Decimal, turnover: Decimal) -> Decimal:
    return WIDE.divide(WIDE.multiply(Decimal(360), balance), turnover)
