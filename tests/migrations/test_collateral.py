"""The register's revisions keep what was in the books."""

from typing import Any
from uuid import UUID

import psycopg
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from migrations.runner import _config, upgrade
from tests.fixtures.postgres import DatabaseUrls


def _to(url: str, revision: str, *, back: bool = False) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        move = command.downgrade if back else command.upgrade
        move(_config("collateral", connection), revision)
    engine.dispose()


def _servers(books: psycopg.Connection[Any]) -> list[tuple[str, str, str]]:
    return books.execute("SELECT serial_as_given, serial, state FROM collateral.server ORDER BY id").fetchall()


def test_serials_that_a_label_does_not_tell_apart_become_one_and_the_earlier_entry_keeps_it(
    empty_database_urls: DatabaseUrls,
) -> None:
    """0002: SN-0O1I and SN-0011 were two servers before."""
    url = empty_database_urls.migrate
    _to(url, "0001")
    address = empty_database_urls.superuser.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address, autocommit=True) as books:
        asset = UUID(int=1)
        books.execute(
            "INSERT INTO collateral.asset (id, case_id, asset_key, kind, description, branch, version, created_at, updated_at)"
            " VALUES (%s, %s, 'servers', 'gpu_server', 'x', 'YC', 1, now(), now())",
            (asset, asset),
        )
        for number, (given, serial, state) in enumerate(
            [
                ("SN-0O1I", "SN0O1I", "held"),
                ("sn 0011", "SN0011", "held"),
                ("SN-0O11", "SN0O11", "released"),
                ("QQ-7", "QQ7", "held"),
            ],
            start=1,
        ):
            books.execute(
                "INSERT INTO collateral.server (id, asset_id, serial, serial_as_given, model, gpu_type, gpu_count, state,"
                " created_at) VALUES (%s, %s, %s, %s, 'm', 'H100', 8, %s, now())",
                (UUID(int=number), asset, serial, given, state),
            )
        upgrade(url, ["collateral"])
        assert _servers(books) == [
            ("SN-0O1I", "SN0011", "held"),
            ("sn 0011", "SN0011", "contested"),
            ("SN-0O11", "SN0011", "released"),
            ("QQ-7", "QQ7", "held"),
        ]
        _to(url, "0001", back=True)
        assert [serial for _, serial, _ in _servers(books)] == ["SN0O1I", "SN0011", "SN0O11", "QQ7"]
