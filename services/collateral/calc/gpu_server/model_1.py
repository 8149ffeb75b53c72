"""Model 1 of the value of a cohort of GPU servers, frozen: approaches per server, reconciled, the lower of it and the
merchant income. What it once concluded it concludes again, byte for byte.
"""

from decimal import Decimal

from domain.collateral import Approach, CohortSubject
from domain.finding import TraceStep
from domain.money import Rounding
from policy.engine.collateral import GpuValuation
from services.collateral.calc.conclusion import plain, reason
from services.collateral.calc.gpu_server import cost, income, reconciliation
from services.collateral.calc.gpu_server.cohort_value import (
    LARGEST,
    Appraisal,
    approach,
    complete,
    obsolescence,
    refused,
    whole,
)


def appraise(cohort: CohortSubject, terms: GpuValuation) -> Appraisal:
    """Value a cohort. A missing cash line or an unknown age refuses the value: it refers and nothing may be lent on it."""
    economics, missing = complete(cohort.economics)
    if economics is None or cohort.age_months is None:
        if cohort.age_months is None:
            missing = (*missing, reason("AGE_UNKNOWN"))
        return refused(missing)
    age, price = cohort.age_months, cohort.replacement_cost_new.amount
    remarks = [reason("COMPARABLES_TOO_FEW", f"0 < {terms.reconciliation.minimum_comparables}")]
    trace: list[TraceStep] = []

    worn = obsolescence(cohort, economics, age, terms, economics.occupancy)
    if worn.functional is None:
        remarks.append(reason("FUNCTIONAL_NOT_ASSESSED"))
    by_cost = worn.value_of(price)
    trace.append(_cost_step(cohort, worn, by_cost))
    by_income = income.lendable_income(economics, cohort.gpus_per_server, price, terms.income, age)
    trace.append(_income_step(cohort, economics, age, terms, by_income))

    result = reconciliation.reconcile({"cost": by_cost, "income": by_income, "market": None}, terms.reconciliation)
    lending = min(result.value, by_income)
    disagree = result.spread > terms.reconciliation.refer_above_spread
    if disagree:
        remarks.append(reason("APPROACHES_DISAGREE", f"{result.spread * 100:.1f} %"))
    trace.append(
        TraceStep(
            step="gpu_server/reconciliation",
            rule="Σ w·V, w renormalised over the approaches that ran; lending value = min(reconciled, merchant income)",
            inputs={f"weight.{name}": plain(weight) for name, weight in sorted(result.weights.items())}
            | {"spread": plain(result.spread), "refer_above": plain(terms.reconciliation.refer_above_spread)},
            result=plain(lending, 2),
        )
    )
    if max(result.value, by_cost, by_income) * cohort.servers >= LARGEST:
        return refused((reason("VALUE_OUT_OF_RANGE"),))
    gpus = cohort.servers * cohort.gpus_per_server
    return Appraisal(
        approaches=(
            approach("cost", by_cost, cohort, result, "" if worn.functional is not None else "FUNCTIONAL_NOT_ASSESSED"),
            approach("income", by_income, cohort, result),
            Approach(name="market", value=None, weight=Decimal(0), code="COMPARABLES_TOO_FEW"),
        ),
        reconciled=whole(result.value, cohort),
        lending=whole(lending, cohort, Rounding.DOWN),
        orderly=whole(reconciliation.orderly(lending, gpus, terms.liquidation), cohort, Rounding.DOWN),
        forced=whole(reconciliation.forced(lending, gpus, terms.liquidation), cohort, Rounding.DOWN),
        referred=disagree,
        reasons=tuple(remarks),
        trace=tuple(trace),
        remaining_months=max(0, terms.income.economic_life_months - age),
    )


def _cost_step(cohort: CohortSubject, worn: cost.Obsolescence, value: Decimal) -> TraceStep:
    return TraceStep(
        step="gpu_server/cost",
        rule="RCN·(1 − D_physical)(1 − D_functional)(1 − D_economic) per server",
        inputs={
            "replacement_cost_new": plain(cohort.replacement_cost_new.amount, 2),
            "age_months": str(cohort.age_months),
            "historic_utilisation": "not known: 1" if cohort.historic_utilisation is None else "given",
            "d_physical": plain(worn.physical),
            "d_functional": "not assessed" if worn.functional is None else plain(worn.functional),
            "d_economic": plain(worn.economic),
        },
        result=plain(value, 2),
    )


def _income_step(
    cohort: CohortSubject, economics: income.RunningEconomics, age: int, terms: GpuValuation, value: Decimal
) -> TraceStep:
    price, given = cohort.replacement_cost_new.amount, terms.income
    first_rent = income.expected_rent(economics.rent_per_gpu_hour, given.rent_path, 1)
    first = income.merchant_cash_flow(first_rent, cohort.gpus_per_server, economics, price, given)
    return TraceStep(
        step="gpu_server/income",
        rule="Σ max(0, CF)·(1 + k)^(−s/12) + SV·(1 + k)^(−(L − a)/12) per server, merchant rents on their mean path",
        inputs={
            "rent_per_gpu_hour": plain(economics.rent_per_gpu_hour),
            "occupancy": plain(economics.occupancy),
            "monthly_cost": plain(income.monthly_cost(economics, price, given), 2),
            "cash_flow_month_1": plain(first, 2),
            "remaining_months": str(max(0, given.economic_life_months - age)),
            "discount_rate": plain(given.discount_rate),
            "terminal_share": plain(given.terminal_share),
        },
        result=plain(value, 2),
    )
