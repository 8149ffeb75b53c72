"""Fraud and consistency checks (domain paper §7): what they are drawn from, and what they conclude.

Natural persons, telephones and addresses are here only as digests under a key of the house; no name of a person enters.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from domain.application.invoices import Invoice
from domain.finding import FindingValue, Outcome, Reason
from domain.identity import Uscc
from domain.model import Value
from domain.money import Money, Rate, UnitPrice


class CheckId(StrEnum):
    """The checks, by the ids of the domain paper."""

    DUPLICATE_COLLATERAL = "R1_DUPLICATE_COLLATERAL"
    PHANTOM_SERVERS = "R2_PHANTOM_SERVERS"
    SHOWN_TWICE = "R3_SHOWN_TWICE"
    CIRCULAR_TRADE = "R4_CIRCULAR_TRADE"
    SOFT_ORDER = "R5_SOFT_ORDER"
    LOOK_ALIKE = "R6_LOOK_ALIKE"
    INVOICE_REUSED = "R8_INVOICE_REUSED"
    INVOICE_VOID = "R8_INVOICE_VOID"
    RELATED_COUNTERPARTY = "R9_RELATED_COUNTERPARTY"
    SUSPECTED_LINK = "C3_SUSPECTED_LINK"
    PRICE_OUTLIER = "R10_PRICE_OUTLIER"
    RELABELLED_HARDWARE = "R11_RELABELLED_HARDWARE"
    UTILISATION_THEATRE = "R12_UTILISATION_THEATRE"
    DUPLICATE_DATA = "R14_DUPLICATE_DATA"
    OWNER_IMPERSONATION = "R15_OWNER_IMPERSONATION"
    BORROWED_CAPITAL = "R17_BORROWED_CAPITAL"
    SPLIT_PAYMENT = "R18_SPLIT_PAYMENT"
    SHORT_LOANS_FOR_ASSETS = "R19_SHORT_LOANS_FOR_ASSETS"
    TELEMETRY_TAMPERED = "R20_TELEMETRY_TAMPERED"
    REGISTRY_RECORD = "REGISTRY_RECORD"
    COURT_RECORD = "COURT_RECORD"
    BUREAU_RECORD = "BUREAU_RECORD"


class CheckMoment(StrEnum):
    """When a check is run: where a failure ends the case, where investigators judge, and before money leaves."""

    SCREENING = "screening"
    DUE_DILIGENCE = "due_diligence"
    DRAWING = "drawing"


KIND = "integrity"


def kind_of(check: CheckId) -> str:
    """The kind of a check's findings: each check has conclusions of its own."""
    return f"{KIND}.{check.value.lower()}"


Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


# --- what the books of all cases say -------------------------------------------------------------------------------


class SerialClash(Value):
    """A server of this case that another case holds already."""

    serial: str
    case_number: str


class PledgedElsewhere(Value):
    """An asset that another living case has as well, by its identity."""

    asset_key: str
    what: Literal["receivable", "data_content", "data_certificate"]
    case_number: str


class EarlierInvoiceUse(Value):
    """An invoice of this case or drawing that was used before: by another case, or by another drawing."""

    pointer: str
    case_number: str
    drawing_number: str = ""
    altered: bool = False
    """Date, amount or check code differ from those it was used with before."""


class TieKind(StrEnum):
    """Why two parties may be one interest. ``owner`` is directed: ``other`` holds a share of ``subject``."""

    OWNER = "owner"
    DIRECTOR = "director"
    PHONE = "phone"
    ADDRESS = "address"
    ACCOUNT = "account"


class Tie(Value):
    """A tie of a party. ``other`` is a code, or the digest of a person, telephone, address or account."""

    subject: Uscc
    kind: TieKind
    other: str
    share: Rate | None = None
    """Of an owner, as a decimal fraction; ``None`` is a share nobody stated."""


class KnownEntity(Value):
    """An entity the lender knows by its true code, whose name others may borrow."""

    uscc: Uscc
    names: Annotated[tuple[Annotated[str, StringConstraints(min_length=2, max_length=200)], ...], Field(min_length=1)]


class CommonBacker(Value):
    """Another customer with whom this one shares a guarantor and a supplier."""

    borrower_uscc: Uscc
    guarantor_uscc: Uscc
    supplier_uscc: Uscc


class TradeLeg(Value):
    """Money that goes, or is owed, from one party to another."""

    payer: Uscc
    payee: Uscc
    on: date
    source: Literal["contract", "purchase", "transfer"]
    reference: str = ""


class PeerPrice(Value):
    """What the same hardware costs in other cases: the median of the prices per GPU without VAT."""

    gpu_type: str
    median_per_gpu: UnitPrice
    cases: int


class PaymentMade(Value):
    """A payment out of the borrower's facilities that was made or is on its way."""

    payee: Uscc
    account: Digest
    amount: Money
    made_on: date
    facility: str
    working_capital: bool
    """Whether the facility it came from is for working capital."""


class ShortFacility(Value):
    """A working-capital facility of the borrower: its number, when it took effect and its term."""

    number: str
    effective_on: date
    months: int
    replaces: bool
    """Whether it took the place of an earlier one."""


# --- what outside sources say --------------------------------------------------------------------------------------


class RegistryExtract(Value):
    """The business registry's record of a company (工商登记): its name and state, and ties as digests."""

    uscc: Uscc
    name: str
    status: Literal["active", "revoked", "cancelled", "abnormal"]
    established: date | None = None
    ties: tuple[Tie, ...] = ()


class InvoiceRecord(Value):
    """What the tax authority answers to an invoice (发票查验)."""

    mark: str
    status: Literal["valid", "void", "red_letter", "unknown"]
    """``unknown``: the authority has no such invoice with these particulars."""


class CourtRecord(Value):
    """Judgments against a company (司法、失信被执行人)."""

    uscc: Uscc
    dishonest_debtor: bool
    open_enforcements: Annotated[int, Field(ge=0)]


class BureauReport(Value):
    """The credit bureau's figures of a subject, and the consent under which they were asked for."""

    uscc: Uscc
    consent_sha256: Digest
    overdue: Money
    written_off: bool
    attention_classes: Annotated[int, Field(ge=0)]
    """Loans classed worse than normal by any lender."""


class Attested(Value):
    """Physical existence of a cohort's servers as attested by their site, from the collateral register."""

    listed: int
    attested: int
    outcome: Outcome


class DrawingAsked(Value):
    """The drawing a check is run for."""

    number: str
    payees: tuple["PayeeShare", ...]
    invoices: tuple[Invoice, ...] = ()


class PayeeShare(Value):
    """A payee of a drawing; the account only as a digest."""

    key: str
    uscc: Uscc
    account: Digest
    amount: Money
    new: bool


# --- what is concluded ---------------------------------------------------------------------------------------------


class IntegrityConclusion(FindingValue):
    """What one check looked at and what it saw."""

    check: CheckId
    moment: CheckMoment
    examined: int
    """How many things were looked at."""
    evidence: tuple[str, ...] = ()
    """What was seen, in the order in which it was met; codes, numbers and keys, never a person."""

    def headline(self) -> str:
        return f"{self.check} · {len(self.evidence)} / {self.examined}"


class IntegrityItem(Value):
    """One check as a reviewer reads it."""

    check: CheckId
    title_zh: str
    title_en: str
    outcome: Outcome
    moment: CheckMoment
    severity: Literal["BLOCK", "REFER"]
    examined: int
    evidence: tuple[str, ...]
    reasons: tuple[Reason, ...]
    finding_id: UUID
    sha256: str
    as_of: date
    recorded_at: datetime


class IntegrityView(Value):
    """``GET /v1/applications/{id}/integrity``: every check that was run on a case, the newest conclusion of each."""

    application_id: UUID
    case_number: str
    items: tuple[IntegrityItem, ...]
    not_run: tuple[CheckId, ...]
    """Checks whose source is not connected or did not answer: nothing is concluded from them, and they are no pass."""
