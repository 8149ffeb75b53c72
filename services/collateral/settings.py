"""Settings of the collateral service beyond those every service has."""

from pathlib import Path
from typing import Self

from pydantic import model_validator

from services.kit.settings import ServiceSettings, SettingsRefused


class CollateralSettings(ServiceSettings):
    """``SUANDAI_*`` of this process."""

    creditor_name: str = "算贷示例银行"
    """The name under which security interests are registered."""
    registry_dir: Path | None = None
    """Where the simulated registry of movables keeps its file; without it no registry is connected."""

    @model_validator(mode="after")
    def _registry_is_real(self) -> Self:
        if self.environment == "production" and self.registry_dir is not None:
            raise SettingsRefused(["REGISTRY_DIR is set: the simulated registry does not run in production"])
        return self
