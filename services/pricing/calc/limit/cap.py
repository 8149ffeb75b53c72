"""A cap as formed by one of the five calculations, with what it has to say."""

from dataclasses import dataclass
from decimal import Decimal

from domain.finding import Outcome, Reason
from domain.limit import Cap, CapName
from domain.money import MONEY_SCALE, Money, Rounding, rounded
from services.pricing.calc.conclusion import absent

_LARGEST = Decimal("999999999999999999.99")
"""What an amount can hold. A formula that comes to more bounds nothing that can be asked for."""
_NEEDED = {
    CapName.PRODUCT: ("产品上限", "the product cap"),
    CapName.NEED: ("资金需求", "the need"),
    CapName.CAPACITY: ("偿债能力上限", "the repayment capacity"),
    CapName.COLLATERAL: ("担保上限", "the collateral cap"),
    CapName.REGULATORY: ("监管上限", "the regulatory cap"),
}


@dataclass(frozen=True)
class Formed:
    """A cap, the outcome it asks for and its reasons. A cap that lacks inputs refers and names them; it is never
    nought.
    """

    cap: Cap
    outcome: Outcome = Outcome.PASS
    reasons: tuple[Reason, ...] = ()


def of(
    name: CapName, amount: Decimal, code: str, outcome: Outcome = Outcome.PASS, reasons: tuple[Reason, ...] = ()
) -> Formed:
    """A cap of ``amount`` yuan, rounded down to the fen; below nought there is no room."""
    return Formed(Cap(name=name, amount=down(max(amount, Decimal(0))), code=code), outcome, reasons)


def lacking(
    name: CapName, missing: tuple[str, ...], reasons: tuple[Reason, ...] = (), explained: tuple[str, ...] = ()
) -> Formed:
    """A cap that could not be formed for want of these inputs. Of those ``explained``, a reason says already what is the
    matter: they are known, and the formula cannot use them.
    """
    zh, en = _NEEDED[name]
    named = tuple(dict.fromkeys(missing))
    return Formed(
        Cap(name=name, amount=None, missing=named),
        Outcome.REFER,
        (*reasons, *(absent(item, zh, en) for item in named if item not in explained)),
    )


def down(amount: Decimal) -> Money:
    """What may be given never exceeds its formula."""
    return Money(amount=rounded(min(amount, _LARGEST), MONEY_SCALE, Rounding.DOWN))


def up(amount: Decimal) -> Money:
    """What is lacking is never understated."""
    return Money(amount=rounded(min(amount, _LARGEST), MONEY_SCALE, Rounding.UP))


def percent(share: Decimal) -> str:
    """A share as the whole or decimal percentage that codes and texts show: 0.80 is ``80``."""
    return format((share * 100).normalize(), "f")
