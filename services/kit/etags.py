"""Strong entity tags from row versions, and the If-Match every change must carry (RFC 9110 §13.1.1, RFC 6585 §3)."""

import re
from typing import Annotated, Any

from fastapi import Depends, Header

from services.kit.problems import Problem

_TAG = re.compile(r'\s*"([\x21\x23-\x7e]{0,64})"\s*')


def etag_of(version: int) -> str:
    """The strong ETag of a row version."""
    return f'"{version}"'


class IfMatch:
    """The versions the caller's change was based on."""

    def __init__(self, tags: frozenset[str]) -> None:
        self._tags = tags

    def check(self, version: int) -> None:
        """Raises ``version_mismatch`` (412) when the stored version is none of those."""
        if str(version) not in self._tags:
            raise Problem("version_mismatch", headers={"ETag": etag_of(version)})


class IfMatchRequired:
    """The dependency behind ``if_match``."""

    async def __call__(
        self, tag: Annotated[str, Header(alias="If-Match", max_length=500, description="the ETag you read")] = ""
    ) -> IfMatch:
        if not tag:
            raise Problem("if_match_required")
        tags = [_TAG.fullmatch(part) for part in tag.split(",")]
        if not all(tags):
            raise Problem("malformed_if_match")
        return IfMatch(frozenset(match.group(1) for match in tags if match))


def if_match() -> Any:
    """``base: Annotated[IfMatch, if_match()]``: the change names the version it was made on."""
    return Depends(IfMatchRequired())
