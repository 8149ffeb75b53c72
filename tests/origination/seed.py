"""First contents of an empty installation: the shipped policy book, published by two persons, and reference data."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from domain.casefile import ReferenceBody
from policy.engine import Bundle, load_book
from services.kit.database import Database
from services.kit.problems import Problem
from services.origination.store import policies, reference
from services.origination.store.policies import PolicyShelf

BOOK = Path(__file__).resolve().parents[2] / "policy" / "book"


async def publish_book(
    database: Database, *, maker: str, checker: str, in_force_from: date, book: Path | Bundle = BOOK, comment: str = ""
) -> str:
    """Publish a policy book: proposed by ``maker``, put into force by ``checker``, from a day on. Returns its SHA-256.

    ``book`` is a directory of policy files, or a bundle that was loaded from one. What is published already stays as it is.
    Raises ``PolicyFaults`` with everything wrong in the files and ``Problem`` (``same_person``, ``policy_refused``).
    """
    bundle = book if isinstance(book, Bundle) else await asyncio.to_thread(load_book, book)
    previous = await PolicyShelf(database).published_last()
    async with database.session() as session:
        try:
            publication = await policies.publication_of(session, bundle.sha256)
        except Problem:
            publication = await policies.propose(
                session, bundle, previous, maker=maker, in_force_from=in_force_from, comment=comment
            )
        if publication.checker is None:
            await policies.approve(session, bundle, previous, checker=checker)
    return bundle.sha256


async def load_reference_data(database: Database, directory: Path, *, recorded_by: str) -> int:
    """Add every vintage in a directory's YAML files; those that are there already are left. Returns how many were read.

    A file holds one vintage, or a list of them under ``vintages``. Figures are read as text, never through a binary float.
    """
    bodies = await asyncio.to_thread(_all_vintages, directory)
    async with database.session() as session:
        for body in bodies:
            await reference.add(session, body, recorded_by=recorded_by)
    return len(bodies)


def _all_vintages(directory: Path) -> list[ReferenceBody]:
    return [body for path in sorted(directory.glob("*.yaml")) for body in _vintages(path)]


def _vintages(path: Path) -> list[ReferenceBody]:
    # The base loader builds text, lists and maps and nothing else; a figure stays as it was written.
    data: Any = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)
    items = data["vintages"] if isinstance(data, dict) and "vintages" in data else data
    return [ReferenceBody.model_validate(item) for item in (items if isinstance(items, list) else [items])]
