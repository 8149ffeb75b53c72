"""From a dossier to requests: exact ratios, absences that stay absent, and a chain that concludes."""

import copy
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.canonical import sha256_of
from domain.dossier import Dossier
from domain.facts import FactState
from domain.finding import Outcome
from domain.limit import ContractNeed, InvestmentNeed, JointCredit, WorkingCapitalNeed
from domain.money import yuan
from domain.requests.card_facts import card_facts
from domain.requests.cash_flows import cash_flows
from domain.requests.pricing import limit_request, quote_request, rating_request, schedule_request
from services.pricing.calc.limit import limit
from services.pricing.calc.price import quote
from services.pricing.calc.rating import rate
from services.pricing.calc.schedule import repayment_plan
from tests.pricing.conftest import book
from tests.pricing.dossiers import AS_OF, content, dossier, known, money, screening, server, uscc
from tests.pricing.vintages import CALENDAR, FTP, LPR, dated, lender

UNKNOWN = FactState.UNKNOWN
ABSENT = {"state": "unknown"}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The application with one node replaced."""
    application = copy.deepcopy(content())
    *parents, last = path.split("/")
    node: Any = application
    for part in parents:
        node = node[int(part)] if isinstance(node, list) else node[part]
    node[int(last) if isinstance(node, list) else last] = value
    return application


def facts(application: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return card_facts(dossier(application, **changes), AS_OF).plain()


class TestCardFacts:
    def test_ratios_are_exact(self) -> None:
        found = facts()
        assert found["tech.efficiency_ratio"] == Decimal("1.05")
        assert found["team.research_staff_share"] == Decimal("0.45")
        assert found["team.masters_share"] == Decimal("0.3")
        assert found["research.intensity"] == Decimal("0.12")
        assert found["finance.runway_months"] == 15
        assert found["finance.leverage"] == Decimal("0.5")
        # 600m of backlog against 200m at 25 % growth.
        assert found["market.backlog_cover"] == Decimal("2.4")
        # 1461 and 1826 days over two people.
        assert found["team.core_tenure_years"] == Decimal("4.49965777")
        assert found["market.offtaker_tier"] == "tier_1"
        assert found["asset.provenance"] == "official_cn"

    def test_segment_and_stage_of_life_are_codes_like_any_other(self) -> None:
        found = facts(changed("borrower/life_stage", known("start_up")))
        assert (found["borrower.segment"], found["borrower.life_stage"]) == ("compute_operator", "start_up")
        request = rating_request(dossier(changed("borrower/life_stage", known("start_up"))), AS_OF)
        again = type(request).model_validate_json(request.model_dump_json())
        assert (again, sha256_of(again)) == (request, sha256_of(request))
        assert facts(changed("borrower/chain_segment", ABSENT))["borrower.segment"] is UNKNOWN

    def test_debt_service_cover_by_its_definition(self) -> None:
        """60m of operating cash and the mean contracted cash flow, over 5 % of 380m and an eighth of 280m."""
        revenue = Decimal("6250000.00")
        running = 10 * (8 * Decimal("1.2") * 730 * Decimal("0.5") + 6000 + Decimal(30000) / 12)
        months_inside = 93  # June 2026 is month 4 of 96
        project = (revenue - running) * months_inside * 12 / 96
        service = Decimal(380_000_000) * Decimal("0.05") + Decimal(280_000_000) / 8
        expected = (60_000_000 + project) / service
        assert facts()["finance.debt_service_cover"] == pytest.approx(expected, abs=Decimal("1e-7"))

    @pytest.mark.parametrize(
        ("path", "value", "fact", "expected"),
        [
            ("technology/staff", ABSENT, "team.research_staff_share", UNKNOWN),
            ("technology/staff", {"state": "undisclosed"}, "team.masters_share", FactState.UNDISCLOSED),
            ("technology/staff", known(0), "team.masters_share", UNKNOWN),
            ("technology/installed_pflops", {"state": "not_applicable"}, "tech.installed_pflops", "not_applicable"),
            ("technology/precision_basis", known("fp8"), "tech.installed_pflops", UNKNOWN),
            ("technology/ip_litigation", ABSENT, "ip.litigation", UNKNOWN),
            ("technology/key_people", [], "team.core_tenure_years", UNKNOWN),
            ("accounts/0/revenue", known(money(0)), "research.intensity", UNKNOWN),
            ("accounts/0/expected_growth", ABSENT, "market.backlog_cover", UNKNOWN),
            ("accounts/0/monthly_burn", known(money(-1)), "finance.runway_months", "not_applicable"),
            ("accounts/0/monthly_burn", known(money(0)), "finance.runway_months", "not_applicable"),
            ("accounts/0/cash", ABSENT, "finance.runway_months", UNKNOWN),
            ("accounts/0/debt", None, "finance.debt_service_cover", UNKNOWN),
            ("accounts", [], "finance.leverage", UNKNOWN),
            ("contracts/0/buyer_tier", ABSENT, "market.offtaker_tier", UNKNOWN),
            ("contracts/0/revenue_share", ABSENT, "market.top_buyer_share", UNKNOWN),
            ("contracts/0/buyer_related", known(True), "market.offtaker_tier", UNKNOWN),
            ("contracts/0/kind", known("framework"), "market.backlog_cover", 0),
            ("project", None, "project.pue", "not_applicable"),
            ("assets/1/servers/4", server(5, provenance="grey"), "asset.provenance", "grey"),
            ("assets/1/servers/4", server(5, provenance="unknown"), "asset.provenance", "unknown"),
            ("assets/1/servers", [], "asset.provenance", UNKNOWN),
            ("assets", [], "asset.provenance", "not_applicable"),
        ],
    )
    def test_an_absence_stays_what_it_is(self, path: str, value: Any, fact: str, expected: Any) -> None:
        assert facts(changed(path, value))[fact] == expected

    def test_interim_accounts_are_no_year(self) -> None:
        interim = copy.deepcopy(content()["accounts"][0]) | {"period_end": "2026-01-31", "months": 1}
        assert facts(content(accounts=[interim, *content()["accounts"]])) == facts()

    @pytest.mark.parametrize(
        ("outcome", "looked_up", "expected"),
        [
            (Outcome.PASS, None, False),
            (Outcome.REFER, None, UNKNOWN),
            (Outcome.NOT_RUN, None, UNKNOWN),
            (Outcome.REFER, False, False),
            (Outcome.PASS, True, True),
        ],
    )
    def test_lists_that_were_not_looked_up_are_no_clean_result(
        self, outcome: Outcome, looked_up: bool | None, expected: Any
    ) -> None:
        found = facts(None, findings=(screening(outcome),), blacklisted=looked_up, fraud_flag=looked_up)
        assert found["borrower.blacklisted"] == expected
        assert found["borrower.fraud_flag"] == expected
        assert facts(None, findings=())["borrower.blacklisted"] == UNKNOWN


class TestCashFlows:
    def flows(self, application: dict[str, Any] | None = None, as_of: date = AS_OF) -> Any:
        return cash_flows(dossier(application).content, as_of)

    def test_contract_and_running_cost(self) -> None:
        income, cost = self.flows()
        assert (income.from_month, income.to_month, income.revenue) == (4, 99, yuan(6_250_000))
        per_server = 8 * Decimal("1.2") * 730 * Decimal("0.5") + 6_000 + 2_500
        assert (cost.from_month, cost.to_month, cost.cost) == (4, 99, yuan(per_server * 10))

    def test_months_that_have_passed_are_left_out(self) -> None:
        income, _ = self.flows(as_of=date(2027, 6, 15))
        assert (income.from_month, income.to_month) == (1, 84)
        assert self.flows(as_of=date(2040, 1, 1)) == ()

    @pytest.mark.parametrize(
        ("path", "value"), [("contracts/0/kind", known("framework")), ("contracts/0/buyer_related", known(True))]
    )
    def test_what_must_not_be_paid_or_comes_from_relatives_does_not_count(self, path: str, value: Any) -> None:
        assert self.flows(changed(path, value)) == ()

    @pytest.mark.parametrize(
        "path",
        [
            "contracts/0/kind",
            "contracts/0/buyer_related",
            "contracts/0/amount",
            "economics/0/tariff_per_kwh",
            "economics/0/sla_per_server_month",
            "economics/0/server_kw",
            "project/pue",
        ],
    )
    def test_what_is_not_known_leaves_no_cash_flow(self, path: str) -> None:
        assert self.flows(changed(path, ABSENT)) is None

    def test_term_by_dates_where_months_are_not_stated(self) -> None:
        application = changed("contracts/0/months", ABSENT)
        assert self.flows(application) is None
        application["contracts"][0]["ends"] = known("2028-06-01")
        assert self.flows(application)[0].to_month == 27

    def test_no_contract_is_no_cash_flow(self) -> None:
        assert self.flows(content(contracts=[])) == ()


class TestLimitRequest:
    def test_project_need_and_security(self) -> None:
        request = limit_request(dossier(), AS_OF)
        assert isinstance(request.need, InvestmentNeed)
        assert request.need.uses_total == yuan(350_000_000)
        assert request.need.headline_investment == yuan(350_000_000)
        assert request.need.sources is not None
        assert [source.paid_in for source in request.need.sources] == [yuan(30_000_000), None]
        assert [item.kind.value for item in request.collateral] == ["civil_works", "gpu_server"]
        assert request.collateral[1].lending_value == yuan(10_000_000)
        assert request.collateral[1].tenor_cap_months == 48
        assert request.unvalued == ()
        assert request.pinned_on == date(2026, 2, 25)

    def test_what_is_not_valued_is_named(self) -> None:
        assert set(limit_request(dossier(valuations=()), AS_OF).unvalued) == {
            "hall/whole",
            f"gpus/{dossier().valuations[1].cohort}",
        }
        empty = limit_request(dossier(changed("assets/1/servers", [])), AS_OF)
        assert empty.unvalued == ("gpus/servers",)

    @pytest.mark.parametrize(
        ("outcome", "eligible", "named"),
        [(Outcome.PASS, False, False), (Outcome.REFER, False, True), (Outcome.REFER, True, False)],
    )
    def test_a_valuation_a_person_has_yet_to_decide_is_no_value_of_nought(
        self, outcome: Outcome, eligible: bool, named: bool
    ) -> None:
        hall, gpus = dossier().valuations
        undecided = gpus.model_copy(
            update={
                "finding": gpus.finding.model_copy(update={"outcome": outcome}),
                "valuation": gpus.valuation.model_copy(update={"eligible": eligible}),
            }
        )
        request = limit_request(dossier(valuations=(hall, undecided)), AS_OF)
        assert (request.unvalued == (f"gpus/{gpus.cohort}",)) is named
        assert len(request.collateral) == (1 if named else 2)

    def test_capital_announced_for_later_is_not_paid(self) -> None:
        request = limit_request(dossier(changed("sources/0/paid_on", "2026-05-01")), AS_OF)
        assert isinstance(request.need, InvestmentNeed)
        assert request.need.sources is not None
        assert request.need.sources[0].paid_in == yuan(0)

    @pytest.mark.parametrize(
        ("offer", "valid"),
        [
            ({"resolution_sha256": "b" * 64}, True),
            ({}, None),
            ({"resolution_sha256": "b" * 64, "listed": True}, False),
            ({"resolution_sha256": "b" * 64, "listed": True, "announcement": "2026-001"}, True),
            ({"listed": True, "announcement": "2026-001"}, None),
        ],
    )
    def test_a_guarantee_counts_by_what_is_on_file(self, offer: dict[str, Any], valid: bool | None) -> None:
        """Corrections §1.5; 担保制度解释 §9."""
        guarantee = {"party_key": "parent", "amount": money(1), "share": "1"} | offer
        request = limit_request(dossier(content(guarantees=[guarantee])), AS_OF)
        assert request.guarantees[0].valid is valid

    def test_what_is_known_of_a_guarantor(self) -> None:
        offer = {"party_key": "parent", "amount": money(5), "share": "1"}
        bare = limit_request(dossier(content(guarantees=[offer])), AS_OF).guarantees[0]
        assert (bare.guarantor_net_assets, bare.guarantees_given) == (None, None)
        stated = offer | {"net_assets": known(money(-3)), "guarantees_given": known(money(2))}
        read = limit_request(dossier(content(guarantees=[stated])), AS_OF).guarantees[0]
        # Debts beyond the assets are no capacity; they are no negative one either.
        assert (read.guarantor_net_assets, read.guarantees_given) == (yuan(0), yuan(2))

    def test_other_lenders_are_counted_by_name(self) -> None:
        def owing(*debts: tuple[str, int]) -> Any:
            listed = [{"lender": name, "balance": money(amount), "secured": False} for name, amount in debts]
            return limit_request(dossier(changed("accounts/0/debt", listed)), AS_OF).joint_credit

        own = dossier().lender.name
        assert owing((own, 9)) is None
        assert owing(("甲", 0)) is None
        assert owing((own, 9), ("甲", 5), ("甲", 4), ("乙", 1)) == JointCredit(lenders=2, total_financing=yuan(19))
        assert owing(("甲", 5), ("乙", -1)) == JointCredit(lenders=2, total_financing=None)

    def test_a_joint_ceiling_stands_even_where_debt_is_not_known(self) -> None:
        agreed = changed("borrower/joint_credit_ceiling", known(money(7)))
        read = limit_request(dossier(agreed), AS_OF).joint_credit
        assert read == JointCredit(lenders=1, total_financing=yuan(100_000_000), ceiling=yuan(7))
        for debt, total in ((None, None), ([], yuan(0))):
            agreed["accounts"][0]["debt"] = debt
            read = limit_request(dossier(agreed), AS_OF).joint_credit
            assert read is not None
            assert (read.total_financing, read.ceiling) == (total, yuan(7))

    @pytest.mark.parametrize(
        ("kind", "shape"),
        [
            ("term", InvestmentNeed),
            ("lease", InvestmentNeed),
            ("order", ContractNeed),
            ("revolving", WorkingCapitalNeed),
        ],
    )
    def test_need_by_kind_of_line(self, kind: str, shape: type) -> None:
        assert isinstance(limit_request(dossier(changed("lines/0/kind", kind)), AS_OF).need, shape)

    def test_an_impossible_figure_is_not_known(self) -> None:
        revolving = changed("accounts/0/revenue", known(money(-5)))
        revolving["lines"][0]["kind"] = "revolving"
        request = limit_request(dossier(revolving), AS_OF)
        assert isinstance(request.need, WorkingCapitalNeed)
        assert request.need.revenue is None
        assert request.annual_revenue is None

    def test_the_financed_contract_is_the_one_pledged(self) -> None:
        application = changed("lines/0/kind", "order")
        other = copy.deepcopy(application["contracts"][0]) | {"key": "other", "amount": known(money(7)), "number": "2"}
        application["contracts"].append(other)
        assert limit_request(dossier(application), AS_OF).need == ContractNeed(
            amount=None,
            advance_received=None,
            retention=None,
            collected=None,
            cost_to_complete=None,
            collectible_within_tenor=None,
            buyer_tier=None,
            firm=None,
        )
        application["assets"] = [
            {"key": "po", "kind": "compute_order", "description": "订单", "existing": True, "contract_key": "other"}
        ]
        need = limit_request(dossier(application), AS_OF).need
        assert isinstance(need, ContractNeed)
        assert need.amount == yuan(7)


class TestQuoteAndSchedule:
    def test_green_figures_need_evidence(self) -> None:
        request = quote_request(dossier(), AS_OF)
        assert (request.green, request.pue, request.green_catalogue_code) == (True, Decimal("1.20"), True)
        claimed = quote_request(dossier(changed("project/pue", known("1.20"))), AS_OF)
        assert claimed.pue is None
        filed = changed("project/pue", known("1.20"))
        filed["documents"] = [{"sha256": "a" * 64, "kind": "green_evidence", "name": "PUE"}]
        assert quote_request(dossier(filed), AS_OF).pue == Decimal("1.20")

    def test_no_catalogue_code_is_no_green_loan(self) -> None:
        assert quote_request(dossier(changed("project/green_catalogue_code", None)), AS_OF).green is False
        none = changed("project/green_catalogue_code", {"state": "not_applicable"})
        assert quote_request(dossier(none), AS_OF).green is False
        unknown = quote_request(dossier(changed("project/green_catalogue_code", ABSENT)), AS_OF)
        assert (unknown.green, unknown.green_catalogue_code) == (True, None)

    @pytest.mark.parametrize(
        ("size", "asked", "retail"),
        [("small", 10_000_000, True), ("small", 10_000_001, False), ("medium", 1, False)],
    )
    def test_retail_weight_is_for_small_exposures_of_small_firms(self, size: str, asked: int, retail: bool) -> None:
        application = changed("borrower/size", known(size))
        application["lines"][0]["amount"] = money(asked)
        assert quote_request(dossier(application), AS_OF).retail_eligible is retail

    def test_without_a_price_there_is_no_rate_to_plan_by(self) -> None:
        request = schedule_request(dossier(), AS_OF)
        assert request.annual_rate is None
        assert request.principal == yuan(280_000_000)
        assert (request.method, request.grace_months, request.frequency) == ("equal_principal", 6, "quarterly")


def assessed(start: Dossier) -> tuple[Dossier, list[Outcome]]:
    """The four conclusions in the order of the process, each entering the dossier of the next."""
    books = dated("lender.nxb", lender()), dated("lpr", LPR)
    outcomes = []
    rating = rate(rating_request(start, AS_OF), book())
    outcomes.append(rating.outcome)
    start = start.model_copy(update={"rating": rating.value})
    limited = limit(limit_request(start, AS_OF), book(), *books)
    outcomes.append(limited.outcome)
    start = start.model_copy(update={"limit": limited.value})
    price = quote(quote_request(start, AS_OF), book(), *books, dated("ftp", FTP))
    outcomes.append(price.outcome)
    start = start.model_copy(update={"quote": price.value})
    plan = repayment_plan(schedule_request(start, AS_OF), book(), dated("calendar.cn", CALENDAR))
    outcomes.append(plan.outcome)
    return start.model_copy(update={"schedule": plan.value}), outcomes


def test_a_whole_case_is_assessed() -> None:
    found, outcomes = assessed(dossier())
    assert outcomes == [Outcome.PASS] * 4
    assert found.rating is not None
    assert found.rating.card_class == "A"
    assert found.limit is not None
    assert found.limit.limit == yuan(280_000_000)
    assert found.limit.project_capital is not None
    assert found.limit.project_capital.drawable == yuan(120_000_000)
    assert found.quote is not None
    assert found.quote.comprehensive_cost is not None
    assert found.quote.comprehensive_cost > found.quote.all_in_rate
    assert found.schedule is not None
    assert sum(item.principal.amount for item in found.schedule.instalments) == 280_000_000


def spots(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where an application states facts."""
    if isinstance(node, dict):
        if node.get("state") == "value":
            yield at
        for key, item in node.items():
            yield from spots(item, (*at, key))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from spots(item, (*at, index))


SPOTS = list(spots(content()))


@settings(max_examples=120, deadline=None)
@given(
    taken=st.lists(st.sampled_from(SPOTS), min_size=1, max_size=8, unique=True),
    state=st.sampled_from(["unknown", "undisclosed", "not_applicable"]),
)
def test_whatever_is_absent_the_assessment_concludes_and_lends_no_more(taken: list[Any], state: str) -> None:
    application = copy.deepcopy(content())
    for at in taken:
        node: Any = application
        for part in at[:-1]:
            node = node[part]
        node[at[-1]] = {"state": state}
    json.dumps(application)
    found, outcomes = assessed(dossier(application))
    assert found.limit is not None
    assert found.limit.limit <= yuan(280_000_000)
    if state != "not_applicable":
        absent = {at[-1] for at in taken}
        if absent & {"buyer_tier", "invention_patents", "staff", "ip_litigation"}:
            assert found.rating is None
            assert outcomes[:3] == [Outcome.REFER] * 3


def test_a_related_buyer_and_its_twin_share_one_concentration() -> None:
    """Two contracts with one buyer are one dependence."""
    application = copy.deepcopy(content())
    twin = copy.deepcopy(application["contracts"][0]) | {
        "key": "twin",
        "number": "HT-2",
        "revenue_share": known("0.30"),
    }
    application["contracts"].append(twin)
    assert facts(application)["market.top_buyer_share"] == Decimal("0.75")
    twin["buyer_uscc"] = uscc(9)
    assert facts(application)["market.top_buyer_share"] == Decimal("0.45")
