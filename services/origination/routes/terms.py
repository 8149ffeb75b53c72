"""``/v1/applications/{id}/offer`` and ``/agreement``: what the borrower is asked to accept and to sign, under its hash."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Request

from domain.model import Value
from services.kit.auth import allow
from services.kit.database import Database
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.kit.router import Router
from services.origination.calc.terms import ContractData, OfferTerms
from services.origination.routes.roles import READERS
from services.origination.routes.sight import recorded
from services.origination.store import applications, casework
from services.origination.tables.cases import Contract, Offer

router = Router(prefix="/v1/applications", tags=["applications"], dependencies=[recorded()])


class OfferView(Value):
    """The newest offer. The task of acceptance names the same hash."""

    offer_id: UUID
    terms: OfferTerms
    terms_sha256: str
    valid_until: date


class AgreementView(Value):
    """The newest agreement. The task of signing names the same hash."""

    contract_id: UUID
    number: str
    data: ContractData
    data_sha256: str


@router.get("/{case_id}/offer", response_model=OfferView)
async def offer(request: Request, case_id: UUID, who: Annotated[Principal, allow(*READERS, scope="case")]) -> OfferView:
    """What the borrower is offered. 404 while there is no offer."""
    database: Database = request.app.state.database
    async with database.session() as session:
        await applications.visible_case(session, who, case_id)
        row = await casework.newest(session, Offer, case_id)
    if row is None:
        raise Problem("not_found")
    terms = OfferTerms.model_validate(row.terms)
    return OfferView(offer_id=row.id, terms=terms, terms_sha256=row.terms_sha256, valid_until=row.valid_until)


@router.get("/{case_id}/agreement", response_model=AgreementView)
async def agreement(
    request: Request, case_id: UUID, who: Annotated[Principal, allow(*READERS, scope="case")]
) -> AgreementView:
    """The data the agreement is drawn from, with every condition as a clause. 404 while there is none."""
    database: Database = request.app.state.database
    async with database.session() as session:
        await applications.visible_case(session, who, case_id)
        row = await casework.newest(session, Contract, case_id)
    if row is None:
        raise Problem("not_found")
    data = ContractData.model_validate(row.data)
    return AgreementView(contract_id=row.id, number=row.number, data=data, data_sha256=row.data_sha256)
