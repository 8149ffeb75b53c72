import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from migrations import SERVICES
from migrations.drift import differences
from suandai.stack.postgres import binaries
from tests.fixtures.postgres import DatabaseUrls

PG_DUMP = binaries() / "pg_dump"


@pytest.mark.parametrize("service", SERVICES)
def test_the_revisions_build_what_the_tables_declare(database_urls: DatabaseUrls, service: str) -> None:
    assert differences(service, database_urls.superuser, PG_DUMP) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ALTER TABLE {table} ADD COLUMN stray text", "stray text"),
        ("ALTER TABLE {table} ADD CONSTRAINT stray CHECK (1 < 2)", "CONSTRAINT stray CHECK"),
        ("ALTER TABLE {table} ADD CONSTRAINT stray UNIQUE ({column})", "stray UNIQUE"),
        ("CREATE INDEX stray ON {table} ({column})", "CREATE INDEX stray"),
        ("CREATE TYPE {schema}.stray AS ENUM ('a')", "CREATE TYPE"),
        ("CREATE TABLE {schema}.stray (id int)", "stray"),
    ],
)
def test_a_schema_changed_by_hand_is_found(database_urls: DatabaseUrls, change: str, told: str) -> None:
    service = SERVICES[0]
    engine = create_engine(database_urls.superuser, poolclass=NullPool)
    with engine.begin() as connection:
        table, column = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = :schema AND table_name <> 'alembic_version' ORDER BY 1, ordinal_position LIMIT 1"
            ),
            {"schema": service},
        ).one()
        connection.exec_driver_sql(change.format(schema=service, table=f'{service}."{table}"', column=f'"{column}"'))
    assert any(told in difference for difference in differences(service, database_urls.superuser, PG_DUMP))
