"""The value of a cohort of GPU servers: approaches per server, reconciled, the lower of it and the merchant income."""

from dataclasses import dataclass
from decimal import Decimal

from domain.collateral import Approach, CohortSubject, ServerEconomics
from domain.finding import Reason, TraceStep
from domain.money import RATE_SCALE, Money, Rounding, rounded
from policy.engine.collateral import GpuValuation
from services.collateral.calc.conclusion import plain, reason
from services.collateral.calc.gpu_server import cost, income, reconciliation

# What a money column holds; a figure beyond it is a slip of the keyboard, not a server.
_LARGEST = Decimal(10) ** 18
_MERCHANT_BASES = (None, "on_demand", "spot")


@dataclass(frozen=True)
class Appraisal:
    """Money for the whole cohort. ``reconciled`` is None where no value could be formed; then nothing may be lent."""

    approaches: tuple[Approach, ...]
    reconciled: Money | None
    lending: Money
    orderly: Money | None
    forced: Money | None
    referred: bool
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]
    remaining_months: int


def appraise(cohort: CohortSubject, terms: GpuValuation) -> Appraisal:
    """Value a cohort. A missing cash line or an unknown age refuses the value: it refers and nothing may be lent on it."""
    economics, missing = complete(cohort.economics)
    if economics is None or cohort.age_months is None:
        if cohort.age_months is None:
            missing = (*missing, reason("AGE_UNKNOWN"))
        return _refused(missing)
    age, price = cohort.age_months, cohort.replacement_cost_new.amount
    remarks = [reason("COMPARABLES_TOO_FEW", f"0 < {terms.reconciliation.minimum_comparables}")]
    trace: list[TraceStep] = []

    worn = _obsolescence(cohort, economics, age, terms)
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
    if max(result.value, by_cost, by_income) * cohort.servers >= _LARGEST:
        return _refused((reason("VALUE_OUT_OF_RANGE"),))
    gpus = cohort.servers * cohort.gpus_per_server
    return Appraisal(
        approaches=(
            _approach(
                "cost", by_cost, cohort, result, "" if worn.functional is not None else "FUNCTIONAL_NOT_ASSESSED"
            ),
            _approach("income", by_income, cohort, result),
            Approach(name="market", value=None, weight=Decimal(0), code="COMPARABLES_TOO_FEW"),
        ),
        reconciled=_whole(result.value, cohort),
        lending=_whole(lending, cohort, Rounding.DOWN),
        orderly=_whole(reconciliation.orderly(lending, gpus, terms.liquidation), cohort, Rounding.DOWN),
        forced=_whole(reconciliation.forced(lending, gpus, terms.liquidation), cohort, Rounding.DOWN),
        referred=disagree,
        reasons=tuple(remarks),
        trace=tuple(trace),
        remaining_months=max(0, terms.income.economic_life_months - age),
    )


def complete(given: ServerEconomics | None) -> tuple[income.RunningEconomics | None, tuple[Reason, ...]]:
    """The cash lines when every one is there; else a reason for each that is missing (E4: zero is allowed)."""
    if given is None:
        return None, (reason("ECONOMICS_NOT_GIVEN"),)
    rent, occupancy = given.rent_per_gpu_hour, given.occupancy
    kilowatts, tariff, pue = given.server_kw, given.tariff_per_kwh, given.pue
    rack, maintenance, sla = given.rack_per_month, given.maintenance_rate, given.sla_per_month
    if given.rent_basis not in _MERCHANT_BASES:
        return None, (reason("RENT_NOT_MERCHANT", str(given.rent_basis)),)
    if (
        rent is None
        or occupancy is None
        or kilowatts is None
        or tariff is None
        or pue is None
        or rack is None
        or maintenance is None
        or sla is None
    ):
        lines = {
            "rent_per_gpu_hour": rent,
            "occupancy": occupancy,
            "server_kw": kilowatts,
            "tariff_per_kwh": tariff,
            "pue": pue,
            "rack_per_month": rack,
            "maintenance_rate": maintenance,
            "sla_per_month": sla,
        }
        return None, tuple(reason("INCOMPLETE_COST_STACK", name) for name, line in lines.items() if line is None)
    return (
        income.RunningEconomics(rent, occupancy, kilowatts, tariff, pue, rack.amount, maintenance, sla.amount),
        (),
    )


def _obsolescence(
    cohort: CohortSubject, economics: income.RunningEconomics, age: int, terms: GpuValuation
) -> cost.Obsolescence:
    price = cohort.replacement_cost_new.amount
    # How hard a server was driven before us is rarely known; full load is the reading that lends least.
    driven = cohort.historic_utilisation if cohort.historic_utilisation is not None else Decimal(1)
    repairs = cohort.unrepaired_fault_cost.amount if cohort.unrepaired_fault_cost is not None else Decimal(0)
    newest = cohort.modern_equivalent
    return cost.Obsolescence(
        physical=cost.physical(age, driven, repairs, price, terms.cost),
        functional=cost.functional(newest, economics, price, age, terms.income) if newest is not None else None,
        economic=cost.economic(economics.occupancy, terms.cost),
    )


def _whole(per_server: Decimal, cohort: CohortSubject, mode: Rounding = Rounding.HALF_UP) -> Money:
    return Money(amount=rounded(per_server, 2, mode) * cohort.servers)


def _approach(
    name: str, per_server: Decimal, cohort: CohortSubject, result: reconciliation.Reconciled, code: str = ""
) -> Approach:
    return Approach.model_validate(
        {
            "name": name,
            "value": _whole(per_server, cohort),
            "weight": rounded(result.weights[name], RATE_SCALE),
            "code": code,
        }
    )


def _refused(reasons: tuple[Reason, ...]) -> Appraisal:
    code = reasons[0].code
    return Appraisal(
        approaches=(
            Approach(name="cost", value=None, weight=Decimal(0), code=code),
            Approach(name="income", value=None, weight=Decimal(0), code=code),
            Approach(name="market", value=None, weight=Decimal(0), code="COMPARABLES_TOO_FEW"),
        ),
        reconciled=None,
        lending=Money(amount=Decimal(0)),
        orderly=None,
        forced=None,
        referred=True,
        reasons=reasons,
        trace=(),
        remaining_months=0,
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
