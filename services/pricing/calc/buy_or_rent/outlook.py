"""The outlook of the valuation policy: what a server is worth in the end, how long it lasts, how rents move.

A borrower's own forecast of these is not evidence; the lender compares by the figures it lends on.
"""

from domain.buy_or_rent import BuyOrRentRequest, Demand
from domain.money import RATE_SCALE, rounded
from policy.engine.collateral import CollateralPolicy
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.periods import WIDE


def as_valued(request: BuyOrRentRequest, policy: CollateralPolicy, trace: Trace) -> BuyOrRentRequest:
    """The request with the policy's residual share, useful life and yearly change of rents (``e^(−decline) − 1``).

    A horizon beyond the life of a server ends with it, and so does the demand; what is replaced later is another purchase.
    """
    income = policy.gpu.income
    life = income.economic_life_months
    months = min(request.horizon_months, life)
    change = rounded(WIDE.subtract(WIDE.exp(-income.rent_path.annual_decline), 1), RATE_SCALE)
    trace.term("residual_share", f"{policy.id} {policy.version}: terminal share", income.terminal_share)
    trace.term("useful_months", f"{policy.id} {policy.version}: economic life", life)
    trace.term("yearly_change", "e^(−annual decline of rents) − 1", change, decline=income.rent_path.annual_decline)
    trace.term("horizon_months", "min(asked, economic life)", months, asked=request.horizon_months)
    return request.model_copy(
        update={
            "horizon_months": months,
            "demand": tuple(
                Demand(from_month=item.from_month, to_month=min(item.to_month, months), servers=item.servers)
                for item in request.demand
                if item.from_month <= months
            ),
            "own": request.own.model_copy(update={"residual_share": income.terminal_share, "useful_months": life}),
            "rent": request.rent.model_copy(update={"yearly_change": change}),
        }
    )
