"""``POST /v1/quotes/sensitivity`` and its chart, over HTTP."""

import json
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from domain.finding import Finding
from domain.sensitivity import Axis, Sensitivity
from tests.fixtures.identity import Tokens
from tests.pricing import requests
from tests.pricing.conftest import book

PATH = "/v1/quotes/sensitivity"
CHART = f"{PATH}/chart.svg"


def body(**changes: Any) -> dict[str, Any]:
    secured = (requests.asset("gpu", "gpu_server", 60_000_000, "0.50"),)
    plain: dict[str, Any] = json.loads(requests.quote(book(), collateral=secured).model_dump_json())
    return plain | changes


async def post(client: httpx.AsyncClient, path: str, content: dict[str, Any], **headers: str) -> httpx.Response:
    return await client.post(path, json=content, headers={"Idempotency-Key": "one", **headers})


async def test_a_sensitivity_is_answered_filed_and_drawn(worker: httpx.AsyncClient) -> None:
    answer = await post(worker, PATH, body(cross=["pd", "collateral"]))
    assert answer.status_code == 201, answer.text
    finding = Finding[Sensitivity].model_validate_json(answer.content)
    assert finding.value is not None
    assert [curve.axis for curve in finding.value.curves] == list(Axis)
    assert finding.value.cross is not None
    again = await worker.get(answer.headers["location"])
    assert Finding[Sensitivity].model_validate_json(again.content) == finding
    drawn = await worker.get(f"{PATH}/{finding.id}/chart.svg")
    assert drawn.status_code == 200
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.headers["content-security-policy"] == "default-src 'none'"
    ElementTree.fromstring(drawn.content)
    unfiled = await worker.post(CHART, json=body(cross=["pd", "collateral"]))
    assert unfiled.content == drawn.content


async def test_the_base_case_is_what_a_quote_answers(worker: httpx.AsyncClient) -> None:
    price = (await post(worker, "/v1/quotes", body())).json()["value"]
    base = (await post(worker, f"{PATH}?dry_run=true", body())).json()["value"]["base"]
    assert {name: base[name] for name in ("all_in_rate", "margin_bps", "floor_rate", "raroc")} == {
        name: price[name] for name in ("all_in_rate", "margin_bps", "floor_rate", "raroc")
    }


async def test_every_impossible_value_is_named_with_bound_and_unit(worker: httpx.AsyncClient) -> None:
    answer = await post(
        worker,
        PATH,
        body(pd_values=["0.01", "1.2"], tenor_values=[0], collateral_values=["5%"], annual_revenue_eur_m="-3"),
        **{"Accept-Language": "en"},
    )
    assert answer.status_code == 422
    said = {error["pointer"]: error["message"] for error in answer.json()["errors"]}
    assert set(said) == {"/pd_values/1", "/tenor_values/0", "/collateral_values/0", "/annual_revenue_eur_m"}
    for pointer, bound, unit in (
        ("/pd_values/1", "(0, 1)", "probability"),
        ("/tenor_values/0", "[1, 600]", "months"),
        ("/collateral_values/0", "[0, 10]", "multiple"),
        ("/annual_revenue_eur_m", "[0, ∞)", "EUR million"),
    ):
        assert bound in said[pointer]
        assert unit in said[pointer]


async def test_a_cross_of_one_axis_and_an_unknown_relationship_are_refused(worker: httpx.AsyncClient) -> None:
    for path in (f"{PATH}?dry_run=true", CHART):
        crossed = await worker.post(path, json=body(cross=["pd", "pd"]))
        assert (crossed.status_code, crossed.json()["errors"][0]["code"]) == (422, "cross_of_one_axis")
        unknown = await worker.post(path, json=body(relationship="friend"))
        assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/relationship")


async def test_without_a_price_the_finding_refers_and_there_is_no_chart(worker: httpx.AsyncClient) -> None:
    answer = await post(worker, PATH, body(pd=None))
    assert answer.status_code == 201
    assert (answer.json()["outcome"], answer.json()["value"]) == ("refer", None)
    for drawn in (
        await worker.post(CHART, json=body(pd=None)),
        await worker.get(f"{PATH}/{answer.json()['id']}/chart.svg"),
    ):
        assert (drawn.status_code, drawn.json()["code"]) == (422, "no_price")


async def test_only_a_sensitivity_has_a_chart(worker: httpx.AsyncClient) -> None:
    price = await post(worker, "/v1/quotes", body())
    for one in (price.json()["id"], "019315f0-0000-7000-8000-00000000dead"):
        drawn = await worker.get(f"{PATH}/{one}/chart.svg")
        assert (drawn.status_code, drawn.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("role", ["relationship_manager", "reviewer", "approver"])
async def test_people_try_and_draw_without_storing(people: httpx.AsyncClient, tokens: Tokens, role: str) -> None:
    token = await tokens.staff(f"{role}.sensitivity", roles=[role], branch="640100")
    people.headers["Authorization"] = f"Bearer {token}"
    assert (await people.post(f"{PATH}?dry_run=true", json=body())).status_code == 200
    assert (await people.post(CHART, json=body())).status_code == 200
    assert (await post(people, PATH, body())).status_code == 403


async def test_others_see_no_chart(people: httpx.AsyncClient, tokens: Tokens) -> None:
    token = await tokens.staff("operator.sensitivity", roles=["operator"], branch="HO")
    people.headers["Authorization"] = f"Bearer {token}"
    assert (await people.post(CHART, json=body())).status_code == 403
    people.headers.pop("Authorization")
    assert (await people.post(CHART, json=body())).status_code == 401
