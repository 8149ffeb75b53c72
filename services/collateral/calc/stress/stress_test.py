"""A plan as it stands and under every stress of policy (model ``stress_test``)."""

from collections.abc import Sequence
from decimal import Decimal, localcontext

from domain.balance_curve import balances, maximum_balances
from domain.collateral import CohortSubject
from domain.coverage import PlanTest, StressRequest, StressResult, StressTest, Threshold
from domain.debt_service import net, serviceable
from domain.finding import ModelRef, Outcome, Reason, TraceStep
from policy.engine.collateral import CollateralPolicy
from policy.engine.coverage import CoveragePolicy, Stress
from services.collateral.calc.amortisation.examination import Month, Rules, examine
from services.collateral.calc.amortisation.largest_loan import beyond, loan_of, total, unknown
from services.collateral.calc.amortisation.settlement import may_be_owed
from services.collateral.calc.amortisation.tranches import Loan, carried, is_stressed, values_of
from services.collateral.calc.conclusion import FIGURES, Conclusion, plain, reason
from services.collateral.calc.gpu_server.cohort_value import complete
from services.collateral.calc.gpu_server.value_path import Server
from services.collateral.calc.stress.moves import Fleet, moved_cash

MODEL = ModelRef(id="stress_test", version="1.0.0")
KIND = "stress_test"

_NIL = Decimal(0)


def stress_test(
    request: StressRequest, collateral: CollateralPolicy, house: CoveragePolicy, product_target: Decimal | None
) -> Conclusion[StressTest]:
    """Hold a plan against every stress.

    Outcome ``refer`` where a person must look: a fact is not known, a tranche cannot be stressed, or the plan has a margin
    call or a default of coverage as it stands. What only a stress brings is told, and is what a stress test is for.
    """
    lacking = unknown(request)
    if lacking:
        return Conclusion(Outcome.REFER, None, lacking, ())
    with localcontext(FIGURES):
        return _stress_test(request, collateral, house, product_target)


def _stress_test(
    request: StressRequest, collateral: CollateralPolicy, house: CoveragePolicy, product_target: Decimal | None
) -> Conclusion[StressTest]:
    assert request.cash_flows is not None
    months = len(request.plan) - 1 if request.plan else request.tenor_months
    loan = loan_of(request, house, product_target, months)
    as_is = [values_of(item, months, collateral, house) for item in request.tranches]
    reasons = [told for _, lacking in as_is for told in lacking]
    cash = net(request.cash_flows, months)
    standing = total([values for values, _ in as_is], months)
    plan = _given(request) if request.plan else _largest(request, loan, collateral, house, cash)
    rules = Rules(collateral.covenants, house.dscr_window_months, request.other_cover.amount, request.reserve_months)

    def out_of_range(values: Sequence[Decimal], flows: Sequence[Decimal]) -> bool:
        return beyond((max(values), max(owed for owed, _ in plan)), flows, (due for _, due in plan))

    refused = Conclusion[StressTest](Outcome.REFER, None, (*dict.fromkeys(reasons), reason("VALUE_OUT_OF_RANGE")), ())
    if out_of_range(standing, cash):
        return refused

    def tested(values: Sequence[Decimal], flows: Sequence[Decimal]) -> PlanTest:
        return examine(
            [
                Month(owed, due, flows[month - 1] if month else _NIL, values[month])
                for month, (owed, due) in enumerate(plan)
            ],
            rules,
        )

    base = tested(standing, cash)
    fleets = _fleets(request)
    results = []
    for stress in house.stresses:
        moved = [values_of(item, months, collateral, house, stress)[0] for item in request.tranches]
        flows = moved_cash(request.cash_flows, months, fleets, collateral.gpu, stress)
        values = total(moved, months)
        if out_of_range(values, flows):
            return refused
        results.append(
            StressResult(
                stress=stress.id,
                title_zh=stress.title_zh,
                title_en=stress.title_en,
                value=may_be_owed(values[0]),
                test=tested(values, flows),
            )
        )
    unmoved = tuple(
        item.key for item in request.tranches if item.subject.kind == "value_path" and not is_stressed(item)
    )
    reasons += [reason("NOT_STRESSED", key) for key in unmoved]
    reasons += _standing(base)
    referred = bool(reasons)
    reasons += _under_stress(base, results)
    value = StressTest(
        loan=may_be_owed(plan[0][0]),
        base=base,
        stresses=tuple(results),
        not_stressed=unmoved,
    )
    steps = (_step("as_it_stands", None, base), *_steps(house.stresses, results))
    return Conclusion(Outcome.REFER if referred else Outcome.PASS, value, tuple(dict.fromkeys(reasons)), steps)


def _given(request: StressRequest) -> list[tuple[Decimal, Decimal]]:
    return [(item.balance.amount, item.debt_service.amount) for item in request.plan]


def _largest(
    request: StressRequest, loan: Loan, collateral: CollateralPolicy, house: CoveragePolicy, cash: Sequence[Decimal]
) -> list[tuple[Decimal, Decimal]]:
    """Balance and debt service of the largest loan's own schedule."""
    held = [carried(item, loan, collateral, house)[0].cover for item in request.tranches]
    cover = [carries + request.other_cover.amount for carries in total(held, loan.tenor_months - 1)]
    curve = maximum_balances(
        cover, serviceable(cash, loan.dscr_target), loan.monthly_rate, reserve_months=loan.reserve_months
    )
    path = balances(curve, curve.largest_loan)
    paid = [path[month - 1] * (1 + loan.monthly_rate) - path[month] for month in range(1, len(path))]
    return list(zip(path, [_NIL, *paid], strict=True))


def _fleets(request: StressRequest) -> list[Fleet]:
    """The servers the cash flow comes from. One whose cash lines or age are not known has its reason already."""
    fleets = []
    for item in request.tranches:
        cohort = item.subject
        if not isinstance(cohort, CohortSubject) or cohort.age_months is None:
            continue
        economics, _ = complete(cohort.economics)
        if economics is not None:
            price = cohort.replacement_cost_new.amount
            fleets.append(Fleet(Server(economics, cohort.gpus_per_server, price, cohort.age_months), cohort.servers))
    return fleets


_GRAVE = (Threshold.LTV_CALL, Threshold.DSCR_DEFAULT)


def _standing(base: PlanTest) -> list[Reason]:
    """A margin call or a default of coverage that the plan has as it stands."""
    found = [
        item.threshold.value for item in base.breaches if item.threshold in _GRAVE and item.first_month is not None
    ]
    return [reason("BREACH_AS_IT_STANDS", ", ".join(found))] if found else []


def _under_stress(base: PlanTest, results: Sequence[StressResult]) -> list[Reason]:
    """Stresses that bring a margin call or a default of coverage, or bring it sooner."""

    def sooner(test: PlanTest, threshold: Threshold) -> bool:
        month, before = test.first(threshold), base.first(threshold)
        return month is not None and (before is None or month < before)

    found = [item.stress for item in results if any(sooner(item.test, threshold) for threshold in _GRAVE)]
    return [reason("BREACH_UNDER_STRESS", ", ".join(found))] if found else []


def _steps(stresses: Sequence[Stress], results: Sequence[StressResult]) -> list[TraceStep]:
    return [_step(stress.id, stress, item.test) for stress, item in zip(stresses, results, strict=True)]


def _step(name: str, stress: Stress | None, test: PlanTest) -> TraceStep:
    moves = {} if stress is None else stress.model_dump(mode="json", exclude_defaults=True)
    told = {
        "worst_ltv": "beyond measure" if test.worst_ltv is None else plain(test.worst_ltv),
        "worst_ltv_month": str(test.worst_ltv_month),
        "min_dscr": "nothing falls due" if test.min_dscr is None else plain(test.min_dscr),
        **{
            f"first.{item.threshold.value}": "never" if item.first_month is None else str(item.first_month)
            for item in test.breaches
        },
    }
    return TraceStep(
        step=f"stress/{name}",
        rule="the plan's balances and debt service on the moved values and cash flow",
        inputs={f"move.{name}": str(move) for name, move in sorted(moves.items()) if name not in _WORDING} | told,
        result=plain(test.cash_to_cure.amount, 2),
    )


_WORDING = ("id", "title_zh", "title_en")
