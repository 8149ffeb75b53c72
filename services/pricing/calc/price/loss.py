"""Expected loss: ``PD × LGD*``, ``LGD* = (LGD_U × E_U + Σ LGD_S × E_S) ÷ E`` (Basel 2017, foundation approach).

``E_S`` is what a collateral still covers after its haircut. GPU servers count for the price; for capital they do not,
because no liquid market and revaluation record make them eligible, and the unsecured LGD stands there.
"""

from decimal import Decimal

from domain.application import AssetKind
from domain.money import RATE_SCALE, Money, rounded
from domain.pricing import CollateralContribution
from policy.engine.pricing import LossGivenDefault
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.periods import WIDE


def loss_given_default(
    parameters: LossGivenDefault,
    exposure: Money,
    collateral: tuple[CollateralContribution, ...],
    trace: Trace,
    step: str = "lgd",
) -> Decimal:
    """``LGD*`` as a fraction. The collateral that loses least covers first; nothing is covered twice.

    ``step`` is where the terms stand in the trace.
    """
    covers: dict[AssetKind, Decimal] = {}
    for item in collateral:
        if item.eligible and item.kind in parameters.secured:
            covers[item.kind] = covers.get(item.kind, Decimal(0)) + item.lending_value.amount
    open_part, loss = exposure.amount, Decimal(0)
    ranked = sorted(
        covers, key=lambda kind: (parameters.secured[kind].lgd, parameters.secured[kind].haircut, kind.value)
    )
    for kind in ranked:
        terms = parameters.secured[kind]
        covered = min(open_part, WIDE.multiply(covers[kind], 1 - terms.haircut))
        open_part -= covered
        loss += WIDE.multiply(covered, terms.lgd)
        trace.term(
            f"{step}/{kind.value}",
            "min(open, value × (1 − haircut)) at the secured LGD",
            covered,
            value=covers[kind],
            haircut=terms.haircut,
            lgd=terms.lgd,
        )
    loss += WIDE.multiply(open_part, parameters.unsecured)
    result = rounded(WIDE.divide(loss, exposure.amount), RATE_SCALE)
    trace.term(
        step,
        "(LGD_U × E_U + Σ LGD_S × E_S) ÷ E",
        result,
        unsecured_part=open_part,
        unsecured_lgd=parameters.unsecured,
        exposure=exposure,
    )
    return result
