"""The drawing gate: every rule at its edge, everything at once, and nothing allowed that is not known."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.application import (
    ApplicationContent,
    Buyback,
    CreditLineRequest,
    LineKind,
    Party,
    PartyRole,
    Payee,
    Repayment,
)
from domain.books import CreditStanding
from domain.canonical import sha256_of
from domain.facility import PaymentMode
from domain.facts import Absent, Known
from domain.finding import Finding, Outcome
from domain.limit import Exposures
from domain.money import ZERO, yuan
from domain.reference import LenderBooks
from policy.engine import Bundle, load_book
from services.kit.database import now
from services.origination.calc.case_facts import Relationship
from services.origination.calc.gate import (
    CapitalPaid,
    GateConclusion,
    GateInputs,
    Screened,
    SecurityHeld,
    drawing_gate,
)
from services.origination.calc.payees import asked_payee, on_contract
from services.origination.calc.payment_mode import EarlierPayment, PayeeAsked
from tests.origination.sample import BORROWER

ON = date(2026, 3, 2)
_BOOK = load_book("policy/book")
VENDOR, OTHER = "91110000600037341L", "91310115MA1K00007Q"


@pytest.fixture(scope="module")
def book() -> Bundle:
    return _BOOK


def payee(amount: Any, key: str = "vendor", **fields: Any) -> PayeeAsked:
    known = {"related": False, "on_contract": True, "fixed_asset_vendor": True}
    return PayeeAsked(**{"key": key, "uscc": VENDOR, "amount": yuan(amount), **known, **fields})


def held(value: Any, **fields: Any) -> SecurityHeld:
    """Servers at a lending value, of which half carries."""
    plain: dict[str, Any] = {"lending_value": yuan(value), "ltv": Decimal("0.50"), "eligible": True, "valid_until": ON}
    return SecurityHeld(asset_key="servers", cohort="a", **{**plain, **fields})


def content(product: str = "nxb_project_loan") -> ApplicationContent:
    line = CreditLineRequest(
        key="main",
        product=product,
        kind=LineKind.TERM,
        amount=yuan(280_000_000),
        tenor_months=120,
        purpose="fixed_asset_investment",
        repayment=Repayment(method="annuity"),
    )
    borrower = Party(key="borrower", role=PartyRole.BORROWER, name="借款人", uscc=BORROWER)
    return ApplicationContent(lender_id="nxb", parties=(borrower,), lines=(line,))


def inputs(**fields: Any) -> GateInputs:
    """A drawing of 80m of 280m, with 20m of 70m capital paid: exactly what pro rata allows (corrections §6)."""
    amount = fields.get("amount", yuan(80_000_000))
    plain: dict[str, Any] = {
        "content_sha256": sha256_of(content()),
        "policy_sha256": "b" * 64,
        "current_policy_sha256": "b" * 64,
        "pinned_on": ON,
        "as_of": ON,
        "product": "nxb_project_loan",
        "lender": LenderBooks(
            lender_id="nxb",
            name="宁夏银行",
            licence="city_bank",
            region="640000",
            capital_method="standardised",
            net_capital=yuan(15_000_000_000),
            tier1_capital=yuan(12_000_000_000),
            tax_rate=Decimal("0.25"),
        ),
        "exposures": Exposures(
            customer_loans=ZERO,
            customer_exposure=ZERO,
            group_exposure=ZERO,
            net_capital=yuan(15_000_000_000),
            tier1_capital=yuan(12_000_000_000),
        ),
        "facility_stage": "effective",
        "facility_limit": yuan(280_000_000),
        "effective_on": ON - timedelta(days=10),
        "availability_end": ON + timedelta(days=300),
        "amount": amount,
        "value_date": ON,
        "drawn_before": ZERO,
        "reserved": amount,
        "payees": (payee(amount.amount),),
        "earlier_payments": (),
        "precedent_open": (),
        "subsequent_breached": (),
        "capital": CapitalPaid(required=yuan(70_000_000), paid_in=yuan(20_000_000)),
        "security": (held(200_000_000),),
        "unvalued": (),
        "guaranteed": yuan(180_000_000),
        "unsecured": ZERO,
        "screened": Screened(on=ON, outcome=Outcome.PASS, blacklisted=False, duplicate_serial=False),
    }
    return GateInputs(**{**plain, **fields})


def gate(book: Bundle, **fields: Any) -> Finding[GateConclusion]:
    return drawing_gate(inputs(**fields), content(), book, book, finding_id=uuid4(), made_at=now())


def codes(finding: Finding[GateConclusion]) -> set[str]:
    assert finding.value is not None
    assert finding.value.allowed == (not finding.value.codes)
    return set(finding.value.codes)


def test_a_drawing_at_every_edge_is_allowed(book: Bundle) -> None:
    finding = gate(book)
    assert finding.outcome is Outcome.PASS
    assert finding.value is not None
    assert finding.value == GateConclusion(
        allowed=True, payment_mode=PaymentMode.ENTRUSTED, maximum=yuan(80_000_000), codes=()
    )
    assert finding.inputs_sha256 == sha256_of(inputs())
    assert {step.step for step in finding.trace} >= {"gate/LTV_EXCEEDED", "regulation/vendor/FA_CAPITAL_PRO_RATA"}


def test_a_loan_paid_out_in_one_sum_has_no_second_drawing(book: Bundle) -> None:
    once = {"product": "bocom_qh_green_fa", "amount": yuan(10_000_000), "payees": (payee(10_000_000),)}
    green = content("bocom_qh_green_fa")

    def drawn(before: int) -> set[str]:
        asked = inputs(**once, drawn_before=yuan(before))
        return codes(drawing_gate(asked, green, book, book, finding_id=uuid4(), made_at=now()))

    assert "SINGLE_DRAWING" not in drawn(0)
    assert "SINGLE_DRAWING" in drawn(1)


def test_the_case_that_asks_120_of_paid_in_20_may_draw_80(book: Bundle) -> None:
    """Corrections §6: 20m paid × 4 = 80m, entrusted."""
    finding = gate(book, amount=yuan(120_000_000), guaranteed=yuan(400_000_000))
    assert codes(finding) == {"FA_CAPITAL_PRO_RATA"}
    assert finding.value is not None
    assert finding.value.maximum == yuan(80_000_000)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"facility_stage": "suspended"}, "FACILITY_NOT_EFFECTIVE"),
        ({"availability_end": ON - timedelta(days=1)}, "AVAILABILITY_PERIOD"),
        ({"value_date": ON - timedelta(days=11)}, "AVAILABILITY_PERIOD"),
        ({"reserved": ZERO}, "COMMITMENT_NOT_RESERVED"),
        ({"precedent_open": ("CP_FLOATING_MORTGAGE",)}, "CONDITIONS_OPEN"),
        ({"subsequent_breached": ("CS_REGISTRATION",)}, "CONDITIONS_BREACHED"),
        ({"guaranteed": yuan("0.00"), "security": (held("159999999.98"),)}, "LTV_EXCEEDED"),
        ({"capital": CapitalPaid(required=yuan(70_000_000), paid_in=yuan("19999999.99"))}, "FA_CAPITAL_PRO_RATA"),
        ({"payees": (payee(80_000_000, on_contract=False),)}, "PAYEE_MATCH"),
        ({"payees": (payee(80_000_000, related=True),)}, "RELATED_PAYEE"),
        (
            {
                "screened": Screened(
                    on=ON - timedelta(days=8), outcome="pass", blacklisted=False, duplicate_serial=False
                )
            },
            "RESCREENING",
        ),
        ({"screened": Screened(on=ON, outcome="fail", blacklisted=True, duplicate_serial=False)}, "BLACKLIST"),
        (
            {"screened": Screened(on=ON, outcome="refer", blacklisted=False, duplicate_serial=False)},
            "SCREENING_NOT_PASSED",
        ),
        ({"screened": Screened(on=ON, outcome="fail", blacklisted=False, duplicate_serial=True)}, "DUPLICATE_SERIAL"),
    ],
)
def test_each_rule_closes_the_gate(book: Bundle, change: dict[str, Any], code: str) -> None:
    finding = gate(book, **change)
    assert code in codes(finding)
    assert finding.outcome is not Outcome.PASS
    assert code in {reason.code for reason in finding.reasons}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"capital": CapitalPaid(required=yuan(70_000_000), paid_in=None)}, "FACT_ABSENT:utilisation.capital_maximum"),
        ({"payees": (payee(80_000_000, related=None),)}, "FACT_ABSENT:payment.payee_related"),
        ({"payees": (payee(80_000_000, on_contract=None),)}, "FACT_ABSENT:payment.payee_on_contract"),
        ({"screened": None}, "FACT_ABSENT:borrower.blacklisted"),
        ({"unsecured": None}, "SECURITY_UNKNOWN"),
        ({"unvalued": ("servers",)}, "SECURITY_UNKNOWN"),
    ],
)
def test_what_is_not_known_refers_and_is_not_allowed(book: Bundle, change: dict[str, Any], code: str) -> None:
    finding = gate(book, **change)
    assert code in codes(finding)
    assert finding.value is not None
    assert not finding.value.allowed


def test_everything_wrong_is_said_at_once(book: Bundle) -> None:
    finding = gate(
        book,
        amount=yuan(120_000_000),
        precedent_open=("CP_ACCOUNT_PLEDGE",),
        facility_stage="suspended",
        guaranteed=ZERO,
        screened=None,
    )
    assert codes(finding) >= {
        "FACILITY_NOT_EFFECTIVE",
        "CONDITIONS_OPEN",
        "LTV_EXCEEDED",
        "FA_CAPITAL_PRO_RATA",
        "RESCREENING",
    }


def test_a_stale_valuation_refers(book: Bundle) -> None:
    finding = gate(book, security=(held(200_000_000, valid_until=ON - timedelta(days=1)),))
    assert codes(finding) == {"VALUATION_STALE"}
    assert finding.outcome is Outcome.REFER


def test_a_referral_that_was_decided_with_the_case_does_not_close_the_gate(book: Bundle) -> None:
    screened = Screened(on=ON, outcome="refer", blacklisted=False, duplicate_serial=False, decided=True)
    assert codes(gate(book, screened=screened)) == set()


@pytest.mark.parametrize(
    ("asked", "earlier", "mode"),
    [
        (10_000_000, (), PaymentMode.SELF),
        ("10000000.01", (), PaymentMode.ENTRUSTED),
        # R18: 6m + 6m in three days are 12m
        (
            6_000_000,
            (EarlierPayment(uscc=VENDOR, amount=yuan(6_000_000), made_on=ON - timedelta(days=3)),),
            "entrusted",
        ),
        (
            6_000_000,
            (EarlierPayment(uscc=VENDOR, amount=yuan(6_000_000), made_on=ON - timedelta(days=30)),),
            "entrusted",
        ),
        (6_000_000, (EarlierPayment(uscc=VENDOR, amount=yuan(6_000_000), made_on=ON - timedelta(days=31)),), "self"),
        (6_000_000, (EarlierPayment(uscc=OTHER, amount=yuan(6_000_000), made_on=ON - timedelta(days=3)),), "self"),
    ],
)
def test_above_ten_million_to_one_payee_is_entrusted(book: Bundle, asked: Any, earlier: Any, mode: str) -> None:
    amount = yuan(asked)
    finding = gate(book, amount=amount, payees=(payee(asked),), earlier_payments=earlier)
    assert finding.value is not None
    assert finding.value.payment_mode == mode
    assert finding.value.allowed


def test_one_payee_under_two_keys_is_one_payee(book: Bundle) -> None:
    halves = (payee(6_000_000, "first"), payee(6_000_000, "second"))
    finding = gate(book, amount=yuan(12_000_000), payees=halves)
    assert finding.value is not None
    assert finding.value.payment_mode is PaymentMode.ENTRUSTED


@given(paid=st.integers(0, 70_000_000), drawn=st.integers(0, 280_000_000))
def test_cumulative_drawings_never_outrun_the_capital(paid: int, drawn: int) -> None:
    """Cumulative draw / loan ≤ paid-in / required, for whatever was drawn before (corrections A3)."""
    finding = gate(
        _BOOK,
        amount=yuan(1),
        drawn_before=yuan(drawn),
        capital=CapitalPaid(required=yuan(70_000_000), paid_in=yuan(paid)),
        guaranteed=yuan(1_000_000_000),
    )
    value = finding.value
    assert value is not None
    within = (drawn + 1) * 70_000_000 <= paid * 280_000_000
    assert ("FA_CAPITAL_PRO_RATA" not in value.codes) == within
    assert value.maximum == yuan(max(0, paid * 4 - drawn))


def test_recomputing_gives_the_same_hash(book: Bundle) -> None:
    first, second = gate(book), gate(book)
    assert first.id != second.id
    assert first.sha256() == second.sha256()


def test_a_payee_is_held_against_the_application() -> None:
    known = Payee(
        key="vendor",
        name="供应商",
        uscc=VENDOR,
        account="62220001",
        bank="银行",
        amount=yuan(1),
        new=False,
        related=False,
    )
    supplier = Party(key="s", role=PartyRole.SUPPLIER, name="供应商", uscc=VENDOR)
    declared = content().model_copy(update={"payees": (known,)})
    moved = known.model_copy(update={"account": "62229999"})
    assert on_contract(known, declared)
    assert not on_contract(moved, declared)
    assert on_contract(moved, content().model_copy(update={"parties": (supplier,)}))
    assert not on_contract(known, content())
    stranger = known.model_copy(update={"uscc": OTHER})
    assert not on_contract(stranger, declared)
    related = declared.model_copy(update={"payees": (known.model_copy(update={"related": True}),)})
    assert asked_payee(known, related).related is True
    assert asked_payee(known, declared).related is False


@pytest.mark.parametrize(
    ("planned", "allowed", "maximum"),
    [(None, True, 80_000_000), (80_000_000, True, 80_000_000), (79_999_999, False, 79_999_999)],
)
def test_no_more_is_drawn_than_is_planned_by_then(
    book: Bundle, planned: int | None, allowed: bool, maximum: int
) -> None:
    found = gate(book, planned=None if planned is None else yuan(planned))
    assert found.value is not None
    assert (found.value.allowed, found.value.maximum) == (allowed, yuan(maximum))
    assert found.value.codes == (() if allowed else ("DRAWN_AHEAD_OF_PLAN",))


def test_an_agreement_without_a_plan_of_drawings_has_the_inputs_it_always_had() -> None:
    assert "planned" not in inputs().model_dump()


def working_capital(book: Bundle, relationship: Relationship | None) -> Finding[GateConclusion]:
    """A small working-capital drawing to a supplier on the contract."""
    amount = yuan(1_000_000)
    asked = inputs(
        product="jsb_wc", amount=amount, capital=None, payees=(payee(amount.amount),), relationship=relationship
    )
    line = content().lines[0].model_copy(update={"product": "jsb_wc", "purpose": "working_capital"})
    file = content().model_copy(update={"lines": (line,)})
    return drawing_gate(asked, file, book, book, finding_id=uuid4(), made_at=now())


@pytest.mark.parametrize(
    ("relationship", "mode", "absent"),
    [
        (Relationship(new=False), PaymentMode.SELF, set()),
        (Relationship(new=True, standing=Known(value=CreditStanding.GOOD)), PaymentMode.SELF, set()),
        (Relationship(new=True, standing=Known(value=CreditStanding.ORDINARY)), PaymentMode.ENTRUSTED, set()),
        (Relationship(new=True, standing=Known(value=CreditStanding.POOR)), PaymentMode.ENTRUSTED, set()),
        (Relationship(new=True), PaymentMode.ENTRUSTED, {"borrower.ordinary_standing"}),
        (
            Relationship(new=True, standing=Absent(state="unknown")),
            PaymentMode.ENTRUSTED,
            {"borrower.ordinary_standing"},
        ),
        (None, PaymentMode.ENTRUSTED, {"borrower.new_relationship", "borrower.ordinary_standing"}),
    ],
)
def test_a_new_customer_of_ordinary_standing_is_paid_entrusted_at_any_amount(
    book: Bundle, relationship: Relationship | None, mode: PaymentMode, absent: set[str]
) -> None:
    """Row A27: what the books and the customer's file do not say refers, and is named."""
    finding = working_capital(book, relationship)
    assert finding.value is not None
    assert finding.value.payment_mode is mode
    assert {reason.subject for reason in finding.reasons if reason.code == "FACT_ABSENT"} == absent


@pytest.mark.parametrize(
    ("value_date", "waited", "codes"),
    [
        (ON, None, ()),
        (date(2026, 2, 27), 1, ()),
        (date(2026, 2, 13), 5, ()),
        (date(2026, 2, 12), 6, ("FA_PAY_TIME",)),
        (date(2026, 2, 27), None, ("FACT_ABSENT:utilisation.working_days_waited",)),
    ],
)
def test_fa_pay_time_a_drawing_is_paid_within_five_working_days(
    book: Bundle, value_date: date, waited: int | None, codes: tuple[str, ...]
) -> None:
    """Counted by the calendar of the books; days that nobody counted are not taken for none."""
    given = inputs(
        value_date=value_date,
        working_days_waited=waited,
        effective_on=date(2026, 1, 5),
        payees=(payee(80_000_000),),
    )
    value = drawing_gate(given, content(), book, book, finding_id=uuid4(), made_at=now()).value
    assert value is not None
    assert value.payment_mode is PaymentMode.ENTRUSTED
    assert tuple(code for code in value.codes if "FA_PAY_TIME" in code or "waited" in code) == codes


@pytest.mark.parametrize(("account", "kept"), [("6222000000000001", True), ("6222000000000002", False)])
def test_a21_the_account_kept_for_a_buyback_is_told_apart(account: str, kept: bool) -> None:
    buyback = Buyback(account="6222000000000001")
    body = content().model_copy(update={"buyback": buyback})
    asked = Payee(
        key="own", name="借款人", uscc=BORROWER, account=account, bank="银行", amount=yuan(1), new=False, related=False
    )
    assert asked_payee(asked, body).ringfenced is kept
    assert asked_payee(asked, content()).ringfenced is None
