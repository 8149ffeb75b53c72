"""Requests to the pricing service, derived from a dossier: pure, and the same in process, dry run and audit."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from domain.application import (
    Accounts,
    ApplicationContent,
    AssetKind,
    CompanySize,
    ComputeContract,
    ContractKind,
    GuaranteeOffer,
    LineKind,
    RepaymentMethod,
    SourceKind,
)
from domain.dossier import Dossier, ValuedAsset
from domain.facts import Absent, Known, known
from domain.finding import Outcome
from domain.limit import (
    CapitalSource,
    CollateralContribution,
    ContractNeed,
    GuaranteeContribution,
    InvestmentNeed,
    JointCredit,
    LimitRequest,
    WorkingCapitalNeed,
)
from domain.money import RATE_SCALE, ZERO, Money, Rounding, rounded, yuan
from domain.pricing import QuoteFee, QuoteRequest, ScheduleRequest
from domain.rating import RatingRequest
from domain.repayment import Sculpted
from domain.requests.card_facts import card_facts, latest_year
from domain.requests.case import case_inputs
from domain.requests.cash_flows import cash_flows
from domain.requests.collateral import cohorts
from domain.requests.contracted_servers import contracted_servers
from domain.requests.repayment import fitted, plan_terms

RETAIL_CEILING: Final = yuan(10_000_000)
"""Most that one small firm may owe for its loan to be weighted as retail (商业银行资本管理办法, 小微企业)."""
_GREEN_EVIDENCE: Final = "green_evidence"
_IN_KIND_REPORT: Final = "in_kind_valuation"
_TENOR_CONSENT: Final = "head_office_tenor_consent"


def rating_request(dossier: Dossier, as_of: date) -> RatingRequest:
    """The borrower's facts for its product's card."""
    return RatingRequest(**case_inputs(dossier, as_of), facts=card_facts(dossier, as_of))


def limit_request(dossier: Dossier, as_of: date) -> LimitRequest:
    """What the five caps are formed of: need, cash flow, valuations, guarantees and the lender's exposures."""
    content, line, rating = dossier.content, dossier.line, dossier.rating
    accounts = latest_year(content)
    return LimitRequest(
        **case_inputs(dossier, as_of),
        asked=line.amount,
        tenor_months=line.tenor_months,
        long_cycle_evidence=line.long_cycle_evidence is not None,
        need=_need(content, line.kind, accounts, as_of),
        card_class=rating.card_class if rating else None,
        limit_multiplier=rating.limit_multiplier if rating else None,
        cash_flows=cash_flows(content, as_of),
        collateral=_collateral(dossier.valuations),
        guarantees=tuple(_guarantee(offer) for offer in content.guarantees),
        exposures=dossier.exposures,
        contracted_servers=contracted_servers(dossier, as_of),
        unvalued=_unvalued(dossier),
        annual_revenue=_amount(accounts.revenue) if accounts else None,
        operating_cash_flow=known(accounts.operating_cash_flow) if accounts else None,
        joint_credit=joint_credit(accounts, _amount(content.borrower.joint_credit_ceiling), dossier.lender.name),
        head_office_tenor_consent=any(item.kind == _TENOR_CONSENT for item in content.documents),
        asked_lpr_tenor=content.price.lpr_tenor,
        asked_spread_bps=content.price.spread_bps,
        purpose=line.purpose,
        held=dossier.held or None,
    )


def quote_request(dossier: Dossier, as_of: date) -> QuoteRequest:
    """What the price of the limit is built of; without a limit yet, of what was asked for."""
    content, rating, project = dossier.content, dossier.rating, dossier.content.project
    amount, tenor = granted(dossier)
    size = known(content.borrower.size)
    accounts = latest_year(content)
    return QuoteRequest(
        **case_inputs(dossier, as_of),
        amount=amount,
        tenor_months=tenor,
        pd=rating.pd if rating else None,
        grade=rating.grade if rating else None,
        collateral=_collateral(dossier.valuations),
        green=project is not None and _green_asked(project.green_catalogue_code),
        pue=_evidenced(content, project.pue) if project else None,
        rack_use=_evidenced(content, project.rack_use) if project else None,
        green_power=_evidenced(content, project.green_power) if project else None,
        hub=known(project.hub) if project else None,
        green_catalogue_code=_coded(project.green_catalogue_code) if project else None,
        fees=tuple(
            QuoteFee(name=fee.name, amount=fee.amount, payer=fee.payer)
            for fee in content.price.fees or ()
            if fee.amount.amount >= 0
        ),
        company_size=size.value if size else None,
        project_phase="none",
        retail_eligible=_retail(size, dossier, amount),
        # No application carries an agency's grade of the borrower; without one a company is not investment grade.
        investment_grade=False,
        asked_lpr_tenor=content.price.lpr_tenor,
        asked_spread_bps=content.price.spread_bps,
        annual_sales=_amount(accounts.revenue) if accounts else None,
        risk_shared=_risk_shared(content.guarantees, amount),
    )


def schedule_request(dossier: Dossier, as_of: date, ceilings: tuple[Money, ...] = ()) -> ScheduleRequest:
    """The repayment of the whole limit as if drawn on the business date, at the quoted price.

    ``ceilings``: the most that may be owed at month 0, 1, … by what assets and cash flow carry. A sculpted plan follows them;
    where none could be formed nothing is carried, and the plan is referred.
    """
    amount, tenor = granted(dossier)
    rate = dossier.quote.all_in_rate if dossier.quote else None
    repayment = fitted(dossier.line, amount, tenor)
    terms = plan_terms(repayment, amount, tenor, rate, as_of)
    if repayment.method is RepaymentMethod.SCULPTED:
        terms["profile"] = Sculpted(method="sculpted", ceilings=ceilings or (ZERO,) * (tenor + 1))
    return ScheduleRequest(**case_inputs(dossier, as_of), **terms)


def financed_contract(content: ApplicationContent) -> ComputeContract | None:
    """The contract an order is financed on: that of the first order offered as security, else the only one there is."""
    by_key = {contract.key: contract for contract in content.contracts}
    for asset in content.assets:
        if asset.kind is AssetKind.COMPUTE_ORDER and asset.contract_key in by_key:
            return by_key[asset.contract_key]
    return content.contracts[0] if len(content.contracts) == 1 else None


def granted(dossier: Dossier) -> tuple[Money, int]:
    """Amount and tenor of the limit; what was asked for while there is no limit or none is left."""
    limit = dossier.limit
    if limit is None or limit.limit.amount <= 0:
        return dossier.line.amount, dossier.line.tenor_months
    return limit.limit, limit.tenor_months


def _need(
    content: ApplicationContent, kind: LineKind, accounts: Accounts | None, as_of: date
) -> InvestmentNeed | ContractNeed | WorkingCapitalNeed:
    if kind in (LineKind.TERM, LineKind.LEASE):
        return _investment(content, as_of)
    if kind is LineKind.REVOLVING:
        return _working_capital(accounts)
    return _contract(content)


def _investment(content: ApplicationContent, as_of: date) -> InvestmentNeed:
    project = content.project
    report = any(item.kind == _IN_KIND_REPORT for item in content.documents)
    # Money announced for a later day has not been paid.
    possible = all(item.amount.amount >= 0 and (item.paid_in or item.amount).amount >= 0 for item in content.sources)
    sources = tuple(
        CapitalSource(
            kind=source.kind,
            amount=source.amount,
            paid_in=yuan("0.00") if source.paid_on is not None and source.paid_on > as_of else source.paid_in,
            traced=known(source.origin) is not None,
            valuation_report=report if source.kind is SourceKind.IN_KIND else None,
            unencumbered=known(source.unencumbered) if source.kind is SourceKind.IN_KIND else None,
            borrowed=known(source.borrowed),
            traced_months=source.traced_months,
        )
        for source in content.sources
        if possible
    )
    return InvestmentNeed(
        headline_investment=_amount(project.headline_investment) if project else None,
        uses_total=_sum(use.amount for use in content.uses),
        sources_total=_sum(source.amount for source in content.sources),
        eligible_capital=None,
        paid_in_capital=None,
        sources=sources or None,
    )


def _contract(content: ApplicationContent) -> ContractNeed:
    contract = financed_contract(content)
    if contract is None:
        return ContractNeed(
            amount=None,
            advance_received=None,
            retention=None,
            collected=None,
            cost_to_complete=None,
            collectible_within_tenor=None,
            buyer_tier=None,
            firm=None,
        )
    kind = known(contract.kind)
    return ContractNeed(
        amount=_amount(contract.amount),
        advance_received=_amount(contract.advance_received),
        retention=_amount(contract.retention),
        collected=_amount(contract.collected),
        cost_to_complete=_amount(contract.cost_to_complete),
        collectible_within_tenor=_amount(contract.collectible_within_tenor),
        buyer_tier=known(contract.buyer_tier),
        firm=None if kind is None else kind is not ContractKind.FRAMEWORK,
        buyer_related=known(contract.buyer_related),
    )


def _working_capital(accounts: Accounts | None) -> WorkingCapitalNeed:
    if accounts is None:
        return WorkingCapitalNeed(**dict.fromkeys(WorkingCapitalNeed.model_fields.keys() - {"kind"}))
    profit, growth = known(accounts.profit), known(accounts.expected_growth)
    return WorkingCapitalNeed(
        revenue=_amount(accounts.revenue),
        cost_of_sales=_amount(accounts.cost_of_sales),
        profit=profit,
        growth=growth if growth is not None and -1 <= growth <= 100 else None,
        average_inventory=_amount(accounts.average_inventory),
        average_receivables=_amount(accounts.average_receivables),
        average_payables=_amount(accounts.average_payables),
        average_prepayments=_amount(accounts.average_prepayments),
        average_advances=_amount(accounts.average_advances),
        own_funds=_amount(accounts.own_working_capital),
        existing_loans=_amount(accounts.working_capital_loans),
        other_funds=_amount(accounts.other_working_capital),
    )


def _collateral(valuations: tuple[ValuedAsset, ...]) -> tuple[CollateralContribution, ...]:
    return tuple(
        CollateralContribution(
            asset_key=f"{item.asset_key}/{item.cohort}",
            kind=item.valuation.asset_kind,
            lending_value=item.valuation.lending_value,
            ltv=item.valuation.ltv,
            eligible=item.valuation.eligible,
            finding_sha256=item.finding.sha256,
            tenor_cap_months=item.valuation.tenor_cap_months,
        )
        for item in valuations
        if not _undecided(item)
    )


def _undecided(item: ValuedAsset) -> bool:
    """A valuation that gives no credit because a person has yet to decide, not because the asset deserves none."""
    return item.finding.outcome is not Outcome.PASS and not item.valuation.eligible


def _unvalued(dossier: Dossier) -> tuple[str, ...]:
    """Assets offered that no decided valuation stands for yet."""
    valued = {(item.asset_key, item.cohort) for item in dossier.valuations if not _undecided(item)}
    wanted = [(ref.asset_key, ref.cohort) for ref in cohorts(dossier.content)]
    # A line of servers without a single server has no cohort, and is not valued either.
    empty = [
        (line.key, "servers")
        for line in dossier.content.assets
        if line.kind is AssetKind.GPU_SERVER and not line.servers
    ]
    return tuple(f"{key}/{cohort}" for key, cohort in (*wanted, *empty) if (key, cohort) not in valued)


def joint_credit(accounts: Accounts | None, ceiling: Money | None, lender: str) -> JointCredit | None:
    """What the firm owes all lenders by its latest accounts, and what they agreed on; None where it names no other lender
    and there is no agreement.
    """
    debts = accounts.debt if accounts is not None else None
    others = {debt.lender for debt in debts or () if debt.balance.amount != 0} - {lender}
    if not others and ceiling is None:
        return None
    return JointCredit(
        lenders=None if debts is None else len(others),
        total_financing=None if debts is None else _sum(debt.balance for debt in debts) if debts else ZERO,
        ceiling=ceiling,
    )


def _guarantee(offer: GuaranteeOffer) -> GuaranteeContribution:
    """A guarantee with what is on file for it: resolution, and for a listed company the announcement."""
    announced = not offer.listed or offer.announcement is not None
    valid = False if not announced else True if offer.resolution_sha256 is not None else None
    if offer.amount.amount < 0 or not 0 <= offer.share <= 1:
        return GuaranteeContribution(party_key=offer.party_key, amount=yuan("0.00"), share=Decimal(0), valid=None)
    worth = known(offer.net_assets)
    return GuaranteeContribution(
        party_key=offer.party_key,
        amount=offer.amount,
        share=offer.share,
        valid=valid,
        # Whose debts exceed its assets can pay for nobody.
        guarantor_net_assets=None if worth is None else max(worth, ZERO, key=lambda money: money.amount),
        guarantees_given=_amount(offer.guarantees_given),
    )


def _risk_shared(guarantees: tuple[GuaranteeOffer, ...], granted: Money) -> Decimal | None:
    """The part of a loss that valid risk-sharing guarantors bear, of the whole amount granted, rounded down; None where nobody
    shares. A guarantor bears no more than its net assets less what it stands for, under all its guarantees together; whose accounts
    are not known bears nothing."""
    borne: dict[str, Decimal] = {}
    able: dict[str, Decimal] = {}
    for offer in guarantees:
        guarantee = _guarantee(offer)
        worth, given = guarantee.guarantor_net_assets, guarantee.guarantees_given
        if not offer.risk_sharing or guarantee.valid is not True or worth is None or given is None:
            continue
        covered = min(guarantee.amount.amount, granted.amount) * guarantee.share
        borne[offer.party_key] = borne.get(offer.party_key, Decimal(0)) + covered
        left = max(worth.amount - given.amount, Decimal(0))
        able[offer.party_key] = min(left, able.get(offer.party_key, left))
    shared = sum((min(covered, able[party]) for party, covered in borne.items()), Decimal(0))
    if shared == 0:
        return None
    return rounded(min(shared / granted.amount, Decimal(1)), RATE_SCALE, Rounding.DOWN)


def _sum(amounts: Iterable[Money]) -> Money | None:
    """The sum of amounts; nothing where none is given or one of them cannot be."""
    given = [item.amount for item in amounts]
    return Money(amount=sum(given, Decimal(0))) if given and min(given) >= 0 else None


def _amount(fact: Known[Money] | Absent | None) -> Money | None:
    """An amount that can be. A negative one is an error of the file, which somebody must correct: it is not known."""
    amount = known(fact)
    return amount if amount is not None and amount.amount >= 0 else None


def _evidenced(content: ApplicationContent, fact: Known[Decimal] | Absent | None) -> Decimal | None:
    """A green figure, if a document of the file proves it; a claim alone earns no discount."""
    proven = any(item.kind == _GREEN_EVIDENCE for item in content.documents)
    return fact.value if isinstance(fact, Known) and (fact.evidence or proven) else None


def _green_asked(fact: Known[str] | Absent | None) -> bool:
    """Whether a project is put forward as green: a catalogue code is stated, or said to exist and not yet known."""
    return fact is not None and not (isinstance(fact, Absent) and fact.state == "not_applicable")


def _coded(fact: Known[str] | Absent | None) -> bool | None:
    """Whether the project has a catalogue code: yes, no where none applies, and otherwise not known."""
    if isinstance(fact, Known):
        return True
    return False if isinstance(fact, Absent) and fact.state == "not_applicable" else None


def _retail(size: CompanySize | None, dossier: Dossier, amount: Money) -> bool | None:
    if size is None:
        return None
    small = size in (CompanySize.MICRO, CompanySize.SMALL)
    return small and dossier.exposures.customer_exposure + amount <= RETAIL_CEILING
