"""Golden figures of 综合融资成本 (domain paper §5.6), XIRR, and the support programmes of rows B1, B3 and B4."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

import pytest
import pyxirr

from domain.borrowing_cost import BorrowingCost, BorrowingCostRequest
from domain.finding import Outcome
from domain.money import yuan
from domain.support import SupportLine, VoucherClaim
from services.pricing.calc.borrowing_cost import borrowing_cost, voucher
from services.pricing.calc.borrowing_cost.internal_rate import internal_rate
from services.pricing.calc.conclusion import Trace
from tests.pricing.conftest import book
from tests.pricing.loans import fee, payments, request

DIGITS = Decimal("1e-7")


def cost(asked: BorrowingCostRequest) -> BorrowingCost:
    found = borrowing_cost(asked, book())
    assert found.outcome is Outcome.PASS, found.reasons
    assert found.value is not None
    return found.value


def test_the_worked_loan_with_its_guarantee_fee_and_appraisal() -> None:
    found = cost(request(fees=[fee("guarantee", 50_000), fee("appraisal", 20_000)]))
    assert found.cost.nominal.quantize(DIGITS) == Decimal("0.0406577")
    assert found.cost.effective.quantize(DIGITS) == Decimal("0.0414240")
    assert found.interest_only.nominal.quantize(DIGITS) == Decimal("0.0360000")


def test_an_appraisal_the_lender_commissions_costs_the_borrower_nothing() -> None:
    """银保监发〔2020〕18号."""
    found = cost(request(fees=[fee("appraisal", 20_000, payer="lender")]))
    assert found.cost == found.interest_only
    assert [(item.payer, item.amount, item.adds) for item in found.fees] == [("lender", yuan(20_000), 0)]


def test_xirr_of_the_published_example() -> None:
    days = [date(2008, 1, 1), date(2008, 3, 1), date(2008, 10, 30), date(2009, 2, 15), date(2009, 4, 1)]
    flows = [Decimal(amount) for amount in (-10_000, 2_750, 4_250, 3_250, 2_750)]
    found = internal_rate(list(zip(days, flows, strict=True)), "act_365")
    assert found == Decimal("0.37336253")
    beside = pyxirr.xirr(days, [float(flow) for flow in flows])
    assert beside is not None
    assert float(found) == pytest.approx(beside, abs=1e-8)
    assert abs(Decimal("0.373362535") - found) < Decimal("1e-8")


class TestB4:
    """1.5 points on 10m for two years at 5 %: 300,000, and the contract stays at 5 %."""

    LOAN: ClassVar[dict[str, Any]] = {
        "contract_rate": Decimal("0.05"),
        "payments": payments(annual_rate="0.05", tenor_months=24, method="bullet"),
        "support": [
            {"form": "interest_subsidy", "programme": "equipment_renewal_subsidy", "eligible_use": True},
        ],
    }

    def test_b4_the_subsidy_is_300_000_over_two_years(self) -> None:
        found = cost(request(**self.LOAN))
        assert [item.amount for item in found.support] == [yuan(300_000)]
        assert sum(item.subsidy.amount for item in found.flows) == 300_000

    def test_b4_the_contract_rate_does_not_know_of_it(self) -> None:
        found, plain = cost(request(**self.LOAN)), cost(request(**(self.LOAN | {"support": []})))
        assert found.contract_rate == plain.contract_rate == Decimal("0.05")
        assert (found.cost, found.interest_only) == (plain.cost, plain.interest_only)
        assert [item.net for item in found.flows] == [item.net for item in plain.flows]
        assert found.after_support is not None
        assert found.after_support.nominal.quantize(DIGITS) == Decimal("0.0350000")
        assert plain.after_support is None

    def test_b4_the_third_year_is_not_subsidised(self) -> None:
        loan = self.LOAN | {"payments": payments(annual_rate="0.05", tenor_months=36, method="bullet")}
        assert cost(request(**loan)).support[0].amount == yuan(300_000)


def claim(**changes: Any) -> VoucherClaim:
    values = {
        "programme": "bj_voucher",
        "contract_amount": yuan(12_000_000),
        "signed_on": date(2024, 5, 6),
        "contract_months": 12,
        "supplier_related": False,
        "claimed_this_year": yuan(0),
        "otherwise_supported": False,
    }
    return VoucherClaim.model_validate(values | changes)


def granted(asked: VoucherClaim) -> SupportLine:
    return voucher(book().programme(asked.programme, asked.signed_on), asked, "support/0", Trace("test"))


def test_b1_a_fifth_of_12m_is_held_at_the_cap_of_2m() -> None:
    assert (granted(claim()).amount, granted(claim()).code) == (yuan(2_000_000), "VOUCHER_CAP")
    assert granted(claim(contract_amount=yuan(5_000_000))).amount == yuan(1_000_000)
    assert granted(claim(claimed_this_year=yuan(1_500_000))).amount == yuan(500_000)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"supplier_related": True}, "VOUCHER_RELATED_SUPPLIER"),
        ({"otherwise_supported": True}, "VOUCHER_SECOND_CLAIM"),
        ({"contract_months": 13}, "VOUCHER_CONTRACT_TOO_LONG"),
    ],
)
def test_b1_a_contract_the_programme_does_not_support_has_none(changes: dict[str, Any], code: str) -> None:
    line = granted(claim(**changes))
    assert (line.amount, line.code) == (yuan(0), code)


def test_b3_half_of_5m_is_held_at_2m_and_champions_have_more_room() -> None:
    zhuhai = {"programme": "zh_voucher", "signed_on": date(2025, 6, 1), "contract_amount": yuan(5_000_000)}
    assert granted(claim(**zhuhai)).amount == yuan(2_000_000)
    assert granted(claim(**zhuhai, standing="national_champion")).amount == yuan(2_500_000)


@pytest.mark.parametrize(
    ("signed_on", "code"),
    [
        (date(2023, 8, 31), "VOUCHER_WINDOW"),
        (date(2023, 9, 1), "VOUCHER_CAP"),
        (date(2025, 12, 31), "VOUCHER_CAP"),
        (date(2026, 1, 1), "VOUCHER_WINDOW"),
    ],
)
def test_b1_beijing_supports_contracts_signed_in_its_window(signed_on: date, code: str) -> None:
    programme = book().programme("bj_voucher", date(2024, 5, 6))
    assert voucher(programme, claim(signed_on=signed_on), "support/0", Trace("test")).code == code


@pytest.mark.parametrize(("drawn_on", "late"), [(date(2026, 12, 31), False), (date(2027, 1, 1), True)])
def test_b4_loans_drawn_by_the_end_of_2026_are_subsidised(drawn_on: date, late: bool) -> None:
    loan = TestB4.LOAN | {
        "payments": payments(
            annual_rate="0.05", tenor_months=24, method="bullet", drawn_on=drawn_on, day_count="act_360"
        ),
        "drawings": [{"on": drawn_on, "amount": yuan(10_000_000)}],
    }
    line = cost(request(**loan)).support[0]
    assert (line.code == "SUBSIDY_WINDOW", line.amount == yuan(0)) == (late, late)
