"""What a loan costs its borrower, and whether it should buy at all: requests derived from a dossier, pure like the others.

A figure of the application that cannot be is not known here: the comparison then names it, and no request is ever refused for it.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from domain.application import ApplicationContent, AssetKind, ComputeContract
from domain.application.case import FeeItem
from domain.borrowing_cost import (
    BorrowingCostRequest,
    DrawnAmount,
    FeeKind,
    LoanDrawing,
    LoanFee,
    LoanPayment,
    PaidAmount,
)
from domain.buy_or_rent import (
    BuyOrRentRequest,
    Demand,
    Kilowatts,
    MonthlyCost,
    MonthlyRent,
    Owning,
    Pue,
    Renting,
    ServerPrice,
    Tariff,
)
from domain.collateral import CohortSubject
from domain.dossier import Dossier
from domain.facts import known
from domain.figures import PositiveMoney, Share, Tenor
from domain.money import MONEY_SCALE, Money, rounded
from domain.pricing import Schedule
from domain.repayment import RepaymentTerms
from domain.requests.case import case_inputs
from domain.requests.collateral import HOURS_PER_MONTH, cohorts, valuation_request
from domain.support import StatedClaim

LONGEST_HORIZON: Final = 120
"""Months over which compute is compared; the valuation policy shortens it to the life of a server."""
MOST_DRAWINGS: Final = 100
MOST_PAYMENTS: Final = 600
"""Of a request for the cost of a loan."""
_SUBSIDY_PROOF: Final = "subsidy_confirmation"
_FEE_WORDS: Final[tuple[tuple[FeeKind, tuple[str, ...]], ...]] = (
    ("guarantee", ("担保", "保证", "guarantee")),
    ("appraisal", ("评估", "估值", "apprais", "valuation")),
    ("registration", ("登记", "抵押登记", "registration")),
    ("insurance", ("保险", "保费", "insurance")),
    ("legal", ("律师", "法律", "公证", "legal", "notar")),
    ("arrangement", ("安排", "顾问", "arrangement")),
    ("commitment", ("承诺", "commitment")),
)
"""What a fee is for, by the word for it in its name: an application names its fees in its own words."""


def fee_kind(name: str) -> FeeKind:
    """The kind of a fee by its name; ``other`` where no word tells."""
    plain = name.lower()
    return next((kind for kind, words in _FEE_WORDS if any(word in plain for word in words)), "other")


def borrowing_cost_request(
    dossier: Dossier, terms: RepaymentTerms, schedule: Schedule, as_of: date
) -> BorrowingCostRequest | None:
    """The cost of the whole limit, drawn by these terms and repaid as the schedule lays it out, with each fee and its payer, and
    the support claimed.

    Fees are paid with the first drawing. Nothing where there is no price, or a plan beyond what a request can hold.
    """
    quote, drawn = dossier.quote, _drawings(terms)
    small = len(drawn) <= MOST_DRAWINGS and 0 < len(schedule.instalments) <= MOST_PAYMENTS
    if quote is None or not small or _possible(DrawnAmount, terms.principal) is None:
        return None
    return BorrowingCostRequest(
        **case_inputs(dossier, as_of),
        contract_rate=quote.all_in_rate,
        drawings=tuple(LoanDrawing(on=on, amount=Money(amount=amount)) for on, amount in sorted(drawn.items())),
        payments=tuple(
            LoanPayment(
                period_start=row.period_start,
                period_end=row.period_end,
                due=row.due,
                principal=row.principal,
                interest=row.interest,
            )
            for row in schedule.instalments
        ),
        fees=tuple(
            LoanFee(kind=fee_kind(fee.name), name=fee.name, amount=fee.amount, payer=fee.payer, on=as_of)
            for fee in loan_fees(dossier.content)
        ),
        support=tuple(_stated(dossier.content)),
    )


def _drawings(terms: RepaymentTerms) -> dict[date, Decimal]:
    """What is drawn on each day, all tranches together."""
    by_day: dict[date, Decimal] = {}
    for loan in terms.loans():
        parts = [(draw.on, draw.amount.amount) for draw in loan.draws] or [(loan.drawn_on, loan.principal)]
        for on, amount in parts:
            by_day[on] = by_day.get(on, Decimal(0)) + amount
    return by_day


def loan_fees(content: ApplicationContent) -> tuple[FeeItem, ...]:
    """The fees of the loan that can be: a negative one is an error of the file, which somebody must correct."""
    return tuple(fee for fee in content.price.fees or () if _possible(PaidAmount, fee.amount) is not None)


def buy_or_rent_request(dossier: Dossier, cost_of_money: Decimal, as_of: date) -> BuyOrRentRequest | None:
    """Whether the servers to be bought are better owned or rented, over the tenor of the loan.

    Of several groups of like servers the dearest is compared. Residual value, life and the trend of rents are the valuation
    policy's. Nothing where the case buys no servers, or says nothing of their economics.
    """
    subject = _dearest_purchase(dossier, as_of)
    if subject is None or subject.economics is None:
        return None
    economics = subject.economics
    months = min(dossier.line.tenor_months, LONGEST_HORIZON)
    rent = economics.rent_per_gpu_hour
    if rent is not None:
        rent = rounded(rent * subject.gpus_per_server * HOURS_PER_MONTH, MONEY_SCALE)
    return BuyOrRentRequest(
        **case_inputs(dossier, as_of),
        horizon_months=months,
        discount_rate=max(Decimal(0), min(Decimal(1), cost_of_money)),
        demand=(Demand(from_month=1, to_month=months, servers=subject.servers),),
        own=Owning(
            price=_possible(ServerPrice, subject.replacement_cost_new),
            server_kw=_possible(Kilowatts, economics.server_kw),
            pue=_possible(Pue, economics.pue),
            tariff_per_kwh=_possible(Tariff, economics.tariff_per_kwh),
            rack_per_month=_possible(MonthlyCost, economics.rack_per_month),
            maintenance_rate=_possible(Share, economics.maintenance_rate),
            sla_per_month=_possible(MonthlyCost, economics.sla_per_month),
            residual_share=None,
            useful_months=None,
        ),
        rent=Renting(
            per_month=_possible(MonthlyRent, None if rent is None else Money(amount=rent)), yearly_change=None
        ),
        outlook="valuation_policy",
    )


def _dearest_purchase(dossier: Dossier, as_of: date) -> CohortSubject | None:
    """The largest group of like servers, by price, that the loan is to buy."""
    bought = {line.key for line in dossier.content.assets if line.kind is AssetKind.GPU_SERVER and not line.existing}
    subjects = [
        valuation_request(dossier, ref.asset_key, ref.cohort, as_of).subject
        for ref in cohorts(dossier.content)
        if ref.asset_key in bought
    ]
    groups = [subject for subject in subjects if isinstance(subject, CohortSubject)]
    return max(groups, key=_price_of_all, default=None)


def _price_of_all(group: CohortSubject) -> Decimal:
    return group.replacement_cost_new.amount * group.servers


def _stated(content: ApplicationContent) -> Iterator[StatedClaim]:
    proven = any(item.kind == _SUBSIDY_PROOF for item in content.documents)
    by_number = {contract.number: contract for contract in content.contracts}
    for claim in (content.price.subsidies or ())[:10]:
        contract = by_number.get(claim.contract_number)
        yield StatedClaim(
            programme=claim.programme,
            eligible_use=True if proven else None,
            **_contract_terms(contract),
        )


def _contract_terms(contract: ComputeContract | None) -> dict[str, Any]:
    if contract is None:
        return {}
    return {
        "contract_amount": _possible(PositiveMoney, known(contract.amount)),
        "signed_on": known(contract.signed),
        "contract_months": _possible(Tenor, known(contract.months)),
        "supplier_related": known(contract.buyer_related),
    }


def _possible(kind: Any, value: Any) -> Any:
    """The value as a field of this kind takes it; nothing where it is absent or outside the bounds."""
    try:
        return None if value is None else TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return None
