"""What a task is called in an inbox, in both languages."""

from domain.tasks import TaskType

_TITLES: dict[TaskType, tuple[str, str]] = {
    TaskType.INTAKE_ANALYSIS: ("受理分析", "Intake analysis"),
    TaskType.SCREENING_ANALYSIS: ("准入分析", "Screening analysis"),
    TaskType.REWORK: ("退回补正", "Amend and resubmit"),
    TaskType.LEAD_INVESTIGATION: ("主办尽职调查", "Lead investigation"),
    TaskType.CO_INVESTIGATION: ("协办尽职调查", "Co-investigation"),
    TaskType.RATING_CONFIRMATION: ("评级认定", "Rating confirmation"),
    TaskType.RATING_OVERRIDE: ("推翻评级决定", "Decision on an override of the rating"),
    TaskType.VALUATION_RECONCILIATION: ("押品估值复核", "Valuation reconciliation"),
    TaskType.REVIEW: ("授信审查", "Credit review"),
    TaskType.COMPLIANCE_OPINION: ("合规审查", "Compliance opinion"),
    TaskType.PRICING_APPROVAL: ("利率定价审批", "Pricing approval"),
    TaskType.APPROVAL: ("授信审批", "Credit approval"),
    TaskType.COMMITTEE_VOTE: ("贷审会表决", "Committee vote"),
    TaskType.OFFER_ACCEPTANCE: ("借款人确认批复", "Acceptance of the offer"),
    TaskType.CONTRACT_DRAFTING: ("合同制作", "Contract drafting"),
    TaskType.BORROWER_SIGNING: ("借款人签署", "Signing by the borrower"),
    TaskType.SIGNING_WITNESS: ("面签见证（主）", "Signing witness"),
    TaskType.SECOND_WITNESS: ("面签见证（辅）", "Second signing witness"),
    TaskType.SECURITY_PERFECTION: ("担保落实", "Perfection of security"),
    TaskType.SECURITY_VERIFICATION: ("核押", "Verification of security"),
    TaskType.DISBURSEMENT_REVIEW: ("放款审核", "Disbursement review"),
    TaskType.CONDITION_SUBSEQUENT: ("放款后条件", "Condition subsequent"),
    TaskType.FIRST_INSPECTION: ("首次贷后检查", "First post-loan inspection"),
    TaskType.REVALUATION_REVIEW: ("押品重估复核", "Revaluation review"),
    TaskType.SETTLEMENT: ("结清确认", "Confirmation of settlement"),
    TaskType.MARGIN_REPORT_CHECK: ("调价依据复核", "Check of a fact for the margin"),
    TaskType.MARGIN_RESET_REVIEW: ("重定价待决", "Undecided margin reset"),
}


def title_of(task_type: TaskType) -> tuple[str, str]:
    """Chinese and English title of a task type."""
    return _TITLES[task_type]
