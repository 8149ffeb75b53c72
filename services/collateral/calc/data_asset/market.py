"""Market approach (domain paper §4.2 step 4): ``V = P·Π(quality, volume, timeliness, rights, exclusivity, period)``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from domain.application import ExchangeTrade
from policy.engine.data_asset import DataMarketTerms


@dataclass(frozen=True)
class Compared:
    """A trade and its adjusted price; ``left_out`` says why it does not count, empty where it does."""

    trade: ExchangeTrade
    adjustment: Decimal
    adjusted: Decimal
    left_out: str


def compared(trade: ExchangeTrade, as_of: date, terms: DataMarketTerms) -> Compared:
    """Adjust a trade. One too old, of a day to come, or too unlike the subject tells nothing of it."""
    factor = trade.quality * trade.volume * trade.timeliness * trade.rights * trade.exclusivity * trade.period
    age = (as_of - trade.traded_on).days
    left_out = ""
    if age < 0:
        left_out = "after the business date"
    elif age > terms.trade_age_days:
        left_out = f"{age} days old, more than {terms.trade_age_days}"
    elif not terms.least_adjustment <= factor <= terms.most_adjustment:
        left_out = f"adjusted by more than {terms.least_adjustment} to {terms.most_adjustment}"
    return Compared(trade, factor, trade.price.amount * factor, left_out)


def market_value(trades: Sequence[Compared], terms: DataMarketTerms) -> Decimal | None:
    """The median of the adjusted prices, None where too few trades count: one odd sale does not move it."""
    counted = [item.adjusted for item in trades if not item.left_out]
    return median(counted) if len(counted) >= terms.minimum_trades else None
