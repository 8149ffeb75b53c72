"""What GPU servers carry while their own contracts repay them (domain paper §3.6, §3.7).

Value × LTV is what they would fetch on the day of drawing; a month later they are worth less, and somebody must have paid the
difference. The largest balance that stays under ``Σ LTV × V_q(t)`` on every date and is paid out of the contracts' cash flow
at the product's coverage is what they carry.
"""

from decimal import Decimal, localcontext

from domain.balance_curve import maximum_balances
from domain.debt_service import net, serviceable
from domain.limit import ContractedServers
from policy.engine import Product
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.periods import WIDE


def repaid_by_contracts(
    servers: ContractedServers | None, product: Product, months: int, annual_rate: Decimal, trace: Trace
) -> Decimal | None:
    """The most that servers carry over ``months``, in yuan, exact; None where their contracts' cash flow is not known.

    Without contracts of their own, and for products that no cash flow repays, value alone bounds them: ``Infinity``.
    ``annual_rate`` is the rate that the repayment capacity is discounted at.
    """
    if servers is None or product.capacity != "cash_flow":
        return Decimal("Infinity")
    if servers.cash_flows is None:
        return None
    assert product.minimum_dscr is not None
    given = [item.amount for item in servers.carries[:months]]
    cover = [*given, *(Decimal(0) for _ in range(months - len(given)))]
    with localcontext(WIDE):
        service = serviceable(net(servers.cash_flows, months), product.minimum_dscr)
        curve = maximum_balances(cover, service, annual_rate / 12, reserve_months=servers.reserve_months)
        month, bound = curve.decided()
        trace.term(
            "collateral/contracted_servers",
            "B_T = 0; B_{t−1} = min(Σ LTV × V_q, (B_t + DS_t)/(1 + i), DS_t/i); DS = contracts' cash flow ÷ DSCR*",
            curve.largest_loan,
            by_value=cover[0],
            months=months,
            annual_rate=annual_rate,
            dscr=product.minimum_dscr,
            reserve_months=servers.reserve_months,
            decided=f"{bound.value} in month {month}",
        )
    return curve.largest_loan
