"""Calibration of a rating scale to a central tendency: the shift of its offset at which a portfolio's mean PD is the
long-run default rate (domain paper §5.3).

The shift moves every PD the same way in log-odds, so the ranking stays. It takes effect by a new version of the scale's
policy file, made and checked like any other; nothing here changes a rating.
"""

from collections import Counter
from collections.abc import Iterable
from decimal import Context, Decimal, localcontext

from domain.finding import TraceStep
from domain.model import Value
from domain.money import RATE_SCALE, Rate, rounded
from policy.engine import RatingScale
from services.pricing.calc.conclusion import Trace

_CONTEXT = Context(prec=50)
_MOST = 10_000
_FINE = Decimal("1e-10")


class CalibrationRefused(ValueError):
    """No shift can be found: a figure lies outside its bounds, said in both languages."""

    def __init__(self, message_zh: str, message_en: str) -> None:
        super().__init__(message_en)
        self.message_zh = message_zh
        self.message_en = message_en


class Calibration(Value):
    """``offset_shift`` replaces the scale's own, in points of the scaled score; PDs are fractions per year.

    ``reached`` is the portfolio's mean with the shift as stated: it differs from ``target`` only by rounding.
    """

    obligors: int
    target: Rate
    before: Rate
    """Mean PD with the scale as it stands."""
    offset_shift: Rate
    reached: Rate
    trace: tuple[TraceStep, ...]


def calibrate(scaled_scores: Iterable[Decimal], target: Decimal, scale: RatingScale) -> Calibration:
    """The shift at which the floored PDs of ``scaled_scores`` average ``target`` (a fraction per year).

    Raises ``CalibrationRefused`` for an empty portfolio, a score beyond ±10,000 and a target that is not above the
    scale's floor and below 1: with every PD at its floor no shift leads lower.
    """
    scores = Counter(scaled_scores)
    _refuse(scores, target, scale)
    with localcontext(_CONTEXT):
        factor = scale.points_to_double_odds / Decimal(2).ln()
        odds = [(scale.odds_of(score), number) for score, number in scores.items()]
        total = scores.total()

        def mean(shift: Decimal) -> Decimal:
            lift = (-shift / factor).exp()
            return sum((max(1 / (1 + odd * lift), scale.floor) * number for odd, number in odds), Decimal(0)) / total

        # Scores within ±10,000 leave no PD between floor and one beyond this.
        reach = abs(scale.anchor_score) + abs(scale.offset_shift) + 3 * _MOST
        low, high = -reach, reach
        while high - low > _FINE:
            middle = (low + high) / 2
            if mean(middle) < target:
                low = middle
            else:
                high = middle
        shift = rounded(scale.offset_shift + (low + high) / 2, RATE_SCALE)
        shifted = scale.model_copy(update={"offset_shift": shift})
        before, reached = (_mean_of(scores, item) for item in (scale, shifted))
    trace = Trace("calibration")
    trace.term("before", "mean of max(1 ÷ (1 + e^((S − offset) ÷ factor)), floor)", before, obligors=total)
    trace.term(
        "offset_shift",
        "the shift of the offset at which that mean is the central tendency",
        shift,
        target=target,
        replaced=scale.offset_shift,
        floor=scale.floor,
    )
    trace.term("reached", "the same mean with the shift", reached, obligors=total)
    return Calibration(
        obligors=total, target=target, before=before, offset_shift=shift, reached=reached, trace=tuple(trace.steps)
    )


def _mean_of(scores: Counter[Decimal], scale: RatingScale) -> Decimal:
    whole = sum((scale.pd_of(score) * number for score, number in scores.items()), Decimal(0))
    return rounded(whole / scores.total(), RATE_SCALE)


def _refuse(scores: Counter[Decimal], target: Decimal, scale: RatingScale) -> None:
    if not scores:
        raise CalibrationRefused("没有评分", "there is no score to calibrate on")
    if any(abs(score) > _MOST for score in scores):
        raise CalibrationRefused("评分须在 ±10000 之内", "scores lie within ±10,000 points of the scale")
    if not scale.floor < target < 1:
        raise CalibrationRefused(
            f"中枢趋势须大于下限 {scale.floor} 且小于 1（年违约概率，小数）",
            f"the central tendency lies above the floor {scale.floor} and below 1 (a fraction per year)",
        )
