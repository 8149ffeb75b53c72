from tests.origination.running import app, case, engine, keys, people, settings

__all__ = ["app", "case", "engine", "keys", "people", "settings"]
