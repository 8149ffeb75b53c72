from tests.origination.bench import case_id, database, keyring, owner, superuser

__all__ = ["case_id", "database", "keyring", "owner", "superuser"]
