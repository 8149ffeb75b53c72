"""Repayment schedules (domain paper §5.6): ``plan`` concludes, ``amortisation`` runs a loan, ``shape`` says what falls
due.
"""

from services.pricing.calc.schedule.plan import repayment_plan
from services.pricing.calc.schedule.shape import level_payment

__all__ = ["level_payment", "repayment_plan"]
