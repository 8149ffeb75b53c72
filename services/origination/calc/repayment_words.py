"""A repayment beyond method and grace, as rows of the credit memo: Chinese with English, every figure as it was stated."""

from collections.abc import Iterator
from decimal import Decimal

from domain.application import AskedTranche, Balloon, Custom, Repayment, Seasonal, Stepped
from domain.application.repayment import AskedProfile, AskedTerms

MOST_SHOWN = 24
"""Stated amounts that are written out; the application has them all."""


def repayment_rows(asked: Repayment) -> Iterator[tuple[str, str]]:
    """Title and text of each row; none for a repayment that is told by method, grace and frequency."""
    yield from _rows(asked, "")
    for tranche in asked.tranches:
        yield f"分档 tranche {tranche.key}", _tranche(tranche, asked)
        yield from _rows(tranche, f" {tranche.key}")


def _rows(asked: AskedTerms, of: str) -> Iterator[tuple[str, str]]:
    if asked.profile is not None:
        yield f"还本方式 principal{of}", _profile(asked.profile)
    if asked.draws:
        parts = [f"第 {draw.after_months} 个月 month {draw.after_months}: {draw.amount}" for draw in asked.draws]
        yield f"提款计划 drawings{of}", _listed(parts)
    if asked.rate_steps:
        parts = [
            f"第 {step.after_months} 个月起 from month {step.after_months}: +{step.margin_bps} bp"
            for step in asked.rate_steps
        ]
        yield f"利率递增 steps of the rate{of}", _listed(parts)


def _tranche(tranche: AskedTranche, loan: Repayment) -> str:
    grace = loan.grace_months if tranche.grace_months is None else tranche.grace_months
    months = "至贷款到期 to the end" if tranche.tenor_months is None else f"{tranche.tenor_months} 个月 months"
    parts = [str(tranche.principal), (tranche.method or loan.method).value, months, f"宽限 grace {grace}"]
    if tranche.after_months:
        parts.append(f"第 {tranche.after_months} 个月起提款 drawn from month {tranche.after_months}")
    return ", ".join(parts)


def _profile(profile: AskedProfile) -> str:
    match profile:
        case Balloon():
            return f"到期归还 {_percent(profile.share)} due at maturity, 其余 the rest: {profile.rest}"
        case Seasonal():
            return f"还本月份 months: {', '.join(str(month) for month in profile.months)}"
        case Stepped():
            return f"每 {profile.every} 期 every {profile.every} instalments: {_percent(profile.growth, sign='+')}"
        case Custom():
            return _listed([f"第 {item.number} 期 no. {item.number}: {item.principal}" for item in profile.instalments])


def _percent(fraction: Decimal, sign: str = "") -> str:
    return f"{format((fraction * 100).normalize(), f'{sign}f')} %"


def _listed(parts: list[str]) -> str:
    more = len(parts) - MOST_SHOWN
    return "; ".join(parts[:MOST_SHOWN]) + (f"; 另 and {more} more" if more > 0 else "")
