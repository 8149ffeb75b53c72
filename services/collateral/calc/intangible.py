"""Software and data assets: reproduction cost behind the rights gate (domain paper §4.3)."""

from dataclasses import dataclass

from domain.application import AssetKind
from domain.collateral import IntangibleSubject
from domain.finding import Reason, TraceStep
from domain.money import ZERO, Money
from services.collateral.calc.conclusion import plain, reason


@dataclass(frozen=True)
class Appraisal:
    """``value`` is None where a fact is not known, zero where the rights gate is shut."""

    value: Money | None
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]


def appraise(subject: IntangibleSubject) -> Appraisal:
    """Reproduction cost. A data asset needs a certificate and no unconsented personal data; a fact unknown refers.

    A number from the balance sheet (入表) is a cost, never a fair value: it is used as the ceiling it is.
    """
    data = subject.asset_kind is AssetKind.DATA_ASSET
    shut = [
        reason(code)
        for code, stands in (
            ("DATA_RIGHT", data and subject.certificate is False),
            ("PIPL_BLOCK", data and subject.personal_data is True),
        )
        if stands
    ]
    if shut:
        return Appraisal(ZERO, tuple(shut), (_step(subject, ZERO),))
    unknown = [
        reason(code)
        for code, missing in (
            ("CERTIFICATE_UNKNOWN", data and subject.certificate is None),
            ("PERSONAL_DATA_UNKNOWN", data and subject.personal_data is None),
            ("COST_UNKNOWN", subject.cost is None),
        )
        if missing
    ]
    if unknown or subject.cost is None:
        return Appraisal(None, tuple(unknown), ())
    return Appraisal(subject.cost, (), (_step(subject, subject.cost),))


def _step(subject: IntangibleSubject, value: Money) -> TraceStep:
    return TraceStep(
        step=f"{subject.asset_kind.value}/cost",
        rule="reproduction cost; zero without a certificate or with personal data lacking a lawful basis",
        inputs={
            "cost": "unknown" if subject.cost is None else plain(subject.cost.amount, 2),
            "certificate": str(subject.certificate).lower(),
            "personal_data": str(subject.personal_data).lower(),
        },
        result=plain(value.amount, 2),
    )
