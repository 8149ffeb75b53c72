"""Messages of the rating: the card's facts asked, its score, class, PD and grade."""

from datetime import date
from typing import Literal

from domain.decision import DecisionInputs
from domain.factsheet import FactSheet
from domain.finding import FindingValue
from domain.model import Value
from domain.money import Rate

CardClass = Literal["A", "B", "C"]
"""Class of a scorecard, from the best to the last: what a case is let into, and on what security."""


class RatingRequest(DecisionInputs):
    """Facts of the borrower for the product's scorecard; absent facts refer, they never score zero."""

    facts: FactSheet


class FactorScore(Value):
    factor: str
    points: Rate
    of: Rate


class Rating(FindingValue):
    """A rating: card score (0-100), class A/B/C, scaled score, PD (fraction per year) and grade of the master scale."""

    card_id: str
    card_score: Rate
    card_class: CardClass
    factors: tuple[FactorScore, ...]
    scaled_score: Rate
    pd: Rate
    grade: str
    limit_multiplier: Rate
    valid_until: date

    def headline(self) -> str:
        return f"{self.grade} · {self.card_class} · {self.card_score:.1f} · PD {self.pd * 100:.4f} %"


# --- limit ------------------------------------------------------------------------------------------------------------
