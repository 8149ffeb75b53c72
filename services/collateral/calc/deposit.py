"""Cash deposits: their amount (the only collateral without a price of its own)."""

from domain.collateral import DepositSubject
from domain.finding import Reason, TraceStep
from domain.money import Money
from services.collateral.calc.conclusion import plain, reason


def appraise(subject: DepositSubject) -> tuple[Money | None, tuple[Reason, ...], tuple[TraceStep, ...]]:
    """The amount deposited, or None with the reason where it is not known."""
    if subject.amount is None:
        return None, (reason("AMOUNT_UNKNOWN", "amount"),), ()
    step = TraceStep(step="deposit/amount", rule="amount", result=plain(subject.amount.amount, 2))
    return subject.amount, (), (step,)
