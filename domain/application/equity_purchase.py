"""Loans that buy shares: acquisitions (并购) and buybacks (回购增持). Amounts are CNY."""

from typing import Annotated, Literal

from pydantic import Field

from domain.application.text import Code
from domain.facts import Fact
from domain.figures import PositiveMoney
from domain.model import Value

Account = Annotated[str, Field(min_length=8, max_length=34, pattern=r"^[0-9A-Z]+$")]


class Acquisition(Value):
    """An acquisition that the loan pays a part of."""

    kind: Literal["control", "minority"]
    price: Fact[PositiveMoney] | None = None
    """The whole price of the transaction."""
    own_funds_in_place: Fact[bool] | None = None


class Buyback(Value):
    """An announced buyback of own shares, or increase of a main shareholder's stake."""

    amount: Fact[PositiveMoney] | None = None
    announced: Fact[bool] | None = None
    listed_code: Code | None = None
    account: Account | None = None
    """The account kept for the buyback; the loan may be paid nowhere else."""
