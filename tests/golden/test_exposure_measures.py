"""What stands in the books, in the three measures: golden cases by row id, through the functions the routes call."""

from datetime import date
from decimal import Decimal

import pytest

from domain.books import CreditLineKind
from domain.money import Money, yuan
from policy.engine import Bundle
from services.origination.calc.exposures import (
    Position,
    conversions,
    exposure_kind,
    loan_balance,
    total_exposure,
    unified_credit,
)

TODAY = date(2026, 11, 23)
MILLION = 1_000_000


def granted(bundle: Bundle, kind: str, amount: int, outstanding: int = 0) -> Position:
    return Position.of_commitment(
        kind,
        conversions(bundle, TODAY),
        customer="c",
        amount=yuan(amount * MILLION),
        outstanding=yuan(outstanding * MILLION),
        effective_from=date(2026, 1, 1),
        effective_to=date(2027, 12, 31),
    )


def measures(*positions: Position) -> tuple[Money, Money, Money]:
    return loan_balance(positions), total_exposure(positions, TODAY), unified_credit(positions, TODAY)


def test_a22_a_guarantee_of_1000m_is_credit_of_500m_and_1000m_of_unified_credit(bundle: Bundle) -> None:
    product = bundle.product("bob_apg", TODAY)
    kind = exposure_kind(product)
    assert kind == "advance_payment_guarantee"
    issued = granted(bundle, kind, 1_000, outstanding=1_000)
    assert measures(issued) == (yuan(0), yuan(500 * MILLION), yuan(1_000 * MILLION))


@pytest.mark.parametrize(
    ("kind", "loans", "exposure", "unified"),
    [
        # 100m promised, 60m of it used: the rest of a loan converts as a commitment, 60 + 0.4 × 40.
        ("loan", 60, 76, 100),
        ("bond", 0, 76, 100),
        ("lease", 0, 76, 100),
        # Off balance the whole converts by its own factor, issued or not.
        ("direct_credit_substitute", 0, 100, 100),
        ("performance_guarantee", 0, 50, 100),
        ("advance_payment_guarantee", 0, 50, 100),
        ("trade", 0, 20, 100),
    ],
)
def test_each_kind_of_credit_in_three_measures(
    bundle: Bundle, kind: str, loans: int, exposure: int, unified: int
) -> None:
    expected = tuple(yuan(amount * MILLION) for amount in (loans, exposure, unified))
    assert measures(granted(bundle, kind, 100, outstanding=60)) == expected


def test_a24_the_single_name_stands_on_250m_of_loans_before_the_case(bundle: Bundle) -> None:
    """The books' side of A24: 250m drawn of a facility of 290m is a loan balance of 250m, and never 290m."""
    drawn = granted(bundle, "loan", 290, outstanding=250)
    assert measures(drawn) == (yuan(250 * MILLION), yuan(266 * MILLION), yuan(290 * MILLION))


def test_a_kind_that_no_table_lists_counts_whole(bundle: Bundle) -> None:
    # Before 2024-01-01 the table is not in force.
    early = conversions(bundle, date(2023, 12, 31))
    assert early("trade").factor == Decimal(1)
    assert conversions(bundle, TODAY)("something_else").factor == Decimal(1)
    assert conversions(bundle, date(2024, 1, 1))("trade").factor == Decimal("0.20")


def test_an_umbrella_is_a_ceiling_and_no_exposure() -> None:
    ceiling = Position.of_line(
        CreditLineKind.UMBRELLA,
        customer="c",
        amount=yuan(500 * MILLION),
        outstanding=yuan(0),
        undrawn_factor=Decimal(1),
        effective_from=date(2026, 1, 1),
        effective_to=date(2027, 12, 31),
    )
    assert measures(ceiling) == (yuan(0), yuan(0), yuan(0))


def test_an_issued_guarantee_of_another_book_converts_by_its_line(bundle: Bundle) -> None:
    """A line entered with its own factor: what is issued under it converts as well, and is no loan."""
    line = Position.of_line(
        CreditLineKind.GUARANTEE,
        customer="c",
        amount=yuan(1_000 * MILLION),
        outstanding=yuan(600 * MILLION),
        undrawn_factor=Decimal("0.5"),
        effective_from=date(2026, 1, 1),
        effective_to=date(2027, 12, 31),
    )
    assert measures(line) == (yuan(0), yuan(500 * MILLION), yuan(1_000 * MILLION))
