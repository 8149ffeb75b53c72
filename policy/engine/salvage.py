"""What a refused file still says. Its sound parts are checked with all others, so that an author who left out a source
also hears of the gap in a table further down, at once and not at the next attempt.

Nothing that is read here is ever evaluated or published: a book with a single fault gives no bundle.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from policy.engine.binding import Bindable, faults_of, parts
from policy.engine.coherence import all_standing, declared
from policy.engine.faults import FileFault
from policy.engine.file import DAY_TEXT, PolicyFile
from policy.engine.kinds import Refused
from policy.engine.source import Pointer, Source
from policy.engine.vocabulary import FactDefinition, Vocabulary, undeclared

_HEAD: Final[dict[str, Any]] = {
    "id": "unnamed",
    "version": "0",
    "effective_from": "0001-01-01",
    "effective_to": None,
    "title_zh": "–",
    "title_en": "–",
    "source": ["–"],
}
"""Stands in for a head that is missing or wrong, where the body alone is looked at."""

Faults = list[tuple[Pointer, str]]


class Words:
    """The facts that files may speak of, those of refused vocabularies among them: a vocabulary with a fault of its own
    does not make every table a liar that uses its words.
    """

    def __init__(self, vocabularies: Sequence[Vocabulary], refused: Iterable[Refused]) -> None:
        self._vocabularies = vocabularies
        self._spare: list[tuple[date, dict[str, FactDefinition]]] = []
        unsound: set[str] = set()
        for item in refused:
            if item.model is Vocabulary:
                facts = item.data.get("facts")
                sound: dict[str, FactDefinition] = {}
                for name, definition in (facts if isinstance(facts, dict) else {}).items():
                    try:
                        sound[name] = FactDefinition.model_validate(definition)
                    except ValidationError:
                        unsound.add(name)
                self._spare.append((_begin(item.data, otherwise=date.min), sound))
        self._forgiven = tuple(undeclared(name) for name in sorted(unsound))

    def on(self, day: date) -> dict[str, FactDefinition]:
        """Every fact declared on a day."""
        known = declared(all_standing(self._vocabularies, day))
        for begin, facts in self._spare:
            if begin <= day:
                known |= facts
        return known

    def faults(self, source: Source, at: Pointer, wrong: Faults) -> list[FileFault]:
        """Faults of a part at their lines, without those that only follow from a fact whose own declaration is wrong."""
        return [
            source.fault((*at, *pointer), reason)
            for pointer, reason in wrong
            if not (self._forgiven and reason.endswith(self._forgiven))
        ]


def faults_beside(item: Refused, words: Words) -> list[FileFault]:
    """What is wrong with a refused file beside what it was refused for."""
    known = words.on(_begin(item.data, otherwise=date.max))
    file = _with_sound_head(item)
    if file is None:
        return [
            fault
            for at, model, data in _parts(item.model, item.data, ())
            for fault in words.faults(item.source, at, _part_faults(model, data, known))
        ]
    bound = [fault for at, part in parts(file) for fault in words.faults(item.source, at, faults_of(part, known))]
    return bound + [item.source.fault(pointer, reason) for pointer, reason in file.inconsistencies()]


def _begin(data: Mapping[str, Any], *, otherwise: date) -> date:
    """The day a refused file begins, where it says so legibly."""
    written = str(data.get("effective_from"))
    try:
        return date.fromisoformat(written) if DAY_TEXT.fullmatch(written) else otherwise
    except ValueError:
        return otherwise


def _with_sound_head(item: Refused) -> PolicyFile | None:
    """The file with the wrong fields of its head replaced, where nothing but the head is wrong."""
    wrong = {str(error["loc"][0]) if error["loc"] else "" for error in item.error.errors(include_url=False)}
    if not wrong <= _HEAD.keys():
        return None
    try:
        return item.model.model_validate({**item.data, **{name: _HEAD[name] for name in wrong}})
    except ValidationError:
        return None


def _parts(model: type[BaseModel], data: Any, at: Pointer) -> Iterator[tuple[Pointer, type[Bindable], Any]]:
    """Everything that stands where the model has a bindable part."""
    if issubclass(model, Bindable):
        yield at, model, data
    elif isinstance(data, dict):
        for name, field in model.model_fields.items():
            yield from _within(field.annotation, data.get(name), (*at, name))


def _within(annotation: Any, data: Any, at: Pointer) -> Iterator[tuple[Pointer, type[Bindable], Any]]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _parts(annotation, data, at)
    elif origin is Annotated:
        yield from _within(arguments[0], data, at)
    elif origin in (Union, UnionType):
        for alternative in arguments:
            yield from _within(alternative, data, at)
    elif origin is tuple and isinstance(data, list):
        for index, item in enumerate(data):
            yield from _within(arguments[0], item, (*at, index))
    elif origin is dict and isinstance(data, dict):
        for key, item in data.items():
            yield from _within(arguments[1], item, (*at, key))


def _part_faults(model: type[Bindable], data: Any, vocabulary: Mapping[str, FactDefinition]) -> Faults:
    """The faults of one part; of a part that is itself wrong those of its sound cells, with no word on completeness."""
    try:
        return faults_of(model.model_validate(data), vocabulary)
    except ValidationError as error:
        wrong = {(item["loc"][0], item["loc"][1]) for item in error.errors(include_url=False) if len(item["loc"]) > 1}
    if not isinstance(data, dict):
        return []
    kept = {
        name: [index for index in range(len(items)) if (name, index) not in wrong]
        for name, items in data.items()
        if isinstance(items, list)
    }
    try:
        part = model.model_validate({**data, **{name: [data[name][index] for index in kept[name]] for name in kept}})
    except ValidationError:
        return []
    return [(_as_written(pointer, kept), reason) for pointer, reason in part.bind(vocabulary)]


def _as_written(pointer: Pointer, kept: Mapping[str, list[int]]) -> Pointer:
    """A pointer into a part that lost items, as a pointer into what the author wrote."""
    if len(pointer) > 1 and isinstance(pointer[0], str) and isinstance(pointer[1], int) and pointer[0] in kept:
        return (pointer[0], kept[pointer[0]][pointer[1]], *pointer[2:])
    return pointer
