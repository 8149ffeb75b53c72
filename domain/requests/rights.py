"""Subjects of rights (data assets, software, orders and receivables) as an application describes them."""

from datetime import date
from typing import Any, Literal

from domain.application import (
    ApplicationContent,
    AssetKind,
    AssetLine,
    ComputeContract,
    ContractKind,
    DataAssetTerms,
    DataEvaluation,
)
from domain.collateral import IntangibleSubject, ReceivableSubject
from domain.compute_order import OrderFacts
from domain.data_asset import DataAssetFacts, DataCosts, DataLife, DataQuality, DataRights, DataUtility
from domain.facts import Absent, FactState, Known, known, state_of

Bound = Literal["legal", "refresh", "contract"]
ClaimKind = Literal[AssetKind.RECEIVABLE, AssetKind.COMPUTE_ORDER]


def intangible_subject(line: AssetLine, as_of: date) -> IntangibleSubject:
    """Software or a data asset."""
    terms = line.data_terms
    return IntangibleSubject(
        asset_kind=line.kind,
        cost=(known(terms.reproduction_cost) if terms is not None else None) or line.cost,
        certificate=_certified(line, as_of),
        personal_data=known(terms.personal_data) if terms is not None else None,
        data=_data(terms, terms.evaluation, as_of) if terms is not None and terms.evaluation is not None else None,
    )


def claim_subject(content: ApplicationContent, line: AssetLine) -> ReceivableSubject:
    """A compute order or a receivable by the contract it arises from; without one nothing of it is known."""
    kind: ClaimKind = AssetKind.COMPUTE_ORDER if line.kind is AssetKind.COMPUTE_ORDER else AssetKind.RECEIVABLE
    contract = next((item for item in content.contracts if item.key == line.contract_key), None)
    if contract is None:
        return ReceivableSubject(
            asset_kind=kind,
            amount=line.cost,
            advance_received=None,
            retention=None,
            collected=None,
            firm=None,
            buyer_tier=None,
            buyer_related=None,
            assignment_allowed=None,
        )
    return ReceivableSubject(
        asset_kind=kind,
        amount=known(contract.amount),
        advance_received=known(contract.advance_received),
        retention=known(contract.retention),
        collected=known(contract.collected),
        firm=_firm(contract),
        buyer_tier=known(contract.buyer_tier),
        buyer_related=known(contract.buyer_related),
        assignment_allowed=known(contract.assignment_allowed),
        order=_order(contract) if kind is AssetKind.COMPUTE_ORDER else None,
    )


def _firm(contract: ComputeContract) -> bool | None:
    kind = known(contract.kind)
    return None if kind is None else kind is not ContractKind.FRAMEWORK


def _certified(line: AssetLine, as_of: date) -> bool | None:
    """Whether a certificate of the right exists and has not expired."""
    if line.data_terms is None or line.data_terms.certificate is None:
        return None
    if known(line.data_terms.certificate) is None:
        return False if line.data_terms.certificate.state == "not_applicable" else None
    expires = known(line.data_terms.right_expires)
    return expires is None or expires >= as_of


def months_since(since: date | None, as_of: date) -> int | None:
    """Whole months between two days, none where the first is not known; a day to come counts as today."""
    if since is None:
        return None
    months = (as_of.year - since.year) * 12 + as_of.month - since.month - (as_of.day < since.day)
    return max(0, months)


def _order(contract: ComputeContract) -> OrderFacts:
    kind = known(contract.kind)
    return OrderFacts(
        take_or_pay=None if kind is None else kind is ContractKind.TAKE_OR_PAY,
        model_stated=_stated(contract.gpu_model),
        quantity_stated=_stated(contract.quantity),
        price_stated=_stated(contract.unit_price),
        start_stated=_stated(contract.starts),
        ends=known(contract.ends),
        buyer_confirmed=known(contract.buyer_confirmed),
        announcement=_announcement(contract),
        buyer_compute_capex=known(contract.buyer_compute_capex),
        ready_to_start=known(contract.ready_to_start),
        cost_to_complete=known(contract.cost_to_complete),
        collectible_within_tenor=known(contract.collectible_within_tenor),
        revenue_share=known(contract.revenue_share),
        collections=contract.collections,
    )


def _stated(term: Known[Any] | Absent | None) -> bool | None:
    """Whether the contract fixes a term; "not applicable" says that it leaves the term open."""
    if known(term) is not None:
        return True
    return False if _not_applicable(term) else None


def _announcement(contract: ComputeContract) -> Literal["found", "absent", "not_applicable"] | None:
    if _not_applicable(contract.buyer_announced):
        return "not_applicable"
    announced = known(contract.buyer_announced)
    return None if announced is None else "found" if announced else "absent"


def _data(terms: DataAssetTerms, report: DataEvaluation, as_of: date) -> DataAssetFacts:
    return DataAssetFacts(
        rights=DataRights(
            right=known(terms.right),
            transferable=known(report.transferable),
            exclusive=known(report.exclusive),
            sublicensing=_allowed(report.sublicensing_allowed),
            public_authorisation=_within(report.public_data_within_authorisation),
            important_data=_assessed(report.important_data_assessed),
            escrowed=known(report.escrowed),
            personal_share=known(report.personal_share),
        ),
        quality=DataQuality(
            conformity=known(report.conformity),
            completeness=known(report.completeness),
            accuracy=known(report.accuracy),
            consistency=known(report.consistency),
            timeliness=known(report.timeliness),
            accessibility=known(report.accessibility),
            tested_on=known(report.tested_on),
            tests=report.tests,
        ),
        costs=DataCosts(
            acquisition=known(report.acquisition_cost),
            processing=known(report.processing_cost),
            storage=known(report.storage_cost),
            governance=known(report.governance_cost),
        ),
        utility=DataUtility(
            circulation=known(report.circulation),
            scarcity=known(report.scarcity),
            realisation_risk=known(report.realisation_risk),
        ),
        life=DataLife(
            legal_months=_months_left(known(terms.right_expires), as_of),
            refresh_months=known(report.refresh_months),
            contract_months=known(report.contract_months),
            not_limited_by=_unbounded(terms, report),
        ),
        forecast=report.forecast,
        royalty_rate=known(report.royalty_rate),
        trades=report.trades,
        top_buyer_share=known(terms.top_buyer_share),
    )


def _unbounded(terms: DataAssetTerms, report: DataEvaluation) -> tuple[Bound, ...]:
    bounds: dict[Bound, Known[Any] | Absent | None] = {
        "legal": terms.right_expires,
        "refresh": report.refresh_months,
        "contract": report.contract_months,
    }
    return tuple(name for name, fact in bounds.items() if _not_applicable(fact))


def _not_applicable(fact: Known[Any] | Absent | None) -> bool:
    return state_of(fact) is FactState.NOT_APPLICABLE


def _months_left(until: date | None, as_of: date) -> int | None:
    """Whole months that are left; a bound of more than fifty years is as good as fifty."""
    return None if until is None else min(600, months_since(as_of, until) or 0)


def _allowed(fact: Known[bool] | Absent | None) -> Literal["allowed", "forbidden", "not_applicable"] | None:
    if _not_applicable(fact):
        return "not_applicable"
    allowed = known(fact)
    return None if allowed is None else "allowed" if allowed else "forbidden"


def _within(fact: Known[bool] | Absent | None) -> Literal["within", "beyond", "not_applicable"] | None:
    if _not_applicable(fact):
        return "not_applicable"
    within = known(fact)
    return None if within is None else "within" if within else "beyond"


def _assessed(fact: Known[bool] | Absent | None) -> Literal["none", "assessed", "not_assessed"] | None:
    if _not_applicable(fact):
        return "none"
    assessed = known(fact)
    return None if assessed is None else "assessed" if assessed else "not_assessed"
