"""The parts of an indicative verdict that need nobody else: papers, security, the guarantee that is lacking, what is unknown."""

from datetime import date
from decimal import Decimal

from domain.application import ApplicationContent
from domain.finding import Reason
from domain.indicative import IndicativeDocument, IndicativeSecurity
from domain.limit import CapName, Limit
from domain.money import MONEY_SCALE, Money, Rounding, rounded
from policy.engine import Bundle, PolicyNotInForce, Product
from services.origination.calc.completeness import FiledDocument
from services.origination.calc.opening import condition_terms


def documents_of(
    product: Product, bundle: Bundle, filed: tuple[FiledDocument, ...], on: date
) -> tuple[IndicativeDocument, ...]:
    """Every paper of the product's checklists, of all stages."""
    there = {document.kind for document in filed}
    return tuple(
        IndicativeDocument(
            kind=item.kind,
            stage=item.stage,
            title_zh=item.title_zh,
            title_en=item.title_en,
            required=item.required,
            filed=item.kind in there,
        )
        for item in bundle.checklist(product.id, None, on)
    )


def security_of(
    product: Product, bundle: Bundle, content: ApplicationContent, on: date
) -> tuple[IndicativeSecurity, ...]:
    """The product's conditions that would become clauses, as far as the draft has the assets they speak of. Nothing for a
    product of which no conditions are in force."""
    try:
        terms = condition_terms(bundle, product.id, on, content)
    except PolicyNotInForce:
        return ()
    return tuple(
        IndicativeSecurity(
            code=term.code,
            kind=term.kind,
            title_zh=term.title_zh,
            title_en=term.title_en,
            security_kind=term.security_kind,
        )
        for term in terms
    )


def guarantee_lacking(limit: Limit, product: Product, bundle: Bundle, card_class: str | None, on: date) -> Money | None:
    """The valid guarantee with which the collateral cap reaches the smallest of the others and of what was asked.

    A class that may owe a share ``s`` without security needs ``(reached − cap) × (1 − s)`` of it. None where the collateral does
    not bind, a cap is not known, or the class needs no security at all.
    """
    if limit.binding != CapName.COLLATERAL.value:
        return None
    amounts = {cap.name: cap.amount.amount for cap in limit.caps if cap.amount is not None}
    reached = min([limit.asked.amount, *(amount for name, amount in amounts.items() if name is not CapName.COLLATERAL)])
    classes = bundle.scorecard(product.scorecard, on).classes
    share = next((item.unsecured_share for item in classes if item.id == card_class), Decimal(1))
    if share >= 1:
        return None
    return Money(amount=rounded((reached - amounts[CapName.COLLATERAL]) * (1 - share), MONEY_SCALE, Rounding.UP))


def lacking_of(limit: Limit | None) -> tuple[str, ...]:
    """What the caps could not be formed without, each once."""
    if limit is None:
        return ()
    return tuple(dict.fromkeys(name for cap in limit.caps for name in cap.missing))


def told_once(*reasons: Reason) -> tuple[Reason, ...]:
    """Reasons of several conclusions, each said once."""
    return tuple({(reason.code, reason.subject, reason.message_en): reason for reason in reasons}.values())
