"""The limit tree as it is shown: group → customer → line → facility → drawing, and what is taken at every node."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field

from domain.model import Value
from domain.money import Money


class LimitNodeKind(StrEnum):
    GROUP = "group"
    CUSTOMER = "customer"
    LINE = "line"
    CASE = "case"
    """An approved application: what it holds until its agreement is effective."""
    FACILITY = "facility"
    DRAWING = "drawing"


class LimitNode(Value):
    """A node of the tree. Amounts are CNY; what does not exist at a node is None, and not nought.

    Of a ceiling: ``available = ceiling - allocated - reserved - committed``. Of a facility: ``available = ceiling - reserved
    - drawn``, where ``reserved`` is for drawings under way.
    """

    kind: LimitNodeKind
    id: UUID
    label: str
    path: tuple[str, ...]
    """Labels from the top down to this node."""
    ceiling: Money | None = None
    allocated: Money | None = None
    reserved: Money | None = None
    committed: Money | None = None
    drawn: Money | None = None
    available: Money | None = None
    in_force: bool | None = None
    """Whether a line's period holds the day."""
    stage: str = ""
    children: "tuple[LimitNode, ...]" = ()


class LimitTree(Value):
    """The limits of a group, or of a customer without one, at a lender on a day."""

    lender_id: str
    as_of: date
    root: LimitNode


class LimitMovement(Value):
    """An entry of a reservation, as signed changes of what is reserved and what is committed."""

    kind: Literal["reserve", "commit", "release"]
    reserved: Money
    committed: Money
    step: str
    as_of: date
    at: datetime


class LimitReservationView(Value):
    """What a case holds or held of the limits, with every movement of it."""

    reservation_id: UUID
    case_id: UUID
    case_number: str
    lender_id: str
    customer_id: UUID
    group_id: UUID | None
    customer_line_id: UUID | None
    group_line_id: UUID | None
    exposure_kind: str
    state: Literal["reserved", "committed", "released"]
    amount: Money
    reserved: Money
    committed: Money
    as_of: date
    lapses_on: date | None
    reserved_at: datetime
    movements: tuple[LimitMovement, ...] = Field(default=())
