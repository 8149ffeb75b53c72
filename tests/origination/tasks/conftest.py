from tests.origination.running import app, case, engine, people, settings

__all__ = ["app", "case", "engine", "people", "settings"]
