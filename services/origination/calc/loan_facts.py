"""Facts that the rules on loans, acquisitions, buybacks and leases ask for (``policy/book/vocabulary/loan_rules.yaml``)."""

from decimal import Decimal
from typing import Any

from domain.application import (
    ApplicationContent,
    AskedTranche,
    AssetKind,
    CreditLineRequest,
    PartyRole,
    Repayment,
    RepaymentMethod,
    SourceKind,
    UseClass,
)
from domain.facts import Absent, Fact, FactState, Known, known
from domain.identity import legal_form
from domain.limit import CapName, Exposures, Limit
from domain.money import RATE_SCALE, Money, Rounding, rounded
from domain.reference import LenderBooks
from domain.requests.costs import fee_kind
from policy.engine import FactValue, Product

_FIXED_USES = frozenset(
    {UseClass.CIVIL, UseClass.POWER_COOLING, UseClass.GPU, UseClass.NETWORK_STORAGE, UseClass.SOFTWARE}
)
_FIXED_ASSETS = frozenset(
    {
        AssetKind.CIVIL_WORKS,
        AssetKind.POWER_COOLING,
        AssetKind.GPU_SERVER,
        AssetKind.NETWORK_STORAGE,
        AssetKind.SOFTWARE,
    }
)
_GREEN_EVIDENCE = "green_evidence"


def loan_facts(content: ApplicationContent, line: CreditLineRequest | None) -> dict[str, FactValue]:
    """What the application says of the loan, its price and its project, beyond ``case_facts.content_facts``."""
    borrower = content.party(PartyRole.BORROWER)
    investigation = content.investigation
    facts: dict[str, FactValue] = {
        "lender.id": content.lender_id,
        "borrower.legal_form": legal_form(borrower.uscc) if borrower is not None else None,
        "loan.finances_fixed_assets": _finances_fixed_assets(content),
        "loan.lpr_tenor": content.price.lpr_tenor or FactState.NOT_APPLICABLE,
        "process.site_visited": investigation.site_visited if investigation is not None else None,
        "process.offsite_data_proven": investigation.offsite_data_proven if investigation is not None else None,
    }
    facts |= _appraisal_facts(content)
    facts |= _project_facts(content)
    if line is not None:
        facts |= {"loan.kind": line.kind, "loan.instalments": repaid_in_instalments(line.repayment)}
        facts |= _equity_facts(content, line)
        facts |= _lease_facts(content, line)
    return facts


def concluded_facts(
    content: ApplicationContent, product: Product, limit: Limit | None, exposures: Exposures, lender: LenderBooks
) -> dict[str, FactValue]:
    """What follows from the limit and the lender's books: how the need was measured, the capital's share, a lessor's ratios."""
    facts = lessor_facts(lender)
    facts["exposure.related_customer_share"] = _share(
        exposures.customer_exposure + content.lines[0].amount, lender.net_capital
    )
    facts["loan.receipts_controlled"] = product.entrusted_only and _collected_here(content)
    if limit is not None:
        # Decided is on what would be offered: a tenor asked beyond the measure was cut by the limit.
        facts["loan.tenor_months"] = min(content.lines[0].tenor_months, limit.tenor_months)
    facts["loan.need_measured"] = None if limit is None else _need_measured(limit)
    capital = limit.project_capital if limit is not None else None
    if capital is not None and capital.eligible is not None and product.capital_ratio is not None:
        # What is required is the product's share of the reconciled investment; so the investment need not be asked again.
        required = capital.required.amount
        share = Decimal(1) if required == 0 else capital.eligible.amount * product.capital_ratio / required
        facts["project.capital_share"] = rounded(share, RATE_SCALE, Rounding.DOWN)
    return facts


def lessor_facts(lender: LenderBooks) -> dict[str, FactValue]:
    """The ratios of a financial lessor, as its books have them; what they do not have stays absent."""
    ratios = lender.lessor
    if ratios is None:
        return {}
    return {
        "lender.lessor_capital": ratios.registered_capital,
        "lender.leverage_ratio": ratios.leverage_ratio,
        "lender.assets_to_net_assets": ratios.assets_to_net_assets,
        "lender.interbank_share": ratios.interbank_share,
        "lender.provision_cover": ratios.provision_cover,
        "lender.lease_provision_ratio": ratios.lease_provision_ratio,
        "lender.fixed_income_share": ratios.fixed_income_share,
        "lender.related_all_share": ratios.related_all_share,
    }


def repaid_in_instalments(asked: Repayment) -> bool:
    """Whether some principal falls due before maturity, in every part of the loan that lives for more than a year."""
    parts = asked.tranches or (asked,)
    return all(_in_instalments(part, asked) for part in parts)


def _in_instalments(part: Repayment | AskedTranche, asked: Repayment) -> bool:
    if isinstance(part, AskedTranche) and part.tenor_months is not None and part.tenor_months <= 12:
        return True
    method = part.method or asked.method
    if method is RepaymentMethod.CUSTOM and part.profile is not None and part.profile.method == "custom":
        return len(part.profile.instalments) > 1
    return method is not RepaymentMethod.BULLET


def _finances_fixed_assets(content: ApplicationContent) -> bool | None:
    """Whether the money makes fixed assets; a draft that states neither uses nor assets has not said."""
    if not content.uses and not content.assets:
        return None
    used = any(use.use_class in _FIXED_USES and use.amount.amount > 0 for use in content.uses)
    return used or any(asset.kind in _FIXED_ASSETS and not asset.existing for asset in content.assets)


def _collected_here(content: ApplicationContent) -> bool:
    return any(known(contract.collection_account) is not None for contract in content.contracts)


def _need_measured(limit: Limit) -> bool:
    return any(cap.name is CapName.NEED and cap.amount is not None for cap in limit.caps)


def _appraisal_facts(content: ApplicationContent) -> dict[str, FactValue]:
    """Who bears the appraisal; it does not apply where no fee is one."""
    if content.price.fees is None:
        return {}
    appraisals = [fee for fee in content.price.fees if fee_kind(fee.name) == "appraisal"]
    borne = next((fee for fee in appraisals if fee.payer == "borrower"), None)
    if borne is not None:
        return {"fees.appraisal_payer": "borrower", "fees.appraisal_commissioned_by": borne.commissioned_by}
    return {"fees.appraisal_payer": appraisals[0].payer if appraisals else FactState.NOT_APPLICABLE}


def _project_facts(content: ApplicationContent) -> dict[str, FactValue]:
    project = content.project
    if project is None:
        return {}
    claimed = project.green_catalogue_code
    proven = any(item.kind == _GREEN_EVIDENCE for item in content.documents)
    return {
        "loan.project_finance": project.project_finance,
        "project.short_board": project.short_board,
        "project.bond_capital": any(source.kind is SourceKind.SPECIAL_BOND for source in content.sources),
        "project.energy_tce": project.energy_tce_per_year,
        "project.carbon_evaluated": _there(project.carbon_evaluation_number),
        "project.green_claimed": claimed is not None
        and not (isinstance(claimed, Absent) and claimed.state == "not_applicable"),
        "project.green_evidence": all(_proven(fact, proven) for fact in (project.pue, project.green_power)),
    }


def _proven(fact: Known[Any] | Absent | None, filed: bool) -> bool:
    return isinstance(fact, Known) and (bool(fact.evidence) or filed)


def _equity_facts(content: ApplicationContent, line: CreditLineRequest) -> dict[str, FactValue]:
    facts: dict[str, FactValue] = {}
    if content.acquisition is not None:
        deal = content.acquisition
        in_place = known(deal.own_funds_in_place)
        facts |= {
            "merger.kind": deal.kind,
            "merger.share": _share_of(line.amount, deal.price),
            "merger.fund_raised_later": deal.own_funds_in_place if in_place is None else not in_place,
        }
    if content.buyback is not None:
        facts |= {
            "buyback.share": _share_of(line.amount, content.buyback.amount),
            "buyback.announced": content.buyback.announced,
        }
    return facts


def _lease_facts(content: ApplicationContent, line: CreditLineRequest) -> dict[str, FactValue]:
    lease = content.lease
    if lease is None:
        return {}
    return {
        "lease.form": lease.form,
        "lease.holder": lease.holder,
        "lease.asset_class": lease.asset_class,
        "lease.amount": line.amount,
        "lease.reference_price": lease.purchase_price if known(lease.purchase_price) else lease.guide_price,
        "lease.book_value": lease.book_value,
        "lease.asset_value": lease.asset_value,
        "lease.title_clear": lease.title_clear,
        "lease.specified": lease.specified,
        "lease.disposable": lease.disposable,
        "lease.yields": lease.yields,
        "lease.lessee_owns": lease.lessee_owns,
        "lease.own_valuation": lease.own_valuation,
        "lease.onsite_investigators": lease.onsite_investigators,
        "lease.batch_exempt": lease.batch_exempt,
    }


def _share_of(amount: Money, whole: Fact[Money] | None) -> FactValue:
    stated = known(whole)
    return whole if stated is None else _share(amount, stated)


def _share(amount: Money, whole: Money) -> Decimal | None:
    """Rounded up: a share a hair above a ceiling is above it."""
    return None if whole.amount <= 0 else rounded(amount.amount / whole.amount, RATE_SCALE, Rounding.UP)


def _there(fact: Known[Any] | Absent | None) -> FactValue:
    return True if known(fact) is not None else fact
