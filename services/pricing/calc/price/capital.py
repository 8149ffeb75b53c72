"""What the capital behind a loan costs, and what the loan earns on it.

Capital per yuan of exposure: ``k = RW × capital ratio`` (10.5 %). The charge that lets it earn the cost of capital
after tax is ``c = k × (cost of capital ÷ (1 − tax) − capital benefit)``: what the capital itself earns (``capital
benefit``) need not be earned by the borrower. ``RAROC = [(rate − FTP − opex − EL) + k × capital benefit] × (1 −
tax) ÷ k``; a loan priced at exactly FTP + EL + opex + c therefore has a RAROC of exactly the cost of capital.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.money import RATE_SCALE, rounded
from domain.pricing import QuoteRequest
from domain.reference import LenderBooks
from policy.engine import Decision, PricingPolicy, Referral, evaluate
from services.pricing.calc.conclusion import Inadmissible, Trace
from services.pricing.calc.irb import risk_weight
from services.pricing.calc.periods import WIDE
from services.pricing.calc.price.internal_ratings import internal_ratings_weight

LARGEST_RETURN = Decimal(10_000)
"""A return of this size has no place in a finding, and no meaning."""


@dataclass(frozen=True)
class CapitalCharge:
    """``held`` is capital per yuan of exposure, ``charge`` its yearly cost per yuan of exposure; ``basis`` says in a
    few words where the risk weight comes from.
    """

    basis: str
    risk_weight: Decimal
    held: Decimal
    charge: Decimal


def capital_charge(
    request: QuoteRequest, pd: Decimal, policy: PricingPolicy, lender: LenderBooks, trace: Trace
) -> tuple[CapitalCharge | None, tuple[Referral, ...]]:
    """The charge by the lender's own capital method, or the facts that its risk weight lacks."""
    if lender.capital_method == "irb_foundation" and policy.internal_ratings is not None:
        weight, basis = internal_ratings_weight(request, pd, policy, policy.internal_ratings, trace)
    elif lender.capital_method == "irb_foundation":
        basis = "internal ratings, unsecured"
        lgd = policy.loss_given_default.unsecured
        weight = risk_weight(pd, lgd, sales_eur_m=request.annual_revenue_eur_m)
        trace.term(
            "capital/risk_weight",
            "foundation internal ratings, corporate: 12.5 × K",
            weight,
            pd=pd,
            lgd=lgd,
            sales_eur_m=request.annual_revenue_eur_m,
        )
    else:
        decision = standardised_weight(request, policy)
        trace.take(decision.trace)
        if not decision.decided:
            return None, decision.referred
        weight = decision.number("risk_weight")
        basis = f"standardised, {decision.trace[-1].step.rpartition('/')[2]}"
    held, charge = charged(weight, policy, lender.tax_rate)
    if held <= 0:
        raise Inadmissible(
            "policy_sha256",
            "no_capital",
            "该风险权重不占用资本，无法计算 RAROC",
            "the risk weight holds no capital to earn on",
        )
    trace.term(
        "capital",
        "RW × capital ratio × (cost of capital ÷ (1 − tax) − capital benefit)",
        charge,
        risk_weight=weight,
        capital_ratio=policy.capital_ratio,
        cost_of_capital=policy.cost_of_capital,
        tax=lender.tax_rate,
        capital_benefit=policy.capital_benefit,
        method=lender.capital_method,
    )
    return CapitalCharge(basis, weight, held, charge), ()


def standardised_weight(request: QuoteRequest, policy: PricingPolicy) -> Decision:
    """The row of the policy's table of risk weights that a loan falls under; undecided while facts are absent."""
    facts = {
        "exposure.project_phase": request.project_phase,
        "borrower.size": request.company_size,
        "exposure.retail_eligible": request.retail_eligible,
        "exposure.investment_grade": request.investment_grade,
    }
    return evaluate(policy.risk_weight, facts, "price/capital/risk_weight")


def raroc(earned: Decimal, capital: CapitalCharge, policy: PricingPolicy, lender: LenderBooks, trace: Trace) -> Decimal:
    """Return after tax on the capital held; ``earned`` is the rate less FTP, opex and expected loss."""
    result = return_on(earned, capital.held, policy, lender.tax_rate)
    if abs(result) >= LARGEST_RETURN:
        raise Inadmissible(
            "pd",
            "return_beyond_scale",
            "违约几近确定，几乎不占用资本，无法计算 RAROC",
            "with default all but certain next to no capital is held, and no return on it can be stated",
        )
    trace.term(
        "raroc",
        "[(rate − FTP − opex − EL) + k × capital benefit] × (1 − tax) ÷ k",
        result,
        earned=earned,
        capital=capital.held,
        capital_benefit=policy.capital_benefit,
        tax=lender.tax_rate,
    )
    return result


def charged(weight: Decimal, policy: PricingPolicy, tax: Decimal) -> tuple[Decimal, Decimal]:
    """Capital held per yuan of exposure at a risk weight, and its yearly cost per yuan of exposure."""
    held = WIDE.multiply(weight, policy.capital_ratio)
    pre_tax = WIDE.divide(policy.cost_of_capital, 1 - tax)
    return held, rounded(max(WIDE.multiply(held, pre_tax - policy.capital_benefit), Decimal(0)), RATE_SCALE)


def return_on(earned: Decimal, held: Decimal, policy: PricingPolicy, tax: Decimal) -> Decimal:
    """Return after tax on ``held``, where ``earned`` is what the rate leaves after FTP, opex and expected loss."""
    before_tax = earned + WIDE.multiply(held, policy.capital_benefit)
    return rounded(WIDE.divide(WIDE.multiply(before_tax, 1 - tax), held), RATE_SCALE)
