"""Settings of origination beyond those every service has."""

from typing import Literal, Self

from pydantic import Field, model_validator

from services.kit.settings import ServiceSettings, SettingsRefused


class OriginationSettings(ServiceSettings):
    """``SUANDAI_*`` of this process."""

    audience: str = "urn:suandai:origination"
    pricing_audience: str = "urn:suandai:pricing"
    collateral_audience: str = "urn:suandai:collateral"
    core_banking_audience: str = "urn:suandai:core-banking"
    core_banking_timeout_seconds: float = Field(default=10.0, gt=0, le=120)
    """How long an instructed payment is waited for before its fate counts as unknown."""
    outside_sources: Literal["none", "simulated"] = "none"
    """Business registry, invoice verification, courts and bureau: not connected, or simulated for trying things out."""
    sweep_seconds: float = Field(default=5.0, gt=0, le=3600)
    """How often start requests that were left behind are looked for."""
    stuck_after_seconds: float = Field(default=300.0, gt=0, le=86_400)
    """How long a step of a process may take before it counts as stuck: its business deadline."""
    stuck_sweep_seconds: float = Field(default=30.0, gt=0, le=3600)
    """How often processes are looked through for those that stand still."""
    payment_instruction_seconds: float = Field(default=300.0, ge=1, le=86400)
    """How long core banking may execute an instruction after it was sent. One that core banking has not heard of after twice
    as long can no longer be executed and counts as failed."""
    record_retention_years: int = Field(default=10, ge=1, le=100)
    """For how long the house keeps identification and transaction records: its backups, its Temporal namespace, its documents."""

    @model_validator(mode="after")
    def _real_sources(self) -> Self:
        if self.environment == "production" and self.outside_sources == "simulated":
            raise SettingsRefused(["OUTSIDE_SOURCES are simulated: what they say of a company is made up"])
        return self
