"""Tail probabilities beside scipy's."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from services.pricing.calc.validation.distributions import (
    beta_cdf,
    beta_quantile,
    binomial_at_least,
    chi_square_at_least,
    log_gamma,
)

ARGUMENTS = (0.5, 1.0, 1.5, 39.5, 40.5, 2000.5, 300_000.5)


@pytest.mark.parametrize("x", [*ARGUMENTS, 1_000_000.5])
def test_logarithm_of_gamma(x: float) -> None:
    assert float(log_gamma(Decimal(x))) == pytest.approx(special.gammaln(x), rel=1e-14, abs=1e-14)


def test_gamma_of_a_half_is_the_root_of_pi() -> None:
    """Γ(½) = √π to 30 digits, which float64 cannot say."""
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582")
    assert abs(log_gamma(Decimal("0.5")) - pi.ln() / 2) < Decimal("1e-27")


@pytest.mark.parametrize("a", ARGUMENTS)
@pytest.mark.parametrize("b", ARGUMENTS)
@pytest.mark.parametrize("at", [0.0003, 0.02, 0.5, 0.98, None])
def test_beta(a: float, b: float, at: float | None) -> None:
    x = a / (a + b) if at is None else at
    assert float(beta_cdf(Decimal(x), Decimal(a), Decimal(b))) == pytest.approx(
        special.betainc(a, b, x), rel=1e-8, abs=1e-200
    )


@pytest.mark.parametrize("degrees", [1, 2, 5, 10, 50])
@pytest.mark.parametrize("statistic", [0.001, 0.5, 5.0, 20.0, 60.0, 200.0])
def test_chi_square(degrees: int, statistic: float) -> None:
    expected = stats.chi2.sf(statistic, degrees)
    assert float(chi_square_at_least(Decimal(statistic), degrees)) == pytest.approx(expected, rel=1e-10, abs=1e-25)


@settings(deadline=None, max_examples=60)
@given(trials=st.integers(1, 5000), share=st.floats(0, 1), p=st.floats(0.0003, 0.9))
def test_binomial(trials: int, share: float, p: float) -> None:
    events = round(trials * share)
    expected = stats.binom.sf(events - 1, trials, p)
    assert float(binomial_at_least(events, trials, Decimal(p))) == pytest.approx(expected, rel=1e-7, abs=1e-14)


@pytest.mark.parametrize(("a", "b"), [(0.5, 100.5), (3.5, 997.5), (50.5, 50.5)])
@pytest.mark.parametrize("probability", [0.025, 0.5, 0.975])
def test_quantile_of_beta(a: float, b: float, probability: float) -> None:
    found = beta_quantile(Decimal(str(probability)), Decimal(a), Decimal(b))
    assert float(found) == pytest.approx(stats.beta.ppf(probability, a, b), abs=2e-10)


def test_outside_its_range_a_variable_is_certain() -> None:
    assert beta_cdf(Decimal(0), Decimal(2), Decimal(3)) == 0
    assert beta_cdf(Decimal(1), Decimal(2), Decimal(3)) == 1
    assert chi_square_at_least(Decimal(0), 4) == 1
    assert binomial_at_least(0, 10, Decimal("0.1")) == 1
