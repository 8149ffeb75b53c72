"""A valuation's path held against simulated rents (domain paper §3.5 step 6): a check of the closed forms, not a value."""

from decimal import localcontext

from domain.collateral import CohortSubject, ValuationRequest
from domain.gpu_valuation import CrossCheck, SimulatedValue
from domain.money import MONEY_SCALE, from_float
from policy.engine.collateral import GpuValuation
from services.collateral.calc.conclusion import FIGURES
from services.collateral.calc.gpu_server.model_2 import Standing, server_on
from services.collateral.calc.gpu_server.price_process import Cohorts, income_quantile_path, mean_path
from services.collateral.calc.gpu_server.simulation import Simulated, brownian_quantile, monte_carlo


def cross_check(
    request: ValuationRequest, terms: GpuValuation, month: int, *, seed: int, paths: int
) -> CrossCheck | None:
    """The income value of one server in ``month``; None for what has no value path.

    Raises ``ValueError`` naming month or paths where they lie outside what ``monte_carlo`` takes.
    """
    subject = request.subject
    if not isinstance(subject, CohortSubject) or terms.random_launches is None:
        return None
    with localcontext(FIGURES):
        found = server_on(subject, request.evidence, request.as_of, terms)
        if not isinstance(found, Standing):
            return None
        cohort = Cohorts.of([found.server], terms.income)
        known = monte_carlo(cohort, terms, month, seed=seed, paths=paths)
        chance = monte_carlo(cohort, terms, month, seed=seed, paths=paths, launches=terms.random_launches)
        today = float(income_quantile_path(cohort, terms, 0)[0, 0])
        path = terms.income.rent_path
        wandering = brownian_quantile(today, path, month, drift=-float(path.annual_decline))
        return CrossCheck(
            month=month,
            seed=seed,
            paths=paths,
            mean=from_float(float(mean_path(cohort, terms, month)[0, month]), MONEY_SCALE),
            quantile=from_float(float(income_quantile_path(cohort, terms, month)[0, month]), MONEY_SCALE),
            simulated=_shown(known),
            launches_at_random=_shown(chance),
            brownian_quantile=from_float(wandering, MONEY_SCALE),
        )


def _shown(run: Simulated) -> SimulatedValue:
    return SimulatedValue(
        mean=from_float(run.mean, MONEY_SCALE),
        mean_error=from_float(run.mean_error, MONEY_SCALE),
        quantile=from_float(run.quantile, MONEY_SCALE),
    )
