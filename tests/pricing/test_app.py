"""Assembly: settings, origination's real client, and what happens while origination is away."""

import socket
from pathlib import Path

import httpx
import pytest

from services.kit.settings import SettingsRefused
from services.pricing.app import create_app
from services.pricing.settings import PricingSettings
from tests.fixtures.identity import Issuers, Tokens
from tests.pricing import requests
from tests.pricing.conftest import book


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_missing_settings_are_named_together() -> None:
    with pytest.raises(SettingsRefused) as refusal:
        create_app(PricingSettings(database_url="postgresql+psycopg://suandai_pricing@/suandai"))
    assert refusal.value.faults == ["SERVICE_CLIENT_ID is not set", "SERVICE_CLIENT_SECRET_FILE is not set"]


async def test_without_origination_it_says_come_back(
    settings: PricingSettings, issuers: Issuers, tokens: Tokens, tmp_path: Path
) -> None:
    client_id, secret = issuers.staff_provider.service_credentials("pricing")
    secret_file = tmp_path / "secret"
    secret_file.write_text(secret)
    app = create_app(
        settings.model_copy(
            update={
                "service_client_id": client_id,
                "service_client_secret_file": secret_file,
                "origination_url": f"http://127.0.0.1:{closed_port()}",
            }
        )
    )
    token = await tokens.service("worker", audience="pricing")
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://pricing") as client,
    ):
        answer = await client.post(
            "/v1/ratings",
            content=requests.rating(book()).model_dump_json(),
            headers={
                "Authorization": f"Bearer {token}",
                "Idempotency-Key": "one",
                "Content-Type": "application/json",
            },
        )
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.json()["retryable"] is True
