"""Trade that goes round in a circle (R4): money leaves the borrower and comes back to it within days."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from datetime import timedelta

from domain.application import ApplicationContent, PartyRole
from domain.integrity import TradeLeg
from policy.engine.integrity import IntegrityPolicy
from services.origination.calc.integrity.examination import Examination, IntegrityInputs

_CAUTIOUS = 4_000
"""So many legs about one borrower are looked through; with more the check says that it could not be run."""


def circular_trade(
    seen: Examination, inputs: IntegrityInputs, content: ApplicationContent, policy: IntegrityPolicy
) -> None:
    """R4: a cycle of payments and contracts through the borrower, of few legs and within few days."""
    borrower = content.party(PartyRole.BORROWER)
    if borrower is None or not inputs.legs:
        return
    if len(inputs.legs) > _CAUTIOUS:
        seen.silent("往来笔数过多，未能完成核查", "there are too many legs of trade to look through")
        return
    rules = policy.trades
    cycle = shortest_cycle(inputs.legs, borrower.uscc, rules.hops, rules.window_days)
    seen.look(
        f"no cycle through the borrower of ≤ {rules.hops} legs within {rules.window_days} days",
        "none" if cycle is None else f"{len(cycle)} legs",
        legs=len(inputs.legs),
    )
    if cycle is not None:
        path = " → ".join([cycle[0].payer, *(leg.payee for leg in cycle)])
        days = (max(leg.on for leg in cycle) - min(leg.on for leg in cycle)).days
        seen.hit(
            "CIRCULAR_TRADE",
            zh=f"资金或合同在 {days} 天内经 {len(cycle)} 个环节回到借款人：{path}",
            en=f"money or contracts return to the borrower through {len(cycle)} legs within {days} days: {path}",
            evidence="; ".join(
                f"{leg.payer} → {leg.payee} · {leg.on} · {leg.source} {leg.reference}".rstrip() for leg in cycle
            ),
        )


def shortest_cycle(legs: Iterable[TradeLeg], start: str, hops: int, window_days: int) -> tuple[TradeLeg, ...] | None:
    """The shortest cycle through ``start`` of at most ``hops`` legs whose days lie within ``window_days`` of one another;
    ``None`` where there is none.

    Every cycle has a first day: for the days of the legs in turn, the legs of that day and the window after it are searched
    breadth first, which finds a shortest way back.
    """
    ordered = sorted(
        (leg for leg in legs if leg.payer != leg.payee), key=lambda leg: (leg.on, leg.payer, leg.payee, leg.reference)
    )
    near = _within(ordered, start, hops)
    best: tuple[TradeLeg, ...] | None = None
    for day in sorted({leg.on for leg in near}):
        last = day + timedelta(days=window_days)
        found = _way_back(
            [leg for leg in near if day <= leg.on <= last], start, hops if best is None else len(best) - 1
        )
        if found is not None:
            best = found
    return best


def _within(legs: Sequence[TradeLeg], start: str, hops: int) -> list[TradeLeg]:
    """The legs that a cycle of so many hops through ``start`` can use."""
    away, back = _distances(legs, start, forward=True), _distances(legs, start, forward=False)
    return [
        leg for leg in legs if leg.payer in away and leg.payee in back and away[leg.payer] + 1 + back[leg.payee] <= hops
    ]


def _distances(legs: Sequence[TradeLeg], start: str, *, forward: bool) -> dict[str, int]:
    onward: dict[str, list[str]] = defaultdict(list)
    for leg in legs:
        origin, end = (leg.payer, leg.payee) if forward else (leg.payee, leg.payer)
        onward[origin].append(end)
    found = {start: 0}
    waiting = deque([start])
    while waiting:
        name = waiting.popleft()
        for following in onward[name]:
            if following not in found:
                found[following] = found[name] + 1
                waiting.append(following)
    return found


def _way_back(legs: Sequence[TradeLeg], start: str, hops: int) -> tuple[TradeLeg, ...] | None:
    onward: dict[str, list[TradeLeg]] = defaultdict(list)
    for leg in legs:
        onward[leg.payer].append(leg)
    came: dict[str, tuple[TradeLeg, ...]] = {}
    waiting: deque[tuple[str, tuple[TradeLeg, ...]]] = deque([(start, ())])
    while waiting:
        name, path = waiting.popleft()
        if len(path) == hops:
            continue
        for leg in onward[name]:
            if leg.payee == start:
                return (*path, leg)
            if leg.payee not in came:
                came[leg.payee] = (*path, leg)
                waiting.append((leg.payee, came[leg.payee]))
    return None
