"""The indicative verdict of a draft: completeness, admission and products by the books, then the limit by asking the neighbours
dry. Reads only; what a neighbour does not answer is said, and the rest of the verdict stands.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from starlette.datastructures import State

from domain.application import ApplicationContent, CreditLineRequest
from domain.collateral import CohortSubject, Valuation, ValuationRequest
from domain.dossier import Dossier, ValuedAsset
from domain.finding import Finding, FindingRef, Outcome, Reason
from domain.indicative import IndicativeLimit, IndicativeVerdict
from domain.limit import Exposures
from domain.money import Money
from domain.process import CohortRef
from domain.products import ProductEligibility
from domain.reference import LenderBooks
from domain.requests.collateral import cohorts, valuation_request
from domain.requests.pricing import limit_request, rating_request
from domain.valuation_trial import MOST_TRIED
from policy.engine import Bundle, FactValue, Product
from services.collateral.client import CollateralClient
from services.kit.database import Database, now
from services.kit.etags import IfMatch
from services.kit.http import RemoteProblem, RemoteUnavailable
from services.kit.principal import Principal
from services.kit.problems import Problem
from services.origination.calc.case_facts import Screens, book_facts, foreign_accelerators, screen_facts
from services.origination.calc.completeness import FiledDocument, missing, unknown_facts
from services.origination.calc.eligibility import committed_by_family, eligibility
from services.origination.calc.exposures import LOAN, conversion_of
from services.origination.calc.fit_facts import debt_service_cover
from services.origination.calc.indicative import (
    documents_of,
    guarantee_lacking,
    lacking_of,
    security_of,
    told_once,
)
from services.origination.calc.regulation import RegulationInputs, regulation
from services.origination.calc.screening import ScreeningInputs, screening
from services.origination.pledges import pledged_elsewhere
from services.origination.store import applications, casework, product_standing, reference
from services.origination.store.business_day import business_day
from services.origination.store.policies import PolicyShelf
from services.origination.tables.books import Customer
from services.origination.tables.cases import Application
from services.pricing.client import PricingClient

_PATIENCE: Final = 10.0
"""Seconds a neighbour may take over its part of a verdict."""
_UNASKED: Final = "0" * 64


@dataclass(frozen=True)
class _Draft:
    """A draft with what the books say about it on a day."""

    row: Application
    content: ApplicationContent
    filed: tuple[FiledDocument, ...]
    bundle: Bundle
    current: Bundle
    """In force today: what blocks by it does so for a case pinned to an earlier one as well."""
    pinned_on: date
    day: date
    lender: LenderBooks
    exposures: Exposures | None
    """None while the draft names no customer: what nobody looked up is not nought."""
    committed: Mapping[str, Money]
    """What the customer has already, by product."""
    screens: Screens
    fraud: bool | None

    @property
    def line(self) -> CreditLineRequest | None:
        return self.content.lines[0] if len(self.content.lines) == 1 else None

    @property
    def product(self) -> Product | None:
        """The product of its one line, if the policy has it."""
        line = self.line
        return next((item for item in self.bundle.products(self.pinned_on) if line and item.id == line.product), None)


async def indicative_verdict(state: State, who: Principal, case_id: UUID, base: IfMatch) -> IndicativeVerdict:
    """What submission would say today of a draft, or of a returned case by the policy it is pinned to.

    Refused is what would be refused of a submission as well: another version than the one that was read, content nobody
    may change, a lender without books.
    """
    draft = await _read(state, who, case_id, base)
    product = draft.product
    found = missing(draft.content, draft.bundle, draft.filed, draft.pinned_on, draft.day)
    admission, reasons = _admission(draft)
    limit, wanting, assessed = await _limit(state, draft, admission)
    regulated, regulation_reasons = _regulation(draft, assessed)
    return IndicativeVerdict(
        complete=not found,
        missing=found,
        admission=admission,
        reasons=reasons,
        regulation=regulated,
        regulation_reasons=regulation_reasons,
        products=_products(draft),
        limit=limit,
        documents=documents_of(product, draft.bundle, draft.filed, draft.pinned_on) if product else (),
        security=security_of(product, draft.bundle, draft.content, draft.pinned_on) if product else (),
        unknown=unknown_facts(draft.content),
        lacking=(*wanting, *lacking_of(limit.value if limit is not None else None)),
        policy_sha256=draft.bundle.sha256,
        as_of=draft.day,
    )


async def _read(state: State, who: Principal, case_id: UUID, base: IfMatch) -> _Draft:
    database: Database = state.database
    shelf: PolicyShelf = state.policies
    today = await business_day(database, shelf, now())
    async with database.reading() as session:
        row = await applications.visible_case(session, who, case_id)
        if not await applications.in_change(session, row):
            raise Problem("application_not_draft", stage=row.stage)
        base.check(row.version)
        content = applications.content_of(row)
        wanted = (
            reference.lender_series(row.lender_id),
            reference.BLACKLIST,
            reference.FRAUD,
            reference.DOMESTIC_ACCELERATORS,
        )
        standing = await reference.standing(session, wanted, today.day)
        lender, _ = standing.lender(row.lender_id)
        filed = await casework.filed(session, row.case_id)
        customer = await session.get(Customer, row.customer_id) if row.customer_id is not None else None
        exposures = committed = None
        replaced = await product_standing.replaced_purpose(session, row, content)
        if customer is not None:
            exposures = await casework.exposures(session, row, customer, lender, today.day, content)
            committed = await product_standing.held_by_product(session, row)
    pledged = await pledged_elsewhere(state, case_id, content)
    domestic = standing.named_list(reference.DOMESTIC_ACCELERATORS)
    bundle = today.bundle if row.policy_sha256 is None else await shelf.bundle(row.policy_sha256)
    return _Draft(
        row=row,
        content=content,
        filed=filed,
        bundle=bundle,
        current=today.bundle,
        pinned_on=row.pinned_on or today.day,
        day=today.day,
        lender=lender,
        exposures=exposures,
        committed=committed or {},
        screens=Screens(
            blacklisted=standing.listed(reference.BLACKLIST, content)[0],
            duplicate_serial=pledged,
            foreign_gpu=foreign_accelerators(content, domestic[0] if domestic is not None else None),
            replaced_purpose=replaced,
        ),
        fraud=standing.listed(reference.FRAUD, content)[0],
    )


def _admission(draft: _Draft) -> tuple[Outcome, tuple[Reason, ...]]:
    """Admission by the draft's own facts and the lender's books; not run while it lacks what that needs."""
    if draft.product is None or draft.exposures is None:
        return Outcome.NOT_RUN, ()
    inputs = ScreeningInputs(
        content_sha256=_UNASKED,
        policy_sha256=draft.bundle.sha256,
        current_policy_sha256=draft.current.sha256,
        pinned_on=draft.pinned_on,
        as_of=draft.day,
        lender=draft.lender,
        exposures=draft.exposures,
        screens=draft.screens,
    )
    check = screening(inputs, draft.content, draft.bundle, draft.current)
    return check.outcome(), tuple(check.reasons)


def _regulation(draft: _Draft, assessed: Dossier | None) -> tuple[Outcome, tuple[Reason, ...]]:
    """The regulations of approval, on what was assessed dry; what a neighbour did not answer is absent and refers."""
    if draft.product is None or draft.exposures is None:
        return Outcome.NOT_RUN, ()
    inputs = RegulationInputs(
        content_sha256=_UNASKED,
        policy_sha256=draft.bundle.sha256,
        current_policy_sha256=draft.current.sha256,
        pinned_on=draft.pinned_on,
        as_of=draft.day,
        lender=draft.lender,
        exposures=draft.exposures,
        screens=draft.screens,
        rating=assessed.rating if assessed is not None else None,
        limit=assessed.limit if assessed is not None else None,
        valuations=tuple(item.valuation for item in assessed.valuations) if assessed is not None else (),
        debt_service_cover=debt_service_cover(assessed, draft.day) if assessed is not None else None,
    )
    check = regulation(inputs, draft.content, draft.bundle, draft.current)
    return check.outcome(), tuple(check.reasons)


def _products(draft: _Draft) -> tuple[ProductEligibility, ...]:
    known: dict[str, FactValue] = screen_facts(draft.screens)
    if draft.line is not None and draft.exposures is not None:
        # Of a product that the policy does not have nothing is known: it counts as a loan, which counts whole everywhere.
        conversion = conversion_of(draft.product, draft.bundle, draft.day) if draft.product is not None else LOAN
        known |= book_facts(draft.line.amount, draft.exposures, draft.lender, conversion)
    committed = committed_by_family(draft.bundle, draft.pinned_on, draft.committed)
    found = eligibility(draft.content, draft.bundle, draft.pinned_on, known=known, committed=committed)
    return tuple(item.model_copy(update={"trace": ()}) for item in found)


# --- the limit, asked dry ---------------------------------------------------------------------------------------------


async def _limit(
    state: State, draft: _Draft, admission: Outcome
) -> tuple[IndicativeLimit | None, tuple[str, ...], Dossier | None]:
    """The limit, what keeps it from being asked, and the dossier with what was assessed."""
    wanting = tuple(
        name for name, there in (("customer_id", draft.exposures), ("lines/0/product", draft.product)) if there is None
    )
    if wanting:
        return None, wanting, None
    try:
        async with asyncio.timeout(_PATIENCE):
            limit, assessed = await _asked(state, draft, _dossier(draft, admission))
            return limit, (), assessed
    except ValidationError as error:
        # A figure that is well formed in a draft and can be in no calculation: its place says which.
        return (
            _not_asked("LIMIT_INPUTS", "测算所需数据不可用", "figures cannot be calculated with", _places(error)),
            (),
            None,
        )
    except RemoteProblem as problem:
        places = tuple(fault.pointer for fault in problem.errors)
        return _not_asked("LIMIT_INPUTS", "测算所需数据不可用", "figures cannot be calculated with", places), (), None
    except (RemoteUnavailable, TimeoutError):
        silent = _not_asked("LIMIT_NOT_ANSWERED", "测算服务暂无应答", "the service that measures limits gave no answer")
        return silent, (), None


async def _asked(state: State, draft: _Draft, dossier: Dossier) -> tuple[IndicativeLimit, Dossier]:
    pricing: PricingClient = state.pricing
    refs = cohorts(draft.content)[:MOST_TRIED]
    collateral: CollateralClient = state.collateral
    rating, values = await asyncio.gather(
        pricing.try_rate(rating_request(dossier, draft.day)),
        collateral.try_values([_valuation(draft, dossier, ref) for ref in refs]),
    )
    valued = [_valued(ref, finding) for ref, finding in zip(refs, values, strict=True)]
    dossier = dossier.model_copy(
        update={"rating": rating.value, "valuations": tuple(item for item, _ in valued if item is not None)}
    )
    limit = await pricing.try_limit(limit_request(dossier, draft.day))
    card_class = rating.value.card_class if rating.value is not None else None
    product = draft.product
    assert product is not None
    lacking = (
        guarantee_lacking(limit.value, product, draft.bundle, card_class, draft.pinned_on)
        if limit.value is not None
        else None
    )
    told = IndicativeLimit(
        outcome=limit.outcome,
        value=limit.value,
        grade=rating.value.grade if rating.value is not None else None,
        card_class=card_class,
        guarantee_lacking=lacking,
        reasons=told_once(*rating.reasons, *_of_values(valued), *limit.reasons),
    )
    return told, dossier.model_copy(update={"limit": limit.value})


def _valuation(draft: _Draft, dossier: Dossier, ref: CohortRef) -> ValuationRequest:
    """What would be asked of a cohort today. What the register does not know yet is taken from what was looked up."""
    asked = valuation_request(dossier, ref.asset_key, ref.cohort, draft.day)
    if isinstance(asked.subject, CohortSubject):
        return asked.model_copy(update={"duplicate_serial": draft.screens.duplicate_serial})
    return asked


def _valued(ref: CohortRef, finding: Finding[Valuation]) -> tuple[ValuedAsset | None, tuple[Reason, ...]]:
    about = f"{ref.asset_key}/{ref.cohort}"
    reasons = tuple(reason.model_copy(update={"subject": about}) for reason in finding.reasons)
    if finding.value is None:
        return None, reasons
    item = ValuedAsset(asset_key=ref.asset_key, cohort=ref.cohort, finding=finding.ref(), valuation=finding.value)
    return item, reasons


def _dossier(draft: _Draft, admission: Outcome) -> Dossier:
    """The dossier that the assessment would begin with. What screening found stands in it as it would then."""
    assert draft.line is not None
    assert draft.exposures is not None
    return Dossier(
        case_id=draft.row.case_id,
        case_number=draft.row.case_number,
        branch=draft.row.branch,
        policy_sha256=draft.bundle.sha256,
        pinned_on=draft.pinned_on,
        lender_id=draft.row.lender_id,
        content=draft.content,
        line=draft.line,
        lender=draft.lender,
        exposures=draft.exposures,
        held=dict(draft.committed),
        blacklisted=draft.screens.blacklisted,
        fraud_flag=draft.fraud,
        findings=(FindingRef(id=draft.row.case_id, kind="screening", outcome=admission, sha256=_UNASKED),),
    )


def _of_values(valued: Iterable[tuple[ValuedAsset | None, tuple[Reason, ...]]]) -> list[Reason]:
    return [reason for _, reasons in valued for reason in reasons]


def _not_asked(code: str, zh: str, en: str, places: tuple[str, ...] = ()) -> IndicativeLimit:
    told = [
        Reason(code=code, message_zh=zh, message_en=en, subject=place) for place in dict.fromkeys(places or ("limit",))
    ]
    return IndicativeLimit(outcome=Outcome.NOT_RUN, value=None, reasons=tuple(told))


def _places(error: ValidationError) -> tuple[str, ...]:
    return tuple("/".join(str(part) for part in fault["loc"]) for fault in error.errors(include_input=False))
