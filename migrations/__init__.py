"""The database's shape: one Alembic environment; per service one schema, metadata, version table, line of revisions.

``provision`` makes what a database administrator makes once (roles, database, schemas, default privileges);
``migrations.runner.upgrade`` then runs as ``suandai_migrate`` and brings each schema to its newest revision. The
applications' own roles can neither create nor change a table.
"""

from migrations.provisioning import MIGRATOR, SERVICES, application_role, provision

__all__ = ["MIGRATOR", "SERVICES", "application_role", "provision"]
