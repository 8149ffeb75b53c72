"""Products: what may be asked for, by whom, how much, for how long, and by which card and caps it is assessed."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from domain.application import LineKind, RepaymentMethod
from domain.application.text import Code
from domain.money import Money, Rate
from policy.engine.file import PolicyFile, PolicyId, Reference
from policy.engine.product_terms import Criterion, GuaranteeMethod, LineReview, OffBalance, PurposeTerms, Share, Tenor
from policy.engine.rules import Rule, repeated_ids
from policy.engine.source import Pointer


class ProductStatus(StrEnum):
    LIVE = "LIVE"
    PILOT = "PILOT"
    """Bookable, never decided without a person."""
    PROPOSED = "PROPOSED"
    """Not bookable: ``PRODUCT_NOT_LIVE``."""
    PROGRAMME = "PROGRAMME"
    """The terms of a public programme: a loan under it is booked as a product of a lender, ``PROGRAMME_NOT_BOOKABLE``."""


class Product(PolicyFile):
    """A credit product of one or more lenders. A cap of ``None`` is one the product does not have.

    What a field allows and which cases suandai carries is decided in ``docs/decisions/0027-products.md``.
    """

    kind: Literal["product"]
    status: ProductStatus
    lenders: Annotated[tuple[Code, ...], Field(min_length=1)]
    line_kind: LineKind
    loan_class: Literal["fixed_asset", "working_capital", "none"]
    """Which of the 2024 measures governs it: 固定资产贷款 or 流动资金贷款; a guarantee, a lease or a loan for a buyback: none."""
    purposes: Annotated[tuple[Code, ...], Field(min_length=1)]
    amount_cap: Money | None = None
    tenor_cap_months: Annotated[int, Field(ge=1, le=600)]
    need: Literal["investment", "contract", "working_capital"]
    """How the need is measured: share of the reconciled investment, of the order, or the working-capital formula."""
    loan_to_cost: Annotated[Rate, Field(gt=0, le=1)] | None = None
    capital_ratio: Annotated[Rate, Field(gt=0, le=1)] | None = None
    """Project capital as a share of the reconciled investment."""
    advance_rate: Annotated[Rate, Field(gt=0, le=1)] | None = None
    """Share of an order that may be financed."""
    capacity: Literal["cash_flow", "contract", "revenue", "operating_cash"]
    """What repayment is measured on: discounted cash flow over DSCR, the order's own proceeds, a share of turnover, or a
    multiple of a year's operating cash flow.
    """
    minimum_dscr: Annotated[Rate, Field(gt=0)] | None = None
    revenue_share: Annotated[Rate, Field(gt=0, le=1)] | None = None
    operating_cash_multiple: Annotated[Rate, Field(gt=0, le=10)] | None = None
    repayment_methods: Annotated[tuple[RepaymentMethod, ...], Field(min_length=1)]
    maximum_grace_months: Annotated[int, Field(ge=0, le=120)] = 0
    instalments_above_months: Annotated[int, Field(ge=0, le=600)] = 12
    """Above this tenor principal is repaid in instalments."""
    drawings: Literal["single", "multiple"]
    entrusted_only: bool = False
    """Every payment is entrusted, whatever its size."""
    green: bool = False
    scorecard: PolicyId
    round_down_to: Money
    admission: tuple[Rule, ...] = ()
    """Knock-outs and referrals of the product itself."""
    family: PolicyId | None = None
    """The name it is sold under together with others (``product_family``)."""
    carried: Literal["case", "terms"] = "case"
    """``case``: suandai carries the whole case. ``terms``: it carries terms, eligibility and rules, and the case itself is
    booked in another system (``BOOKED_ELSEWHERE``)."""
    offered_to: tuple[Criterion, ...] = ()
    """Whom it is offered to, by listed codes; part of admission."""
    purpose_terms: tuple[PurposeTerms, ...] = ()
    minimum_amount: Money | None = None
    minimum_tenor_months: Tenor | None = None
    need_share: Share | None = None
    """Share of a working-capital need that is financed; all of it where nothing is said."""
    guarantee_methods: tuple[GuaranteeMethod, ...] = ()
    """Legs a guarantee mix may have; any where nothing is said."""
    tags: tuple[Code, ...] = ()
    """What statistics and programmes count it by; decides nothing."""
    two_pass: bool = False
    """An innovative product: the ordinary criteria are tried first (``product_fit``)."""
    off_balance: OffBalance | None = None
    lease_forms: tuple[Literal["direct", "sale_and_leaseback"], ...] = ()
    review: LineReview | None = None
    payment_rules: tuple[Rule, ...] = ()
    """Checked on every payment of a drawing, beside the regulations of that moment."""

    @model_validator(mode="after")
    def _need_has_its_share(self) -> "Product":
        if self.need == "investment" and (self.loan_to_cost is None or self.capital_ratio is None):
            raise ValueError("a need measured on investment has loan_to_cost and capital_ratio")
        if self.need == "contract" and self.advance_rate is None:
            raise ValueError("a need measured on a contract has advance_rate")
        if self.capacity == "cash_flow" and self.minimum_dscr is None:
            raise ValueError("a capacity measured on cash flow has minimum_dscr")
        if self.capacity == "revenue" and self.revenue_share is None:
            raise ValueError("a capacity measured on revenue has revenue_share")
        if self.capacity == "operating_cash" and self.operating_cash_multiple is None:
            raise ValueError("a capacity measured on operating cash has operating_cash_multiple")
        return self

    @model_validator(mode="after")
    def _kind_has_its_terms(self) -> "Product":
        if (self.line_kind is LineKind.GUARANTEE) != (self.off_balance is not None):
            raise ValueError("a guarantee, and nothing else, has off_balance")
        if (self.line_kind is LineKind.LEASE) != bool(self.lease_forms):
            raise ValueError("a lease, and nothing else, has lease_forms")
        if self.need_share is not None and self.need != "working_capital":
            raise ValueError("need_share is of a need for working capital; the others have shares of their own")
        return self

    @property
    def not_booked(self) -> str | None:
        """Why no case of it is taken, as a code; ``None`` where one is."""
        return {
            ProductStatus.PROPOSED: "PRODUCT_NOT_LIVE",
            ProductStatus.PROGRAMME: "PROGRAMME_NOT_BOOKABLE",
        }.get(self.status, "BOOKED_ELSEWHERE" if self.carried == "terms" else None)

    def terms_of(self, purpose: str) -> PurposeTerms | None:
        """What a purpose has of its own."""
        return next((item for item in self.purpose_terms if item.purpose == purpose), None)

    def tenor_cap(self, purpose: str | None = None) -> int:
        """Longest tenor in months: the product's, or the shorter one of a purpose."""
        own = self.terms_of(purpose) if purpose is not None else None
        return self.tenor_cap_months if own is None or own.tenor_cap_months is None else own.tenor_cap_months

    def admission_of(self, purpose: str) -> tuple[Rule, ...]:
        """Every rule of admission that speaks of a case with this purpose."""
        own = self.terms_of(purpose)
        return (*(item.rule for item in self.offered_to), *self.admission, *(own.admission if own else ()))

    def asked(self) -> frozenset[str]:
        """The facts that admission, whatever the purpose, speaks of."""
        rules = (*self.admission, *(rule for item in self.purpose_terms for rule in item.admission))
        return frozenset(item.fact for item in self.offered_to).union(*(rule.asked() for rule in rules))

    def references(self) -> list[Reference]:
        named: list[Reference] = [(("scorecard",), "scorecard", self.scorecard)]
        if self.family is not None:
            named.append((("family",), "product_family", self.family))
        return named

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        return [
            *repeated_ids(self.admission, "admission"),
            *repeated_ids(self.payment_rules, "payment_rules"),
            *self._listed_twice(),
            *self._purposes_apart(),
            *self._bounds_crossed(),
        ]

    def _listed_twice(self) -> Iterator[tuple[Pointer, str]]:
        lists: tuple[tuple[str, tuple[str, ...]], ...] = (
            ("lenders", self.lenders),
            ("purposes", self.purposes),
            ("repayment_methods", self.repayment_methods),
            ("guarantee_methods", self.guarantee_methods),
            ("tags", self.tags),
            ("lease_forms", self.lease_forms),
        )
        for name, items in lists:
            for index, item in enumerate(items):
                if item in items[:index]:
                    yield (name, index), f"{item!r} is listed twice"
        ids = {rule.id for rule in self.admission}
        for index, criterion in enumerate(self.offered_to):
            if criterion.id in ids:
                yield ("offered_to", index, "id"), f"the rule id {criterion.id!r} appears twice"
            ids.add(criterion.id)

    def _purposes_apart(self) -> Iterator[tuple[Pointer, str]]:
        ids = {rule.id for rule in self.admission} | {criterion.id for criterion in self.offered_to}
        seen: set[str] = set()
        for index, item in enumerate(self.purpose_terms):
            if item.purpose not in self.purposes:
                yield ("purpose_terms", index, "purpose"), f"{item.purpose!r} is not a purpose of this product"
            if item.purpose in seen:
                yield ("purpose_terms", index, "purpose"), f"the terms of {item.purpose!r} are stated twice"
            seen.add(item.purpose)
            if item.tenor_cap_months is not None and item.tenor_cap_months > self.tenor_cap_months:
                yield (
                    ("purpose_terms", index, "tenor_cap_months"),
                    f"longer than the {self.tenor_cap_months} months of the product",
                )
            for number, rule in enumerate(item.admission):
                if rule.id in ids:
                    at: Pointer = ("purpose_terms", index, "admission", number, "id")
                    yield at, f"the rule id {rule.id!r} appears twice"
                ids.add(rule.id)

    def _bounds_crossed(self) -> Iterator[tuple[Pointer, str]]:
        if self.minimum_amount is not None and self.amount_cap is not None and self.amount_cap < self.minimum_amount:
            yield ("minimum_amount",), "the least amount lies above the cap"
        if self.minimum_tenor_months is not None and self.minimum_tenor_months > self.tenor_cap_months:
            yield ("minimum_tenor_months",), "the shortest tenor lies above the cap"
