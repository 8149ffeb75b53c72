"""What each class of assets is worth month by month, and how much of the loan it carries until its own tranche ends
(domain paper §3.6, §3.8). A stress moves GPU servers, whose value comes from a market price; works, plant and held assets
stand at cost and run off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import repeat

from domain.application import AssetKind
from domain.balance_curve import maximum_balances
from domain.collateral import CohortSubject, PhysicalSubject
from domain.coverage import AssetTranche, HeldAsset, TrancheCover, ValuePath
from domain.debt_service import net, serviceable
from domain.finding import Reason
from domain.money import Money
from policy.engine.collateral import CollateralKind, CollateralPolicy
from policy.engine.coverage import CoveragePolicy, Stress
from services.collateral.calc.amortisation.settlement import may_be_owed
from services.collateral.calc.conclusion import reason
from services.collateral.calc.gpu_server.cohort_value import complete
from services.collateral.calc.gpu_server.value_path import Server, value_path
from services.collateral.calc.physical import depreciated
from services.collateral.calc.stress.moves import moved_server, moved_terms

_NIL = Decimal(0)


@dataclass(frozen=True)
class Carried:
    """A tranche over the loan. CNY, exact: ``values[t]`` and ``cover[t]`` for t = 0 … the loan's months."""

    key: str
    asset_kind: AssetKind
    advance_rate: Decimal
    tenor_months: int
    values: tuple[Decimal, ...]
    cover: tuple[Decimal, ...]

    def shown(self) -> TrancheCover:
        return TrancheCover(
            key=self.key,
            asset_kind=self.asset_kind,
            value=may_be_owed(self.values[0]),
            advance_rate=self.advance_rate,
            carries=may_be_owed(self.cover[0]),
            tenor_months=self.tenor_months,
        )


@dataclass(frozen=True)
class Loan:
    """What a tranche has to know of its loan. ``months`` is how far values are wanted, ``tenor_months`` when it ends."""

    months: int
    tenor_months: int
    monthly_rate: Decimal
    dscr_target: Decimal
    reserve_months: int


def carried(
    tranche: AssetTranche, loan: Loan, collateral: CollateralPolicy, coverage: CoveragePolicy
) -> tuple[Carried, tuple[Reason, ...]]:
    """A tranche as it stands. A fact that is not known gives a reason, and the tranche carries nothing."""
    kind = collateral.of_kind(asset_kind(tranche))
    values, reasons = values_of(tranche, loan.months, collateral, coverage)
    advance = kind.ltv if tranche.advance_rate is None else tranche.advance_rate
    tenor = min(loan.tenor_months, _tenor(tranche, kind, collateral))
    advanced = [advance * value if month < tenor else _NIL for month, value in enumerate(values)]
    if tranche.cash_flows is not None and tenor:
        own = serviceable(net(tranche.cash_flows, tenor), loan.dscr_target)
        curve = maximum_balances(advanced[:tenor], own, loan.monthly_rate, reserve_months=loan.reserve_months)
        advanced[:tenor] = curve.ceilings[:tenor]
    return Carried(tranche.key, kind.asset_kind, advance, tenor, tuple(values), tuple(advanced)), reasons


def asset_kind(tranche: AssetTranche) -> AssetKind:
    """The class of assets a tranche is of."""
    return AssetKind.GPU_SERVER if isinstance(tranche.subject, CohortSubject) else tranche.subject.asset_kind


def values_of(
    tranche: AssetTranche,
    months: int,
    collateral: CollateralPolicy,
    coverage: CoveragePolicy,
    stress: Stress | None = None,
) -> tuple[Sequence[Decimal], tuple[Reason, ...]]:
    """What a tranche's assets are worth at months 0 … ``months``, CNY, as they stand or under a stress.

    A path on file stands as it was filed, and a stress moves it in proportion. No path begins above the lending value on
    file: it is scaled down as a whole, by the same factor under stress.
    """
    formed, reasons = _path(tranche, months, collateral, coverage, None)
    standing = formed if tranche.filed_path is None else _filed(tranche.filed_path, months)
    share = _share_on_file(tranche, standing[0])
    if stress is None or not is_stressed(tranche):
        return [share * value for value in standing], reasons
    moved, _ = _path(tranche, months, collateral, coverage, stress)
    return [
        share * (value * after / before if before else _NIL)
        for value, before, after in zip(standing, formed, moved, strict=True)
    ], reasons


def _filed(path: Sequence[Money], months: int) -> list[Decimal]:
    given = [item.amount for item in path[: months + 1]]
    return [*given, *repeat(given[-1], months + 1 - len(given))]


def is_stressed(tranche: AssetTranche) -> bool:
    """Whether a stress of market prices moves the tranche."""
    return isinstance(tranche.subject, CohortSubject)


def _share_on_file(tranche: AssetTranche, first: Decimal) -> Decimal:
    if tranche.lending_value is None or tranche.lending_value.amount >= first:
        return Decimal(1)
    return tranche.lending_value.amount / first


def _path(
    tranche: AssetTranche,
    months: int,
    collateral: CollateralPolicy,
    coverage: CoveragePolicy,
    stress: Stress | None,
) -> tuple[Sequence[Decimal], tuple[Reason, ...]]:
    match tranche.subject:
        case CohortSubject() as cohort:
            return _cohort(cohort, months, collateral, stress)
        case PhysicalSubject() as physical:
            return _straight_line(physical, months, collateral)
        case ValuePath(values=given):
            return _filed(given, months), ()
        case HeldAsset() as held:
            kept = held.asset_kind in coverage.kept_in_full
            ends = collateral.of_kind(held.asset_kind).tenor_cap_months
            return [
                held.value.amount * (1 if kept else max(_NIL, 1 - Decimal(month) / ends)) for month in range(months + 1)
            ], ()


def _cohort(
    cohort: CohortSubject, months: int, collateral: CollateralPolicy, stress: Stress | None
) -> tuple[Sequence[Decimal], tuple[Reason, ...]]:
    """``V_q(t)`` of all servers: the lower of income quantile and resale curve."""
    nothing = [_NIL] * (months + 1)
    economics, missing = complete(cohort.economics)
    if cohort.age_months is None:
        missing = (*missing, reason("AGE_UNKNOWN"))
    if not collateral.gpu.resale_curve:
        missing = (*missing, reason("RESALE_CURVE_MISSING"))
    if economics is None or cohort.age_months is None or missing:
        return nothing, missing
    server = Server(economics, cohort.gpus_per_server, cohort.replacement_cost_new.amount, cohort.age_months)
    terms, left = collateral.gpu, Decimal(1)
    if stress is not None:
        server, terms = moved_server(server, stress), moved_terms(terms, stress)
        left -= terms.liquidation.large_lot_haircut if stress.large_lot else _NIL
    path = value_path(server, terms, months).lendable
    return [left * cohort.servers * value for value in path], ()


def _straight_line(
    subject: PhysicalSubject, months: int, collateral: CollateralPolicy
) -> tuple[Sequence[Decimal], tuple[Reason, ...]]:
    house = collateral.physical_life(subject.asset_kind)
    lives = [given for given in (subject.useful_life_months, house.life_months if house else None) if given is not None]
    facts = (("COST_UNKNOWN", subject.cost), ("AGE_UNKNOWN", subject.age_months), ("LIFE_UNKNOWN", lives or None))
    lacking = tuple(reason(code, subject.asset_kind.value) for code, fact in facts if fact is None)
    if subject.cost is None or subject.age_months is None or not lives:
        return [_NIL] * (months + 1), lacking
    salvage = house.salvage if house else _NIL
    return [
        depreciated(subject.cost.amount, subject.age_months + month, min(lives), salvage) for month in range(months + 1)
    ], ()


def _tenor(tranche: AssetTranche, kind: CollateralKind, collateral: CollateralPolicy) -> int:
    """Months until the tranche must be repaid: the cap of its class, and a margin before the hardware is worn out."""
    subject = tranche.subject
    if isinstance(subject, CohortSubject) and subject.age_months is not None:
        left = collateral.gpu.income.economic_life_months - subject.age_months - kind.life_margin_months
        return max(0, min(kind.tenor_cap_months, left))
    if isinstance(subject, PhysicalSubject) and subject.age_months is not None:
        house = collateral.physical_life(subject.asset_kind)
        lives = [
            life for life in (subject.useful_life_months, house.life_months if house else None) if life is not None
        ]
        if lives:
            return max(0, min(kind.tenor_cap_months, min(lives) - subject.age_months - kind.life_margin_months))
    return kind.tenor_cap_months
