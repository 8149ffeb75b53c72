"""The funds transfer price of a tenor."""

from decimal import Decimal
from itertools import pairwise

from domain.money import RATE_SCALE, rounded
from domain.reference import FtpCurve, FtpPoint
from services.pricing.calc.periods import WIDE


def neighbours(curve: FtpCurve, months: int) -> tuple[FtpPoint, FtpPoint]:
    """The points of the curve that a tenor lies between; twice the same where it lies on or outside the ends."""
    points = sorted(curve.points, key=lambda point: point.months)
    before = [point for point in points if point.months <= months] or points[:1]
    after = [point for point in points if point.months >= months] or points[-1:]
    return before[-1], after[0]


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
