"""Rating: scorecard → class → scaled score → probability of default → grade of the master scale (domain paper
§5.1-5.3).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from domain.facts import Absent, FactState
from domain.factsheet import FactSheet
from domain.finding import ModelRef, Outcome, Reason
from domain.rating import FactorScore, Rating, RatingRequest
from policy.engine import Bundle, FactDefinition, FactTypeError, FactValue, ScoreClass, absent_reason, score
from policy.engine.vocabulary import read_fact
from services.pricing.calc.conclusion import Conclusion, Inadmissible, Trace
from services.pricing.calc.product import product_of

MODEL = ModelRef(id="rating", version="1")


def rate(request: RatingRequest, bundle: Bundle) -> Conclusion[Rating]:
    """The rating of a borrower by its product's card.

    While a fact the card needs is absent there is no rating: the facts are named and the case is referred. The last
    class (knock-outs included) is referred as well: it lends only against full security. Raises ``Inadmissible``
    for a product that is not in the policy, for facts the policy does not know, for facts of another type than
    declared and for a day so late that no date is left for the rating's validity.
    """
    product = product_of(bundle, request)
    on = request.policy_on
    card = bundle.scorecard(product.scorecard, on)
    scale = bundle.rating_scale(card.rating_scale, on)
    facts = policy_facts(request.facts)
    _refuse_foreign(facts, bundle.vocabulary(on))
    trace = Trace("rating")
    decision = score(card, facts)
    trace.take(decision.trace)
    reasons = list(decision.knock_outs)
    if decision.points is None or decision.card_class is None or decision.multiplier is None:
        reasons.extend(absent_reason(referral, [card.id]) for referral in decision.referred)
        if not decision.referred:
            reasons.append(_NOTHING_APPLIES)
        trace.term(
            "certain", "points whatever the absent facts", decision.lowest_points, card_class=decision.lowest_class.id
        )
        return Conclusion(
            "rating", Outcome.REFER, None, tuple(reasons), tuple(trace.steps), bundle.ref(card), (), MODEL
        )
    scaled = scale.score_of(decision.points)
    pd = scale.pd_of(scaled)
    grade = scale.grade_of(pd)
    valid_until = _valid_until(request.as_of, bundle.validity(on).rating_days)
    trace.term(
        "score", "base + per point × points", scaled, points=decision.points, base=scale.base, per_point=scale.per_point
    )
    trace.term("pd", "1 ÷ (1 + e^((S − offset) ÷ factor)), floored", pd, scaled_score=scaled, floor=scale.floor)
    trace.term(
        "grade", "master scale, boundaries at geometric means", grade, pd=pd, scale=f"{scale.id} {scale.version}"
    )
    outcome, access = _access(decision.card_class, decision.multiplier)
    reasons.extend(access)
    rating = Rating(
        card_id=card.id,
        card_score=decision.points,
        card_class=decision.card_class.id,
        factors=tuple(FactorScore(factor=item.id, points=item.points, of=item.weight) for item in decision.factors),
        scaled_score=scaled,
        pd=pd,
        grade=grade,
        limit_multiplier=decision.multiplier,
        valid_until=valid_until,
    )
    return Conclusion("rating", outcome, rating, tuple(reasons), tuple(trace.steps), bundle.ref(card), (), MODEL)


def _valid_until(as_of: date, days: int) -> date:
    try:
        return as_of + timedelta(days=days)
    except OverflowError:
        raise Inadmissible(
            "as_of",
            "validity_beyond_dates",
            "评级有效期超出可表示的日期",
            "the rating would be valid beyond the last date",
        ) from None


_NOTHING_APPLIES = Reason(
    code="CARD_DOES_NOT_APPLY",
    message_zh="评分卡的各项指标均不适用于该借款人",
    message_en="no characteristic of the card applies to this borrower",
    subject="card_class",
)


def policy_facts(sheet: FactSheet) -> Mapping[str, FactValue]:
    """A sheet as the policy engine reads facts: each state of absence stays what it is."""
    return {
        name: Absent(state=value.value) if isinstance(value, FactState) else value
        for name, value in sheet.plain().items()
    }


def _refuse_foreign(facts: Mapping[str, FactValue], vocabulary: Mapping[str, FactDefinition]) -> None:
    """Refuse facts that policy does not know, and facts of another type than it declares, each by its name."""
    unknown = [name for name in sorted(facts) if name not in vocabulary]
    if unknown:
        raise Inadmissible(
            _places(unknown), "fact_unknown", "不在政策词汇表之内", "is not in the vocabulary of the policy"
        )
    mistyped = []
    for name in sorted(facts):
        try:
            read_fact(name, vocabulary[name], facts)
        except FactTypeError:
            mistyped.append(name)
    if mistyped:
        raise Inadmissible(
            _places(mistyped), "fact_type", "类型与政策声明不符", "has another type than the policy declares"
        )


def _places(names: list[str]) -> tuple[str, ...]:
    return tuple("facts/facts/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def _access(reached: ScoreClass, multiplier: Decimal) -> tuple[Outcome, tuple[Reason, ...]]:
    if reached.access == "standard":
        return Outcome.PASS, ()
    if reached.access == "mitigation_needed":
        share = format((multiplier * Decimal(100)).normalize(), "f")
        return Outcome.PASS, (
            Reason(
                code="MITIGATION_NEEDED",
                message_zh=f"{reached.id} 类客户须有风险缓释，偿债能力按 {share}% 计",
                message_en=f"class {reached.id} needs mitigation; capacity counts at {share} %",
                subject="card_class",
            ),
        )
    return Outcome.REFER, (
        Reason(
            code="SECURED_ONLY",
            message_zh=f"{reached.id} 类客户仅可全额担保或拒绝",
            message_en=f"class {reached.id} is lent to only against full security, or declined",
            subject="card_class",
        ),
    )
