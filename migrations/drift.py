"""Drift: does the schema that the revisions build equal the one that the tables declare?

Alembic's own comparison misses changed CHECK constraints and enum values, so the two schemas are also dumped and
compared statement by statement. Functions and triggers are laid down by revisions only and stand outside of it.
"""

import re
import subprocess
from collections import Counter
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from migrations.runner import VERSION_TABLE, comparison, metadata_of

# What a dump holds beside the shape of tables: settings of the session, the tool's own words, and the functions and
# triggers that only revisions know.
_FUNCTION = re.compile(r"^CREATE FUNCTION .*?(\$\w*\$).*?\1;$", re.DOTALL | re.MULTILINE)
_ASIDE = re.compile(r"^(SET |SELECT pg_catalog|CREATE SCHEMA|CREATE (CONSTRAINT )?TRIGGER)")


def differences(service: str, migrated_url: str, pg_dump: Path) -> list[str]:
    """What differs between a service's migrated schema and its declared tables; empty when nothing does.

    The declared tables are created in the migrated ones' place after those were dumped and dropped: give the URL of a
    database that may be thrown away, as a superuser. ``pg_dump`` is the program of the server's own version.
    """
    metadata = metadata_of(service)
    engine = create_engine(make_url(migrated_url), poolclass=NullPool)
    found: list[str] = []
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=comparison(service))
        found += [f"alembic: {difference}" for difference in compare_metadata(context, metadata)]
    migrated = _statements(service, migrated_url, pg_dump)
    with engine.begin() as connection:
        connection.exec_driver_sql(f'DROP SCHEMA "{service}" CASCADE')
        connection.exec_driver_sql(f'CREATE SCHEMA "{service}"')
        metadata.create_all(connection)
    declared = _statements(service, migrated_url, pg_dump)
    engine.dispose()
    found += [f"only in the migrated schema: {statement}" for statement in (migrated - declared).elements()]
    found += [f"only in the declared tables: {statement}" for statement in (declared - migrated).elements()]
    return found


def _statements(service: str, url: str, pg_dump: Path) -> Counter[str]:
    """The schema's statements with their inner lines sorted: a column added later stands last in one of the two."""
    parts = make_url(url)
    arguments = ["--schema-only", "--no-owner", "--no-privileges", f"--schema={service}"]
    arguments += [f"--exclude-table={service}.{VERSION_TABLE}", f"--dbname={parts.database}"]
    arguments += [f"--username={parts.username}", f"--host={parts.query['host']}"]
    text = subprocess.run([pg_dump, *arguments], check=True, capture_output=True, text=True, timeout=60).stdout
    lines = [line for line in text.splitlines() if line and not line.startswith(("--", "\\"))]
    dump = _FUNCTION.sub("", "\n".join(lines))
    statements: Counter[str] = Counter()
    for statement in map(str.strip, dump.split(";\n")):
        if statement and not _ASIDE.match(statement):
            head, *body = (line.strip().rstrip(",;") for line in statement.splitlines())
            statements["\n".join([head, *sorted(body)])] += 1
    return statements
