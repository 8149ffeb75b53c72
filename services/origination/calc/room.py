"""Whether what is about to be granted keeps the limits on what a lender may have at stake, by the books of this moment.

The check of regulations at assessment asks the same rules; between it and the approval other cases may have taken the room.
"""

from collections.abc import Mapping
from datetime import date

from domain.application import ApplicationContent
from domain.finding import Reason
from domain.limit import Exposures
from domain.money import ZERO, Money
from domain.reference import LenderBooks
from policy.engine import Bundle, Product, Severity, check_rules, rules_in_force
from services.origination.calc.case_facts import application_facts, book_facts
from services.origination.calc.concentration_facts import concentration_facts
from services.origination.calc.eligibility import committed_by_family
from services.origination.calc.exposures import conversion_of
from services.origination.calc.regulation import MOMENT

_MEASURES = "exposure."


def concentration_breaches(
    amount: Money,
    exposures: Exposures,
    lender: LenderBooks,
    content: ApplicationContent,
    pinned: Bundle,
    current: Bundle,
    pinned_on: date,
    as_of: date,
) -> tuple[Reason, ...]:
    """Every BLOCK that measures an exposure and that the amount would breach. What such a rule asks for and is not known was
    referred at assessment, and whoever approved has decided on it."""
    rules = [
        rule
        for rule in rules_in_force(pinned, current, MOMENT, lender.licence, pinned_on, as_of)
        if rule.severity is Severity.BLOCK and any(fact.startswith(_MEASURES) for fact in rule.facts_asked())
    ]
    line = content.lines[0]
    product = pinned.product(line.product, pinned_on)
    facts = application_facts(content, line, product)
    facts |= book_facts(amount, exposures, lender, conversion_of(product, current, as_of))
    facts |= concentration_facts(content, line, exposures, lender, current, as_of)
    return tuple(breach.reason for breach in check_rules(rules, facts, "room").breaches)


def family_breaches(
    amount: Money, product: Product, bundle: Bundle, on: date, held: Mapping[str, Money]
) -> tuple[Reason, ...]:
    """That one borrower would have more under all products of a family together than its bound (rows A8, A9). ``held`` is what
    its other cases have by product."""
    if product.family is None:
        return ()
    family = bundle.product_family(product.family, on)
    if family.borrower_cap is None:
        return ()
    used = committed_by_family(bundle, on, held).get(family.id, ZERO)
    if used + amount <= family.borrower_cap:
        return ()
    had, cap = f"{used.amount:,.2f}", f"{family.borrower_cap.amount:,.2f}"
    return (
        Reason(
            code="CAP_FAMILY",
            message_zh=f"同一借款人在{family.title_zh}下合计不得超过 {cap} 元，已有 {had} 元",
            message_en=f"one borrower has at most {cap} under {family.title_en} together, and has {had} already",
            subject=family.id,
        ),
    )
