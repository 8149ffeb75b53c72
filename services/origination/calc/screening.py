"""Screening (准入): is this a case the lender takes at all.

Product admission, every regulation that applies at submission (blacklist, related party, hidden local-government debt,
duplicate collateral), and product fit: ordinary criteria first, and no old loan under a new label. What fraud checks
cannot let pass ends a case here.
"""

from datetime import date

from pydantic import Field

from domain.application import ApplicationContent
from domain.finding import Outcome, PolicyRef
from domain.limit import Exposures
from domain.model import Value
from domain.reference import LenderBooks
from policy.engine import Bundle, Moment, check_rules, rules_in_force
from services.origination.calc.case_facts import Screens, application_facts, book_facts, screen_facts
from services.origination.calc.concentration_facts import concentration_facts
from services.origination.calc.conclusion import Check
from services.origination.calc.eligibility import admission, purpose_reason
from services.origination.calc.exposures import conversion_of
from services.origination.calc.fit_facts import refinancing_facts, statement_facts
from services.origination.calc.integrity.examination import IntegrityInputs
from services.origination.calc.integrity.run import examine, take_over
from services.origination.calc.product_fit import product_fit
from services.origination.calc.security_facts import security_facts

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
    integrity: IntegrityInputs | None = Field(default=None, exclude_if=lambda inputs: inputs is None)
    """Of the fraud and consistency checks of this moment; ``None`` where the pinned policy has none."""


def screening(inputs: ScreeningInputs, content: ApplicationContent, pinned: Bundle, current: Bundle) -> Check:
    """Admission to the product and the regulations of the moment of submission."""
    line = content.lines[0]
    product = pinned.product(line.product, inputs.pinned_on)
    facts = application_facts(content, line, product)
    conversion = conversion_of(product, current, inputs.as_of)
    facts |= book_facts(line.amount, inputs.exposures, inputs.lender, conversion) | screen_facts(inputs.screens)
    facts |= concentration_facts(content, line, inputs.exposures, inputs.lender, current, inputs.as_of)
    facts |= security_facts(content)
    check = Check()
    check.rules(admission(product, facts, line.purpose))
    if product.offered_to and line.purpose not in product.purposes:
        reason = purpose_reason(line.purpose)
        check.note(reason.code, Outcome.FAIL, zh=reason.message_zh, en=reason.message_en, subject=reason.subject)
    facts |= statement_facts(content)
    facts |= refinancing_facts(content, line, inputs.screens.replaced_purpose, inputs.as_of)
    product_fit(check, product, pinned, inputs.pinned_on, facts, Moment.SUBMISSION)
    rules = rules_in_force(pinned, current, MOMENT, inputs.lender.licence, inputs.pinned_on, inputs.as_of)
    check.rules(check_rules(rules, facts, "regulation"))
    if inputs.integrity is not None:
        take_over(check, examine(inputs.integrity, content, pinned))
    return check


def policy_of(content: ApplicationContent, pinned: Bundle, on: date) -> PolicyRef:
    """The product's own file, which a screening stands on."""
    return pinned.ref(pinned.product(content.lines[0].product, on))
