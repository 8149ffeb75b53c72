"""The other side of a payment: what the simulated core-banking system has booked."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass

from tests.fixtures.stack import BankStack


@dataclass(frozen=True)
class Booking:
    """One executed instruction, and how often it arrived."""

    end_to_end_id: str
    status: str
    heard: int


def booked(bank_stack: BankStack, utilisation_number: str) -> list[Booking]:
    """The bookings of a drawing, read from the system's own file."""
    with closing(sqlite3.connect(bank_stack.layout.core_banking / "payments.sqlite3", timeout=10)) as ledger:
        rows = ledger.execute(
            "SELECT end_to_end_id, status, heard FROM payment WHERE end_to_end_id LIKE ? ORDER BY 1",
            (f"{utilisation_number}-%",),
        )
        return [Booking(*row) for row in rows]
