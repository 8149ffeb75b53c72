"""The findings of a service: each with its inputs and whole trace, content-addressed, so that it can be recomputed."""

import json
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Column, Date, ForeignKey, Index, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.canonical import canonical, sha256_of
from domain.finding import Finding, FindingRef
from services.kit.database import UtcDateTime

F = TypeVar("F", bound=Finding[Any])


class FindingDamaged(RuntimeError):
    """A stored finding or its inputs no longer have the hash they are filed under."""


class FindingStore:
    """The tables of one service's findings, and what is done with them.

    ``content`` holds canonical bytes under their SHA-256: inputs, and findings without id and time. Equal inputs are
    kept once. ``finding`` says when which conclusion was drawn.
    """

    def __init__(self, metadata: MetaData) -> None:
        self.content = Table(
            "content",
            metadata,
            Column("sha256", Text, primary_key=True),
            Column("body", LargeBinary, nullable=False),
            Column("stored_at", UtcDateTime, nullable=False),
        )
        self.finding = Table(
            "finding",
            metadata,
            Column("id", Uuid, primary_key=True),
            Column("kind", Text, nullable=False),
            Column("outcome", Text, nullable=False),
            Column("subject", Text, nullable=False),
            Column("sha256", Text, ForeignKey(self.content.c.sha256), nullable=False),
            Column("inputs_sha256", Text, ForeignKey(self.content.c.sha256), nullable=False),
            Column("as_of", Date, nullable=False),
            Column("made_at", UtcDateTime, nullable=False),
            Index(None, "subject", "id"),
        )

    async def put(
        self, session: AsyncSession, finding: Finding[Any], inputs: BaseModel | dict[str, Any], *, subject: str = ""
    ) -> FindingRef:
        """File a finding with its inputs. ``subject`` is what it speaks of (a case's or an asset's id).

        Raises ``ValueError`` when the inputs are not those the finding was drawn from. Filing the same finding twice is
        no error.
        """
        if sha256_of(inputs) != finding.inputs_sha256:
            raise ValueError("these are not the inputs the finding was drawn from")
        ref = finding.ref()
        body = canonical(finding.model_dump(mode="json", exclude={"id", "made_at"}))
        stored = [
            {"sha256": finding.inputs_sha256, "body": canonical(inputs), "stored_at": finding.made_at},
            {"sha256": ref.sha256, "body": body, "stored_at": finding.made_at},
        ]
        # In the order of the hashes, so that two requests filing the same content never wait for each other in a
        # circle.
        stored.sort(key=lambda row: str(row["sha256"]))
        await (await session.connection()).execute(insert(self.content).values(stored).on_conflict_do_nothing())
        await (await session.connection()).execute(
            insert(self.finding)
            .values(
                id=finding.id,
                kind=finding.kind,
                outcome=finding.outcome.value,
                subject=subject,
                sha256=ref.sha256,
                inputs_sha256=finding.inputs_sha256,
                as_of=finding.as_of,
                made_at=finding.made_at,
            )
            .on_conflict_do_nothing()
        )
        return ref

    async def get(self, session: AsyncSession, finding_id: UUID, kind: type[F]) -> F | None:
        """A finding as it was drawn, e.g. ``get(session, id, Finding[Price])``; ``None`` where there is none."""
        found = await self.filed(session, finding_id)
        return None if found is None else kind.model_validate_json(json.dumps(found[1]))

    async def filed(self, session: AsyncSession, finding_id: UUID) -> tuple[str, dict[str, Any]] | None:
        """What a finding speaks of, and the whole of it as it was filed, whatever its kind; ``None`` where there is none."""
        row = (
            await (await session.connection()).execute(self.finding.select().where(self.finding.c.id == finding_id))
        ).one_or_none()
        if row is None:
            return None
        body = await self._content(session, row.sha256)
        return row.subject, {**body, "id": str(row.id), "made_at": row.made_at.isoformat()}

    async def inputs(self, session: AsyncSession, inputs_sha256: str) -> dict[str, Any] | None:
        """The inputs filed under this hash; ``None`` where there are none."""
        found = await (await session.connection()).execute(
            self.content.select().where(self.content.c.sha256 == inputs_sha256)
        )
        return None if found.one_or_none() is None else await self._content(session, inputs_sha256)

    async def _content(self, session: AsyncSession, sha256: str) -> dict[str, Any]:
        row = (
            await (await session.connection()).execute(self.content.select().where(self.content.c.sha256 == sha256))
        ).one()
        if sha256_of(row.body) != sha256:
            raise FindingDamaged(sha256)
        body: dict[str, Any] = json.loads(row.body)
        return body
