"""The three statements of the latest year by policy's names: what an ordinary loan is judged on first (三张表)."""

from decimal import Decimal

from domain.application import ApplicationContent
from domain.facts import known
from domain.money import RATE_SCALE, rounded
from domain.requests.card_facts import latest_year
from policy.engine import FactValue


def statement_facts(content: ApplicationContent) -> dict[str, FactValue]:
    """Figures of the latest whole year; of a borrower without one there are none, which refers whatever asks for them."""
    accounts = latest_year(content)
    if accounts is None:
        return {}
    return {
        "statements.revenue": accounts.revenue,
        "statements.profit": accounts.profit,
        "statements.operating_cash_flow": accounts.operating_cash_flow,
        "statements.leverage": _leverage(content),
    }


def _leverage(content: ApplicationContent) -> Decimal | None:
    """(Assets − equity) ÷ assets; above 1 where equity is used up, unknown without assets."""
    accounts = latest_year(content)
    assets = known(accounts.total_assets) if accounts else None
    equity = known(accounts.equity) if accounts else None
    if assets is None or equity is None or assets.amount <= 0:
        return None
    return rounded(max(assets.amount - equity.amount, Decimal(0)) / assets.amount, RATE_SCALE)
