"""The database's shape: one Alembic environment, and per service one schema, one metadata, one version table, one branch.

``provision`` makes what a database administrator makes once (roles, database, schemas, default privileges); ``upgrade``
then runs as ``suandai_migrate`` and brings each service's schema to its newest revision. The applications' own roles can
neither create nor change a table.
"""

from migrations.provisioning import MIGRATOR, SERVICES, application_role, provision
from migrations.runner import current, declared, revise, upgrade

__all__ = ["MIGRATOR", "SERVICES", "application_role", "current", "declared", "provision", "revise", "upgrade"]
