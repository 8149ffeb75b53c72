"""Typed client of the collateral service."""

from collections.abc import Sequence
from uuid import UUID

from domain.attestation import AttestationSummary
from domain.collateral import (
    Allocation,
    AllocationRequest,
    AssetRegistration,
    AssetView,
    CaseRelease,
    Holders,
    HoldersRequest,
    RegisteredAsset,
    Registration,
    RegistrationRequest,
    ReleasedAssets,
    Valuation,
    ValuationRequest,
)
from domain.coverage import Amortisation, AmortisationRequest, StressRequest, StressTest
from domain.finding import Finding
from domain.valuation_trial import TriedValuations, ValuationTrial
from services.kit.http import ServiceClient
from services.kit.paging import Page


class CollateralClient(ServiceClient):
    """Calls of the collateral service. ``key`` is the Idempotency-Key: the same key has one effect and one answer.

    Every method raises ``RemoteProblem`` for a refusal and ``RemoteUnavailable`` where there was no usable answer.
    """

    async def register_asset(self, entry: AssetRegistration, key: str) -> RegisteredAsset:
        """Enter an asset of a case; serials that secure another case come back as conflicts."""
        return await self.call("POST", "/v1/assets", RegisteredAsset, body=entry, idempotency_key=key)

    async def value(self, request: ValuationRequest, key: str) -> Finding[Valuation]:
        """Value an asset; the finding is kept by the service."""
        return await self.call("POST", "/v1/valuations", Finding[Valuation], body=request, idempotency_key=key)

    async def try_values(self, requests: Sequence[ValuationRequest]) -> tuple[Finding[Valuation], ...]:
        """What assets would be valued at, in the order asked; nothing is stored. At most ``MOST_TRIED`` at once."""
        if not requests:
            return ()
        asked = ValuationTrial(requests=tuple(requests))
        return (await self.call("POST", "/v1/valuation-trials", TriedValuations, body=asked, reads=True)).findings

    async def amortise(self, request: AmortisationRequest, key: str) -> Finding[Amortisation]:
        """The largest loan that assets and cash flow carry, and the schedule of the loan asked about."""
        return await self.call("POST", "/v1/amortisations", Finding[Amortisation], body=request, idempotency_key=key)

    async def stress(self, request: StressRequest, key: str) -> Finding[StressTest]:
        """A plan under every stress of policy."""
        return await self.call("POST", "/v1/stress-tests", Finding[StressTest], body=request, idempotency_key=key)

    async def allocate(self, request: AllocationRequest, key: str) -> Allocation:
        """Let a share of an asset secure a facility."""
        return await self.call("POST", "/v1/allocations", Allocation, body=request, idempotency_key=key)

    async def register_interest(self, request: RegistrationRequest, key: str) -> Registration:
        """Enter a security interest as registered."""
        return await self.call("POST", "/v1/registrations", Registration, body=request, idempotency_key=key)

    async def release_case(self, case_id: UUID, key: str) -> ReleasedAssets:
        """Set the assets of a case free when it ends."""
        return await self.call(
            "POST", "/v1/releases", ReleasedAssets, body=CaseRelease(case_id=case_id), idempotency_key=key
        )

    async def finding(self, finding_id: UUID) -> Finding[Valuation]:
        """A valuation finding with its whole trace."""
        return await self.call("GET", f"/v1/findings/{finding_id}", Finding[Valuation])

    async def assets(self, case_id: UUID, cursor: str = "") -> Page[AssetView]:
        """A page of a case's assets."""
        params: dict[str, str | int] = {"case_id": str(case_id), "limit": 200}
        return await self.call(
            "GET", "/v1/assets", Page[AssetView], params={**params, "cursor": cursor} if cursor else params
        )

    async def newest_attestation(self, asset_id: UUID) -> AttestationSummary | None:
        """What the site of an asset attested last; ``None`` where it never did."""
        params: dict[str, str | int] = {"asset_id": str(asset_id), "limit": 1}
        found = await self.call("GET", "/v1/attestations", Page[AttestationSummary], params=params)
        return found.items[0] if found.items else None

    async def holders(self, serials: Sequence[str]) -> dict[str, frozenset[UUID]]:
        """The cases that hold or claim servers, by serial as asked for; at most 5,000 at once."""
        if not serials:
            return {}
        asked = HoldersRequest(serials=tuple(serials))
        found = await self.call("POST", "/v1/holders", Holders, body=asked, reads=True)
        return {item.serial: frozenset(item.case_ids) for item in found.items}
