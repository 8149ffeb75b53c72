"""The regulatory cap: the room that the concentration rules in force leave this lender.

The rules are policy (regulation rows of the form ``exposure.… > factor × lender.…``); each is solved for the amount
that would just keep it. Loans are measured against net capital, exposures against tier 1, and the two are never
mixed. Where a firm owes several lenders, the ceiling they agreed on (联合授信) leaves a room of its own.
"""

from collections.abc import Iterator
from decimal import Decimal

from domain.finding import Outcome, Reason
from domain.limit import CapName, JointCredit, LimitRequest
from domain.reference import LenderBooks
from policy.engine import Bundle, LimitPolicy, Moment, Regulation, Severity
from policy.engine.conditions import AgainstFact
from policy.engine.limit import JointCreditDuty
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.limit.cap import Formed, lacking, of
from services.pricing.calc.periods import WIDE

_MEASURES = {
    "exposure.customer_loans_after": "customer_loans",
    "exposure.customer_after": "customer_exposure",
    "exposure.group_after": "group_exposure",
}
JOINT_CREDIT = "JOINT_CREDIT_CEILING"
_CAPITAL = {"lender.net_capital": "net_capital", "lender.tier1_capital": "tier1_capital"}


def regulatory(
    request: LimitRequest, bundle: Bundle, rules: LimitPolicy | None, lender: LenderBooks, trace: Trace
) -> Formed:
    """The smallest room of all concentration rules that block, as of the request's business date; of equal ones that of
    the first id.

    A licence for which the policy has no such rule refers: unlimited room is nothing a policy would leave unsaid. So does
    a joint-credit duty without a ceiling on file.
    """
    rooms = sorted(_rooms(request, bundle, lender, trace))
    if not rooms:
        return lacking(CapName.REGULATORY, ("concentration_rules",))
    if rules is not None and request.joint_credit is not None:
        joint, missing = _joint_room(request.joint_credit, request.asked.amount, rules.joint_credit, trace)
        if missing:
            return lacking(CapName.REGULATORY, missing)
        if joint is not None:
            rooms = sorted([*rooms, (joint, JOINT_CREDIT)])
    room, rule_id = rooms[0]
    if room > 0:
        return of(CapName.REGULATORY, room, rule_id)
    reason = Reason(
        code=rule_id,
        message_zh="联合授信额度已用尽" if rule_id == JOINT_CREDIT else "集中度限额已用尽",
        message_en=f"the {'joint-credit' if rule_id == JOINT_CREDIT else 'concentration'} limit is used up",
        subject="joint_credit" if rule_id == JOINT_CREDIT else "exposures",
    )
    return of(CapName.REGULATORY, Decimal(0), rule_id, Outcome.FAIL, (reason,))


def _joint_room(
    joint: JointCredit, asked: Decimal, duty: JointCreditDuty, trace: Trace
) -> tuple[Decimal | None, tuple[str, ...]]:
    """What the agreed ceiling leaves, or the facts that are lacking; neither where lenders need no ceiling."""
    total = None if joint.total_financing is None else joint.total_financing.amount
    if joint.ceiling is None:
        # The lender asked is one of them. A fact that already rules the duty out makes the other unnecessary.
        few = joint.lenders is not None and joint.lenders + 1 < duty.lenders
        small = total is not None and total + asked < duty.total_financing.amount
        trace.term(
            "regulatory/joint_credit",
            "a ceiling is due from this many lenders and this total financing on",
            "no" if few or small else "due",
            other_lenders=joint.lenders,
            total_financing=joint.total_financing,
            asked=asked,
            from_lenders=duty.lenders,
            from_total=duty.total_financing,
        )
        if few or small:
            return None, ()
        unknown = (("joint_credit/lenders", joint.lenders), ("joint_credit/total_financing", total))
        return None, tuple(name for name, value in unknown if value is None) or ("joint_credit/ceiling",)
    if total is None:
        return None, ("joint_credit/total_financing",)
    room = joint.ceiling.amount - total
    trace.term(
        f"regulatory/{JOINT_CREDIT}",
        "ceiling − total financing of all lenders",
        room,
        ceiling=joint.ceiling,
        total_financing=joint.total_financing,
    )
    return room, ()


def _rooms(request: LimitRequest, bundle: Bundle, lender: LenderBooks, trace: Trace) -> Iterator[tuple[Decimal, str]]:
    for rule in bundle.regulations(Moment.APPROVAL, lender.licence, request.as_of):
        if rule.severity is not Severity.BLOCK:
            continue
        for measure, bound in _bounds(rule):
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


def _bounds(rule: Regulation) -> Iterator[tuple[str, AgainstFact]]:
    """What a rule says of an exposure against capital; conditions on other facts only narrow whom it speaks of."""
    for tests in rule.breaches:
        for test in tests:
            cell = test.cell
            if (
                test.fact in _MEASURES
                and isinstance(cell, AgainstFact)
                and cell.sign in (">", ">=")
                and cell.other in _CAPITAL
            ):
                yield test.fact, cell
