"""The stages of a credit case and the ways it ends."""

from enum import StrEnum


class Stage(StrEnum):
    """Where an application stands (design of the credit process, in this order)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    INTAKE = "intake"
    SCREENING = "screening"
    DUE_DILIGENCE = "due_diligence"
    ASSESSMENT = "assessment"
    REVIEW = "review"
    APPROVAL = "approval"
    OFFER = "offer"
    CONTRACTING = "contracting"
    PRE_DRAW_SECURITY = "pre_draw_security"
    EFFECTIVE = "effective"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


PROCESS_ORDER = (
    Stage.INTAKE,
    Stage.SCREENING,
    Stage.DUE_DILIGENCE,
    Stage.ASSESSMENT,
    Stage.REVIEW,
    Stage.APPROVAL,
    Stage.OFFER,
    Stage.CONTRACTING,
    Stage.PRE_DRAW_SECURITY,
)
REWORKED = (Stage.INTAKE, Stage.SCREENING, Stage.DUE_DILIGENCE, Stage.ASSESSMENT)
"""Stages that judge what the front office brought: a case returned to one of them goes through its lead first."""
ENDED = frozenset({Stage.EFFECTIVE, Stage.DECLINED, Stage.WITHDRAWN, Stage.EXPIRED})


class UtilisationStage(StrEnum):
    REQUESTED = "requested"
    CHECKED = "checked"
    AWAITING_OWNER = "awaiting_owner"
    PAYING = "paying"
    PAID = "paid"
    SECURED = "secured"
    """Every post-delivery condition is met."""
    REFUSED = "refused"
    CANCELLED = "cancelled"
    FAILED = "failed"


class FacilityStage(StrEnum):
    EFFECTIVE = "effective"
    SUSPENDED = "suspended"
    REPAID = "repaid"
    CANCELLED = "cancelled"
