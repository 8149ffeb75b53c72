"""The tables that loans are decided by, row by row and version by version: payment, capital, tenor, green tag.

Payments to one payee are added up by the function the gate calls; shares of capital by the limit (A3, A25, B9, B10, R17, R18).
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.facility import PaymentMode
from domain.money import yuan
from policy.engine import Bundle, FactValue, evaluate
from services.origination.calc.payment_mode import EarlierPayment, PayeeAsked, payment_mode

ON = date(2026, 11, 22)
BEFORE = date(2026, 11, 19)
"""The last day of version 1 of the payment table."""
VENDOR = "91110000600037341L"

FACTS: dict[str, FactValue] = {
    "product.entrusted_only": False,
    "payment.payee_related": False,
    "borrower.legal_form": "enterprise",
    "loan.purpose": "operations",
    "loan.class": "fixed_asset",
    "payment.payee_known": True,
    "borrower.new_relationship": False,
    "borrower.ordinary_standing": False,
}
WORKING: dict[str, FactValue] = {"loan.class": "working_capital"}


def mode_of(bundle: Bundle, amount: str, on: date = ON, **change: FactValue) -> str:
    facts = {**FACTS, "payment.payee_total": yuan(amount)}
    facts |= {name.replace("__", "."): value for name, value in change.items()}
    return evaluate(bundle.table("payment_mode", on), facts).code("code")


@pytest.mark.parametrize("on", [date(2024, 7, 1), BEFORE, date(2026, 11, 20), ON])
@pytest.mark.parametrize(
    ("amount", "change", "code"),
    [
        ("1.00", {"product__entrusted_only": True}, "PRODUCT_ENTRUSTED"),
        ("10000000.00", {}, "SELF_ALLOWED"),
        ("10000000.01", {}, "FA_ENTRUST"),
        ("10000000.00", {"loan__class": "working_capital"}, "SELF_ALLOWED"),
        ("10000000.01", {"loan__class": "working_capital"}, "WC_ENTRUST"),
        ("10000000.01", {"loan__class": "working_capital", "payment__payee_known": False}, "SELF_ALLOWED"),
        (
            "1.00",
            {
                "loan__class": "working_capital",
                "borrower__new_relationship": True,
                "borrower__ordinary_standing": True,
            },
            "WC_ENTRUST_NEW",
        ),
        ("1.00", {"payment__payee_related": True}, "RELATED_PAYEE"),
        ("1.00", {"loan__class": "working_capital", "borrower__new_relationship": True}, "SELF_ALLOWED"),
        ("1.00", {"loan__class": "working_capital", "borrower__ordinary_standing": True}, "SELF_ALLOWED"),
        ("1.00", {"borrower__new_relationship": True, "borrower__ordinary_standing": True}, "SELF_ALLOWED"),
    ],
)
def test_a27_payment_mode(bundle: Bundle, on: date, amount: str, change: dict[str, FactValue], code: str) -> None:
    assert mode_of(bundle, amount, on, **change) == code


@pytest.mark.parametrize("form", ["individual_business", "natural_person"])
@pytest.mark.parametrize(
    ("amount", "purpose", "on", "code"),
    [
        ("500000.00", "operations", ON, "SELF_ALLOWED"),
        ("500000.01", "operations", date(2026, 11, 20), "PL_ENTRUST"),
        ("500000.01", "operations", BEFORE, "SELF_ALLOWED"),
        ("300000.00", "consumption", ON, "SELF_ALLOWED"),
        ("300000.01", "consumption", ON, "PL_ENTRUST"),
    ],
)
def test_pl_entrust_persons_are_paid_to_the_payee_above_their_own_limits(
    bundle: Bundle, form: str, amount: str, purpose: str, on: date, code: str
) -> None:
    facts: dict[str, FactValue] = {"borrower__legal_form": form, "loan__purpose": purpose}
    assert mode_of(bundle, amount, on, loan__class="working_capital", **facts) == code


def test_pl_entrust_a_company_is_paid_by_its_own_measure(bundle: Bundle) -> None:
    consumption: dict[str, FactValue] = {"loan__purpose": "consumption", "loan__class": "working_capital"}
    assert mode_of(bundle, "500000.01", **consumption) == "SELF_ALLOWED"


@pytest.mark.parametrize("on", [BEFORE, ON])
def test_payment_table_says_one_of_two_modes_and_asks_for_the_class_of_loan(bundle: Bundle, on: date) -> None:
    table = bundle.table("payment_mode", on).table
    assert [(output.name, output.values) for output in table.outputs] == [("mode", ("entrusted", "self")), ("code", ())]
    rows = {row.id: row.when for row in table.rows}
    assert rows["WC_ENTRUST_A"]["loan.class"] == "working_capital"


def drawn(bundle: Bundle, amount: int, earlier: tuple[tuple[int, int], ...], on: date = ON) -> tuple[PaymentMode, Any]:
    """A drawing to one vendor, with earlier payments as (millions, days before)."""
    payee = PayeeAsked(
        key="vendor", uscc=VENDOR, amount=yuan(amount), related=False, on_contract=True, fixed_asset_vendor=True
    )
    paid = tuple(
        EarlierPayment(uscc=VENDOR, amount=yuan(millions * 1_000_000), made_on=on - timedelta(days=days))
        for millions, days in earlier
    )
    window = bundle.payment(on).same_payee_window_days
    decided = payment_mode(bundle.table("payment_mode", on), dict(FACTS), (payee,), paid, on, window)
    return decided.mode, (decided.payees[0].total, decided.payees[0].code)


@pytest.mark.parametrize(
    ("earlier", "total", "code"),
    [
        ((), 6_000_000, "SELF_ALLOWED"),
        (((6, 3),), 12_000_000, "FA_ENTRUST"),
        (((6, 30),), 12_000_000, "FA_ENTRUST"),
        (((6, 31),), 6_000_000, "SELF_ALLOWED"),
        (((4, 3),), 10_000_000, "SELF_ALLOWED"),
    ],
)
def test_r18_six_and_six_million_in_three_days_are_twelve(
    bundle: Bundle, earlier: tuple[tuple[int, int], ...], total: int, code: str
) -> None:
    mode, (counted, said) = drawn(bundle, 6_000_000, earlier)
    assert (counted, said) == (yuan(total), code)
    assert mode is (PaymentMode.ENTRUSTED if code == "FA_ENTRUST" else PaymentMode.SELF)


def test_a25_twelve_million_to_one_vendor_of_a_233_million_loan_is_entrusted(bundle: Bundle) -> None:
    """At 80 % of the investment a loan of 233m needs 291.25m of it."""
    product = bundle.product("nxb_project_loan", ON)
    assert product.loan_to_cost is not None
    assert Decimal(291_250_000) * product.loan_to_cost == Decimal(233_000_000)
    assert Decimal("291_249_999.99") * product.loan_to_cost < Decimal(233_000_000)
    assert drawn(bundle, 12_000_000, ())[0] is PaymentMode.ENTRUSTED


@pytest.mark.parametrize("on", [date(2024, 7, 1), ON])
@pytest.mark.parametrize(
    ("kind", "report", "free", "counts", "cap", "code"),
    [
        ("own_cash", None, None, True, "1", "CAPITAL_OWN_FUNDS"),
        ("retained_profit", None, None, True, "1", "CAPITAL_OWN_FUNDS"),
        ("special_bond", None, None, True, "1", "CAPITAL_SPECIAL_BOND"),
        ("policy_instrument", None, None, True, "0.50", "CAPITAL_POLICY_INSTRUMENT"),
        ("equity_fund", None, None, True, "0.50", "CAPITAL_EQUITY_LIKE"),
        ("in_kind", True, True, True, "1", "CAPITAL_IN_KIND"),
        ("in_kind", False, True, False, "0", "CAPITAL_IN_KIND_NO_REPORT"),
        ("in_kind", True, False, False, "0", "CAPITAL_IN_KIND_ENCUMBERED"),
        ("shareholder_loan", None, None, False, "0", "CAPITAL_DEBT_SOURCE"),
        ("bank_loan", None, None, False, "0", "CAPITAL_DEBT_SOURCE"),
        ("lease", None, None, False, "0", "CAPITAL_DEBT_SOURCE"),
        ("subsidy", None, None, False, "0", "CAPITAL_SUBSIDY"),
    ],
)
def test_b9_b10_what_counts_as_capital(
    bundle: Bundle, on: date, kind: str, report: bool | None, free: bool | None, counts: bool, cap: str, code: str
) -> None:
    facts: dict[str, FactValue] = {
        "source.kind": kind,
        "source.valuation_report": report,
        "source.unencumbered": free,
    }
    decided = evaluate(bundle.table("project_capital", on), facts)
    assert (decided.outputs["counts"], decided.number("capital_share_cap"), decided.code("code")) == (
        counts,
        Decimal(cap),
        code,
    )


@pytest.mark.parametrize(
    ("loan_class", "long_cycle", "consent", "months", "code"),
    [
        ("working_capital", False, False, 36, "REG_WC_3Y"),
        ("working_capital", True, False, 60, "REG_WC_5Y"),
        ("fixed_asset", False, False, 120, "REG_FA_10Y"),
        ("fixed_asset", False, True, 240, "REG_FA_CONSENT"),
    ],
)
def test_a11_tenor_by_class_of_loan(
    bundle: Bundle, loan_class: str, long_cycle: bool, consent: bool, months: int, code: str
) -> None:
    """A centre asked for over 132 months has 120; opex of chip research asked for over 84 has 60 at most."""
    facts: dict[str, FactValue] = {
        "loan.class": loan_class,
        "loan.long_cycle_evidence": long_cycle,
        "loan.head_office_tenor_consent": consent,
    }
    decided = evaluate(bundle.table("regulatory_tenor", ON), facts)
    assert (decided.number("months"), decided.code("code")) == (months, code)


@pytest.mark.parametrize("on", [date(2025, 9, 30), date(2025, 10, 1)])
@pytest.mark.parametrize(
    ("pue", "racks", "hub", "power", "green", "code"),
    [
        ("1.31", "0.70", False, "0", False, "GREEN_PUE"),
        ("1.25", "0.59", False, "0", False, "GREEN_RACK_USE"),
        ("1.20", "0.70", True, "0.80", False, "GREEN_POWER"),
        ("1.20", "0.70", True, "0.81", True, "GREEN"),
        ("1.30", "0.60", False, "0", True, "GREEN"),
    ],
)
def test_a26_green_tag_under_either_standard(
    bundle: Bundle, on: date, pue: str, racks: str, hub: bool, power: str, green: bool, code: str
) -> None:
    facts: dict[str, FactValue] = {
        "project.green_catalogue_code": True,
        "project.pue": Decimal(pue),
        "project.rack_use": Decimal(racks),
        "project.hub": hub,
        "project.green_power": Decimal(power),
    }
    decided = evaluate(bundle.table("green_tag", on), facts)
    assert (decided.outputs["green"], decided.code("code")) == (green, code)


def test_a26_the_catalogue_of_2025_asks_for_its_code(bundle: Bundle) -> None:
    """A loan approved and undrawn before keeps the standard it was approved under: the case's policy is pinned."""
    facts: dict[str, FactValue] = {
        "project.green_catalogue_code": False,
        "project.pue": Decimal("1.20"),
        "project.rack_use": Decimal("0.70"),
        "project.hub": False,
        "project.green_power": Decimal(0),
    }
    before, after = (evaluate(bundle.table("green_tag", on), facts) for on in (date(2025, 9, 30), date(2025, 10, 1)))
    assert (before.outputs["green"], before.code("code")) == (True, "GREEN")
    assert (after.outputs["green"], after.code("code")) == (False, "GREEN_CATALOGUE")


@pytest.mark.parametrize(
    ("on", "when"),
    [
        (date(2025, 9, 30), {"project.pue": "<= 1.30", "project.rack_use": ">= 0.60"}),
        (date(2025, 10, 1), {"project.green_catalogue_code": "true"}),
    ],
)
def test_a26_the_tag_says_what_it_rests_on(bundle: Bundle, on: date, when: dict[str, str]) -> None:
    """A tag is given on evidence that is named, not because nothing spoke against it."""
    rows = {row.id: row.when for row in bundle.table("green_tag", on).table.rows}
    assert rows["GREEN"] == when


def test_a11_a_tenor_names_the_measure_it_comes_from(bundle: Bundle) -> None:
    outputs = {output.name: output.values for output in bundle.table("regulatory_tenor", ON).table.outputs}
    assert outputs == {"months": (), "code": ("REG_WC_3Y", "REG_WC_5Y", "REG_FA_10Y", "REG_FA_CONSENT")}


def test_fa_pay_time_is_the_payment_policy_as_well(bundle: Bundle) -> None:
    policy = bundle.payment(ON)
    assert (policy.pay_within_business_days, policy.pay_at_most_business_days) == (5, 10)
    assert policy.capital_pro_rata
