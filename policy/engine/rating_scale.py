"""From card points to a probability of default and a grade of the master scale (domain paper §5.3).

Logarithm, exponential and root are decimal, correctly rounded at 50 digits, so that every machine gets the same digits.
"""

from decimal import Context, Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from domain.model import Value
from domain.money import RATE_SCALE, Rate, rounded
from policy.engine.file import PolicyFile
from policy.engine.source import Pointer

_CONTEXT = Context(prec=50)


@lru_cache(maxsize=64)
def _ln(value: Decimal) -> Decimal:
    """Natural logarithm at 50 digits; a scale takes those of two figures again and again."""
    return _CONTEXT.ln(value)


class Grade(Value):
    id: Annotated[str, Field(pattern=r"^R[0-9]{1,2}$")]
    midpoint: Annotated[Rate, Field(gt=0, lt=1)]
    """Probability of default per year at the grade's centre."""


class RatingScale(PolicyFile):
    """Scaling ``S = base + per_point × points``, odds doubling every ``points_to_double_odds``, and the master scale.

    Grades go from the best to the worst; the boundary between two is the geometric mean of their midpoints.
    """

    kind: Literal["rating_scale"]
    base: Rate
    per_point: Annotated[Rate, Field(gt=0)]
    points_to_double_odds: Annotated[Rate, Field(gt=0)]
    anchor_score: Rate
    anchor_odds: Annotated[Rate, Field(gt=0)]
    """Good to bad at the anchor score."""
    offset_shift: Rate = Decimal(0)
    """Calibration to the central tendency: added to the offset; a positive shift raises every PD."""
    floor: Annotated[Rate, Field(gt=0, lt=1)]
    """No PD below this (Basel 2017: 0.05 %)."""
    max_override_notches: Annotated[int, Field(ge=0, le=9)]
    grades: Annotated[tuple[Grade, ...], Field(min_length=2)]

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        midpoints = [grade.midpoint for grade in self.grades]
        if midpoints != sorted(set(midpoints)):
            return [(("grades",), "midpoints rise from the best grade to the worst")]
        return []

    def score_of(self, points: Decimal) -> Decimal:
        """Scaled score of card points, scale 8."""
        return rounded(_CONTEXT.add(self.base, _CONTEXT.multiply(self.per_point, points)), RATE_SCALE)

    def odds_of(self, scaled: Decimal) -> Decimal:
        """Odds of good to bad at a scaled score, 50 digits, not rounded: ``exp((S − offset) / factor)``."""
        factor = _CONTEXT.divide(self.points_to_double_odds, _ln(Decimal(2)))
        offset = _CONTEXT.subtract(self.anchor_score, _CONTEXT.multiply(factor, _ln(self.anchor_odds)))
        offset = _CONTEXT.add(offset, self.offset_shift)
        return _CONTEXT.exp(_CONTEXT.divide(_CONTEXT.subtract(scaled, offset), factor))

    def pd_of(self, scaled: Decimal) -> Decimal:
        """Probability of default per year (fraction, scale 8), floored: ``1 / (1 + odds)``."""
        odds = self.odds_of(scaled)
        return max(rounded(_CONTEXT.divide(Decimal(1), _CONTEXT.add(Decimal(1), odds)), RATE_SCALE), self.floor)

    def grade_of(self, pd: Decimal) -> str:
        """The grade whose band holds a PD; a PD on a boundary belongs to the worse grade."""
        for better, worse in pairwise(self.grades):
            if pd < _CONTEXT.sqrt(_CONTEXT.multiply(better.midpoint, worse.midpoint)):
                return better.id
        return self.grades[-1].id
