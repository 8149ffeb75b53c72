"""Rows A31, C5 and E7, fraud case R16: whether the product is what the borrower needs, through screening and regulation."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.application import ApplicationContent, AssetKind
from domain.collateral import Valuation
from domain.finding import Outcome
from domain.limit import Exposures
from domain.money import ZERO, yuan
from domain.rating import Rating
from domain.reference import LenderBooks
from policy.engine import Bundle
from policy.engine.vocabulary import read_fact
from services.origination.calc.case_facts import Screens
from services.origination.calc.conclusion import Check
from services.origination.calc.regulation import RegulationInputs, regulation
from services.origination.calc.screening import ScreeningInputs, screening
from tests.golden.drafts import TODAY, draft, fact, money

HASH = "0" * 64
LENDER = LenderBooks(
    lender_id="soe_coastal_bank",
    name="Bank",
    licence="bank",
    region="350000",
    capital_method="irb_foundation",
    net_capital=yuan(2_000_000_000_000),
    tier1_capital=yuan(1_700_000_000_000),
    tax_rate=Decimal("0.25"),
)
NOTHING = Exposures(
    customer_loans=ZERO,
    customer_exposure=ZERO,
    group_exposure=ZERO,
    net_capital=LENDER.net_capital,
    tier1_capital=LENDER.tier1_capital,
)
REPLACED = UUID("0199aaaa-0000-7000-8000-000000000001")

SOUND = {"profit": 2_000_000, "operating_cash_flow": 1_500_000, "total_assets": 100_000_000, "equity": 30_000_000}
"""Liabilities are exactly 0.70 of assets."""


def accounts(**change: int) -> dict[str, Any]:
    figures = {"revenue": 50_000_000, **SOUND, **change}
    return {
        "period_end": "2025-12-31",
        "months": 12,
        "audited": True,
        "scope": "solo",
        **{name: fact(money(value)) for name, value in figures.items()},
    }


def pilot(**change: Any) -> ApplicationContent:
    terms = {"accounts": [accounts()], "stage": "seed", "size": "micro", **change}
    return draft("soe_pending", "soe_coastal_bank", **terms)


def screened(bundle: Bundle, content: ApplicationContent, replaced: str | None = None, on: date = TODAY) -> Check:
    inputs = ScreeningInputs(
        content_sha256=HASH,
        policy_sha256=bundle.sha256,
        current_policy_sha256=bundle.sha256,
        pinned_on=on,
        as_of=on,
        lender=LENDER,
        exposures=NOTHING,
        screens=Screens(blacklisted=False, duplicate_serial=False, replaced_purpose=replaced),
    )
    return screening(inputs, content, bundle, bundle)


def regulated(
    bundle: Bundle,
    content: ApplicationContent,
    *,
    card_class: str | None = None,
    buildings: int | None = None,
    cover: str | None = None,
    replaced: str | None = None,
) -> Check:
    rating = None if card_class is None else Rating.model_construct(grade="R5", card_class=card_class)
    carried = () if buildings is None else (building(buildings),)
    inputs = RegulationInputs.model_construct(
        content_sha256=HASH,
        policy_sha256=bundle.sha256,
        current_policy_sha256=bundle.sha256,
        pinned_on=TODAY,
        as_of=TODAY,
        lender=LENDER,
        exposures=NOTHING,
        screens=Screens(blacklisted=False, duplicate_serial=False, replaced_purpose=replaced),
        rating=rating,
        limit=None,
        valuations=carried,
        debt_service_cover=None if cover is None else Decimal(cover),
    )
    return regulation(inputs, content, bundle, bundle)


def building(value: int) -> Valuation:
    """Civil works of which half of the lending value carries."""
    return Valuation.model_construct(
        asset_kind=AssetKind.CIVIL_WORKS, lending_value=yuan(value), ltv=Decimal("0.50"), eligible=True
    )


def outcome_of(check: Check, code: str) -> Outcome | None:
    return next((item.outcome for item in check.items if item.code == code), None)


def warned(check: Check, code: str) -> bool:
    return code in {reason.code for reason in check.reasons}


# --- A31: ordinary first ----------------------------------------------------------------------------------------------


def test_a31_three_sound_statements_need_no_innovative_product(bundle: Bundle) -> None:
    for check in (screened(bundle, pilot()), regulated(bundle, pilot(), card_class="A")):
        assert outcome_of(check, "ORDINARY_SUFFICES") is Outcome.PASS
        assert warned(check, "ORDINARY_SUFFICES")


BROKEN = [
    ({"equity": 29_999_999}, "ORDINARY_LEVERAGE"),
    ({"profit": 0}, "ORDINARY_PROFIT"),
    ({"operating_cash_flow": 0}, "ORDINARY_CASH_FLOW"),
]


@pytest.mark.parametrize(("change", "code"), BROKEN)
def test_a31_whatever_breaks_the_first_pass_class_a_goes_the_innovative_way(
    bundle: Bundle, change: dict[str, int], code: str
) -> None:
    content = pilot(accounts=[accounts(**change)])
    first = screened(bundle, content)
    assert warned(first, code)
    assert outcome_of(first, "INNOVATIVE_WAY_OPEN") is Outcome.PASS
    second = regulated(bundle, content, card_class="A")
    assert warned(second, code)
    assert outcome_of(second, "INNOVATIVE_WAY") is Outcome.PASS


@pytest.mark.parametrize("card_class", ["B", "C"])
def test_a31_a_failed_first_pass_and_a_lesser_class_are_for_a_person(bundle: Bundle, card_class: str) -> None:
    check = regulated(bundle, pilot(accounts=[accounts(profit=0)]), card_class=card_class)
    assert outcome_of(check, "NEITHER_WAY") is Outcome.REFER
    assert "NEITHER_WAY" in check.exceptions


def test_a31_nobody_guesses_a_class_or_a_statement(bundle: Bundle) -> None:
    assert outcome_of(regulated(bundle, pilot(accounts=[accounts(profit=0)])), "CARD_CLASS_UNKNOWN") is Outcome.REFER
    silent = screened(bundle, pilot(accounts=[]))
    assert outcome_of(silent, "ORDINARY_UNDECIDED") is Outcome.REFER
    assert {"statements.leverage", "statements.profit", "statements.operating_cash_flow"} <= {
        reason.subject for reason in silent.reasons
    }


def test_a31_the_sequence_is_asked_of_innovative_products_only(bundle: Bundle) -> None:
    plain = draft("jsb_wc", "jsb", accounts=[accounts()])
    assert outcome_of(screened(bundle, plain), "ORDINARY_SUFFICES") is None


def test_a30_a_firm_without_sales_is_not_declined_on_them(bundle: Bundle) -> None:
    content = pilot(accounts=[accounts(revenue=0, profit=-3_000_000, operating_cash_flow=-3_000_000)])
    check = screened(bundle, content)
    assert Outcome.FAIL not in {item.outcome for item in check.items if item.code != "QUERY_CONSENT"}
    assert outcome_of(check, "PRODUCT_PILOT") is Outcome.REFER


# --- C5: an ordinary loan under a new label ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("buildings", "cover", "suspect"),
    [
        (20_000_000, "2.1", True),
        (19_999_998, "2.1", False),
        (20_000_000, "2", False),
        (20_000_000, None, False),
        (None, "2.1", False),
    ],
)
def test_c5_property_that_carries_it_all_and_twice_the_debt_service_is_no_compute_loan(
    bundle: Bundle, buildings: int | None, cover: str | None, suspect: bool
) -> None:
    """10m asked: buildings of 20m at one half carry it to the yuan."""
    content = draft("jsb_wc", "jsb")
    check = regulated(bundle, content, card_class="A", buildings=buildings, cover=cover)
    told = [reason for reason in check.reasons if reason.code == "RELABEL_SUSPECT"]
    assert bool(told) == suspect
    assert outcome_of(check, "RELABEL_SUSPECT") is Outcome.PASS


# --- R16: an old loan under a new label -------------------------------------------------------------------------------


def refinancing(days: int | None) -> ApplicationContent:
    """A contract signed so many days ago; ``None``: no compute at all."""
    content = draft("jsb_wc", "jsb")
    line = content.lines[0].model_copy(update={"replaces_facility_id": REPLACED})
    contracts: list[dict[str, Any]] = []
    if days is not None:
        contracts = [
            {
                "key": "order",
                "number": "DD-1",
                "buyer_name": "大厂",
                "buyer_uscc": "91110000802100433B",
                "signed": fact((TODAY - timedelta(days=days)).isoformat()),
            }
        ]
    plain = content.model_dump(mode="json") | {"contracts": contracts}
    plain["lines"] = [line.model_dump(mode="json")]
    return ApplicationContent.model_validate(plain)


@pytest.mark.parametrize(
    ("days", "replaced", "suspect"),
    [
        (91, "operations", True),
        (90, "operations", False),
        (91, "research", False),
        (None, "operations", True),
        (0, "operations", False),
    ],
)
def test_r16_a_refinancing_of_the_same_purpose_brings_something_within_ninety_days(
    bundle: Bundle, days: int | None, replaced: str, suspect: bool
) -> None:
    content = refinancing(days)
    for check in (
        screened(bundle, content, replaced),
        regulated(bundle, content, card_class="A", replaced=replaced),
    ):
        assert warned(check, "RELABEL_REFINANCE") == suspect
        assert outcome_of(check, "RELABEL_REFINANCE") is Outcome.PASS


def test_r16_speaks_of_refinancing_only(bundle: Bundle) -> None:
    assert not warned(screened(bundle, draft("jsb_wc", "jsb"), "operations"), "RELABEL_REFINANCE")


# --- E7: stage and purpose --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "purpose", "code", "outcome"),
    [
        ("seed", "m_and_a", "STAGE_PURPOSE", Outcome.REFER),
        ("start_up", "m_and_a", "STAGE_PURPOSE", Outcome.REFER),
        ("seed", "share_buyback", "STAGE_PURPOSE", Outcome.REFER),
        ("growth", "m_and_a", "STAGE_PURPOSE", Outcome.PASS),
        ("mature", "m_and_a", "STAGE_FITS", Outcome.PASS),
        ("mature", "share_buyback", "STAGE_FITS", Outcome.PASS),
        ("seed", "compute_centre_construction", "STAGE_PURPOSE", Outcome.PASS),
        ("growth", "compute_centre_construction", "STAGE_FITS", Outcome.PASS),
        ("seed", "research", "STAGE_FITS", Outcome.PASS),
        (None, "research", "STAGE_FITS", Outcome.PASS),
        (None, "m_and_a", "STAGE_UNDECIDED", Outcome.REFER),
    ],
)
def test_e7_a_seed_firm_that_buys_another_is_looked_at(
    bundle: Bundle, stage: str | None, purpose: str, code: str, outcome: Outcome
) -> None:
    check = screened(bundle, draft("jsb_wc", "jsb", stage=stage, purpose=purpose))
    assert outcome_of(check, code) is outcome
    assert warned(check, "STAGE_PURPOSE") == (code == "STAGE_PURPOSE")


def test_no_question_of_fit_is_asked_of_a_case_from_before(bundle: Bundle) -> None:
    check = screened(bundle, draft("jsb_wc", "jsb", stage="seed", purpose="m_and_a"), on=date(2026, 11, 19))
    assert outcome_of(check, "STAGE_PURPOSE") is None


# --- the words of it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sound", "impossible"),
    [
        ("loan.days_since_new_compute", 0, -1),
        ("statements.leverage", Decimal(0), Decimal("-0.01")),
        ("security.property_share", Decimal(0), Decimal("-0.01")),
        *(("product.status", status, "RETIRED") for status in ("LIVE", "PILOT", "PROPOSED", "PROGRAMME")),
    ],
)
def test_a_fact_of_products_is_what_it_can_be(bundle: Bundle, name: str, sound: Any, impossible: Any) -> None:
    definition = bundle.vocabulary(TODAY)[name]
    assert read_fact(name, definition, {name: sound})[1] is None
    assert read_fact(name, definition, {name: impossible})[1] in ("out_of_range", "unlisted")


def test_e7_a_row_can_only_bite_in_three_ways(bundle: Bundle) -> None:
    (severity, _) = bundle.table("stage_purpose", TODAY).table.outputs
    assert severity.values == ("none", "WARN", "REFER")
