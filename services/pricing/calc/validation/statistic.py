"""How statistics are reckoned and stated: 40 digits on the way, eight decimal places on paper."""

from decimal import Context, Decimal
from typing import Annotated

from pydantic import PlainSerializer

from domain.money import RATE_SCALE, rounded

CONTEXT = Context(prec=40)
"""The precision of every statistic before it is stated."""


def stated(value: Decimal) -> Decimal:
    """A statistic as a report states it, scale 8."""
    return rounded(value, RATE_SCALE)


def _text(value: Decimal) -> str:
    return format(stated(value), "f")


Statistic = Annotated[Decimal, PlainSerializer(_text, return_type=str, when_used="json")]
"""A statistic of any size; decimal text at scale 8 in JSON, as figures are everywhere."""
