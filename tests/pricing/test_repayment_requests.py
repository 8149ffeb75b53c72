"""Repayment terms at the edge: what does not fit together is refused, all of it at once, with place and reason."""

import json
from datetime import date
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from domain.canonical import canonical
from domain.finding import Finding
from domain.money import yuan
from domain.pricing import Schedule, ScheduleRequest
from tests.pricing import requests
from tests.pricing.conftest import book

DRAWN = date(2026, 3, 21)
PART = {"on": "2026-03-21", "amount": {"amount": "4000000.00", "currency": "CNY"}}


def faults(**changes: Any) -> dict[str, str]:
    """What is wrong with a request: code by place."""
    body = requests.schedule(book()).model_dump(mode="json") | changes
    with pytest.raises(ValidationError) as refused:
        ScheduleRequest.model_validate_json(json.dumps(body))
    return {"/".join(str(part) for part in error["loc"]): error["type"] for error in refused.value.errors()}


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def test_terms_that_are_not_used_are_not_written() -> None:
    """A request from before these terms has the bytes it always had."""
    assert set(json.loads(canonical(requests.schedule(book())))) == {
        *("case_id", "policy_sha256", "product", "lender_id", "as_of", "pinned_on"),
        *("principal", "annual_rate", "drawn_on", "tenor_months", "method", "grace_months", "frequency", "day_count"),
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"method": "balloon"}, {"method": "profile_of_another_method"}),
        ({"profile": {"method": "seasonal", "months": [6]}}, {"profile": "profile_of_another_method"}),
        (
            {"method": "seasonal", "profile": {"method": "seasonal", "months": [6, 6]}},
            {"profile/months": "repeated"},
        ),
        ({"method": "seasonal", "profile": {"method": "seasonal", "months": []}}, {"profile/months": "season_empty"}),
        (
            {"method": "custom", "profile": {"method": "custom", "instalments": []}},
            {"profile/instalments": "sum_not_principal"},
        ),
        (
            {
                "method": "custom",
                "profile": {"method": "custom", "instalments": [{"number": 1, "principal": cny("9999999.99")}]},
            },
            {"profile/instalments": "sum_not_principal"},
        ),
        (
            {"method": "sculpted", "profile": {"method": "sculpted", "ceilings": [cny("1")] * 35}, "grace_months": 3},
            {"profile/ceilings": "ceilings_short", "grace_months": "grace_in_profile"},
        ),
        ({"draws": [PART]}, {"draws": "sum_not_principal"}),
        (
            {"draws": [PART | {"on": "2026-03-22"}, PART | {"on": "2029-03-21", "amount": cny("6000000.00")}]},
            {"draws": "first_draw_elsewhere", "draws/1/on": "date_outside_loan"},
        ),
        (
            {
                "rate_steps": [{"on": "2026-03-21", "annual_rate": "0.04"}],
                "prepayments": [{"on": "2029-03-21", "amount": cny("1"), "effect": "reduce"}],
                "grace_months": 36,
            },
            {
                "": "grace_covers_tenor",
                "rate_steps/0/on": "date_outside_loan",
                "prepayments/0/on": "date_outside_loan",
            },
        ),
        (
            {"rate_steps": [{"on": "2026-06-21", "annual_rate": rate} for rate in ("0.04", "0.05")]},
            {"rate_steps": "repeated"},
        ),
        (
            {
                "tranches": [
                    {"key": "a", "principal": cny("1")},
                    {"key": "a", "principal": cny("2"), "method": "custom"},
                ],
                "rate_steps": [{"on": "2026-06-21", "annual_rate": "0.04"}],
            },
            {
                "tranches": "repeated",
                "tranches/1/method": "profile_of_another_method",
                "rate_steps": "terms_of_a_tranche",
            },
        ),
    ],
)
def test_terms_that_contradict_each_other(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert faults(**changes) == expected


@pytest.mark.parametrize(
    ("profile", "place"),
    [
        ({"method": "balloon", "share": "1"}, "share"),
        ({"method": "balloon", "share": "30%"}, "share"),
        ({"method": "seasonal", "months": [13]}, "months/0"),
        ({"method": "stepped", "every": 0, "growth": "0.1"}, "every"),
        ({"method": "stepped", "every": 1, "growth": "-0.51"}, "growth"),
        ({"method": "custom", "instalments": [{"number": 1, "principal": cny("0")}]}, "instalments/0/principal"),
        ({"method": "sculpted", "ceilings": [cny("-0.01")]}, "ceilings/0"),
    ],
)
def test_figures_out_of_bounds(profile: dict[str, Any], place: str) -> None:
    method = profile["method"]
    assert faults(method=method, profile=profile) == {f"profile/{method}/{place}": "out_of_bounds"}


@pytest.mark.parametrize(
    "changes",
    [
        {"draws": [PART] * 51},
        {"tranches": [{"key": f"t{n}", "principal": cny("1")} for n in range(11)]},
        {"prepayments": [{"on": "2026-06-21", "amount": cny("1"), "effect": "reduce"}] * 21},
        {"rate_steps": [{"on": "2026-06-21", "annual_rate": "0.04"}] * 141},
    ],
)
def test_lists_have_an_end(changes: dict[str, Any]) -> None:
    assert set(faults(**changes).values()) == {"too_long"}


def test_tranches_have_a_hundred_draws_together() -> None:
    draws = [{"on": "2026-03-21", "amount": cny("100000")}] * 50
    tranches = [{"key": f"t{n}", "principal": cny("5000000"), "draws": draws} for n in range(3)]
    assert faults(tranches=tranches, principal=cny("15000000")) == {"tranches": "too_many_draws"}


class TestRoute:
    async def post(self, worker: httpx.AsyncClient, **changes: Any) -> httpx.Response:
        body = requests.schedule(book(), **changes).model_dump(mode="json")
        return await worker.post("/v1/schedules", json=body, headers={"Idempotency-Key": "one"})

    async def test_a_plan_by_tranche_is_filed_and_found_again(self, worker: httpx.AsyncClient) -> None:
        tranches = (
            {"key": "civil", "principal": yuan(6_000_000), "method": "equal_principal"},
            {
                "key": "gpu",
                "principal": yuan(4_000_000),
                "tenor_months": 24,
                "method": "sculpted",
                "profile": {"method": "sculpted", "ceilings": [yuan(4_000_000 - 160_000 * n) for n in range(24)]},
            },
        )
        answer = await self.post(worker, tranches=tranches)
        assert answer.status_code == 201, answer.text
        finding = Finding[Schedule].model_validate_json(answer.content)
        assert finding.value is not None
        assert [part.key for part in finding.value.tranches] == ["civil", "gpu"]
        again = await worker.get(answer.headers["Location"])
        assert Finding[Schedule].model_validate_json(again.content) == finding
        assert finding.model.version == "2"

    async def test_what_the_plan_cannot_do_is_named(self, worker: httpx.AsyncClient) -> None:
        prepayment = {"on": "2026-06-21", "amount": yuan(10_000_001), "effect": "shorten"}
        answer = await self.post(worker, prepayments=(prepayment,))
        assert answer.status_code == 422
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
            ("/prepayments/0/amount", "prepayment_above_balance")
        ]

    async def test_every_contradiction_is_named_in_both_languages(self, worker: httpx.AsyncClient) -> None:
        body = requests.schedule(book()).model_dump(mode="json") | {"method": "balloon", "draws": [PART]}
        answer = await worker.post(
            "/v1/schedules", json=body, headers={"Idempotency-Key": "two", "Accept-Language": "zh"}
        )
        assert answer.status_code == 422
        assert {error["pointer"]: error["code"] for error in answer.json()["errors"]} == {
            "/method": "profile_of_another_method",
            "/draws": "sum_not_principal",
        }
        assert "各项之和须等于本金" in answer.text
