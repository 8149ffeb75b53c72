"""Validation samples made up for tests: they prove the mechanics, never a card's discrimination."""

import random
from datetime import date
from decimal import Decimal
from functools import cache

from policy.engine import RatingScale
from services.pricing.calc.validation import Obligor, Population, Sample
from tests.pricing.conftest import book

AS_OF = date(2026, 3, 2)
HEADER = "obligor_id,sample,score,pd,grade,model_grade,defaulted"


def scale() -> RatingScale:
    return book().rating_scale("master_scale", AS_OF)


def grades() -> tuple[str, ...]:
    return tuple(grade.id for grade in scale().grades)


@cache
def made_up(
    seed: int = 7, size: int = 2000, *, lifted: str = "1", mean: float = 58, overridden: float = 0.06
) -> Sample:
    """Half development, half validation; defaults drawn from each PD times ``lifted`` in the validation half."""
    source, master, names = random.Random(seed), scale(), grades()
    obligors = []
    for number in range(size):
        population = Population.DEVELOPMENT if number < size // 2 else Population.VALIDATION
        now = population is Population.VALIDATION
        points = min(100.0, max(5.0, source.gauss(mean if now else 58, 14)))
        score = master.score_of(Decimal(f"{points:.1f}"))
        pd = master.pd_of(score)
        model = master.grade_of(pd)
        grade = model
        if source.random() < overridden:
            grade = names[max(0, min(len(names) - 1, names.index(model) + source.choice((-1, 1, 2))))]
        chance = float(pd) * (float(lifted) if now else 1)
        obligors.append(Obligor(population, f"B{number:05d}", None, score, pd, grade, model, source.random() < chance))
    return Sample(tuple(obligors), frozenset(HEADER.split(",")))


def as_csv(sample: Sample) -> str:
    lines = [HEADER]
    for item in sample.obligors:
        outcome = {True: "1", False: "0", None: "unknown"}[item.defaulted]
        lines.append(
            f"{item.obligor_id},{item.population.value},{item.score:f},{item.pd:f},{item.grade},{item.model_grade},{outcome}"
        )
    return "\n".join(lines) + "\n"
