"""The regulations that apply when credit is approved, by the lender's licence and the day, and product fit once more."""

from datetime import date

from pydantic import Field

from domain.application import ApplicationContent
from domain.collateral import Valuation
from domain.decision import not_given
from domain.limit import Exposures, Limit
from domain.model import Value
from domain.money import UnitPrice
from domain.rating import Rating
from domain.reference import LenderBooks
from policy.engine import Bundle, FactValue, Moment, check_rules, rules_in_force
from services.origination.calc.case_facts import (
    Screens,
    application_facts,
    assessment_facts,
    book_facts,
    screen_facts,
    valid_guarantees,
)
from services.origination.calc.concentration_facts import concentration_facts
from services.origination.calc.conclusion import Check
from services.origination.calc.exposures import conversion_of
from services.origination.calc.fit_facts import property_share, refinancing_facts, statement_facts
from services.origination.calc.loan_facts import concluded_facts
from services.origination.calc.product_fit import product_fit
from services.origination.calc.security_facts import security_facts

MOMENT = "approval"


class RegulationInputs(Value):
    """What the regulations are checked on. Content and bundles are found under their hashes."""

    content_sha256: str
    policy_sha256: str
    current_policy_sha256: str
    pinned_on: date
    as_of: date
    lender: LenderBooks
    exposures: Exposures
    screens: Screens
    rating: Rating | None
    limit: Limit | None
    valuations: tuple[Valuation, ...]
    debt_service_cover: UnitPrice | None = Field(default=None, exclude_if=not_given)
    """Of the rating's own facts; ``None`` where it could not be told."""
    price_below_floor: bool | None = Field(default=None, exclude_if=not_given)
    """Whether the price lies below the floor that holds for everybody; ``None`` while there is no price."""


def facts_of(
    inputs: RegulationInputs, content: ApplicationContent, pinned: Bundle, current: Bundle
) -> dict[str, FactValue]:
    """Everything known of the case at approval, by the policy's names."""
    line = content.lines[0]
    product = pinned.product(line.product, inputs.pinned_on)
    facts = application_facts(content, line, product)
    conversion = conversion_of(product, current, inputs.as_of)
    facts |= book_facts(line.amount, inputs.exposures, inputs.lender, conversion)
    facts |= screen_facts(inputs.screens)
    facts |= concentration_facts(content, line, inputs.exposures, inputs.lender, current, inputs.as_of)
    facts |= security_facts(content)
    facts["price.below_floor"] = inputs.price_below_floor
    guaranteed = valid_guarantees(content, pinned.limits(inputs.pinned_on))
    facts |= assessment_facts(line.amount, inputs.rating, inputs.limit, inputs.valuations, guaranteed)
    facts |= statement_facts(content)
    facts |= refinancing_facts(content, line, inputs.screens.replaced_purpose, inputs.as_of)
    facts["security.property_share"] = property_share(line.amount, inputs.valuations)
    facts["finance.debt_service_cover"] = inputs.debt_service_cover
    facts |= concluded_facts(content, product, inputs.limit, inputs.exposures, inputs.lender)
    return facts


def regulation(inputs: RegulationInputs, content: ApplicationContent, pinned: Bundle, current: Bundle) -> Check:
    """The rows of the pinned policy, and every BLOCK in force on the day despite pinning."""
    check = Check()
    rules = rules_in_force(pinned, current, MOMENT, inputs.lender.licence, inputs.pinned_on, inputs.as_of)
    facts = facts_of(inputs, content, pinned, current)
    check.rules(check_rules(rules, facts, "regulation"))
    product = pinned.product(content.lines[0].product, inputs.pinned_on)
    product_fit(check, product, pinned, inputs.pinned_on, facts, Moment.APPROVAL)
    return check
