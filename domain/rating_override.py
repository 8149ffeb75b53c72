"""Messages of a rating override (评级推翻): a person's grade in place of the model's."""

from datetime import date
from typing import Annotated

from pydantic import Field

from domain.application.text import Sha256
from domain.decision import DecisionInputs
from domain.finding import FindingValue
from domain.money import Rate
from domain.rating import Rating

Subject = Annotated[str, Field(min_length=1, max_length=200)]
"""Who a token speaks for."""


class RatingOverrideRequest(DecisionInputs):
    """An override as it is proposed, or, once ``confirmed_by`` is there, as a second person confirmed it."""

    rating: Rating
    """The model's own rating: notches are always counted from it, also where it was overridden before."""
    rating_sha256: Sha256
    grade: Annotated[str, Field(min_length=1, max_length=8)]
    reason: Annotated[str, Field(max_length=2000)]
    proposed_by: Subject
    confirmed_by: Subject | None = None


class RatingOverride(FindingValue):
    """The grade in force instead of the model's. ``notches`` is negative towards the better grades; ``pd`` is the
    midpoint of the grade (fraction per year). Who decided and why stands in the inputs.
    """

    rating_sha256: str
    model_grade: str
    model_pd: Rate
    grade: str
    notches: int
    pd: Rate
    valid_until: date

    def headline(self) -> str:
        return f"{self.model_grade} → {self.grade} · PD {self.pd * 100:.4f} %"
