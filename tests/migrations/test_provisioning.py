import psycopg
import pytest

from migrations import SERVICES, provision
from migrations.runner import current, upgrade
from suandai.stack.postgres import Postgres
from tests.fixtures.postgres import DatabaseUrls


def _conninfo(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_can_work_on_its_own_schema_but_not_shape_it(empty_database_urls: DatabaseUrls, service: str) -> None:
    with psycopg.connect(_conninfo(empty_database_urls.migrate)) as owner:
        owner.execute(f"CREATE TABLE {service}.thing (id bigint GENERATED ALWAYS AS IDENTITY, note text)")
    with psycopg.connect(_conninfo(getattr(empty_database_urls, service)), autocommit=True) as application:
        application.execute(f"INSERT INTO {service}.thing (note) VALUES ('a')")
        application.execute(f"UPDATE {service}.thing SET note = 'b'")
        assert application.execute(f"SELECT note FROM {service}.thing").fetchall() == [("b",)]
        for refused in (
            f"CREATE TABLE {service}.other (id int)",
            f"ALTER TABLE {service}.thing ADD COLUMN more int",
            f"TRUNCATE {service}.thing",
            f"DROP TABLE {service}.thing",
            "CREATE TABLE public.other (id int)",
            "CREATE SCHEMA other",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(refused)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_sees_nothing_of_another_schema(empty_database_urls: DatabaseUrls, service: str) -> None:
    with psycopg.connect(_conninfo(empty_database_urls.migrate)) as owner:
        for other in SERVICES:
            owner.execute(f"CREATE TABLE {other}.thing (id int)")
    with psycopg.connect(_conninfo(getattr(empty_database_urls, service)), autocommit=True) as application:
        for other in set(SERVICES) - {service}:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(f"SELECT * FROM {other}.thing")


def test_provisioning_again_changes_nothing(postgres_server: Postgres, empty_database_urls: DatabaseUrls) -> None:
    privileges = (
        "SELECT nspname, nspacl::text, defaclacl::text FROM pg_namespace"
        " LEFT JOIN pg_default_acl ON pg_namespace.oid = defaclnamespace ORDER BY 1, 3"
    )
    with psycopg.connect(_conninfo(empty_database_urls.superuser)) as connection:
        before = connection.execute(privileges).fetchall()
    provision(postgres_server.conninfo(), empty_database_urls.name)
    with psycopg.connect(_conninfo(empty_database_urls.superuser)) as connection:
        assert connection.execute(privileges).fetchall() == before


def test_chinese_names_can_be_searched_by_likeness(empty_database_urls: DatabaseUrls) -> None:
    with psycopg.connect(_conninfo(empty_database_urls.origination)) as application:
        row = application.execute("SELECT similarity('北京智算科技', '北京智算云科技')").fetchone()
    assert row is not None
    assert row[0] == pytest.approx(0.5)


def test_a_migrated_schema_stays_where_it_is_when_migrated_again(database_urls: DatabaseUrls) -> None:
    before = current(database_urls.migrate)
    assert all(before.values())
    upgrade(database_urls.migrate)
    assert current(database_urls.migrate) == before
