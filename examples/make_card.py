"""Writes the validation sample of the example card: obligors made up from beginning to end.

``python examples/make_card.py`` rewrites ``model-validation/card.csv`` byte for byte. Outcomes are drawn from the PDs
themselves, so the report on it proves the mechanics and nothing about any bank's card.
"""

import random
from datetime import date
from decimal import Decimal
from pathlib import Path

from policy.engine import RatingScale, load_book

HERE = Path(__file__).parent
CARD = HERE / "model-validation" / "card.csv"

_HEADINGS = "客户编号,样本,观察日,评分,违约概率,评级,模型评级,是否违约"
_POPULATIONS = (("开发", "2023-12-31", 62.0), ("验证", "2024-12-31", 60.0))
_EACH = 1500
_MOVED = 0.06


def rows(scale: RatingScale) -> str:
    """The file's text: two years of one portfolio, the second a little weaker than the first."""
    # Made-up obligors, the same at every run; nothing here is a secret.
    source = random.Random(20241231)  # noqa: S311
    grades = [grade.id for grade in scale.grades]
    lines = [_HEADINGS]
    for population, day, mean in _POPULATIONS:
        for number in range(1, _EACH + 1):
            points = min(98.0, max(12.0, source.gauss(mean, 14.0)))
            score = scale.score_of(Decimal(f"{points:.1f}"))
            pd = scale.pd_of(score)
            model = grade = scale.grade_of(pd)
            if source.random() < _MOVED:
                moved = grades.index(model) + source.choice((-1, 1, 1, 2))
                grade = grades[max(0, min(len(grades) - 1, moved))]
            outcome = "是" if source.random() < float(pd) else "否"
            lines.append(f"KH{day[:4]}{number:05d},{population},{day},{score:.1f},{pd:.8f},{grade},{model},{outcome}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    master_scale = load_book(HERE.parent / "policy" / "book").rating_scale("master_scale", date(2026, 1, 1))
    CARD.write_text(rows(master_scale), "utf-8")
