"""Which facts an application must state, by product and line: the fields of the credit manual as a table.

*Stated* is enough for most facts: ``unknown``, ``undisclosed`` and ``not_applicable`` are statements too, and refer the case
where the fact is needed. Facts without which nothing can be assessed must have a *value*.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from domain.application import (
    ApplicationContent,
    AssetKind,
    AssetLine,
    BuilderType,
    CreditLineRequest,
    DataEvaluation,
)
from domain.facts import Known
from domain.requests.evaluation_facts import EVALUATION_FIELDS
from policy.engine import Product


@dataclass(frozen=True)
class Case:
    """What decides which facts are needed."""

    content: ApplicationContent
    line: CreditLineRequest
    product: Product
    asked: frozenset[str] = frozenset()
    """The facts that the product's card and admission speak of."""

    @property
    def project(self) -> bool:
        """Fixed-asset finance, whose need is measured on the investment."""
        return self.product.need == "investment"

    @property
    def order(self) -> bool:
        """Order financing, whose need is measured on a contract."""
        return self.product.need == "contract"

    @property
    def working_capital(self) -> bool:
        """Working capital by the regulator's formula."""
        return self.product.need == "working_capital"

    @property
    def stands_already(self) -> bool:
        """A centre led by a government that has compute installed: whether its hall stands idle must be known (row E5)."""
        borrower, technology = self.content.borrower, self.content.technology
        builder = None if borrower is None else borrower.builder_type
        installed = None if technology is None else technology.installed_pflops
        led = isinstance(builder, Known) and builder.value is BuilderType.GOVERNMENT_LED
        return led and not (isinstance(installed, Known) and installed.value == 0)

    @property
    def servers(self) -> bool:
        return any(asset.kind is AssetKind.GPU_SERVER for asset in self.content.assets)


@dataclass(frozen=True)
class Gap:
    """A fact that is missing: where, and whether a value is needed or a statement would do."""

    pointer: str
    value_needed: bool


@dataclass(frozen=True)
class Group:
    """Facts of one section: those that must be stated, and those that must have a value."""

    section: Callable[[ApplicationContent], Iterator[tuple[str, Any]]]
    stated: tuple[str, ...]
    valued: tuple[str, ...] = ()
    when: Callable[[Case], bool] = lambda case: True
    about: Callable[[Any], bool] = lambda item: True


def gaps(case: Case) -> Iterator[Gap]:
    """Every fact the case lacks, in the order of the application's sections."""
    for group in GROUPS:
        if not group.when(case):
            continue
        for pointer, item in group.section(case.content):
            if not group.about(item):
                continue
            for name in group.stated:
                if getattr(item, name) is None:
                    yield Gap(f"{pointer}/{name}", False)
            for name in group.valued:
                given = getattr(item, name)
                if given is None or not (isinstance(given, Known) or _plain(given)):
                    yield Gap(f"{pointer}/{name}", True)
    yield from _asked_by_the_card(case)


def _asked_by_the_card(case: Case) -> Iterator[Gap]:
    """What only single cards ask for, where the product's own card or admission does."""
    content = case.content
    for name, (section, field) in EVALUATION_FIELDS.items():
        if name in case.asked:
            yield from _unstated(getattr(content, section), f"/{section}", field, value_needed=name in _DECIDING)
    for name, section, field in _BESIDE:
        if name in case.asked:
            yield from _unstated(getattr(content, section), f"/{section}", field)
    if "growth.revenue_3y" in case.asked:
        for pointer, accounts in _latest_accounts(content):
            yield from _unstated(accounts, pointer, "revenue_growth_3y")
    if case.line.purpose == CAPACITY_PREPAYMENT and "purchase.supplier_verified" in case.asked:
        yield from _unstated(content.purchase, "/purchase", "supplier_verified")


def _unstated(section: Any, pointer: str, field: str, *, value_needed: bool = False) -> Iterator[Gap]:
    given = None if section is None else getattr(section, field)
    if given is None or (value_needed and not isinstance(given, Known)):
        yield Gap(f"{pointer}/{field}", value_needed)


def _plain(given: Any) -> bool:
    """Whether a field is not a fact but a bare value, which is known by being there."""
    return not hasattr(given, "state")


def _one(name: str) -> Callable[[ApplicationContent], Iterator[tuple[str, Any]]]:
    def section(content: ApplicationContent) -> Iterator[tuple[str, Any]]:
        item = getattr(content, name)
        if item is not None:
            yield f"/{name}", item

    return section


def _each(name: str) -> Callable[[ApplicationContent], Iterator[tuple[str, Any]]]:
    def section(content: ApplicationContent) -> Iterator[tuple[str, Any]]:
        for index, item in enumerate(getattr(content, name)):
            yield f"/{name}/{index}", item

    return section


def _latest_accounts(content: ApplicationContent) -> Iterator[tuple[str, Any]]:
    if content.accounts:
        index = max(range(len(content.accounts)), key=lambda place: content.accounts[place].period_end)
        yield f"/accounts/{index}", content.accounts[index]


def _data_terms(content: ApplicationContent) -> Iterator[tuple[str, Any]]:
    for index, asset in enumerate(content.assets):
        if asset.kind is AssetKind.DATA_ASSET and asset.data_terms is not None:
            yield f"/assets/{index}/data_terms", asset.data_terms


def _data_evaluations(content: ApplicationContent) -> Iterator[tuple[str, Any]]:
    """The evaluation report of each data asset; of one that has none every fact is missing."""
    for pointer, terms in _data_terms(content):
        yield f"{pointer}/evaluation", terms.evaluation or DataEvaluation()


def _is(*kinds: AssetKind) -> Callable[[AssetLine], bool]:
    return lambda asset: asset.kind in kinds


CAPACITY_PREPAYMENT: Final = "capacity_prepay"
"""Purpose of a loan that pays for capacity in advance (产能预付款)."""
_DECIDING: Final = frozenset({"adas.position", "founder.certificate", "founder.linked_to_borrower"})
"""Without these it is not known which figures of the card speak of the borrower, or whether there is such a loan for it."""
_BESIDE: Final = (
    ("research.equipment_value", "technology", "research_equipment"),
    ("finance.equity_raised", "borrower", "equity_raised"),
)
_HARDWARE: Final = (AssetKind.GPU_SERVER, AssetKind.NETWORK_STORAGE)
_BUILT: Final = (AssetKind.POWER_COOLING, AssetKind.CIVIL_WORKS)
_CLAIMS: Final = (AssetKind.RECEIVABLE, AssetKind.COMPUTE_ORDER)

_MAY_BE_LEFT_OUT: Final = frozenset({"forecast", "royalty_rate", "tests", "trades"})
"""Without them an approach does not run, and the asset carries less."""
_OF_AN_EVALUATION: Final = tuple(name for name in DataEvaluation.model_fields if name not in _MAY_BE_LEFT_OUT)

GROUPS: Final[tuple[Group, ...]] = (
    # 12-24 the borrower
    Group(
        _one("borrower"),
        valued=("division_code", "established", "industry", "chain_segment", "size", "owners"),
        stated=(
            "life_stage",
            "employees",
            "first_loan",
            "licences",
            "listed_code",
            "builder_type",
            "government_platform",
            "related_to_lender",
        ),
    ),
    # 25-33 the accounts of the latest period
    Group(
        _latest_accounts,
        valued=("revenue", "total_assets", "equity"),
        stated=(
            "cost_of_sales",
            "profit",
            "expected_growth",
            "operating_cash_flow",
            "cash",
            "monthly_burn",
            "debt",
            "guarantees_given",
            "research_expense",
            "research_capitalised",
        ),
    ),
    Group(
        _latest_accounts,
        stated=(
            "average_inventory",
            "average_receivables",
            "average_payables",
            "average_prepayments",
            "average_advances",
            "own_working_capital",
            "working_capital_loans",
            "other_working_capital",
        ),
        when=lambda case: case.working_capital,
    ),
    # 34-39 technology and people
    Group(
        _one("technology"),
        stated=(
            "installed_pflops",
            "precision_basis",
            "utilisation",
            "gflops_per_watt",
            "fleet_median_gflops_per_watt",
            "staff",
            "research_staff",
            "masters_staff",
            "key_people",
            "recognised_talent",
            "invention_patents",
            "software_copyrights",
            "standards_or_awards",
            "ip_litigation",
            "research_growth_3y",
        ),
    ),
    # Its utilisation, not a word about it: a hall that stands idle would be lent on as if it earned.
    Group(_one("technology"), valued=("utilisation",), stated=(), when=lambda case: case.stands_already),
    # 40-47 the project
    Group(
        _one("project"),
        valued=("name", "headline_investment"),
        stated=(
            "filing_number",
            "energy_review_number",
            "environment_approval",
            "land_right",
            "progress",
            "start_date",
            "operation_date",
            "pue",
            "rack_use",
            "green_power",
            "hub",
            "green_catalogue_code",
        ),
        when=lambda case: case.project,
    ),
    Group(
        _one("project"), valued=("pue", "rack_use"), stated=(), when=lambda case: case.project and case.product.green
    ),
    # 48-54 the assets
    Group(_each("assets"), stated=("encumbrances",)),
    Group(_each("assets"), stated=("colocation_operator", "lien_waiver"), about=_is(*_HARDWARE)),
    Group(_each("assets"), valued=("cost", "useful_life_months"), stated=(), about=_is(*_BUILT)),
    Group(
        _each("assets"),
        stated=("insured_sum", "insurance_expires", "insurance_payee"),
        about=lambda asset: asset.existing and asset.kind in (*_HARDWARE, *_BUILT),
    ),
    Group(_each("assets"), valued=("contract_key",), stated=(), about=_is(*_CLAIMS)),
    Group(_each("assets"), valued=("data_terms",), stated=(), about=_is(AssetKind.DATA_ASSET)),
    Group(_data_terms, stated=("certificate", "right", "right_expires", "personal_data", "top_buyer_share")),
    Group(_data_evaluations, stated=_OF_AN_EVALUATION),
    # 55-57 the running economics: every cash line is needed for a value; nought is an answer, silence is not
    Group(
        _each("economics"),
        valued=(
            "rent",
            "rent_unit",
            "rent_basis",
            "rent_tax_included",
            "occupancy",
            "server_kw",
            "tariff_per_kwh",
            "rack_per_server_month",
            "maintenance_rate",
            "sla_per_server_month",
        ),
        stated=("power_contract_expires",),
        when=lambda case: case.servers,
    ),
    # 58-61 contracts with buyers
    Group(
        _each("contracts"),
        valued=("kind", "amount"),
        stated=(
            "buyer_tier",
            "buyer_related",
            "signed",
            "starts",
            "ends",
            "advance_received",
            "retention",
            "collected",
            "assignment_allowed",
            "termination_notice_months",
            "collection_account",
            "revenue_share",
        ),
    ),
    Group(
        _each("contracts"),
        valued=("advance_received", "retention", "collected", "cost_to_complete"),
        stated=(
            "collectible_within_tenor",
            "ready_to_start",
            "gpu_model",
            "quantity",
            "unit_price",
            "buyer_confirmed",
            "buyer_announced",
            "buyer_compute_capex",
            "collections",
        ),
        when=lambda case: case.order,
    ),
    # 66-67 price
    Group(_one("price"), stated=("fees",)),
)
