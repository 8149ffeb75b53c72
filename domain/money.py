"""Money, rates and unit prices as exact decimals, and the one place where anything is rounded.

Scales are part of the type: money 2, rate 8, unit price 8. On the wire all three are decimal strings; a JSON number is
refused because it has passed through a binary float before anyone can look at it.
"""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from domain.model import Value

Currency = Literal["CNY"]
"""Currencies a case may be kept in. Price observations carry their own currency and are converted before they value anything."""

MONEY_SCALE = 2
RATE_SCALE = 8
UNIT_PRICE_SCALE = 8

# Wide enough for numeric(20, 8) products; rounding inside the context would be a second, hidden rounding place.
_CONTEXT = Context(prec=60)
_NIL = Decimal(0)


class Rounding(StrEnum):
    """How a figure meets its scale."""

    HALF_UP = "half_up"
    """Amounts due and rates: the commercial rule of Chinese loan contracts."""
    DOWN = "down"
    """What a lender may give: limits and caps never exceed their formula."""
    UP = "up"
    """What a borrower must bring: shortfalls and cure amounts are never understated."""


_STEPS = {scale: Decimal(1).scaleb(-scale) for scale in range(-18, 41)}
"""One unit of each scale that is used, so that a schedule does not form it thousands of times."""
_MODES = {Rounding.HALF_UP: ROUND_HALF_UP, Rounding.DOWN: ROUND_DOWN, Rounding.UP: ROUND_CEILING}


def rounded(value: Decimal, scale: int, mode: Rounding = Rounding.HALF_UP) -> Decimal:
    """Round ``value`` to ``scale`` decimal places (negative scales round to tens, hundreds, …).

    Raises ``ValueError`` for NaN and infinities: a figure that is not a number is an error upstream, never a zero.
    """
    if not value.is_finite():
        raise ValueError("a figure that is not finite cannot be rounded")
    step = _STEPS.get(scale) or Decimal(1).scaleb(-scale)
    return value.quantize(step, rounding=_MODES[mode], context=_CONTEXT) + _NIL


def from_float(value: float, scale: int, mode: Rounding = Rounding.HALF_UP) -> Decimal:
    """Bring a float64 result of a simulation or a root search into exact decimals, rounding once."""
    return rounded(Decimal(repr(float(value))), scale, mode)


def _exact(scale: int, digits: int) -> BeforeValidator:
    step = _STEPS[scale]

    def parse(value: object) -> Decimal:
        if isinstance(value, Decimal):
            if value.same_quantum(step) and value.adjusted() < digits - scale:
                # At its scale already, as every figure that was rounded is: a schedule has hundreds of them.
                return value + _NIL
            number = value
        elif isinstance(value, str):
            try:
                number = Decimal(value.strip()) if len(value) <= 64 else Decimal("NaN")
            except InvalidOperation:
                raise PydanticCustomError("decimal_text", "must be a decimal number written as text") from None
        else:
            raise PydanticCustomError("decimal_text", "must be a decimal number written as text, not a JSON number")
        if not number.is_finite():
            raise PydanticCustomError("decimal_finite", "must be a finite decimal number")
        if number.adjusted() >= digits - scale:
            raise PydanticCustomError(
                "decimal_range", "must have at most {whole} digits before the point", {"whole": digits - scale}
            )
        exact = number.quantize(step, context=_CONTEXT)
        if exact != number:
            raise PydanticCustomError("decimal_scale", "must have at most {scale} decimal places", {"scale": scale})
        return exact + _NIL

    return BeforeValidator(parse)


def _text(scale: int) -> PlainSerializer:
    def render(value: Decimal) -> str:
        return f"{value:.{scale}f}"

    return PlainSerializer(render, return_type=str, when_used="json")


def _schema(scale: int, description: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "pattern": rf"^-?[0-9]{{1,18}}(\.[0-9]{{1,{scale}}})?$", "description": description}
    )


Amount = Annotated[
    Decimal, _exact(MONEY_SCALE, 20), _text(MONEY_SCALE), _schema(MONEY_SCALE, "decimal text, two places")
]
"""A money amount without its currency, scale 2 (``numeric(20, 2)``)."""

Rate = Annotated[Decimal, _exact(RATE_SCALE, 12), _text(RATE_SCALE), _schema(RATE_SCALE, "decimal fraction as text")]
"""A fraction (0.0385 is 3.85 %), scale 8 (``numeric(12, 8)``). Also used for scores, points and other plain figures."""

UnitPrice = Annotated[
    Decimal, _exact(UNIT_PRICE_SCALE, 20), _text(UNIT_PRICE_SCALE), _schema(UNIT_PRICE_SCALE, "decimal text")
]
"""A price per unit (per GPU-hour, per kWh), scale 8 (``numeric(20, 8)``)."""


class Money(Value):
    """An amount with its currency."""

    amount: Amount
    currency: Currency = "CNY"

    def __add__(self, other: "Money") -> "Money":
        return Money(amount=self.amount + self._same(other), currency=self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(amount=self.amount - self._same(other), currency=self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def times(self, factor: Decimal, mode: Rounding = Rounding.HALF_UP) -> "Money":
        """The product with a plain figure, rounded once to the fen."""
        return Money(amount=rounded(self.amount * factor, MONEY_SCALE, mode), currency=self.currency)

    def _same(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be combined without a conversion")
        return other.amount

    def __str__(self) -> str:
        return f"{self.amount:,.2f} {self.currency}"


def yuan(amount: str | int | Decimal) -> Money:
    """Money in CNY: the short way to write an amount in code and tests."""
    return Money(amount=Decimal(amount), currency="CNY")


ZERO = Money(amount=Decimal("0.00"), currency="CNY")


def _not_negative(money: Money) -> Money:
    if money.amount < 0:
        raise PydanticCustomError("money_not_negative", "an amount here must not be negative")
    return money


def _positive(money: Money) -> Money:
    if money.amount <= 0:
        raise PydanticCustomError("money_positive", "an amount here must be greater than zero")
    return money


NotNegative = Annotated[Money, AfterValidator(_not_negative)]
"""A cost, price or balance: zero is allowed, less is a mistake."""

Positive = Annotated[Money, AfterValidator(_positive)]
"""A price that something is divided by or measured against."""
