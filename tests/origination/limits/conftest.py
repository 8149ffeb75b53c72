from tests.origination.bench import database, keyring, owner, superuser

__all__ = ["database", "keyring", "owner", "superuser"]
