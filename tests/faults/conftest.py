from tests.origination.payments.drawing import drawn_case
from tests.origination.running import app, engine, keys, people, settings

__all__ = ["app", "drawn_case", "engine", "keys", "people", "settings"]
