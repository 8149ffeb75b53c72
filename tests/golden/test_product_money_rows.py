"""Rows A8, A9, A11, A12, A21, A26 and A34 where money is counted: the limit of the product, and the gate before a payment."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.application import ApplicationContent
from domain.facility import PaymentMode
from domain.finding import Finding, Outcome
from domain.limit import InvestmentNeed, Limit, WorkingCapitalNeed
from domain.money import ZERO, Money, yuan
from domain.reference import LenderBooks
from policy.engine import Bundle
from services.kit.database import now
from services.origination.calc.gate import CapitalPaid, GateConclusion, GateInputs, Screened, SecurityHeld, drawing_gate
from services.origination.calc.payment_mode import PayeeAsked
from services.origination.calc.room import family_breaches
from services.pricing.calc.limit import limit
from tests.golden.drafts import TODAY, draft
from tests.pricing import requests
from tests.pricing.vintages import LPR, dated, lender

NEED = WorkingCapitalNeed(
    revenue=yuan(100_000_000),
    cost_of_sales=yuan(90_000_000),
    profit=yuan(10_000_000),
    growth=Decimal("0.20"),
    average_inventory=yuan(15_000_000),
    average_receivables=yuan(25_000_000),
    average_payables=yuan(11_250_000),
    average_prepayments=yuan(3_750_000),
    average_advances=yuan(5_000_000),
    own_funds=yuan(12_000_000),
    existing_loans=yuan(5_000_000),
    other_funds=yuan(3_600_000),
)
"""By the formula of §2.2: 60 + 90 − 45 + 15 − 18 = 102 days of 108m are 30.6m; less 12m, 5m and 3.6m leave 10m."""


def limited(bundle: Bundle, product: str, lender_id: str, **change: Any) -> Limit:
    values: dict[str, Any] = {
        "product": product,
        "lender_id": lender_id,
        "as_of": TODAY,
        "need": NEED,
        "cash_flows": (),
        "annual_revenue": yuan(1_000_000_000),
        "operating_cash_flow": yuan(1_000_000_000),
        **change,
    }
    request = requests.limit(bundle, **values)
    books = dated(f"lender.{lender_id}", lender(lender_id))
    found = limit(request, bundle, books, dated("lpr", LPR)).value
    assert found is not None
    return found


def cap(found: Limit, name: str) -> tuple[Any, str]:
    (item,) = [item for item in found.caps if item.name.value == name]
    return item.amount, item.code


@pytest.mark.parametrize("product", ["zh_compute_loan", "zh_algorithm_loan", "zh_data_loan"])
def test_a34_80_percent_of_a_need_of_10_million_is_8(bundle: Bundle, product: str) -> None:
    amount, code = cap(limited(bundle, product, "zhuhai_lenders"), "need")
    assert (amount, code) == (yuan(8_000_000), "CAP_NEED_80")
    assert cap(limited(bundle, "jsb_wc", "jsb"), "need") == (yuan(10_000_000), "CAP_WC_NEED")


SMALL = InvestmentNeed(
    headline_investment=yuan(40_000_000),
    uses_total=yuan(40_000_000),
    sources_total=yuan(40_000_000),
    eligible_capital=yuan(8_000_000),
    paid_in_capital=yuan(8_000_000),
)


@pytest.mark.parametrize(
    ("held", "left", "code"),
    [
        ({}, 20_000_000, "CAP_PRODUCT"),
        ({"sdrcb_operate": 12_000_000}, 8_000_000, "CAP_FAMILY"),
        ({"sdrcb_operate": 12_000_000, "sdrcb_upgrade": 9_000_000}, 0, "CAP_FAMILY"),
        ({"jsb_wc": 90_000_000}, 20_000_000, "CAP_PRODUCT"),
    ],
)
@pytest.mark.parametrize("product", ["sdrcb_operate", "sdrcb_upgrade"])
def test_a8_a9_20_million_is_the_most_of_one_borrower_under_both(
    bundle: Bundle, product: str, held: dict[str, int], left: int, code: str
) -> None:
    need = SMALL if product == "sdrcb_upgrade" else NEED
    found = limited(
        bundle, product, "sdrcb", asked=yuan(25_000_000), need=need, tenor_months=12,
        held={name: yuan(amount) for name, amount in held.items()},
    )  # fmt: skip
    assert cap(found, "product") == (yuan(left), code)


@pytest.mark.parametrize(
    ("had", "amount", "breached"),
    [
        ({"sdrcb_operate": 12_000_000}, "8000000.00", False),
        ({"sdrcb_operate": 12_000_000}, "8000000.01", True),
        ({"sdrcb_operate": 12_000_000, "sdrcb_upgrade": 8_000_000}, "0.01", True),
        ({"jsb_wc": 90_000_000}, "20000000.00", False),
        ({}, "20000000.01", True),
    ],
)
@pytest.mark.parametrize("name", ["sdrcb_operate", "sdrcb_upgrade"])
def test_a8_a9_no_two_approvals_together_pass_20_million(
    bundle: Bundle, name: str, had: dict[str, int], amount: str, breached: bool
) -> None:
    held = {product: yuan(each) for product, each in had.items()}
    product = bundle.product(name, TODAY)
    found = family_breaches(Money(amount=Decimal(amount)), product, bundle, TODAY, held)
    assert [reason.code for reason in found] == (["CAP_FAMILY"] if breached else [])


def test_only_a_family_with_a_bound_bounds_its_borrowers(bundle: Bundle) -> None:
    """江苏银行 sells under one name and bounds each loan; 宁夏银行's loan has no family."""
    for name in ("jsb_wc", "nxb_project_loan"):
        held = {name: yuan(900_000_000)}
        assert family_breaches(yuan(100_000_000), bundle.product(name, TODAY), bundle, TODAY, held) == ()


@pytest.mark.parametrize(
    ("evidence", "purpose", "months"),
    [
        (True, "chip_research", 60),
        (False, "chip_research", 36),
        (True, "compute_rental", 60),
        (False, "compute_rental", 36),
    ],
)
def test_a11_research_on_chips_financed_as_working_capital_for_84_months(
    bundle: Bundle, evidence: bool, purpose: str, months: int
) -> None:
    found = limited(
        bundle, "shrcb_compute_operations", "shrcb", tenor_months=84, long_cycle_evidence=evidence, purpose=purpose
    )
    assert found.tenor_months == months


@pytest.mark.parametrize("purpose", ["automotive_certification", "eda_and_ip", "compute_rental", "capacity_prepay"])
def test_a12_72_months_are_60(bundle: Bundle, purpose: str) -> None:
    found = limited(bundle, "shrcb_adas", "shrcb", tenor_months=72, long_cycle_evidence=True, purpose=purpose)
    assert found.tenor_months == 60


@pytest.mark.parametrize(
    ("product", "lender_id", "ceiling"),
    [
        ("jsb_wc", "jsb", 150_000_000),
        ("jsb_order", "jsb", 150_000_000),
        ("sdrcb_operate", "sdrcb", 20_000_000),
        ("sdrcb_upgrade", "sdrcb", 20_000_000),
        ("bosh_smart_manufacturing", "bosh", 50_000_000),
        ("ceb_working_capital", "ceb", 500_000_000),
        ("soe_pending", "soe_coastal_bank", 10_000_000),
        ("bank_y_compute", "bank_y", 10_000_000),
        ("icbc_buyback", "icbc", 200_000_000),
    ],
)
def test_a_product_has_its_ceiling(bundle: Bundle, product: str, lender_id: str, ceiling: int) -> None:
    amount = bundle.product(product, TODAY).amount_cap
    assert amount == yuan(ceiling)
    assert lender_id in bundle.product(product, TODAY).lenders


# --- the gate ---------------------------------------------------------------------------------------------------------

BORROWER, VENDOR = "91110000802100433B", "91110000600037341L"


def gated(bundle: Bundle, product: str, content: ApplicationContent, payee: str, amount: int, on: date) -> set[str]:
    """The codes of a drawing that lacks nothing but what the product says of the payee."""
    books = LenderBooks(
        lender_id=content.lender_id,
        name="Bank",
        licence="bank",
        region="110000",
        capital_method="standardised",
        net_capital=yuan(900_000_000_000),
        tier1_capital=yuan(800_000_000_000),
        tax_rate=Decimal("0.25"),
    )
    inputs = GateInputs(
        content_sha256="0" * 64,
        policy_sha256=bundle.sha256,
        current_policy_sha256=bundle.sha256,
        pinned_on=on,
        as_of=on,
        product=product,
        lender=books,
        exposures=requests.exposures(net_capital=books.net_capital, tier1_capital=books.tier1_capital),
        facility_stage="effective",
        facility_limit=yuan(200_000_000),
        effective_on=on - timedelta(days=1),
        availability_end=on + timedelta(days=300),
        amount=yuan(amount),
        value_date=on,
        drawn_before=ZERO,
        reserved=yuan(amount),
        payees=(
            PayeeAsked(
                key="payee", uscc=payee, amount=yuan(amount), related=False, on_contract=True, fixed_asset_vendor=False
            ),
        ),
        earlier_payments=(),
        precedent_open=(),
        subsequent_breached=(),
        capital=CapitalPaid(required=yuan(1), paid_in=yuan(1)),
        security=(
            SecurityHeld(
                asset_key="a",
                cohort="a",
                lending_value=yuan(900_000_000),
                ltv=Decimal("0.50"),
                eligible=True,
                valid_until=on,
            ),
        ),
        unvalued=(),
        guaranteed=ZERO,
        unsecured=ZERO,
        screened=Screened(on=on, outcome=Outcome.PASS, blacklisted=False, duplicate_serial=False),
    )
    found: Finding[GateConclusion] = drawing_gate(
        inputs, content, bundle, bundle, finding_id=UUID(int=1), made_at=now()
    )
    assert found.value is not None
    assert found.value.payment_mode is PaymentMode.ENTRUSTED
    return set(found.value.codes)


@pytest.mark.parametrize("on", [date(2024, 9, 15), date(2024, 11, 1), TODAY])
def test_a21_money_for_a_buyback_pays_no_supplier(bundle: Bundle, on: date) -> None:
    parties = [{"key": "borrower", "role": "borrower", "name": "兆易", "uscc": BORROWER}]
    content = draft("icbc_buyback", "icbc", kind="term", purpose="share_buyback", stage="mature", parties=parties)
    assert "PURPOSE_RINGFENCED" in gated(bundle, "icbc_buyback", content, VENDOR, 1_000_000, on)
    assert "PURPOSE_RINGFENCED" not in gated(bundle, "icbc_buyback", content, BORROWER, 1_000_000, on)


@pytest.mark.parametrize("product", ["jsb_order", "icbc_buyback"])
def test_a_product_that_is_entrusted_throughout_says_so(bundle: Bundle, product: str) -> None:
    assert bundle.product(product, TODAY).entrusted_only


@pytest.mark.parametrize("on", [date(2024, 9, 15), date(2024, 11, 1)])
def test_a21_earlier_versions_of_the_buyback_loan(bundle: Bundle, on: date) -> None:
    product = bundle.product("icbc_buyback", on)
    assert product.entrusted_only
    assert product.tags == ("buyback",)
    assert [method.value for method in product.repayment_methods] == ["bullet", "equal_principal"]


@pytest.mark.parametrize(
    ("product", "months"),
    [
        ("jsb_fa", 24),
        ("sdrcb_operate", 6),
        ("sdrcb_upgrade", 6),
        ("shrcb_adas", 6),
        ("shrcb_compute_build", 24),
        ("shrcb_compute_operations", 6),
        ("bosh_smart_manufacturing", 12),
        ("cib_project_loan", 24),
        ("soe_pending", 12),
        ("sensetime_prop", 24),
        ("citic_lease", 12),
    ],
)
def test_a_product_has_its_grace(bundle: Bundle, product: str, months: int) -> None:
    assert bundle.product(product, TODAY).maximum_grace_months == months


@pytest.mark.parametrize("product", ["sdrcb_operate", "sdrcb_upgrade", "qh_keji_credit"])
def test_a8_a9_a33_credit_guarantee_mortgage_and_pledge(bundle: Bundle, product: str) -> None:
    assert bundle.product(product, TODAY).guarantee_methods == ("credit", "guarantee", "mortgage", "pledge")
