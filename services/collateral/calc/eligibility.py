"""Whether an asset may carry credit at all: the policy's eligibility rules on the facts of the asset (银监发〔2017〕16号)."""

from dataclasses import dataclass

from domain.application import AssetKind, ContractKind
from domain.collateral import (
    CohortSubject,
    DepositSubject,
    IntangibleSubject,
    PhysicalSubject,
    ReceivableSubject,
    Subject,
    ValuationRequest,
)
from domain.facts import FactState
from domain.finding import Outcome, Reason, TraceStep
from policy.engine import FactValue, Rule, Severity, check_rules
from policy.engine.collateral import CollateralPolicy
from services.collateral.calc.conclusion import reason


@dataclass(frozen=True)
class Eligibility:
    """``eligible`` only when nothing forbids it and nothing that would have to be known is unknown."""

    eligible: bool
    outcome: Outcome
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]


def eligibility(request: ValuationRequest, policy: CollateralPolicy) -> Eligibility:
    """The rules of policy first, then what any lender must know: the rights of others on the asset, and policy's LTV.

    A rule that blocks gives the asset no credit; that ends no application, it counts the asset as nothing and a person
    is told (``refer``). A fact that is not known refers and, until somebody has found it out, gives no credit either.
    """
    rules = [rule for rule in policy.eligibility if request.moment in rule.applies]
    decision = check_rules(rules, facts_of(request), "eligibility")
    reasons = list(decision.reasons)
    referred = decision.outcome in (Outcome.REFER, Outcome.FAIL)
    if request.encumbered is None:
        reasons.append(reason("ENCUMBRANCE_NOT_SEARCHED"))
    elif request.encumbered:
        reasons.append(reason("PRIOR_RIGHT"))
    barred = _barred(request, rules) or request.encumbered is not False
    if policy.of_kind(asset_kind(request.subject)).ltv == 0:
        reasons.append(reason("KIND_NOT_ACCEPTED"))
        barred = True
    return Eligibility(
        eligible=not barred,
        outcome=Outcome.REFER if referred or request.encumbered is not False else Outcome.PASS,
        reasons=tuple(reasons),
        trace=decision.trace,
    )


def asset_kind(subject: Subject) -> AssetKind:
    """The kind of asset that a subject is."""
    match subject:
        case CohortSubject():
            return AssetKind.GPU_SERVER
        case PhysicalSubject() | IntangibleSubject() | ReceivableSubject():
            return subject.asset_kind
        case DepositSubject():
            return AssetKind.DEPOSIT


def facts_of(request: ValuationRequest) -> dict[str, FactValue]:
    """The asset in the words of the policy's vocabulary. What does not apply to its kind says so."""
    subject = request.subject
    none = FactState.NOT_APPLICABLE
    cohort = subject if isinstance(subject, CohortSubject) else None
    rights = subject if isinstance(subject, IntangibleSubject) else None
    claim = subject if isinstance(subject, ReceivableSubject) else None
    tangible = isinstance(subject, CohortSubject | PhysicalSubject)
    return {
        "asset.kind": asset_kind(subject).value,
        "asset.provenance": cohort.provenance.value if cohort is not None else none,
        "asset.encumbered": request.encumbered,
        "asset.duplicate_serial": request.duplicate_serial if cohort is not None else none,
        "asset.colocated": request.colocated if tangible else none,
        "asset.lien_waiver": request.lien_waiver if tangible and request.colocated is not False else none,
        "contract.kind": _contract_kind(claim) if claim is not None else none,
        "contract.assignment_allowed": claim.assignment_allowed if claim is not None else none,
        "contract.buyer_related": claim.buyer_related if claim is not None else none,
        "data.certificate": rights.certificate if rights is not None else none,
        "data.personal_data": rights.personal_data if rights is not None else none,
    }


def _contract_kind(claim: ReceivableSubject) -> str | None:
    if claim.firm is None:
        return None
    return (ContractKind.FIRM if claim.firm else ContractKind.FRAMEWORK).value


def _barred(request: ValuationRequest, rules: list[Rule]) -> bool:
    """Whether a rule gives the asset no credit, or cannot say because a fact is missing."""
    blocks = [rule for rule in rules if rule.severity is Severity.BLOCK]
    return check_rules(blocks, facts_of(request)).outcome in (Outcome.FAIL, Outcome.REFER)
