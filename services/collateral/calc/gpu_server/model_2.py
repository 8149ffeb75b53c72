"""Model 2 of the value of a cohort of GPU servers (domain paper §3.5): cost, income and market per server, reconciled and
held at the merchant income; liquidation with its surcharges; and the value in every month to the end of its life.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from domain.collateral import Approach, CohortSubject
from domain.finding import Reason, TraceStep
from domain.gpu_valuation import MarketEvidence, ValuePath
from domain.money import MONEY_SCALE, Rounding, rounded
from policy.engine.collateral import GpuValuation
from policy.engine.gpu_market import IndexTerms, MarketApproach
from services.collateral.calc.conclusion import plain, reason
from services.collateral.calc.gpu_server import reconciliation
from services.collateral.calc.gpu_server.cohort_value import (
    LARGEST,
    Appraisal,
    approach,
    complete,
    obsolescence,
    refused,
    whole,
)
from services.collateral.calc.gpu_server.cost import Obsolescence
from services.collateral.calc.gpu_server.generation import newest_generation
from services.collateral.calc.gpu_server.income import RunningEconomics
from services.collateral.calc.gpu_server.liquidation import liquidation
from services.collateral.calc.gpu_server.market import market_value
from services.collateral.calc.gpu_server.rent import StandingRent, standing_rent
from services.collateral.calc.gpu_server.trace import CostSources, cost_steps, income_steps
from services.collateral.calc.gpu_server.value_path import Server, value_path
from services.collateral.calc.gpu_server.value_path import ValuePath as PathOfServer


@dataclass(frozen=True)
class Standing:
    """A server of the cohort as it stands on a day, at the rent that the evidence leaves of the declared one."""

    server: Server
    rent: StandingRent


def appraise(cohort: CohortSubject, evidence: MarketEvidence | None, on: date, terms: GpuValuation) -> Appraisal:
    """Value a cohort on the market evidence of a day.

    A missing cash line or an unknown age refuses the value. What is doubtful (approaches that disagree, a price or rent
    out of proportion, an index that is old or was restated) leaves a value and refers it to the valuer.
    """
    found = server_on(cohort, evidence, on, terms)
    if isinstance(found, tuple):
        return refused(found)
    server, rent = found.server, found.rent
    economics, age, price = server.economics, server.age_months, server.replacement_cost
    market_terms, _ = _second(terms)
    seen = evidence.generations if evidence is not None else ()
    newest = newest_generation(cohort, seen, on, terms.reconciliation.comparable_age_days)
    cohort = cohort.model_copy(update={"modern_equivalent": newest.equivalent})
    doubts = [*_out_of_proportion(cohort, economics, terms), *newest.stale]
    referred = rent.referred or bool(doubts)
    remarks: list[Reason] = [*rent.reasons, *doubts]

    sold = rent.market_utilisation
    worn, counted = _worn(cohort, economics, age, terms, economics.occupancy if sold is None else sold)
    by_cost = worn.value_of(price)
    if worn.functional is None:
        remarks.append(reason("FUNCTIONAL_NOT_ASSESSED"))

    months = max(0, terms.income.economic_life_months - age)
    path = value_path(server, terms, months)
    by_income = path.expected[0]

    sales = evidence.comparables if evidence is not None else ()
    compared = market_value(cohort, age, sales, on, market_terms, terms.reconciliation)
    if compared.code:
        remarks.append(reason(compared.code, compared.subject))

    values = {"cost": by_cost, "income": by_income, "market": compared.value}
    if max(value for value in (*values.values(), *path.market) if value is not None) * cohort.servers >= LARGEST:
        return refused((reason("VALUE_OUT_OF_RANGE"),))
    result = reconciliation.reconcile(values, terms.reconciliation)
    lending = min(result.value, by_income)
    if result.spread > terms.reconciliation.refer_above_spread:
        referred = True
        remarks.append(reason("APPROACHES_DISAGREE", f"{result.spread * 100:.1f} %"))
    sale = liquidation(lending, cohort, terms.liquidation)
    if sale.assumed:
        remarks.append(reason("LIQUIDATION_ASSUMED", ", ".join(sale.assumed)))
    return Appraisal(
        approaches=_approaches(values, cohort, result, worn.functional is None, compared.code),
        reconciled=whole(result.value, cohort),
        lending=whole(lending, cohort, Rounding.DOWN),
        orderly=whole(sale.orderly, cohort, Rounding.DOWN),
        forced=whole(sale.forced, cohort, Rounding.DOWN),
        referred=referred,
        reasons=tuple(remarks),
        trace=(
            *rent.trace,
            *cost_steps(cohort, economics, counted, worn, terms, CostSources(sold, newest.source)),
            *income_steps(cohort, economics, price, months, path, terms),
            *compared.trace,
            _reconciliation_step(values, result, terms),
            _lending_step(result.value, by_income, lending),
            *sale.trace,
        ),
        remaining_months=months,
        path=_whole_path(path, cohort),
    )


def server_on(
    cohort: CohortSubject, evidence: MarketEvidence | None, on: date, terms: GpuValuation
) -> Standing | tuple[Reason, ...]:
    """The server that is valued, or every reason why there is none."""
    economics, missing = complete(cohort.economics)
    if economics is None or cohort.age_months is None:
        unknown_age = (reason("AGE_UNKNOWN"),) if cohort.age_months is None else ()
        return (*missing, *unknown_age)
    _, index_terms = _second(terms)
    basis = cohort.economics.rent_basis if cohort.economics is not None else None
    readings = evidence.rents if evidence is not None else ()
    rent = standing_rent(economics.rent_per_gpu_hour, basis, readings, on, index_terms)
    economics = replace(economics, rent_per_gpu_hour=rent.rent)
    server = Server(economics, cohort.gpus_per_server, cohort.replacement_cost_new.amount, cohort.age_months)
    return Standing(server, rent)


def _worn(
    cohort: CohortSubject, economics: RunningEconomics, age: int, terms: GpuValuation, market_utilisation: Decimal
) -> tuple[Obsolescence, int]:
    """The depreciations that leave least over all ages up to the server's own, and the age they are of.

    The fewer months are left, the less power a newer server would save: by that term alone an old server would be worth
    more than a young one, which no lender follows (as with the income, §8 invariant 7).
    """
    younger = range(min(age, terms.income.economic_life_months + 1)) if cohort.modern_equivalent is not None else ()
    at = {own: obsolescence(cohort, economics, own, terms, market_utilisation) for own in (*younger, age)}
    price = cohort.replacement_cost_new.amount
    counted = min(at, key=lambda own: (at[own].value_of(price), -own))
    return at[counted], counted


def _second(terms: GpuValuation) -> tuple[MarketApproach, IndexTerms]:
    if terms.market is None or terms.index is None:
        raise ValueError("the policy was approved with model 1")
    return terms.market, terms.index


def _out_of_proportion(cohort: CohortSubject, economics: RunningEconomics, terms: GpuValuation) -> list[Reason]:
    """A price far below what such a card costs (row M2), and a rent that would pay the server back within months."""
    found = []
    price = cohort.replacement_cost_new.amount
    per_gpu = price / cohort.gpus_per_server
    gpu = "".join(letter for letter in cohort.gpu_type.upper() if letter.isalnum()).removeprefix("NVIDIA")
    floor = next((item.per_gpu for item in terms.price_floors if gpu.startswith(item.gpu)), None)
    if floor is not None and per_gpu < floor.amount:
        found.append(reason("PRICE_OUTLIER", f"{plain(per_gpu, 2)} < {plain(floor.amount, 2)}"))
    monthly = economics.rent_per_gpu_hour * cohort.gpus_per_server * terms.income.hours_per_month
    ceiling = terms.rent_to_price_ceiling
    if ceiling is not None and monthly > ceiling * price:
        found.append(reason("RENT_OUT_OF_PROPORTION", f"{monthly / price * 100:.1f} % > {ceiling * 100:.1f} %"))
    return found


def _approaches(
    values: dict[str, Decimal | None],
    cohort: CohortSubject,
    result: reconciliation.Reconciled,
    upper_bound: bool,
    no_market: str,
) -> tuple[Approach, ...]:
    codes = {"cost": "FUNCTIONAL_NOT_ASSESSED" if upper_bound else ""}
    return tuple(
        Approach(name="market", value=None, weight=Decimal(0), code=no_market)
        if value is None
        else approach(name, value, cohort, result, codes.get(name, ""))
        for name, value in values.items()
    )


def _whole_path(path: PathOfServer, cohort: CohortSubject) -> ValuePath:
    def all_servers(curve: Sequence[Decimal], mode: Rounding) -> tuple[Decimal, ...]:
        return tuple(rounded(value, MONEY_SCALE, mode) * cohort.servers for value in curve)

    return ValuePath(
        expected=all_servers(path.expected, Rounding.HALF_UP),
        quantile=all_servers(path.quantile, Rounding.DOWN),
        market=all_servers(path.market, Rounding.DOWN),
    )


def _reconciliation_step(
    values: dict[str, Decimal | None], result: reconciliation.Reconciled, terms: GpuValuation
) -> TraceStep:
    return TraceStep(
        step="gpu_server/reconciliation",
        rule="Σ w·V, w renormalised over the approaches that ran; (max − min)/median refers",
        inputs={
            f"value.{name}": "not run" if value is None else plain(value, 2) for name, value in sorted(values.items())
        }
        | {f"weight.{name}": plain(weight) for name, weight in sorted(result.weights.items())}
        | {"spread": plain(result.spread), "refer_above": plain(terms.reconciliation.refer_above_spread)},
        result=plain(result.value, 2),
    )


def _lending_step(reconciled: Decimal, by_income: Decimal, lending: Decimal) -> TraceStep:
    return TraceStep(
        step="gpu_server/lending_value",
        rule="min(reconciled, merchant income)",
        inputs={"reconciled": plain(reconciled, 2), "merchant_income": plain(by_income, 2)},
        result=plain(lending, 2),
    )
