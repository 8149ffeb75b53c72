"""The facts of a scorecard, from an application: ratios in exact decimals, and every absence as what it is.

A ratio is known when both its parts are; where a part does not apply to the borrower, neither does the ratio.
"""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from domain.application import (
    Accounts,
    ApplicationContent,
    AssetKind,
    ComputeContract,
    ContractKind,
    CreditLineRequest,
    LineKind,
    Provenance,
    Technology,
)
from domain.compute_capacity import ComputeCapacity, DifferentBasis
from domain.dossier import Dossier
from domain.facts import Absent, FactState, Known, known, state_of
from domain.factsheet import FactSheet, Plain
from domain.finding import Outcome
from domain.money import UNIT_PRICE_SCALE, Money, rounded
from domain.requests.cash_flows import cash_flows
from domain.requests.evaluation_facts import evaluation_facts

Given = Known[Any] | Absent | None
Found = Plain | int | None

TEST_RATE: Final = Decimal("0.05")
"""Yearly rate at which debt service is tested before a price is known: a house figure above the prices of the day."""
_DAYS_A_YEAR: Final = Decimal("365.25")
_HALF_PRECISION: Final = frozenset({"fp16", "bf16"})
_TIERS: Final = ("tier_1", "tier_2", "tier_3", "unrated")


def card_facts(dossier: Dossier, as_of: date) -> FactSheet:
    """The sheet a borrower is scored on, on a business date."""
    content = dossier.content
    accounts = latest_year(content)
    facts: dict[str, Found] = {
        **_technology(content, as_of),
        **_research(content, accounts),
        **_market(content, accounts),
        **_finance(dossier, accounts, as_of),
        "borrower.segment": _plain(content.borrower.chain_segment),
        "borrower.life_stage": _plain(content.borrower.life_stage),
        "project.pue": _plain(content.project.pue) if content.project else FactState.NOT_APPLICABLE,
        "asset.provenance": _provenance(content),
        "borrower.blacklisted": _screened(dossier, dossier.blacklisted),
        "borrower.fraud_flag": _screened(dossier, dossier.fraud_flag),
        **single_card_facts(content),
    }
    return FactSheet.of(facts)


def latest_year(content: ApplicationContent) -> Accounts | None:
    """The latest accounts of a whole year; of two for the same day the consolidated ones."""
    years = [item for item in content.accounts if item.months == 12]
    return max(years, key=lambda item: (item.period_end, item.scope == "consolidated"), default=None)


def counted_contracts(content: ApplicationContent) -> tuple[ComputeContract, ...]:
    """Contracts that are evidence of income: somebody unrelated has to take or to pay."""
    return tuple(
        item
        for item in content.contracts
        if known(item.kind) not in (None, ContractKind.FRAMEWORK) and known(item.buyer_related) is False
    )


def _installed(technology: Technology) -> Found:
    """Compute in service in PFLOPS FP16, as the card counts it; of another precision it is another unit."""
    installed, basis = _plain(technology.installed_pflops), known(technology.precision_basis)
    if not isinstance(installed, Decimal):
        return installed
    try:
        return ComputeCapacity(amount=installed, unit="PFLOPS", basis=basis or "unknown").in_pflops(_HALF_PRECISION)
    except DifferentBasis:
        return FactState.UNKNOWN


def single_card_facts(content: ApplicationContent) -> dict[str, Found]:
    """The facts that only single cards ask for; none of an application that says nothing of product, chain or founder.

    So a request stays what it was where no such card is asked, and policy from before these names is not asked about them.
    """
    stated: dict[str, Found] = {name: _plain(fact) for name, fact in evaluation_facts(content)}
    if not stated:
        return {}
    accounts = latest_year(content)
    return stated | {
        "research.equipment_value": _plain(content.technology.research_equipment),
        "finance.equity_raised": _plain(content.borrower.equity_raised),
        "growth.revenue_3y": _plain(accounts.revenue_growth_3y) if accounts else None,
        "finance.gross_margin": _gross_margin(accounts) if accounts else None,
        "finance.operating_cash_margin": _ratio(accounts.operating_cash_flow, accounts.revenue) if accounts else None,
    }


def _gross_margin(accounts: Accounts) -> Found:
    """(Revenue − cost of sales) ÷ revenue."""
    cost = _ratio(accounts.cost_of_sales, accounts.revenue)
    return 1 - cost if isinstance(cost, Decimal) else cost


def _technology(content: ApplicationContent, as_of: date) -> dict[str, Found]:
    technology = content.technology
    return {
        "tech.installed_pflops": _installed(technology),
        "tech.utilisation": _plain(technology.utilisation),
        "tech.efficiency_ratio": _ratio(technology.gflops_per_watt, technology.fleet_median_gflops_per_watt),
        "team.research_staff_share": _ratio(technology.research_staff, technology.staff),
        "team.masters_share": _ratio(technology.masters_staff, technology.staff),
        "team.core_tenure_years": _tenure(content, as_of),
        "team.recognised_talent": _plain(technology.recognised_talent),
        "ip.invention_patents": _plain(technology.invention_patents),
        "ip.software_copyrights": _plain(technology.software_copyrights),
        "ip.litigation": _plain(technology.ip_litigation),
        "ip.standards_or_awards": _awards(technology),
    }


def _awards(technology: Technology) -> Found:
    """Standards and awards as stated, and with them each project that was won and has a certificate."""
    stated = _plain(technology.standards_or_awards)
    certified = len(set(technology.innovation_certificates or ()))
    return stated + certified if isinstance(stated, int) and certified else stated


def _tenure(content: ApplicationContent, as_of: date) -> Found:
    people = content.technology.key_people
    if not people:
        return None
    days = sum((max((as_of - person.joined).days, 0) for person in people), 0)
    return _quotient(Decimal(days), _DAYS_A_YEAR * len(people))


def _research(content: ApplicationContent, accounts: Accounts | None) -> dict[str, Found]:
    return {
        "research.intensity": _ratio(accounts.research_expense, accounts.revenue) if accounts else None,
        "research.growth_3y": _plain(content.technology.research_growth_3y),
        "research.capitalisation_rate": _plain(accounts.research_capitalised) if accounts else None,
    }


def _market(content: ApplicationContent, accounts: Accounts | None) -> dict[str, Found]:
    contracts = counted_contracts(content)
    return {
        "market.backlog_cover": _backlog_cover(contracts, accounts),
        "market.offtaker_tier": _offtaker_tier(contracts),
        "market.top_buyer_share": top_buyer_share(content.contracts),
    }


def _backlog_cover(contracts: tuple[ComputeContract, ...], accounts: Accounts | None) -> Found:
    """Firm backlog ÷ revenue of the next twelve months: last year's revenue at its expected growth."""
    revenue = known(accounts.revenue) if accounts else None
    growth = known(accounts.expected_growth) if accounts else None
    if revenue is None or growth is None:
        return None
    coming = revenue.amount * (1 + growth)
    backlog = Decimal(0)
    for contract in contracts:
        amount, collected = known(contract.amount), known(contract.collected)
        if amount is None or collected is None:
            return None
        backlog += max(amount.amount - collected.amount, Decimal(0))
    return _quotient(backlog, coming)


def _offtaker_tier(contracts: tuple[ComputeContract, ...]) -> Found:
    """The tier of the buyer with the largest contract; of equal ones the weaker."""
    ranked: list[tuple[Decimal, int, str]] = []
    for contract in contracts:
        amount, tier = known(contract.amount), known(contract.buyer_tier)
        if amount is None or tier is None:
            return None
        ranked.append((amount.amount, _TIERS.index(tier) if tier in _TIERS else len(_TIERS), tier))
    return max(ranked)[2] if ranked else None


def top_buyer_share(contracts: tuple[ComputeContract, ...]) -> Decimal | None:
    """The largest share of one buyer in the borrower's income, over all its contracts; None while one of them is not known."""
    shares = [known(contract.revenue_share) for contract in contracts]
    if not shares or any(share is None for share in shares):
        return None
    by_buyer: dict[str, Decimal] = {}
    for contract, share in zip(contracts, shares, strict=True):
        by_buyer[contract.buyer_uscc] = by_buyer.get(contract.buyer_uscc, Decimal(0)) + (share or Decimal(0))
    return min(max(by_buyer.values()), Decimal(1))


def _finance(dossier: Dossier, accounts: Accounts | None, as_of: date) -> dict[str, Found]:
    if accounts is None:
        return dict.fromkeys(("finance.runway_months", "finance.debt_service_cover", "finance.leverage"))
    assets, equity = known(accounts.total_assets), known(accounts.equity)
    leverage = None
    if assets is not None and equity is not None:
        leverage = _quotient(assets.amount - equity.amount, assets.amount)
    return {
        "finance.runway_months": _runway(accounts),
        "finance.debt_service_cover": _debt_service_cover(dossier, accounts, as_of),
        "finance.leverage": leverage,
    }


def _runway(accounts: Accounts) -> Found:
    """Months that cash lasts. A firm whose operations bring cash burns none, and the measure does not apply to it."""
    burn = known(accounts.monthly_burn)
    if burn is None:
        return _absence(accounts.monthly_burn)
    if burn.amount <= 0:
        return FactState.NOT_APPLICABLE
    cash = known(accounts.cash)
    return _quotient(cash.amount, burn.amount) if cash is not None else _absence(accounts.cash)


def _debt_service_cover(dossier: Dossier, accounts: Accounts, as_of: date) -> Found:
    """Cash of a year ÷ debt service of a year at the test rate.

    Cash is last year's operating cash flow and, for a loan with a project, the yearly mean of its contracted cash flow over
    the tenor. Debt service is interest on the debt there is and on what is asked for, and an equal yearly share of the
    principal of a term loan.
    """
    operating = known(accounts.operating_cash_flow)
    if operating is None or accounts.debt is None:
        return None
    line = dossier.line
    cash = operating.amount
    if line.kind in (LineKind.TERM, LineKind.LEASE) and dossier.content.project is not None:
        flows = cash_flows(dossier.content, as_of)
        if flows is None:
            return None
        months = line.tenor_months
        inside = sum(
            (
                (flow.revenue.amount - flow.cost.amount) * max(min(flow.to_month, months) - flow.from_month + 1, 0)
                for flow in flows
            ),
            Decimal(0),
        )
        cash += inside * 12 / months
    owed = sum((debt.balance.amount for debt in accounts.debt), Decimal(0))
    return _quotient(cash, owed * TEST_RATE + _yearly_service(line))


def _yearly_service(line: CreditLineRequest) -> Decimal:
    interest = line.amount.amount * TEST_RATE
    if line.kind not in (LineKind.TERM, LineKind.LEASE):
        return interest
    return interest + line.amount.amount * 12 / max(line.tenor_months, 12)


def _provenance(content: ApplicationContent) -> Found:
    """The worst provenance of any server; without GPU servers it does not apply."""
    lines = [line for line in content.assets if line.kind is AssetKind.GPU_SERVER]
    if not lines:
        return FactState.NOT_APPLICABLE
    found = {server.provenance for line in lines for server in line.servers}
    for worst in (Provenance.GREY, Provenance.UNKNOWN, Provenance.LICENSED, Provenance.OFFICIAL_CN):
        if worst in found:
            return worst.value
    return None


def _screened(dossier: Dossier, looked_up: bool | None) -> Found:
    """A flag of the lists. A screening that passed has looked and found nothing; any other says nothing by itself."""
    if looked_up is not None:
        return looked_up
    screenings = [item for item in dossier.findings if item.kind == "screening"]
    return False if screenings and screenings[-1].outcome is Outcome.PASS else None


def _ratio(part: Given, whole: Given) -> Found:
    numerator, denominator = _figure(known(part)), _figure(known(whole))
    if numerator is not None and denominator is not None:
        return _quotient(numerator, denominator)
    states = (_absence(part), _absence(whole))
    return FactState.NOT_APPLICABLE if FactState.NOT_APPLICABLE in states else next(filter(None, states), None)


def _quotient(part: Decimal, whole: Decimal) -> Decimal | None:
    """Part ÷ whole at scale 8; nothing where the whole is nought or less, since no ratio to it means anything."""
    return rounded(part / whole, UNIT_PRICE_SCALE) if whole > 0 else None


def _figure(value: object) -> Decimal | None:
    if isinstance(value, Money):
        return value.amount
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, int) else None


def _plain(fact: Given) -> Found:
    value = known(fact)
    if value is None:
        return _absence(fact)
    return value.amount if isinstance(value, Money) else value


def _absence(fact: Given) -> FactState | None:
    state = state_of(fact)
    return None if state is FactState.VALUE else state
