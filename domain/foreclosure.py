"""Assets taken for a debt (抵债资产): how long they have been held, and what regulation says to it."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.facts import Fact, known
from domain.figures import Day
from domain.finding import Outcome, Reason, TraceStep
from domain.model import Value


class ForeclosedAsset(Value):
    """An asset that a lender took for a debt, and the day for which is asked."""

    lender_id: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
    as_of: Day
    kind: Fact[Literal["real_estate", "equity", "other"]]
    acquired_on: Fact[Day]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        day = known(self.acquired_on)
        if day is not None and day > self.as_of:
            raise PydanticCustomError("acquired_later", "acquired_on must not lie after as_of")
        return self


class PossessionVerdict(Value):
    """What the rules of possession say of one asset on a day. Nothing is stored."""

    outcome: Outcome
    months_held: int | None
    """Months begun since the day it was taken: on the second anniversary 24, the day after 25. None where that day is not known."""
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]
    policy_sha256: str
    as_of: date
