import pytest

from domain.identity import uscc_check_character
from tests.origination.house import house

__all__ = ["house"]


@pytest.fixture
def usccs() -> list[str]:
    """Synthetic codes with right check characters."""
    bodies = [f"91640500MA76EP{number:02d}1"[:17] for number in range(10, 30)]
    return [body + uscc_check_character(body) for body in bodies]
