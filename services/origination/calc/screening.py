"""Screening (准入): is this a case the lender takes at all.

Product admission, and every regulation that applies at submission: blacklist, related party, hidden local-government debt,
duplicate collateral, and the guard against an old loan under a new label.
"""

from datetime import date

from domain.application import ApplicationContent
from domain.finding import PolicyRef
from domain.limit import Exposures
from domain.model import Value
from domain.reference import LenderBooks
from policy.engine import Bundle, check_rules, rules_in_force
from services.origination.calc.case_facts import Screens, application_facts, book_facts, screen_facts
from services.origination.calc.concentration_facts import concentration_facts
from services.origination.calc.conclusion import Check
from services.origination.calc.eligibility import admission

MOMENT = "submission"


class ScreeningInputs(Value):
    """What screening is concluded from. The content and the bundles are found under their hashes."""

    content_sha256: str
    policy_sha256: str
    current_policy_sha256: str
    pinned_on: date
    as_of: date
    lender: LenderBooks
    exposures: Exposures
    screens: Screens


def screening(inputs: ScreeningInputs, content: ApplicationContent, pinned: Bundle, current: Bundle) -> Check:
    """Admission to the product and the regulations of the moment of submission."""
    line = content.lines[0]
    product = pinned.product(line.product, inputs.pinned_on)
    facts = application_facts(content, line, product)
    facts |= book_facts(line.amount, inputs.exposures, inputs.lender) | screen_facts(inputs.screens)
    facts |= concentration_facts(content, line, inputs.exposures, inputs.lender, current, inputs.as_of)
    check = Check()
    check.rules(admission(product, facts, line.purpose))
    rules = rules_in_force(pinned, current, MOMENT, inputs.lender.licence, inputs.pinned_on, inputs.as_of)
    check.rules(check_rules(rules, facts, "regulation"))
    return check


def policy_of(content: ApplicationContent, pinned: Bundle, on: date) -> PolicyRef:
    """The product's own file, which a screening stands on."""
    return pinned.ref(pinned.product(content.lines[0].product, on))
