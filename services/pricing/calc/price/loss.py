"""Expected loss: ``PD × LGD*``, ``LGD* = (LGD_U × E_U + Σ LGD_S × E_S) ÷ E`` (Basel 2017, foundation approach).

``E_S`` is what a collateral still covers after its haircut. GPU servers count for the price; for capital they do not,
because no liquid market and revaluation record make them eligible, and the unsecured LGD stands there.
"""

from collections.abc import Mapping
from decimal import Decimal

from domain.application import AssetKind
from domain.limit import CollateralContribution
from domain.money import RATE_SCALE, Money, rounded
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
    result, covered, open_part = loss_share(parameters, exposure.amount, covers)
    for kind, amount in covered.items():
        terms = parameters.secured[kind]
        trace.term(
            f"{step}/{kind.value}",
            "min(open, value × (1 − haircut)) at the secured LGD",
            amount,
            value=covers[kind],
            haircut=terms.haircut,
            lgd=terms.lgd,
        )
    trace.term(
        step,
        "(LGD_U × E_U + Σ LGD_S × E_S) ÷ E",
        result,
        unsecured_part=open_part,
        unsecured_lgd=parameters.unsecured,
        exposure=exposure,
    )
    return result


def left_to_lender(lgd: Decimal, risk_shared: Decimal | None, trace: Trace) -> Decimal:
    """The lender's part of a loss where guarantors bear a part of every loss: of 80 % shared, the LGD of 20 % (row E8)."""
    if not risk_shared:
        return lgd
    borne = rounded(WIDE.multiply(lgd, 1 - risk_shared), RATE_SCALE)
    trace.term("lgd/shared", "LGD* × (1 − share that guarantors bear)", borne, lgd=lgd, risk_shared=risk_shared)
    return borne


def ranked(parameters: LossGivenDefault) -> tuple[AssetKind, ...]:
    """Kinds of collateral in the order in which they cover: what loses least first."""
    kinds = parameters.secured
    return tuple(sorted(kinds, key=lambda kind: (kinds[kind].lgd, kinds[kind].haircut, kind.value)))


def loss_share(
    parameters: LossGivenDefault, exposure: Decimal, covers: Mapping[AssetKind, Decimal]
) -> tuple[Decimal, dict[AssetKind, Decimal], Decimal]:
    """``LGD*`` of an exposure against collateral values by kind, what each kind covers, and what stays open; in yuan."""
    open_part, loss = exposure, Decimal(0)
    covered: dict[AssetKind, Decimal] = {}
    for kind in ranked(parameters):
        if kind not in covers:
            continue
        terms = parameters.secured[kind]
        covered[kind] = min(open_part, WIDE.multiply(covers[kind], 1 - terms.haircut))
        open_part -= covered[kind]
        loss += WIDE.multiply(covered[kind], terms.lgd)
    loss += WIDE.multiply(open_part, parameters.unsecured)
    return rounded(WIDE.divide(loss, exposure), RATE_SCALE), covered, open_part
