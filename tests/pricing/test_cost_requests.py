"""The cost of a case's loan and the purchase of its servers: from the dossier to the findings, never a refused request."""

import copy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.borrowing_cost import BorrowingCost
from domain.buy_or_rent import BuyOrRent
from domain.dossier import Dossier
from domain.finding import Finding, Outcome
from domain.money import Money, yuan
from domain.pricing import Schedule, ScheduleRequest
from domain.requests.costs import borrowing_cost_request, buy_or_rent_request, fee_kind
from domain.requests.pricing import limit_request, quote_request, rating_request, schedule_request
from services.origination.calc.memo import memo
from services.pricing.calc.borrowing_cost import borrowing_cost
from services.pricing.calc.buy_or_rent import buy_or_rent
from services.pricing.calc.conclusion import Conclusion
from services.pricing.calc.limit import limit
from services.pricing.calc.price import quote
from services.pricing.calc.rating import rate
from services.pricing.calc.schedule import repayment_plan
from tests.pricing.conftest import book
from tests.pricing.dossiers import AS_OF, content, dossier, known, money, server
from tests.pricing.vintages import CALENDAR, FTP, LPR, dated, lender

NEW = {"purchased": None}


def application(**price: Any) -> dict[str, Any]:
    changed = copy.deepcopy(content())
    changed["price"] = {"fees": [], "subsidies": []} | price
    return changed


def priced(told: dict[str, Any]) -> tuple[Dossier, Schedule]:
    """The dossier after rating, limit and price, and the schedule of its limit."""
    on = AS_OF
    rated = dossier(told).model_copy(update={"rating": rate(rating_request(dossier(told), on), book()).value})
    books = (dated("lender.nxb", lender()), dated("lpr", LPR))
    limited = rated.model_copy(update={"limit": limit(limit_request(rated, on), book(), *books).value})
    found = limited.model_copy(
        update={"quote": quote(quote_request(limited, on), book(), *books, dated("ftp", FTP)).value}
    )
    plan = repayment_plan(schedule_request(found, on), book(), dated("calendar.cn", CALENDAR)).value
    assert plan is not None
    return found.model_copy(update={"schedule": plan}), plan


def cost_of(told: dict[str, Any]) -> tuple[Dossier, Conclusion[BorrowingCost]]:
    facts, plan = priced(told)
    request = borrowing_cost_request(facts, schedule_request(facts, AS_OF), plan, AS_OF)
    assert request is not None
    return facts, borrowing_cost(request, book())


FEES = [
    {"name": "担保费（年1%）", "amount": money(1_200_000), "payer": "borrower"},
    {"name": "押品评估费", "amount": money(80_000), "payer": "lender"},
    {"name": "动产登记费", "amount": money(5_000), "payer": "third_party"},
]


def test_each_fee_has_its_payer_and_only_the_borrowers_count() -> None:
    _, plain = cost_of(application())
    facts, found = cost_of(application(fees=FEES))
    assert found.outcome is Outcome.PASS
    assert plain.value is not None
    assert found.value is not None
    assert plain.value.cost == plain.value.interest_only == found.value.interest_only
    assert found.value.cost.effective > found.value.interest_only.effective
    shares = {(item.kind, item.payer): item.adds for item in found.value.fees}
    assert set(shares) == {("guarantee", "borrower"), ("appraisal", "lender"), ("registration", "third_party")}
    assert shares["appraisal", "lender"] == 0
    assert shares["guarantee", "borrower"] == found.value.cost.effective - found.value.interest_only.effective
    text = memo(facts.model_copy(update={"borrowing_cost": found.value}), (), AS_OF)
    assert f"名义 nominal **{found.value.cost.nominal:.8f}**" in text
    assert "| 押品评估费 | 评估 appraisal | 80,000.00 CNY | 贷款人 lender | 0.00000000 |" in text


@pytest.mark.parametrize(
    ("name", "kind"),
    [("融资担保费", "guarantee"), ("律师费", "legal"), ("Commitment fee", "commitment"), ("手续费", "other")],
)
def test_a_fee_is_known_by_the_word_in_its_name(name: str, kind: str) -> None:
    assert fee_kind(name) == kind


class TestSupport:
    def claimed(self, programme: str, contract: str = "nobody", **more: Any) -> Conclusion[BorrowingCost]:
        told = application(subsidies=[{"programme": programme, "contract_number": contract}])
        return cost_of(told | more)[1]

    def test_a_subsidy_without_its_confirmation_is_open_and_never_nought(self) -> None:
        found = self.claimed("equipment_renewal_subsidy")
        assert found.outcome is Outcome.REFER
        assert found.value is not None
        [line] = found.value.support
        assert (line.amount, line.missing, line.lowers) == (None, ("eligible_use",), "interest")
        assert found.value.after_support is None

    def test_with_the_confirmation_it_is_shown_apart_and_not_in_the_cost(self) -> None:
        paper = {"sha256": "a" * 64, "kind": "subsidy_confirmation", "name": "贴息资格确认.pdf"}
        _, plain = cost_of(application())
        found = self.claimed("equipment_renewal_subsidy", documents=[*application().get("documents", []), paper])
        assert found.outcome is Outcome.PASS
        assert plain.value is not None
        assert found.value is not None
        assert found.value.cost == plain.value.cost
        assert found.value.after_support is not None
        assert found.value.after_support.effective < found.value.cost.effective
        [line] = found.value.support
        assert line.amount is not None
        assert line.amount > yuan(0)

    def test_a_voucher_names_what_the_file_does_not_know(self) -> None:
        found = self.claimed("zh_voucher")
        assert found.value is not None
        assert found.value.support[0].missing == ("contract_amount", "signed_on", "contract_months")
        contract = application()["contracts"][0]["number"]
        assert self.claimed("zh_voucher", contract).value is not None

    def test_a_programme_nobody_knows_refers_and_is_named(self) -> None:
        found = self.claimed("no_such_programme")
        assert found.outcome is Outcome.REFER
        assert [(reason.code, reason.subject) for reason in found.reasons] == [
            ("PROGRAMME_UNKNOWN", "no_such_programme")
        ]
        assert found.value is not None

    def test_of_two_interest_subsidies_one_counts(self) -> None:
        claim = {"programme": "equipment_renewal_subsidy", "contract_number": "x"}
        found = cost_of(application(subsidies=[claim, claim]))[1]
        assert found.value is not None
        assert [line.code for line in found.value.support] == ["", "SUBSIDY_SECOND_CLAIM"]


def test_nothing_is_reckoned_without_a_price() -> None:
    facts, plan = priced(application())
    terms = schedule_request(facts, AS_OF)
    assert borrowing_cost_request(facts.model_copy(update={"quote": None}), terms, plan, AS_OF) is None


def test_a_loan_drawn_in_parts_costs_from_each_drawing_on() -> None:
    facts, _ = priced(application())
    whole = schedule_request(facts, AS_OF)
    half = Money(amount=whole.principal.amount / 2)
    later = date(AS_OF.year + 1, AS_OF.month, AS_OF.day)
    parts = ScheduleRequest.model_validate(
        whole.model_dump() | {"draws": [{"on": AS_OF, "amount": half}, {"on": later, "amount": half}]}
    )
    plan = repayment_plan(parts, book(), dated("calendar.cn", CALENDAR)).value
    assert plan is not None
    request = borrowing_cost_request(facts, parts, plan, AS_OF)
    assert request is not None
    assert [(item.on, item.amount) for item in request.drawings] == [(AS_OF, half), (later, half)]
    found = borrowing_cost(request, book()).value
    assert found is not None
    assert abs(found.cost.nominal - request.contract_rate) < Decimal("0.001")


# --- buy or rent ------------------------------------------------------------------------------------------------------


def bought(**economics: Any) -> dict[str, Any]:
    told = application()
    for line in told["assets"]:
        if line["kind"] == "gpu_server":
            line["existing"] = False
            line["servers"] = [server(number, purchased=None) for number in range(3)] + [
                server(9, purchased=None, model="8x H800 server", gpu_type="h800", price_ex_vat=money(2_500_000))
            ]
    rent = {"rent": known("11.00"), "rent_unit": "per_gpu_hour", "rent_basis": "on_demand", "rent_tax_included": False}
    told["economics"][0].update(rent | economics)
    return told


def compared(told: dict[str, Any]) -> Conclusion[BuyOrRent] | None:
    request = buy_or_rent_request(dossier(told), Decimal("0.05"), AS_OF)
    return None if request is None else buy_or_rent(request, book())


def test_the_dearest_group_is_compared_by_the_outlook_of_the_valuation_policy() -> None:
    found = compared(bought())
    assert found is not None
    assert found.value is not None, found.reasons
    by_name = {strategy.name: strategy for strategy in found.value.strategies}
    assert by_name["buy"].owned == 3, "three servers of a million outweigh one of two and a half"
    terms = {step.step: step.result for step in found.trace}
    policy = book().collateral(AS_OF).gpu.income
    assert terms["buy_or_rent/useful_months"] == str(policy.economic_life_months)
    assert terms["buy_or_rent/horizon_months"] == "60", "the loan runs for 96 months, a server for 60"
    assert Decimal(terms["buy_or_rent/yearly_change"]) == Decimal("-0.13929202")


def test_what_the_file_does_not_know_is_named() -> None:
    found = compared(bought(sla_per_server_month={"state": "unknown"}, rent={"state": "unknown"}))
    assert found is not None
    assert (found.outcome, found.value) == (Outcome.REFER, None)
    assert {reason.subject for reason in found.reasons} == {"own.sla_per_month", "rent.per_month"}


def test_a_rent_that_cannot_be_is_not_known() -> None:
    found = compared(bought(rent=known("0.00")))
    assert found is not None
    assert [reason.subject for reason in found.reasons] == ["rent.per_month"]


def test_a_case_that_buys_no_servers_is_not_compared() -> None:
    told = bought()
    for line in told["assets"]:
        line["existing"] = True
    assert compared(told) is None


def test_the_memo_says_what_is_cheaper() -> None:
    found = compared(bought())
    assert found is not None
    assert found.value is not None
    text = memo(dossier(bought(), buy_or_rent=found.value), (), AS_OF)
    assert f"租用/自建 rent to build {found.value.rent_to_build:.4f}" in text
    assert "现值 present value" in text


def test_a_finding_says_the_same_again() -> None:
    """What was asked hashes alike, and what it gives is the same to the byte."""
    request = buy_or_rent_request(dossier(bought()), Decimal("0.05"), AS_OF)
    assert request is not None
    again = type(request).model_validate_json(request.model_dump_json())
    first, second = (buy_or_rent(asked, book()) for asked in (request, again))
    shape = Finding[BuyOrRent]
    moment: Any = {"finding_id": "0" * 32, "made_at": f"{date(2026, 3, 2)}T00:00:00Z"}
    assert first.finding(request, shape, **moment).sha256() == second.finding(again, shape, **moment).sha256()
