"""The rows of a case as its events carry them: images of what changed, and the tables they add up to again.

A case table is any table of origination with a column ``case_id``. A watch on every session sees to it that none of
them changes without an event: what a transaction changed and no event of it names, it cannot commit.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

import pydantic_core
from sqlalchemy import Column, Numeric, Table, event, inspect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.types import Date, Uuid

from domain.canonical import canonical
from services.kit.database import UtcDateTime
from services.kit.keyring import Keyring
from services.kit.sealing import seal, unseal
from services.origination.tables.base import OriginationTable, metadata

CASE_KEY: Final = "case_id"
_KEPT_APART: Final = frozenset({"case_event", "case_head"})
_CHANGES: Final = "unrecorded_case_changes"


class UnrecordedChange(RuntimeError):
    """A case table was changed without the event that says so: a programming error, which the commit refuses."""


def is_case_table(table: Table) -> bool:
    return CASE_KEY in table.c and table.name not in _KEPT_APART


def case_tables() -> list[Table]:
    """All case tables, each after those it refers to."""
    import services.origination.tables  # noqa: F401  the metadata is whole only with every table module

    return [table for table in metadata.sorted_tables if is_case_table(table)]


def table_of(kind: type[OriginationTable]) -> Table:
    return cast(Table, inspect(kind, raiseerr=True).local_table)


@dataclass
class _Change:
    row: OriginationTable
    columns: set[str] = field(default_factory=set)
    new: bool = False


def _pending(session: Session) -> dict[int, _Change]:
    changes: dict[int, _Change] = session.info.setdefault(_CHANGES, {})
    return changes


@event.listens_for(Session, "before_flush")
def _watch(session: Session, *_: object) -> None:
    for row in session.deleted:
        if isinstance(row, OriginationTable) and is_case_table(table_of(type(row))):
            raise UnrecordedChange(f"rows of {table_of(type(row)).name} are never deleted")
    for row in (*session.new, *session.dirty):
        if not isinstance(row, OriginationTable) or not is_case_table(table_of(type(row))):
            continue
        state = inspect(row)
        changed = {attribute.key for attribute in state.attrs if attribute.history.has_changes()}
        if row in session.new or changed:
            change = _pending(session).setdefault(id(row), _Change(row))
            change.columns |= changed
            change.new = change.new or row in session.new


@event.listens_for(Session, "before_commit")
def _refuse_unrecorded(session: Session) -> None:
    session.flush()
    if left := _pending(session):
        names = sorted({table_of(type(change.row)).name for change in left.values()})
        raise UnrecordedChange(f"changed without an event: {', '.join(names)}")


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _: object) -> None:
    session.info.pop(_CHANGES, None)


@event.listens_for(Session, "do_orm_execute")
def _refuse_bulk(state: ORMExecuteState) -> None:
    if not (state.is_insert or state.is_update or state.is_delete):
        return
    mapper = state.bind_mapper
    table = None if mapper is None else mapper.local_table
    if isinstance(table, Table) and table.metadata is metadata and is_case_table(table):
        raise UnrecordedChange(f"{table.name} is changed row by row, with an event")


def taken_images(session: Session, rows: Iterable[OriginationTable], keyring: Keyring) -> list[dict[str, Any]]:
    """The images of these flushed rows since their last event. Rows without a change give none."""
    pending = _pending(session)
    images = []
    for row in rows:
        change = pending.pop(id(row), None)
        if change is not None:
            images.append(_image(change, keyring))
    return images


def _image(change: _Change, keyring: Keyring) -> dict[str, Any]:
    table = table_of(type(change.row))
    keys = {column.name for column in table.primary_key}
    values = {
        column.name: column_text(column, getattr(change.row, column.key), keyring)
        for column in table.c
        if column.name not in keys and (change.new or column.key in change.columns)
    }
    key = {name: column_text(table.c[name], getattr(change.row, name), keyring) for name in sorted(keys)}
    return {"table": table.name, "key": key, "new": change.new, "values": values}


def column_text(column: "Column[Any]", value: Any, keyring: Keyring) -> Any:
    """A column's value as an image holds it: no floats, decimals at their scale, personal fields sealed."""
    if value is None:
        return None
    if isinstance(column.type, JSONB):
        plain = json.loads(pydantic_core.to_json(value))
        model = column.info.get("model")
        return plain if model is None else seal(model, plain, keyring)
    if isinstance(column.type, Numeric):
        return f"{Decimal(value):.{column.type.scale}f}"
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, UUID | date):
        return str(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | int):
        return value
    raise TypeError(f"{column.name}: a {type(value).__name__} has no image")


def instant_text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def column_value(column: "Column[Any]", text: Any, keyring: Keyring) -> Any:
    """The reverse of ``column_text``."""
    if text is None:
        return None
    if isinstance(column.type, JSONB):
        model = column.info.get("model")
        return text if model is None else unseal(text, keyring)
    if isinstance(column.type, Numeric):
        return Decimal(text)
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(text)
    if isinstance(column.type, Date):
        return date.fromisoformat(text)
    if isinstance(column.type, Uuid):
        return UUID(text)
    return text


CaseState = dict[str, dict[str, dict[str, Any]]]
"""Table name → canonical key → the row's columns, as images hold them."""


def folded(payloads: Iterable[dict[str, Any]]) -> CaseState:
    """What the images of a case's events add up to, in their order.

    Raises ``ValueError`` for an image of a row that no earlier event created: the chain is not whole.
    """
    state: CaseState = {}
    for payload in payloads:
        for image in payload["rows"]:
            rows = state.setdefault(image["table"], {})
            key = canonical(image["key"]).decode()
            if not image["new"] and key not in rows:
                raise ValueError(f"an event changes a row of {image['table']} that no event made")
            rows[key] = {**rows.get(key, image["key"]), **image["values"]}
    return state


def restored(state: CaseState, keyring: Keyring) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    """The rows of a folded state, ready to be inserted: tables in the order of their references."""
    for table in case_tables():
        if rows := state.get(table.name):
            yield (
                table,
                [
                    {name: column_value(table.c[name], text, keyring) for name, text in row.items()}
                    for row in rows.values()
                ],
            )
