"""Product fit: whether an ordinary loan would do, whether an old one comes under a new label, whether the purpose fits the stage.

Asked by screening and again when the card class and the values are known, by the policy pinned to the case (rows A31, C5, E7).
"""

from collections.abc import Mapping
from datetime import date

from domain.finding import Outcome
from policy.engine import (
    Bundle,
    FactValue,
    Moment,
    Product,
    ProductFitPolicy,
    Severity,
    absent_reason,
    check_rules,
    evaluate,
)
from services.origination.calc.conclusion import Check

_BITES = {Severity.BLOCK: Outcome.FAIL, Severity.REFER: Outcome.REFER, Severity.WARN: Outcome.PASS}


def product_fit(
    check: Check, product: Product, bundle: Bundle, on: date, facts: Mapping[str, FactValue], moment: Moment
) -> None:
    """Add what the policy of product fit concludes; nothing before the first such policy.

    ``moment`` is ``submission`` or ``approval``; only at approval is a missing card class a gap.
    """
    policy = bundle.product_fit(on)
    if policy is None:
        return
    asked = [rule for rule in policy.relabelling if moment in rule.applies]
    if asked:
        check.rules(check_rules(asked, facts, "product_fit"))
    if moment is Moment.SUBMISSION:
        _stage(check, policy, bundle, on, facts)
    if product.two_pass:
        _two_passes(check, policy, facts, moment)


def _stage(check: Check, policy: ProductFitPolicy, bundle: Bundle, on: date, facts: Mapping[str, FactValue]) -> None:
    """The purpose against the borrower's life stage."""
    decision = evaluate(bundle.table(policy.stage_table, on), facts, "product_fit/stage")
    check.trace.extend(decision.trace)
    if not decision.decided:
        check.note("STAGE_UNDECIDED", Outcome.REFER)
        check.reasons.extend(absent_reason(referral, [policy.stage_table]) for referral in decision.referred)
        return
    code, severity = decision.code("code"), decision.code("severity")
    if severity == "none":
        check.note(code, Outcome.PASS, detail=decision.row or "")
        return
    outcome = _BITES[Severity(severity)]
    check.note(
        code,
        outcome,
        zh=f"用途 {facts['loan.purpose']} 与企业所处生命周期阶段不匹配",
        en=f"the purpose {facts['loan.purpose']} is unusual at the borrower's stage of life",
        subject="/lines/0/purpose",
        detail=decision.row or "",
    )
    if outcome is Outcome.REFER:
        check.exceptions.append(code)


def _two_passes(check: Check, policy: ProductFitPolicy, facts: Mapping[str, FactValue], moment: Moment) -> None:
    """First the ordinary criteria, then, where they are not kept, the innovative way by card class."""
    asked = [rule for rule in policy.ordinary if moment in rule.applies]
    first = check_rules(asked, facts, "product_fit/ordinary")
    check.trace.extend(first.trace)
    if first.outcome is Outcome.PASS:
        check.note(
            "ORDINARY_SUFFICES",
            Outcome.PASS,
            zh="三张表达到普通贷款标准，无须使用创新产品",
            en="the three statements meet the criteria of an ordinary loan: an innovative product is not needed",
        )
        return
    check.reasons.extend(first.reasons)
    if first.outcome is not Outcome.FAIL:
        check.note("ORDINARY_UNDECIDED", Outcome.REFER)
        return
    card_class = facts.get("rating.card_class")
    if moment is Moment.SUBMISSION:
        check.note(
            "INNOVATIVE_WAY_OPEN",
            Outcome.PASS,
            zh="未达到普通贷款标准，是否走创新通道由评分卡类别决定",
            en="the ordinary criteria are not met; the card class will decide on the innovative way",
        )
    elif not isinstance(card_class, str):
        check.note(
            "CARD_CLASS_UNKNOWN",
            Outcome.REFER,
            zh="评分卡类别未知，无法判定创新通道",
            en="the card class is not known: the innovative way cannot be decided",
            subject="rating.card_class",
        )
    elif card_class in policy.innovative_classes:
        check.note(
            "INNOVATIVE_WAY",
            Outcome.PASS,
            zh=f"未达到普通贷款标准，评分卡 {card_class} 类，走创新通道",
            en=f"the ordinary criteria are not met; class {card_class} goes the innovative way",
        )
    else:
        check.note("NEITHER_WAY", _BITES[policy.neither], zh=policy.neither_zh, en=policy.neither_en)
        if policy.neither is Severity.REFER:
            check.exceptions.append("NEITHER_WAY")
