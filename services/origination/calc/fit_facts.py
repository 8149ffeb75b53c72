"""What product fit is judged on: the three statements of the latest year (三张表), property, and what a refinancing brings."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from domain.application import ApplicationContent, AssetKind, CreditLineRequest
from domain.collateral import Valuation
from domain.dossier import Dossier
from domain.facts import Absent, FactState, known
from domain.money import RATE_SCALE, Money, Rounding, rounded
from domain.requests.card_facts import card_facts, latest_year
from policy.engine import FactValue
from services.origination.calc.case_facts import brings_new_compute


def statement_facts(content: ApplicationContent) -> dict[str, FactValue]:
    """Figures of the latest whole year; of a borrower without one there are none, which refers whatever asks for them."""
    accounts = latest_year(content)
    if accounts is None:
        return {}
    assets, equity = known(accounts.total_assets), known(accounts.equity)
    leverage = None
    if assets is not None and equity is not None and assets.amount > 0:
        leverage = rounded(max(assets.amount - equity.amount, Decimal(0)) / assets.amount, RATE_SCALE)
    return {
        "statements.profit": accounts.profit,
        "statements.operating_cash_flow": accounts.operating_cash_flow,
        "statements.leverage": leverage,
    }


def refinancing_facts(
    content: ApplicationContent, line: CreditLineRequest, replaced_purpose: str | None, on: date
) -> dict[str, FactValue]:
    """Whether a facility of the same purpose is replaced, and how new the newest compute asset or order is on a day.

    ``replaced_purpose`` is that of the facility to be replaced, by the lender's books; ``None`` where they know none.
    """
    return {
        "loan.refinances_same_purpose": None if replaced_purpose is None else replaced_purpose == line.purpose,
        "loan.days_since_new_compute": _days_since(content, on),
    }


def property_share(asked: Money, valuations: tuple[Valuation, ...]) -> Decimal:
    """What buildings carry of the loan: Σ lending value × LTV of eligible civil works ÷ amount, rounded down."""
    carried = sum(
        (
            item.lending_value.amount * item.ltv
            for item in valuations
            if item.eligible and item.asset_kind == AssetKind.CIVIL_WORKS
        ),
        Decimal(0),
    )
    return rounded(carried / asked.amount, RATE_SCALE, Rounding.DOWN)


def debt_service_cover(dossier: Dossier, as_of: date) -> Decimal | None:
    """As the card is scored on it; ``None`` where it cannot be told."""
    cover = card_facts(dossier, as_of).plain().get("finance.debt_service_cover")
    return cover if isinstance(cover, Decimal) else None


def _days_since(content: ApplicationContent, on: date) -> FactValue:
    """Nought where something is still to be bought or performed; without any compute the question does not apply."""
    if brings_new_compute(content):
        return 0
    ages = [(on - day).days for day in _days(content) if day <= on]
    return min(ages) if ages else Absent(state=FactState.NOT_APPLICABLE)


def _days(content: ApplicationContent) -> Iterator[date]:
    """When compute came: servers bought or delivered, contracts signed."""
    for asset in content.assets:
        for server in asset.servers:
            yield from (day for day in (server.purchased, server.delivered) if day is not None)
    for contract in content.contracts:
        signed = known(contract.signed)
        if signed is not None:
            yield signed
