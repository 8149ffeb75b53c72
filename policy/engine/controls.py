"""Controls of the process: duties that stay apart, deadlines, validity, business day, payment."""

from datetime import time
from typing import Annotated, Literal

from pydantic import Field

from domain.model import Value
from domain.tasks import OWNER_CONFIRMATION_DUTY, SUBMISSION_DUTY, TaskType
from policy.engine.file import PolicyFile, RuleId, Sentence, Title
from policy.engine.source import Pointer

DUTIES = frozenset({*(str(task) for task in TaskType), SUBMISSION_DUTY, OWNER_CONFIRMATION_DUTY})
"""What separation rules speak of: every task type, and the duties discharged through their own routes."""

Days = Annotated[int, Field(ge=0, le=3660)]


class Separation(Value):
    """Duties that one person must not both discharge in one case: any of ``first`` against any of ``second``."""

    id: RuleId
    first: Annotated[tuple[str, ...], Field(min_length=1)]
    second: Annotated[tuple[str, ...], Field(min_length=1)]
    title_zh: Title
    title_en: Title
    source: Sentence

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every pair of single duties the rule keeps apart, in the order written."""
        return tuple((first, second) for first in self.first for second in self.second)


class SeparationOfDuties(PolicyFile):
    unique = True

    kind: Literal["separation_of_duties"]
    rules: Annotated[tuple[Separation, ...], Field(min_length=1)]
    front_office_duties: Annotated[tuple[str, ...], Field(min_length=1)]
    """Whoever discharges one of these has no vote and no decision in the same case."""

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        seen: set[str] = set()
        for index, rule in enumerate(self.rules):
            if rule.id in seen:
                wrong.append((("rules", index, "id"), f"the rule id {rule.id!r} appears twice"))
            seen.add(rule.id)
            for field, duties in (("first", rule.first), ("second", rule.second)):
                wrong.extend(
                    (("rules", index, field), f"{duty!r} is not a duty") for duty in duties if duty not in DUTIES
                )
            wrong.extend(
                (("rules", index), f"{first!r} cannot be apart from itself")
                for first, second in rule.pairs()
                if first == second
            )
        wrong.extend(
            (("front_office_duties",), f"{duty!r} is not a duty")
            for duty in self.front_office_duties
            if duty not in DUTIES
        )
        return wrong


class ServiceLevels(PolicyFile):
    """Deadlines of human tasks, in business days after the day on which a task was opened."""

    unique = True

    kind: Literal["sla"]
    business_days: Annotated[dict[TaskType, Days], Field(min_length=1)]
    owner_confirmation_hours: Annotated[int, Field(ge=1, le=240)]
    """How long a transfer waits for the borrower's owner before it lapses."""
    stuck_after_minutes: Annotated[int, Field(ge=1, le=10_080)]
    """An activity unfinished after this long is shown to the operator."""


class Validity(PolicyFile):
    """Shelf life of what a decision stands on; rechecked at approval and at each drawing."""

    unique = True

    kind: Literal["validity"]
    offer_days: Days
    approval_days: Days
    availability_days: Days
    """Drawing period after the facility became effective."""
    rating_days: Days
    valuation_days: Days
    bureau_report_days: Days
    screening_days: Days
    accounts_months: Annotated[int, Field(ge=1, le=36)]
    first_inspection_days: Days
    """After the first drawing (贷后首检)."""


class BusinessDayRule(PolicyFile):
    """Where the bank's day ends, and by which calendar it counts."""

    unique = True

    kind: Literal["business_day"]
    zone: Literal["Asia/Shanghai"]
    cut_off: time
    calendar: Annotated[str, Field(pattern=r"^calendar\.[a-z]{2}$")]
    """Id of the reference series; the days themselves are not policy."""


class PaymentPolicy(PolicyFile):
    """How drawn money leaves: what counts as one payment, and by when. The mode itself is the table ``payment_mode``."""

    unique = True

    kind: Literal["payment"]
    same_payee_window_days: Days
    """Payments to one payee within so many days count as one (split payments)."""
    pay_within_business_days: Days
    pay_at_most_business_days: Days
    """Where the delay lies with the borrower."""
    capital_pro_rata: bool
    """Drawn / loan never exceeds paid-in capital / required capital."""
