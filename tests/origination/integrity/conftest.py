from tests.origination.house import house

__all__ = ["house"]
