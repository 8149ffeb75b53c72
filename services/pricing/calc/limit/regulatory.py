"""The regulatory cap: the room that the concentration rules in force leave this lender.

The rules are policy (regulation rows of the form ``exposure.… > factor × lender.…``); each is solved for the amount
that would just keep it. Loans are measured against net capital, exposures against tier 1, and the two are never
mixed.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from domain.finding import Outcome, Reason
from domain.pricing import CapName, LimitRequest
from domain.reference import LenderBooks
from policy.engine import Bundle, FactDefinition, Moment, Regulation, Severity
from policy.engine.conditions import AgainstFact, parse_tests
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.limit.cap import Formed, lacking, of
from services.pricing.calc.periods import WIDE

_MEASURES = {
    "exposure.customer_loans_after": "customer_loans",
    "exposure.customer_after": "customer_exposure",
    "exposure.group_after": "group_exposure",
}
_CAPITAL = {"lender.net_capital": "net_capital", "lender.tier1_capital": "tier1_capital"}


def regulatory(request: LimitRequest, bundle: Bundle, lender: LenderBooks, trace: Trace) -> Formed:
    """The smallest room of all concentration rules that block, as of the request's business date.

    A licence for which the policy has no such rule refers: unlimited room is nothing a policy would leave unsaid.
    """
    rooms = sorted(_rooms(request, bundle, lender, trace))
    if not rooms:
        return lacking(CapName.REGULATORY, ("concentration_rules",))
    room, rule_id = rooms[0]
    if room > 0:
        return of(CapName.REGULATORY, room, rule_id)
    reason = Reason(
        code=rule_id,
        message_zh="集中度限额已用尽",
        message_en="the concentration limit is used up",
        subject="exposures",
    )
    return of(CapName.REGULATORY, Decimal(0), rule_id, Outcome.FAIL, (reason,))


def _rooms(request: LimitRequest, bundle: Bundle, lender: LenderBooks, trace: Trace) -> Iterator[tuple[Decimal, str]]:
    vocabulary = bundle.vocabulary(request.as_of)
    for rule in bundle.regulations(Moment.APPROVAL, lender.licence, request.as_of):
        if rule.severity is not Severity.BLOCK:
            continue
        for measure, bound in _bounds(rule, vocabulary):
            current = getattr(request.exposures, _MEASURES[measure]).amount
            capital = getattr(request.exposures, _CAPITAL[bound.other]).amount
            room = WIDE.multiply(bound.factor, capital) - current
            trace.term(
                f"regulatory/{rule.id}",
                f"{format(bound.factor, 'f')} × {bound.other} − {_MEASURES[measure]}",
                room,
                capital=capital,
                current=current,
            )
            yield room, rule.id


def _bounds(rule: Regulation, vocabulary: Mapping[str, FactDefinition]) -> Iterator[tuple[str, AgainstFact]]:
    """What a rule says of an exposure against capital; conditions on other facts only narrow whom it speaks of."""
    for condition in rule.breached_when:
        tests, _ = parse_tests(condition, vocabulary, against_facts=True)
        for test in tests:
            cell = test.cell
            if (
                test.fact in _MEASURES
                and isinstance(cell, AgainstFact)
                and cell.sign in (">", ">=")
                and cell.other in _CAPITAL
            ):
                yield test.fact, cell
