"""Whether the repayment that is asked for holds together, and whether the product offers it: everything at once.

What is submitted here is laid out later, for another day, amount and tenor, by the same terms (``domain.requests.repayment``);
nothing that passes may be refused then.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from domain.application import AskedTranche, CreditLineRequest, Custom, Repayment, RepaymentMethod
from domain.casefile import MissingItem
from domain.repayment import MOST_DRAWS, RepaymentTerms, maturity
from domain.requests.coverage import OVER_YEARS
from domain.requests.repayment import instalments_at_least, plan_terms
from policy.engine import Product

_WHERE: Final = "/lines/0/repayment"
_ANY_RATE: Final = Decimal("0.05")
"""Whether terms fit together does not depend on the rate, which is not known before the case is priced."""

_TEXTS: Final = {
    "grace_covers_tenor": ("宽限期须短于期限", "grace_months must be less than the months of the loan"),
    "profile_of_another_method": (
        "profile 与 method 须为同一还款方式",
        "profile and method must speak of the same method",
    ),
    "grace_in_profile": ("该还款方式自身已规定还本起始期", "the profile says itself when principal begins"),
    "season_empty": ("至少须列一个月份", "at least one month must be named"),
    "repeated": ("不得重复", "each must be named once"),
    "sum_not_principal": ("各项之和须等于本金；单位：元", "the amounts must sum to the principal; unit: CNY"),
    "first_draw_elsewhere": ("首次提款须在第 0 个月", "the first draw must be at 0 months"),
    "date_outside_loan": ("须在首次提款与到期之间", "must lie between drawing and maturity"),
    "too_many_draws": (
        f"各档提款合计不得超过 {MOST_DRAWS} 次",
        f"all tranches together have at most {MOST_DRAWS} draws",
    ),
    "terms_of_a_tranche": ("分档贷款的此项须写在各档内", "with tranches, this belongs to one of them"),
}


def repayment_faults(
    line: CreditLineRequest, product: Product, on: date, availability_days: int
) -> Iterator[MissingItem]:
    """What is wrong with the repayment of a line. ``availability_days``: for how long a facility may be drawn."""
    yield from _not_offered(line, product)
    if line.amount.amount > 0:
        yield from _contradictions(line, on)
        yield from _beyond(line, on, availability_days)


def _not_offered(line: CreditLineRequest, product: Product) -> Iterator[MissingItem]:
    asked = line.repayment
    allowed = ", ".join(method.value for method in product.repayment_methods)
    for at, method in dict(asked.methods()).items():
        if method not in product.repayment_methods:
            yield _fault(
                at, "METHOD_NOT_OFFERED", f"该产品的还款方式为 {allowed}", f"this product is repaid by {allowed}"
            )
        elif method is RepaymentMethod.SCULPTED and (asked.tranches or line.kind not in OVER_YEARS):
            yield _fault(
                at,
                "SCULPTED_AS_A_WHOLE",
                "按押品与现金流还款仅适用于项目贷款或租赁整笔，不适用于分档或流动资金",
                "a sculpted plan follows what all assets and cash flow of a term loan or lease carry together, not a part of it",
            )
    longest = product.maximum_grace_months
    graces: list[tuple[tuple[str | int, ...], int]] = [(("grace_months",), asked.grace_months)]
    graces += [
        (("tranches", index, "grace_months"), tranche.grace_months)
        for index, tranche in enumerate(asked.tranches)
        if tranche.grace_months is not None
    ]
    for at, months in graces:
        if months > longest:
            yield _fault(at, "grace_too_long", f"宽限期至多 {longest} 个月", f"at most {longest} months of grace")
    if product.drawings == "single" and len(set(_draw_months(asked))) > 1:
        yield _fault(_parts(asked), "DRAWINGS_NOT_OFFERED", "该产品只能一次提款", "the product is drawn at once")


def _parts(asked: Repayment) -> tuple[str, ...]:
    """Where the parts that are drawn one after another are stated."""
    return ("tranches",) if asked.tranches else ("draws",)


def _draw_months(asked: Repayment) -> Iterator[int]:
    """In which month after the first drawing each part is drawn."""
    for part in asked.tranches or (asked,):
        begins = part.after_months if isinstance(part, AskedTranche) else 0
        yield from (begins + draw.after_months for draw in part.draws)
        if not part.draws:
            yield begins


def _contradictions(line: CreditLineRequest, on: date) -> Iterator[MissingItem]:
    """What cannot be true together, as the plan itself would say it."""
    try:
        RepaymentTerms.model_validate(plan_terms(line.repayment, line.amount, line.tenor_months, _ANY_RATE, on))
    except ValidationError as error:
        sculpted = {at for at, method in line.repayment.methods() if method is RepaymentMethod.SCULPTED}
        for fault in error.errors(include_url=False, include_input=False):
            code, at = fault["type"], tuple("after_months" if part == "on" else part for part in fault["loc"])
            if code == "profile_of_another_method" and sculpted:
                continue  # it states no profile: the ceilings are concluded, not asked for
            zh, en = _TEXTS.get(code, (fault["msg"], fault["msg"]))
            yield _fault(at, code, zh, en)


def _beyond(line: CreditLineRequest, on: date, availability_days: int) -> Iterator[MissingItem]:
    """What the loan that is asked for does not reach: instalments, drawings and tranches after its end."""
    asked = line.repayment
    yield from _instalments(asked, (), line.tenor_months, asked.frequency)
    for index, tranche in enumerate(asked.tranches):
        at = ("tranches", index)
        months = line.tenor_months - tranche.after_months
        if months < 1 or (tranche.tenor_months or 0) > months:
            yield _fault(
                (*at, "tenor_months" if tranche.tenor_months else "after_months"),
                "tranche_outlives_line",
                f"该档须在贷款期限 {line.tenor_months} 个月之内结束",
                f"the tranche must end within the {line.tenor_months} months of the loan",
            )
        yield from _instalments(tranche, at, tranche.tenor_months or max(months, 1), asked.frequency)
    last = max(_draw_months(asked))
    if maturity(on, last) > on + timedelta(days=availability_days):
        yield _fault(
            _parts(asked),
            "draw_after_availability",
            f"提款须在合同生效后 {availability_days} 日内",
            f"everything is drawn within {availability_days} days of the agreement's effect",
        )


def _instalments(
    asked: Repayment | AskedTranche, at: tuple[str | int, ...], months: int, frequency: str
) -> Iterator[MissingItem]:
    if not isinstance(asked.profile, Custom):
        return
    if asked.draws:
        yield _fault(
            (*at, "draws"),
            "custom_drawn_at_once",
            "约定还款金额的贷款须一次提款",
            "a loan that is repaid by stated amounts is drawn at once",
        )
    count = instalments_at_least(months, frequency)
    for index, item in enumerate(asked.profile.instalments):
        if item.number > count:
            yield _fault(
                (*at, "profile", "instalments", index, "number"),
                "no_such_instalment",
                f"该贷款至少只有 {count} 期，不能约定其后的还款",
                f"only {count} instalments are certain; none can be stated after them",
            )


def _fault(at: tuple[Any, ...], code: str, zh: str, en: str) -> MissingItem:
    return MissingItem(pointer="/".join([_WHERE, *(str(part) for part in at)]), code=code, message_zh=zh, message_en=en)
