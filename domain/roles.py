"""Who may act: the roles of the OIDC tokens, and the one kind of role that is a component of ours."""

from enum import StrEnum


class Role(StrEnum):
    RELATIONSHIP_MANAGER = "relationship_manager"
    CO_INVESTIGATOR = "co_investigator"
    RATING_CONFIRMER = "rating_confirmer"
    REVIEWER = "reviewer"
    COMPLIANCE_OFFICER = "compliance_officer"
    PRICING_APPROVER = "pricing_approver"
    APPROVER = "approver"
    COMMITTEE_SECRETARY = "committee_secretary"
    COMMITTEE_MEMBER = "committee_member"
    COMMITTEE_CHAIR = "committee_chair"
    COLLATERAL_OFFICER = "collateral_officer"
    CONTRACT_OFFICER = "contract_officer"
    DISBURSEMENT_OFFICER = "disbursement_officer"
    MONITOR = "monitor"
    WORKOUT_OFFICER = "workout_officer"
    BORROWER_OWNER = "borrower_owner"
    BORROWER_FINANCE = "borrower_finance"
    AUDITOR = "auditor"
    POLICY_ADMIN = "policy_admin"
    OPERATOR = "operator"
    SERVICE_WORKER = "service:worker"
    SERVICE_ORIGINATION = "service:origination"
    SERVICE_PRICING = "service:pricing"
    SERVICE_COLLATERAL = "service:collateral"


BORROWER_ROLES = frozenset({Role.BORROWER_OWNER, Role.BORROWER_FINANCE})
SERVICE_ROLES = frozenset(
    {Role.SERVICE_WORKER, Role.SERVICE_ORIGINATION, Role.SERVICE_PRICING, Role.SERVICE_COLLATERAL}
)
STAFF_ROLES = frozenset(Role) - BORROWER_ROLES - SERVICE_ROLES
HEAD_OFFICE = "HO"
"""The branch claim of head-office staff, who see every branch."""
