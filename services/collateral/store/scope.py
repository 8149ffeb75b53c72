"""Who sees which rows: staff see their branch, head office every branch, services all."""

from typing import Any, TypeVar

from sqlalchemy.sql import Select

from domain.roles import HEAD_OFFICE
from services.kit.principal import Principal

S = TypeVar("S", bound=Select[Any])


def within_sight(statement: S, who: Principal, branch: Any) -> S:
    """The statement limited to the branches a caller sees; ``branch`` is the column."""
    if who.kind == "service" or (who.kind == "staff" and who.branch == HEAD_OFFICE):
        return statement
    # A caller without a branch sees no branch's rows, and no row has an empty branch that it could match.
    return statement.where(branch == who.branch, branch != "")
