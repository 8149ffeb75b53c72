"""Liquidation values (domain paper §3.5 step 5) with the surcharges that a bare haircut leaves out."""

from dataclasses import dataclass
from decimal import Decimal

from domain.collateral import CohortSubject
from domain.finding import TraceStep
from policy.engine.collateral import Liquidation
from services.collateral.calc.conclusion import plain


@dataclass(frozen=True)
class Liquidated:
    """Per server, CNY. ``assumed`` names facts that are not known and were read as what brings less."""

    orderly: Decimal
    forced: Decimal
    assumed: tuple[str, ...]
    trace: tuple[TraceStep, ...]


def liquidation(value: Decimal, cohort: CohortSubject, terms: Liquidation) -> Liquidated:
    """``OLV = V·(1 − h_o − Σ)`` over half a year, ``FLV = V·(1 − h_f − Σ)·(1 − c)`` within sixty days; never negative.

    Σ: a lot that moves the market, servers that must be taken out of their room, servers without the network that links
    them.
    """
    gpus = cohort.servers * cohort.gpus_per_server
    surcharges = {
        "large_lot": terms.large_lot_haircut if gpus >= terms.large_lot_units else Decimal(0),
        "decommissioning": terms.decommissioning_haircut if cohort.decommissioning is not False else Decimal(0),
        "no_fabric": terms.no_fabric_haircut if cohort.fabric is not True else Decimal(0),
    }
    off = sum(surcharges.values(), Decimal(0))
    orderly = value * max(Decimal(0), 1 - terms.orderly_haircut - off)
    forced = value * max(Decimal(0), 1 - terms.forced_haircut - off) * (1 - terms.enforcement_cost)
    shown = {name: plain(share) for name, share in surcharges.items()} | {"gpus": str(gpus)}
    return Liquidated(
        orderly=orderly,
        forced=forced,
        assumed=tuple(
            name
            for name, fact in (("decommissioning", cohort.decommissioning), ("fabric", cohort.fabric))
            if fact is None
        ),
        trace=(
            TraceStep(
                step="gpu_server/liquidation/orderly",
                rule="V·(1 − h_o − Σ surcharges)",
                inputs={"value": plain(value, 2), "haircut": plain(terms.orderly_haircut)} | shown,
                result=plain(orderly, 2),
            ),
            TraceStep(
                step="gpu_server/liquidation/forced",
                rule="V·(1 − h_f − Σ surcharges)·(1 − c)",
                inputs={
                    "value": plain(value, 2),
                    "haircut": plain(terms.forced_haircut),
                    "enforcement_cost": plain(terms.enforcement_cost),
                }
                | shown,
                result=plain(forced, 2),
            ),
        ),
    )
