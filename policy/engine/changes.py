"""What a checker reads before approving: how one book differs from another, by policy, row and cell."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from domain.policy_changes import CellChange, PolicyChange, PolicyChanges
from policy.engine.bundle import Bundle
from policy.engine.coherence import version_number
from policy.engine.file import PolicyFile

_ROW_NAMES: Final = (("id",), ("kind", "stage"), ("kind",), ("name",), ("channel",), ("asset_kind",))
"""The fields by which a row of a list is known again, tried in this order."""
_HEAD: Final = frozenset({"kind", "id", "version", "effective_from"})

File = Mapping[str, Any]
_Versions = dict[tuple[str, str], dict[str, File]]


def compare(before: Bundle | None, after: Bundle) -> PolicyChanges:
    """Every version that ``after`` has otherwise than ``before``, in order of kind, id and version."""
    old, new = _by_policy(before.canonical()["files"] if before else []), _by_policy(after.canonical()["files"])
    changes = [
        change for key in sorted(old.keys() | new.keys()) for change in _of_policy(old.get(key, {}), new.get(key, {}))
    ]
    return PolicyChanges(
        sha256_before=before.sha256 if before else None, sha256_after=after.sha256, changes=tuple(changes)
    )


def compare_files(before: File, after: File) -> tuple[CellChange, ...]:
    """The cells in which two files differ, given as plain data; their heads aside."""
    return tuple(_cells({**before, **dict.fromkeys(_HEAD)}, {**after, **dict.fromkeys(_HEAD)}, ""))


def _by_policy(files: Iterable[File]) -> _Versions:
    found: _Versions = {}
    for item in files:
        found.setdefault((str(item["kind"]), str(item["id"])), {})[str(item["version"])] = item
    return found


def _of_policy(old: dict[str, File], new: dict[str, File]) -> Iterator[PolicyChange]:
    ordered = sorted(new, key=version_number)
    for place, version in enumerate(ordered):
        item = new[version]
        if version in old:
            if old[version] != item:
                yield _change("rewritten", item, version, tuple(_cells(old[version], item, "")))
        elif place == 0:
            yield _change("new", item, None, ())
        else:
            former = new[ordered[place - 1]]
            yield _change("version", item, str(former["version"]), compare_files(former, item))
    for version in sorted(old.keys() - new.keys(), key=version_number):
        yield _change("gone", old[version], version, ())


def _change(what: Any, item: File, former: str | None, cells: tuple[CellChange, ...]) -> PolicyChange:
    ends = item.get("effective_to")
    return PolicyChange(
        what=what,
        kind=item["kind"],
        id=item["id"],
        version=item["version"],
        version_before=former,
        effective_from=None if what == "gone" else date.fromisoformat(item["effective_from"]),
        effective_to=date.fromisoformat(ends) if ends else None,
        title_zh=item["title_zh"],
        title_en=item["title_en"],
        cells=cells,
    )


def _cells(before: Any, after: Any, at: str) -> Iterator[CellChange]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*after, *before]):
            where = f"{at}/{key}" if at else str(key)
            if key not in before or key not in after:
                yield _one(where, before.get(key), after.get(key), key in before, key in after)
            else:
                yield from _cells(before[key], after[key], where)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _items(before, after, at)
    else:
        yield CellChange(where=at, before=cell_text(before), after=cell_text(after))


def _items(before: list[Any], after: list[Any], at: str) -> Iterator[CellChange]:
    named = _named(before, after)
    if named is None:
        if all(not isinstance(item, dict | list) for item in (*before, *after)):
            yield from (CellChange(where=at, after=cell_text(item)) for item in after if item not in before)
            yield from (CellChange(where=at, before=cell_text(item)) for item in before if item not in after)
            if sorted(map(str, before)) == sorted(map(str, after)):
                yield CellChange(where=at, before=cell_text(before), after=cell_text(after))  # another order
            return
        named = dict(enumerate(before)), dict(enumerate(after))
    old, new = named
    for name in dict.fromkeys([*new, *old]):
        where = f"{at}/{name}"
        if name in old and name in new:
            yield from _cells(old[name], new[name], where)
        else:
            yield _one(where, old.get(name), new.get(name), name in old, name in new)


def _named(before: list[Any], after: list[Any]) -> tuple[dict[Any, Any], dict[Any, Any]] | None:
    """Both lists by the names of their rows, where their rows have names of their own."""
    if not all(isinstance(item, dict) for item in (*before, *after)):
        return None
    for fields in _ROW_NAMES:
        found = tuple(
            {
                " ".join(str(item[name]) for name in fields): item
                for item in rows
                if all(name in item for name in fields)
            }
            for rows in (before, after)
        )
        if len(found[0]) == len(before) and len(found[1]) == len(after):
            return found[0], found[1]
    return None


def _one(where: str, before: Any, after: Any, was: bool, is_now: bool) -> CellChange:
    return CellChange(
        where=where, before=cell_text(before) if was else None, after=cell_text(after) if is_now else None
    )


def cell_text(value: Any) -> str:
    """Plain data of a policy file in one line, as it would stand there."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {cell_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(cell_text, value)) + "]"
    return "null" if value is None else str(value)


def plain_file(bundle: Bundle, file: PolicyFile) -> dict[str, Any]:
    """A file of a bundle as its author wrote it: scalars as text. Raises ``LookupError`` for a file of another bundle."""
    for item in bundle.canonical()["files"]:
        if (item["kind"], item["id"], item["version"]) == (file.kind, file.id, file.version):
            return dict(item)
    raise LookupError(f"the bundle has no {file.kind} {file.id} of version {file.version}")
