"""What production refuses, all at once."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.kit.keyring import Keyring
from services.kit.settings import ServiceSettings, SettingsRefused, production_faults

FIT: dict[str, Any] = {
    "environment": "production",
    "database_url": "postgresql+psycopg://suandai_pricing:secret@db/suandai",
    "staff_issuer": "https://id.bank.example/realms/staff",
    "borrower_issuer": "https://id.bank.example/realms/borrowers",
    "temporal_tls": True,
}


def test_fit_settings_are_accepted() -> None:
    assert ServiceSettings(**FIT).environment == "production"


def test_every_unfit_setting_is_named_at_once(tmp_path: Path) -> None:
    Keyring.create(tmp_path / "keys")
    unfit = {
        "database_url": "postgresql+psycopg://suandai_pricing@/suandai?host=/tmp",
        "staff_issuer": "http://127.0.0.1:8405",
        "borrower_issuer": "http://id.bank.example",
        "temporal_tls": False,
        "keys_dir": tmp_path / "keys",
    }
    faults = production_faults(ServiceSettings(**{**FIT, **unfit, "environment": "local"}))
    assert [fault.split()[0] for fault in faults] == [
        "DATABASE_URL",
        "STAFF_ISSUER",
        "BORROWER_ISSUER",
        "KEYS_DIR",
        "TEMPORAL_TLS",
    ]
    with pytest.raises(ValidationError) as refused:
        ServiceSettings(**{**FIT, **unfit})
    for fault in faults:
        assert fault in str(refused.value)


def test_a_refusal_does_not_show_the_password() -> None:
    with pytest.raises(ValidationError) as refused:
        ServiceSettings(**{**FIT, "temporal_tls": False, "database_url": "postgresql+psycopg://u:hunter2@db/suandai"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        {"database_url": "postgresql+psycopg://u:@/suandai"},
        {"database_url": "nonsense"},
        {"staff_issuer": "https://localhost/realms/staff"},
        {"borrower_issuer": "https://nanoidp.bank.example"},
        {"temporal_tls": False},
    ],
)
def test_each_alone_is_enough(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ServiceSettings(**{**FIT, **change})


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUANDAI_AUDIENCE", "urn:suandai:pricing")
    monkeypatch.setenv("SUANDAI_DATABASE_POOL_SIZE", "3")
    settings = ServiceSettings()
    assert (settings.audience, settings.database_pool_size) == ("urn:suandai:pricing", 3)


def test_the_secret_is_read_from_its_file_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    with pytest.raises(SettingsRefused):
        ServiceSettings().client_secret()
    with pytest.raises(SettingsRefused):
        ServiceSettings(service_client_secret_file=file).client_secret()
    file.write_text("s3cret\n")
    secret = ServiceSettings(service_client_secret_file=file).client_secret()
    assert (secret.get_secret_value(), "s3cret" in repr(secret)) == ("s3cret", False)


def test_missing_settings_are_named_together() -> None:
    with pytest.raises(SettingsRefused) as refused:
        ServiceSettings().required("audience", "database_url", "origination_url")
    assert refused.value.faults == ["AUDIENCE is not set", "DATABASE_URL is not set"]
