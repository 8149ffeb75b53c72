"""Which servers to own and which to rent.

An owned server costs the same whether it stands idle or not, a rented one only in the months it is needed. Order the
servers of the peak by how many months each is needed: owning pays for exactly those whose rent over their months would
cost more than owning one. The cheapest mix therefore follows from one comparison a block of demand, and renting or
owning everything are its two ends.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from domain.buy_or_rent import BuyOrRent, BuyOrRentRequest, Choice, CostLine, DemandBlock, Owning, Renting, Strategy
from domain.finding import ModelRef, Outcome, Reason
from domain.money import MONEY_SCALE, RATE_SCALE, Money, rounded
from domain.support import SupportLine
from policy.engine import Bundle, Product
from services.pricing.calc.borrowing_cost.support import programme_of, voucher
from services.pricing.calc.buy_or_rent.outlook import as_valued
from services.pricing.calc.buy_or_rent.present_value import (
    OwnTerms,
    RentTerms,
    discount_factors,
    owned,
    power_per_month,
    rents,
    total,
)
from services.pricing.calc.conclusion import Conclusion, Inadmissible, Trace, absent
from services.pricing.calc.periods import WIDE
from services.pricing.calc.product import product_of

MODEL = ModelRef(id="buy_or_rent", version="1")
_LEAST_COST = Decimal(1)
_FINANCING: dict[Choice, Literal["working_capital", "fixed_asset", "both"]] = {
    "rent": "working_capital",
    "buy": "fixed_asset",
    "mixed": "both",
}


def buy_or_rent(request: BuyOrRentRequest, bundle: Bundle) -> Conclusion[BuyOrRent]:
    """The cheapest strategy, and what the two pure ones would cost.

    Refers without a value while a cost line is not known, and with one where the cheapest strategy is not what the
    product finances. Equal costs are rented: no asset can lose its value. Raises ``Inadmissible`` for a product or
    programme not in the policy, and for a horizon longer than the servers last.
    """
    product = product_of(bundle, request)
    trace = Trace("buy_or_rent")
    if request.outlook == "valuation_policy":
        request = as_valued(request, bundle.collateral(request.policy_on), trace)
    missing = _missing(request.own, request.rent)
    if request.own.useful_months is not None and request.own.useful_months < request.horizon_months:
        raise Inadmissible(
            "horizon_months",
            "horizon_outlasts_servers",
            "期限长于服务器可用年限，不计重置则无从比较；单位：月",
            "the horizon is longer than the servers last, and their replacement is not part of the comparison; "
            "unit: months",
        )
    if missing:
        return _conclude(
            product, bundle, trace, None, tuple(absent(name, "租购比较", "the comparison") for name in missing)
        )
    factors = discount_factors(request.discount_rate, request.horizon_months)
    lines = owned(_own_terms(request.own), factors)
    own_each = total(lines.values())
    if own_each < _LEAST_COST:
        raise Inadmissible(
            "own",
            "owning_costs_nothing",
            "自有服务器的成本不足一元：请核对残值与各项费用；单位：元",
            "owning a server would cost less than a yuan: residual value and cost lines contradict the price; unit: CNY",
        )
    monthly = rents(_rent_terms(request.rent), factors)
    needed = _needed(request)
    peak = max(needed)
    count = owned_servers(needed, own_each, monthly)
    trace.term(
        "own",
        "purchase + Σ (power + rack + upkeep + service level) × df − residual × df",
        _money(own_each),
        **{name: _money(amount) for name, amount in lines.items()},
    )
    kept: dict[Choice, int] = {"rent": 0, "buy": peak, "mixed": count}
    every = {name: _strategy(name, kept[name], needed, own_each, monthly, request.own) for name in kept}
    chosen: Choice = "rent" if count == 0 else "buy" if count == peak else "mixed"
    trace.term(
        "owned_servers",
        "servers whose discounted rent over their months exceeds the cost of owning one",
        count,
        peak=peak,
        rent_all=every["rent"].present_value,
        own_peak=every["buy"].present_value,
        mixed=every["mixed"].present_value,
    )
    rent_all, own_all = every["rent"].present_value.amount, every["buy"].present_value.amount
    value = BuyOrRent(
        recommended=chosen,
        financing=_FINANCING[chosen],
        owned=count,
        rent_to_build=rounded(WIDE.divide(rent_all, own_all), RATE_SCALE),
        saving=Money(amount=max(rent_all, own_all) - every[chosen].present_value.amount),
        strategies=tuple(every.values()) if chosen == "mixed" else (every["rent"], every["buy"]),
        blocks=_blocks(needed, own_each, monthly),
        own_cost=tuple(CostLine(name=name, present_value=_money(amount)) for name, amount in lines.items()),
        break_even_rent=_break_even_rent(own_each, monthly, request.rent),
        break_even_months=_break_even_months(own_each, monthly),
        voucher=_voucher(request, bundle, trace),
    )
    return _conclude(product, bundle, trace, value, (*_fit(product, value), *_unknown_support(value.voucher)))


def owned_servers(needed: Sequence[int], own_each: Decimal, monthly: Sequence[Decimal]) -> int:
    """How many servers to own: the highest level of demand that is dearer to rent than to own."""
    return max(
        (
            level
            for level in set(needed)
            if total(rent for rent, need in zip(monthly, needed, strict=True) if need >= level) > own_each
        ),
        default=0,
    )


def _needed(request: BuyOrRentRequest) -> list[int]:
    needed = [0] * request.horizon_months
    for item in request.demand:
        for month in range(item.from_month - 1, item.to_month):
            needed[month] += item.servers
    return needed


def _strategy(
    name: Choice, kept: int, needed: Sequence[int], own_each: Decimal, monthly: Sequence[Decimal], own: Owning
) -> Strategy:
    assert own.price is not None
    rented = [max(need - kept, 0) for need in needed]
    own_cost = WIDE.multiply(own_each, Decimal(kept))
    rent_cost = total(WIDE.multiply(rent, Decimal(count)) for rent, count in zip(monthly, rented, strict=True))
    return Strategy(
        name=name,
        owned=kept,
        most_rented=max(rented),
        present_value=_money(WIDE.add(own_cost, rent_cost)),
        capital=own.price.times(Decimal(kept)),
        own_cost=_money(own_cost),
        rent_cost=_money(rent_cost),
    )


def _blocks(needed: Sequence[int], own_each: Decimal, monthly: Sequence[Decimal]) -> tuple[DemandBlock, ...]:
    levels = sorted({0, *needed})
    found = []
    for below, level in pairwise(levels):
        months = [rent for rent, need in zip(monthly, needed, strict=True) if need >= level]
        rent_each = total(months)
        found.append(
            DemandBlock(
                servers=level - below,
                months=len(months),
                rent_per_server=_money(rent_each),
                own_per_server=_money(own_each),
                choice="buy" if rent_each > own_each else "rent",
            )
        )
    return tuple(found)


def _break_even_rent(own_each: Decimal, monthly: Sequence[Decimal], rent: Renting) -> Money:
    assert rent.per_month is not None
    whole = WIDE.divide(total(monthly), rent.per_month.amount)
    return _money(WIDE.divide(own_each, whole))


def _break_even_months(own_each: Decimal, monthly: Sequence[Decimal]) -> int | None:
    paid = Decimal(0)
    for count, rent in enumerate(monthly, 1):
        paid = WIDE.add(paid, rent)
        if paid >= own_each:
            return count
    return None


def _voucher(request: BuyOrRentRequest, bundle: Bundle, trace: Trace) -> SupportLine | None:
    if request.voucher is None:
        return None
    programme = programme_of(bundle, request.voucher, request.policy_on, "voucher")
    return voucher(programme, request.voucher, "voucher", trace)


def _missing(own: Owning, rent: Renting) -> list[str]:
    return [
        f"{side}.{name}"
        for side, part in (("own", own), ("rent", rent))
        for name in type(part).model_fields
        if getattr(part, name) is None
    ]


def _own_terms(own: Owning) -> OwnTerms:
    assert own.price is not None
    assert own.server_kw is not None
    assert own.pue is not None
    assert own.tariff_per_kwh is not None
    assert own.rack_per_month is not None
    assert own.maintenance_rate is not None
    assert own.sla_per_month is not None
    assert own.residual_share is not None
    return OwnTerms(
        price=own.price.amount,
        power_per_month=power_per_month(own.server_kw, own.pue, own.tariff_per_kwh),
        rack_per_month=own.rack_per_month.amount,
        maintenance_rate=own.maintenance_rate,
        sla_per_month=own.sla_per_month.amount,
        residual_share=own.residual_share,
    )


def _rent_terms(rent: Renting) -> RentTerms:
    assert rent.per_month is not None
    assert rent.yearly_change is not None
    return RentTerms(rent.per_month.amount, rent.yearly_change)


def _fit(product: Product, value: BuyOrRent) -> tuple[Reason, ...]:
    """The product against the strategy: a capex loan for compute that is cheaper to rent needs a person's word."""
    if value.financing in ("both", product.loan_class):
        return ()
    if value.recommended == "rent":
        return (
            Reason(
                code="RENT_CHEAPER",
                message_zh=f"租用成本为自建的 {value.rent_to_build}，宜租入算力并以流动资金贷款支持，而非固定资产贷款",
                message_en=f"renting costs {value.rent_to_build} of building: compute is better leased in and financed "
                "by working capital than by a capex loan",
                subject="product",
            ),
        )
    return (
        Reason(
            code="BUY_CHEAPER",
            message_zh=f"租用成本为自建的 {value.rent_to_build}，宜购置并以固定资产贷款支持；流动资金不得用于固定资产投资",
            message_en=f"renting costs {value.rent_to_build} of building: servers are better bought, and working "
            "capital may not finance fixed assets",
            subject="product",
        ),
    )


def _unknown_support(line: SupportLine | None) -> tuple[Reason, ...]:
    return () if line is None else tuple(absent(f"voucher.{name}", "扶持金额", "the support") for name in line.missing)


def _conclude(
    product: Product, bundle: Bundle, trace: Trace, value: BuyOrRent | None, reasons: tuple[Reason, ...]
) -> Conclusion[BuyOrRent]:
    return Conclusion(
        kind="buy_or_rent",
        outcome=Outcome.REFER if reasons else Outcome.PASS,
        value=value,
        reasons=reasons,
        trace=tuple(trace.steps),
        policy=bundle.ref(product),
        references=(),
        model=MODEL,
    )


def _money(amount: Decimal) -> Money:
    return Money(amount=rounded(amount, MONEY_SCALE))
