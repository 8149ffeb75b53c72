"""The facts that policy may speak of, each with its type, and how a fact given by a caller is read."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field, model_validator

from domain.facts import Absent, FactState, Known
from domain.model import Value
from domain.money import Money
from policy.engine.faults import FactTypeError
from policy.engine.file import DAY_TEXT, PolicyFile, Title

FactValue = Decimal | int | str | bool | date | Money | Known[Any] | Absent | FactState | None
"""What a caller may pass for a fact; a fact sheet's plain values are among them."""
Scalar = Decimal | str | bool | date
"""What a fact that is known is read as."""


_NUMBER = re.compile(r"[+-]?[0-9][0-9_]{0,23}(\.[0-9]{1,12})?", re.ASCII)


class FactType(StrEnum):
    NUMBER = "number"
    """An exact decimal: ratios, months, scores."""
    INTEGER = "integer"
    MONEY = "money"
    """CNY, two places."""
    CODE = "code"
    BOOLEAN = "boolean"
    DATE = "date"


ORDERED = frozenset({FactType.NUMBER, FactType.INTEGER, FactType.MONEY, FactType.DATE})

AbsentState = Literal["not_given", "unknown", "undisclosed", "not_applicable", "unlisted", "out_of_range"]
"""Why a fact cannot be used; ``unlisted`` is a code outside the declared values."""


class FactDefinition(Value):
    """A fact: its type, its declared values (codes) or bounds (inclusive), and what people call it."""

    type: FactType
    unit: str = ""
    values: tuple[str, ...] = ()
    minimum: str | None = None
    maximum: str | None = None
    title_zh: Title
    title_en: Title

    @model_validator(mode="after")
    def _fits_type(self) -> "FactDefinition":
        if self.values and self.type is not FactType.CODE:
            raise ValueError("only a code has values")
        for value in self.values:
            parse_scalar(FactType.CODE, value)
        if len(set(self.values)) != len(self.values):
            raise ValueError("a value is listed twice")
        if (self.minimum, self.maximum) != (None, None) and self.type not in ORDERED:
            raise ValueError("only a fact with an order has bounds")
        for bound in (self.minimum, self.maximum):
            if bound is not None:
                parse_scalar(self.type, bound)
        if self.minimum is not None and self.maximum is not None:
            low, high = parse_scalar(self.type, self.minimum), parse_scalar(self.type, self.maximum)
            if low > high:  # type: ignore[operator]
                raise ValueError("the minimum lies above the maximum")
        return self

    def allows(self, value: Scalar) -> bool:
        """Whether a value lies inside the declared values or bounds."""
        if self.type is FactType.CODE:
            return not self.values or value in self.values
        if self.minimum is not None and value < parse_scalar(self.type, self.minimum):  # type: ignore[operator]
            return False
        return self.maximum is None or value <= parse_scalar(self.type, self.maximum)  # type: ignore[operator]


class Vocabulary(PolicyFile):
    """Declared facts by name; a policy file that names another is refused."""

    kind: Literal["vocabulary"]
    facts: dict[str, FactDefinition] = Field(min_length=1)


def undeclared(name: str) -> str:
    """The reason for refusing a name that no vocabulary has."""
    return f"{name!r} is not a declared fact"


@lru_cache(maxsize=4096)
def parse_scalar(kind: FactType, text: str) -> Scalar:
    """Read policy text as a value of a fact type. Raises ``ValueError`` with the reason."""
    if kind is FactType.DATE:
        if DAY_TEXT.fullmatch(text) is None:
            raise ValueError(f"{text[:40]!r} is not a day written YYYY-MM-DD")
        return date.fromisoformat(text)
    if kind is FactType.BOOLEAN:
        if text not in ("true", "false"):
            raise ValueError(f"{text!r} is neither true nor false")
        return text == "true"
    if kind is FactType.CODE:
        if not text or len(text) > 64 or any(mark in text for mark in "<>=*[](),| "):
            raise ValueError(f"{text!r} is not a code")
        return text
    # Exponents are refused with the rest: a few characters of them spell a figure that fills the memory.
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"{text[:40]!r} is not a number")
    number = Decimal(text)
    if kind is FactType.INTEGER and number != number.to_integral_value():
        raise ValueError(f"{text!r} is not a whole number")
    return number


def scalar_text(value: Scalar) -> str:
    """The one spelling of a value in traces."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def read_fact(
    name: str, definition: FactDefinition, facts: Mapping[str, FactValue]
) -> tuple[Scalar | None, AbsentState | None]:
    """A fact's value, or why there is none. Exactly one of the two is ``None``.

    Raises :class:`FactTypeError` where the caller passes another type than declared, and for any binary float.
    """
    given = facts.get(name)
    if isinstance(given, Absent):
        return None, given.state
    if isinstance(given, FactState):
        return None, _ABSENT[given]
    if isinstance(given, Known):
        given = given.value
    if given is None:
        return None, "not_given"
    value = _typed(name, definition.type, given)
    if definition.allows(value):
        return value, None
    return None, "unlisted" if definition.type is FactType.CODE else "out_of_range"


_ABSENT: dict[FactState, AbsentState] = {
    FactState.UNKNOWN: "unknown",
    FactState.UNDISCLOSED: "undisclosed",
    FactState.NOT_APPLICABLE: "not_applicable",
    FactState.VALUE: "not_given",
}


def _typed(name: str, kind: FactType, given: object) -> Scalar:
    if kind is FactType.BOOLEAN and isinstance(given, bool):
        return given
    if kind is FactType.CODE and isinstance(given, str):
        return str(given)
    if kind is FactType.DATE and isinstance(given, date) and not isinstance(given, datetime):
        return given
    if kind is FactType.MONEY and isinstance(given, Money):
        return given.amount
    if kind in (FactType.NUMBER, FactType.INTEGER, FactType.MONEY) and not isinstance(given, bool):
        if isinstance(given, int):
            return Decimal(given)
        if (
            isinstance(given, Decimal)
            and given.is_finite()
            and (kind is not FactType.INTEGER or given == given.to_integral_value())
        ):
            return given
    raise FactTypeError(f"the fact {name} is declared as {kind.value}; a {type(given).__name__} was passed")
