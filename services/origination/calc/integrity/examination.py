"""What one check is drawn from, and how it is drawn up."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from pydantic import Field

from domain.finding import Outcome, Reason, TraceStep
from domain.identity import Uscc
from domain.integrity import (
    Attested,
    BureauReport,
    CheckId,
    CheckMoment,
    CommonBacker,
    CourtRecord,
    DrawingAsked,
    EarlierInvoiceUse,
    IntegrityConclusion,
    InvoiceRecord,
    KnownEntity,
    PaymentMade,
    PeerPrice,
    PledgedElsewhere,
    RegistryExtract,
    SerialClash,
    ShortFacility,
    Tie,
    TradeLeg,
)
from domain.model import Value
from policy.engine.integrity import IntegrityCheck


class IntegrityInputs(Value):
    """What the checks of one moment are drawn from. Content and policy are found under their hashes.

    ``None`` says that a source is not connected or gave no answer; an empty tuple that it was asked and had nothing.
    """

    content_sha256: str
    policy_sha256: str
    pinned_on: date
    as_of: date
    case_id: UUID
    moment: CheckMoment
    working_capital: bool
    """Whether the product's loans are for working capital."""
    same_payee_window_days: int = Field(ge=0, le=3660)
    """Payments to one payee inside so many days count as one, by the payment policy."""
    drawing: DrawingAsked | None = None
    serial_clashes: tuple[SerialClash, ...] | None = None
    pledged_elsewhere: tuple[PledgedElsewhere, ...] = ()
    invoices_presented: int = Field(default=0, ge=0)
    """Invoices, documents of invoices and digital invoice numbers that came with the case or the drawing."""
    invoice_uses: tuple[EarlierInvoiceUse, ...] = ()
    invoice_records: tuple[InvoiceRecord, ...] | None = None
    ties: tuple[Tie, ...] = ()
    """Of the parties of the case and of whoever is tied to them, near enough to matter."""
    shared: tuple[str, ...] = ()
    """Telephones and addresses that too many have to tie anybody."""
    known_entities: tuple[KnownEntity, ...] | None = None
    """The known entities whose names come near one in the file."""
    common_backers: tuple[CommonBacker, ...] = ()
    legs: tuple[TradeLeg, ...] = ()
    """Trade of all cases about the borrower, near enough in hops and days."""
    peers: tuple[PeerPrice, ...] = ()
    payments: tuple[PaymentMade, ...] = ()
    asset_vendors: tuple[Uscc, ...] = ()
    """Who sells, or sold, fixed assets to the borrower in any case."""
    short_facilities: tuple[ShortFacility, ...] = ()
    registry: tuple[RegistryExtract, ...] | None = None
    unregistered: tuple[Uscc, ...] = ()
    """Codes the business registry does not have."""
    courts: tuple[CourtRecord, ...] | None = None
    bureau: tuple[BureauReport, ...] | None = None
    attested: tuple[Attested, ...] | None = None


@dataclass
class Examination:
    """A check being drawn up. What it does not speak of, it leaves alone: such a check is not concluded."""

    check: IntegrityCheck
    moment: CheckMoment
    examined: int = 0
    evidence: list[str] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    trace: list[TraceStep] = field(default_factory=list)
    unanswered: bool = False

    @property
    def id(self) -> CheckId:
        return self.check.id

    def look(self, rule: str, result: str, **inputs: object) -> None:
        """One thing looked at: a row of the trace."""
        self.examined += 1
        texts = {name: str(item) for name, item in sorted(inputs.items())}
        self.trace.append(TraceStep(step=f"integrity/{self.id.value}", rule=rule, inputs=texts, result=result))

    def hit(self, code: str, *, zh: str, en: str, evidence: str, subject: str = "") -> None:
        """Something that should not be."""
        self.evidence.append(evidence)
        self.reasons.append(Reason(code=code, message_zh=zh, message_en=en, subject=subject))

    def warn(self, code: str, *, zh: str, en: str, subject: str = "") -> None:
        """Something to know that changes nothing here."""
        self.reasons.append(Reason(code=code, message_zh=zh, message_en=en, subject=subject))

    def silent(self, zh: str, en: str) -> None:
        """The source is not connected or gave no answer: nothing is concluded, unless something was seen elsewhere."""
        self.unanswered = True
        self.reasons.append(Reason(code="SOURCE_SILENT", message_zh=zh, message_en=en))

    def outcome(self) -> Outcome:
        if self.evidence:
            return Outcome.FAIL if self.check.severity == "BLOCK" else Outcome.REFER
        return Outcome.NOT_RUN if self.unanswered else Outcome.PASS

    @property
    def concluded(self) -> bool:
        """Whether the check had anything to speak of."""
        return bool(self.examined or self.evidence or self.unanswered)

    def value(self) -> IntegrityConclusion:
        return IntegrityConclusion(
            check=self.id, moment=self.moment, examined=self.examined, evidence=tuple(self.evidence)
        )
