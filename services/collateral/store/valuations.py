"""Stored valuations: the finding with its inputs and trace, and the headline by which it is found."""

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.collateral import Valuation, ValuationRequest, ValuationSummary
from domain.finding import Finding, Outcome
from domain.money import Money
from services.collateral.tables import ValuationRow, findings


async def keep(session: AsyncSession, finding: Finding[Valuation], inputs: ValuationRequest, branch: str) -> None:
    """File a valuation. ``branch`` is that of the asset's entry in the register, empty where it has none."""
    await findings.put(session, finding, inputs, subject=str(inputs.case_id))
    value = finding.value
    if value is None:
        raise ValueError("a valuation finding always says what may be lent")
    session.add(
        ValuationRow(
            id=finding.id,
            case_id=inputs.case_id,
            asset_key=inputs.asset_key,
            branch=branch,
            outcome=finding.outcome.value,
            lending_value=value.lending_value.amount,
            currency=value.lending_value.currency,
            ltv=value.ltv,
            eligible=value.eligible,
            as_of=finding.as_of,
            valid_until=value.valid_until,
            created_at=finding.made_at,
        )
    )


def summary(row: ValuationRow) -> ValuationSummary:
    """A row as readers see it."""
    return ValuationSummary(
        finding_id=row.id,
        case_id=row.case_id,
        asset_key=row.asset_key,
        outcome=Outcome(row.outcome),
        lending_value=Money(amount=row.lending_value),
        ltv=row.ltv,
        eligible=row.eligible,
        as_of=row.as_of,
        valid_until=row.valid_until,
    )
