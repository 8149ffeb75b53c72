"""Binding a policy file to the vocabulary: the moment at which its cells become something that can be evaluated."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from domain.model import Value
from policy.engine.source import Pointer
from policy.engine.vocabulary import FactDefinition


class Bindable(Value):
    """A part of a policy file with cells or conditions in it."""

    def bind(self, vocabulary: Mapping[str, FactDefinition]) -> list[tuple[Pointer, str]]:
        """Parse every cell against the facts it speaks of. Returns what is wrong, by pointer inside this part."""
        raise NotImplementedError

    def incompleteness(self, vocabulary: Mapping[str, FactDefinition]) -> list[tuple[Pointer, str]]:
        """What a part whose cells are all sound leaves out or decides twice. Asked after :meth:`bind` found nothing."""
        return []


def faults_of(part: Bindable, vocabulary: Mapping[str, FactDefinition]) -> list[tuple[Pointer, str]]:
    """Bind a part and prove it complete. Returns everything that is wrong, by pointer inside the part."""
    return part.bind(vocabulary) or part.incompleteness(vocabulary)


def parts(value: Any, at: Pointer = ()) -> Iterator[tuple[Pointer, Bindable]]:
    """Every bindable part of a policy file with its pointer."""
    if isinstance(value, Bindable):
        yield at, value
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from parts(getattr(value, name), (*at, name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from parts(item, (*at, str(key)))
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from parts(item, (*at, index))
