"""``/v1/products``: what may be applied for today, and everything that stands for one product."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query, Request

from domain.calendar import BANK_ZONE
from domain.products import FamilyView, ProductDetail, ProductView
from policy.engine import Bundle
from services.kit.auth import allow
from services.kit.database import now
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router, problem_response
from services.origination.calc.product_views import family_view, product_detail, product_view
from services.origination.routes.roles import READERS
from services.origination.store.policies import PolicyShelf

router = Router(tags=["policy"])

AsOf = Annotated[date | None, Query(description="a day; today in the bank's zone where left out")]
Lender = Annotated[str | None, Query(max_length=64, description="only what this lender offers")]
PolicyName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,63}$")]


@router.get("/v1/products", response_model=list[ProductView], responses={409: problem_response(409)})
async def listing(
    request: Request, who: Annotated[Principal, allow(*READERS)], as_of: AsOf = None, lender_id: Lender = None
) -> list[ProductView]:
    """Products of the policy in force on a day."""
    bundle, day = await _in_force(request, as_of)
    return [
        product_view(product, bundle)
        for product in bundle.products(day)
        if lender_id is None or lender_id in product.lenders
    ]


@router.get(
    "/v1/products/{product_id}",
    response_model=ProductDetail,
    responses={404: problem_response(404), 409: problem_response(409)},
)
async def one(
    request: Request, product_id: PolicyName, who: Annotated[Principal, allow(*READERS)], as_of: AsOf = None
) -> ProductDetail:
    """One product on a day: family, status, caps, purposes, guarantees, papers required, conditions and source."""
    bundle, day = await _in_force(request, as_of)
    product = next((item for item in bundle.products(day) if item.id == product_id), None)
    if product is None:
        raise Problem("not_found")
    return product_detail(product, bundle, day)


@router.get("/v1/product-families", response_model=list[FamilyView], responses={409: problem_response(409)})
async def families(
    request: Request, who: Annotated[Principal, allow(*READERS)], as_of: AsOf = None, lender_id: Lender = None
) -> list[FamilyView]:
    """Families of products on a day, each with its members."""
    bundle, day = await _in_force(request, as_of)
    return [
        family_view(family, bundle.products(day))
        for family in bundle.product_families(day)
        if lender_id is None or lender_id in family.lenders
    ]


async def _in_force(request: Request, as_of: date | None) -> tuple[Bundle, date]:
    shelf: PolicyShelf = request.app.state.policies
    day = as_of or now().astimezone(BANK_ZONE).date()
    return await shelf.in_force(day), day
