"""The routes over HTTP: real tokens, real database."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from domain.borrowing_cost import BorrowingCost
from domain.buy_or_rent import BuyOrRent
from domain.canonical import sha256_of
from domain.factsheet import FactSheet
from domain.finding import Finding
from domain.limit import Limit
from domain.margin_ratchet import MarginStanding
from domain.pricing import Quote, Schedule
from domain.rating import Rating
from tests.fixtures.identity import Tokens
from tests.fixtures.postgres import DatabaseUrls
from tests.pricing import compute, loans, ratchets, requests
from tests.pricing.cards import ADAS, FOUNDER, JIANGSU, SHUNDE
from tests.pricing.conftest import Published, book

Make = Callable[..., BaseModel]

PATHS: dict[str, tuple[Make, type[Finding[Any]]]] = {
    "/v1/ratings": (requests.rating, Finding[Rating]),
    "/v1/limits": (requests.limit, Finding[Limit]),
    "/v1/quotes": (requests.quote, Finding[Quote]),
    "/v1/schedules": (requests.schedule, Finding[Schedule]),
    "/v1/margin-resets": (lambda _: ratchets.request(), Finding[MarginStanding]),
    "/v1/borrowing-costs": (lambda _: loans.request(), Finding[BorrowingCost]),
    "/v1/buy-or-rent": (lambda _: compute.request(), Finding[BuyOrRent]),
}


LESS_DRAWN = [{"on": "2026-03-21", "amount": {"amount": "9999999.99", "currency": "CNY"}}]
EARLY = ratchets.grade("A", "2025-12-02", received_on="2025-12-01")
LONG_AGO = {"base": {"tenor": "1Y", "fixed_on": "2020-01-01"}}


async def post(
    client: httpx.AsyncClient, path: str, body: str | bytes, key: str = "application-1:step", **headers: str
) -> httpx.Response:
    sent = {"Content-Type": "application/json", "Idempotency-Key": key} | headers
    return await client.post(path, content=body, headers=sent)


def plain(path: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(PATHS[path][0](book()).model_dump_json())
    return body


def faults(answer: httpx.Response) -> dict[str, tuple[str, str]]:
    return {item["pointer"]: (item["code"], item["message"]) for item in answer.json()["errors"]}


def rows(urls: DatabaseUrls, table: str) -> int:
    engine = create_engine(urls.superuser)
    with engine.connect() as connection:
        count: int = connection.execute(text(f"SELECT count(*) FROM pricing.{table}")).scalar_one()
    engine.dispose()
    return count


class TestFindings:
    @pytest.mark.parametrize("path", PATHS)
    async def test_a_whole_finding_is_answered_filed_and_read_again(self, worker: httpx.AsyncClient, path: str) -> None:
        make, shape = PATHS[path]
        body = make(book())
        answer = await post(worker, path, body.model_dump_json())
        assert answer.status_code == 201, answer.text
        finding = shape.model_validate_json(answer.content)
        assert finding.outcome == "pass", finding.reasons
        assert finding.trace
        assert finding.policy is not None
        assert finding.policy.sha256 == book().sha256
        assert finding.inputs_sha256 == sha256_of(body)
        again = await worker.get(answer.headers["location"])
        assert shape.model_validate_json(again.content) == finding
        inputs = await worker.get(f"{answer.headers['location']}/inputs")
        assert type(body).model_validate(inputs.json()) == body

    @pytest.mark.parametrize(
        ("product", "lender", "facts", "card", "score"),
        [
            ("jsb_wc", "jsb", JIANGSU, "card_jsb_v1", "78.00000000"),
            ("sdrcb_operate", "sdrcb", SHUNDE, "card_sdrcb_v1", "70.00000000"),
            ("shrcb_adas", "shrcb", ADAS, "card_shrcb_adas_v1", "91.35416667"),
            ("talent_loan", "east_china_bank", FOUNDER, "card_founder_v1", "73.50000000"),
        ],
    )
    async def test_every_card_rates_over_http_and_names_its_cells(
        self, worker: httpx.AsyncClient, product: str, lender: str, facts: dict[str, Any], card: str, score: str
    ) -> None:
        body = requests.rating(book(), FactSheet.of(facts), product=product, lender_id=lender)
        answer = await post(worker, "/v1/ratings", body.model_dump_json())
        assert answer.status_code == 201, answer.text
        finding = answer.json()
        assert (finding["value"]["card_id"], finding["value"]["card_score"]) == (card, score)
        fired = [step for step in finding["trace"] if "→" in step["rule"]]
        assert {step["step"].split("/")[0] for step in fired} == {card}
        assert all(step["inputs"] for step in fired)

    async def test_reference_data_is_recorded_by_hash(self, worker: httpx.AsyncClient, published: Published) -> None:
        answer = await post(worker, "/v1/quotes", requests.quote(book()).model_dump_json())
        used = {item["id"]: item["sha256"] for item in answer.json()["reference_data"]}
        assert used == {series: published.vintages[series].sha256 for series in ("lender.nxb", "lpr", "ftp")}

    async def test_recomputing_gives_the_same_hash(self, worker: httpx.AsyncClient) -> None:
        body = requests.limit(book()).model_dump_json()
        first, second = [
            Finding[Limit].model_validate_json((await post(worker, "/v1/limits", body, key)).content)
            for key in ("one", "two")
        ]
        assert first.id != second.id
        assert first.sha256() == second.sha256()

    async def test_the_application_cannot_change_what_it_filed(
        self, worker: httpx.AsyncClient, database_urls: DatabaseUrls
    ) -> None:
        await post(worker, "/v1/ratings", requests.rating(book()).model_dump_json())
        engine = create_engine(database_urls.pricing)
        for statement in (
            "UPDATE pricing.finding SET outcome = 'pass'",
            "DELETE FROM pricing.finding",
            "UPDATE pricing.content SET body = ''",
            "TRUNCATE pricing.content CASCADE",
        ):
            with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
                connection.execute(text(statement))
        engine.dispose()

    async def test_a_finding_that_is_not_there(self, worker: httpx.AsyncClient) -> None:
        for tail in ("", "/inputs"):
            answer = await worker.get(f"/v1/findings/019315f0-0000-7000-8000-00000000dead{tail}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


class TestIdempotency:
    async def test_the_same_key_gives_the_same_finding_once(
        self, worker: httpx.AsyncClient, database_urls: DatabaseUrls
    ) -> None:
        body = requests.rating(book()).model_dump_json()
        answers = await asyncio.gather(*(post(worker, "/v1/ratings", body) for _ in range(6)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert sum(answer.headers.get("idempotency-replayed") == "true" for answer in answers) == 5
        assert rows(database_urls, "finding") == 1

    async def test_the_same_key_with_other_content_is_refused(self, worker: httpx.AsyncClient) -> None:
        await post(worker, "/v1/quotes", requests.quote(book()).model_dump_json())
        answer = await post(worker, "/v1/quotes", requests.quote(book(), pd="0.02").model_dump_json())
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")

    async def test_a_key_is_required(self, worker: httpx.AsyncClient) -> None:
        answer = await worker.post("/v1/ratings", json=plain("/v1/ratings"))
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


class TestWhoMayAsk:
    @pytest.mark.parametrize("role", ["relationship_manager", "rating_confirmer", "reviewer", "approver"])
    async def test_people_try_a_case_and_nothing_is_stored(
        self, people: httpx.AsyncClient, tokens: Tokens, database_urls: DatabaseUrls, role: str
    ) -> None:
        token = await tokens.staff(f"{role}.pricing", roles=[role], branch="640100")
        people.headers["Authorization"] = f"Bearer {token}"
        for path in PATHS:
            tried = await people.post(f"{path}?dry_run=true", json=plain(path))
            assert tried.status_code == 200, tried.text
            PATHS[path][1].model_validate_json(tried.content)
            refused = await post(people, path, json.dumps(plain(path)))
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        for table in ("finding", "content", "idempotency_key"):
            assert rows(database_urls, table) == 0

    @pytest.mark.parametrize("role", ["auditor", "collateral_officer", "policy_admin", "operator"])
    async def test_others_do_not_decide(self, people: httpx.AsyncClient, tokens: Tokens, role: str) -> None:
        token = await tokens.staff(f"{role}.pricing", roles=[role], branch="HO")
        people.headers["Authorization"] = f"Bearer {token}"
        for path in PATHS:
            answer = await people.post(f"{path}?dry_run=true", json=plain(path))
            assert answer.status_code == 403

    async def test_borrowers_and_strangers(self, people: httpx.AsyncClient, tokens: Tokens) -> None:
        assert (await people.post("/v1/ratings?dry_run=true", json={})).status_code == 401
        token = await tokens.borrower("owner@xiyun", roles=["borrower_owner"], uscc="91640500MA76ABCD12")
        people.headers["Authorization"] = f"Bearer {token}"
        assert (await people.post("/v1/ratings?dry_run=true", json={})).status_code == 403
        assert (await people.get("/v1/findings/019315f0-0000-7000-8000-00000000dead")).status_code == 403

    async def test_a_token_for_another_service_opens_nothing(self, app: FastAPI, tokens: Tokens) -> None:
        token = await tokens.service("worker", audience="collateral")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://pricing") as client:
            answer = await client.post(
                "/v1/ratings", json=plain("/v1/ratings"), headers={"Authorization": f"Bearer {token}"}
            )
        assert answer.status_code == 401

    async def test_findings_are_for_auditors_head_office_and_components(
        self, worker: httpx.AsyncClient, people: httpx.AsyncClient, tokens: Tokens
    ) -> None:
        filed = await post(worker, "/v1/ratings", requests.rating(book()).model_dump_json())
        seen = {}
        for subject, role, branch in (
            ("auditor.yc", "auditor", "640100"),
            ("reviewer.ho", "reviewer", "HO"),
            ("reviewer.yc", "reviewer", "640100"),
            ("rm.yc", "relationship_manager", "640100"),
        ):
            token = await tokens.staff(f"{subject}.pricing", roles=[role], branch=branch)
            people.headers["Authorization"] = f"Bearer {token}"
            for tail in ("", "/inputs"):
                answer = await people.get(filed.headers["location"] + tail)
                seen.setdefault(subject, set()).add(answer.status_code)
        assert seen == {"auditor.yc": {200}, "reviewer.ho": {200}, "reviewer.yc": {404}, "rm.yc": {404}}


class TestHostileInput:
    @pytest.mark.parametrize(
        ("path", "change", "pointer", "bound", "unit"),
        [
            ("/v1/quotes", {"pd": "0"}, "/pd", "(0, 1)", "probability"),
            ("/v1/quotes", {"pd": "1.2"}, "/pd", "(0, 1)", "probability"),
            ("/v1/quotes", {"tenor_months": 0}, "/tenor_months", "[1, 600]", "months"),
            ("/v1/quotes", {"tenor_months": 601}, "/tenor_months", "[1, 600]", "months"),
            ("/v1/quotes", {"amount": {"amount": "-5.00", "currency": "CNY"}}, "/amount", "(0, ∞)", "CNY"),
            ("/v1/schedules", {"annual_rate": "5%"}, "/annual_rate", "[0, 1]", "interest per year"),
            ("/v1/schedules", {"annual_rate": "5"}, "/annual_rate", "[0, 1]", "interest per year"),
            ("/v1/schedules", {"annual_rate": "NaN"}, "/annual_rate", "[0, 1]", "interest per year"),
            ("/v1/schedules", {"principal": {"amount": "0", "currency": "CNY"}}, "/principal", "(0, ∞)", "CNY"),
            ("/v1/limits", {"asked": {"amount": "-1", "currency": "CNY"}}, "/asked", "(0, ∞)", "CNY"),
            ("/v1/limits", {"limit_multiplier": "1.5"}, "/limit_multiplier", "[0, 1]", "fraction"),
            ("/v1/borrowing-costs", {"contract_rate": "5%"}, "/contract_rate", "[0, 1]", "interest per year"),
            ("/v1/buy-or-rent", {"discount_rate": "12"}, "/discount_rate", "[0, 1]", "interest per year"),
        ],
    )
    async def test_an_impossible_figure_is_refused_with_field_bound_and_unit(
        self, worker: httpx.AsyncClient, path: str, change: dict[str, Any], pointer: str, bound: str, unit: str
    ) -> None:
        answer = await post(worker, path, json.dumps(plain(path) | change))
        assert answer.status_code == 422, answer.text
        code, message = faults(answer)[pointer]
        assert code == "out_of_bounds"
        assert bound in message
        assert unit in message

    async def test_every_fault_at_once_in_both_languages_and_without_echo(self, worker: httpx.AsyncClient) -> None:
        body = plain("/v1/quotes") | {
            "pd": "1.2",
            "tenor_months": 0,
            "amount": {"amount": "-31337.00", "currency": "CNY"},
            "green": "perhaps",
            "surprise": 1,
        }
        for language, words in (("zh-CN", "单位"), ("en", "unit")):
            answer = await post(worker, "/v1/quotes", json.dumps(body), **{"Accept-Language": language})
            assert set(faults(answer)) == {"/pd", "/tenor_months", "/amount", "/green", "/surprise"}
            assert words in faults(answer)["/pd"][1]
            assert "31337" not in answer.text
            assert "perhaps" not in answer.text

    async def test_every_fault_of_a_limit_at_once(self, worker: httpx.AsyncClient) -> None:
        body = plain("/v1/limits")
        body["collateral"] = [*body["collateral"], body["collateral"][0]]
        body["guarantees"][0]["guarantor_net_assets"] = {"amount": "-1.00"}
        body |= {
            "asked": {"amount": "0.00"},
            "limit_multiplier": "1.01",
            "joint_credit": {"lenders": -1, "total_financing": {"amount": "-0.01"}},
            "operating_cash_flow": {"amount": "much"},
        }
        answer = await post(worker, "/v1/limits", json.dumps(body))
        assert set(faults(answer)) == {
            "/asked",
            "/limit_multiplier",
            "/collateral",
            "/guarantees/0/guarantor_net_assets",
            "/joint_credit/lenders",
            "/joint_credit/total_financing",
            "/operating_cash_flow/amount",
        }
        assert "CNY" in faults(answer)["/joint_credit/total_financing"][1]
        assert "[0, 1]" in faults(answer)["/limit_multiplier"][1]

    async def test_the_largest_figures_of_a_limit_are_no_500(self, worker: httpx.AsyncClient) -> None:
        most = {"amount": "999999999999999999.99"}
        body = plain("/v1/limits") | {"asked": most, "as_of": "2026-11-02"}
        body["cash_flows"][0]["revenue"] = most
        body["collateral"] = [body["collateral"][0] | {"asset_key": str(n), "lending_value": most} for n in range(3)]
        body["need"] |= {"headline_investment": most, "uses_total": most}
        body["guarantees"][0] |= {"amount": most, "guarantor_net_assets": most, "guarantees_given": {"amount": "0.00"}}
        answer = await post(worker, "/v1/limits?dry_run=true", json.dumps(body))
        assert answer.status_code == 200, answer.text
        assert answer.json()["model"] == {"id": "limit", "version": "2"}

    async def test_a_json_number_for_money_is_refused(self, worker: httpx.AsyncClient) -> None:
        body = plain("/v1/quotes") | {"amount": {"amount": 100000000.1, "currency": "CNY"}}
        answer = await post(worker, "/v1/quotes", json.dumps(body))
        assert answer.status_code == 422
        assert faults(answer)["/amount/amount"][0] == "decimal_text"

    @pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b'{"pd": NaN}', b"[" * 5000, b'{"pd": "1", "pd": "2"}'])
    async def test_what_is_no_json_is_no_500(self, worker: httpx.AsyncClient, raw: bytes) -> None:
        for path in PATHS:
            answer = await post(worker, path, raw)
            assert answer.status_code == 400, answer.text

    async def test_reversed_months_and_grace_over_tenor(self, worker: httpx.AsyncClient) -> None:
        limit = plain("/v1/limits")
        limit["cash_flows"][0] |= {"from_month": 12, "to_month": 3}
        answer = await post(worker, "/v1/limits", json.dumps(limit))
        assert faults(answer)["/cash_flows/0"][0] == "months_reversed"
        schedule = plain("/v1/schedules") | {"grace_months": 36}
        answer = await post(worker, "/v1/schedules", json.dumps(schedule))
        assert "grace_covers_tenor" in {code for code, _ in faults(answer).values()}

    @pytest.mark.parametrize(
        ("path", "change", "code", "words"),
        [
            ("/v1/borrowing-costs", {"drawings": []}, "too_short", "至少"),
            ("/v1/borrowing-costs", {"drawings": LESS_DRAWN}, "principal_not_repaid", "还款本金合计须等于提款合计"),
            ("/v1/buy-or-rent", {"horizon_months": 12}, "beyond_horizon", "需求须在比较期限之内"),
            ("/v1/margin-resets", {"reports": [EARLY]}, "received_too_early", "收到日不得早于"),
        ],
    )
    async def test_a_body_that_contradicts_itself_is_told_so(
        self, worker: httpx.AsyncClient, path: str, change: dict[str, Any], code: str, words: str
    ) -> None:
        answer = await post(worker, path, json.dumps(plain(path) | change), **{"Accept-Language": "zh-CN"})
        assert answer.status_code == 422, answer.text
        assert code in {found for found, _ in faults(answer).values()}
        assert words in answer.text

    @pytest.mark.parametrize(
        ("path", "change", "pointer", "code"),
        [
            ("/v1/ratings", {"product": "nobody"}, "/product", "product_unknown"),
            ("/v1/ratings", {"product": "jsb_wc"}, "/lender_id", "product_of_another_lender"),
            (
                "/v1/ratings",
                {"as_of": "9999-12-31", "pinned_on": "2026-03-02"},
                "/as_of",
                "validity_beyond_dates",
            ),
            ("/v1/limits", {"lender_id": "nobody"}, "/lender_id", "reference_data_missing"),
            ("/v1/quotes", {"policy_sha256": "0" * 64}, "/policy_sha256", "policy_unknown"),
            ("/v1/quotes", {"as_of": "2020-01-01"}, "/lender_id", "reference_data_missing"),
            ("/v1/quotes", {"relationship": "friend"}, "/relationship", "relationship_unknown"),
            ("/v1/schedules", {"drawn_on": "9990-01-01", "tenor_months": 600}, "/drawn_on", "maturity_beyond_dates"),
            ("/v1/limits", {"pinned_on": "1999-01-01"}, "/product", "product_unknown"),
            ("/v1/schedules", {"pinned_on": "1999-01-01"}, "/pinned_on", "policy_not_in_force"),
            ("/v1/margin-resets", LONG_AGO, "/base/fixed_on", "reference_data_missing"),
            ("/v1/margin-resets", {"product": "nobody"}, "/product", "product_unknown"),
            ("/v1/buy-or-rent", {"horizon_months": 61}, "/horizon_months", "horizon_outlasts_servers"),
        ],
    )
    async def test_what_policy_and_reference_data_do_not_have(
        self, worker: httpx.AsyncClient, path: str, change: dict[str, Any], pointer: str, code: str
    ) -> None:
        answer = await post(worker, path, json.dumps(plain(path) | change))
        assert answer.status_code == 422, answer.text
        assert {at: found for at, (found, _) in faults(answer).items()} == {pointer: code}


class TestSources:
    async def test_a_policy_is_read_once_and_vintages_every_time(
        self, worker: httpx.AsyncClient, published: Published
    ) -> None:
        body = requests.limit(book()).model_dump_json()
        for key in ("one", "two"):
            assert (await post(worker, "/v1/limits", body, key)).status_code == 201
        assert published.asked.count(f"policy {book().sha256}") == 1
        assert published.asked.count("reference lpr") == 2

    async def test_an_id_with_a_path_in_it_leads_nowhere(self, worker: httpx.AsyncClient, published: Published) -> None:
        body = plain("/v1/limits") | {"lender_id": "nxb/../../cases"}
        answer = await post(worker, "/v1/limits", json.dumps(body))
        assert {at: code for at, (code, _) in faults(answer).items()} == {"/lender_id": "reference_data_missing"}
        assert published.asked == [f"policy {book().sha256}"]

    async def test_a_bundle_of_another_hash_is_not_used(self, worker: httpx.AsyncClient, published: Published) -> None:
        published.bundles["0" * 64] = book().canonical()
        answer = await post(worker, "/v1/ratings", json.dumps(plain("/v1/ratings") | {"policy_sha256": "0" * 64}))
        assert answer.status_code == 503
        assert "hash" not in answer.text

    async def test_a_vintage_of_another_hash_is_not_used(self, worker: httpx.AsyncClient, published: Published) -> None:
        lpr = published.vintages["lpr"]
        published.vintages["lpr"] = lpr.model_copy(update={"body": lpr.body | {"one_year": "0.01000000"}})
        assert (await post(worker, "/v1/quotes", requests.quote(book()).model_dump_json())).status_code == 503


class TestOperations:
    async def test_ready_and_alive(self, worker: httpx.AsyncClient) -> None:
        assert (await worker.get("/healthz")).json() == {"status": "ok"}
        ready = (await worker.get("/readyz")).json()
        assert ready == {"ready": True, "checks": {"database": True, "issuers": True}}

    async def test_openapi_names_roles_and_problems(self, worker: httpx.AsyncClient) -> None:
        document = (await worker.get("/openapi.json")).json()
        assert document["openapi"] == "3.1.0"
        for path in PATHS:
            operation = document["paths"][path]["post"]
            assert "service:worker" in operation["x-suandai-roles"]
            assert {"201", "400", "401", "403", "409", "422"} <= set(operation["responses"])
