import base64
import json
from typing import Any

import httpx

from suandai.stack.accounts import BORROWER_USCC, SERVICE_ACCOUNTS, STAFF
from tests.fixtures.identity import Issuers, Tokens


def _claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


async def test_a_member_of_staff_has_roles_and_a_branch(tokens: Tokens, issuers: Issuers) -> None:
    claims = _claims(await tokens.staff("zhang.wei", ["relationship_manager", "monitor"], branch="YC"))
    assert claims["iss"] == issuers.staff
    assert claims["sub"] == "zhang.wei"
    assert claims["aud"] == "urn:suandai:origination"
    assert claims["roles"] == ["relationship_manager", "monitor"]
    assert claims["attributes"] == {"branch": "YC"}
    assert claims["token_use"] == "access"


async def test_an_account_can_change_its_roles(tokens: Tokens) -> None:
    await tokens.staff("li.na", ["reviewer"])
    assert _claims(await tokens.staff("li.na", ["approver"]))["roles"] == ["approver"]


async def test_a_borrowers_person_comes_from_the_borrowers_issuer(tokens: Tokens, issuers: Issuers) -> None:
    claims = _claims(await tokens.account("owner.xiyun"))
    assert claims["iss"] == issuers.borrower
    assert claims["attributes"] == {"uscc": BORROWER_USCC["xiyun"]}


async def test_a_service_account_has_a_scope_and_one_audience(tokens: Tokens) -> None:
    claims = _claims(await tokens.service("worker", audience="collateral"))
    assert claims["sub"] == claims["client_id"] == "suandai-worker"
    assert claims["aud"] == "urn:suandai:collateral"
    assert claims["scope"] == "service:worker"
    assert "roles" not in claims
    assert "attributes" not in claims


async def test_a_service_account_gets_no_audience_it_has_no_business_with(issuers: Issuers) -> None:
    provider = issuers.staff_provider
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            f"{provider.issuer}/token",
            data=provider.service_grant("collateral"),
            auth=provider.service_credentials("pricing"),
        )
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_target"


async def test_nobody_signs_in_with_a_wrong_password_or_as_a_service(issuers: Issuers) -> None:
    provider = issuers.staff_provider
    grant = provider.password_grant("rm.yinchuan")
    async with httpx.AsyncClient(trust_env=False) as http:
        wrong = await http.post(f"{provider.issuer}/token", data=grant | {"password": "guess"})
        service = await http.post(f"{provider.issuer}/token", data=grant | {"scope": "service:worker"})
        forged = await http.post(f"{provider.issuer}/token", data=grant | {"extra": '{"roles": ["auditor"]}'})
        account = await http.post(f"{provider.issuer}/api/runtime/users", json={"username": "x", "password": "y"})
    assert [wrong.status_code, service.status_code, forged.status_code, account.status_code] == [400, 400, 400, 401]


def test_secrets_stay_when_the_provider_is_prepared_again(issuers: Issuers) -> None:
    provider = issuers.staff_provider
    before = (provider.password_grant("auditor.ho"), provider.service_credentials("worker"))
    provider.prepare()
    assert (provider.password_grant("auditor.ho"), provider.service_credentials("worker")) == before


def test_nobody_else_can_read_the_secrets(issuers: Issuers) -> None:
    directory = issuers.staff_provider.directory
    assert directory.stat().st_mode & 0o077 == 0
    written = [
        directory / "secrets.json",
        directory / "settings.yaml",
        directory / "users.yaml",
        *directory.glob("*.secret"),
    ]
    assert len(written) == 3 + len(SERVICE_ACCOUNTS)
    assert {path.stat().st_mode & 0o077 for path in written} == {0}


def test_every_staff_account_has_a_name_of_its_own() -> None:
    assert len({account.username for account in STAFF}) == len(STAFF)
