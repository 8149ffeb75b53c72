"""Settings of the pricing service beyond those every service has."""

from services.kit.settings import ServiceSettings


class PricingSettings(ServiceSettings):
    """``SUANDAI_*`` of this process."""

    audience: str = "urn:suandai:pricing"
    origination_audience: str = "urn:suandai:origination"
