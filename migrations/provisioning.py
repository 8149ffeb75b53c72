"""Roles, database, schemas and privileges: what a superuser lays down once, before the first migration.

Ownership is apart from use: ``suandai_migrate`` owns every schema and table, and each service works as a role that may
read and write the rows of its own schema and nothing else. Running it again changes nothing.
"""

from collections.abc import Mapping
from typing import LiteralString

import psycopg
from psycopg import sql

SERVICES = ("origination", "pricing", "collateral")
MIGRATOR = "suandai_migrate"
# pg_trgm finds similar names of customers; btree_gist lets a dated register refuse overlapping periods.
EXTENSIONS = ("pg_trgm", "btree_gist")


def application_role(service: str) -> str:
    """The database role a service works as."""
    return f"suandai_{service}"


def provision(
    superuser_conninfo: str, database: str = "suandai", *, passwords: Mapping[str, str] | None = None
) -> None:
    """Create the roles, the database and the schemas that are not there yet.

    ``superuser_conninfo`` is libpq text or URL of any existing database, as a role that may create roles and databases.
    ``passwords`` gives a role's password by its name; a role without one can only enter where the server trusts the
    connection, which production settings refuse. Raises ``psycopg.Error`` when the server refuses.
    """
    with psycopg.connect(superuser_conninfo, autocommit=True) as connection:
        for role in (MIGRATOR, *map(application_role, SERVICES)):
            _create_role(connection, role, (passwords or {}).get(role))
        if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", database):
            # Under the C locale pg_trgm sees no Chinese at all, and an ICU or libc locale would tie the order of
            # indexes to the machine; the builtin C.UTF-8 is the same everywhere.
            connection.execute(
                sql.SQL(
                    "CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0 LOCALE_PROVIDER builtin"
                    " BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
                ).format(sql.Identifier(database), sql.Identifier(MIGRATOR))
            )
    with psycopg.connect(superuser_conninfo, dbname=database, autocommit=True) as connection:
        _lay_out(connection, database)


def _lay_out(connection: psycopg.Connection[tuple[object, ...]], database: str) -> None:
    for extension in EXTENSIONS:
        connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
    connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    for service in SERVICES:
        names = {
            "schema": sql.Identifier(service),
            "owner": sql.Identifier(MIGRATOR),
            "role": sql.Identifier(application_role(service)),
            "database": sql.Identifier(database),
        }
        statements: tuple[LiteralString, ...] = (
            "CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}",
            "GRANT CONNECT ON DATABASE {database} TO {role}",
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            (
                "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema}"
                " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}"
            ),
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT USAGE ON SEQUENCES TO {role}",
        )
        for statement in statements:
            connection.execute(sql.SQL(statement).format(**names))
    # A function is executable by everyone unless said otherwise, whichever schema it lies in.
    connection.execute(
        sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC").format(
            sql.Identifier(MIGRATOR)
        )
    )


def _create_role(connection: psycopg.Connection[tuple[object, ...]], role: str, password: str | None) -> None:
    if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS").format(
                sql.Identifier(role)
            )
        )
    if password is not None:
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))


def _exists(connection: psycopg.Connection[tuple[object, ...]], query: LiteralString, name: str) -> bool:
    return connection.execute(query, (name,)).fetchone() is not None
