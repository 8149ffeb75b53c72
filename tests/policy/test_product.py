"""Products, families and product fit: what a file gets wrong is told at its line, and what it allows follows from it."""

from pathlib import Path
from textwrap import indent

import pytest

from policy.engine import ProductStatus
from tests.policy.small_books import book, faults
from tests.policy.test_scorecard import SCALE, card

PRODUCT = """
kind: product
id: loan
version: 1
effective_from: 2024-01-01
title_zh: 贷款
title_en: Loan
source: [Test]
status: STATUS
lenders: [bank]
line_kind: revolving
loan_class: working_capital
purposes: [operations, rental]
amount_cap: {amount: 100.00, currency: CNY}
tenor_cap_months: 60
need: working_capital
capacity: revenue
revenue_share: 0.25
repayment_methods: [bullet]
drawings: multiple
scorecard: card
round_down_to: {amount: 1.00, currency: CNY}
"""
CONDITIONS = """
kind: conditions
id: conditions
version: 1
effective_from: 2024-01-01
title_zh: 条件
title_en: Conditions
source: [Test]
products: [loan]
conditions:
  - {id: CP_ACCOUNT, kind: precedent, title_zh: 账户, title_en: Account, evidence: [agreement], basis: Test}
"""


def told(tmp_path: Path, more: str, *, status: str = "PROPOSED", **files: str) -> list[str]:
    text = PRODUCT.replace("STATUS", status) + more
    return [fault.partition(": ")[2] for fault in faults(tmp_path, scale=SCALE, card=card(), loan=text, **files)]


def criterion(fact: str = "firm.size", values: str = "[small]", code: str = "NOT_SMALL") -> str:
    return (
        f"offered_to:\n  - id: {code}\n    fact: {fact}\n    values: {values}\n"
        "    message_zh: 规模 {firm.size}\n    message_en: size {firm.size}\n"
    )


def test_a_sound_product_has_no_faults(tmp_path: Path) -> None:
    terms = "purpose_terms:\n  - {purpose: rental, title_zh: 租, title_en: Rent, tenor_cap_months: 36}\n"
    assert told(tmp_path, criterion() + terms) == []


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (criterion("firm.colour"), "offered_to/0/fact: 'firm.colour' is not a declared fact"),
        (
            criterion("loan.months", "['36']"),
            "offered_to/0/fact: 'loan.months' is no code: figures and flags are asked for by a rule of admission",
        ),
        (criterion(values="[small, huge]"), "offered_to/0/values/1: 'huge' is not a declared value of this fact"),
        (criterion(values="[small, small]"), "offered_to/0/values/1: 'small' is listed twice"),
        (
            criterion(values="[small, large]"),
            "offered_to/0/values: every declared value is offered: a criterion that excludes nobody is left out",
        ),
        (
            criterion().replace("规模 {firm.size}", "规模 {firm.hue}"),
            "offered_to/0/message_zh: the message shows 'firm.hue'",
        ),
        (
            "purpose_terms:\n  - {purpose: wages, title_zh: 薪, title_en: Wages}\n",
            "purpose_terms/0/purpose: 'wages' is not a purpose of this product",
        ),
        (
            "purpose_terms:\n" + 2 * "  - {purpose: rental, title_zh: 租, title_en: Rent}\n",
            "purpose_terms/1/purpose: the terms of 'rental' are stated twice",
        ),
        (
            "purpose_terms:\n  - {purpose: rental, title_zh: 租, title_en: Rent, tenor_cap_months: 61}\n",
            "purpose_terms/0/tenor_cap_months: longer than the 60 months of the product",
        ),
        ("minimum_amount: {amount: 100.01, currency: CNY}\n", "minimum_amount: the least amount lies above the cap"),
        ("minimum_tenor_months: 61\n", "minimum_tenor_months: the shortest tenor lies above the cap"),
        ("tags: [a, a]\n", "tags/1: 'a' is listed twice"),
        ("guarantee_methods: [credit, credit]\n", "guarantee_methods/1: 'credit' is listed twice"),
        ("family: nobody\n", "family: there is no product_family 'nobody'"),
        ("lease_forms: [direct]\n", "a lease, and nothing else, has lease_forms"),
        (
            "off_balance: {exposure_kind: advance_payment_guarantee, annual_fee: 0.01}\n",
            "a guarantee, and nothing else, has off_balance",
        ),
    ],
)
def test_what_a_product_gets_wrong_is_told(tmp_path: Path, more: str, reason: str) -> None:
    found = told(tmp_path, more)
    assert len(found) == 1, found
    assert reason in found[0]


def test_the_same_rule_id_in_two_places_of_a_product(tmp_path: Path) -> None:
    rule = (
        "admission:\n  - id: NOT_SMALL\n    severity: BLOCK\n    applies: [submission]\n"
        '    breached_when:\n      - {firm.listed: "true"}\n    message_zh: 上市\n    message_en: listed\n'
    )
    assert told(tmp_path, rule + criterion()) == ["offered_to/0/id: the rule id 'NOT_SMALL' appears twice"]
    own = "purpose_terms:\n  - purpose: rental\n    title_zh: 租\n    title_en: Rent\n" + indent(rule, "    ")
    assert told(tmp_path, own + criterion()) == [
        "purpose_terms/0/admission/0/id: the rule id 'NOT_SMALL' appears twice"
    ]


@pytest.mark.parametrize(
    ("status", "more", "code"),
    [
        ("LIVE", "", None),
        ("PILOT", "", None),
        ("PROPOSED", "", "PRODUCT_NOT_LIVE"),
        ("PROGRAMME", "", "PROGRAMME_NOT_BOOKABLE"),
        ("LIVE", "carried: terms\n", "BOOKED_ELSEWHERE"),
        ("PROPOSED", "carried: terms\n", "PRODUCT_NOT_LIVE"),
    ],
)
def test_what_is_booked_has_conditions_and_what_is_not_says_why(
    tmp_path: Path, status: str, more: str, code: str | None
) -> None:
    text = PRODUCT.replace("STATUS", status) + more
    without = faults(tmp_path, scale=SCALE, card=card(), loan=text)
    assert bool(without) == (code is None)
    product = book(tmp_path, scale=SCALE, card=card(), loan=text, conditions=CONDITIONS).files()
    (found,) = [item for item in product if item.kind == "product"]
    assert found.not_booked == code  # type: ignore[attr-defined]
    assert found.status is ProductStatus(status)  # type: ignore[attr-defined]


FAMILY = """
kind: product_family
id: house
version: 1
effective_from: 2024-01-01
title_zh: 系列
title_en: Family
source: [Test]
lenders: [bank]
boards:
  - {id: first, title_zh: 甲, title_en: First, segments: [small], fact: firm.size}
  - {id: second, title_zh: 乙, title_en: Second, segments: [SECOND], fact: firm.size}
tracks:
  - {id: one, title_zh: 一, title_en: One}
  - {id: TRACK, title_zh: 二, title_en: Two}
"""


@pytest.mark.parametrize(
    ("second", "track", "reason"),
    [
        ("large", "two", None),
        ("small", "two", "boards/1/segments/0: 'small' is already of 'first'"),
        ("huge", "two", "boards/1/segments/0: 'huge' is not a declared value of this fact"),
        ("large", "one", "tracks/1/id: the track 'one' appears twice"),
    ],
)
def test_a_segment_belongs_to_one_board(tmp_path: Path, second: str, track: str, reason: str | None) -> None:
    text = FAMILY.replace("SECOND", second).replace("TRACK", track)
    found = faults(tmp_path, family=text)
    assert [fault.partition(": ")[2] for fault in found] == ([reason] if reason else [])
