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
    share: Share
    yearly_caps: Annotated[dict[Code, Money], Field(min_length=1)]
    """Most a firm of each standing receives in a calendar year; ``ordinary`` is everybody else."""
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
            if "ordinary" not in terms.yearly_caps:
                wrong.append((("terms", "yearly_caps"), "there is no cap for the standing 'ordinary'"))
            wrong.extend(
                (("terms", "yearly_caps", standing), "a cap is more than nought")
                for standing, cap in terms.yearly_caps.items()
                if cap.amount <= 0
            )
            start, end, field = terms.signed_from, terms.signed_until, "signed_until"
        else:
            start, end, field = terms.drawn_from, terms.drawn_until, "drawn_until"
        if start is not None and end is not None and end < start:
            wrong.append((("terms", field), "the window ends before it begins"))
        return wrong
