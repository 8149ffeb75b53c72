import pytest

from services.origination.settings import OriginationSettings
from tests.origination.running import app, keys, people
from tests.origination.running import settings as patient

__all__ = ["app", "keys", "patient", "people", "settings"]


@pytest.fixture
def settings(patient: OriginationSettings) -> OriginationSettings:
    """An origination that looks for stuck processes at once, and for which a second is long."""
    return patient.model_copy(update={"stuck_after_seconds": 1.0, "stuck_sweep_seconds": 0.2})
