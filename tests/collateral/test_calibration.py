"""The rent process fitted to simulated histories gives back what they were simulated with; gaps and breaks are never bridged."""

from datetime import date, timedelta
from math import exp, log

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from domain.reference import PriceProcess
from services.collateral.calc.calibration import (
    HistoryRefused,
    PriceHistory,
    Series,
    TooFew,
    Treatment,
    calibrate,
    read_history,
    series_of,
)
from services.collateral.calc.calibration.chart import chart
from services.collateral.calc.calibration.process import Array, Estimate, Fit, History, fit

WEEK = 7 / 365.25
SHA = "0" * 64


def simulated(
    seed: int,
    *,
    years: float,
    decline: float,
    reversion: float,
    volatility: float,
    jumps: tuple[tuple[float, float], ...] = (),
    breaks: tuple[tuple[float, float], ...] = (),
) -> History:
    """A history about every week, drawn from the exact transition of the process; each break moves the level."""
    random = np.random.Generator(np.random.PCG64(seed))
    count = int(years / WEEK)
    times = np.sort((np.arange(count) + random.uniform(-0.2, 0.2, count)) * WEEK)
    segment = np.searchsorted(np.array([at for at, _ in breaks]), times, side="right").astype(np.int64)
    level = np.array([0.0, *np.cumsum([by for _, by in breaks])])
    deviation = np.empty(count)
    for index in range(count):
        normal = random.standard_normal()
        if index == 0 or segment[index] != segment[index - 1]:
            deviation[index] = normal * volatility / np.sqrt(2 * reversion)
            continue
        decay = np.exp(-reversion * (times[index] - times[index - 1]))
        deviation[index] = deviation[index - 1] * decay + normal * volatility * np.sqrt(
            (1 - decay**2) / (2 * reversion)
        )
    logs = 1.0 + level[segment] - decline * times + deviation
    for at, change in jumps:
        logs = logs + (times >= at) * np.log1p(change)
    return History(times, logs, segment, np.array([at for at, _ in jumps]))


def holds(estimate: Estimate | None, truth: float) -> bool:
    assert estimate is not None
    return (estimate.low is None or estimate.low <= truth) and (estimate.high is None or truth <= estimate.high)


@pytest.fixture(scope="module")
def many() -> list[Fit]:
    """Forty histories of six years: κ 3, σ .40, δ .15, a launch that takes 20 %, and a break of the composition."""
    return [
        fit(
            simulated(
                seed,
                years=6,
                decline=0.15,
                reversion=3.0,
                volatility=0.40,
                jumps=((2.5, -0.20),),
                breaks=((4.2, 0.30),),
            )
        )
        for seed in range(40)
    ]


def test_known_parameters_are_recovered(many: list[Fit]) -> None:
    """The medians of forty fits lie within three errors of a median of what the histories were drawn with."""
    found = {
        "decline": (0.15, [item.decline.value for item in many]),
        "reversion": (3.0, [item.reversion.value for item in many]),
        "volatility": (0.40, [item.volatility.value for item in many]),
        "jump": (-0.20, [item.jumps[0].value for item in many if item.jumps[0] is not None]),
    }
    for name, (truth, values) in found.items():
        error = 1.2533 * np.std(values) / np.sqrt(len(values))
        assert abs(float(np.median(values)) - truth) < 3 * error, name


def test_the_intervals_hold_the_truth_as_often_as_they_say(many: list[Fit]) -> None:
    """95 % intervals over forty seeds: fewer than 34 would happen once in ten thousand times."""
    assert sum(holds(item.decline, 0.15) for item in many) >= 35
    assert sum(holds(item.reversion, 3.0) for item in many) >= 35
    assert sum(holds(item.volatility, 0.40) for item in many) >= 35
    assert sum(holds(item.jumps[0], -0.20) for item in many) >= 35


def test_the_errors_are_of_the_size_of_what_scatters(many: list[Fit]) -> None:
    for name in ("volatility", "reversion"):
        scatter = float(np.std([getattr(item, name).value for item in many]))
        told = float(np.median([getattr(item, name).error for item in many]))
        assert 0.6 * scatter < told < 1.7 * scatter, name


def test_a_short_history_says_that_it_cannot_tell() -> None:
    """Two years of a slow reversion: the interval is open below, and holds the truth none the less."""
    found = [fit(simulated(seed, years=2, decline=0.15, reversion=1.0, volatility=0.40)) for seed in range(20)]
    assert sum(item.reversion.low is None for item in found) > 15
    assert sum(holds(item.reversion, 1.0) for item in found) >= 17
    assert sum(holds(item.decline, 0.15) for item in found) >= 17


def restricted(history: History, kappa: float) -> float:
    """The restricted log likelihood from the dense covariance, for the parameters of a level and a trend only."""
    apart = np.abs(history.years[:, None] - history.years[None, :])
    same = history.segment[:, None] == history.segment[None, :]
    covariance = np.where(same, np.exp(-kappa * apart) / (2 * kappa), 0.0)
    levels = [(history.segment == number).astype(float) for number in range(int(history.segment.max()) + 1)]
    design = np.column_stack([-(history.years - history.years.mean()), *levels])
    inverse = np.linalg.inv(covariance)
    normal = design.T @ inverse @ design
    residual = history.logs - design @ np.linalg.solve(normal, design.T @ inverse @ history.logs)
    freedom = len(history.logs) - design.shape[1]
    variance = float(residual @ inverse @ residual) / freedom
    return float(-0.5 * (freedom * log(variance) + np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(normal)[1]))


def test_the_reversion_is_that_of_the_dense_likelihood() -> None:
    """Step by step over irregular steps and segments, against the whole covariance matrix and scipy's search."""
    history = simulated(3, years=3, decline=0.1, reversion=4.0, volatility=0.5, breaks=((1.3, -0.4),))
    found = fit(history)
    searched = minimize_scalar(
        lambda log_kappa: -restricted(history, exp(log_kappa)),
        bounds=(log(0.5), log(40)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert found.reversion.value == pytest.approx(exp(searched.x), rel=1e-4)
    assert found.log_likelihood == pytest.approx(-searched.fun, abs=1e-6)


def test_the_interval_ends_where_the_likelihood_has_fallen_by_half_a_chi_square() -> None:
    history = simulated(5, years=6, decline=0.1, reversion=6.0, volatility=0.5)
    found = fit(history)
    assert found.reversion.low is not None
    assert found.reversion.high is not None
    for end in (found.reversion.low, found.reversion.high):
        assert found.log_likelihood - restricted(history, end) == pytest.approx(3.8415 / 2, abs=0.02)


def test_a_break_moves_a_level_and_nothing_else() -> None:
    """However far a new composition lies from the old one, decline, reversion and volatility stay the same."""
    near, far = (
        fit(simulated(11, years=4, decline=0.2, reversion=4.0, volatility=0.4, breaks=((2.0, by),)))
        for by in (0.0, 5.0)
    )
    for name in ("decline", "reversion", "volatility"):
        assert getattr(far, name).value == pytest.approx(getattr(near, name).value, rel=1e-6)


def test_a_launch_between_segments_cannot_be_told_from_the_new_level() -> None:
    history = simulated(
        2, years=3, decline=0.1, reversion=4.0, volatility=0.4, jumps=((1.5, -0.2),), breaks=((1.5, 0.0),)
    )
    assert fit(history).jumps == (None,)


@pytest.mark.parametrize("logs", [np.zeros(60), np.linspace(0, -1, 60)])
def test_prices_that_do_not_move_bear_no_fit(logs: Array) -> None:
    years = np.arange(60) * WEEK
    with pytest.raises(TooFew, match="do not move"):
        fit(History(years, logs, np.zeros(60, dtype=np.int64), np.array([])))


def test_half_a_year_of_weeks_bears_no_fit() -> None:
    history = simulated(1, years=31 * WEEK + 0.001, decline=0, reversion=4, volatility=0.4)
    with pytest.raises(TooFew, match="31 observations for 2 levels, trend and jumps"):
        fit(history)


def test_a_history_of_nothing_but_breaks_bears_no_fit() -> None:
    years = np.arange(1000) * WEEK
    segment = (np.arange(1000) // 4).astype(np.int64)
    with pytest.raises(TooFew, match="more than 40 segments"):
        fit(History(years, np.zeros(1000), segment, np.array([])))
    with pytest.raises(TooFew, match="more than 100 launches"):
        fit(History(years, np.zeros(1000), np.zeros(1000, dtype=np.int64), np.linspace(0, 1, 101)))


# --- files ------------------------------------------------------------------------------------------------------------


def rows(days: list[date], prices: list[float], **more: str) -> str:
    head = "date,gpu_model,usd_per_gpu_hour,basis" + "".join(f",{name}" for name in more)
    tail = "".join(f",{value}" for value in more.values())
    body = [f"{day},H100,{price:.6f},spot{tail}" for day, price in zip(days, prices, strict=True)]
    return "\n".join([head, *body]) + "\n"


def weeks(count: int, start: date = date(2025, 1, 6)) -> list[date]:
    return [start + timedelta(days=7 * index) for index in range(count)]


def taken(text: str, treatment: Treatment | None = None) -> Series:
    (found,) = series_of(read_history(text.encode()), {} if treatment is None else {"H100": treatment})
    return found


def wave(count: int) -> list[float]:
    random = np.random.Generator(np.random.PCG64(9))
    return [float(price) for price in 2.0 * np.exp(np.cumsum(0.05 * random.standard_normal(count)))]


def test_a_gap_begins_a_new_segment_and_nothing_is_put_into_it() -> None:
    days = weeks(20) + weeks(20, date(2025, 9, 1))
    found = taken(rows(days, wave(40)))
    assert found.starts == (date(2025, 1, 6), date(2025, 9, 1))
    assert len(found.history.logs) == 40
    assert list(np.bincount(found.history.segment)) == [20, 20]
    assert len(taken(rows(days, wave(40)), Treatment(gap_days=365)).starts) == 1


def test_breaks_and_the_files_own_segments_begin_new_ones() -> None:
    named = taken(rows(weeks(40), wave(40)), Treatment(breaks=(date(2025, 3, 1), date(2025, 6, 2))))
    assert named.starts == (date(2025, 1, 6), date(2025, 3, 3), date(2025, 6, 2))
    text = rows(weeks(20), wave(20), segment="pools-6") + "".join(
        rows(weeks(20, date(2025, 5, 26)), wave(20), segment="pools-13").splitlines(keepends=True)[1:]
    )
    assert taken(text).starts == (date(2025, 1, 6), date(2025, 5, 26))


def test_what_lies_before_the_beginning_and_segments_too_short_are_left_out() -> None:
    treatment = Treatment(begins=date(2025, 2, 3), breaks=(date(2025, 2, 17),))
    found = taken(rows(weeks(40), wave(40)), treatment)
    assert (found.days[0], found.left_out) == (date(2025, 2, 17), 2)
    assert "OBSERVATIONS_LEFT_OUT" in calibrate(found, SHA).process.cautions


def test_bases_are_never_one_series() -> None:
    text = rows(weeks(40), wave(40)) + rows(weeks(40), wave(40)).replace("spot", "list").split("\n", 1)[1]
    assert [item.basis for item in series_of(read_history(text.encode()), {})] == ["list", "spot"]


def test_the_vintage_reads_as_reference_data() -> None:
    treatment = Treatment(launches=(date(2025, 6, 2),))
    found = calibrate(taken(rows(weeks(60), wave(60), source="made up"), treatment), SHA)
    vintage = found.vintage(date(2026, 3, 1))
    assert (vintage.id, vintage.vintage) == ("price_process.h100.spot", "2026-02-23")
    read = PriceProcess.model_validate(vintage.body)
    assert read == found.process
    assert (read.observations, read.attribution, read.jumps[0].on) == (60, ("made up",), date(2025, 6, 2))
    assert read.jumps[0].change is not None


def test_moves_that_follow_moves_are_told() -> None:
    """Prices smoothed over five weeks: innovations are correlated and a month shows more than √time says."""
    smooth = np.convolve(np.log(wave(120)), np.ones(5) / 5, mode="valid")
    read = calibrate(taken(rows(weeks(len(smooth)), [float(price) for price in np.exp(smooth)])), SHA).process
    assert "INNOVATIONS_CORRELATED" in read.cautions
    assert read.volatility_one_month is not None
    assert read.volatility_one_month > read.volatility.value


def test_a_move_that_nobody_named_is_told() -> None:
    prices = wave(80)
    prices[40:] = [price / 2 for price in prices[40:]]
    assert "INNOVATIONS_NOT_NORMAL" in calibrate(taken(rows(weeks(80), prices)), SHA).process.cautions
    named = Treatment(breaks=(weeks(80)[40],))
    assert "INNOVATIONS_NOT_NORMAL" not in calibrate(taken(rows(weeks(80), prices), named), SHA).process.cautions


def test_a_price_that_stands_still_for_weeks_is_told() -> None:
    prices = [price for price in wave(40) for _ in (0, 1)]
    assert "PRICE_STICKY" in calibrate(taken(rows(weeks(80), prices)), SHA).process.cautions


def test_the_chart_shows_every_price_and_begins_anew_at_a_break() -> None:
    named = Treatment(breaks=(date(2025, 3, 3),), launches=(date(2025, 6, 2),))
    drawn = chart([calibrate(taken(rows(weeks(60), wave(60)), named), SHA)])
    assert drawn.count("<circle") == 60
    assert drawn.count("<polygon") == drawn.count("<polyline") == 2
    assert "nan" not in drawn
    assert drawn == chart([calibrate(taken(rows(weeks(60), wave(60)), named), SHA)])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "header"),
        (b"\xff\xfe\x00", "encoding"),
        (b"date,gpu_model,basis\n", "header"),
        (b"date,gpu_model,usd_per_gpu_hour,cny_per_gpu_hour,basis\n", "header"),
        (b"date,gpu_model,usd_per_gpu_hour,basis\n", "no_rows"),
        (b'date,gpu_model,usd_per_gpu_hour,basis\n"2025-01-06', "quoting"),
    ],
)
def test_a_file_that_is_no_history_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(HistoryRefused) as refused:
        read_history(content)
    assert [fault.code for fault in refused.value.faults] == [code]


def test_every_bad_cell_is_named_at_once_and_none_is_repeated() -> None:
    text = (
        "date,gpu_model,usd_per_gpu_hour,basis\n"
        "2025-13-01,H100,2.1,spot\n"
        "2025-01-06,<script>,0,wholesale\n"
        "2025-01-06,H100,2.1\n"
        "2025-01-06,H100,2.1,spot\n"
        "2025-01-06,H100,2.2,spot\n"
        "2025-01-13,H100,NaN,spot\n"
        "2025-01-20,H100,-2.1,spot\n"
    )
    with pytest.raises(HistoryRefused) as refused:
        read_history(text.encode())
    assert [(fault.line, fault.column, fault.code) for fault in refused.value.faults] == [
        (2, "date", "day"),
        (3, "basis", "basis"),
        (3, "gpu_model", "model"),
        (3, "usd_per_gpu_hour", "price"),
        (4, "", "width"),
        (6, "date", "repeated"),
        (7, "usd_per_gpu_hour", "price"),
        (8, "usd_per_gpu_hour", "price"),
    ]
    assert "script" not in str(refused.value.faults)


def test_prices_in_yuan_are_prices_in_yuan() -> None:
    text = rows(weeks(40), wave(40)).replace("usd_per", "cny_per")
    history = read_history(text.encode())
    assert isinstance(history, PriceHistory)
    assert history.currency == "CNY"
