"""A fleet valued anew after a move of the market: what is asked for, how far it is, and what came of each cohort."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from domain.application.text import Code, Label, Sha256
from domain.figures import Day, figure
from domain.model import Value
from domain.money import Amount, Rate
from domain.repayment import Wrong, refuse

RentFactor = Annotated[Rate, figure("rent as a multiple of what it was", "(0, 10]", above="0", at_most="10")]
PathMonths = Annotated[int, figure("months", "[0, 120]", at_least="0", at_most="120")]


class RentMove(Value):
    """What market rents are now, as a multiple of what the servers were last valued at."""

    gpu_type: Code | None = None
    """None: every type that no other move names."""
    factor: RentFactor


class RevaluationRequest(Value):
    """``POST /v1/revaluations``: every server held for a live case, under a policy on a day."""

    policy_sha256: Sha256
    as_of: Day
    moves: Annotated[tuple[RentMove, ...], Field(max_length=50)]
    months: PathMonths = 60
    cause: Label
    """Why the fleet is valued anew: an index and its vintage, a launch, an export rule."""

    @model_validator(mode="after")
    def _moves_fit(self) -> Self:
        refuse("RevaluationRequest", list(self._misfits()))
        return self

    def _misfits(self) -> Iterator[Wrong]:
        if not self.moves:
            yield ("moves",), "moves_empty", "at least one move must be named"
        seen: set[str | None] = set()
        for index, move in enumerate(self.moves):
            name = None if move.gpu_type is None else move.gpu_type.upper()
            if name in seen:
                yield ("moves", index, "gpu_type"), "repeated", "each must be named once"
            seen.add(name)

    def factor_of(self, gpu_type: str) -> Decimal:
        """The factor of a type's rents; 1 where no move speaks of it."""
        by_type = {None if move.gpu_type is None else move.gpu_type.upper(): move.factor for move in self.moves}
        return by_type.get(gpu_type.upper(), by_type.get(None, Decimal(1)))


class RevaluationState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """It did not end after several attempts; what was valued until then stands."""


class Revaluation(Value):
    """``GET /v1/revaluations/{id}``. Counts are what is known so far; values are sums over the cohorts valued so far."""

    revaluation_id: UUID
    state: RevaluationState
    request: RevaluationRequest
    branch: str
    """Whose servers: a branch, or ``HO`` for all."""
    model: str
    cohorts: int
    """0 until the fleet has been grouped."""
    cohorts_done: int
    servers: int
    servers_unvalued: int
    """Of cohorts for which no complete valuation is on file; they count in no value."""
    value_before: Amount
    value_after: Amount
    requested_by: str
    created_at: datetime
    finished_at: datetime | None


class CohortRevaluation(Value):
    """One cohort of a revaluation: servers of one model, month of purchase and case. CNY for all of them."""

    position: int
    case_id: UUID
    asset_key: str
    model: str
    gpu_type: str
    gpus_per_server: int
    purchased_in: date | None
    """First day of the month of purchase, where it is known."""
    servers: int
    age_months: int | None
    rent_factor: Rate
    code: str
    """Why it has no value; empty where it has one."""
    value_before: Amount | None
    """``V_q`` on the day, before the move."""
    path: tuple[Amount, ...]
    """``V_q`` after the move at month 0, 1, …; empty until it is valued."""
