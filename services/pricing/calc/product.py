"""The product a request speaks of, in the policy pinned to its case."""

from domain.decision import DecisionInputs
from policy.engine import Bundle, PolicyNotInForce, Product
from services.pricing.calc.conclusion import Inadmissible


def product_of(bundle: Bundle, request: DecisionInputs) -> Product:
    """The product in force on the case's policy date. Raises ``Inadmissible`` for one unknown or of another lender."""
    try:
        product = bundle.product(request.product, request.policy_on)
    except PolicyNotInForce:
        raise Inadmissible(
            "product",
            "product_unknown",
            "该政策包中无此产品",
            "the policy has no such product on the case's policy date",
        ) from None
    if request.lender_id not in product.lenders:
        raise Inadmissible(
            "lender_id", "product_of_another_lender", "该机构不提供此产品", "the lender does not offer this product"
        )
    return product
