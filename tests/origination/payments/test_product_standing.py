"""What a customer has with the lender already: what a family of products leaves it, and what a new loan would replace."""

from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from domain.application import ApplicationContent
from domain.money import Money, yuan
from services.kit.database import Database, new_id
from services.origination.store.product_standing import held_by_product, replaced_purpose
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Facility
from tests.origination.payments.drawing import Drawn, content


async def another_case(app: FastAPI, drawn: Drawn, **change: object) -> Application:
    """A case of the same customer with the same lender, as it would be drafted today."""
    database: Database = app.state.database
    async with database.session() as session:
        first = (await session.exec(select(Application).where(col(Application.case_id) == drawn.case_id))).one()
        plain = {"customer_id": first.customer_id, "lender_id": first.lender_id, "case_id": new_id()}
    return Application.model_construct(**{**plain, **change})


async def held(app: FastAPI, row: Application) -> dict[str, Money]:
    database: Database = app.state.database
    async with database.session() as session:
        return await held_by_product(session, row)


async def replaced(app: FastAPI, row: Application, facility_id: UUID | None) -> str | None:
    database: Database = app.state.database
    line = content().lines[0].model_copy(update={"replaces_facility_id": facility_id})
    asked: ApplicationContent = content().model_copy(update={"lines": (line,)})
    async with database.session() as session:
        return await replaced_purpose(session, row, asked)


async def test_a_standing_facility_counts_with_its_whole_limit(app: FastAPI, drawn_case: Drawn) -> None:
    assert await held(app, await another_case(app, drawn_case)) == {"nxb_project_loan": yuan(280_000_000)}
    assert await held(app, await another_case(app, drawn_case, case_id=drawn_case.case_id)) == {}
    assert await held(app, await another_case(app, drawn_case, lender_id="jsb")) == {}
    assert await held(app, await another_case(app, drawn_case, customer_id=new_id())) == {}


@pytest.mark.parametrize(("stage", "counts"), [("suspended", True), ("repaid", False), ("cancelled", False)])
async def test_a_facility_that_has_ended_leaves_its_room(
    app: FastAPI, drawn_case: Drawn, stage: str, counts: bool
) -> None:
    row = await another_case(app, drawn_case)
    database: Database = app.state.database
    async with database.session() as session:
        facility = (await session.exec(select(Facility).where(col(Facility.case_id) == drawn_case.case_id))).one()
        facility.stage = stage
        await session.flush()
        assert bool(await held_by_product(session, row)) == counts
        await session.rollback()


async def test_what_is_replaced_is_a_facility_of_the_same_customer_here(app: FastAPI, drawn_case: Drawn) -> None:
    facility_id = drawn_case.facility.facility_id
    row = await another_case(app, drawn_case)
    assert await replaced(app, row, facility_id) == "fixed_asset_investment"
    assert await replaced(app, row, None) is None
    assert await replaced(app, row, new_id()) is None
    assert await replaced(app, await another_case(app, drawn_case, lender_id="jsb"), facility_id) is None
    assert await replaced(app, await another_case(app, drawn_case, customer_id=new_id()), facility_id) is None
