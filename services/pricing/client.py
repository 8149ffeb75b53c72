"""Typed client of the pricing service."""

from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from domain.borrowing_cost import BorrowingCost, BorrowingCostRequest
from domain.buy_or_rent import BuyOrRent, BuyOrRentRequest
from domain.decision import DecisionInputs
from domain.finding import Finding
from domain.limit import Limit, LimitRequest
from domain.margin_ratchet import MarginResetRequest, MarginStanding
from domain.pricing import Quote, QuoteRequest, Schedule, ScheduleRequest
from domain.rating import Rating, RatingRequest
from domain.rating_override import RatingOverride, RatingOverrideRequest
from domain.sensitivity import Sensitivity, SensitivityRequest
from services.kit.http import ServiceClient

M = TypeVar("M")

_ANY: TypeAdapter[Finding[Any]] = TypeAdapter(
    Finding[Rating]
    | Finding[RatingOverride]
    | Finding[Limit]
    | Finding[Quote]
    | Finding[Schedule]
    | Finding[Sensitivity]
    | Finding[MarginStanding]
    | Finding[BorrowingCost]
    | Finding[BuyOrRent]
)


class PricingClient(ServiceClient):
    """Each call answers with the whole finding. ``key`` is the Idempotency-Key: the same key, the same finding.

    Raises ``RemoteProblem`` for a refusal and ``RemoteUnavailable`` where there was no answer.
    """

    async def rate(self, request: RatingRequest, key: str) -> Finding[Rating]:
        """Rate a borrower."""
        return await self.call("POST", "/v1/ratings", Finding[Rating], body=request, idempotency_key=key)

    async def try_rate(self, request: RatingRequest) -> Finding[Rating]:
        """What a borrower would be rated; nothing is stored."""
        return await self._tried("/v1/ratings", Finding[Rating], request)

    async def override(self, request: RatingOverrideRequest, key: str) -> Finding[RatingOverride]:
        """Hold an override of a rating to its rule."""
        return await self.call(
            "POST", "/v1/rating-overrides", Finding[RatingOverride], body=request, idempotency_key=key
        )

    async def try_override(self, request: RatingOverrideRequest) -> Finding[RatingOverride]:
        """What the rule says of an override that is only proposed; nothing is stored."""
        return await self._tried("/v1/rating-overrides", Finding[RatingOverride], request)

    async def limit(self, request: LimitRequest, key: str) -> Finding[Limit]:
        """Form a limit."""
        return await self.call("POST", "/v1/limits", Finding[Limit], body=request, idempotency_key=key)

    async def try_limit(self, request: LimitRequest) -> Finding[Limit]:
        """What a limit would come to; nothing is stored."""
        return await self._tried("/v1/limits", Finding[Limit], request)

    async def quote(self, request: QuoteRequest, key: str) -> Finding[Quote]:
        """Price a loan."""
        return await self.call("POST", "/v1/quotes", Finding[Quote], body=request, idempotency_key=key)

    async def sensitivity(self, request: SensitivityRequest, key: str) -> Finding[Sensitivity]:
        """See a price over PD, LGD, tenor and collateral value."""
        return await self.call(
            "POST", "/v1/quotes/sensitivity", Finding[Sensitivity], body=request, idempotency_key=key
        )

    async def try_sensitivity(self, request: SensitivityRequest) -> Finding[Sensitivity]:
        """The same for whoever reads a case; nothing is stored."""
        return await self._tried("/v1/quotes/sensitivity", Finding[Sensitivity], request)

    async def draw_sensitivity(self, request: SensitivityRequest) -> str:
        """The chart of a sensitivity as SVG."""
        return (await self.send("POST", "/v1/quotes/sensitivity/chart.svg", body=request, reads=True)).text

    async def schedule(self, request: ScheduleRequest, key: str) -> Finding[Schedule]:
        """Lay out a repayment schedule."""
        return await self.call("POST", "/v1/schedules", Finding[Schedule], body=request, idempotency_key=key)

    async def try_schedule(self, request: ScheduleRequest) -> Finding[Schedule]:
        """The same for whoever reads a drawing; nothing is stored."""
        return await self._tried("/v1/schedules", Finding[Schedule], request)

    async def reset_margin(self, request: MarginResetRequest, key: str) -> Finding[MarginStanding]:
        """Reset a margin by the clauses of its agreement."""
        return await self.call("POST", "/v1/margin-resets", Finding[MarginStanding], body=request, idempotency_key=key)

    async def try_margin(self, request: MarginResetRequest) -> Finding[MarginStanding]:
        """What the clauses would give; nothing is stored."""
        return await self._tried("/v1/margin-resets", Finding[MarginStanding], request)

    async def borrowing_cost(self, request: BorrowingCostRequest, key: str) -> Finding[BorrowingCost]:
        """Work out what a loan costs its borrower, all in."""
        return await self.call("POST", "/v1/borrowing-costs", Finding[BorrowingCost], body=request, idempotency_key=key)

    async def buy_or_rent(self, request: BuyOrRentRequest, key: str) -> Finding[BuyOrRent]:
        """Compare owning compute with renting it."""
        return await self.call("POST", "/v1/buy-or-rent", Finding[BuyOrRent], body=request, idempotency_key=key)

    async def _tried(self, path: str, answer: type[M], request: DecisionInputs) -> M:
        return await self.call("POST", path, answer, body=request, params={"dry_run": "true"}, reads=True)

    async def finding(self, finding_id: UUID) -> Finding[Any]:
        """A finding drawn earlier, with its whole trace."""
        return await self.call("GET", f"/v1/findings/{finding_id}", _ANY)

    async def inputs(self, finding_id: UUID) -> dict[str, Any]:
        """The request a finding answers."""
        return await self.call("GET", f"/v1/findings/{finding_id}/inputs", TypeAdapter(dict[str, Any]))
