"""The facts of a case as policy names them (``policy/book/vocabulary``), for admission, regulations and authority.

What the application declares absent stays absent under the policy's name; nothing is filled in.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from domain.application import ApplicationContent, AssetKind, ComputeContract, CreditLineRequest, SourceKind
from domain.books import CreditStanding
from domain.collateral import Valuation
from domain.decision import not_given
from domain.facts import Absent, Fact, FactState, Known, known
from domain.guarantees import guarantor_capacity
from domain.limit import Exposures, Limit
from domain.model import Value
from domain.money import MONEY_SCALE, RATE_SCALE, ZERO, Money, Rounding, rounded
from domain.rating import Rating
from domain.reference import LenderBooks
from domain.requests.evaluation_facts import evaluation_facts
from policy.engine import FactValue, LimitPolicy, Product
from services.origination.calc.exposures import LOAN, Conversion
from services.origination.calc.loan_facts import loan_facts

_NEW_COMPUTE = (AssetKind.GPU_SERVER, AssetKind.NETWORK_STORAGE, AssetKind.POWER_COOLING, AssetKind.CIVIL_WORKS)
_STATE_FUNDS = (SourceKind.SPECIAL_BOND, SourceKind.SUBSIDY)


SuspectedLink = Literal[
    "none", "control", "economic_dependence", "common_guarantor", "common_supplier", "guarantor_and_supplier"
]


class Screens(Value):
    """What was looked up about the case outside its application; ``None`` is not looked up, which is not a clean result."""

    blacklisted: bool | None
    duplicate_serial: bool | None
    foreign_gpu: bool | None = None
    """Whether servers carry accelerators that are not on the list of domestic ones."""
    replaced_purpose: str | None = Field(default=None, exclude_if=not_given)
    """Purpose of the facility that this loan replaces, by the lender's books."""
    suspected_link: SuspectedLink | None = Field(default=None, exclude_if=not_given)
    """The strongest link found to a customer outside the borrower's own group; once the analyst has made them one group it is
    suspected no more."""


class Relationship(Value):
    """How the customer stands with the lender, by its books and the customer's file."""

    new: bool
    """The lender has granted the customer nothing before this case."""
    standing: Fact[CreditStanding] | None = None


def application_facts(content: ApplicationContent, line: CreditLineRequest, product: Product) -> dict[str, FactValue]:
    """What the application itself says, and the product it is for."""
    return content_facts(content, line) | product_facts(product)


def product_facts(product: Product) -> dict[str, FactValue]:
    """What a case has from its product."""
    return {
        # What belongs to neither measure is asked by none of their rules.
        "loan.class": FactState.NOT_APPLICABLE if product.loan_class == "none" else product.loan_class,
        "product.entrusted_only": product.entrusted_only,
        "product.status": product.status.value,
    }


def content_facts(content: ApplicationContent, line: CreditLineRequest | None) -> dict[str, FactValue]:
    """What the application says whatever its product; a draft may lack its line."""
    borrower = content.borrower
    consents = borrower.query_consents
    facts: dict[str, FactValue] = {
        "borrower.segment": borrower.chain_segment,
        "borrower.track": borrower.track,
        "borrower.size": borrower.size,
        "borrower.life_stage": borrower.life_stage,
        "borrower.builder_type": borrower.builder_type,
        "borrower.government_platform": borrower.government_platform,
        "borrower.related_to_lender": borrower.related_to_lender,
        "borrower.first_loan": borrower.first_loan,
        "borrower.query_consent": None
        if consents is None
        else any(consent.subject_kind == "borrower" for consent in consents),
        "loan.head_office_tenor_consent": any(item.kind == "head_office_tenor_consent" for item in content.documents),
        "loan.new_compute": brings_new_compute(content),
    }
    if line is not None:
        facts |= {
            "loan.amount": line.amount,
            "loan.tenor_months": line.tenor_months,
            "loan.purpose": line.purpose,
            "loan.direction": line.direction,
            "loan.long_cycle_evidence": line.long_cycle_evidence is not None,
            "loan.replaces_facility": line.replaces_facility_id is not None,
        }
    facts.update(evaluation_facts(content))
    facts["purchase.supplier_verified"] = content.purchase.supplier_verified if content.purchase else None
    facts.update(_project_facts(content))
    facts.update(_contract_facts(content))
    facts.update(loan_facts(content, line))
    return facts


def brings_new_compute(content: ApplicationContent) -> bool:
    """Whether the money makes compute that was not there: equipment or works to be bought, or an order to be performed."""
    assets = any(asset.kind in _NEW_COMPUTE and not asset.existing for asset in content.assets)
    return assets or any(asset.kind is AssetKind.COMPUTE_ORDER for asset in content.assets)


def _project_facts(content: ApplicationContent) -> dict[str, FactValue]:
    project = content.project
    if project is None:
        return {}
    return {
        "project.filed": _there(project.filing_number),
        "project.energy_reviewed": _there(project.energy_review_number),
        "project.headline_investment": project.headline_investment,
        "project.uses_total": total(use.amount for use in content.uses) if content.uses else None,
        "project.sources_total": _sources_total(content),
        "project.pue": project.pue,
        "project.rack_use": project.rack_use,
        "project.green_power": project.green_power,
        "project.hub": project.hub,
        "project.green_catalogue_code": _there(project.green_catalogue_code),
        "project.state_funded_share": _state_funded_share(content),
    }


def _sources_total(content: ApplicationContent) -> Money | None:
    return total(source.amount for source in content.sources) if content.sources else None


def _state_funded_share(content: ApplicationContent) -> Decimal | None:
    funds = _sources_total(content)
    if funds is None or funds.amount == 0:
        return None
    state = total(source.amount for source in content.sources if source.kind in _STATE_FUNDS)
    return rounded(state.amount / funds.amount, RATE_SCALE)


def financed_contract(content: ApplicationContent) -> ComputeContract | None:
    """The contract an order is financed on: that of the first pledged order, else the only one there is."""
    by_key = {contract.key: contract for contract in content.contracts}
    for asset in content.assets:
        if asset.kind is AssetKind.COMPUTE_ORDER and asset.contract_key in by_key:
            return by_key[asset.contract_key]
    return content.contracts[0] if len(content.contracts) == 1 else None


def _contract_facts(content: ApplicationContent) -> dict[str, FactValue]:
    contract = financed_contract(content)
    if contract is None:
        return {}
    return {
        "contract.kind": contract.kind,
        "contract.buyer_tier": contract.buyer_tier,
        "contract.buyer_related": contract.buyer_related,
        "contract.assignment_allowed": contract.assignment_allowed,
        "contract.collection_account": _there(contract.collection_account),
        "contract.startable": contract.ready_to_start,
    }


def screen_facts(screens: Screens) -> dict[str, FactValue]:
    """What was looked up."""
    return {
        "borrower.blacklisted": screens.blacklisted,
        "asset.duplicate_serial": screens.duplicate_serial,
        "project.foreign_gpu": screens.foreign_gpu,
        "group.link_searched": screens.suspected_link is not None,
        "group.suspected_link": screens.suspected_link,
    }


def relationship_facts(relationship: Relationship | None) -> dict[str, FactValue]:
    """New customers, and those of no more than ordinary standing; what the file does not say stays absent."""
    if relationship is None:
        return {}
    standing = relationship.standing
    value = known(standing)
    return {
        "borrower.new_relationship": relationship.new,
        "borrower.ordinary_standing": standing if value is None else value is not CreditStanding.GOOD,
    }


def foreign_accelerators(content: ApplicationContent, domestic: frozenset[str] | None) -> bool | None:
    """Whether a listed server carries an accelerator that is not domestic; ``None`` where the lender keeps no list, or no
    server is listed."""
    types = {server.gpu_type.upper() for asset in content.assets for server in asset.servers}
    if domestic is None or not types:
        return None
    return bool(types - {name.upper() for name in domestic})


def book_facts(
    asked: Money, exposures: Exposures, lender: LenderBooks, conversion: Conversion = LOAN
) -> dict[str, FactValue]:
    """The lender's books with this case added: three measures on two capital bases.

    ``conversion`` says how what is asked for counts in each: a guarantee is no loan, and its credit equivalent may be a part of it.
    """
    loans = asked if conversion.loan_balance else ZERO
    equivalent = asked.times(conversion.factor, Rounding.UP)
    notional = asked.times(conversion.unified, Rounding.UP)
    return {
        "exposure.customer_loans_after": exposures.customer_loans + loans,
        "exposure.customer_after": exposures.customer_exposure + equivalent,
        "exposure.group_after": exposures.group_exposure + equivalent,
        "exposure.related_after": exposures.customer_exposure + equivalent,
        "exposure.unified_customer_after": _with(notional, exposures.unified_customer),
        "exposure.unified_group_after": _with(notional, exposures.unified_group),
        "lender.net_capital": lender.net_capital,
        "lender.tier1_capital": lender.tier1_capital,
        "lender.capital_method": lender.capital_method,
        "case.total_exposure": exposures.group_exposure + asked,
    }


def _with(asked: Money, standing: Money | None) -> Money | None:
    return None if standing is None else standing + asked


def assessment_facts(
    asked: Money,
    rating: Rating | None,
    limit: Limit | None,
    valuations: tuple[Valuation, ...],
    guaranteed: Money,
) -> dict[str, FactValue]:
    """What has been concluded: grade, capital, and how far security covers what is asked."""
    capital = limit.project_capital if limit is not None else None
    return {
        "rating.grade": rating.grade if rating is not None else None,
        "rating.card_class": rating.card_class if rating is not None else None,
        "project.capital_required": capital.required if capital is not None else None,
        "project.capital_eligible": capital.eligible if capital is not None else None,
        "security.secured_share": secured_share(asked, valuations, guaranteed),
    }


def secured_share(asked: Money, valuations: tuple[Valuation, ...], guaranteed: Money) -> Decimal:
    """(Σ lending value × LTV of eligible collateral + valid guarantees) / amount, rounded down."""
    covered = sum((item.lending_value.amount * item.ltv for item in valuations if item.eligible), guaranteed.amount)
    return rounded(covered / asked.amount, RATE_SCALE, Rounding.DOWN)


def valid_guarantees(content: ApplicationContent, rules: LimitPolicy | None) -> Money:
    """Guarantees that count: resolution on file, and for listed guarantors the announcement (担保制度解释 §9).

    Under a limit policy each counts for its share of a loss, and a guarantor for no more than it could pay, as in the limit.
    One whose accounts are not known was referred there; who approved the case has decided on it.
    """
    valid = [
        item
        for item in content.guarantees
        if item.resolution_sha256 is not None and (not item.listed or item.announcement is not None)
    ]
    if rules is None:
        return total(item.amount for item in valid)
    carried = Decimal(0)
    for party in dict.fromkeys(item.party_key for item in valid):
        own = [item for item in valid if item.party_key == party]
        pledged = sum((item.amount.amount * item.share for item in own), Decimal(0))
        worth = [known(item.net_assets) for item in own]
        given = [known(item.guarantees_given) for item in own]
        stated = [
            guarantor_capacity(net_assets.amount, rules.guarantor_net_assets, guaranteed.amount)
            for net_assets, guaranteed in zip(worth, given, strict=True)
            if net_assets is not None and guaranteed is not None
        ]
        carried += min([pledged, *stated])
    return Money(amount=rounded(carried, MONEY_SCALE, Rounding.DOWN))


def total(amounts: Iterable[Money]) -> Money:
    """The sum of amounts in CNY."""
    return Money(amount=sum((item.amount for item in amounts), Decimal(0)))


def _there(fact: Known[Any] | Absent | None) -> FactValue:
    """That a number or document exists, as far as the application says; an honest absence stays one."""
    return True if known(fact) is not None else fact
