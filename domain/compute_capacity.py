"""Computing power with the basis it was counted on. Two figures of different bases are different units: no sum, no ratio."""

from collections.abc import Collection
from decimal import Decimal
from typing import Literal

from domain.application.text import Code
from domain.model import Value
from domain.money import Rate

_PFLOPS = {"PFLOPS": Decimal(1), "EFLOPS": Decimal(1000)}


class DifferentBasis(ValueError):
    """Figures counted on different bases were about to be combined."""


class ComputeCapacity(Value):
    """``amount`` in ``unit``. ``basis``: the precision (``fp16``), or the survey that counted it (``caict_intelligent``)."""

    amount: Rate
    unit: Literal["PFLOPS", "EFLOPS"]
    basis: Code

    def __add__(self, other: "ComputeCapacity") -> "ComputeCapacity":
        """The sum in this one's unit. Raises :class:`DifferentBasis`."""
        added = other.in_pflops((self.basis,)) / _PFLOPS[self.unit]
        return ComputeCapacity(amount=self.amount + added, unit=self.unit, basis=self.basis)

    def in_pflops(self, bases: Collection[str]) -> Decimal:
        """The figure in PFLOPS where it was counted on one of ``bases``. Raises :class:`DifferentBasis` otherwise."""
        if self.basis not in bases:
            raise DifferentBasis(f"compute counted as {self.basis} is no {' or '.join(sorted(bases))}")
        return self.amount * _PFLOPS[self.unit]
