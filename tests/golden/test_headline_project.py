"""The project loan that looks like 80 % (corrections §6): what its hundred servers of case G-GPU-1 carry in the limit."""

from datetime import date
from decimal import ROUND_DOWN, Decimal

from domain.limit import CashFlowSegment, ContractedServers, LimitRequest
from domain.money import Money, yuan
from policy.engine import Bundle
from services.collateral.calc.gpu_server.value_path import value_path
from services.pricing.calc.limit import limit
from tests.collateral.servers import golden
from tests.pricing import requests
from tests.pricing.vintages import LPR, dated, lender

SERVERS = 100
BEFORE, ON = date(2026, 11, 19), date(2026, 11, 20)
"""The last day of the second limit model, and the first of the third."""
CONTRACT = CashFlowSegment(from_month=1, to_month=36, revenue=yuan("6826050.00"), cost=yuan("1501500.00"))
"""70,000 a server and month after downtime and tax (× 0.985 × 0.99), less 15,015.00 of running costs."""


def asked(bundle: Bundle, on: date, *flows: CashFlowSegment, **changes: object) -> LimitRequest:
    """The servers alone as security of a class that owes nothing unsecured; 3.85 % is the dearer LPR and 35 bp."""
    path = value_path(golden(), bundle.collateral(on).gpu, 60).lendable
    carries = tuple(
        Money(amount=(SERVERS * value * Decimal("0.80")).quantize(Decimal("0.01"), ROUND_DOWN)) for value in path[:48]
    )
    return requests.limit(
        bundle,
        as_of=on,
        tenor_months=120,
        card_class="C",
        guarantees=(),
        collateral=(requests.asset("servers", "gpu_server", "94680276.00", "0.80"),),
        contracted_servers=ContractedServers(carries=carries, cash_flows=flows),
        asked_lpr_tenor="5Y",
        asked_spread_bps=35,
        **changes,
    )


def carried(request: LimitRequest, bundle: Bundle) -> Decimal | None:
    concluded = limit(request, bundle, dated("lender.nxb", lender()), dated("lpr", LPR))
    assert concluded.value is not None
    collateral = next(cap.amount for cap in concluded.value.caps if cap.name == "collateral")
    return None if collateral is None else collateral.amount


def test_headline_servers_carry_35_8_per_cent_of_their_cost(bundle: Bundle) -> None:
    """D0 = 715,465 a server: 71.5 of 200 million. The paper multiplies the rounded 35.8 % and has 71.6."""
    amount = carried(asked(bundle, ON, CONTRACT), bundle)
    assert amount is not None
    assert round(amount / SERVERS) == 715_465
    assert round(amount / 200_000_000 * 100, 1) == Decimal("35.8")


def test_headline_until_the_third_model_the_first_days_value_alone_bound_them(bundle: Bundle) -> None:
    """946,802.76 × 0.80: what they fetch on the day of drawing, and no longer a month later."""
    assert carried(asked(bundle, BEFORE, CONTRACT), bundle) == Decimal("75744220.80")


def test_headline_a_contract_that_pays_more_carries_more_and_never_above_the_value(bundle: Bundle) -> None:
    rich = CONTRACT.model_copy(update={"revenue": yuan(60_000_000)})
    assert carried(asked(bundle, ON, rich), bundle) == Decimal("75744220.80")


def test_headline_a_contract_that_pays_nothing_carries_nothing(bundle: Bundle) -> None:
    idle = CONTRACT.model_copy(update={"revenue": yuan(0)})
    assert carried(asked(bundle, ON, idle), bundle) == 0


def test_headline_a_cash_flow_that_is_not_known_is_asked_for(bundle: Bundle) -> None:
    servers = asked(bundle, ON, CONTRACT).contracted_servers
    assert servers is not None
    unknown = servers.model_copy(update={"cash_flows": None})
    request = asked(bundle, ON, CONTRACT).model_copy(update={"contracted_servers": unknown})
    concluded = limit(request, bundle, dated("lender.nxb", lender()), dated("lpr", LPR))
    assert concluded.value is not None
    cap = next(cap for cap in concluded.value.caps if cap.name == "collateral")
    assert (cap.amount, cap.missing) == (None, ("contracted_servers/cash_flows",))


def test_headline_interest_before_the_first_contract_is_the_projects(bundle: Bundle) -> None:
    """While the halls are built nothing comes in, and what the servers lose in value is not lent on."""
    later = CONTRACT.model_copy(update={"from_month": 7, "to_month": 42})
    request = asked(bundle, ON, later)
    assert request.contracted_servers is not None
    paid = request.contracted_servers.model_copy(update={"reserve_months": 6})
    building = carried(request.model_copy(update={"contracted_servers": paid}), bundle)
    assert building is not None
    assert 0 < building < request.contracted_servers.carries[6].amount, "what they are worth when the first rent comes"
    assert carried(request, bundle) == 0, "unpaid interest is not added to the debt"
