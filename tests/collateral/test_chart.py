"""The chart of a value path: what stands in the picture, in both languages, and over HTTP."""

from decimal import Decimal
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import httpx
import pytest

from domain.collateral import Valuation
from domain.drawing import Scale, round_ticks
from services.collateral.calc.gpu_server.chart import MOST_BALANCES, Language, chart
from services.collateral.calc.valuation import conclude
from tests.collateral.conftest import Speaker, book
from tests.collateral.requests import AS_OF, cohort, registration, request, valuation
from tests.collateral.servers import MODEL_2_ON as ON

POLICY = book().collateral(ON)
SVG = "{http://www.w3.org/2000/svg}"


def valued(**changes: Any) -> Valuation:
    return conclude(request(cohort(**changes), as_of=ON.isoformat()), POLICY, 90).value


def drawn(value: Valuation | None = None, language: Language = "en", balance: list[Decimal] | None = None) -> str:
    value = value or valued()
    assert value.path is not None
    return chart(value, value.path, POLICY.covenants, ON, language, balance or [])


def level(amount: int, months: int) -> list[Decimal]:
    """Balances of a level annuity at 3.85 % a year."""
    rate = Decimal("0.0385") / 12
    payment = amount * rate / (1 - (1 + rate) ** -months)
    owed = [Decimal(amount)]
    for _ in range(months):
        owed.append(max(Decimal(0), round(owed[-1] * (1 + rate) - payment, 2)))
    return owed


def texts(picture: str) -> list[str]:
    return [item.text or "" for item in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def test_what_the_picture_shows() -> None:
    picture = drawn(balance=level(700_000, 36))
    said = texts(picture)
    for entry in (
        "GPU servers: value over time",
        "Resale curve",
        "Income value at the quantile",
        "Enforcement, LTV 95 %",
        "Margin call, LTV 85 %",
        "Watch, LTV 75 %",
        "Balance of the loan",
        "CNY million",
    ):
        assert entry in said
    root = ElementTree.fromstring(picture)
    lines = [item.get("points", "").split() for item in root.iter(f"{SVG}polyline")]
    # Market, expected and quantile, three limits over sixty months; the balance in steps over thirty-six.
    assert sorted({len(points) for points in lines}) == [2, 61, 73]
    assert len(root.findall(f"{SVG}polygon")) == 1


def test_chinese_labels() -> None:
    said = texts(drawn(language="zh", balance=level(700_000, 36)))
    assert {"GPU 服务器价值路径", "追加担保线 LTV 85 %", "贷款余额", "万元", "距估值日月数"} <= set(said)


def test_row_3_7_the_worst_month_of_a_level_annuity() -> None:
    """80 % of cost over 36 months: LTV on V_q is at worst 2.15, in month 13."""
    said = texts(drawn(balance=level(1_600_000, 36)))
    assert "Worst LTV 215.3 %, month 13" in said
    assert "Margin call first in month 0" in said


def test_a_balance_that_stays_below_the_call_is_said_to() -> None:
    assert "Never above the margin call" in texts(drawn(balance=level(300_000, 36)))


def test_a_loan_may_outlive_its_servers() -> None:
    old = drawn(valued(age_months=50), balance=level(100_000, 24))
    assert "Worst LTV 37.0 %, month 10" in texts(old)


def test_what_is_worth_nothing_is_said_to_be() -> None:
    value = valued()
    assert value.path is not None
    nothing = value.path.model_copy(update={"quantile": (Decimal(0),) * 61})
    picture = chart(value, nothing, POLICY.covenants, ON, "en", [Decimal(100)])
    assert "No value from month 0" in texts(picture)


@pytest.mark.parametrize("age", [0, 45, 59, 60, 200])
@pytest.mark.parametrize("servers", [1, 1_000_000])
def test_every_mark_lies_on_the_sheet(age: int, servers: int) -> None:
    root = ElementTree.fromstring(drawn(valued(age_months=age, servers=servers), balance=level(1_600_000, 60)))
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    for line in root.iter(f"{SVG}polyline"):
        for point in line.get("points", "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height


def test_the_same_figures_are_drawn_in_the_same_bytes() -> None:
    assert drawn(balance=level(700_000, 36)) == drawn(balance=level(700_000, 36))


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [("0", "0 1"), ("458", "0 100 200 300 400 500"), ("1", "0 0.2 0.4 0.6 0.8 1"), ("2000000", None), ("0.07", None)],
)
def test_ticks_are_round_and_reach_the_highest_figure(highest: str, ticks: str | None) -> None:
    found = round_ticks(Decimal(highest), 6)
    assert found[0] == 0
    assert found[-1] >= Decimal(highest)
    assert len(found) <= 7
    if ticks is not None:
        assert [Decimal(item) for item in ticks.split()] == list(found)


def test_a_single_figure_lies_in_the_middle_of_its_scale() -> None:
    assert Scale(Decimal(5), Decimal(5), Decimal(0), Decimal(10)).place(Decimal(5)) == 5


# --- over HTTP --------------------------------------------------------------------------------------------------------


async def kept(worker: httpx.AsyncClient, **changes: Any) -> str:
    body = valuation(cohort(), as_of=ON.isoformat()) | changes
    answer = await worker.post("/v1/valuations", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 200, answer.text
    return f"/v1/valuations/{answer.json()['id']}/chart.svg"


async def test_a_stored_valuation_is_drawn(worker: httpx.AsyncClient) -> None:
    address = await kept(worker)
    balance = [str(item) for item in level(700_000, 36)]
    answer = await worker.get(address, params={"lang": "en", "balance": balance})
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    assert answer.text == drawn(balance=level(700_000, 36))
    assert "价值路径" in (await worker.get(address)).text


async def test_a_valuation_without_a_path_is_not_drawn(worker: httpx.AsyncClient) -> None:
    for changes in ({"as_of": AS_OF.isoformat()}, {"subject": cohort(economics=None)}):
        answer = await worker.get(await kept(worker, **changes))
        assert (answer.status_code, answer.json()["code"]) == (409, "no_value_path")


@pytest.mark.parametrize(
    "query",
    [
        {"lang": "fr"},
        {"balance": "-1"},
        {"balance": "NaN"},
        {"balance": "1e9999"},
        {"balance": ["1"] * (MOST_BALANCES + 1)},
    ],
)
async def test_balances_that_cannot_be_are_refused_by_name(worker: httpx.AsyncClient, query: dict[str, Any]) -> None:
    answer = await worker.get(await kept(worker), params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"query/{next(iter(query))}")


async def test_a_chart_of_another_branch_is_not_found(worker: httpx.AsyncClient, person: Speaker) -> None:
    case_id = uuid4()
    entry = registration(case_id, f"CH-{case_id.hex[:8]}", branch="640100")
    await worker.post("/v1/assets", json=entry, headers={"Idempotency-Key": str(uuid4())})
    address = await kept(worker, case_id=str(case_id))
    assert (await (await person("li.na", "collateral_officer", "640100")).get(address)).status_code == 200
    stranger = await person("wu.jie", "collateral_officer", "320100")
    assert (await stranger.get(address)).status_code == 404
    assert (await stranger.get(address.replace("chart.svg", "inputs"))).status_code == 404
    nothing = f"/v1/valuations/{uuid4()}/chart.svg"
    assert (await worker.get(nothing)).status_code == 404
