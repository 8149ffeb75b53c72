"""What an application must say of an order and of a data asset, named at submission with its place."""

import json

import pytest

from domain.application import ApplicationContent
from services.origination.calc.completeness import missing
from tests.collateral.test_rights_requests import REPORT, TERMS
from tests.examples.test_cases import ON, book, content, filed


def lacking(body: ApplicationContent) -> set[str]:
    return {item.pointer for item in missing(body, book(), filed("jsb-order"), ON)}


def plain() -> dict[str, object]:
    found: dict[str, object] = json.loads(content("jsb-order").model_dump_json())
    return found


@pytest.mark.parametrize(
    "name",
    ["gpu_model", "quantity", "unit_price", "buyer_confirmed", "buyer_announced", "buyer_compute_capex", "collections"],
)
def test_an_order_states_what_makes_it_firm(name: str) -> None:
    body = content("jsb-order")
    silent = body.contracts[0].model_copy(update={name: None})
    assert lacking(body.model_copy(update={"contracts": (silent,)})) == {f"/contracts/0/{name}"}


def data_asset(terms: object) -> ApplicationContent:
    body = plain()
    line = {"key": "data", "kind": "data_asset", "description": "数据资产", "existing": True, "encumbrances": []}
    assets = body["assets"]
    assert isinstance(assets, list)
    return ApplicationContent.model_validate(body | {"assets": [*assets, line | {"data_terms": terms}]})


def test_a_data_asset_with_a_whole_report_lacks_nothing() -> None:
    assert lacking(data_asset(TERMS)) == set()


def test_every_fact_of_a_missing_report_is_named() -> None:
    places = lacking(data_asset(TERMS | {"evaluation": None}))
    optional = {"forecast", "royalty_rate", "tests", "trades"}
    assert places == {f"/assets/1/data_terms/evaluation/{name}" for name in REPORT if name not in optional}


def test_the_terms_themselves_are_asked_for() -> None:
    assert lacking(data_asset(None)) == {"/assets/1/data_terms"}
    assert lacking(data_asset(TERMS | {"right": None})) == {"/assets/1/data_terms/right"}
