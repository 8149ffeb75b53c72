"""Support programmes: public money that lowers what a borrower needs or pays, and never what the contract says.

A programme is policy because its window, its share and its caps change by public notice. Amounts are CNY.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.application.text import Code
from domain.model import Value
from domain.money import Money, Rate
from policy.engine.file import PolicyFile
from policy.engine.source import Pointer

Share = Annotated[Rate, Field(gt=0, le=1)]


class InterestSubsidyTerms(Value):
    """贴息: so many points of the principal a year, taken off when the interest is collected."""

    form: Literal["interest_subsidy"]
    points: Share
    """Fraction of the principal per year: 0.015 is 1.5 percentage points."""
    longest_months: Annotated[int, Field(ge=1, le=600)]
    """Counted from the first drawing."""
    loan_class: Literal["fixed_asset", "working_capital"]
    drawn_from: date | None = None
    drawn_until: date | None = None


class ComputeVoucherTerms(Value):
    """算力券: a share of what a firm pays for compute, up to a cap a calendar year."""

    form: Literal["compute_voucher"]
    share: Share | None = None
    """None where the notice is not at hand: who may claim is known then, and no amount is."""
    yearly_caps: dict[Code, Money] = {}
    """Most a firm of each standing receives in a calendar year; ``ordinary`` is everybody else."""
    pool: Money | None = None
    """What the programme has to give in all."""
    supplier_list: Code | None = None
    """Series of the list of suppliers (``list.…`` of the reference data) whose compute counts, and no other."""
    signed_from: date | None = None
    signed_until: date | None = None
    longest_contract_months: Annotated[int, Field(ge=1, le=600)] | None = None
    unrelated_supplier: bool = False
    """Only compute of a supplier the firm is not related to counts."""


class SupportProgramme(PolicyFile):
    """One programme of one public body."""

    kind: Literal["programme"]
    terms: Annotated[InterestSubsidyTerms | ComputeVoucherTerms, Field(discriminator="form")]

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        terms = self.terms
        wrong: list[tuple[Pointer, str]] = []
        if isinstance(terms, ComputeVoucherTerms):
            if terms.share is not None and "ordinary" not in terms.yearly_caps:
                wrong.append((("terms", "yearly_caps"), "there is no cap for the standing 'ordinary'"))
            wrong.extend(
                (("terms", "yearly_caps", standing), "a cap is more than nought")
                for standing, cap in terms.yearly_caps.items()
                if cap.amount <= 0
            )
            if terms.share is None and terms.yearly_caps:
                wrong.append((("terms", "yearly_caps"), "there are caps and no share they could hold"))
            if terms.pool is not None and terms.pool.amount <= 0:
                wrong.append((("terms", "pool"), "a pool is more than nought"))
            if terms.supplier_list is not None and not terms.supplier_list.startswith("list."):
                wrong.append((("terms", "supplier_list"), "a list of suppliers is a series list.…"))
            start, end, field = terms.signed_from, terms.signed_until, "signed_until"
        else:
            start, end, field = terms.drawn_from, terms.drawn_until, "drawn_until"
        if start is not None and end is not None and end < start:
            wrong.append((("terms", field), "the window ends before it begins"))
        return wrong
