from tests.origination.running import app, case, engine, in_business, keys, people, settings

__all__ = ["app", "case", "engine", "in_business", "keys", "people", "settings"]
