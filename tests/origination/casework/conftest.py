from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest_asyncio

from domain.finding import FindingRef
from domain.process import CaseStep, CohortStep
from services.collateral.client import CollateralClient
from services.kit.service_token import FixedToken
from services.origination.client import OriginationClient
from services.pricing.app import create_app as create_pricing
from services.pricing.client import PricingClient
from services.pricing.settings import PricingSettings
from tests.fixtures.identity import Issuers
from tests.fixtures.postgres import DatabaseUrls
from tests.origination.house import House, house, read
from tests.origination.sample import TODAY, Draft, prepared
from workflows.activities.assessment import Assessment

__all__ = ["house"]


@dataclass
class Running:
    """A submitted case, and the hands of the worker that carries it."""

    house: House
    draft: Draft
    worker: OriginationClient
    activities: Assessment
    workflow_id: str

    @property
    def case_id(self) -> UUID:
        return UUID(self.draft.case_id)

    def step(self, name: str, as_of: date = TODAY) -> CaseStep:
        return CaseStep(case_id=self.case_id, workflow_id=self.workflow_id, step=name, as_of=as_of)

    async def assessed(self) -> dict[str, FindingRef]:
        """Values, rating, limit, price and schedule by the real services, as the process asks for them."""
        opening = await self.worker.opening(self.case_id, TODAY)
        for cohort in opening.cohorts:
            step = CohortStep(
                **self.step(f"valuation-{cohort.asset_key}-{cohort.cohort}").model_dump(),
                asset_key=cohort.asset_key,
                cohort=cohort.cohort,
            )
            await self.activities.value_cohort(step)
        return {
            "rating": await self.activities.rate_borrower(self.step("rating")),
            "limit": await self.activities.set_limit(self.step("limit")),
            "quote": await self.activities.quote_price(self.step("quote")),
            **(await self.activities.plan_repayment(self.step("schedule"))).findings(),
        }


@pytest_asyncio.fixture
async def running(house: House, database_urls: DatabaseUrls, issuers: Issuers) -> AsyncIterator[Running]:
    draft = await prepared(house)
    await read(await draft.submit(), 202)
    worker = await house.worker()
    common: dict[str, Any] = {"environment": "test", "staff_issuer": issuers.staff, "borrower_issuer": issuers.borrower}
    app = create_pricing(PricingSettings(database_url=database_urls.pricing, **common), origination=worker)
    await house.stack.enter_async_context(app.router.lifespan_context(app))
    pricing = PricingClient(
        "http://pricing",
        FixedToken(await house.tokens.service("worker", audience="pricing")),
        client=await house.stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app, raise_app_exceptions=False))
        ),
    )
    house.app.state.pricing = PricingClient(
        "http://pricing",
        FixedToken(await house.tokens.service("origination", audience="pricing")),
        client=pricing._client,
    )
    register: CollateralClient = house.app.state.collateral
    collateral = CollateralClient(
        "http://collateral",
        FixedToken(await house.tokens.service("worker", audience="collateral")),
        client=register._client,
    )
    yield Running(house, draft, worker, Assessment(worker, pricing, collateral), f"application-{uuid4()}")
