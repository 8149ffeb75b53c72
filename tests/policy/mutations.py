"""The book with one row missing, time and again: which rows would nobody miss?

A row is what an officer could delete by itself: every element of a list and every entry of a map below the head of a
file, at any depth. Not rows are

- fields that their model requires: without them the file is refused whatever they hold (shown once a model and field);
- entries that say what their absence means as well (``required: true``): without them the policy is the same;
- words for the reader (``COMMENTARY``), on which nothing is decided.

A row is missed when the book without it is refused, or when a golden test fails on the book without it. Golden tests
that can be asked take ``bundle``, or ask for the shipped book while they run, and parametrised values only. Which files
a test reads is learnt by running it once on a book that takes notes, so that a row is put to those alone whom it could
concern.

    python -m tests.policy.mutations [part of a file's name ...]
"""

import importlib
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from policy.engine import Bundle, FactDefinition, PolicyFile, Vocabulary
from policy.engine.binding import faults_of, parts
from policy.engine.bundle import P, assemble
from policy.engine.coherence import all_standing, declared, incoherence
from policy.engine.kinds import build
from policy.engine.source import Pointer, Source, read_source
from policy.engine.table import Row
from tests.shipped import BOOK, instead_of_the_shipped, shipped_book

GOLDEN: Final = Path(__file__).parents[1] / "golden"
COMMENTARY: Final = frozenset({(Row, "note"), (FactDefinition, "unit")})
"""Model and field of words for the reader."""

Identity = tuple[str, str, str]
"""Kind, id and version of a file."""


class NotesBundle(Bundle):
    """A bundle that notes which versions it is asked for."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle.files(), bundle.canonical())
        self.__dict__["sha256"] = bundle.sha256
        self.noted: set[Identity] = set()

    def files(self) -> tuple[PolicyFile, ...]:
        self.noted.update(identity(file) for file in super().files())
        return super().files()

    def canonical(self) -> dict[str, Any]:
        self.noted.update(identity(file) for file in super().files())
        return super().canonical()

    def _in_force(self, model: type[P], kind: str, name: str, on: date) -> P:
        found = super()._in_force(model, kind, name, on)
        self.noted.add(identity(found))
        return found

    def _all_in_force(self, model: type[P], kind: str, on: date) -> list[P]:
        found = super()._all_in_force(model, kind, on)
        self.noted.update(identity(file) for file in found)
        return found


def identity(file: PolicyFile) -> Identity:
    return file.kind, file.id, file.version


# --- golden tests -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GoldenTest:
    """One golden test with its parametrised values."""

    name: str
    function: Callable[..., object]
    arguments: Mapping[str, object]
    takes_bundle: bool
    words: str
    """What it is about, for finding the likely ones first: its name, its values and its own text."""

    def passes(self, bundle: Bundle) -> bool:
        given = {**self.arguments, "bundle": bundle} if self.takes_bundle else self.arguments
        with instead_of_the_shipped(bundle):
            try:
                self.function(**given)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # pytest's own failures are no Exceptions
                return False
        return True


def golden_tests() -> list[GoldenTest]:
    """Every golden test that can be asked about another book."""
    found = []
    for path in sorted(GOLDEN.glob("test_*.py")):
        module = importlib.import_module(f"tests.golden.{path.stem}")
        for place in (module, *(item() for name, item in vars(module).items() if name.startswith("Test"))):
            for name, function in inspect.getmembers(place, inspect.isroutine):
                if name.startswith("test_") and not inspect.iscoroutinefunction(function):
                    found.extend(_expanded(path.stem, name, function))
    return found


def _expanded(module: str, name: str, function: Callable[..., object]) -> Iterator[GoldenTest]:
    wanted = set(inspect.signature(function).parameters)
    text = inspect.getsource(function)
    tables: list[list[dict[str, object]]] = []
    for mark in getattr(function, "pytestmark", []):
        if mark.name == "parametrize":
            names = (
                [item.strip() for item in mark.args[0].split(",")] if isinstance(mark.args[0], str) else mark.args[0]
            )
            tables.append([_values(names, row) for row in mark.args[1]])
    for number, rows in enumerate(itertools.product(*tables)):
        arguments = {key: value for row in rows for key, value in row.items()}
        if wanted - arguments.keys() <= {"bundle"}:
            words = f"{name} {arguments} {text}"
            yield GoldenTest(f"{module}::{name}[{number}]", function, arguments, "bundle" in wanted, words)


def _values(names: list[str], row: object) -> dict[str, object]:
    values = getattr(row, "values", None)
    given = values if isinstance(values, tuple) else row  # pytest.param(...) holds its values
    if len(names) == 1:
        return {names[0]: given[0] if isinstance(values, tuple) else given}  # type: ignore[index]
    assert isinstance(given, tuple | list)
    return dict(zip(names, given, strict=True))


@dataclass
class Readers:
    """The golden tests by the files they read."""

    tests: list[GoldenTest]
    reads: dict[str, set[Identity]] = field(default_factory=dict)
    failing: list[str] = field(default_factory=list)
    """Tests that fail on the whole book: they can find nothing."""

    @classmethod
    def of(cls, bundle: Bundle, tests: list[GoldenTest]) -> "Readers":
        readers = cls(tests)
        notes = NotesBundle(bundle)
        for test in tests:
            notes.noted = set()
            if not test.passes(notes):
                readers.failing.append(test.name)
            readers.reads[test.name] = notes.noted
        return readers

    def of_files(self, files: set[Identity], hints: tuple[str, ...]) -> list[GoldenTest]:
        """Who reads any of some files; those first whose text has most of the hints."""
        found = [test for test in self.tests if self.reads[test.name] & files and test.name not in self.failing]
        return sorted(found, key=lambda test: -sum(hint in test.words for hint in hints))


# --- rows -------------------------------------------------------------------------------------------------------------


def rows(source: Source, file: PolicyFile) -> Iterator[Pointer]:
    """The pointers of every row of a file."""
    for name in source.data:
        if name not in PolicyFile.model_fields:
            yield from _below(source.data[name], getattr(file, name, None), (name,), file)


def _below(data: Any, value: Any, at: Pointer, parent: Any) -> Iterator[Pointer]:
    if not isinstance(parent, BaseModel) or _may_be_left_out(parent, str(at[-1])):
        yield at
    if isinstance(data, dict):
        for key, item in data.items():
            inner = getattr(value, key, None) if isinstance(value, BaseModel) else _entry(value, key)
            yield from _below(item, inner, (*at, key), value)
    elif isinstance(data, list):
        for index, item in enumerate(data):
            inner = value[index] if isinstance(value, tuple | list) and len(value) == len(data) else None
            yield from _below(item, inner, (*at, index), value)


def _entry(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


_required: set[tuple[type[BaseModel], str]] = set()
"""Fields of which a walk has seen that the file is refused without them."""


def _may_be_left_out(model: BaseModel, name: str) -> bool:
    kind = type(model)
    known = kind.model_fields.get(name)
    if known is None:
        return True
    if (kind, name) in COMMENTARY or any((base, name) in COMMENTARY for base in kind.__mro__):
        return False
    if not known.is_required():
        return bool(getattr(model, name) != known.get_default(call_default_factory=True, validated_data={}))
    if (kind, name) in _required:
        return False
    _required.add((kind, name))
    return True


def without(data: Any, at: Pointer) -> Any:
    """The data without one of its nodes."""
    mutant = deepcopy(data)
    around = mutant
    for part in at[:-1]:
        around = around[part]
    del around[at[-1]]
    return mutant


# --- the walk ---------------------------------------------------------------------------------------------------------


class Walk:
    """A whole book, taken apart row by row."""

    def __init__(self, sources: list[Source], tests: list[GoldenTest] | None = None) -> None:
        self.sources = sources
        bundle, faults = assemble(sources)
        assert bundle is not None, faults
        self.bundle = bundle
        self.sha256 = bundle.sha256
        self.files: list[PolicyFile] = [built for source in sources if isinstance(built := build(source), PolicyFile)]
        for file in self.files:
            self._bound(file, self._words())
        self.texts = [repr(source.data) for source in sources]
        self.readers = Readers.of(bundle, golden_tests() if tests is None else tests)

    def survivors(self, name: str) -> list[str]:
        """The rows of a file that nobody would miss, each at its line."""
        index = next(number for number, source in enumerate(self.sources) if source.file == name)
        source, file = self.sources[index], self.files[index]
        return [
            f"{source.file}:{source.line(at)}: {'/'.join(map(str, at))}"
            for at in rows(source, file)
            if not self.missed(index, at)
        ]

    def missed(self, index: int, at: Pointer) -> bool:
        """Whether the book without a row is refused, or a golden test fails on it."""
        source = self.sources[index]
        mutant = Source(source.file, without(source.data, at), {})
        file = build(mutant)
        if not isinstance(file, PolicyFile):
            return True
        hints = self._hints(source.data, at)
        changed = {index: file}
        if isinstance(file, Vocabulary):
            words = self._words({index: file})
            named = [number for number, text in enumerate(self.texts) if number != index and f"'{at[1]}'" in text]
            # Whoever names the value itself is the first to be refused.
            for number in sorted(named, key=lambda item: -sum(hint in self.texts[item] for hint in hints)):
                again = build(self.sources[number])
                assert isinstance(again, PolicyFile)
                if self._bound(again, words):
                    return True
                changed[number] = again
        elif self._bound(file, self._words()):
            return True
        bundle = self._bundle(changed)
        concerned = {identity(self.files[number]) for number in changed}
        if any(not test.passes(bundle) for test in self.readers.of_files(concerned, hints)):
            return True
        # No other file is bound anew: what is left is whatever the files get wrong together.
        built = [(item, changed.get(number, self.files[number])) for number, item in enumerate(self.sources)]
        return bool(incoherence(built))

    def _bundle(self, changed: Mapping[int, PolicyFile]) -> Bundle:
        bundle = Bundle((changed.get(number, file) for number, file in enumerate(self.files)), {})
        bundle.__dict__["sha256"] = self.sha256  # nobody asks what the hash of such a book is, and it takes long
        return bundle

    def _words(self, changed: Mapping[int, PolicyFile] | None = None) -> Callable[[date], Mapping[str, FactDefinition]]:
        found = {**dict(enumerate(self.files)), **(changed or {})}.values()
        vocabularies = [file for file in found if isinstance(file, Vocabulary)]
        return cache(lambda day: declared(all_standing(vocabularies, day)))

    @staticmethod
    def _bound(file: PolicyFile, words: Callable[[date], Mapping[str, FactDefinition]]) -> bool:
        """Bind a file's parts; whether anything in it is a fault."""
        known = words(file.effective_from)
        wrong = [fault for _, part in parts(file) for fault in faults_of(part, known)]
        return bool(wrong or file.inconsistencies())

    @staticmethod
    def _hints(data: Any, at: Pointer) -> tuple[str, ...]:
        """Words by which a test of a row may be known: ids on the way to it, and the row's own text."""
        found: list[str] = []
        node = data
        for part in at:
            node = node[part]
            if isinstance(part, str):
                found.append(part)
            if isinstance(node, dict):
                found.extend(str(node[key]) for key in ("id", "kind") if key in node)
        if isinstance(node, str):
            found.append(node)
        return tuple(found)


@cache
def shipped_walk() -> Walk:
    """The walk of the shipped book."""
    found = [read_source(path, path.relative_to(BOOK).as_posix())[0] for path in sorted(BOOK.rglob("*.yaml"))]
    assert shipped_book()
    return Walk([source for source in found if source is not None])


def main(wanted: list[str]) -> int:
    walk = shipped_walk()
    survivors = [
        line
        for source in walk.sources
        if not wanted or any(word in source.file for word in wanted)
        for line in walk.survivors(source.file)
    ]
    for test in walk.readers.failing:
        print(f"fails on the whole book: {test}")
    print(*survivors, sep="\n")
    print(f"{len(survivors)} rows that nobody would miss")
    return 1 if survivors or walk.readers.failing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
