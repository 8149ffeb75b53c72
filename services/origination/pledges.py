"""Servers that secure another case: which of those cases still live, and letting go what an ended one still holds."""

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import col, select
from starlette.datastructures import State

from domain.stages import Stage
from services.collateral.client import CollateralClient
from services.kit.database import Database
from services.origination.tables.cases import Application

_LETS_GO = (Stage.DECLINED.value, Stage.WITHDRAWN.value, Stage.EXPIRED.value)
"""Ends without a facility: nothing is owed, so nothing is secured."""


async def still_holding(state: State, holders: Iterable[UUID]) -> frozenset[UUID]:
    """Of the cases that hold a server by the register, those that may. What ended ones hold is released on the way: their
    servers may secure another case from then on."""
    asked = frozenset(holders)
    if not asked:
        return asked
    database: Database = state.database
    collateral: CollateralClient = state.collateral
    ended = select(Application.case_id).where(col(Application.case_id).in_(asked), col(Application.stage).in_(_LETS_GO))
    async with database.session() as session:
        gone = frozenset((await session.exec(ended)).all())
    for case_id in sorted(gone):
        await collateral.release_case(case_id, f"{case_id}:ended")
    return asked - gone
