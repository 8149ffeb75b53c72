"""What is said to core banking and what it answers, in the terms of ISO 20022 (pain.001 and pain.002)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.application.text import Code, Label, Sha256
from domain.identity import Uscc
from domain.model import Message, Value
from domain.money import Money

EndToEndId = Annotated[str, Field(min_length=1, max_length=35, pattern=r"^[A-Za-z0-9-]+$")]
"""``EndToEndId``: the payment's name for ever; a payment system never executes it twice."""


class CreditTransfer(Value):
    """One credit transfer (``CreditTransferTransactionInformation``)."""

    end_to_end_id: EndToEndId
    instructed_amount: Money
    creditor_name: Label
    creditor_identification: Uscc
    creditor_account: Annotated[str, Field(min_length=8, max_length=34, pattern=r"^[0-9A-Z]+$")]
    creditor_agent: Label
    purpose: Code
    instruction_sha256: Sha256
    """What the borrower's owner confirmed."""
    valid_until: datetime
    """An instruction that arrives later is not executed: whoever sent it may already count it as lost."""


class TransactionStatus(StrEnum):
    """``TransactionIndividualStatus`` of pain.002, as far as it is used."""

    PENDING = "PDNG"
    SETTLED = "ACSC"
    REJECTED = "RJCT"


class PaymentStatus(Message):
    """What became of a transfer."""

    end_to_end_id: str
    status: TransactionStatus
    bank_reference: str = ""
    settled_on: date | None = None
    reason_code: str = ""
    """``StatusReasonInformation``: ``AC04`` closed account, ``AM04`` insufficient funds, ``DUPL``, ``TM01`` too late …"""
    instruction_sha256: str = ""
    """Of the instruction that was executed under this id; empty where the system does not tell. Another one than ours means
    that the payment is not ours."""


class StatementEntry(Message):
    """One booked instruction of the account statement (``camt.053``, ``Ntry``)."""

    end_to_end_id: str
    amount: Money
    creditor_account: str
    payment: PaymentStatus


class Statement(Message):
    """A part of the statement in the order of booking; ``next_cursor`` leads to what follows, empty at the end."""

    entries: tuple[StatementEntry, ...]
    next_cursor: str = ""
