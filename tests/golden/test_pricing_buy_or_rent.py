"""Row E9: where renting costs 0.70 of building, compute is leased in and no capex loan is given."""

from decimal import Decimal

from domain.buy_or_rent import BuyOrRent, BuyOrRentRequest
from domain.finding import Outcome
from domain.money import yuan
from services.pricing.calc.buy_or_rent import buy_or_rent
from services.pricing.calc.conclusion import Conclusion
from tests.pricing.compute import request
from tests.pricing.conftest import book


def compared(asked: BuyOrRentRequest) -> Conclusion[BuyOrRent]:
    return buy_or_rent(asked, book())


def seventy_percent() -> BuyOrRentRequest:
    """No discounting: owning costs 2,000,000 × 0.92 + 36 × 15,015 = 2,380,540 a server, renting 36 × 46,288.28."""
    return request(rent={"per_month": yuan("46288.28")}, discount_rate="0")


def test_e9_renting_at_0_70_of_building_is_recommended_as_working_capital() -> None:
    found = compared(seventy_percent())
    assert found.outcome is Outcome.PASS
    assert found.value is not None
    assert {item.name: item.present_value for item in found.value.own_cost} == {
        "purchase": yuan(2_000_000),
        "power": yuan("144540.00"),
        "rack": yuan(216_000),
        "maintenance": yuan(180_000),
        "sla": yuan(0),
        "residual": yuan(-160_000),
    }
    assert found.value.rent_to_build.quantize(Decimal("1e-6")) == Decimal("0.700000")
    assert (found.value.recommended, found.value.financing, found.value.owned) == ("rent", "working_capital", 0)


def test_e9_a_capex_loan_for_it_goes_to_a_person() -> None:
    asked = seventy_percent().model_copy(update={"product": "nxb_project_loan", "lender_id": "nxb"})
    found = compared(asked)
    assert found.outcome is Outcome.REFER
    assert [reason.code for reason in found.reasons] == ["RENT_CHEAPER"]


def test_e9_is_not_binary() -> None:
    """Corrections §3: ten servers all through and thirty more for the last half year: own ten, rent thirty."""
    demand = [
        {"from_month": 1, "to_month": 36, "servers": 10},
        {"from_month": 31, "to_month": 36, "servers": 30},
    ]
    found = compared(request(rent={"per_month": yuan(90_000)}, demand=demand)).value
    assert found is not None
    assert (found.recommended, found.owned, found.financing) == ("mixed", 10, "both")
    assert [(item.servers, item.months, item.choice) for item in found.blocks] == [(10, 36, "buy"), (30, 6, "rent")]
    costs = {item.name: item.present_value for item in found.strategies}
    assert costs["mixed"] < min(costs["rent"], costs["buy"], key=lambda cost: cost.amount)
