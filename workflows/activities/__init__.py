"""Activities: thin calls of the services' clients, each idempotent by workflow id and step.

Nothing is decided here. A refusal by a service is not final for a process: the case waits, is retried, and shows among the
stuck ones until data, code or the service is mended.
"""

from collections.abc import Callable
from typing import Any

from services.collateral.client import CollateralClient
from services.origination.client import OriginationClient
from services.pricing.client import PricingClient
from workflows.activities.assessment import Assessment
from workflows.activities.casework import Casework
from workflows.activities.drawing import Drawing
from workflows.activities.margin import Margin


def all_activities(
    origination: OriginationClient, pricing: PricingClient, collateral: CollateralClient
) -> list[Callable[..., Any]]:
    """Every activity of the credit processes, bound to the clients of this worker."""
    casework = Casework(origination)
    assessment = Assessment(origination, pricing, collateral)
    margin = Margin(origination, pricing)
    drawing = Drawing(origination)
    return [
        casework.open_case,
        casework.report_progress,
        casework.run_check,
        casework.assemble_memo,
        casework.determine_authority,
        casework.record_decision,
        casework.issue_offer,
        casework.draw_up_contract,
        casework.report_condition,
        casework.open_facility,
        assessment.value_cohort,
        assessment.rate_borrower,
        assessment.override_rating,
        assessment.set_limit,
        assessment.quote_price,
        assessment.plan_repayment,
        margin.reset_margin,
        drawing.open_utilisation,
        drawing.reserve_commitment,
        drawing.release_commitment,
        drawing.run_gate,
        drawing.prepare_transfers,
        drawing.send_transfer,
        drawing.inquire_transfer,
        drawing.commit_drawing,
    ]
