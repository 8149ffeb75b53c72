"""Margin: the clauses of an agreement are read by the pricing service, and the finding enters the case's events."""

from temporalio import activity

from domain.dossier import FindingRecord
from domain.finding import FindingRef
from domain.margin_ratchet import MarginResetRequest
from domain.process import CaseStep, MarginStep
from services.origination.client import OriginationClient
from services.pricing.client import PricingClient


class Margin:
    def __init__(self, origination: OriginationClient, pricing: PricingClient) -> None:
        self._origination = origination
        self._pricing = pricing

    @activity.defn
    async def reset_margin(self, step: MarginStep) -> FindingRef:
        agreed = step.agreement
        request = MarginResetRequest(
            case_id=step.case_id,
            policy_sha256=agreed.policy_sha256,
            product=agreed.product,
            lender_id=agreed.lender_id,
            as_of=step.as_of,
            pinned_on=agreed.pinned_on,
            base=agreed.base,
            terms=agreed.terms,
            reports=step.reports,
        )
        finding = await self._pricing.reset_margin(request, f"{step.workflow_id}:{step.step}")
        return await self._origination.record_finding(
            FindingRecord(
                step=CaseStep.model_validate(step.model_dump()),
                service="pricing",
                ref=finding.ref(),
                value=finding.value.model_dump(mode="json") if finding.value is not None else {},
                reasons=finding.reasons,
            )
        )
