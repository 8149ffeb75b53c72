"""受托支付 or 自主支付: how each payee of a drawing is to be paid, by the policy table ``payment_mode``.

Payments to one payee inside the window count as one (R18): 6m and 6m in three days are 12m, and entrusted.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from pydantic import Field

from domain.facility import PaymentMode
from domain.finding import TraceStep
from domain.identity import Uscc
from domain.model import Value
from domain.money import ZERO, Money
from policy.engine import DecisionTable, FactValue, Referral, evaluate


class PayeeAsked(Value):
    """A payee of the drawing, and what is known of it. ``None`` is not known."""

    key: str
    uscc: Uscc
    amount: Money
    related: bool | None
    on_contract: bool | None
    """Whether it is a party of the financed transaction, with the account that was declared."""
    fixed_asset_vendor: bool | None
    ringfenced: bool | None = Field(default=None, exclude_if=lambda given: given is None)
    """Whether it is paid into the account kept for the loan's purpose; None where no such account was named."""
    one_with: tuple[Uscc, ...] = Field(default=(), exclude_if=lambda codes: not codes)
    """Other payees, of this drawing or of earlier ones, who are one interest with it."""


class EarlierPayment(Value):
    """A payment out of the borrower's facilities that was made or is on its way."""

    uscc: Uscc
    amount: Money
    made_on: date


class PayeeMode(Value):
    """How one payee is to be paid; ``mode`` is ``None`` where a fact that decides it is missing."""

    key: str
    total: Money
    """Payments to the payee inside the window, this drawing included."""
    mode: PaymentMode | None
    code: str


class PaymentDecision(Value):
    """The mode of the whole drawing: entrusted as soon as one payee's is."""

    mode: PaymentMode
    payees: tuple[PayeeMode, ...]
    trace: tuple[TraceStep, ...]
    referred: tuple[str, ...]
    """Facts that are missing."""


def window_total(
    payee: PayeeAsked, asked: Iterable[PayeeAsked], earlier: Iterable[EarlierPayment], on: date, days: int
) -> Money:
    """All that goes to a payee on a day with what went in the ``days`` before it, under whatever key it was asked, and to those
    who are one with it."""
    first = on - timedelta(days=days)
    ones = {payee.uscc, *payee.one_with}
    total = ZERO
    for item in asked:
        if item.uscc in ones:
            total += item.amount
    for payment in earlier:
        if payment.uscc in ones and first <= payment.made_on <= on:
            total += payment.amount
    return total


def payment_mode(
    table: DecisionTable,
    facts: dict[str, FactValue],
    asked: tuple[PayeeAsked, ...],
    earlier: tuple[EarlierPayment, ...],
    on: date,
    days: int,
) -> PaymentDecision:
    """Decide for every payee. ``facts`` are those of the case; those of the payee are added here."""
    payees: list[PayeeMode] = []
    trace: list[TraceStep] = []
    referred: list[Referral] = []
    for payee in asked:
        total = window_total(payee, asked, earlier, on, days)
        decision = evaluate(table, facts | payee_facts(payee, total), f"payment_mode/{payee.key}")
        trace += decision.trace
        referred += decision.referred
        mode = PaymentMode(decision.code("mode")) if decision.decided else None
        code = decision.code("code") if decision.decided else "FACT_ABSENT"
        payees.append(PayeeMode(key=payee.key, total=total, mode=mode, code=code))
    entrusted = any(payee.mode is not PaymentMode.SELF for payee in payees)
    return PaymentDecision(
        # What is undecided is paid the stricter way until it is known.
        mode=PaymentMode.ENTRUSTED if entrusted else PaymentMode.SELF,
        payees=tuple(payees),
        trace=tuple(trace),
        referred=tuple(sorted({item.fact for item in referred})),
    )


def payee_facts(payee: PayeeAsked, total: Money, borrower: Uscc | None = None) -> dict[str, FactValue]:
    """A payee as policy speaks of it. Whoever is named with a code and an account is known."""
    return {
        "payment.payee_known": True,
        "payment.payee_total": total,
        "payment.payee_related": payee.related,
        "payment.payee_on_contract": payee.on_contract,
        "payment.fixed_asset_vendor": payee.fixed_asset_vendor,
        "payment.payee_is_borrower": None if borrower is None else payee.uscc == borrower,
        "payment.ringfenced_account": payee.ringfenced,
    }
