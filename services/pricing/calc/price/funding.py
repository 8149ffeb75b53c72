"""The funds transfer price of a tenor."""

from decimal import Decimal
from itertools import pairwise

from domain.money import RATE_SCALE, rounded
from domain.reference import FtpCurve
from services.pricing.calc.periods import WIDE


def funds_transfer_price(curve: FtpCurve, months: int) -> Decimal:
    """FTP per year at a tenor: linear between the curve's points, flat before the first and beyond the last."""
    points = sorted(curve.points, key=lambda point: point.months)
    if months <= points[0].months:
        return points[0].rate
    for before, after in pairwise(points):
        if months <= after.months:
            rise = WIDE.multiply(after.rate - before.rate, Decimal(months - before.months))
            return rounded(before.rate + WIDE.divide(rise, Decimal(after.months - before.months)), RATE_SCALE)
    return points[-1].rate
