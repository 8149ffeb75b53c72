"""The risk weight that a lender of the foundation approach holds for a loan: LGD with recognised collateral, firm size,
maturity.
"""

from decimal import Decimal

from domain.money import RATE_SCALE, rounded
from domain.pricing import QuoteRequest
from policy.engine import PricingPolicy
from policy.engine.pricing import InternalRatings, LossGivenDefault, SizeAdjustment
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.irb import (
    MATURITY_FROM,
    MATURITY_TO,
    SALES_FROM,
    SALES_TO,
    SUPERVISORY_MATURITY,
    irb_terms,
)
from services.pricing.calc.periods import WIDE
from services.pricing.calc.price.loss import loss_given_default

_MONTHS = Decimal(12)


def internal_ratings_weight(
    request: QuoteRequest, pd: Decimal, policy: PricingPolicy, rules: InternalRatings, trace: Trace
) -> tuple[Decimal, str]:
    """The risk weight as a fraction, and its basis in a few words."""
    recognised = LossGivenDefault(unsecured=policy.loss_given_default.unsecured, secured=rules.secured)
    covered = loss_given_default(recognised, request.amount, request.collateral, trace, "capital/lgd")
    lgd = max(covered, rules.lgd_floor)
    trace.term("capital/lgd_floor", "max(LGD*, floor)", lgd, lgd=covered, floor=rules.lgd_floor)
    sales = sales_of(request, rules.size_adjustment, trace)
    maturity = maturity_of(request, rules, trace)
    if rules.pd_ceiling is not None:
        stated, pd = pd, min(pd, rules.pd_ceiling)
        trace.term("capital/pd", "min(PD, ceiling)", pd, pd=stated, ceiling=rules.pd_ceiling)
    terms = irb_terms(pd, lgd, sales_eur_m=sales, maturity=maturity)
    trace.term(
        "capital/correlation",
        "0.12·w + 0.24·(1 − w) − 0.04·(1 − (S − 5) ÷ 45), w = (1 − e^(−50·PD)) ÷ (1 − e^(−50))",
        terms.correlation,
        pd=pd,
        sales_eur_m=sales,
    )
    trace.term("capital/maturity_slope", "(0.11852 − 0.05478·ln PD)²", terms.maturity_slope, pd=pd)
    trace.term(
        "capital/stressed_pd",
        "N((G(PD) + √R·G(0.999)) ÷ √(1 − R))",
        terms.stressed_pd,
        pd=pd,
        correlation=terms.correlation,
    )
    trace.term(
        "capital/requirement",
        "K = LGD·(stressed PD − PD)·(1 + (M − 2.5)·b) ÷ (1 − 1.5·b)",
        terms.capital,
        lgd=lgd,
        maturity=maturity,
        slope=terms.maturity_slope,
    )
    trace.term(
        "capital/risk_weight",
        "foundation internal ratings, corporate: 12.5 × K",
        terms.risk_weight,
        pd=pd,
        lgd=lgd,
        sales_eur_m=sales,
        maturity=maturity,
    )
    return terms.risk_weight, f"internal ratings, LGD {_percent(lgd)} %, M {maturity.normalize():f} y"


def sales_of(request: QuoteRequest, size: SizeAdjustment | None, trace: Trace) -> Decimal | None:
    """Yearly sales on Basel's scale of EUR 5m to 50m; None where no adjustment is made."""
    if request.annual_revenue_eur_m is not None:
        return max(request.annual_revenue_eur_m, Decimal(0))
    if size is None or request.annual_sales is None:
        return None
    lowest, highest = size.smallest.amount, size.largest.amount
    clipped = min(max(request.annual_sales.amount, lowest), highest)
    share = WIDE.divide(clipped - lowest, highest - lowest)
    scaled = rounded(WIDE.add(SALES_FROM, WIDE.multiply(share, SALES_TO - SALES_FROM)), RATE_SCALE)
    trace.term(
        "capital/size",
        "sales between the policy's bounds, on the scale of EUR 5m to 50m",
        scaled,
        sales=request.annual_sales,
        smallest=size.smallest,
        largest=size.largest,
    )
    return scaled


def maturity_of(request: QuoteRequest, rules: InternalRatings, trace: Trace) -> Decimal:
    """Effective maturity in years, between one and five; the supervisory figure where the policy takes that."""
    if rules.maturity == "supervisory":
        return SUPERVISORY_MATURITY
    # Without a plan the time to the last payment stands: it never understates (CRE32.46).
    years = request.effective_maturity_years
    if years is None:
        years = WIDE.divide(Decimal(request.tenor_months), _MONTHS)
    bounded = rounded(min(max(years, MATURITY_FROM), MATURITY_TO), RATE_SCALE)
    trace.term(
        "capital/maturity",
        "effective maturity of the plan, else the tenor, between one and five years",
        bounded,
        effective_maturity_years=request.effective_maturity_years,
        tenor_months=request.tenor_months,
    )
    return bounded


def _percent(fraction: Decimal) -> str:
    return format((fraction * 100).normalize(), "f")
