"""Before the agreement is drawn up (签约前审查): the rules of the moment of contract, on what the process itself has done.

Who investigated, reviewed and decided, whether risk and security were examined, and whether the terms are whole is told by
the books of the case, not by the application.
"""

from domain.application import ApplicationContent
from domain.facts import known
from domain.model import Value
from domain.requests.collateral import cohorts
from domain.tasks import SUBMISSION_DUTY, TaskType
from policy.engine import Bundle, FactValue, check_rules, rules_in_force
from services.origination.calc.conclusion import Check
from services.origination.calc.intake import CustomerStanding
from services.origination.calc.regulation import RegulationInputs, facts_of
from services.origination.calc.terms import OfferTerms

MOMENT = "contract"
_INVESTIGATION = frozenset({TaskType.LEAD_INVESTIGATION.value, TaskType.CO_INVESTIGATION.value})
_INCOME_ACCOUNT = frozenset({"account_pledge"})
_PROJECT_SECURITY = frozenset({"floating_mortgage", "equipment_mortgage", "receivable_pledge"})
_INSURANCE = "insurance_policy"


class DutyDone(Value):
    """A duty of the case, who discharged it, and whether something was written down about it."""

    subject: str
    duty: str
    recorded: bool


class ContractingInputs(RegulationInputs):
    """The facts of the approval, and what the process has done since the application came in."""

    customer: CustomerStanding
    duties: tuple[DutyDone, ...]
    decided_by: tuple[str, ...]
    authority_rule: str
    terms: OfferTerms
    retention_years: int
    """For how long the house keeps records."""


def contracting(inputs: ContractingInputs, content: ApplicationContent, pinned: Bundle, current: Bundle) -> Check:
    """The rules of the pinned policy for the moment of contract, and every BLOCK in force on the day."""
    check = Check()
    rules = rules_in_force(pinned, current, MOMENT, inputs.lender.licence, inputs.pinned_on, inputs.as_of)
    check.rules(check_rules(rules, contract_facts(inputs, content, pinned, current), "contracting"))
    return check


def contract_facts(
    inputs: ContractingInputs, content: ApplicationContent, pinned: Bundle, current: Bundle
) -> dict[str, FactValue]:
    """Everything known of the case when its agreement is drawn up, by the policy's names. The tenor is that of the offer."""
    facts = facts_of(inputs, content, pinned, current)
    facts["loan.tenor_months"] = inputs.terms.tenor_months
    facts |= _process_facts(inputs)
    facts |= _security_facts(inputs, content)
    facts |= _agreement_facts(inputs, pinned)
    standing = inputs.customer
    facts |= {
        "customer.identified": standing.identified_on is not None,
        "customer.beneficial_owner_known": standing.beneficial_owner_known,
        "customer.review_overdue": standing.review_due is not None and standing.review_due < inputs.as_of,
        "records.retention_years": inputs.retention_years,
    }
    return facts


def _process_facts(inputs: ContractingInputs) -> dict[str, FactValue]:
    def held(*duties: str) -> frozenset[str]:
        return frozenset(item.subject for item in inputs.duties if item.duty in duties)

    investigators = held(*_INVESTIGATION)
    front = investigators | held(SUBMISSION_DUTY)
    reviewers = held(TaskType.REVIEW.value)
    deciders = frozenset(inputs.decided_by)
    recorded = {item.duty for item in inputs.duties if item.recorded}
    return {
        "process.investigators": len(investigators),
        "process.interview_recorded": recorded >= _INVESTIGATION,
        "process.risk_evaluated": inputs.rating is not None and inputs.limit is not None,
        "process.review_apart": bool(reviewers) and not reviewers & front,
        "process.approval_apart": bool(deciders) and not deciders & (front | reviewers),
        "process.authority_named": bool(inputs.authority_rule),
    }


def _security_facts(inputs: ContractingInputs, content: ApplicationContent) -> dict[str, FactValue]:
    """A guarantor was examined by resolution and accounts, collateral by a valuation of each asset and cohort. Accounts that are
    declared unknown were examined by nobody."""
    guarantors = all(item.resolution_sha256 and known(item.net_assets) is not None for item in content.guarantees)
    wanted = len(cohorts(content))
    return {
        "security.guarantor_examined": guarantors,
        "security.collateral_examined": len(inputs.valuations) >= wanted,
    }


def _agreement_facts(inputs: ContractingInputs, pinned: Bundle) -> dict[str, FactValue]:
    terms = inputs.terms
    agreed = {term.code for term in terms.all_conditions()}
    kinds = {term.security_kind for term in terms.all_conditions()}
    insured = any(
        _INSURANCE in condition.evidence
        for condition in pinned.conditions(terms.product, inputs.pinned_on).conditions
        if condition.id in agreed
    )
    penalty = pinned.pricing(inputs.pinned_on).penalty
    stated = (terms.product, terms.purpose, terms.amount.amount > 0, terms.tenor_months > 0, terms.instalments > 0)
    return {
        "agreement.terms_complete": all(stated) and penalty.late > 0 and penalty.misuse > 0,
        "agreement.income_account": bool(kinds & _INCOME_ACCOUNT),
        "agreement.project_pledge": bool(kinds & _PROJECT_SECURITY),
        "agreement.insurance_payee": insured,
    }
