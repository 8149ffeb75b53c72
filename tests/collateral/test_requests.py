"""What an application becomes when its assets are to be valued."""

from datetime import date
from typing import Any

import pytest

from domain.application import ApplicationContent
from domain.collateral import CohortSubject, IntangibleSubject, PhysicalSubject, ReceivableSubject, ValuationRequest
from domain.dossier import Dossier
from domain.money import yuan
from domain.requests.collateral import asset_registrations, cohorts, valuation_request
from tests.collateral.requests import server

ON = date(2026, 3, 20)
CASE = "0192f0c1-2d3e-7f4a-8b5c-6d7e8f901234"


def fact(value: Any) -> dict[str, Any]:
    return {"value": value}


RUNNING: dict[str, Any] = {
    "rent": fact("12"),
    "rent_unit": "per_gpu_hour",
    "rent_basis": "on_demand",
    "rent_tax_included": False,
    "occupancy": fact("0.75"),
    "server_kw": fact("8"),
    "tariff_per_kwh": fact("0.55"),
    "rack_per_server_month": fact({"amount": "6000"}),
    "maintenance_rate": fact("0.03"),
    "sla_per_server_month": fact({"amount": "0"}),
}


def application(*assets: dict[str, Any], **sections: Any) -> ApplicationContent:
    lines = [{"existing": True, "description": "asset", "encumbrances": [], **asset} for asset in assets]
    return ApplicationContent.model_validate({"lender_id": "nxb", "assets": lines, **sections})


def fleet(*servers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"key": "servers", "kind": "gpu_server", "servers": list(servers), **changes}


def asked(content: ApplicationContent, key: str = "servers", cohort: str = "") -> ValuationRequest:
    name = cohort or next(ref.cohort for ref in cohorts(content) if ref.asset_key == key)
    zero = {"amount": "0"}
    dossier = Dossier.model_validate(
        {
            "case_id": CASE,
            "case_number": "SD2026-YC-000001",
            "branch": "YC",
            "policy_sha256": "0" * 64,
            "pinned_on": "2026-03-01",
            "lender_id": "nxb",
            "content": content.model_dump(),
            "line": {
                "key": "line",
                "product": "nxb_project_loan",
                "kind": "term",
                "amount": {"amount": "1000000"},
                "tenor_months": 48,
                "purpose": "compute_equipment_purchase",
                "repayment": {"method": "annuity"},
            },
            "lender": {
                "lender_id": "nxb",
                "name": "lender",
                "licence": "city_bank",
                "region": "640000",
                "capital_method": "standardised",
                "net_capital": {"amount": "1"},
                "tier1_capital": {"amount": "1"},
                "tax_rate": "0.25",
            },
            "exposures": dict.fromkeys(("customer_loans", "customer_exposure", "group_exposure"), zero)
            | {"net_capital": {"amount": "1"}, "tier1_capital": {"amount": "1"}},
        }
    )
    return valuation_request(dossier, key, name, ON)


def servers_of(content: ApplicationContent) -> CohortSubject:
    subject = asked(content).subject
    assert isinstance(subject, CohortSubject)
    return subject


def test_servers_alike_are_one_cohort_whatever_their_order() -> None:
    one, two, other = server("A-0001"), server("A-0002"), server("A-0003", gpu_type="H20")
    forward, backward = application(fleet(one, two, other)), application(fleet(other, two, one))
    assert cohorts(forward) == cohorts(backward)
    assert sorted(ref.units for ref in cohorts(forward)) == [1, 2]


@pytest.mark.parametrize(
    "difference",
    [{"condition": "used"}, {"provenance": "grey"}, {"model": "other"}, {"purchased": "2024-01-01"}, {"gpu_count": 4}],
)
def test_servers_that_are_worth_something_else_are_another_cohort(difference: dict[str, Any]) -> None:
    assert len(cohorts(application(fleet(server("A-0001"), server("A-0002", **difference))))) == 2


def test_a_cohort_keeps_its_name_from_day_to_day_and_fits_a_key() -> None:
    content = application(fleet(server("A-0001", purchased="2024-05-20")))
    (ref,) = cohorts(content)
    assert ref.cohort.startswith("8xH100-SXM-new-202405-")
    assert ref.cohort.isascii()
    assert len(ref.cohort) < 120


def test_every_asset_that_is_no_server_is_one_cohort() -> None:
    content = application(
        {"key": "hall", "kind": "civil_works", "cost": {"amount": "60000000"}},
        {"key": "claim", "kind": "receivable", "cost": {"amount": "1000000"}},
        {"key": "data", "kind": "data_asset"},
    )
    assert [(ref.asset_key, ref.cohort, ref.units) for ref in cohorts(content)] == [
        ("hall", "whole", 1),
        ("claim", "whole", 1),
        ("data", "whole", 1),
    ]


def test_the_unit_price_of_a_cohort_never_adds_up_to_more_than_was_paid() -> None:
    prices = ("2000000.00", "2000000.01", "2000000.01")
    rows = [server(f"A-000{n}", price_ex_vat={"amount": price}) for n, price in enumerate(prices)]
    assert servers_of(application(fleet(*rows))).replacement_cost_new == yuan("2000000.00")


@pytest.mark.parametrize(
    ("row", "age"),
    [
        ({"purchased": "2024-03-20"}, 24),
        ({"purchased": "2024-03-21"}, 23),
        ({"purchased": "2027-01-01"}, 0),
        ({}, 0),
        ({"condition": "used"}, None),
        ({"condition": "used", "purchased": "2025-03-20"}, 12),
    ],
)
def test_age_counts_whole_months_and_is_not_invented(row: dict[str, Any], age: int | None) -> None:
    assert servers_of(application(fleet(server("A-0001", **row)))).age_months == age


def rent(**changes: Any) -> str | None:
    content = application(fleet(server("A-0001")), economics=[RUNNING | changes], project={"pue": fact("1.25")})
    economics = servers_of(content).economics
    assert economics is not None
    return None if economics.rent_per_gpu_hour is None else f"{economics.rent_per_gpu_hour:.8f}"


def test_rents_are_brought_to_one_unit_before_tax() -> None:
    assert rent() == "12.00000000"
    assert rent(rent_tax_included=True) == "11.32075472"
    # 70,000 a server and month are 11.99 a GPU-hour (domain paper §3.3).
    assert rent(rent=fact("70000"), rent_unit="per_server_month") == "11.98630137"


@pytest.mark.parametrize("unsaid", [{"rent_tax_included": None}, {"rent_unit": None}, {"rent": {"state": "unknown"}}])
def test_a_rent_of_unsaid_unit_or_tax_is_not_known(unsaid: dict[str, Any]) -> None:
    assert rent(**unsaid) is None


def test_the_market_rent_is_taken_before_that_of_a_contract() -> None:
    contract = RUNNING | {"rent": fact("20"), "rent_basis": "contract_3y"}
    content = application(fleet(server("A-0001")), economics=[contract, RUNNING])
    economics = servers_of(content).economics
    assert economics is not None
    assert economics.rent_basis == "on_demand"


def test_the_models_own_economics_are_taken_before_those_of_all() -> None:
    own = RUNNING | {"gpu_model": "h100-sxm", "occupancy": fact("0.5")}
    content = application(fleet(server("A-0001")), economics=[RUNNING, own])
    economics = servers_of(content).economics
    assert economics is not None
    assert f"{economics.occupancy}" == "0.50000000"


def test_without_economics_none_are_made_up() -> None:
    assert servers_of(application(fleet(server("A-0001")))).economics is None


@pytest.mark.parametrize(
    ("declared", "encumbered"),
    [(None, None), ([], False), ([{"holder": "示例银行", "kind": "floating_charge"}], True)],
)
def test_rights_nobody_speaks_of_are_not_absent(declared: Any, encumbered: bool | None) -> None:
    assert asked(application(fleet(server("A-0001"), encumbrances=declared))).encumbered is encumbered


@pytest.mark.parametrize(
    ("operator", "colocated"),
    [(None, None), ({"state": "unknown"}, None), ({"state": "not_applicable"}, False), (fact("示例机房"), True)],
)
def test_whose_room_the_servers_stand_in(operator: Any, colocated: bool | None) -> None:
    assert asked(application(fleet(server("A-0001"), colocation_operator=operator))).colocated is colocated


def test_works_that_are_still_to_be_built_have_no_age() -> None:
    hall = {"key": "hall", "kind": "civil_works", "cost": {"amount": "60000000"}}
    planned = asked(application(hall | {"existing": False}), "hall").subject
    standing = asked(application(hall), "hall").subject
    assert isinstance(planned, PhysicalSubject)
    assert isinstance(standing, PhysicalSubject)
    assert (planned.age_months, standing.age_months) == (0, None)


def test_an_order_is_valued_by_its_contract() -> None:
    contract = {
        "key": "order",
        "number": "X-1",
        "buyer_name": "buyer",
        "buyer_uscc": "91330100MA27BYCX6D",
        "kind": fact("framework"),
        "amount": fact({"amount": "10000000"}),
        "advance_received": {"state": "undisclosed"},
    }
    order = {"key": "claim", "kind": "compute_order", "contract_key": "order"}
    subject = asked(application(order, contracts=[contract]), "claim").subject
    assert isinstance(subject, ReceivableSubject)
    assert (subject.firm, subject.amount, subject.advance_received) == (False, yuan("10000000"), None)
    loose = asked(application({**order, "contract_key": None}, contracts=[contract]), "claim").subject
    assert isinstance(loose, ReceivableSubject)
    assert (loose.firm, loose.amount) == (None, None)


@pytest.mark.parametrize(
    ("terms", "certificate"),
    [
        (None, None),
        ({"certificate": fact("数据资产登记证书 1")}, True),
        ({"certificate": fact("数据资产登记证书 1"), "right_expires": fact("2026-03-19")}, False),
        ({"certificate": {"state": "not_applicable"}}, False),
        ({"certificate": {"state": "unknown"}}, None),
    ],
)
def test_a_certificate_counts_while_it_stands(terms: Any, certificate: bool | None) -> None:
    subject = asked(application({"key": "data", "kind": "data_asset", "data_terms": terms}), "data").subject
    assert isinstance(subject, IntangibleSubject)
    assert subject.certificate is certificate


def test_what_is_not_in_the_application_cannot_be_valued() -> None:
    content = application(fleet(server("A-0001")))
    for key, cohort in (("other", "whole"), ("servers", "whole")):
        with pytest.raises(KeyError):
            asked(content, key, cohort)


def test_the_case_takes_its_policy_of_the_day_it_was_submitted() -> None:
    assert asked(application(fleet(server("A-0001")))).policy_on == date(2026, 3, 1)


def test_every_asset_is_entered_into_the_register() -> None:
    content = application(fleet(server("A-0001")), {"key": "hall", "kind": "civil_works", "encumbrances": None})
    entries = asset_registrations(content, asked(content).case_id, "YC", "SD2026-YC-000001")
    assert [(entry.asset_key, len(entry.servers), entry.encumbrances) for entry in entries] == [
        ("servers", 1, ()),
        ("hall", 0, None),
    ]
    assert {entry.case_number for entry in entries} == {"SD2026-YC-000001"}


def test_what_sets_servers_apart_comes_from_the_inventory() -> None:
    """The least of a cohort's servers stands for all of them."""
    rows = (
        server("A-0001", gpu_memory_gb=141, warranty_until="2029-03-20"),
        server("A-0002", gpu_memory_gb=80, warranty_until="2028-06-30"),
    )
    subject = servers_of(application(fleet(*rows)))
    assert (subject.memory_gb, subject.warranty_months, subject.form_factor) == (80, 27, "sxm")


@pytest.mark.parametrize(
    ("named", "mounted"),
    [
        ({"model": "8xH100 SXM", "gpu_type": "H100"}, "sxm"),
        ({"model": "8xH20", "gpu_type": "H20-141G-OAM"}, "oam"),
        ({"model": "4xH100 PCIe", "gpu_type": "H100"}, "pcie"),
        ({"model": "8xH20", "gpu_type": "H20-141G"}, None),
    ],
)
def test_how_a_gpu_is_mounted_is_known_where_its_name_says_so(named: dict[str, Any], mounted: str | None) -> None:
    assert servers_of(application(fleet(server("A-0001", **named)))).form_factor == mounted


def test_a_warranty_that_is_not_known_of_every_server_is_known_of_none() -> None:
    rows = (server("A-0001", warranty_until="2029-03-20"), server("A-0002"))
    assert servers_of(application(fleet(*rows))).warranty_months is None
    expired = servers_of(application(fleet(server("A-0003", warranty_until="2025-01-01"))))
    assert expired.warranty_months == 0


@pytest.mark.parametrize(
    ("given", "lost"),
    [
        ({"rent": fact("70000")}, "rent_per_gpu_hour"),
        ({"rent": fact("9000000"), "rent_unit": "per_server_month"}, "rent_per_gpu_hour"),
        ({"tariff_per_kwh": fact("550")}, "tariff_per_kwh"),
    ],
)
def test_a_price_in_a_unit_that_cannot_be_meant_is_no_price(given: dict[str, Any], lost: str) -> None:
    """A value is not formed on it, and says which line is missing; the request itself can still be made."""
    economics = servers_of(application(fleet(server("A-0001")), economics=[RUNNING | given])).economics
    assert economics is not None
    assert getattr(economics, lost) is None
    usual = servers_of(application(fleet(server("A-0001")), economics=[RUNNING])).economics
    assert usual is not None
    assert getattr(usual, lost) is not None
