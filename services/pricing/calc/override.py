"""Overrides of a rating: a few notches, by a second person, with a reason, no longer than the rating itself lives
(domain paper §5.3).
"""

from domain.finding import ModelRef, Outcome, Reason
from domain.rating_override import RatingOverride, RatingOverrideRequest
from policy.engine import Bundle, RatingScale
from services.pricing.calc.conclusion import Conclusion, Inadmissible, Trace
from services.pricing.calc.product import product_of

MODEL = ModelRef(id="rating_override", version="1")


def override(request: RatingOverrideRequest, bundle: Bundle) -> Conclusion[RatingOverride]:
    """Hold an override to the scale's rule. Every breach is named at once and fails it; one that no second person has
    confirmed yet refers.

    The overridden rating keeps class, multiplier and expiry of the model's: a knock-out is not overridden away. Raises
    ``Inadmissible`` for a product that is not in the policy and for grades that are not of its scale.
    """
    on = request.policy_on
    scale = bundle.rating_scale(bundle.scorecard(product_of(bundle, request).scorecard, on).rating_scale, on)
    places = {grade.id: index for index, grade in enumerate(scale.grades)}
    _refuse_foreign(request, places, scale)
    notches = places[request.grade] - places[request.rating.grade]
    pd = max(scale.grades[places[request.grade]].midpoint, scale.floor)
    trace = Trace("override")
    trace.term(
        "notches",
        "grades between the model's and the proposed; negative is better",
        notches,
        model_grade=request.rating.grade,
        grade=request.grade,
        most=scale.max_override_notches,
    )
    trace.term("validity", "the override expires with the rating", request.rating.valid_until, as_of=request.as_of)
    breaches = _breaches(request, notches, scale.max_override_notches)
    outcome, value, reasons = Outcome.FAIL, None, tuple(breaches)
    if not breaches:
        trace.term("pd", "midpoint of the grade, floored", pd, floor=scale.floor)
        value = RatingOverride(
            rating_sha256=request.rating_sha256,
            model_grade=request.rating.grade,
            model_pd=request.rating.pd,
            grade=request.grade,
            notches=notches,
            pd=pd,
            valid_until=request.rating.valid_until,
        )
        outcome = Outcome.PASS
        if request.confirmed_by is None:
            outcome, reasons = Outcome.REFER, (_UNCONFIRMED,)
    return Conclusion("rating_override", outcome, value, reasons, tuple(trace.steps), bundle.ref(scale), (), MODEL)


def _refuse_foreign(request: RatingOverrideRequest, places: dict[str, int], scale: RatingScale) -> None:
    grades = {"rating/grade": request.rating.grade, "grade": request.grade}
    foreign = tuple(field for field, grade in grades.items() if grade not in places)
    if foreign:
        listed = ", ".join(places)
        raise Inadmissible(
            foreign, "grade_unknown", f"不是 {scale.id} 的级别：{listed}", f"is not a grade of {scale.id}: {listed}"
        )


_UNCONFIRMED = Reason(
    code="OVERRIDE_UNCONFIRMED",
    message_zh="推翻评级须由第二人确认",
    message_en="an override must be confirmed by a second person",
    subject="confirmed_by",
)


def _breaches(request: RatingOverrideRequest, notches: int, most: int) -> list[Reason]:
    found = []
    if notches == 0:
        found.append(_breach("OVERRIDE_WITHOUT_CHANGE", "级别未变", "the grade is the model's own", "grade"))
    if abs(notches) > most:
        found.append(
            _breach(
                "OVERRIDE_TOO_FAR",
                f"推翻 {abs(notches)} 级，至多 {most} 级",
                f"moves the rating by {abs(notches)} notches, at most {most} are allowed",
                "grade",
            )
        )
    if not any(character.isalnum() for character in request.reason):
        found.append(_breach("OVERRIDE_WITHOUT_REASON", "未说明理由", "gives no reason", "reason"))
    if request.confirmed_by == request.proposed_by:
        found.append(
            _breach(
                "OVERRIDE_SAME_PERSON",
                "提出人与确认人为同一人",
                "was proposed and confirmed by the same person",
                "confirmed_by",
            )
        )
    if request.as_of > request.rating.valid_until:
        until = request.rating.valid_until.isoformat()
        found.append(
            _breach(
                "RATING_EXPIRED",
                f"评级已于 {until} 到期，须重新评级",
                f"the rating expired on {until}: rate the borrower anew",
                "rating/valid_until",
            )
        )
    return found


def _breach(code: str, zh: str, en: str, subject: str) -> Reason:
    return Reason(code=code, message_zh=zh, message_en=en, subject=subject)
