"""Civil works, power and cooling, network and storage: cost less straight-line depreciation to salvage."""

from dataclasses import dataclass
from decimal import Decimal

from domain.collateral import PhysicalSubject
from domain.finding import Reason, TraceStep
from domain.money import Money, Rounding, rounded
from policy.engine.collateral import PhysicalLife
from services.collateral.calc.conclusion import plain, reason


@dataclass(frozen=True)
class Appraisal:
    """``value`` is None where a fact it needs is not known."""

    value: Money | None
    remaining_months: int
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]


def depreciated(cost: Decimal, age_months: int, life_months: int, salvage: Decimal) -> Decimal:
    """What is left of a cost by straight line, CNY, exact."""
    used = min(Decimal(1), Decimal(age_months) / life_months)
    return cost * (1 - used * (1 - salvage))


def appraise(subject: PhysicalSubject, life: PhysicalLife | None) -> Appraisal:
    """``cost·(1 − min(1, age / life)·(1 − salvage))``. The life declared for the asset counts only where it is shorter."""
    lives = [
        months for months in (subject.useful_life_months, life.life_months if life else None) if months is not None
    ]
    lacking = [
        reason(code)
        for code, fact in (
            ("COST_UNKNOWN", subject.cost),
            ("AGE_UNKNOWN", subject.age_months),
            ("LIFE_UNKNOWN", lives or None),
        )
        if fact is None
    ]
    if subject.cost is None or subject.age_months is None or not lives:
        return Appraisal(None, 0, tuple(lacking), ())
    months, salvage = min(lives), life.salvage if life else Decimal(0)
    value = rounded(depreciated(subject.cost.amount, subject.age_months, months, salvage), 2, Rounding.DOWN)
    step = TraceStep(
        step=f"{subject.asset_kind.value}/cost",
        rule="cost·(1 − min(1, age / life)·(1 − salvage))",
        inputs={
            "cost": plain(subject.cost.amount, 2),
            "age_months": str(subject.age_months),
            "life_months": str(months),
            "salvage": plain(salvage),
        },
        result=plain(value, 2),
    )
    return Appraisal(Money(amount=value), max(0, months - subject.age_months), (), (step,))
