"""The valuation of an asset: its approach, whether it may carry credit, how far and how long."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext

from domain.application import AssetKind
from domain.collateral import (
    Approach,
    CohortSubject,
    DepositSubject,
    IntangibleSubject,
    PhysicalSubject,
    ReceivableSubject,
    Subject,
    Valuation,
    ValuationRequest,
)
from domain.compute_order import RepaymentCeiling
from domain.finding import ModelRef, Outcome, Reason, TraceStep
from domain.gpu_valuation import ValuePath
from domain.money import ZERO, Money
from policy.engine.collateral import CollateralPolicy
from policy.engine.compute_order import ComputeOrderPolicy
from policy.engine.data_asset import DataAssetPolicy
from services.collateral.calc import compute_order, data_asset, deposit, intangible, physical, receivable
from services.collateral.calc.conclusion import FIGURES, Conclusion, plain, reason
from services.collateral.calc.eligibility import asset_kind, eligibility
from services.collateral.calc.gpu_server import model_1, model_2

MODEL = ModelRef(id="collateral_valuation", version="1.0.0")
DATA_ASSET_MODEL = ModelRef(id="data_asset", version="2.0.0")
COMPUTE_ORDER_MODEL = ModelRef(id="compute_order", version="2.0.0")
GPU_SERVER_MODEL_2 = ModelRef(id="collateral_valuation", version="2.0.0")
KIND = "valuation"

_ASKED_TWICE = {
    "asset.encumbered": "ENCUMBRANCE_NOT_SEARCHED",
    "contract.kind": "FIRMNESS_UNKNOWN",
    "contract.buyer_related": "BUYER_RELATION_UNKNOWN",
    "contract.assignment_allowed": "ASSIGNABILITY_UNKNOWN",
    "data.certificate": "CERTIFICATE_UNKNOWN",
    "data.personal_data": "PERSONAL_DATA_UNKNOWN",
}
"""Facts that a formula and a rule both ask for: the reader is told once, in the formula's words."""


_OF_EACH_SUBJECT = frozenset(
    {
        "FACT_ABSENT",
        "AMOUNT_UNKNOWN",
        "INCOMPLETE_COST_STACK",
        "DATA_FACT_UNKNOWN",
        "QUALITY_UNKNOWN",
        "COST_LINE_UNKNOWN",
        "UTILITY_UNKNOWN",
        "LIFE_BOUND_UNKNOWN",
        "ORDER_FACT_UNKNOWN",
        "ORDER_TERM_ABSENT",
    }
)
"""Codes that are told once for each subject; of the others the first wording stands for all."""


@dataclass(frozen=True)
class RightsPolicies:
    """Policies of the second models of rights; None before one is in force: then the first model answers."""

    data_assets: DataAssetPolicy | None = None
    compute_orders: ComputeOrderPolicy | None = None


NO_POLICIES = RightsPolicies()


@dataclass(frozen=True)
class _Appraised:
    """What an approach found, whatever the kind of asset. ``reconciled`` None: no value could be formed."""

    approaches: tuple[Approach, ...]
    reconciled: Money | None
    lending: Money
    orderly: Money | None
    forced: Money | None
    units: int
    remaining_months: int | None
    referred: bool
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]
    ltv: Decimal | None = None
    """A ceiling below that of the kind, where the asset itself asks for one."""
    ceilings: tuple[RepaymentCeiling, ...] = ()
    barred: bool = False
    """Known to be worth nothing to a lender: a right that is none, an order that binds nobody."""
    path: ValuePath | None = None


def model(subject: Subject, policy: CollateralPolicy, rights: RightsPolicies = NO_POLICIES) -> ModelRef:
    """The model that values a subject: for servers the one the policy was approved with, for rights the second one from
    the day on which their own policy is in force."""
    match subject:
        case CohortSubject() if policy.gpu.model == "2":
            return GPU_SERVER_MODEL_2
        case IntangibleSubject(asset_kind=AssetKind.DATA_ASSET) if rights.data_assets is not None:
            return DATA_ASSET_MODEL
        case ReceivableSubject(asset_kind=AssetKind.COMPUTE_ORDER) if rights.compute_orders is not None:
            return COMPUTE_ORDER_MODEL
        case _:
            return MODEL


def conclude(
    request: ValuationRequest, policy: CollateralPolicy, valid_days: int, rights: RightsPolicies = NO_POLICIES
) -> Conclusion[Valuation]:
    """Value an asset under a policy on the request's business date.

    ``valid_days``: how long the house trusts a valuation. Outcome ``pass`` when a value stands, ``refer`` when a person
    must decide: a fact is not known, the approaches disagree, or the asset may carry no credit. What cannot be valued is
    lent nothing on; that is said by ``reconciled_value`` None, not by a value of zero.
    """
    with localcontext(FIGURES):
        return _conclude(request, policy, valid_days, rights)


def _conclude(
    request: ValuationRequest, policy: CollateralPolicy, valid_days: int, rights: RightsPolicies
) -> Conclusion[Valuation]:
    kind = asset_kind(request.subject)
    terms = policy.of_kind(kind)
    found = _appraise(request, policy, rights)
    admitted = eligibility(request, policy)
    reasons = [*found.reasons, *admitted.reasons]
    tenor = terms.tenor_cap_months
    if found.remaining_months is not None:
        tenor = max(0, min(tenor, found.remaining_months - terms.life_margin_months))
    eligible = admitted.eligible and not found.barred and found.reconciled is not None and tenor > 0
    if tenor == 0 and found.reconciled is not None:
        reasons.append(reason("LIFE_TOO_SHORT"))
    referred = found.referred or admitted.outcome is Outcome.REFER
    value = Valuation(
        asset_key=request.asset_key,
        asset_kind=kind,
        units=found.units,
        approaches=found.approaches,
        reconciled_value=found.reconciled,
        lending_value=found.lending if eligible else ZERO,
        orderly_liquidation=found.orderly,
        forced_liquidation=found.forced,
        eligible=eligible,
        ltv=terms.ltv if found.ltv is None else min(terms.ltv, found.ltv),
        tenor_cap_months=tenor,
        valid_until=valid_until(request.as_of, valid_days, terms.revaluation_months),
        ceilings=found.ceilings if eligible else (),
        path=found.path,
    )
    return Conclusion(
        outcome=Outcome.REFER if referred else Outcome.PASS,
        value=value,
        reasons=_once(reasons),
        trace=(*found.trace, *admitted.trace, _credit_step(value)),
    )


def _once(reasons: list[Reason]) -> tuple[Reason, ...]:
    codes = {item.code for item in reasons}
    kept: dict[tuple[str, str], Reason] = {}
    for item in reasons:
        told = item.code == "FACT_ABSENT" and _ASKED_TWICE.get(item.subject) in codes
        # A rule of policy and a formula that conclude the same carry the same code; the first wording stays.
        key = (item.code, item.subject if item.code in _OF_EACH_SUBJECT else "")
        if not told:
            kept.setdefault(key, item)
    return tuple(kept.values())


def valid_until(as_of: date, valid_days: int, revaluation_months: int) -> date:
    """The last day a valuation may be used: the house's limit or the kind's revaluation interval, whichever is shorter."""
    return as_of + timedelta(days=min(valid_days, revaluation_months * 30))


def _appraise(request: ValuationRequest, policy: CollateralPolicy, rights: RightsPolicies) -> _Appraised:
    subject = request.subject
    kind = policy.of_kind(asset_kind(subject))
    match subject:
        case CohortSubject():
            return _servers(subject, request, policy)
        case PhysicalSubject():
            built = physical.appraise(subject, policy.physical_life(subject.asset_kind))
            return _single(built.value, built.reasons, built.trace, remaining=built.remaining_months)
        case ReceivableSubject(asset_kind=AssetKind.COMPUTE_ORDER) if rights.compute_orders is not None:
            return _order(compute_order.appraise(subject, request.as_of, kind, rights.compute_orders))
        case ReceivableSubject():
            claim = receivable.appraise(subject)
            return _single(claim.value, claim.reasons, claim.trace)
        case IntangibleSubject(asset_kind=AssetKind.DATA_ASSET) if rights.data_assets is not None:
            return _data(data_asset.appraise(subject, request.encumbered, request.as_of, kind, rights.data_assets))
        case IntangibleSubject():
            right = intangible.appraise(subject)
            return _single(right.value, right.reasons, right.trace)
        case DepositSubject():
            return _single(*deposit.appraise(subject))


def _servers(cohort: CohortSubject, request: ValuationRequest, policy: CollateralPolicy) -> _Appraised:
    if policy.gpu.model == "1":
        worth = model_1.appraise(cohort, policy.gpu)
    else:
        worth = model_2.appraise(cohort, request.evidence, request.as_of, policy.gpu)
    return _Appraised(
        approaches=worth.approaches,
        reconciled=worth.reconciled,
        lending=worth.lending,
        orderly=worth.orderly,
        forced=worth.forced,
        units=cohort.servers,
        remaining_months=worth.remaining_months,
        referred=worth.referred,
        reasons=worth.reasons,
        trace=worth.trace,
        path=worth.path,
    )


def _data(worth: data_asset.Appraisal) -> _Appraised:
    return _Appraised(
        approaches=worth.approaches,
        reconciled=worth.reconciled,
        lending=worth.lending,
        orderly=None,
        forced=None,
        units=1,
        remaining_months=worth.remaining_months,
        referred=worth.referred,
        reasons=worth.reasons,
        trace=worth.trace,
        ltv=worth.ltv,
        barred=worth.reconciled == ZERO,
    )


def _order(worth: compute_order.Appraisal) -> _Appraised:
    alone = _single(worth.value, worth.reasons, worth.trace, remaining=worth.remaining_months)
    code = alone.approaches[0].code if worth.referred else ""
    return replace(
        alone,
        approaches=(alone.approaches[0].model_copy(update={"code": code}),),
        referred=worth.referred,
        ltv=worth.ltv,
        ceilings=worth.ceilings,
        barred=worth.value == ZERO,
    )


def _single(
    value: Money | None,
    reasons: tuple[Reason, ...],
    trace: tuple[TraceStep, ...],
    *,
    remaining: int | None = None,
) -> _Appraised:
    """An asset with one approach. A reason against it, or no value at all, is for a person to look at."""
    code = reasons[0].code if reasons else ""
    weight = Decimal(0) if value is None else Decimal(1)
    return _Appraised(
        approaches=(Approach(name="cost", value=value, weight=weight, code=code),),
        reconciled=value,
        lending=value if value is not None else ZERO,
        orderly=None,
        forced=None,
        units=1,
        remaining_months=remaining,
        referred=bool(reasons),
        reasons=reasons,
        trace=trace,
    )


def _credit_step(value: Valuation) -> TraceStep:
    credit = value.lending_value.amount * value.ltv
    return TraceStep(
        step="credit",
        rule="lending value × LTV ceiling of the kind; zero where the asset may carry no credit",
        inputs={
            "eligible": str(value.eligible).lower(),
            "lending_value": plain(value.lending_value.amount, 2),
            "ltv": plain(value.ltv),
            "tenor_cap_months": str(value.tenor_cap_months),
        },
        result=plain(credit, 2),
    )
