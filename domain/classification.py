"""Classification of a debtor's claims in five classes, and the early warnings that lead to it (风险分类, 预警).

A fact that nobody has established is absent: it never counts as good news, and what needs it is referred by name.
"""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.facts import Fact
from domain.figures import Day, NonNegativeMoney, PositiveMoney, Share
from domain.finding import FindingValue
from domain.model import Value
from domain.money import Money, Rate

ClaimKey = Annotated[str, Field(min_length=1, max_length=80)]
ClassId = Literal["normal", "special_mention", "substandard", "doubtful", "loss"]
"""正常, 关注, 次级, 可疑, 损失: from the best to the worst."""
Change = Annotated[Rate, Field(ge=-1, le=1000)]
Ratio = Annotated[Rate, Field(ge=0, le=1000)]
Number = Annotated[int, Field(ge=0, le=100_000)]


class Extension(Value):
    """That the payment was put off (展期)."""

    agreed_on: Day
    due_now: Day


class Restructuring(Value):
    """Terms changed because the debtor was in difficulty (重组). Observation runs from the first payment due under them."""

    first_due: Day
    periods_kept: Number | None
    """Repayment periods in a row that were kept since; None where not known."""


class ClaimStanding(Value):
    """One claim. ``unpaid_since`` is the day on which the oldest unpaid instalment first fell due, by the schedule as it was
    before any extension; ``not_applicable`` where nothing is unpaid. ``None`` is not established."""

    key: ClaimKey
    balance: PositiveMoney
    unpaid_since: Fact[date]
    extension: Extension | None = None
    technical_delay: bool | None = None
    """The delay has an operational or technical reason."""
    misused: bool | None = None
    refinanced: bool | None = None
    """Repaid, or kept from falling due, by new borrowing."""
    renewal_in_good_order: bool | None = None
    """The new borrowing renews a small firm's loan on the conditions of the notice of 2024-09-24."""
    restructuring: Fact[Restructuring]
    credit_impaired: bool | None = None
    expected_loss: NonNegativeMoney | None = None

    @model_validator(mode="after")
    def _loss_within_balance(self) -> Self:
        if self.expected_loss is not None and self.expected_loss > self.balance:
            raise PydanticCustomError("loss_above_balance", "expected_loss must not exceed the balance")
        return self


class DebtorStanding(Value):
    """What is known of the debtor; ``None`` is not established."""

    bad_elsewhere: bool | None = None
    rating_cut: bool | None = None
    overdue_share: Share | None = None
    """Share of its debt at all banks that is overdue by more than 90 days."""
    evasion: bool | None = None
    bankrupt: bool | None = None
    group_member_bad: bool | None = None
    offtaker_lost: bool | None = None
    cash_below_interest_quarters: Number | None = None
    missing_server_share: Share | None = None
    double_pledge: bool | None = None


class ClassificationRequest(Value):
    """``POST /v1/classifications``: all claims of this lender on one debtor on a day."""

    as_of: Day
    claims: Annotated[tuple[ClaimStanding, ...], Field(min_length=1, max_length=500)]
    debtor: DebtorStanding

    @model_validator(mode="after")
    def _each_claim_once(self) -> Self:
        if len({claim.key for claim in self.claims}) < len(self.claims):
            raise PydanticCustomError("repeated", "each claim must be named once")
        return self


class Floor(Value):
    """A row that was met, and the best class it leaves."""

    code: str
    at_best: ClassId


class ClaimClass(Value):
    """The class a claim has at best. While ``undecided`` names facts it may be worse."""

    key: ClaimKey
    at_best: ClassId
    bad: bool
    days_past_due: int | None
    """Calendar days; ``None`` while it is not known since when."""
    floors: tuple[Floor, ...]
    provision_floor: Money
    """Least provision by the class, rounded up to the fen."""
    undecided: tuple[str, ...] = ()


class StepDue(Value):
    """One of the steps in which the class is found, and the role that takes it."""

    id: Literal["initial", "confirmation", "approval"]
    role: str


class Classification(FindingValue):
    """Classes of a debtor's claims, the worst of them, what is to be reviewed, who decides and by when it is done again."""

    claims: tuple[ClaimClass, ...]
    at_best: ClassId
    bad_share: Rate
    """Of the debtor's claims here, by balance, before what follows from the share itself."""
    reviews: tuple[str, ...] = ()
    steps: tuple[StepDue, ...]
    again_by: date

    def headline(self) -> str:
        return f"{self.at_best} · {len(self.claims)} claims · bad {self.bad_share * 100:.2f} %"


class EarlyWarningReadings(Value):
    """``POST /v1/early-warnings``: what monitoring has read of a facility by a day. ``None`` was not read; changes are
    fractions of what they are measured against."""

    as_of: Day
    gpu_utilisation: Share | None = None
    rental_index_change: Change | None = None
    backlog_cover: Ratio | None = None
    gross_margin_change: Annotated[Rate, Field(ge=-1000, le=1000)] | None = None
    loss_quarters: Number | None = None
    key_leavers: Number | None = None
    """Key people who left within six months."""
    cto_and_ceo_left: bool | None = None
    research_change: Change | None = None
    power_months_left: Number | None = None
    power_tariff_change: Change | None = None
    power_cut_notice: bool | None = None
    failure_rate: Ratio | None = None
    missing_server_share: Share | None = None
    offtaker_delay_days: Number | None = None
    sla_penalty_share: Ratio | None = None
    supply_event: bool | None = None
    supply_licence_revoked: bool | None = None
    unknown_registrations: Number | None = None
    same_serial_registered: bool | None = None
    bypass_attempts: Number | None = None
    legal_event: bool | None = None
    enforcement: bool | None = None


class IndicatorReading(Value):
    """One indicator's light; ``not_run`` is no green: nobody looked."""

    code: str
    light: Literal["green", "amber", "red", "not_run"]


class EarlyWarnings(FindingValue):
    """All indicators, and what their number leads to."""

    indicators: tuple[IndicatorReading, ...]
    status: Literal["normal", "watch", "classification_review"]
    act_by: date | None = None
    """Last day to put the customer on the watch list; ``None`` where nothing is to be done."""
    review_at_best: ClassId | None = None

    def headline(self) -> str:
        counted = [sum(item.light == light for item in self.indicators) for light in ("red", "amber", "not_run")]
        return f"{self.status} · {counted[0]} red · {counted[1]} amber · {counted[2]} not run"
