"""Running Alembic per service, from code and from the command line."""

import importlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, MetaData, create_engine, make_url, text
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator

from migrations.provisioning import SERVICES, application_role

VERSION_TABLE = "alembic_version"
_ROOT = Path(__file__).parent
# Two migrations of one database wait for each other; the number only has to be the same everywhere.
_LOCK = 7_300_684_021


def metadata_of(service: str) -> MetaData:
    """The tables a service declares in ``services/<service>/tables.py``, or in a package of that name."""
    found: MetaData = importlib.import_module(f"services.{service}.tables").metadata
    return found


def comparison(service: str) -> dict[str, Any]:
    """How Alembic looks at a service: its own schema only, and without the version table, which is Alembic's."""

    def in_own_schema(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "schema" or name == service

    def not_version_table(_item: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
        return (kind, name) != ("table", VERSION_TABLE)

    return {
        "version_table": VERSION_TABLE,
        "version_table_schema": service,
        "include_schemas": True,
        "include_name": in_own_schema,
        "include_object": not_version_table,
        "compare_type": True,
        "compare_server_default": True,
        "render_item": _spelt_out,
    }


def upgrade(url: str | URL, services: Sequence[str] = SERVICES) -> None:
    """Bring the schemas of ``services`` to their newest revision, each in one transaction.

    ``url`` is a SQLAlchemy URL of the provisioned database as ``suandai_migrate``. Two callers at once are safe: the
    second waits and finds nothing to do. Raises ``alembic.util.CommandError`` for a broken revision tree and
    ``sqlalchemy.exc.DBAPIError`` for what the server refuses.
    """
    engine = create_engine(make_url(url), poolclass=NullPool)
    for service in services:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            command.upgrade(_config(service, connection), "head")
            # Which revision a schema is at is for the service to read and for nobody but the migrator to write.
            connection.execute(
                text(f'REVOKE INSERT, UPDATE, DELETE ON "{service}".{VERSION_TABLE} FROM "{application_role(service)}"')
            )
    engine.dispose()


def current(url: str | URL, services: Sequence[str] = SERVICES) -> dict[str, str | None]:
    """The revision each service's schema is at; ``None`` before its first migration."""
    engine = create_engine(make_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        found = {
            service: MigrationContext.configure(connection, opts=comparison(service)).get_current_revision()
            for service in services
        }
    engine.dispose()
    return found


def revise(url: str | URL, service: str, message: str) -> None:
    """Write the next revision file of a service from the difference between its tables and the database.

    The file is a draft: what Alembic cannot see (triggers, revoked privileges, data) is for its author to add.
    """
    engine = create_engine(make_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        config = _config(service, connection, metadata_of(service))
        written = len(list(ScriptDirectory.from_config(config).walk_revisions()))
        command.revision(
            config,
            message,
            autogenerate=True,
            rev_id=f"{written + 1:04d}",
            branch_label=service if written == 0 else None,
        )
    engine.dispose()


def _spelt_out(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A column type of ours by the type of the server behind it: a revision must run when our class is long gone."""
    return f"sa.{item.impl_instance!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def _config(service: str, connection: Connection, metadata: MetaData | None = None) -> Config:
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(_ROOT))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(_ROOT / "versions" / service))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes.update(service=service, connection=connection, metadata=metadata)
    return config
