"""What one version of an application's content says otherwise than another."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

MOST_CHANGES = 200


def changes(before: Any, after: Any) -> tuple[str, ...]:
    """JSON pointers of what differs between two documents, sorted; at most 200 of them.

    Lists of another length differ as a whole: an item put in front would else seem to change all that follow.
    """
    return tuple(sorted(islice(_differing(before, after, ""), MOST_CHANGES)))


def _differing(before: Any, after: Any, pointer: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in (*after, *(name for name in before if name not in after)):
            yield from _differing(before.get(name), after.get(name), f"{pointer}/{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from _differing(*pair, f"{pointer}/{index}")
    else:
        yield pointer
