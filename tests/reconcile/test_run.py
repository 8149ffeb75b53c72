"""What no case is known of: processes of others, and payments that the books have never heard of."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from domain.money import yuan
from services.origination.core_banking.messages import PaymentStatus, StatementEntry, TransactionStatus
from suandai.reconcile.books import BookedPayment, running_number
from suandai.reconcile.catalogue import Code
from suandai.reconcile.processes import Listed, is_foreign, object_of
from suandai.reconcile.run import is_strange, unknown_payment

KNOWN = UUID("7f1c2d6e-5b0a-4c39-9a53-1f6f0e1d2c4b")
BOOKED = {"FA2026-NJ-000007-U01-01": BookedPayment("6200000000000000201", Decimal("200000.00"))}


def entry(end_to_end_id: str, account: str = "6200000000000000201") -> StatementEntry:
    payment = PaymentStatus(
        end_to_end_id=end_to_end_id,
        status=TransactionStatus.SETTLED,
        bank_reference="CB0000000009",
        settled_on=date(2026, 11, 20),
    )
    return StatementEntry(
        end_to_end_id=end_to_end_id, amount=yuan("200000.00"), creditor_account=account, payment=payment
    )


@pytest.mark.parametrize(
    ("workflow_id", "workflow_type", "queue", "foreign"),
    [
        (f"application-{KNOWN}", "CreditApplication", "credit", False),
        (f"utilisation-{KNOWN}", "Utilisation", "credit", False),
        (f"utilisation-{KNOWN}", "Facility", "credit", True),
        ("application-seven", "CreditApplication", "credit", True),
        (f"application-{KNOWN}", "Import", "import", True),
        ("nightly-import", "Import", "credit", True),
        ("evidence-1", "EvidenceExport", "audit", False),
    ],
)
def test_what_is_on_our_queue_or_under_our_names_must_be_ours(
    workflow_id: str, workflow_type: str, queue: str, foreign: bool
) -> None:
    assert is_foreign(Listed(workflow_id, workflow_type, "", queue)) is foreign


def test_the_id_of_a_process_says_what_it_is_about() -> None:
    assert object_of(f"facility-{KNOWN}", "Facility") == KNOWN
    assert object_of(f"facility-{KNOWN}", "Unknown") is None


def test_a_payment_the_books_know_is_not_strange() -> None:
    assert not is_strange(entry("FA2026-NJ-000007-U01-01"), BOOKED)
    assert is_strange(entry("FA2026-NJ-000007-U02-01"), BOOKED)


def test_what_was_rejected_moved_no_money() -> None:
    rejected = entry("FA2026-NJ-000007-U02-01")
    payment = rejected.payment.model_copy(update={"status": TransactionStatus.REJECTED})
    assert not is_strange(rejected.model_copy(update={"payment": payment}), BOOKED)


def test_the_same_payee_and_amount_under_another_drawing_of_the_facility_may_be_paid_twice() -> None:
    found = unknown_payment(entry("FA2026-NJ-000007-U02-01"), BOOKED)
    assert (found.code, found.case_number) == (Code.PAID_TWICE, "SD2026-NJ-000007")
    assert found.books == "FA2026-NJ-000007-U01-01"


def test_another_payee_is_a_payment_the_books_have_lost() -> None:
    found = unknown_payment(entry("FA2026-NJ-000007-U02-01", account="6200000000000000999"), BOOKED)
    assert (found.code, found.case_number) == (Code.PAYMENT_UNKNOWN_TO_BOOKS, "SD2026-NJ-000007")


def test_the_running_part_of_a_case_number() -> None:
    assert running_number("SD2026-NJ-000123") == 123
    assert running_number("") == running_number("SD2026-NJ-") == 0
