"""What the assets and contracts of the project cases carry, by the same functions as the services call."""

from decimal import Decimal
from functools import cache

import pytest

from domain.application import Repayment, RepaymentMethod
from domain.coverage import Amortisation, StressTest, Threshold
from domain.dossier import Dossier
from domain.finding import Outcome
from domain.money import yuan
from domain.pricing import Schedule
from domain.requests.coverage import amortisation_request, stress_request
from domain.requests.pricing import quote_request, schedule_request
from services.collateral.calc.amortisation.largest_loan import amortise
from services.collateral.calc.conclusion import Conclusion
from services.collateral.calc.stress.stress_test import stress_test
from services.pricing.calc.price import quote
from services.pricing.calc.schedule import repayment_plan
from tests.examples.test_cases import ON, assessed, book, lender
from tests.pricing.vintages import CALENDAR, FTP, LPR, dated


@cache
def priced(case: str) -> Dossier:
    dossier, granted = assessed(case)
    dossier = dossier.model_copy(update={"limit": granted})
    books = (dated("lender.nxb", lender(dossier.lender_id)), dated("lpr", LPR), dated("ftp", FTP))
    return dossier.model_copy(update={"quote": quote(quote_request(dossier, ON), book(), *books).value})


@cache
def carried(case: str) -> Conclusion[Amortisation]:
    asked = amortisation_request(priced(case), ON)
    assert asked is not None
    target = book().product(asked.product, ON).minimum_dscr
    return amortise(asked, book().collateral(ON), book().coverage(ON), target)


def plan_of(dossier: Dossier, sculpted_under: Amortisation | None = None) -> Schedule:
    ceilings = sculpted_under.ceilings if sculpted_under is not None else ()
    plan = repayment_plan(schedule_request(dossier, ON, ceilings), book(), dated("calendar.cn", CALENDAR))
    assert {item.code for item in plan.reasons} <= {"DUE_DATES_PROVISIONAL"}
    assert plan.value is not None
    return plan.value


def under_stress(dossier: Dossier, plan: Schedule) -> Conclusion[StressTest]:
    asked = stress_request(dossier, plan, ON)
    assert asked is not None
    target = book().product(asked.product, ON).minimum_dscr
    return stress_test(asked, book().collateral(ON), book().coverage(ON), target)


def test_the_project_has_four_tranches_and_each_ends_with_its_class() -> None:
    value = carried("nxb-xiyun").value
    assert value is not None
    tranches = {item.key.split("/")[0]: item for item in value.tranches}
    assert {key: (item.carries, item.tenor_months) for key, item in tranches.items()} == {
        "building": (yuan("36000000.00"), 96),
        "power": (yuan("25000000.00"), 96),
        "servers": (yuan("102687576.00"), 48),
        "network": (yuan("10000000.00"), 48),
        "software": (yuan("4000000.00"), 24),
    }


@pytest.mark.parametrize("case", ["nxb-xiyun", "bocom-qinghai"])
def test_what_is_granted_is_carried(case: str) -> None:
    conclusion = carried(case)
    value = conclusion.value
    assert conclusion.outcome is Outcome.PASS, conclusion.reasons
    assert value is not None
    assert value.loan == priced(case).line.amount
    assert value.loan < value.largest_loan <= value.by_cash
    assert value.largest_loan < value.by_cover
    assert value.test.min_dscr == Decimal("1.2")


def repaid_by(dossier: Dossier, repayment: Repayment) -> Dossier:
    return dossier.model_copy(update={"line": dossier.line.model_copy(update={"repayment": repayment})})


def test_equal_principal_would_outlive_the_contracts_and_the_stress_test_would_say_so() -> None:
    """The contracts run 84 months from April 2027; equal principal goes on for seven months after them."""
    even = Repayment(method=RepaymentMethod.EQUAL_PRINCIPAL, grace_months=12, frequency="quarterly")
    dossier = repaid_by(priced("nxb-xiyun"), even)
    conclusion = under_stress(dossier, plan_of(dossier))
    assert conclusion.value is not None
    assert conclusion.value.base.first(Threshold.DSCR_DEFAULT) == 91
    assert {item.code for item in conclusion.reasons} == {"BREACH_AS_IT_STANDS", "BREACH_UNDER_STRESS"}
    (default,) = [item for item in conclusion.value.stresses if item.stress == "OFFTAKER_DEFAULT_12"]
    assert default.test.first(Threshold.DSCR_DEFAULT) == 13


def test_the_project_is_repaid_as_its_assets_and_contracts_carry_it() -> None:
    dossier, value = priced("nxb-xiyun"), carried("nxb-xiyun").value
    assert dossier.line.repayment.method is RepaymentMethod.SCULPTED
    assert value is not None
    plan = plan_of(dossier, value)
    assert sum(row.principal.amount for row in plan.instalments) == value.loan.amount
    assert plan.instalments[-1].due.year == 2034
    conclusion = under_stress(dossier, plan)
    assert conclusion.outcome is Outcome.PASS, conclusion.reasons
    assert conclusion.value is not None
    assert conclusion.value.base.first(Threshold.DSCR_DEFAULT) is None
    assert conclusion.value.base.first(Threshold.LTV_WATCH) is None


@pytest.mark.parametrize("case", ["jsb-order", "sdrcb-operate"])
def test_loans_that_turnover_repays_are_not_sized_on_years_of_cash_flow(case: str) -> None:
    assert amortisation_request(priced(case), ON) is None
