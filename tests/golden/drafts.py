"""Drafts as a relationship manager would begin them: borrower, one line, and what the product at hand asks for."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from domain.application import ApplicationContent
from domain.money import Money
from domain.products import ProductEligibility
from policy.engine import Bundle
from services.origination.calc.eligibility import eligibility

TODAY = date(2026, 11, 22)


def fact(value: Any) -> dict[str, Any]:
    return {"value": value}


def money(amount: int | str) -> dict[str, str]:
    return {"amount": f"{amount}.00" if isinstance(amount, int) else amount, "currency": "CNY"}


def draft(
    product: str,
    lender: str,
    *,
    kind: str = "revolving",
    purpose: str = "operations",
    amount: int = 10_000_000,
    months: int = 12,
    method: str = "bullet",
    segment: str | None = "ai_chip",
    size: str | None = "small",
    stage: str | None = "start_up",
    track: str | None = "gpu",
    direction: str | None = None,
    mix: Mapping[str, int] | None = None,
    **sections: Any,
) -> ApplicationContent:
    """A draft with one line. ``None`` leaves a fact out."""
    borrower = {"chain_segment": segment, "size": size, "life_stage": stage, "track": track}
    line: dict[str, Any] = {
        "key": "main",
        "product": product,
        "kind": kind,
        "amount": money(amount),
        "tenor_months": months,
        "purpose": purpose,
        "repayment": {"method": method, "grace_months": 0, "frequency": "quarterly"},
    }
    if direction is not None:
        line["direction"] = direction
    return ApplicationContent.model_validate(
        {
            "lender_id": lender,
            "borrower": {name: fact(value) for name, value in borrower.items() if value is not None},
            "lines": [line],
            "security": [{"method": leg, "amount": money(part)} for leg, part in (mix or {}).items()],
            **sections,
        }
    )


def held_against(
    bundle: Bundle,
    content: ApplicationContent,
    product: str,
    on: date = TODAY,
    committed: Mapping[str, Money] | None = None,
) -> ProductEligibility:
    """The answer of one product to a draft."""
    (found,) = [item for item in eligibility(content, bundle, on, committed=committed) if item.product_id == product]
    return found


def codes(found: ProductEligibility) -> set[str]:
    return {reason.code for reason in found.reasons}
