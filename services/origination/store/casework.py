"""The casework of a process: the dossier it assesses, and what it concludes, decides, offers and contracts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent, RelatedTo
from domain.borrowing_cost import BorrowingCost
from domain.buy_or_rent import BuyOrRent
from domain.casefile import AssessmentItem
from domain.collateral import Valuation
from domain.dossier import Dossier, ValuedAsset
from domain.facility import ApprovalCondition, ConditionAsked
from domain.facts import known
from domain.finding import Finding, FindingRef, Outcome, Reason
from domain.limit import Exposures, Limit
from domain.model import Value
from domain.pricing import Quote, Schedule
from domain.process import CaseStep, DecisionRecord
from domain.rating import Rating
from domain.rating_override import RatingOverride
from domain.reference import LenderBooks
from domain.requests.collateral import cohorts
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.origination.calc.completeness import FiledDocument
from services.origination.calc.terms import ContractData, OfferTerms
from services.origination.store import applications, drafting, product_standing, reference
from services.origination.store.events import lock_case, record
from services.origination.store.exposures import exposure_of
from services.origination.store.reference import Standing
from services.origination.store.related_parties import related_total
from services.origination.store.unified_ceiling import unified_ceiling
from services.origination.tables.base import findings
from services.origination.tables.books import Customer
from services.origination.tables.cases import Application, CaseFinding, Contract, Decision, Offer

MEMO_KIND = "credit_memo"
_FOLLOWS_FROM = {"rating_override": "rating", "borrowing_cost": "schedule", "buy_or_rent": "schedule"}
"""Conclusions that stand on another one of the same assessment, and fall with it."""

V = TypeVar("V", bound=Value)
R = TypeVar("R", Decision, Offer, Contract)


# --- the dossier ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CaseFile:
    """A submitted case as the books have it on a day."""

    row: Application
    content: ApplicationContent
    found: list[CaseFinding]
    """The newest conclusions that stand."""
    customer: Customer
    day: date
    references: Standing

    @property
    def content_sha256(self) -> str:
        assert self.row.content_sha256 is not None
        return self.row.content_sha256


async def case_file(session: AsyncSession, case_id: UUID, as_of: date | None = None) -> CaseFile:
    """The case on a day; without ``as_of`` the day of the newest conclusion is meant, else that of submission.

    Raises ``not_found``, ``step_not_possible`` before submission.
    """
    row = await applications.case(session, case_id)
    content = await drafting.frozen_content(session, row)
    found = standing(await latest_findings(session, case_id), content)
    day = as_of or max((item.as_of for item in found), default=row.pinned_on)
    assert day is not None
    wanted = (
        reference.lender_series(row.lender_id),
        reference.BLACKLIST,
        reference.FRAUD,
        reference.DOMESTIC_ACCELERATORS,
        reference.KNOWN_NAMES,
    )
    references = await reference.standing(session, wanted, day)
    return CaseFile(row, content, found, await customer_of(session, row), day, references)


async def read_dossier(session: AsyncSession, case_id: UUID, as_of: date | None = None) -> Dossier:
    """All that an assessment step may know of a case: content as submitted, the books on a day, conclusions so far.

    Raises as ``case_file``, and ``no_reference_data`` when the lender's figures are not in the books.
    """
    return await dossier_of(session, await case_file(session, case_id, as_of))


async def dossier_of(session: AsyncSession, case: CaseFile) -> Dossier:
    """The dossier of a case file, with what the lender has at stake. Raises ``no_reference_data``."""
    row, found = case.row, case.found
    assert row.policy_sha256 is not None
    lender, _ = case.references.lender(row.lender_id)
    blacklisted, _ = case.references.listed(reference.BLACKLIST, case.content)
    fraud, _ = case.references.listed(reference.FRAUD, case.content)
    valued = [item for item in found if item.kind == "valuation" and item.value]
    rating = one_of(found, "rating")
    override = override_in_force(found)
    return Dossier(
        case_id=row.case_id,
        case_number=row.case_number,
        branch=row.branch,
        policy_sha256=row.policy_sha256,
        pinned_on=row.pinned_on,
        lender_id=row.lender_id,
        content=case.content,
        line=case.content.lines[0],
        lender=lender,
        exposures=await exposures(session, row, case.customer, lender, case.day, case.content),
        held=await product_standing.held_by_product(session, row),
        blacklisted=blacklisted,
        fraud_flag=fraud,
        rating=_in_force(value_of(rating, Rating), override),
        rating_override=override,
        rating_finding=finding_ref(rating) if rating is not None else None,
        limit=value_of(one_of(found, "limit"), Limit),
        quote=value_of(one_of(found, "quote"), Quote),
        schedule=value_of(one_of(found, "schedule"), Schedule),
        borrowing_cost=value_of(one_of(found, "borrowing_cost"), BorrowingCost),
        buy_or_rent=value_of(one_of(found, "buy_or_rent"), BuyOrRent),
        valuations=tuple(
            ValuedAsset(
                asset_key=item.asset_key,
                cohort=item.cohort,
                finding=finding_ref(item),
                valuation=Valuation.model_validate(item.value),
            )
            for item in valued
        ),
        findings=tuple(finding_ref(item) for item in found),
    )


async def exposures(
    session: AsyncSession,
    row: Application,
    customer: Customer,
    lender: LenderBooks,
    day: date,
    content: ApplicationContent,
) -> Exposures:
    """What the lender has at stake with the customer and its group, without this case."""
    stake = await exposure_of(session, customer, row.lender_id, day, without_case=row.case_id)
    return Exposures(
        customer_loans=stake.loans,
        customer_exposure=stake.exposure,
        group_exposure=stake.group_exposure,
        unified_customer=stake.unified_customer,
        unified_group=stake.unified_group,
        unified_ceiling=await unified_ceiling(session, customer, row.lender_id, day),
        related_total=await related_total(session, customer.id, row.lender_id, day, without_case=row.case_id)
        if related(content)
        else None,
        group_id=stake.group_id,
        net_capital=lender.net_capital,
        tier1_capital=lender.tier1_capital,
    )


def related(content: ApplicationContent) -> bool:
    """Whether the application names the borrower as related to the lender."""
    return known(content.borrower.related_to_lender) not in (None, RelatedTo.NONE)


async def customer_of(session: AsyncSession, row: Application) -> Customer:
    """The customer on file of a submitted case."""
    customer = await session.get(Customer, row.customer_id) if row.customer_id is not None else None
    if customer is None:
        raise Problem("step_not_possible", needs="customer")
    return customer


async def filed(session: AsyncSession, case_id: UUID) -> tuple[FiledDocument, ...]:
    """The documents that lie in the file."""
    rows = await applications.documents(session, case_id)
    return tuple(FiledDocument(kind=row.kind, sha256=row.sha256, as_of=row.as_of) for row in rows)


def override_in_force(found: list[CaseFinding]) -> RatingOverride | None:
    """The override that a second person confirmed of the rating the case has now; one of an earlier rating counts no more."""
    rating, override = one_of(found, "rating"), one_of(found, "rating_override")
    if rating is None or override is None or override.outcome != Outcome.PASS.value or override.id < rating.id:
        return None
    value = value_of(override, RatingOverride)
    return value if value is not None and value.rating_sha256 == rating.sha256 else None


def _in_force(rating: Rating | None, override: RatingOverride | None) -> Rating | None:
    """The rating that limit and price stand on: grade and PD of the override, class and multiplier of the model."""
    if rating is None or override is None:
        return rating
    return rating.model_copy(update={"grade": override.grade, "pd": override.pd})


def one_of(found: list[CaseFinding], kind: str) -> CaseFinding | None:
    return next((item for item in found if item.kind == kind), None)


def value_of(item: CaseFinding | None, kind: type[V]) -> V | None:
    return kind.model_validate(item.value) if item is not None and item.value else None


# --- findings ---------------------------------------------------------------------------------------------------------


async def latest_findings(session: AsyncSession, case_id: UUID) -> list[CaseFinding]:
    """The newest conclusion of each kind (of valuations: of each asset and cohort), in the order in which they came."""
    group = (col(CaseFinding.kind), col(CaseFinding.asset_key), col(CaseFinding.cohort))
    found = await session.exec(
        select(CaseFinding)
        .where(CaseFinding.case_id == case_id)
        .distinct(*group)
        .order_by(*group, col(CaseFinding.id).desc())
    )
    return sorted(found, key=lambda item: item.id)


def standing(found: list[CaseFinding], content: ApplicationContent) -> list[CaseFinding]:
    """Without the values of assets that an amended application no longer has, and what followed from an earlier rating or
    schedule."""
    there = {(cohort.asset_key, cohort.cohort) for cohort in cohorts(content)}
    newest_of = {item.kind: item.id for item in found}

    def stands(item: CaseFinding) -> bool:
        if item.kind in _FOLLOWS_FROM:
            cause = newest_of.get(_FOLLOWS_FROM[item.kind])
            return cause is not None and item.id > cause
        return item.kind != "valuation" or (item.asset_key, item.cohort) in there

    return [item for item in found if stands(item)]


async def file_finding(
    session: AsyncSession,
    who: Principal,
    step: CaseStep,
    ref: FindingRef,
    *,
    service: str,
    value: dict[str, Any],
    reasons: tuple[Reason, ...],
    asset_key: str = "",
    cohort: str = "",
    part: str = "",
    beside: Sequence[CaseFinding] = (),
) -> FindingRef:
    """Enter a conclusion into the case, with those it stands ``beside`` in one event. A step concludes once, or once each of its
    ``part``s: what it concluded first stands."""
    await lock_case(session, step.case_id)
    key = ":".join(name for name in (step.workflow_id, step.step, part) if name)
    found = await session.exec(select(CaseFinding).where(CaseFinding.case_id == step.case_id, CaseFinding.step == key))
    known = found.one_or_none()
    if known is not None:
        return finding_ref(known)
    row = CaseFinding(
        case_id=step.case_id,
        step=key,
        finding_id=ref.id,
        kind=ref.kind,
        outcome=ref.outcome.value,
        headline=ref.value,
        sha256=ref.sha256,
        service=service,
        asset_key=asset_key,
        cohort=cohort,
        as_of=step.as_of,
        value=value,
        reasons=[reason.model_dump(mode="json") for reason in reasons],
    )
    facts = {"step": step.step, "workflow_id": step.workflow_id, "finding": ref.model_dump(mode="json")}
    await record(session, step.case_id, f"finding.{ref.kind}", who, rows=[row, *beside], facts=facts)
    return ref


async def file_own(
    session: AsyncSession,
    who: Principal,
    step: CaseStep,
    finding: Finding[Any],
    inputs: Value,
    *,
    beside: Sequence[Finding[Any]] = (),
    beside_inputs: Value | None = None,
) -> FindingRef:
    """File a finding of this service with its inputs and trace, and enter it into the case; the findings ``beside`` it, which
    have inputs of their own, are filed and entered with it, each as a conclusion by itself."""
    ref = await findings.put(session, finding, inputs, subject=str(step.case_id))
    rows = []
    for item in beside:
        assert beside_inputs is not None
        made = await findings.put(session, item, beside_inputs, subject=str(step.case_id))
        rows.append(_entered_beside(step, item, made))
    return await file_finding(
        session,
        who,
        step,
        ref,
        service="origination",
        value=finding.value.model_dump(mode="json") if finding.value is not None else {},
        reasons=finding.reasons,
        beside=rows,
    )


def _entered_beside(step: CaseStep, finding: Finding[Any], ref: FindingRef) -> CaseFinding:
    return CaseFinding(
        case_id=step.case_id,
        step=":".join((step.workflow_id, step.step, finding.kind)),
        finding_id=ref.id,
        kind=ref.kind,
        outcome=ref.outcome.value,
        headline=ref.value,
        sha256=ref.sha256,
        service="origination",
        as_of=step.as_of,
        value=finding.value.model_dump(mode="json") if finding.value is not None else {},
        reasons=[reason.model_dump(mode="json") for reason in finding.reasons],
    )


def finding_ref(row: CaseFinding) -> FindingRef:
    return FindingRef(id=row.finding_id, kind=row.kind, outcome=row.outcome, value=row.headline, sha256=row.sha256)


def assessment_item(row: CaseFinding) -> AssessmentItem:
    return AssessmentItem(
        finding=finding_ref(row),
        service=row.service,
        asset_key=row.asset_key,
        cohort=row.cohort,
        as_of=row.as_of,
        value=row.value,
        reasons=tuple(Reason.model_validate(reason) for reason in row.reasons),
        recorded_at=row.recorded_at,
    )


# --- decision, offer, contract ----------------------------------------------------------------------------------------


async def newest(session: AsyncSession, kind: type[R], case_id: UUID) -> R | None:
    """The newest decision, offer or contract of a case."""
    found = await session.exec(select(kind).where(kind.case_id == case_id).order_by(col(kind.id).desc()).limit(1))
    return found.one_or_none()


async def of_step(session: AsyncSession, kind: type[R], case_id: UUID, step: str) -> R | None:
    """What a step made before, if it was here already."""
    found = await session.exec(select(kind).where(kind.case_id == case_id, kind.step == step))
    return found.one_or_none()


async def enter_decision(session: AsyncSession, who: Principal, report: DecisionRecord) -> Decision:
    """Enter a decision as the process took it."""
    await lock_case(session, report.case_id)
    key = f"{report.workflow_id}:{report.step}"
    known = await of_step(session, Decision, report.case_id, key)
    if known is not None:
        return known
    row = Decision(
        case_id=report.case_id,
        step=key,
        decision=report.decision,
        decided_by=list(report.decided_by),
        authority_rule=report.authority_rule,
        conditions=[condition.model_dump(mode="json") for condition in report.conditions],
        reasons=[reason.model_dump(mode="json") for reason in report.reasons],
        at=report.at,
        valid_until=report.valid_until,
    )
    facts = {"step": report.step, "workflow_id": report.workflow_id, "decision": report.decision}
    await record(session, report.case_id, "decision.taken", who, rows=[row], facts=facts)
    return row


_CONDITIONS: TypeAdapter[tuple[ConditionAsked, ...]] = TypeAdapter(tuple[ConditionAsked, ...])


def decided_conditions(decision: Decision) -> tuple[ApprovalCondition, ...]:
    """The conditions of a decision; one that was recorded as a text alone is precedent."""
    return _CONDITIONS.validate_python(decision.conditions)


async def enter_offer(session: AsyncSession, who: Principal, step: CaseStep, terms: OfferTerms) -> Offer:
    """Enter an offer under the hash of its terms."""
    await lock_case(session, step.case_id)
    key = f"{step.workflow_id}:{step.step}"
    known = await of_step(session, Offer, step.case_id, key)
    if known is not None:
        return known
    row = Offer(
        case_id=step.case_id,
        step=key,
        terms=terms.model_dump(mode="json"),
        terms_sha256=terms.sha256(),
        amount=terms.amount.amount,
        valid_until=terms.valid_until,
    )
    facts = {"step": step.step, "workflow_id": step.workflow_id, "terms_sha256": row.terms_sha256}
    await record(session, step.case_id, "offer.made", who, rows=[row], facts=facts)
    return row


async def contracts_so_far(session: AsyncSession, case_id: UUID) -> int:
    found = await session.exec(select(func.count()).select_from(Contract).where(Contract.case_id == case_id))
    return found.one()


async def enter_contract(session: AsyncSession, who: Principal, step: CaseStep, data: ContractData) -> Contract:
    """Enter the data of an agreement under their hash."""
    await lock_case(session, step.case_id)
    key = f"{step.workflow_id}:{step.step}"
    known = await of_step(session, Contract, step.case_id, key)
    if known is not None:
        return known
    row = Contract(
        case_id=step.case_id,
        step=key,
        number=data.number,
        offer_id=data.offer_id,
        data=data.model_dump(mode="json"),
        data_sha256=data.sha256(),
        clauses=[clause.model_dump(mode="json") for clause in data.clauses],
    )
    facts = {"step": step.step, "workflow_id": step.workflow_id, "data_sha256": row.data_sha256, "number": row.number}
    await record(session, step.case_id, "contract.drawn", who, rows=[row], facts=facts)
    return row
