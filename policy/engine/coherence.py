"""What the files of a book get wrong together: ids given twice, names that lead nowhere, days without a policy."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TypeVar

from policy.engine.authority import AuthorityMatrix
from policy.engine.documents import ConditionSet
from policy.engine.faults import FileFault
from policy.engine.file import PolicyFile
from policy.engine.market import Glossary, MarketRecords
from policy.engine.product import Product
from policy.engine.rules import RegulationFile
from policy.engine.source import Source
from policy.engine.vocabulary import FactDefinition, Vocabulary

P = TypeVar("P", bound=PolicyFile)

Built = tuple[Source, PolicyFile]


_STANDS_ON = frozenset({"scorecard", "rating_scale"})
"""Kinds that whoever names them needs on every day of its own time; a checklist may outlive a product it names."""


def incoherence(built: list[Built], refused: frozenset[tuple[str, str]] = frozenset()) -> list[FileFault]:
    """Every fault that only shows when the files are seen side by side.

    ``refused`` holds kind and id of files that have faults of their own: nobody is blamed for naming them.
    """
    kinds = {kind for kind, _ in refused}
    every = [file for _, file in built]
    return [
        *_repeated(built),
        *(fault for source, file in built for fault in _dangling(source, file, every, refused)),
        *(_authority_faults(built) if "authority" not in kinds else ()),
        *_day_faults(built, conditions_known="conditions" not in kinds),
        *_misnomers(built, every),
    ]


def standing(versions: Iterable[P], on: date) -> P | None:
    """The version in force: the latest to have begun, unless it has ended."""
    begun = [file for file in versions if file.effective_from <= on]
    if not begun:
        return None
    latest = max(begun, key=lambda file: file.effective_from)
    return None if latest.effective_to is not None and latest.effective_to < on else latest


def all_standing(files: Iterable[P], on: date) -> list[P]:
    """The version in force of every policy among some files."""
    versions: dict[tuple[str, str], list[P]] = {}
    for file in files:
        versions.setdefault((file.kind, file.id), []).append(file)
    found = (standing(of_one, on) for of_one in versions.values())
    return [file for file in found if file is not None]


def declared(files: Iterable[Vocabulary]) -> dict[str, FactDefinition]:
    """The facts of some vocabularies by name."""
    return {name: definition for file in files for name, definition in file.facts.items()}


def version_number(version: str) -> tuple[int, ...]:
    """A version as it orders: 10 follows 2."""
    return tuple(int(part) for part in version.split("."))


def _repeated(built: list[tuple[Source, PolicyFile]]) -> list[FileFault]:
    """Versions given twice, versions that begin on one day, second policies of a kind that has only one."""
    faults: list[FileFault] = []
    versions: dict[tuple[str, str, tuple[int, ...]], str] = {}
    begins: dict[tuple[str, str, date], str] = {}
    ids: dict[str, tuple[str, str]] = {}
    for source, file in built:
        version_key = (file.kind, file.id, version_number(file.version))
        begin_key = (file.kind, file.id, file.effective_from)
        if version_key in versions:
            faults.append(source.fault(("version",), f"{versions[version_key]} has the same id and version"))
        elif begin_key in begins:
            faults.append(source.fault(("effective_from",), f"{begins[begin_key]} has the same id and begins that day"))
        versions.setdefault(version_key, source.file)
        begins.setdefault(begin_key, source.file)
        if type(file).unique:
            other_id, other_file = ids.setdefault(file.kind, (file.id, source.file))
            if other_id != file.id:
                faults.append(source.fault(("id",), f"a book has one {file.kind} policy; {other_file} is another"))
    facts: dict[str, tuple[str, str]] = {}
    for source, file in built:
        if isinstance(file, Vocabulary):
            for name in file.facts:
                owner, where = facts.setdefault(name, (file.id, source.file))
                if owner != file.id:
                    faults.append(source.fault(("facts", name), f"{where} declares this fact already"))
    return faults


def _dangling(
    source: Source, file: PolicyFile, every: list[PolicyFile], refused: frozenset[tuple[str, str]]
) -> list[FileFault]:
    faults = []
    for pointer, kind, name in file.references():
        if (kind, name) in refused:
            continue
        named = [item for item in every if item.kind == kind and item.id == name]
        if not named:
            faults.append(source.fault(pointer, f"there is no {kind} {name!r}"))
            continue
        days = [file.effective_from]
        if kind in _STANDS_ON:
            versions = [item for item in every if item.kind == file.kind and item.id == file.id]
            ends = sorted(item.effective_to for item in named if item.effective_to is not None)
            after = (last + timedelta(days=1) for last in ends if last < date.max)
            days += [day for day in after if standing(versions, day) is file]
        for day in days:
            if standing(named, day) is None:
                faults.append(source.fault(pointer, f"no {kind} {name!r} is in force on {day.isoformat()}"))
                break
    return faults


def _authority_faults(built: list[tuple[Source, PolicyFile]]) -> list[FileFault]:
    bodies = {body.id for _, file in built if isinstance(file, AuthorityMatrix) for body in file.bodies}
    return [
        source.fault(
            ("conditions", index, "waiver_body"), f"{item.waiver_body!r} is not a body of the authority matrix"
        )
        for source, file in built
        if isinstance(file, ConditionSet)
        for index, item in enumerate(file.conditions)
        if item.waiver_body is not None and item.waiver_body not in bodies
    ]


def _misnomers(built: list[Built], every: list[PolicyFile]) -> Iterator[FileFault]:
    """Refused wordings in records: a misprint is not carried on."""
    glossaries = [file for file in every if isinstance(file, Glossary)]
    for source, file in built:
        if not isinstance(file, MarketRecords):
            continue
        for glossary in all_standing(glossaries, file.effective_from):
            for field in ("deals", "figures", "statements"):
                for index, item in enumerate(getattr(file, field)):
                    texts = [text for text in (item.title_zh, item.title_en, getattr(item, "says", "")) if text]
                    for reason in glossary.faults_in(field, texts):
                        yield source.fault((field, index), reason)


def _day_faults(built: list[Built], *, conditions_known: bool) -> Iterator[FileFault]:
    """What goes wrong on a day: checked on every day on which a file begins."""
    sources = {id(file): source for source, file in built}
    reported: set[tuple[str, ...]] = set()
    for day in sorted({file.effective_from for _, file in built}):
        in_force = all_standing([file for _, file in built], day)
        for key, file, reason in (*_shared_rule_ids(in_force), *_conditions_of_products(in_force, conditions_known)):
            if key not in reported:
                reported.add(key)
                yield sources[id(file)].fault(("effective_from",), f"on {day.isoformat()} {reason}")


def _shared_rule_ids(in_force: list[PolicyFile]) -> Iterator[tuple[tuple[str, ...], PolicyFile, str]]:
    owners: dict[str, str] = {}
    for file in in_force:
        if isinstance(file, RegulationFile):
            for rule in file.rules:
                owner = owners.setdefault(rule.id, file.id)
                if owner != file.id:
                    yield (rule.id, file.id), file, f"the rule id {rule.id!r} is also one of {owner!r}"


def _conditions_of_products(
    in_force: list[PolicyFile], conditions_known: bool
) -> Iterator[tuple[tuple[str, ...], PolicyFile, str]]:
    owners: dict[str, str] = {}
    for file in in_force:
        if isinstance(file, ConditionSet):
            for name in file.products:
                owner = owners.setdefault(name, file.id)
                if owner != file.id:
                    yield (name, file.id), file, f"the product {name!r} has its conditions in {owner!r} as well"
    for file in in_force if conditions_known else ():
        if isinstance(file, Product) and file.not_booked is None and file.id not in owners:
            yield (file.id,), file, f"no conditions name the product {file.id!r}"
