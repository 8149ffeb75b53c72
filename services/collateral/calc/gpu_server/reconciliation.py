"""Reconciliation of the approaches and the liquidation values (domain paper §3.5 steps 3 to 5)."""

from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from policy.engine.collateral import Liquidation, Reconciliation


@dataclass(frozen=True)
class Reconciled:
    """``value`` per server; ``weights`` by approach, zero for one that did not run; ``spread`` = (max − min) / median."""

    value: Decimal
    weights: dict[str, Decimal]
    spread: Decimal


def reconcile(values: dict[str, Decimal | None], terms: Reconciliation) -> Reconciled:
    """The weighted value of the approaches that ran, their weights renormalised.

    ``values`` by ``cost | income | market``, None for an approach that could not be run. Raises ``ValueError`` when none
    of those that ran has a weight: a value from nothing is none.
    """
    given = {"cost": terms.cost, "income": terms.income, "market": terms.market}
    ran = {name: value for name, value in values.items() if value is not None}
    total = sum((given[name] for name in ran), Decimal(0))
    if total == 0:
        raise ValueError("no approach with a weight could be run")
    weights = {name: given[name] / total if name in ran else Decimal(0) for name in given}
    middle = median(ran.values())
    spread = (max(ran.values()) - min(ran.values())) / middle if middle else Decimal(0)
    return Reconciled(
        value=sum((value * weights[name] for name, value in ran.items()), Decimal(0)), weights=weights, spread=spread
    )


def orderly(value: Decimal, gpus: int, terms: Liquidation) -> Decimal:
    """Sale over half a year. A lot that moves the market takes the further haircut."""
    return value * max(Decimal(0), 1 - terms.orderly_haircut - _lot(gpus, terms))


def forced(value: Decimal, gpus: int, terms: Liquidation) -> Decimal:
    """Sale within 60 days, after the cost of enforcement."""
    return value * max(Decimal(0), 1 - terms.forced_haircut - _lot(gpus, terms)) * (1 - terms.enforcement_cost)


def _lot(gpus: int, terms: Liquidation) -> Decimal:
    return terms.large_lot_haircut if gpus >= terms.large_lot_units else Decimal(0)
