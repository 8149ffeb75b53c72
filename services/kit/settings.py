"""Settings of a process, read from ``SUANDAI_*`` variables, and what production refuses."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from services.kit.keyring import GENERATED_KEYS_MARKER

_LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104 hosts to refuse, not to bind


class SettingsRefused(ValueError):
    """The settings are not fit to run with. ``faults`` names every one of them."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class ServiceSettings(BaseSettings):
    """What every process of suandai is told from outside. An empty text means that the process has no such
    neighbour."""

    model_config = SettingsConfigDict(env_prefix="SUANDAI_", frozen=True, extra="ignore", hide_input_in_errors=True)

    environment: Literal["local", "test", "production"] = "local"
    database_url: str = ""
    database_pool_size: int = Field(default=10, ge=1, le=100)
    idempotency_retention_days: int = Field(default=90, ge=1, le=3650)
    """How long a service keeps the answers under their Idempotency-Keys."""
    origination_url: str = "http://127.0.0.1:8401"
    pricing_url: str = "http://127.0.0.1:8402"
    collateral_url: str = "http://127.0.0.1:8403"
    core_banking_url: str = "http://127.0.0.1:8404"
    temporal_address: str = "127.0.0.1:7401"
    temporal_namespace: str = "suandai"
    temporal_tls: bool = False
    staff_issuer: str = "http://127.0.0.1:8405"
    borrower_issuer: str = "http://127.0.0.1:8406"
    audience: str = ""
    service_client_id: str = ""
    service_client_secret_file: Path | None = None
    keys_dir: Path | None = None
    document_dir: Path | None = None
    otlp_endpoint: str = ""
    trace_file: Path | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _fit_for_production(self) -> Self:
        if self.environment == "production" and (faults := production_faults(self)):
            raise SettingsRefused(faults)
        return self

    def client_secret(self) -> SecretStr:
        """The secret of this process's service account. Raises ``SettingsRefused`` when there is none to read."""
        if self.service_client_secret_file is None:
            raise SettingsRefused(["SERVICE_CLIENT_SECRET_FILE is not set"])
        try:
            return SecretStr(self.service_client_secret_file.read_text("utf-8").strip())
        except OSError:
            raise SettingsRefused(["SERVICE_CLIENT_SECRET_FILE cannot be read"]) from None

    def required(self, *names: str) -> None:
        """Refuse to go on without these settings, naming all that are missing."""
        if faults := [f"{name.upper()} is not set" for name in names if getattr(self, name) in ("", None)]:
            raise SettingsRefused(faults)


def production_faults(settings: ServiceSettings) -> list[str]:
    """Everything that makes these settings unfit for real customers; empty when fit."""
    faults = []
    if settings.database_url:
        try:
            url = make_url(settings.database_url)
        except ArgumentError:
            faults.append("DATABASE_URL is not a database address")
        else:
            if not url.password:
                faults.append("DATABASE_URL has no password: trust authentication is for development only")
    for name, issuer in (("STAFF_ISSUER", settings.staff_issuer), ("BORROWER_ISSUER", settings.borrower_issuer)):
        parts = urlsplit(issuer)
        if (parts.hostname or "") in _LOOPBACK or "nanoidp" in issuer:
            faults.append(f"{name} is the development identity provider")
        elif parts.scheme != "https":
            faults.append(f"{name} is not served over TLS")
    if settings.keys_dir is not None and (settings.keys_dir / GENERATED_KEYS_MARKER).exists():
        faults.append("KEYS_DIR holds keys generated at first start, not keys handed over by the key custodian")
    if not settings.temporal_tls:
        faults.append("TEMPORAL_TLS is off: payloads and assertions would travel in plain text")
    return faults
