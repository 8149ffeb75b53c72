"""How cases are checked for fraud and for parts that do not agree (domain paper §7)."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from domain.integrity import CheckId, CheckMoment
from domain.model import Value
from domain.money import Positive, Rate
from policy.engine.file import PolicyFile, Sentence, Title
from policy.engine.source import Pointer

Share = Annotated[Rate, Field(gt=0, le=1)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class IntegrityCheck(Value):
    """When a check is run, and what follows from what it sees."""

    id: CheckId
    at: Annotated[tuple[CheckMoment, ...], Field(min_length=1)]
    severity: Literal["BLOCK", "REFER"]
    not_run: Literal["list", "refer"]
    """Where its source is not connected or silent: only listed to the reviewer, or put before an analyst. Never a pass."""
    title_zh: Title
    title_en: Title
    source: Sentence


class Abbreviation(Value):
    """A long form and the short one that means the same (超级计算, 超算)."""

    long: Word
    short: Word


class NameRules(Value):
    """How names of companies are compared (R6)."""

    similarity: Share
    """Names more alike than this, under another code, are looked into."""
    legal_forms: Annotated[tuple[Word, ...], Field(min_length=1)]
    """Endings that say what kind of company it is, the longer before the shorter."""
    ornaments: tuple[Word, ...] = ()
    """Words that add weight and tell nobody apart."""
    abbreviations: tuple[Abbreviation, ...] = ()
    regions: Annotated[tuple[Word, ...], Field(min_length=1)]
    """Places in names. Companies of different places are different ones; one that names no place may be anywhere."""


class OwnershipRules(Value):
    """When two parties are one interest (R9)."""

    controlling_share: Share
    hops: Annotated[int, Field(ge=1, le=10)]
    """Ties from one party to the other."""
    most_sharers: Annotated[int, Field(ge=2, le=1000)]
    """A telephone or address that more parties have is an agent's or an office park's, and ties nobody."""


class TradeRules(Value):
    """When trade goes round in a circle (R4)."""

    hops: Annotated[int, Field(ge=2, le=10)]
    window_days: Annotated[int, Field(ge=1, le=365)]


class HardwareDevice(Value):
    """A type of accelerator as inventories name it: memory sizes it is made with and its PCI ids."""

    gpu: Word
    memory_gb: Annotated[tuple[Annotated[int, Field(ge=1, le=1024)], ...], Field(min_length=1)]
    device_ids: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")], ...] = ()
    data_centre: bool
    """Whether the card is made for servers; a consumer card in a server list is a relabelled one."""


class ReferencePrice(Value):
    """What an accelerator costs in a new server, per GPU without VAT."""

    gpu: Word
    per_gpu: Positive


class PriceRules(Value):
    """When a price is an outlier (R10)."""

    tolerance: Share
    peers: Annotated[int, Field(ge=2, le=1000)]
    """Other cases with the same hardware from which a median says anything."""
    references: tuple[ReferencePrice, ...] = ()


class CapitalRules(Value):
    """When project capital looks borrowed (R17)."""

    look_back_months: Annotated[int, Field(ge=1, le=60)]
    debt_words: Annotated[tuple[Word, ...], Field(min_length=1)]
    """Words in the traced origin of capital that say it was lent."""
    harmless_words: tuple[Word, ...] = ()
    """Words that hold one of those and say nothing of the kind."""


class ShortLoanRules(Value):
    """When working-capital loans carry fixed assets (R19)."""

    longest_months: Annotated[int, Field(ge=1, le=36)]
    renewals: Annotated[int, Field(ge=1, le=20)]
    """So many short facilities one after another are looked into."""
    look_back_months: Annotated[int, Field(ge=1, le=120)]


class IntegrityPolicy(PolicyFile):
    """Which checks are run, and by which measures."""

    unique = True

    kind: Literal["integrity"]
    checks: Annotated[tuple[IntegrityCheck, ...], Field(min_length=1)]
    names: NameRules
    ownership: OwnershipRules
    trades: TradeRules
    hardware: Annotated[tuple[HardwareDevice, ...], Field(min_length=1)]
    prices: PriceRules
    capital: CapitalRules
    short_loans: ShortLoanRules

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        seen: set[str] = set()
        for index, check in enumerate(self.checks):
            if check.id in seen:
                wrong.append((("checks", index, "id"), f"the check {check.id.value!r} appears twice"))
            seen.add(check.id)
            if len(set(check.at)) != len(check.at):
                wrong.append((("checks", index, "at"), "a moment appears twice"))
            if check.severity == "BLOCK" and CheckMoment.DUE_DILIGENCE in check.at:
                wrong.append(
                    (("checks", index, "at"), "due diligence ends no case: a check that blocks is run before it")
                )
        cards = [device.gpu for device in self.hardware]
        wrong.extend(
            (("hardware", index, "gpu"), f"the type {card!r} appears twice")
            for index, card in enumerate(cards)
            if card in cards[:index]
        )
        priced = [item.gpu for item in self.prices.references]
        wrong.extend(
            (("prices", "references", index, "gpu"), f"the type {card!r} appears twice")
            for index, card in enumerate(priced)
            if card in priced[:index]
        )
        return wrong

    def check(self, check_id: CheckId) -> IntegrityCheck | None:
        """The check of an id, where the policy has it."""
        return next((check for check in self.checks if check.id is check_id), None)

    def run_at(self, moment: CheckMoment) -> tuple[IntegrityCheck, ...]:
        """The checks of a moment in the order written."""
        return tuple(check for check in self.checks if moment in check.at)

    def reference_price(self, gpu: str) -> Decimal | None:
        """The reference price of an accelerator per GPU without VAT, in CNY."""
        return next((item.per_gpu.amount for item in self.prices.references if item.gpu == gpu), None)
