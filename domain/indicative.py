"""The indicative verdict (试算): what submission would say of a draft, and how much it might come to. Nobody is bound by it."""

from datetime import date

from domain.casefile import MissingItem
from domain.facility import ConditionKind
from domain.finding import Outcome, Reason
from domain.limit import Limit
from domain.model import Value
from domain.money import Money
from domain.products import ProductEligibility
from domain.rating import CardClass
from domain.stages import Stage


class IndicativeDocument(Value):
    """A document of the product's checklists, and whether one of its kind lies in the file."""

    kind: str
    stage: Stage
    """The stage that is not left without it."""
    title_zh: str
    title_en: str
    required: bool
    filed: bool


class IndicativeSecurity(Value):
    """What the agreement would ask for besides repayment: security, and conditions before and after drawing."""

    code: str
    kind: ConditionKind
    title_zh: str
    title_en: str
    security_kind: str | None


class IndicativeLimit(Value):
    """The limit as the draft stands, with its five caps and the one that binds."""

    outcome: Outcome
    value: Limit | None
    """None where it could not be asked for; ``reasons`` say why."""
    grade: str | None = None
    card_class: CardClass | None = None
    """By the model, before anybody has confirmed it."""
    guarantee_lacking: Money | None = None
    """Valid guarantee with which the collateral cap would bind no longer; None where it does not bind, or is not known."""
    reasons: tuple[Reason, ...] = ()
    """Of rating, values and limit, each once; ``subject`` names the asset a value is of."""


class IndicativeVerdict(Value):
    """What submission would say: nothing is written, nobody is bound."""

    complete: bool
    missing: tuple[MissingItem, ...]
    admission: Outcome
    """Product admission and the regulations that apply at submission; ``not_run`` while the application lacks its line."""
    reasons: tuple[Reason, ...]
    regulation: Outcome
    """The regulations that apply at approval, on rating, values and limit as they would come out today; ``not_run`` while the
    draft lacks customer, product or line. Of a product whose cases are kept elsewhere as well: its rules are told here."""
    regulation_reasons: tuple[Reason, ...]
    products: tuple[ProductEligibility, ...]
    """Every product of the lender held against the draft, those it could be as well as those it could not."""
    limit: IndicativeLimit | None
    """None while the draft names no customer, or not the one product and amount to measure."""
    documents: tuple[IndicativeDocument, ...]
    security: tuple[IndicativeSecurity, ...]
    unknown: tuple[str, ...]
    """Facts declared unknown or undisclosed: the case may start, and is referred where they are needed."""
    lacking: tuple[str, ...]
    """What the five caps could not be formed without, by the names the limit has for it, and what keeps it from being asked."""
    policy_sha256: str
    as_of: date
