"""Canonical bytes of a value (RFC 8785) and their SHA-256: what hashes, signatures and recomputation stand on."""

import hashlib
from typing import Any

import rfc8785
from pydantic import BaseModel


def canonical(value: BaseModel | dict[str, Any] | list[Any]) -> bytes:
    """The RFC 8785 bytes of a value.

    Decimals must already be text at the scale of their type, which models do for themselves. Floats and integers beyond
    2^53 are refused: they have no single spelling.
    """
    data = value.model_dump(mode="json", by_alias=True) if isinstance(value, BaseModel) else value
    _refuse_floats(data, "")
    return rfc8785.dumps(data)


def sha256_of(value: BaseModel | dict[str, Any] | list[Any] | bytes) -> str:
    """Lower-case hex SHA-256 of the canonical bytes (or of bytes as they are)."""
    return hashlib.sha256(value if isinstance(value, bytes) else canonical(value)).hexdigest()


def _refuse_floats(data: Any, where: str) -> None:
    if isinstance(data, float):
        raise TypeError(f"a float at {where or '/'} cannot be hashed; quantise it into decimal text first")
    if isinstance(data, dict):
        for key, item in data.items():
            _refuse_floats(item, f"{where}/{key}")
    elif isinstance(data, list | tuple):
        for index, item in enumerate(data):
            _refuse_floats(item, f"{where}/{index}")
