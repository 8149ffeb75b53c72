"""The base of origination's tables: one schema, one metadata."""

from typing import Any

from pydantic import BaseModel
from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from services.kit.database import service_metadata
from services.kit.findings import FindingStore
from services.kit.idempotency import idempotency_table

metadata = service_metadata("origination")

idempotency = idempotency_table(metadata)
findings = FindingStore(metadata)


class OriginationTable(SQLModel):
    """Base of every table class of this service."""

    metadata = metadata


def document(model: type[BaseModel] | None = None, *, nullable: bool = False) -> "Column[Any]":
    """A JSONB column. ``model`` names the domain model kept in it: what is personal in there is found through it."""
    info: dict[str, Any] = {} if model is None else {"model": model}
    return Column(JSONB, nullable=nullable, info=info)
