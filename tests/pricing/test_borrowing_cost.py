"""综合融资成本: pyxirr beside us, fees and who pays them, support beside the rate, flows without a rate."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
import pyxirr
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.borrowing_cost import BorrowingCost, BorrowingCostRequest
from domain.finding import Outcome
from domain.money import yuan
from domain.pricing import QuoteFee
from services.pricing.calc.borrowing_cost import borrowing_cost
from services.pricing.calc.borrowing_cost.internal_rate import internal_rate, nominal
from services.pricing.calc.conclusion import Inadmissible
from services.pricing.calc.price.cost import comprehensive_cost
from tests.pricing.conftest import book
from tests.pricing.loans import DRAWN, fee, payments, request

SUBSIDY = {"form": "interest_subsidy", "programme": "equipment_renewal_subsidy", "eligible_use": True}


def value(asked: BorrowingCostRequest) -> BorrowingCost:
    found = borrowing_cost(asked, book()).value
    assert found is not None
    return found


def on(day: int) -> date:
    return DRAWN + timedelta(days=day)


class TestInternalRate:
    @settings(max_examples=150, deadline=None)
    @given(
        lent=st.integers(1_000, 1_000_000_000),
        days=st.lists(st.integers(90, 7_000), min_size=1, max_size=40, unique=True),
        data=st.data(),
    )
    def test_pyxirr_finds_the_same_rate(self, lent: int, days: list[int], data: st.DataObject) -> None:
        paid = [data.draw(st.integers(lent // len(days), 2 * lent // len(days) + 1)) for _ in days]
        flows = [(DRAWN, Decimal(lent)), *((on(day), Decimal(-amount)) for day, amount in zip(days, paid, strict=True))]
        found = internal_rate(flows, "act_365")
        beside = pyxirr.xirr([day for day, _ in flows], [float(amount) for _, amount in flows])
        assert found is not None
        assert beside is not None
        assert float(found) == pytest.approx(beside, abs=2e-8, rel=1e-8)

    @pytest.mark.parametrize("rate", ["0.00000001", "0.0365", "0.24", "3", "-0.05"])
    def test_one_year_and_one_payment_is_the_rate_itself(self, rate: str) -> None:
        flows = [(DRAWN, Decimal(100)), (on(365), -100 * (1 + Decimal(rate)))]
        assert internal_rate(flows, "act_365") == Decimal(rate)

    def test_flows_that_never_change_sign_have_none(self) -> None:
        assert internal_rate([(DRAWN, Decimal(1)), (on(9), Decimal(1))], "act_365") is None
        assert internal_rate([], "act_365") is None

    def test_flows_that_two_rates_solve_have_none(self) -> None:
        """100, −230, 132: 10 % and 20 % both solve them."""
        flows = [(DRAWN, Decimal(100)), (on(365), Decimal(-230)), (on(730), Decimal(132))]
        assert internal_rate(flows, "act_365") is None

    def test_a_second_drawing_amid_repayment_keeps_its_single_rate(self) -> None:
        """More than one change of sign, one in the running total: Norstrom's one positive rate."""
        flows = [(DRAWN, 100), (on(365), -55), (on(730), 45), (on(1095), -110)]
        found = internal_rate([(day, Decimal(amount)) for day, amount in flows], "act_365")
        beside = pyxirr.xirr([day for day, _ in flows], [float(amount) for _, amount in flows])
        assert found is not None
        assert beside is not None
        assert float(found) == pytest.approx(beside, abs=1e-8)

    def test_a_rate_beyond_bounds_is_not_told(self) -> None:
        assert internal_rate([(DRAWN, Decimal(1)), (on(1), Decimal(-1000))], "act_365") is None

    def test_nominal_compounds_to_effective(self) -> None:
        assert nominal(Decimal("0.12682503")) == Decimal("0.12000000")


class TestFees:
    def test_the_cost_a_quote_states_is_the_same_in_even_months(self) -> None:
        """The quote knows amount, rate and tenor; the finding here knows the schedule, rounded to the fen."""
        borne = [QuoteFee(name="guarantee", amount=yuan(50_000), payer="borrower")]
        quoted = comprehensive_cost(Decimal(10_000_000), Decimal("0.036"), 36, borne)
        assert quoted is not None
        assert abs(value(request(fees=[fee("guarantee", 50_000)])).cost.nominal - quoted) < Decimal("1e-7")

    def test_what_each_kind_adds_and_who_pays_it(self) -> None:
        fees = [
            fee("guarantee", 30_000),
            fee("guarantee", 30_000, on=on(365)),
            fee("appraisal", 20_000, payer="lender"),
            fee("insurance", 9_000, payer="third_party"),
            fee("registration", 500),
        ]
        found = value(request(fees=fees))
        shares = {(item.kind, item.payer): item for item in found.fees}
        assert shares[("guarantee", "borrower")].amount == yuan(60_000)
        assert shares[("appraisal", "lender")].adds == shares[("insurance", "third_party")].adds == 0
        adds = [item.adds for item in found.fees if item.payer == "borrower"]
        assert all(item is not None and item > 0 for item in adds)
        extra = found.cost.effective - found.interest_only.effective
        assert abs(sum(item for item in adds if item is not None) - extra) < Decimal("0.00001")

    def test_a_fee_before_the_drawing_counts_on_its_day(self) -> None:
        early, same = (value(request(fees=[fee("appraisal", 20_000, on=day)])) for day in (on(-20), DRAWN))
        assert early == same

    @settings(max_examples=25, deadline=None)
    @given(less=st.integers(0, 500_000), more=st.integers(0, 500_000), day=st.integers(0, 900))
    def test_a_higher_fee_never_costs_less(self, less: int, more: int, day: int) -> None:
        less, more = sorted((less, more))
        cheap, dear = (value(request(fees=[fee("other", amount, on=on(day))])) for amount in (less, more))
        assert cheap.cost.effective <= dear.cost.effective
        assert cheap.interest_only == dear.interest_only

    def test_by_actual_days_pyxirr_finds_the_same_cost(self) -> None:
        plan = payments(day_count="act_360", frequency="quarterly", method="equal_principal")
        found = value(request(payments=plan, fees=[fee("guarantee", 80_000)], time="act_365"))
        beside = pyxirr.xirr([item.on for item in found.flows], [float(item.net.amount) for item in found.flows])
        assert beside is not None
        assert float(found.cost.effective) == pytest.approx(beside, abs=1e-8)
        assert sum(item.principal.amount for item in found.flows) == 10_000_000

    def test_fees_that_eat_the_loan_leave_no_rate_and_a_person_decides(self) -> None:
        found = borrowing_cost(request(fees=[fee("other", 10_000_000)]), book())
        assert (found.outcome, found.value) == (Outcome.REFER, None)
        assert [reason.code for reason in found.reasons] == ["NO_SINGLE_RATE"]


class TestSupport:
    def test_a_use_that_nobody_proved_is_no_subsidy_and_no_nought(self) -> None:
        found = borrowing_cost(request(support=[SUBSIDY | {"eligible_use": None}]), book())
        assert found.outcome is Outcome.REFER
        assert [reason.subject for reason in found.reasons] == ["equipment_renewal_subsidy.eligible_use"]
        assert found.value is not None
        assert (found.value.support[0].amount, found.value.after_support) == (None, None)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"support": [SUBSIDY | {"eligible_use": False}]}, "SUBSIDY_USE"),
            ({"product": "jsb_wc", "lender_id": "jsb", "support": [SUBSIDY]}, "SUBSIDY_LOAN_CLASS"),
        ],
    )
    def test_what_the_programme_does_not_support(self, changes: dict[str, Any], code: str) -> None:
        line = value(request(**changes)).support[0]
        assert (line.amount, line.code) == (yuan(0), code)

    def test_a_loan_drawn_after_the_window_has_none(self) -> None:
        late = date(2027, 3, 21)
        plan = payments(drawn_on=late)
        found = value(request(drawings=[{"on": late, "amount": yuan(10_000_000)}], payments=plan, support=[SUBSIDY]))
        assert (found.support[0].amount, found.support[0].code) == (yuan(0), "SUBSIDY_WINDOW")

    def test_a_subsidy_above_the_rate_takes_all_interest_and_no_more(self) -> None:
        plan = payments(annual_rate="0.01", tenor_months=24)
        found = value(request(contract_rate="0.01", payments=plan, support=[SUBSIDY]))
        interest = sum(item.interest.amount for item in found.flows)
        assert found.support[0].amount == yuan(interest)
        assert found.after_support is not None
        assert found.after_support.effective == 0

    def test_a_period_that_outlasts_the_programme_counts_by_its_days(self) -> None:
        """36 months in one period of 1096 days, of which 731 lie in the first two years."""
        whole = [
            {
                "period_start": DRAWN,
                "period_end": date(2029, 3, 20),
                "due": date(2029, 3, 21),
                "principal": yuan(10_000_000),
                "interest": yuan(1_096_000),
            }
        ]
        found = value(request(contract_rate="0.036", payments=whole, support=[SUBSIDY]))
        days = (date(2028, 3, 21) - DRAWN).days
        assert days == 731
        assert found.support[0].amount == yuan((Decimal(1000) * days * 15 / 36).quantize(Decimal("0.01")))

    VOUCHER: ClassVar[dict[str, Any]] = {
        "form": "compute_voucher",
        "programme": "zh_voucher",
        "contract_amount": yuan(3_000_000),
        "signed_on": "2026-03-02",
        "contract_months": 12,
        "supplier_related": False,
        "claimed_this_year": yuan(0),
        "otherwise_supported": False,
    }

    def test_a_voucher_lowers_the_need_and_not_the_cost(self) -> None:
        found = value(request(support=[self.VOUCHER]))
        assert (found.support[0].amount, found.support[0].lowers) == (yuan(1_500_000), "need")
        assert found.after_support is None
        assert found.model_copy(update={"support": ()}) == value(request())

    def test_vouchers_of_one_year_share_its_cap(self) -> None:
        found = value(request(support=[self.VOUCHER, self.VOUCHER, self.VOUCHER | {"signed_on": "2027-01-04"}]))
        assert [item.amount for item in found.support] == [yuan(1_500_000), yuan(500_000), yuan(1_500_000)]
        assert [item.code for item in found.support] == ["", "VOUCHER_CAP", ""]

    def test_a_programme_nobody_knows_is_refused_by_its_place(self) -> None:
        with pytest.raises(Inadmissible) as refusal:
            borrowing_cost(request(support=[self.VOUCHER, SUBSIDY | {"programme": "nobody"}]), book())
        assert refusal.value.fields == ("support/1/programme",)


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "kind"),
        [
            ({"drawings": [{"on": DRAWN, "amount": yuan("10000000.01")}]}, "principal_not_repaid"),
            ({"drawings": [{"on": date(2030, 1, 1), "amount": yuan(10_000_000)}]}, "paid_before_drawn"),
            ({"contract_rate": "5%"}, "out_of_bounds"),
            ({"support": [SUBSIDY, SUBSIDY]}, "subsidy_repeated"),
            ({"drawings": [{"on": date(1899, 1, 1), "amount": yuan(10_000_000)}]}, "greater_than_equal"),
            ({"fees": [fee("bribe", 1)]}, "literal_error"),
        ],
    )
    def test_requests_that_contradict_themselves(self, changes: dict[str, Any], kind: str) -> None:
        with pytest.raises(ValidationError) as refusal:
            request(**changes)
        assert refusal.value.errors()[0]["type"] == kind

    def test_the_largest_figures_allowed_still_add_up(self) -> None:
        most = yuan(1_000_000_000_000)
        plan = [{"period_start": DRAWN, "period_end": DRAWN, "due": on(365), "principal": most, "interest": most}] * 100
        found = value(request(drawings=[{"on": DRAWN, "amount": most}] * 100, payments=plan, time="act_365"))
        assert found.cost.effective == 1
