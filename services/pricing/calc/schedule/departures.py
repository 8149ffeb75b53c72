"""Where a plan departs from what the product offers or the security carries. Each refers, and says why."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from decimal import Decimal

from domain.application import RepaymentMethod
from domain.finding import Reason
from domain.pricing import Instalment
from domain.repayment import PROFILED, LoanTerms, Sculpted, maturity
from policy.engine import Product
from services.pricing.calc.schedule.tranches import drawings

Plans = Sequence[tuple[LoanTerms, tuple[Instalment, ...]]]


def departures(product: Product, plans: Plans) -> Iterator[Reason]:
    """The reasons for which a person must look at a plan, loan by loan."""
    for loan, instalments in plans:
        yield from _from_product(product, loan, instalments)
        yield from _from_security(loan, instalments)
    if product.drawings == "single" and len({on for loan, _ in plans for on, _ in drawings(loan)}) > 1:
        yield Reason(
            code="DRAWINGS_NOT_OFFERED",
            message_zh="该产品只能一次提款",
            message_en="the product is drawn at once",
            subject="draws",
        )


def _from_product(product: Product, loan: LoanTerms, instalments: tuple[Instalment, ...]) -> Iterator[Reason]:
    limit = product.instalments_above_months
    if loan.tenor_months > limit and _repays_at_the_end(loan, instalments):
        yield Reason(
            code="INSTALMENTS_REQUIRED",
            message_zh=f"期限超过 {limit} 个月的贷款应分期偿还本金",
            message_en=f"a loan of more than {limit} months repays its principal in instalments",
            subject=loan.pointer("method"),
        )
    if loan.method not in product.repayment_methods:
        yield Reason(
            code="METHOD_NOT_OFFERED",
            message_zh="该产品不提供此还款方式",
            message_en="the product does not offer this repayment method",
            subject=loan.pointer("method"),
        )
    if loan.grace_months > product.maximum_grace_months:
        longest = product.maximum_grace_months
        yield Reason(
            code="GRACE_TOO_LONG",
            message_zh=f"宽限期最长 {longest} 个月",
            message_en=f"the grace period is {longest} months at most",
            subject=loan.pointer("grace_months"),
        )


def _repays_at_the_end(loan: LoanTerms, instalments: tuple[Instalment, ...]) -> bool:
    """Whether the plan has no principal before the last instalment. What the borrower prepays is not of the plan."""
    if loan.method not in PROFILED:
        return loan.method is RepaymentMethod.BULLET
    planned = [item for item in instalments if item.kind == "scheduled"]
    return not any(item.principal.amount for item in planned[:-1])


def _from_security(loan: LoanTerms, instalments: tuple[Instalment, ...]) -> Iterator[Reason]:
    """The first month in which more is owed than the security carries: at its beginning, or after a drawing in it."""
    if not isinstance(loan.profile, Sculpted):
        return
    begins = [maturity(loan.drawn_on, month) for month in range(loan.tenor_months)]
    draws, rows = deque(sorted(drawings(loan))), deque(instalments)
    owed = Decimal(0)
    for on in sorted({*begins, *(day for day, _ in draws)}):
        while draws and draws[0][0] <= on:
            owed += draws.popleft()[1]
        while rows and rows[0].period_end < on:
            owed -= rows.popleft().principal.amount
        month = bisect_right(begins, on) - 1
        ceiling = loan.profile.ceilings[month]
        if owed > ceiling.amount:
            yield Reason(
                code="DEBT_ABOVE_CEILING",
                message_zh=f"{on.isoformat()} 贷款余额高于押品可承载的 {ceiling}",
                message_en=f"on {on.isoformat()} more is owed than the {ceiling} the security carries",
                subject=loan.pointer("profile", "ceilings", month),
            )
            return
