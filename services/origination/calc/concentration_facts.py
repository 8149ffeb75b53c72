"""The facts that the rules of concentration, connection and the lender's mandate ask of a case.

Whether a customer is a financial institution is told by its industry, as policy lists it; one that is not shown to be
one is measured by the narrower limits of ordinary customers.
"""

from datetime import date
from decimal import Decimal
from typing import Final

from domain.application import ApplicationContent, CreditLineRequest
from domain.facts import FactState, known
from domain.limit import Exposures
from domain.money import Money
from domain.reference import LenderBooks
from domain.requests.card_facts import latest_year
from domain.requests.pricing import joint_credit
from policy.engine import Bundle, FactValue, PolicyNotInForce, evaluate

DEPENDENCE_EXAMINED: Final = "economic_dependence_examination"
OUT_OF_AREA_CONSENT: Final = "out_of_area_consent"
RELATED_RESOLUTIONS: Final = frozenset(
    {"related_transactions_committee_resolution", "related_transactions_board_resolution"}
)
"""Kinds of document that prove an examination or a consent."""
_NO_SYNDICATE = FactState.NOT_APPLICABLE


def concentration_facts(
    content: ApplicationContent,
    line: CreditLineRequest,
    exposures: Exposures,
    lender: LenderBooks,
    policy: Bundle,
    on: date,
) -> dict[str, FactValue]:
    """What the application and the lender's books say, by the names of ``vocabulary/concentration.yaml``.

    ``policy`` and ``on`` are those whose rules apply whatever a case is pinned to: the lists they read must be there.
    """
    borrower = content.borrower
    filed = {item.kind for item in content.documents}
    return {
        "borrower.industry_division": _division(content),
        "borrower.interbank": _interbank(content, policy, on),
        "borrower.in_group": exposures.group_id is not None,
        "borrower.in_lender_area": in_area(borrower.division_code, lender.region),
        "borrower.hidden_debt": borrower.hidden_debt,
        "borrower.fiscal_repayment": borrower.fiscal_repayment,
        "loan.out_of_area_consent": OUT_OF_AREA_CONSENT in filed,
        "group.dependence_examined": DEPENDENCE_EXAMINED in filed,
        "related.board_resolved": filed >= RELATED_RESOLUTIONS,
        "exposure.unified_known": exposures.unified_customer is not None and exposures.unified_group is not None,
        "exposure.unified_ceiling_set": exposures.unified_ceiling is not None,
        "exposure.unified_ceiling": exposures.unified_ceiling,
        "exposure.related_all_after": None
        if exposures.related_total is None
        else exposures.related_total + line.amount,
        "security.unsecured_amount": _unsecured(content),
        **_joint(content, line, lender),
        **_syndicate(line),
        **_ratios(lender),
    }


def in_area(division: str | None, region: str) -> bool | None:
    """Whether an administrative division (GB/T 2260) lies in a lender's region; ``None`` where the division is not given.

    A region that ends in zeros is a province or a prefecture and holds every division that begins like it.
    """
    if division is None:
        return None
    held = region
    while len(held) > 2 and held.endswith("00"):
        held = held[:-2]
    return division.startswith(held)


def _division(content: ApplicationContent) -> int | None:
    """The two-digit division of the borrower's industry code, with or without the letter of its section."""
    code = known(content.borrower.industry)
    return None if code is None else int(code.lstrip("ABCDEFGHIJKLMNOPQRST")[:2])


def _interbank(content: ApplicationContent, policy: Bundle, on: date) -> bool | None:
    division = _division(content)
    if division is None:
        return False
    try:
        table = policy.table("interbank_customers", on)
    except PolicyNotInForce:
        # A policy without the list has no rule that asks either.
        return None
    return evaluate(table, {"borrower.industry_division": division}).outputs.get("interbank") is True


def _unsecured(content: ApplicationContent) -> Money | None:
    """The legs of the security mix that rest on nothing but the borrower's credit; ``None`` while no mix is stated."""
    if not content.security:
        return None
    return Money(amount=sum((leg.amount.amount for leg in content.security if leg.method == "credit"), Decimal(0)))


def _joint(content: ApplicationContent, line: CreditLineRequest, lender: LenderBooks) -> dict[str, FactValue]:
    accounts = latest_year(content)
    ceiling = known(content.borrower.joint_credit_ceiling)
    if accounts is None or accounts.debt is None:
        return {"joint.ceiling_agreed": ceiling is not None}
    joint = joint_credit(accounts, ceiling, lender.name)
    others = joint.lenders if joint is not None else 0
    total = joint.total_financing if joint is not None else None
    return {
        "joint.lenders": None if others is None else others + 1,
        "joint.financing": line.amount if joint is None else total + line.amount if total is not None else None,
        "joint.ceiling_agreed": ceiling is not None,
    }


def _syndicate(line: CreditLineRequest) -> dict[str, FactValue]:
    plan = line.syndication
    if plan is None:
        return {
            "syndicate.role": "none",
            "syndicate.own_share": _NO_SYNDICATE,
            "syndicate.distributed_share": _NO_SYNDICATE,
            "syndicate.smallest_lead_share": _NO_SYNDICATE,
            "syndicate.largest_share": _NO_SYNDICATE,
            "syndicate.leads_share": _NO_SYNDICATE,
        }
    leads = [member.share for member in plan.leads]
    return {
        "syndicate.role": plan.role.value,
        "syndicate.own_share": plan.own.share,
        "syndicate.distributed_share": 1 - plan.own.share,
        "syndicate.smallest_lead_share": min(leads),
        "syndicate.largest_share": max(member.share for member in plan.members),
        "syndicate.leads_share": sum(leads, Decimal(0)),
    }


def _ratios(lender: LenderBooks) -> dict[str, FactValue]:
    ratios = lender.ratios
    return {
        "lender.ratios_reported": ratios is not None,
        "lender.core_tier1_ratio": ratios.core_tier1 if ratios else None,
        "lender.tier1_ratio": ratios.tier1 if ratios else None,
        "lender.capital_ratio": ratios.total if ratios else None,
    }
