"""What borrowing costs all in (综合融资成本), and the public support that stands beside it."""

from services.pricing.calc.borrowing_cost.cost import borrowing_cost
from services.pricing.calc.borrowing_cost.support import voucher

__all__ = ["borrowing_cost", "voucher"]
