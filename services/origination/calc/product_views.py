"""Products and families of a bundle as they are shown: terms, caps, purposes, guarantees, papers, conditions and source."""

from collections.abc import Iterable
from datetime import date

from domain.products import (
    BoardView,
    ConditionView,
    CriterionView,
    FamilyView,
    OffBalanceView,
    ProductDetail,
    ProductView,
    PurposeView,
    RequiredDocumentView,
    ReviewView,
    RuleView,
)
from policy.engine import Bundle, PolicyNotInForce, Product, ProductFamily, Rule
from services.origination.calc.exposures import conversion_of


def product_view(product: Product, bundle: Bundle) -> ProductView:
    """A product as a line of the list."""
    return ProductView(
        product_id=product.id,
        version=product.version,
        title_zh=product.title_zh,
        title_en=product.title_en,
        status=product.status.value,
        bookable=product.not_booked is None,
        not_booked=product.not_booked,
        family=product.family,
        lenders=product.lenders,
        line_kind=product.line_kind.value,
        loan_class=product.loan_class,
        purposes=product.purposes,
        amount_cap=product.amount_cap,
        minimum_amount=product.minimum_amount,
        tenor_cap_months=product.tenor_cap_months,
        minimum_tenor_months=product.minimum_tenor_months,
        repayment_methods=tuple(method.value for method in product.repayment_methods),
        guarantee_methods=product.guarantee_methods,
        tags=product.tags,
        green=product.green,
        two_pass=product.two_pass,
        policy_sha256=bundle.sha256,
    )


def product_detail(product: Product, bundle: Bundle, on: date) -> ProductDetail:
    """A product with everything that stands for it on a day."""
    family = bundle.product_family(product.family, on) if product.family is not None else None
    vocabulary = bundle.vocabulary(on)
    return ProductDetail(
        **dict(product_view(product, bundle)),
        as_of=on,
        effective_from=product.effective_from,
        need=product.need,
        loan_to_cost=product.loan_to_cost,
        capital_ratio=product.capital_ratio,
        advance_rate=product.advance_rate,
        need_share=product.need_share,
        maximum_grace_months=product.maximum_grace_months,
        drawings=product.drawings,
        entrusted_only=product.entrusted_only,
        scorecard=product.scorecard,
        offered_to=tuple(
            CriterionView(
                code=item.id,
                severity=item.severity.value,
                fact=item.fact,
                title_zh=vocabulary[item.fact].title_zh,
                title_en=vocabulary[item.fact].title_en,
                values=item.values,
            )
            for item in product.offered_to
        ),
        admission=_rules(product.admission),
        payment_rules=_rules(product.payment_rules),
        purpose_terms=tuple(_purpose(product, purpose) for purpose in product.purposes),
        off_balance=_off_balance(product, bundle, on),
        lease_forms=product.lease_forms,
        review=ReviewView(**dict(product.review)) if product.review is not None else None,
        family_terms=family_view(family, bundle.products(on)) if family is not None else None,
        documents=tuple(
            RequiredDocumentView(
                kind=item.kind,
                stage=item.stage.value,
                title_zh=item.title_zh,
                title_en=item.title_en,
                required=item.required,
                shelf_life_days=item.shelf_life_days,
            )
            for item in bundle.checklist(product.id, None, on)
        ),
        conditions=_conditions(product, bundle, on),
        source=product.source,
    )


def _off_balance(product: Product, bundle: Bundle, on: date) -> OffBalanceView | None:
    if product.off_balance is None:
        return None
    return OffBalanceView(**dict(product.off_balance), conversion_factor=conversion_of(product, bundle, on).factor)


def family_view(family: ProductFamily, products: Iterable[Product]) -> FamilyView:
    """A family with its members among some products."""
    return FamilyView(
        family_id=family.id,
        version=family.version,
        title_zh=family.title_zh,
        title_en=family.title_en,
        lenders=family.lenders,
        boards=tuple(
            BoardView(id=board.id, title_zh=board.title_zh, title_en=board.title_en, segments=board.segments)
            for board in family.boards
        ),
        tracks=tuple(
            BoardView(id=track.id, title_zh=track.title_zh, title_en=track.title_en) for track in family.tracks
        ),
        borrower_cap=family.borrower_cap,
        count_claimed=family.count_claimed,
        members=tuple(product.id for product in products if product.family == family.id),
        source=family.source,
    )


def _purpose(product: Product, purpose: str) -> PurposeView:
    own = product.terms_of(purpose)
    return PurposeView(
        purpose=purpose,
        title_zh=own.title_zh if own is not None else None,
        title_en=own.title_en if own is not None else None,
        tenor_cap_months=product.tenor_cap(purpose),
        ring_fenced=own is not None and own.ring_fenced,
        admission=_rules(own.admission) if own is not None else (),
    )


def _rules(rules: Iterable[Rule]) -> tuple[RuleView, ...]:
    return tuple(
        RuleView(
            code=rule.id,
            severity=rule.severity.value,
            message_zh=rule.message_zh,
            message_en=rule.message_en,
            scope=rule.scope,
            breached_when=rule.breached_when,
        )
        for rule in rules
    )


def _conditions(product: Product, bundle: Bundle, on: date) -> tuple[ConditionView, ...]:
    """The conditions of the agreement; none of a product no case is taken of."""
    try:
        conditions = bundle.conditions(product.id, on).conditions
    except PolicyNotInForce:
        return ()
    return tuple(
        ConditionView(
            id=item.id,
            kind=item.kind.value,
            title_zh=item.title_zh,
            title_en=item.title_en,
            due_days=item.due_days,
            counts_from=item.counts_from,
        )
        for item in conditions
    )
