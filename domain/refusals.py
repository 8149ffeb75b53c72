"""Why a command is refused: codes that travel from a validator to the caller and into the refusal register."""

from enum import StrEnum


class Refusal(StrEnum):
    ASSERTION_INVALID = "assertion_invalid"
    TASK_UNKNOWN = "task_unknown"
    TASK_STATE = "task_state"
    TASK_TAKEN = "task_taken"
    TASK_VERSION = "task_version"
    NOT_ASSIGNEE = "not_assignee"
    ROLE_MISSING = "role_missing"
    DUTIES_SEPARATE = "duties_separate"
    AUTHORITY_EXCEEDED = "authority_exceeded"
    OUTCOME_NOT_ALLOWED = "outcome_not_allowed"
    FIELD_MISSING = "field_missing"
    STAGE_NOT_ALLOWED = "stage_not_allowed"
    CASE_ENDED = "case_ended"
    TRANSFER_UNKNOWN = "transfer_unknown"
    TRANSFER_STATE = "transfer_state"
    TRANSFER_CHANGED = "transfer_changed"
    TOO_MANY_REMINDERS = "too_many_reminders"
    NO_MARGIN_CLAUSE = "no_margin_clause"
    TOO_MANY_REPORTS = "too_many_reports"
