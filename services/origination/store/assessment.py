"""The page a case is decided from: who asks for what, what was concluded, what is open, and what people said to it."""

from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent
from domain.borrowing_cost import BorrowingCost
from domain.buy_or_rent import BuyOrRent
from domain.casefile import AssessmentLinks, AssessmentView, CaseRequest, OpenPoint, Opinion, ValuedCollateral
from domain.collateral import Valuation
from domain.coverage import Amortisation, StressTest
from domain.facility import ConditionStanding
from domain.factsheet import FactSheet
from domain.finding import Outcome, Reason
from domain.limit import Limit
from domain.money import Money
from domain.pricing import Quote
from domain.rating import Rating
from domain.requests.card_facts import single_card_facts
from domain.tasks import HumanTask, TaskState, TaskType
from services.origination.calc.completeness import unknown_facts
from services.origination.calc.exceptions import exceptions_of
from services.origination.calc.terms import OfferTerms
from services.origination.store import applications, drafting
from services.origination.store.casework import (
    MEMO_KIND,
    assessment_item,
    latest_findings,
    newest,
    one_of,
    override_in_force,
    standing,
    value_of,
)
from services.origination.store.conditions import standings
from services.origination.tables.base import OriginationTable
from services.origination.tables.cases import Application, CaseFinding, Contract, Decision, Offer
from services.origination.tables.tasks import Task

_OPINIONS = frozenset(
    {
        TaskType.INTAKE_ANALYSIS,
        TaskType.SCREENING_ANALYSIS,
        TaskType.LEAD_INVESTIGATION,
        TaskType.CO_INVESTIGATION,
        TaskType.RATING_CONFIRMATION,
        TaskType.RATING_OVERRIDE,
        TaskType.VALUATION_RECONCILIATION,
        TaskType.REVIEW,
        TaskType.COMPLIANCE_OPINION,
        TaskType.PRICING_APPROVAL,
        TaskType.APPROVAL,
        TaskType.COMMITTEE_VOTE,
    }
)
_IN_TURN = TaskType.APPROVAL
"""The bodies of an approval are heard one after the other, and the later one hears what the earlier one said."""


async def assessment(session: AsyncSession, row: Application) -> AssessmentView:
    """Everything a decision on a case stands on, and everything concluded and decided in it so far."""
    found = await latest_findings(session, row.case_id)
    documents = await applications.documents(session, row.case_id)
    memos = [document.sha256 for document in documents if document.kind == MEMO_KIND]
    decision = await newest(session, Decision, row.case_id)
    offer = await newest(session, Offer, row.case_id)
    contract = await newest(session, Contract, row.case_id)
    content = applications.content_of(await drafting.frozen(session, row) if row.content_version else row)
    found = standing(found, content)
    price = value_of(one_of(found, "quote"), Quote)
    return AssessmentView(
        application_id=row.case_id,
        case_number=row.case_number,
        stage=row.stage,
        policy_sha256=row.policy_sha256,
        request=_request(row, content),
        rating=value_of(one_of(found, "rating"), Rating),
        rating_override=override_in_force(found),
        limit=value_of(one_of(found, "limit"), Limit),
        price=price,
        amortisation=value_of(one_of(found, "amortisation"), Amortisation),
        stress_test=value_of(one_of(found, "stress_test"), StressTest),
        borrowing_cost=value_of(one_of(found, "borrowing_cost"), BorrowingCost),
        buy_or_rent=value_of(one_of(found, "buy_or_rent"), BuyOrRent),
        valuations=tuple(_valued(item) for item in found if item.kind == "valuation" and item.value),
        unknown=unknown_facts(content),
        open_points=tuple(point for item in found for point in _open_points(item)),
        exceptions=exceptions_of([item.value for item in found if item.service == "origination"], price),
        evaluation=FactSheet.of(single_card_facts(content)),
        opinions=await _opinions(session, row),
        links=_links(row) if price is not None else None,
        items=tuple(assessment_item(item) for item in found),
        conditions=await _conditions(session, row, offer),
        memo_sha256=memos[-1] if memos else None,
        decision=_plain(decision, "decision", "decided_by", "authority_rule", "conditions", "at", "valid_until"),
        offer=_plain(offer, "terms", "terms_sha256", "valid_until"),
        contract=_plain(contract, "number", "data_sha256", "clauses"),
    )


def _links(row: Application) -> AssessmentLinks:
    sensitivity = f"/v1/applications/{row.case_id}/assessment/sensitivity"
    return AssessmentLinks(sensitivity=sensitivity, sensitivity_chart=f"{sensitivity}/chart.svg")


async def _conditions(session: AsyncSession, row: Application, offer: Offer | None) -> tuple[ConditionStanding, ...]:
    if offer is None:
        return ()
    return await standings(session, row.case_id, OfferTerms.model_validate(offer.terms).all_conditions())


def _request(row: Application, content: ApplicationContent) -> CaseRequest:
    line = content.lines[0] if content.lines else None
    return CaseRequest(
        borrower_name=row.borrower_name,
        borrower_uscc=row.borrower_uscc,
        lender_id=row.lender_id,
        branch=row.branch,
        product=row.product,
        amount=None if row.amount is None else Money(amount=row.amount),
        tenor_months=line.tenor_months if line else None,
        purpose=line.purpose if line else None,
        repayment=line.repayment if line else None,
        submitted_by=row.submitted_by,
        submitted_at=row.submitted_at,
        content_version=row.content_version,
        content_sha256=row.content_sha256,
    )


def _valued(item: CaseFinding) -> ValuedCollateral:
    return ValuedCollateral(
        asset_key=item.asset_key,
        cohort=item.cohort,
        outcome=Outcome(item.outcome),
        valuation=Valuation.model_validate(item.value),
    )


def _open_points(item: CaseFinding) -> list[OpenPoint]:
    """A conclusion that is not a pass is shown even where it gave no reason: that it was not run is reason enough."""
    if item.outcome == Outcome.PASS.value:
        return []
    not_run = Reason(code="NOT_RUN", message_zh="未得出结论", message_en="nothing was concluded")
    reasons = [Reason.model_validate(reason) for reason in item.reasons] or [not_run]
    return [
        OpenPoint(
            kind=item.kind,
            outcome=Outcome(item.outcome),
            finding_id=item.finding_id,
            asset_key=item.asset_key,
            reason=reason,
        )
        for reason in reasons
    ]


async def _opinions(session: AsyncSession, row: Application) -> tuple[Opinion, ...]:
    """What people concluded, in the order in which they did. While a stage lasts, those asked in it side by side do not
    read each other's opinion."""
    rows = await session.exec(
        select(Task).where(Task.case_id == row.case_id, col(Task.state) == TaskState.COMPLETED.value)
    )
    given = [HumanTask.model_validate(task.body) for task in rows]
    shown = [task for task in given if task.type in _OPINIONS and (task.stage != row.stage or task.type is _IN_TURN)]
    return tuple(sorted((opinion for task in shown if (opinion := _opinion(task))), key=_when))


def _when(opinion: Opinion) -> tuple[Any, UUID]:
    return opinion.at, opinion.task_id


def _opinion(task: HumanTask) -> Opinion | None:
    if task.outcome is None or task.completed_at is None or task.completed_by is None:
        return None
    return Opinion(
        task_id=task.task_id,
        type=task.type,
        stage=task.stage,
        outcome=task.outcome,
        by=task.completed_by,
        at=task.completed_at,
        comment=task.comment,
        conditions=task.conditions,
        grade=task.proposal.grade if task.proposal is not None else None,
    )


def _plain(row: OriginationTable | None, *names: str) -> dict[str, Any] | None:
    return None if row is None else row.model_dump(mode="json", include=set(names))
