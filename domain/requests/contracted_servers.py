"""GPU servers as their own contracts repay them: what the limit bounds their part of the collateral by."""

from datetime import date
from decimal import Decimal

from domain.application import AssetKind
from domain.dossier import Dossier, ValuedAsset
from domain.limit import ContractedServers
from domain.money import MONEY_SCALE, Money, Rounding, rounded
from domain.requests.cash_flows import months_before_revenue, server_cash_flows


def contracted_servers(dossier: Dossier, as_of: date) -> ContractedServers | None:
    """Σ LTV × value path of the eligible cohorts, and the cash flow of the contracts that name them.

    None where no cohort has a value path, or no contract names the servers. A cohort carries nothing from the month in
    which its tranche ends.
    """
    paths = [path for item in dossier.valuations if (path := _advanced(item))]
    flows = server_cash_flows(dossier.content, as_of)
    if not paths or flows == ():
        return None
    months = max(len(path) for path in paths)
    carries = [sum((path[month] for path in paths if month < len(path)), Decimal(0)) for month in range(months)]
    return ContractedServers(
        carries=tuple(Money(amount=rounded(amount, MONEY_SCALE, Rounding.DOWN)) for amount in carries),
        cash_flows=flows,
        reserve_months=months_before_revenue(dossier.content, dossier.line.kind, flows, dossier.line.tenor_months),
    )


def _advanced(item: ValuedAsset) -> list[Decimal]:
    """LTV × value of a cohort for every month in which its tranche still runs; empty for what has no path or no credit."""
    valued = item.valuation
    if valued.asset_kind is not AssetKind.GPU_SERVER or valued.path is None or not valued.eligible:
        return []
    path = [valued.ltv * value for value in valued.path.lendable]
    return path[: valued.tenor_cap_months or len(path)]
