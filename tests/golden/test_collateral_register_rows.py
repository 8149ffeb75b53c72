"""Rows of the domain paper on the register, perfection, the registry and attestations, by row id."""

from datetime import date
from uuid import UUID

import pytest

from domain.application.serials import serial_identity
from domain.collateral import PerfectionStage, SecurityKind
from domain.finding import Outcome
from domain.security_interest import SearchedEntry, SearchInputs
from services.collateral.calc.perfection import (
    FILED_WITH_MOVABLES,
    PURCHASE_MONEY_DAYS,
    Interest,
    purchase_money_priority,
    ranks,
    standing,
)
from services.collateral.calc.registry_search import conclude

DELIVERED = date(2025, 3, 1)


def test_row_a5_a_data_asset_pledge_has_a_registration_path_and_does_not_exist_before() -> None:
    """Row A5 and finding 9: the registry of movables takes data assets since 2025, and no IP pledge."""
    assert SecurityKind.DATA_ASSET_PLEDGE in FILED_WITH_MOVABLES
    assert SecurityKind.IP_PLEDGE not in FILED_WITH_MOVABLES
    for as_of, stage in (
        (date(2025, 4, 1), PerfectionStage.NOT_CREATED),
        (date(2025, 4, 2), PerfectionStage.PERFECTED),
    ):
        found = standing(
            SecurityKind.DATA_ASSET_PLEDGE,
            agreed_on=date(2025, 3, 1),
            registered_on=date(2025, 4, 2),
            expires=date(2026, 4, 1),
            as_of=as_of,
        )
        assert found.stage is stage


@pytest.mark.parametrize(("registered", "priority"), [(date(2025, 3, 11), True), (date(2025, 3, 12), False)])
def test_row_2_4_ten_days_of_purchase_money(registered: date, priority: bool) -> None:
    """Delivery 2025-03-01: registered 03-11 yes, 03-12 no (Civil Code §416)."""
    kind = SecurityKind.EQUIPMENT_MORTGAGE
    assert purchase_money_priority(kind, DELIVERED, registered, PURCHASE_MONEY_DAYS) is priority


def test_row_2_4_two_mortgages_rank_by_time_and_the_unregistered_last() -> None:
    """Registered 03-05 and 03-04 (§414)."""
    found = ranks([Interest("first", date(2025, 3, 5)), Interest("second", date(2025, 3, 4)), Interest("none", None)])
    assert {key: item.rank for key, item in found.items()} == {"second": 1, "first": 2, "none": 3}


def test_row_2_4_the_operators_lien_outranks_the_mortgage() -> None:
    """§456: ask for a waiver."""
    found = ranks([Interest("mortgage", DELIVERED, purchase_money=True), Interest("room", None, possessory=True)])
    assert (found["room"].rank, found["mortgage"].rank) == (1, 2)


def test_row_r1_two_of_512_serials_on_another_registration_block() -> None:
    serials = tuple(sorted(serial_identity(f"SN-2026-{number:05d}") for number in range(512)))
    entry = SearchedEntry(
        number="20250301000007",
        creditor="别家银行",
        kind="equipment_mortgage",
        registered_on=date(2025, 3, 1),
        expires=date(2030, 2, 28),
        cancelled=False,
        description="GPU 服务器：sn 2026 00017、ＳＮ－２０２６－００４００、SN-2025-00017",
    )
    inputs = SearchInputs(
        asset_id=UUID(int=1),
        debtor_uscc="91640500MA76XY1205",
        as_of=date(2025, 3, 11),
        serials=serials,
        own_numbers=(),
        entries=(entry,),
    )
    found = conclude(inputs)
    assert (found.outcome, found.value.entries[0].serials) == (Outcome.FAIL, 2)
    assert [(item.code, item.subject) for item in found.reasons] == [
        ("SERIAL_ON_ANOTHER_REGISTRATION", "20250301000007")
    ]
