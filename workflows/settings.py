"""Settings of the worker beyond those every process has."""

from pydantic import Field

from services.kit.settings import ServiceSettings


class WorkerSettings(ServiceSettings):
    """``SUANDAI_*`` of the worker process."""

    build_id: str = Field(min_length=1, max_length=64)
    """Which build this worker runs: cases stay on the build they started on."""
    origination_audience: str = "urn:suandai:origination"
    pricing_audience: str = "urn:suandai:pricing"
    collateral_audience: str = "urn:suandai:collateral"
    max_concurrent_activities: int = Field(default=50, ge=1, le=1000)
    max_cached_workflows: int = Field(default=500, ge=0, le=100_000)
    graceful_shutdown_seconds: int = Field(default=30, ge=1, le=600)
