"""``/v1/products``: what may be applied for today."""

from datetime import date
from typing import Annotated

from fastapi import Query, Request

from domain.books import ProductView
from domain.calendar import BANK_ZONE
from services.kit.auth import allow
from services.kit.database import now
from services.kit.principal import Principal
from services.kit.router import Router, problem_response
from services.origination.routes.roles import READERS
from services.origination.store.policies import PolicyShelf

router = Router(prefix="/v1/products", tags=["policy"])


@router.get("", response_model=list[ProductView], responses={409: problem_response(409)})
async def listing(
    request: Request,
    who: Annotated[Principal, allow(*READERS)],
    as_of: Annotated[date | None, Query(description="a day; today in the bank's zone where left out")] = None,
    lender_id: Annotated[str | None, Query(max_length=64)] = None,
) -> list[ProductView]:
    """Products of the policy in force on a day."""
    shelf: PolicyShelf = request.app.state.policies
    day = as_of or now().astimezone(BANK_ZONE).date()
    bundle = await shelf.in_force(day)
    return [
        ProductView(
            product_id=product.id,
            version=product.version,
            title_zh=product.title_zh,
            title_en=product.title_en,
            status=product.status.value,
            lenders=product.lenders,
            line_kind=product.line_kind.value,
            purposes=product.purposes,
            amount_cap=product.amount_cap,
            tenor_cap_months=product.tenor_cap_months,
            repayment_methods=tuple(method.value for method in product.repayment_methods),
            green=product.green,
            policy_sha256=bundle.sha256,
        )
        for product in bundle.products(day)
        if lender_id is None or lender_id in product.lenders
    ]
