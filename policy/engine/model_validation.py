"""Standards of model validation: from which figure on a rating model is accepted, put before a person or refused."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from domain.model import Value
from domain.money import Rate
from policy.engine.file import PolicyFile
from policy.engine.source import Pointer

Fraction = Annotated[Rate, Field(gt=0, lt=1)]


class AtLeast(Value):
    """A figure that should be high: at or above ``passes`` it is accepted, below ``fails`` refused, between referred."""

    passes: Fraction
    fails: Fraction


class AtMost(Value):
    """A figure that should be low: below ``passes`` it is accepted, at or above ``fails`` refused, between referred."""

    passes: Annotated[Rate, Field(gt=0)]
    fails: Annotated[Rate, Field(gt=0)]


class ValidationStandards(PolicyFile):
    """What a validation report measures a card against."""

    unique = True

    kind: Literal["model_validation"]
    minimum_defaults: Annotated[int, Field(ge=1, le=10_000)]
    """With fewer defaults no figure of the report is conclusive, and none passes."""
    score_bins: Annotated[int, Field(ge=2, le=50)]
    """Groups of equal size that Hosmer-Lemeshow and the stability of scores are taken over."""
    interval: Fraction
    """Probability that the stated intervals cover (0.95: 2.5 % on either side)."""
    auc: AtLeast
    ks: AtLeast
    p_value: AtLeast
    """Of every test of calibration."""
    psi: AtMost
    override_rate: AtMost

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        for name in ("auc", "ks", "p_value"):
            if getattr(self, name).fails > getattr(self, name).passes:
                wrong.append(((name,), "what is refused lies below what is accepted"))
        for name in ("psi", "override_rate"):
            if getattr(self, name).fails < getattr(self, name).passes:
                wrong.append(((name,), "what is refused lies above what is accepted"))
        if self.auc.passes <= Decimal("0.5"):
            wrong.append((("auc",), "0.5 is what a coin discriminates"))
        return wrong
