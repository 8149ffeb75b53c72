"""Market approach (domain paper §3.5 step 3): sales of comparable servers, each brought to the server that is valued."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.collateral import CohortSubject
from domain.finding import TraceStep
from domain.gpu_valuation import Comparable
from policy.engine.collateral import Reconciliation
from policy.engine.gpu_market import MarketApproach
from services.collateral.calc.conclusion import plain

_DAYS_OF_A_MONTH = Decimal(365) / 12


@dataclass(frozen=True)
class MarketValue:
    """``value`` per server, CNY; None with the ``code`` that says why. ``subject`` names what the code speaks of."""

    value: Decimal | None
    code: str
    subject: str
    trace: tuple[TraceStep, ...]


def market_value(
    cohort: CohortSubject,
    age: int,
    sales: Sequence[Comparable],
    on: date,
    terms: MarketApproach,
    limits: Reconciliation,
) -> MarketValue:
    """The weighted mean of ``P_i·exp(β'(z_subject − z_i))``, weights ∝ 1/(σ²·age of the sale in days).

    A sale counts when it is of the same GPU and number of GPUs, through a channel that policy counts, and neither after
    ``on`` nor older than policy allows. With fewer than policy's number of them there is no value.
    """
    counted = _counted(cohort, sales, on, terms, limits)
    if len(counted) < limits.minimum_comparables:
        return MarketValue(None, "COMPARABLES_TOO_FEW", f"{len(counted)} < {limits.minimum_comparables}", ())
    if cohort.memory_gb is None or cohort.form_factor is None:
        unknown = [
            name
            for name, fact in (("memory_gb", cohort.memory_gb), ("form_factor", cohort.form_factor))
            if fact is None
        ]
        return MarketValue(None, "FEATURES_UNKNOWN", ", ".join(unknown), ())
    subject = _level(
        terms,
        age=age,
        memory=cohort.memory_gb,
        form_factor=cohort.form_factor,
        condition=cohort.condition,
        warranty=cohort.warranty_months or 0,
        fabric=cohort.fabric is True,
        provenance=cohort.provenance,
    )
    total = weighed = Decimal(0)
    trace = []
    for sale, deviation in counted:
        days = (on - sale.sold_on).days
        own = _level(
            terms,
            age=sale.age_months,
            memory=sale.memory_gb,
            form_factor=sale.form_factor,
            condition=sale.condition,
            warranty=sale.warranty_months,
            fabric=sale.fabric,
            provenance=sale.provenance,
        )
        drift = terms.per_month_since_sale * days / _DAYS_OF_A_MONTH
        adjusted = sale.price_ex_vat.amount * (subject - own + drift).exp()
        # A sale of the day itself weighs as one of the day before: more would be certainty.
        weight = 1 / (deviation * deviation * max(1, days))
        total += weight
        weighed += weight * adjusted
        trace.append(_sale_step(sale, days, subject - own, drift, weight, adjusted))
    value = weighed / total
    return MarketValue(value, "", "", (*trace, _market_step(len(trace), value)))


def _counted(
    cohort: CohortSubject, sales: Sequence[Comparable], on: date, terms: MarketApproach, limits: Reconciliation
) -> list[tuple[Comparable, Decimal]]:
    deviations = {item.channel: item.deviation for item in terms.channels}
    return [
        (sale, deviations[sale.channel])
        for sale in sorted(sales, key=lambda item: (item.sold_on, item.reference))
        if sale.channel in deviations
        and sale.gpu_type.upper() == cohort.gpu_type.upper()
        and sale.gpus_per_server == cohort.gpus_per_server
        and 0 <= (on - sale.sold_on).days <= limits.comparable_age_days
    ]


def _level(
    terms: MarketApproach,
    *,
    age: int,
    memory: int,
    form_factor: str,
    condition: str,
    warranty: int,
    fabric: bool,
    provenance: str,
) -> Decimal:
    """``β'z``: the logarithm of what these features make of a price."""
    return (
        terms.per_month_of_age * age
        + terms.log_memory * Decimal(memory).ln()
        + next(item.effect for item in terms.form_factors if item.form_factor == form_factor)
        + next(item.effect for item in terms.conditions if item.condition == condition)
        + terms.per_month_of_warranty * warranty
        + (terms.fabric if fabric else 0)
        + next(item.effect for item in terms.provenances if item.provenance == provenance)
    )


def _sale_step(
    sale: Comparable, days: int, features: Decimal, drift: Decimal, weight: Decimal, adjusted: Decimal
) -> TraceStep:
    return TraceStep(
        step=f"gpu_server/market/{sale.reference}",
        rule="P·exp(β'(z_subject − z_sale) + drift), weight 1/(σ²·days)",
        inputs={
            "price": plain(sale.price_ex_vat.amount, 2),
            "channel": sale.channel,
            "days": str(days),
            "features": plain(features),
            "drift": plain(drift),
            "weight": plain(weight),
        },
        result=plain(adjusted, 2),
    )


def _market_step(count: int, value: Decimal) -> TraceStep:
    return TraceStep(
        step="gpu_server/market",
        rule="Σ w·P_adjusted / Σ w",
        inputs={"sales": str(count)},
        result=plain(value, 2),
    )
