"""The pricing schema: findings with their inputs, and the keys of requests already answered."""

from services.kit.database import service_metadata
from services.kit.findings import FindingStore
from services.kit.idempotency import idempotency_table

metadata = service_metadata("pricing")
idempotency = idempotency_table(metadata)
findings = FindingStore(metadata)
