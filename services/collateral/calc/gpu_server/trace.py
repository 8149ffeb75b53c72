"""The terms of cost and income approach as they are written into a valuation's trace."""

from dataclasses import dataclass
from decimal import Decimal

from domain.collateral import CohortSubject, ModernEquivalent
from domain.finding import TraceStep
from policy.engine.collateral import GpuValuation
from services.collateral.calc.conclusion import plain
from services.collateral.calc.gpu_server import income
from services.collateral.calc.gpu_server.cost import Obsolescence
from services.collateral.calc.gpu_server.income import RunningEconomics
from services.collateral.calc.gpu_server.rent_process import standard_quantile
from services.collateral.calc.gpu_server.value_path import ValuePath


@dataclass(frozen=True)
class CostSources:
    """What the market said: how much of its hours it sells (None: the server's own occupancy stands), and who knows the
    newest generation.
    """

    market_utilisation: Decimal | None
    generation: str


def cost_steps(
    cohort: CohortSubject,
    economics: RunningEconomics,
    counted: int,
    worn: Obsolescence,
    terms: GpuValuation,
    sources: CostSources,
) -> tuple[TraceStep, ...]:
    """One step for each depreciation, then the value. ``counted``: the age the depreciations are of, where a younger
    server's leave less."""
    age = str(counted) if counted == cohort.age_months else f"{counted}: less is left than at {cohort.age_months}"
    price, given = cohort.replacement_cost_new.amount, terms.cost
    repairs = cohort.unrepaired_fault_cost
    sold = sources.market_utilisation
    busy = economics.occupancy if sold is None else sold
    return (
        TraceStep(
            step="gpu_server/cost/physical",
            rule="min(1, a_eff/L)·(1 − s) + fault cost/RCN, a_eff = a·(1 + ageing·(u − threshold)⁺/span)",
            inputs={
                "age_months": age,
                "historic_utilisation": (
                    "not known: 1" if cohort.historic_utilisation is None else plain(cohort.historic_utilisation)
                ),
                "overuse_threshold": plain(given.overuse_threshold),
                "overuse_span": plain(given.overuse_span),
                "overuse_ageing": plain(given.overuse_ageing),
                "physical_life_months": str(given.physical_life_months),
                "salvage": plain(given.salvage),
                "fault_cost": "none declared" if repairs is None else plain(repairs.amount, 2),
            },
            result=plain(worn.physical),
        ),
        _functional_step(cohort.modern_equivalent, economics, worn, terms, sources.generation),
        TraceStep(
            step="gpu_server/cost/economic",
            rule="1 − (U_market/U_normal)^x",
            inputs={
                "u_market": plain(busy),
                "of": "the server's own occupancy" if sold is None else "the index",
                "u_normal": plain(given.normal_utilisation),
                "exponent": plain(given.inutility_exponent),
            },
            result=plain(worn.economic),
        ),
        TraceStep(
            step="gpu_server/cost",
            rule="RCN·(1 − D_physical)(1 − D_functional)(1 − D_economic) per server",
            inputs={
                "replacement_cost_new": plain(price, 2),
                "d_physical": plain(worn.physical),
                "d_functional": "not assessed" if worn.functional is None else plain(worn.functional),
                "d_economic": plain(worn.economic),
            },
            result=plain(worn.value_of(price), 2),
        ),
    )


def _functional_step(
    newest: ModernEquivalent | None, economics: RunningEconomics, worn: Obsolescence, terms: GpuValuation, source: str
) -> TraceStep:
    rule = "(RCN − P_new·Q/Q_new)⁺/RCN + Σ (kW − kW_new·Q/Q_new)⁺·PUE·h·tariff·DF/RCN, at most 1"
    given = terms.cost.excess_power_rate
    if newest is None or worn.functional is None:
        return TraceStep(step="gpu_server/cost/functional", rule=rule, result="not assessed")
    return TraceStep(
        step="gpu_server/cost/functional",
        rule=rule,
        inputs={
            "of": source,
            "price_new": plain(newest.price.amount, 2),
            "throughput_ratio": plain(newest.throughput_ratio),
            "kw_new": plain(newest.server_kw),
            "kw": plain(economics.server_kw),
            "pue": plain(economics.pue),
            "tariff_per_kwh": plain(economics.tariff_per_kwh),
            "hours_per_month": str(terms.income.hours_per_month),
            "excess_power_rate": "income's" if given is None else plain(given),
        },
        result=plain(worn.functional),
    )


def income_steps(
    cohort: CohortSubject,
    economics: RunningEconomics,
    price: Decimal,
    months: int,
    path: ValuePath,
    terms: GpuValuation,
) -> tuple[TraceStep, ...]:
    """The cash of a month line by line, the value of today, and what the path of later months stands on."""
    given, rents = terms.income, terms.income.rent_path
    gpus = cohort.gpus_per_server
    first = income.expected_rent(economics.rent_per_gpu_hour, rents, 1)
    cash = income.merchant_cash_flow(first, gpus, economics, price, given)
    power = economics.server_kw * economics.pue * given.hours_per_month * economics.tariff_per_kwh
    return (
        TraceStep(
            step="gpu_server/income/month_1",
            rule="n·h·u·A·E[p]·(1 − tax) − kW·PUE·h·tariff − rack − om·RCN/12 − SLA",
            inputs={
                "gpus": str(gpus),
                "hours": str(given.hours_per_month),
                "occupancy": plain(economics.occupancy),
                "availability": plain(given.availability),
                "rent_per_gpu_hour": plain(economics.rent_per_gpu_hour),
                "expected_rent": plain(first),
                "tax": plain(given.tax),
                "power": plain(power, 2),
                "rack": plain(economics.rack_per_month, 2),
                "maintenance": plain(economics.maintenance_rate * price / 12, 2),
                "sla": plain(economics.sla_per_month, 2),
            },
            result=plain(cash, 2),
        ),
        TraceStep(
            step="gpu_server/income",
            rule="Σ max(0, CF)·(1 + k)^(−s/12) + SV·(1 + k)^(−R/12) per server, never above a younger server's",
            inputs={
                "remaining_months": str(months),
                "discount_rate": plain(given.discount_rate),
                "terminal_share": plain(given.terminal_share),
            },
            result=plain(path.expected[0], 2),
        ),
        TraceStep(
            step="gpu_server/path",
            rule="the income value at X = μ − ½v + z·√v in each month, and the resale curve; V_q is the lower",
            inputs={
                "annual_decline": plain(rents.annual_decline),
                "reversion": plain(rents.reversion),
                "volatility": plain(rents.volatility),
                "jumps": ", ".join(f"{jump.month}: {plain(jump.change)}" for jump in rents.jumps),
                "quantile": plain(rents.quantile),
                "z": plain(standard_quantile(rents.quantile)),
            }
            | {f"v_q.{month}": plain(path.lendable[month], 2) for month in range(0, len(path.lendable), 12)},
            result=plain(path.lendable[-1], 2),
        ),
    )
