"""The waterfall: every step from the cost of funds to the quoted rate, with its running total and its own arithmetic."""

from decimal import Decimal

from domain.pricing import QuoteRequest, WaterfallStep
from policy.engine import PricingPolicy
from services.pricing.calc.price.build_up import Books, Priced
from services.pricing.calc.price.funding import neighbours

_TITLES = {
    "ftp": ("资金转移价格", "Funds transfer price"),
    "expected_loss": ("预期损失", "Expected loss"),
    "opex": ("运营成本", "Operating cost"),
    "capital": ("资本成本", "Cost of capital"),
    "optionality": ("期权性成本", "Optionality"),
    "green": ("绿色优惠", "Green discount"),
    "relationship": ("客户关系优惠", "Relationship discount"),
    "quote_step": ("报价取整", "Rounding up to the quoted step"),
    "asked": ("与申请利率之差", "Difference to the price asked for"),
}


def waterfall(request: QuoteRequest, policy: PricingPolicy, books: Books, priced: Priced) -> tuple[WaterfallStep, ...]:
    """The steps in order; the last total is the quoted rate, exactly."""
    because = _because(request, policy, books, priced)
    steps, total = [], Decimal(0)
    for part in priced.components:
        total += part.rate
        zh, en = _TITLES[part.name]
        steps.append(
            WaterfallStep(
                name=part.name, title_zh=zh, title_en=en, rate=part.rate, total=total, because=because[part.name]
            )
        )
    return tuple(steps)


def _because(request: QuoteRequest, policy: PricingPolicy, books: Books, priced: Priced) -> dict[str, str]:
    before, after = neighbours(books.ftp, request.tenor_months)
    capital = priced.capital
    margin = f"LPR {priced.base.tenor} {_percent(priced.base.value)} % {priced.margin_bps:+d} bp"
    points = " – ".join(dict.fromkeys(f"{point.months} m {_percent(point.rate)} %" for point in (before, after)))
    return {
        "ftp": f"{request.tenor_months} m: {points}",
        "expected_loss": f"PD {_percent(priced.pd)} % × LGD {_percent(priced.lgd)} %",
        "opex": f"{policy.id} {policy.version}",
        "capital": (
            f"RW {_percent(capital.risk_weight)} % ({capital.basis}) × {_percent(policy.capital_ratio)} % × "
            f"({_percent(policy.cost_of_capital)} % ÷ (1 − {_percent(books.lender.tax_rate)} %) − "
            f"{_percent(policy.capital_benefit)} %)"
        ),
        "optionality": f"{policy.id} {policy.version}",
        "green": _tag(request, priced),
        "relationship": request.relationship or "–",
        "quote_step": f"{policy.quote_step_bps} bp: {margin}" if request.asked_spread_bps is None else "–",
        "asked": margin,
    }


def _tag(request: QuoteRequest, priced: Priced) -> str:
    if not request.green:
        return "not asked for"
    return "evidenced" if priced.component("green") else ", ".join(reason.code for reason in priced.reasons)


def _percent(fraction: Decimal) -> str:
    """A fraction in per cent without trailing noughts."""
    return format((fraction * 100).normalize(), "f")
