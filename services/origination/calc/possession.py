"""Assets taken for a debt, held against the regulations of the moment of possession (商业银行法 §42)."""

from datetime import date
from typing import Final

from domain.facts import known
from domain.foreclosure import ForeclosedAsset, PossessionVerdict
from domain.repayment import maturity
from domain.requests.repayment import whole_months
from policy.engine import Bundle, FactValue, check_rules
from policy.engine.rules import LenderLicence

MOMENT: Final = "possession"


def possession(asset: ForeclosedAsset, licence: LenderLicence, bundle: Bundle) -> PossessionVerdict:
    """The rules in force for a lender on ``as_of``; without any the outcome is ``not_run``."""
    taken = known(asset.acquired_on)
    held = None if taken is None else months_begun(taken, asset.as_of)
    facts: dict[str, FactValue] = {
        "foreclosed.kind": asset.kind,
        "foreclosed.months_held": asset.acquired_on if held is None else held,
    }
    decided = check_rules(bundle.regulations(MOMENT, licence, asset.as_of), facts, "regulation")
    return PossessionVerdict(
        outcome=decided.outcome,
        months_held=held,
        reasons=decided.reasons,
        trace=decided.trace,
        policy_sha256=bundle.sha256,
        as_of=asset.as_of,
    )


def months_begun(start: date, end: date) -> int:
    """Months from one day to another, a month that has begun counted whole."""
    months = whole_months(start, end)
    return months if maturity(start, months) == end else months + 1
