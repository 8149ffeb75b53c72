"""The effects a process can have on the world, by name and type: the only activities its definitions know.

Definitions never import the activities themselves, which pull in HTTP and clients; a test holds both sides together.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

from domain.authority import AuthorityChain
from domain.facility import FacilityRef, TransferRef
from domain.finding import FindingRef
from domain.process import (
    CaseOpening,
    CaseStep,
    CheckResult,
    CohortStep,
    ConditionReport,
    ContractRef,
    DecisionEntered,
    DecisionRecord,
    DrawingRecord,
    GateResult,
    MarginStep,
    MemoRef,
    OfferRef,
    OverrideStep,
    ProgressReport,
    RepaymentPlan,
    ReservationResult,
    Shown,
    TransferStep,
    UtilisationOpening,
    UtilisationStep,
)

R = TypeVar("R")
CaseEffect = Callable[[CaseStep], Awaitable[FindingRef]]
"""An assessment step: limit, price."""

RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=500), backoff_coefficient=2.0, maximum_interval=timedelta(minutes=1)
)
"""A service that is down is waited for, however long: a credit case outlives an outage. A refusal is retried as well: the case
waits until data or code is mended, and is never lost to an error."""
ATTEMPT = timedelta(seconds=60)
MISSED = timedelta(seconds=10)
"""An activity whose worker has not been heard of for so long is given to another one."""


async def _effect(name: str, argument: object, result: type[R] | Any, summary: str) -> R:
    outcome: R = await workflow.execute_activity(
        name,
        argument,
        result_type=result,
        start_to_close_timeout=ATTEMPT,
        heartbeat_timeout=MISSED,
        retry_policy=RETRY,
        summary=Shown(summary),
    )
    return outcome


# --- casework -----------------------------------------------------------------------------------------------------------


async def open_case(step: CaseStep) -> CaseOpening:
    """Rulebook, asset cohorts, conditions and duties of the case."""
    return await _effect("open_case", step, CaseOpening, "open the case")


async def report_progress(report: ProgressReport) -> None:
    """Stage and tasks into origination's books and inbox."""
    await _effect("report_progress", report, None, f"{report.stage}: {len(report.tasks)} task(s)")


async def run_check(name: str, step: CaseStep) -> CheckResult:
    """One of origination's checks: intake, screening, cross_checks, regulation, contracting."""
    outcome: CheckResult = await workflow.execute_activity(
        "run_check",
        args=[name, step],
        result_type=CheckResult,
        start_to_close_timeout=ATTEMPT,
        heartbeat_timeout=MISSED,
        retry_policy=RETRY,
        summary=Shown(f"check {name}"),
    )
    return outcome


async def assemble_memo(step: CaseStep) -> MemoRef:
    return await _effect("assemble_memo", step, MemoRef, "credit memo")


async def determine_authority(step: CaseStep) -> AuthorityChain:
    return await _effect("determine_authority", step, AuthorityChain, "authority matrix")


async def record_decision(record: DecisionRecord) -> DecisionEntered:
    """The decision into the books; an approval reserves there what it grants, or learns that the limits have no room for it."""
    return await _effect("record_decision", record, DecisionEntered, f"decision {record.decision}")


async def issue_offer(step: CaseStep) -> OfferRef:
    return await _effect("issue_offer", step, OfferRef, "offer")


async def draw_up_contract(step: CaseStep) -> ContractRef:
    return await _effect("draw_up_contract", step, ContractRef, "contract data")


async def report_condition(report: ConditionReport) -> None:
    await _effect("report_condition", report, None, f"condition {report.code} {report.state}")


async def open_facility(step: CaseStep) -> FacilityRef:
    return await _effect("open_facility", step, FacilityRef, "open the facility")


# --- assessment ---------------------------------------------------------------------------------------------------------


async def value_cohort(step: CohortStep) -> FindingRef:
    return await _effect("value_cohort", step, FindingRef, f"value {step.asset_key}/{step.cohort}")


async def rate_borrower(step: CaseStep) -> FindingRef:
    return await _effect("rate_borrower", step, FindingRef, "rating")


async def override_rating(step: OverrideStep) -> FindingRef:
    return await _effect("override_rating", step, FindingRef, f"rating override to {step.proposal.grade}")


async def set_limit(step: CaseStep) -> FindingRef:
    return await _effect("set_limit", step, FindingRef, "limit: five caps")


async def quote_price(step: CaseStep) -> FindingRef:
    return await _effect("quote_price", step, FindingRef, "price build-up")


async def plan_repayment(step: CaseStep) -> RepaymentPlan:
    """The schedule, what the loan costs all in (综合融资成本), and whether its servers are better bought or rented: one effect,
    for nothing but the price stands between them."""
    return await _effect("plan_repayment", step, RepaymentPlan, "repayment schedule, cost of borrowing")


# --- facility -----------------------------------------------------------------------------------------------------------


async def reset_margin(step: MarginStep) -> FindingRef:
    """The margin by the clauses of the agreement, on a reset date."""
    return await _effect("reset_margin", step, FindingRef, f"margin reset {step.as_of}")


# --- utilisation --------------------------------------------------------------------------------------------------------


async def open_utilisation(step: UtilisationStep) -> UtilisationOpening:
    return await _effect("open_utilisation", step, UtilisationOpening, "open the utilisation")


async def reserve_commitment(step: UtilisationStep) -> ReservationResult:
    return await _effect("reserve_commitment", step, ReservationResult, "reserve the commitment")


async def release_commitment(step: UtilisationStep) -> None:
    await _effect("release_commitment", step, None, "release the commitment")


async def run_gate(step: UtilisationStep) -> GateResult:
    return await _effect("run_gate", step, GateResult, "drawing gate")


async def prepare_transfers(step: UtilisationStep) -> list[TransferRef]:
    return await _effect("prepare_transfers", step, list[TransferRef], "prepare transfers")


async def send_transfer(step: TransferStep) -> TransferRef:
    return await _effect("send_transfer", step, TransferRef, "send to core banking")


async def inquire_transfer(step: TransferStep) -> TransferRef:
    return await _effect("inquire_transfer", step, TransferRef, "inquire at core banking")


async def commit_drawing(step: UtilisationStep) -> DrawingRecord:
    return await _effect("commit_drawing", step, DrawingRecord, "reserved → drawn")
