"""Early warnings of a facility after payment: each indicator's light, and what their number leads to (domain paper §6.2)."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.canonical import sha256_of
from domain.classification import EarlyWarningReadings, EarlyWarnings, IndicatorReading
from domain.finding import Finding, ModelRef, Outcome, Reason
from policy.engine import Bundle, EarlyWarningPolicy, FactValue

MODEL = ModelRef(id="early_warnings", version="1")
_COLOURS = {"red": "红色", "amber": "橙色"}


def early_warnings(
    readings: EarlyWarningReadings, bundle: Bundle, *, finding_id: UUID, made_at: datetime
) -> Finding[EarlyWarnings]:
    """Read every indicator of the policy in force on ``as_of``. Raises ``PolicyNotInForce`` before there is one."""
    policy = bundle.early_warnings(readings.as_of)
    facts: dict[str, FactValue] = {
        f"monitoring.{name}": getattr(readings, name) for name in type(readings).model_fields if name != "as_of"
    }
    read = [(indicator, *indicator.read(facts)) for indicator in policy.indicators]
    lights = tuple(IndicatorReading(code=indicator.id, light=light) for indicator, light, _ in read)
    status = _status(lights, policy)
    reasons = tuple(
        Reason(
            code=indicator.id,
            message_zh=f"{indicator.title_zh}：{_COLOURS[light]}预警",
            message_en=f"{indicator.title_en}: {light}",
        )
        for indicator, light, _ in read
        if light in _COLOURS
    )
    return Finding[EarlyWarnings](
        id=finding_id,
        kind="early_warnings",
        outcome=_outcome(lights, status),
        value=EarlyWarnings(
            indicators=lights,
            status=status,
            act_by=None if status == "normal" else readings.as_of + timedelta(days=policy.watch.within_days),
            review_at_best=policy.review.at_best if status == "classification_review" else None,
        ),
        reasons=reasons,
        trace=tuple(step for _, _, step in read),
        inputs_sha256=sha256_of(readings),
        policy=bundle.ref(policy),
        model=MODEL,
        as_of=readings.as_of,
        made_at=made_at,
    )


def _status(
    lights: tuple[IndicatorReading, ...], policy: EarlyWarningPolicy
) -> Literal["normal", "watch", "classification_review"]:
    reds = sum(item.light == "red" for item in lights)
    ambers = sum(item.light == "amber" for item in lights)
    if reds >= policy.review.reds:
        return "classification_review"
    return "watch" if reds >= policy.watch.reds or ambers >= policy.watch.ambers else "normal"


def _outcome(lights: tuple[IndicatorReading, ...], status: str) -> Outcome:
    """Nothing to do is a pass only where everything was looked at."""
    if status != "normal":
        return Outcome.REFER
    return Outcome.NOT_RUN if any(item.light == "not_run" for item in lights) else Outcome.PASS
