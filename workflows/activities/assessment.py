"""Assessment: the dossier is read, a service concludes, and the finding's reference enters the case's events."""

from typing import Any

from temporalio import activity

from domain.coverage import Amortisation
from domain.dossier import Dossier, FindingRecord
from domain.finding import Finding, FindingRef
from domain.process import CaseStep, CohortStep, OverrideStep, RepaymentPlan
from domain.requests.collateral import valuation_request
from domain.requests.costs import borrowing_cost_request, buy_or_rent_request
from domain.requests.coverage import amortisation_request, stress_request
from domain.requests.overrides import override_request
from domain.requests.pricing import (
    limit_request,
    quote_request,
    rating_request,
    schedule_request,
)
from services.collateral.client import CollateralClient
from services.origination.client import OriginationClient
from services.pricing.client import PricingClient


class Assessment:
    def __init__(self, origination: OriginationClient, pricing: PricingClient, collateral: CollateralClient) -> None:
        self._origination = origination
        self._pricing = pricing
        self._collateral = collateral

    @activity.defn
    async def value_cohort(self, step: CohortStep) -> FindingRef:
        dossier = await self._origination.dossier(step.case_id, step.as_of)
        request = valuation_request(dossier, step.asset_key, step.cohort, step.as_of, step.moment)
        finding = await self._collateral.value(request, _key(step))
        return await self._record(step, "collateral", finding, step.asset_key, step.cohort)

    @activity.defn
    async def rate_borrower(self, step: CaseStep) -> FindingRef:
        dossier = await self._origination.dossier(step.case_id, step.as_of)
        finding = await self._pricing.rate(rating_request(dossier, step.as_of), _key(step))
        return await self._record(step, "pricing", finding)

    @activity.defn
    async def override_rating(self, step: OverrideStep) -> FindingRef:
        dossier = await self._origination.dossier(step.case_id, step.as_of)
        request = override_request(dossier, step.as_of, step.proposal, confirmed_by=step.confirmed_by)
        return await self._record(step, "pricing", await self._pricing.override(request, _key(step)))

    @activity.defn
    async def set_limit(self, step: CaseStep) -> FindingRef:
        dossier = await self._origination.dossier(step.case_id, step.as_of)
        finding = await self._pricing.limit(limit_request(dossier, step.as_of), _key(step))
        return await self._record(step, "pricing", finding)

    @activity.defn
    async def quote_price(self, step: CaseStep) -> FindingRef:
        dossier = await self._origination.dossier(step.case_id, step.as_of)
        finding = await self._pricing.quote(quote_request(dossier, step.as_of), _key(step))
        return await self._record(step, "pricing", finding)

    @activity.defn
    async def plan_repayment(self, step: CaseStep) -> RepaymentPlan:
        dossier = await self._origination.dossier(step.case_id, step.as_of)
        carried = await self._carried(step, dossier)
        ceilings = carried.value.ceilings if carried is not None and carried.value is not None else ()
        terms = schedule_request(dossier, step.as_of, ceilings)
        schedule = await self._pricing.schedule(terms, _key(step))
        plan = RepaymentPlan(
            schedule=await self._record(step, "pricing", schedule),
            amortisation=await self._record(step, "collateral", carried, part="amortisation") if carried else None,
        )
        if schedule.value is None:
            return plan
        tested = stress_request(dossier, schedule.value, step.as_of)
        if tested is not None:
            stress = await self._collateral.stress(tested, _key(step, "stress_test"))
            reference = await self._record(step, "collateral", stress, part="stress_test")
            plan = plan.model_copy(update={"stress_test": reference})
        asked = borrowing_cost_request(dossier, terms, schedule.value, step.as_of)
        if asked is None:
            return plan
        cost = await self._pricing.borrowing_cost(asked, _key(step, "borrowing_cost"))
        recorded = {"borrowing_cost": await self._record(step, "pricing", cost, part="borrowing_cost")}
        money = cost.value.cost.effective if cost.value is not None else asked.contract_rate
        purchase = buy_or_rent_request(dossier, money, step.as_of)
        if purchase is not None:
            compared = await self._pricing.buy_or_rent(purchase, _key(step, "buy_or_rent"))
            recorded["buy_or_rent"] = await self._record(step, "pricing", compared, part="buy_or_rent")
        return plan.model_copy(update=recorded)

    async def _carried(self, step: CaseStep, dossier: Dossier) -> Finding[Amortisation] | None:
        """What the case's assets and cash flow carry; None where no asset was valued."""
        asked = amortisation_request(dossier, step.as_of)
        return None if asked is None else await self._collateral.amortise(asked, _key(step, "amortisation"))

    async def _record(
        self,
        step: CaseStep,
        service: str,
        finding: Finding[Any],
        asset_key: str = "",
        cohort: str = "",
        part: str = "",
    ) -> FindingRef:
        value = finding.value.model_dump(mode="json") if finding.value is not None else {}
        return await self._origination.record_finding(
            FindingRecord(
                step=CaseStep.model_validate(step.model_dump()),
                service=service,
                ref=finding.ref(),
                value=value,
                reasons=finding.reasons,
                asset_key=asset_key,
                cohort=cohort,
                part=part,
            )
        )


def _key(step: CaseStep, part: str = "") -> str:
    """The Idempotency-Key of a step, or of one of the conclusions that it draws together."""
    return ":".join(name for name in (step.workflow_id, step.step, part) if name)
