"""What pricing costs in processor time: one case, a portfolio, a million risk weights. No bank runs; nothing is stored.

Each result is compared with what stands beside it before either is timed.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec

import numpy as np

from domain.pricing import Instalment, QuoteRequest
from domain.reference import FtpCurve, Lpr
from services.pricing.calc.irb import risk_weight
from services.pricing.calc.irb_portfolio import AGREEMENT, risk_weights
from services.pricing.calc.limit import limit
from services.pricing.calc.price import quote
from services.pricing.calc.price.build_up import Books
from services.pricing.calc.price.cost import comprehensive_cost
from services.pricing.calc.price.portfolio import columns_of
from services.pricing.calc.price.repricing import Repriced, reprice
from services.pricing.calc.rating import rate
from services.pricing.calc.schedule import level_payment, repayment_plan
from suandai.bench import pricing_case
from suandai.bench.figures import Figure, figure, median
from suandai.bench.pricing_case import MONTHS, PricingDesk

Told = Callable[[str], None]


@dataclass(frozen=True)
class PricingSizes:
    """How much is measured. The defaults take about a minute on one processor."""

    rounds: int = 400
    quotes: int = 100_000
    single_quotes: int = 1_000
    loans: int = 1_000_000
    single_loans: int = 20_000


QUICK = PricingSizes(rounds=40, quotes=5_000, single_quotes=100, loans=50_000, single_loans=2_000)


class Disagreement(RuntimeError):
    """Two ways to one figure came to different ones: their times compare nothing."""


def pricing_figures(sizes: PricingSizes, told: Told) -> list[Figure]:
    """Every figure of pricing. Raises ``Disagreement`` where what is compared does not agree."""
    desk = pricing_case.desk()
    told(f"rating, limit, quote and {MONTHS} instalments, {sizes.rounds} times")
    figures = [_one_case(desk, sizes.rounds), *_plans(desk, sizes.rounds), *_roots(desk, sizes.rounds)]
    told(f"{sizes.quotes:,} quotes after a move of LPR, FTP and PD")
    figures += _repriced(desk, sizes)
    told(f"{sizes.loans:,} risk weights")
    return [*figures, _risk_weights(sizes)]


def _one_case(desk: PricingDesk, rounds: int) -> Figure:
    bundle = desk.bundle
    asked = (
        pricing_case.rating_request(bundle),
        pricing_case.limit_request(bundle),
        pricing_case.quote_request(bundle),
        pricing_case.schedule_request(bundle),
    )
    steps: dict[str, Callable[[], object]] = {
        "rating": lambda: rate(asked[0], bundle),
        "limit": lambda: limit(asked[1], bundle, desk.lender, desk.lpr),
        "quote": lambda: quote(asked[2], bundle, desk.lender, desk.lpr, desk.ftp),
        "schedule": lambda: repayment_plan(asked[3], bundle, desk.calendar),
    }
    plan = repayment_plan(asked[3], bundle, desk.calendar).value
    if plan is None or len(plan.instalments) != MONTHS:
        raise Disagreement("the measured plan has another number of instalments than it says")
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            seconds[name].append(_timed(step))
    whole = [sum(parts) for parts in zip(*seconds.values(), strict=True)]
    parts = ", ".join(f"{name} {median(spent) * 1000:.2f}" for name, spent in seconds.items())
    note = f"one case, one processor, median of {rounds}: {parts} ms; conclusions with reasons and trace, not filed; aim < 3"
    return figure("quote_ms", median(whole) * 1000, "ms", note=note)


def _plans(desk: PricingDesk, rounds: int) -> Iterator[Figure]:
    """Due dates and interest of a plan of equal principal, beside QuantLib's coupons on the same notionals."""
    request = pricing_case.schedule_request(desk.bundle, "equal_principal")
    name, note = f"schedule_{MONTHS}_ms", f"{MONTHS} instalments of equal principal, median of {rounds}"

    def ours() -> tuple[Instalment, ...]:
        plan = repayment_plan(request, desk.bundle, desk.calendar).value
        assert plan is not None
        return plan.instalments

    if find_spec("QuantLib") is None:
        yield figure(name, median([_timed(ours) for _ in range(rounds)]) * 1000, "ms", note=f"{note}; no QuantLib here")
        return
    from suandai.bench.quantlib_plan import QuantLibPlan

    assert request.annual_rate is not None
    beside = QuantLibPlan(ours(), desk.calendar.value, request.principal.amount, request.annual_rate)
    for row, (due, interest) in zip(ours(), beside.flows(), strict=True):
        if row.due != due or abs(float(row.interest.amount) - interest) > 0.00501:
            raise Disagreement(f"instalment {row.number}: QuantLib has another due date or interest")
    mine, theirs = _by_turns(ours, beside.flows, rounds)
    note = f"{note}; beside: QuantLib's schedule, coupons and due dates, without rounding, trace or checks"
    yield figure(name, median(mine) * 1000, "ms", beside=median(theirs) * 1000, note=note)


def _roots(desk: PricingDesk, rounds: int) -> Iterator[Figure]:
    """The all-in cost of a loan with fees, a decimal root, beside pyxirr's float one."""
    asked = pricing_case.quote_request(desk.bundle)
    amount, yearly = asked.amount.amount, Decimal("0.0465")

    def ours() -> Decimal | None:
        return comprehensive_cost(amount, yearly, MONTHS, asked.fees)

    note = f"all-in cost of {MONTHS} instalments and a fee, median of {rounds}"
    if find_spec("pyxirr") is None:
        yield figure(
            "cost_ms", median([_timed(ours) for _ in range(rounds)]) * 1000, "ms", note=f"{note}; no pyxirr here"
        )
        return
    import pyxirr

    payment = level_payment(amount, [yearly / 12] * MONTHS)
    flows = [float(amount - asked.fees[0].amount.amount)] + [-float(payment)] * MONTHS

    def theirs() -> float:
        return 12 * float(pyxirr.irr(flows) or 0)

    found = ours()
    if found is None or abs(float(found) - theirs()) > 1.1e-8:
        raise Disagreement("pyxirr finds another cost")
    mine, beside = _by_turns(ours, theirs, rounds)
    note += "; beside: pyxirr's internal rate of the same flows, which are given to it ready"
    yield figure("cost_ms", median(mine) * 1000, "ms", beside=median(beside) * 1000, note=note)


def _repriced(desk: PricingDesk, sizes: PricingSizes) -> Iterator[Figure]:
    requests = pricing_case.portfolio(desk.bundle, sizes.quotes)
    before = Books(desk.lender.value, desk.lpr.value, desk.ftp.value)
    after = Books(before.lender, _moved_lpr(before.lpr), _moved_ftp(before.ftp))
    begun = time.perf_counter()
    columns = columns_of(requests, desk.bundle, before.lender)
    read = time.perf_counter() - begun
    moved = columns.with_pd(np.minimum(columns.pd + columns.pd // 10, 99_000_000))
    begun = time.perf_counter()
    found = reprice(moved, after)
    taken = time.perf_counter() - begun
    again = min(taken, *(_timed(lambda: reprice(moved, after)) for _ in range(3)))
    sampled = range(0, sizes.quotes, max(1, sizes.quotes // sizes.single_quotes))
    singles = [requests[place].model_copy(update={"pd": Decimal(int(moved.pd[place])).scaleb(-8)}) for place in sampled]
    loop = _single_quotes(desk, after, singles, found, sampled) / len(singles) * sizes.quotes
    count = _count(sizes.quotes)
    aside = f"beside: one quote after the other, {len(singles)} measured and extrapolated, every term of them the same"
    yield figure(
        f"reprice_{count}_s",
        read + taken,
        "s",
        beside=loop,
        note=(
            f"{sizes.quotes:,} different requests read into columns ({read:.2f} s) and repriced, one process; {aside}; "
            "aim < 60 on 2 processors"
        ),
    )
    yield figure(
        f"reprice_again_{count}_s", again, "s", beside=loop, note=f"the next move of the market, columns kept; {aside}"
    )


def _single_quotes(
    desk: PricingDesk, books: Books, singles: Sequence[QuoteRequest], found: Repriced, places: Sequence[int]
) -> float:
    """Seconds for the sampled quotes one by one. Raises ``Disagreement`` where a term differs in any digit."""
    lpr = type(desk.lpr)(books.lpr, desk.lpr.ref)
    ftp = type(desk.ftp)(books.ftp, desk.ftp.ref)
    begun = time.perf_counter()
    exact = [quote(request, desk.bundle, desk.lender, lpr, ftp).value for request in singles]
    seconds = time.perf_counter() - begun
    for place, value in zip(places, exact, strict=True):
        same = value is not None and (
            all(found.term(part.name, place) == part.rate for part in value.components)
            and value.margin_bps == found.margin_bps[place]
            and all(
                found.term(name, place) == getattr(value, name)
                for name in ("all_in_rate", "floor_rate", "raroc", "comprehensive_cost", "effective_cost")
            )
        )
        if not same:
            raise Disagreement(f"quote {place} of the portfolio is not the single quote")
    return seconds


def _moved_lpr(lpr: Lpr) -> Lpr:
    return lpr.model_copy(
        update={"one_year": lpr.one_year - Decimal("0.0010"), "five_year": lpr.five_year - Decimal("0.0010")}
    )


def _moved_ftp(ftp: FtpCurve) -> FtpCurve:
    points = tuple(point.model_copy(update={"rate": point.rate - Decimal("0.00085")}) for point in ftp.points)
    return ftp.model_copy(update={"points": points})


def _risk_weights(sizes: PricingSizes) -> Figure:
    chance = np.random.default_rng(20261123)
    pd = np.round(chance.uniform(0.0005, 0.2, sizes.loans), 8)
    lgd = np.round(chance.uniform(0.1, 0.6, sizes.loans), 8)
    sales = np.round(chance.uniform(1, 90, sizes.loans), 8)

    def ours() -> np.ndarray:
        return risk_weights(pd, lgd, sales_eur_m=sales)

    places = range(0, sizes.loans, max(1, sizes.loans // sizes.single_loans))
    figures = [
        (Decimal(repr(float(pd[k]))), Decimal(repr(float(lgd[k]))), Decimal(repr(float(sales[k])))) for k in places
    ]
    begun = time.perf_counter()
    exact = [risk_weight(p, loss, sales_eur_m=size) for p, loss, size in figures]
    loop = (time.perf_counter() - begun) / len(figures) * sizes.loans
    found = ours()
    if any(abs(float(weight) - found[k]) > AGREEMENT for k, weight in zip(places, exact, strict=True)):
        raise Disagreement("a risk weight of the portfolio is not the exact one")
    return figure(
        f"irb_{_count(sizes.loans)}_s",
        min(_timed(ours) for _ in range(3)),
        "s",
        beside=loop,
        note=f"{sizes.loans:,} corporate risk weights, best of 3; beside: a plain loop, {len(figures):,} measured and extrapolated",
    )


def _by_turns(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[list[float], list[float]]:
    pairs = [(_timed(ours), _timed(theirs)) for _ in range(rounds)]
    return [mine for mine, _ in pairs], [other for _, other in pairs]


def _timed(step: Callable[[], object]) -> float:
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun


def _count(number: int) -> str:
    """A round number as figures name it: 100k, 1m."""
    for unit, letter in ((1_000_000, "m"), (1_000, "k")):
        if number >= unit and number % unit == 0:
            return f"{number // unit}{letter}"
    return str(number)
