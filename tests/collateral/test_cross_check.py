"""A value path against simulated rents, over HTTP: the closed forms hold, the seed repeats the run."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.collateral.conftest import Speaker
from tests.collateral.requests import AS_OF, cohort, registration, valuation
from tests.collateral.servers import MODEL_2_ON as ON


async def kept(worker: httpx.AsyncClient, **changes: Any) -> str:
    body = valuation(cohort(), as_of=ON.isoformat()) | changes
    answer = await worker.post("/v1/valuations", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 200, answer.text
    return f"/v1/valuations/{answer.json()['id']}/cross-check"


async def test_simulated_rents_bear_the_path_out(worker: httpx.AsyncClient) -> None:
    """Half a percent at month 24 of the golden server, whose 5 % quantile is 315,489."""
    answer = await worker.get(await kept(worker), params={"month": 24, "paths": 200_000})
    found = answer.json()
    assert (found["seed"], found["paths"], found["quantile"]) == (20260101, 200_000, "315488.99")
    for figure in ("quantile", "mean"):
        exact, simulated = Decimal(found[figure]), Decimal(found["simulated"][figure])
        assert abs(simulated / exact - 1) < Decimal("0.005")
    assert Decimal(found["launches_at_random"]["quantile"]) < Decimal(found["quantile"])
    assert Decimal(found["brownian_quantile"]) < Decimal(found["quantile"])


async def test_it_is_the_rent_of_the_valuation_that_is_simulated(worker: httpx.AsyncClient) -> None:
    usual, many = await kept(worker), await kept(worker, subject=cohort(servers=40))
    found = [(await worker.get(address, params={"paths": 1_000})).json() for address in (usual, usual, many)]
    assert found[0] == found[1] == found[2], "one server, whatever the cohort counts"
    other = (await worker.get(usual, params={"paths": 1_000, "seed": 7})).json()
    assert other["simulated"] != found[0]["simulated"]


async def test_after_the_end_of_its_life_a_server_is_scrap(worker: httpx.AsyncClient) -> None:
    found = (await worker.get(await kept(worker), params={"month": 600, "paths": 1_000})).json()
    assert (found["quantile"], found["simulated"]["mean_error"]) == ("160000.00", "0.00")


@pytest.mark.parametrize(
    "query", [{"month": -1}, {"month": 601}, {"paths": 999}, {"paths": 10**9}, {"seed": -1}, {"seed": 2**32}]
)
async def test_runs_that_are_not_offered_are_refused_by_name(worker: httpx.AsyncClient, query: dict[str, int]) -> None:
    answer = await worker.get(await kept(worker), params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"query/{next(iter(query))}"


async def test_what_has_no_path_has_none_to_check(worker: httpx.AsyncClient) -> None:
    answer = await worker.get(await kept(worker, as_of=AS_OF.isoformat()))
    assert (answer.status_code, answer.json()["code"]) == (409, "no_value_path")


async def test_another_branch_finds_nothing(worker: httpx.AsyncClient, person: Speaker) -> None:
    case_id = uuid4()
    entry = registration(case_id, f"CC-{case_id.hex[:8]}", branch="640100")
    await worker.post("/v1/assets", json=entry, headers={"Idempotency-Key": str(uuid4())})
    stranger = await person("wu.jie", "collateral_officer", "320100")
    assert (await stranger.get(await kept(worker, case_id=str(case_id)))).status_code == 404
