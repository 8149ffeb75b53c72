"""The contract lens: cash that contracts in hand will bring, less the running costs of the servers that serve them.

What servers might earn without a contract is the merchant lens, and belongs to collateral only: default and the loss of
contracts come together, and the two are never mixed.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from domain.application import (
    ApplicationContent,
    AssetKind,
    ComputeContract,
    ContractKind,
    Economics,
    LineKind,
    ServerItem,
)
from domain.facts import known
from domain.limit import CashFlowSegment
from domain.money import MONEY_SCALE, Money, Rounding, rounded

HOURS_PER_MONTH: Final = Decimal(730)
LONGEST_RESERVE: Final = 120
_LONGEST: Final = 600


def cash_flows(content: ApplicationContent, as_of: date) -> tuple[CashFlowSegment, ...] | None:
    """Level monthly revenue by contract, and the servers' cost while any contract runs; months count from ``as_of``.

    Framework agreements and related buyers do not count (they bring nothing that must be paid). None where the kind,
    buyer, amount or term of a contract, or a running cost, is not known. Amounts already collected stand in months that
    have passed and are left out with them.
    """
    return _brought_in(content.contracts, content, as_of)


def server_cash_flows(content: ApplicationContent, as_of: date) -> tuple[CashFlowSegment, ...] | None:
    """What the servers of the application earn under contracts of their own, less what running them costs: of the contracts
    that name the model of their GPUs. None where it is not known; empty where no contract names them."""
    models = {server.gpu_type.upper() for line in content.assets for server in line.servers}
    named = [
        contract
        for contract in content.contracts
        if (model := known(contract.gpu_model)) is not None and model.upper() in models
    ]
    return _brought_in(named, content, as_of)


def months_before_revenue(
    content: ApplicationContent, kind: LineKind, flows: tuple[CashFlowSegment, ...] | None, tenor: int
) -> int:
    """Months from the first drawing until the first contract of a project begins: it is being built, and its budget pays
    the interest. Nought for what is not a project loan."""
    if content.project is None or kind is not LineKind.TERM:
        return 0
    begins = min((item.from_month for item in flows or () if item.revenue.amount > 0), default=1)
    return max(0, min(begins - 1, LONGEST_RESERVE, tenor - 1))


def _brought_in(
    contracts: Iterable[ComputeContract], content: ApplicationContent, as_of: date
) -> tuple[CashFlowSegment, ...] | None:
    segments: list[CashFlowSegment] = []
    for contract in contracts:
        kind, related = known(contract.kind), known(contract.buyer_related)
        if kind is ContractKind.FRAMEWORK or related is True:
            continue
        span = _span(contract, content, as_of)
        amount = known(contract.amount)
        if kind is None or related is None or amount is None or amount.amount < 0 or span is None:
            return None
        first, last, months = span
        if last < 1:
            continue
        revenue = rounded(amount.amount / months, MONEY_SCALE, Rounding.DOWN)
        segments.append(
            CashFlowSegment(
                from_month=max(first, 1),
                to_month=min(last, _LONGEST),
                revenue=Money(amount=revenue),
                cost=Money(amount=Decimal("0.00")),
            )
        )
    if not segments:
        return ()
    cost = _running_cost(content)
    if cost is None:
        return None
    running = CashFlowSegment(
        from_month=min(item.from_month for item in segments),
        to_month=max(item.to_month for item in segments),
        revenue=Money(amount=Decimal("0.00")),
        cost=cost,
    )
    return (*segments, running)


def _span(contract: ComputeContract, content: ApplicationContent, as_of: date) -> tuple[int, int, int] | None:
    """First and last month of a contract (1 is the month after ``as_of``) and its length in months."""
    starts = known(contract.starts) or (known(content.project.operation_date) if content.project else None)
    months = known(contract.months)
    ends = known(contract.ends)
    if starts is None:
        return None
    if months is None:
        if ends is None:
            return None
        months = max(_months_between(starts, ends), 1)
    first = _months_between(as_of, starts) + 1
    if first > _LONGEST:
        return None
    return first, first + months - 1, months


def _months_between(start: date, end: date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month


def _running_cost(content: ApplicationContent) -> Money | None:
    """Power, rack, O&M and SLA of all servers a month, rounded up; a line that is not known, or cannot be, is not
    nought."""
    pue = known(content.project.pue) if content.project else None
    cost = Decimal(0)
    for line in content.assets:
        if line.kind is not AssetKind.GPU_SERVER:
            continue
        if not line.servers:
            return None
        for server in line.servers:
            one = _server_cost(server, content.economics, pue)
            if one is None:
                return None
            cost += one
    return Money(amount=rounded(cost, MONEY_SCALE, Rounding.UP))


def _server_cost(server: ServerItem, economics: tuple[Economics, ...], pue: Decimal | None) -> Decimal | None:
    terms = _terms(server, economics)
    if terms is None:
        return None
    kw, tariff = known(terms.server_kw), known(terms.tariff_per_kwh)
    rack, sla = known(terms.rack_per_server_month), known(terms.sla_per_server_month)
    maintenance = known(terms.maintenance_rate)
    if kw is None or tariff is None or pue is None or rack is None or sla is None or maintenance is None:
        return None
    price = server.price_ex_vat.amount
    if min(kw, tariff, pue, rack.amount, sla.amount, maintenance, price) < 0:
        return None
    return kw * pue * HOURS_PER_MONTH * tariff + rack.amount + sla.amount + price * maintenance / 12


def _terms(server: ServerItem, economics: tuple[Economics, ...]) -> Economics | None:
    """The running costs stated for the server's model, else those stated for every model."""
    own = next((item for item in economics if item.gpu_model == server.gpu_type), None)
    return own or next((item for item in economics if item.gpu_model is None), None)
