"""Personal fields under seal: in an event they are ciphertext, and the event's hash covers the ciphertext.

So a chain can be checked by somebody who may not read the names, and destroying a sealing key (art. 47 of the Personal
Information Protection Law) leaves every chain intact.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import TypeAliasType

from domain.personal import Personal
from services.kit.keyring import Keyring, Undecipherable

_PREFIX = "sealed:"
_ESCAPE = "sealed::"


def seal(model: type[BaseModel], data: Mapping[str, Any], keyring: Keyring) -> dict[str, Any]:
    """The JSON data of a ``model`` with every field marked ``Personal`` replaced by ``sealed:<key id>:<base64url>``."""
    sealed = _sealed((model,), dict(data), keyring)
    assert isinstance(sealed, dict)
    return sealed


def unseal(data: Any, keyring: Keyring) -> Any:
    """The data with all seals opened. Raises ``UnknownKey`` where the key was destroyed, ``Undecipherable`` where the
    text was changed."""
    if isinstance(data, Mapping):
        return {name: unseal(value, keyring) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [unseal(value, keyring) for value in data]
    if isinstance(data, str) and data.startswith(_ESCAPE):
        return data.removeprefix(_ESCAPE)
    if isinstance(data, str) and data.startswith(_PREFIX):
        return _opened(data, keyring)
    return data


def _sealed(annotations: tuple[Any, ...], value: Any, keyring: Keyring) -> Any:
    """``annotations`` are all the types the value may have here: a field personal in any of them is sealed."""
    kinds, personal = _flattened(annotations)
    if personal and value is not None:
        return _closed(value, keyring)
    if isinstance(value, Mapping):
        return {name: _sealed(_member_types(kinds, name), item, keyring) for name, item in value.items()}
    if isinstance(value, list | tuple):
        items = _item_types(kinds)
        return [_sealed(items, item, keyring) for item in value]
    if isinstance(value, str) and value.startswith(_PREFIX):
        # Text that only looks like a seal must come back as it was.
        return _ESCAPE + value
    return value


# What the models say of their fields does not change while the process runs, and every event walks through them.
_WALKED = 4096


@lru_cache(_WALKED)
def _flattened(annotations: tuple[Any, ...]) -> tuple[tuple[Any, ...], bool]:
    """The plain types behind unions, aliases and annotations, and whether any of them is marked personal."""
    kinds: list[Any] = []
    personal = False
    pending = list(annotations)
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, Personal):
            personal = True
        elif isinstance(annotation, TypeAliasType):
            pending.append(annotation.__value__)
        elif get_origin(annotation) is Annotated:
            inner, *metadata = get_args(annotation)
            pending += [inner, *(m for m in metadata if isinstance(m, Personal))]
        elif get_origin(annotation) in (Union, UnionType):
            pending += get_args(annotation)
        else:
            kinds.append(annotation)
    return tuple(kinds), personal


@lru_cache(_WALKED)
def _fields(model: type[BaseModel]) -> dict[str, tuple[Any, ...]]:
    """What a model says of each of its fields, by every name the field may have in JSON."""
    found: dict[str, tuple[Any, ...]] = {}
    for key, field in model.model_fields.items():
        said = (field.annotation, *(mark for mark in field.metadata if isinstance(mark, Personal)))
        for name in {key, field.alias, field.serialization_alias} - {None}:
            found[str(name)] = (*found.get(str(name), ()), *said)
    return found


def _member_types(kinds: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    found: tuple[Any, ...] = ()
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += _fields(kind).get(name, ())
        elif isinstance(origin := get_origin(kind), type) and issubclass(origin, Mapping):
            found += get_args(kind)[1:]
    return found


@lru_cache(_WALKED)
def _item_types(kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(argument for kind in kinds if get_origin(kind) in _SEQUENCES for argument in get_args(kind))


_SEQUENCES = (list, tuple, set, frozenset)


def _closed(value: Any, keyring: Keyring) -> str:
    sealed = keyring.encrypt("seal", json.dumps(value, ensure_ascii=False).encode())
    return f"{_PREFIX}{sealed.key_id}:{base64.urlsafe_b64encode(sealed.data).decode()}"


def _opened(text: str, keyring: Keyring) -> Any:
    key_id, _, encoded = text.removeprefix(_PREFIX).partition(":")
    try:
        data = base64.urlsafe_b64decode(encoded)
    except (binascii.Error, ValueError):
        raise Undecipherable("seal") from None
    return json.loads(keyring.decrypt("seal", key_id, data))
