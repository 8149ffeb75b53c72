"""Who must decide: bodies in rank order, and the matrix that names one for every case (授权书, 分级审批)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from domain.model import Value
from domain.money import Rate
from domain.roles import Role
from policy.engine.file import PolicyFile, PolicyId, Title
from policy.engine.source import Pointer
from policy.engine.table import Decision, HitPolicy, TableBody, evaluate
from policy.engine.vocabulary import FactValue


class Committee(Value):
    """How a body of several decides: members, quorum and the share of the votes cast that carries."""

    size: Annotated[int, Field(ge=3, le=21)]
    quorum: Annotated[int, Field(ge=2, le=21)]
    majority: Annotated[Rate, Field(gt=0, le=1)]
    veto: PolicyId | None = None
    """The body whose holder may refuse what the committee recommends, and never rescue what it refused."""


class Body(Value):
    """A body that may decide; ``rank`` orders them, and a higher one may decide whatever a lower one may."""

    id: PolicyId
    rank: Annotated[int, Field(ge=1, le=99)]
    role: Role
    title_zh: Title
    title_en: Title
    committee: Committee | None = None
    heard_first: tuple[PolicyId, ...] = ()
    """Bodies whose consent must be on file before this one is asked, in order."""


class AuthorityMatrix(PolicyFile):
    """Bodies and the table whose output ``body`` names who decides; the row that fired is the proof."""

    unique = True

    kind: Literal["authority"]
    bodies: Annotated[tuple[Body, ...], Field(min_length=1)]
    pricing_body: Body
    """Who may go below the price floor; stands beside the credit bodies, its rank is not compared with theirs."""
    matrix: TableBody

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        ids = [body.id for body in self.bodies]
        ranks = [body.rank for body in self.bodies]
        if len(set(ids)) != len(ids) or len(set(ranks)) != len(ranks):
            wrong.append((("bodies",), "every body has an id and a rank of its own"))
        for index, body in enumerate(self.bodies):
            for name in (
                *body.heard_first,
                *((body.committee.veto,) if body.committee and body.committee.veto else ()),
            ):
                if name not in ids:
                    wrong.append((("bodies", index), f"{name!r} is not a body of this matrix"))
            lower = {other.id for other in self.bodies if other.rank < body.rank}
            if not set(body.heard_first) <= lower:
                wrong.append((("bodies", index, "heard_first"), "only lower bodies are heard first"))
            if body.committee is not None and body.committee.quorum > body.committee.size:
                wrong.append((("bodies", index, "committee"), "the quorum is larger than the committee"))
        if self.matrix.hit is not HitPolicy.UNIQUE:
            wrong.append(
                (("matrix", "hit"), "an authority matrix names exactly one body for every case: hit is unique")
            )
        output = next((item for item in self.matrix.outputs if item.name == "body"), None)
        if output is None or not output.values or not set(output.values) <= set(ids):
            wrong.append((("matrix", "outputs"), "the output 'body' lists bodies of this matrix as its values"))
        return wrong

    def body(self, name: str) -> Body:
        """A body by id. Raises ``StopIteration`` for an id that is none of the matrix."""
        return next(body for body in self.bodies if body.id == name)


@dataclass(frozen=True)
class AuthorityDecision:
    """The body that decides and those heard before it; ``body`` is ``None`` while the matrix refers a fact.

    ``decision`` holds the row and its inputs: the proof.
    """

    body: Body | None
    chain: tuple[Body, ...]
    decision: Decision


def required_authority(matrix: AuthorityMatrix, facts: Mapping[str, FactValue]) -> AuthorityDecision:
    """Ask the matrix who must decide a case. An absent fact names nobody: authority is never guessed."""
    decision = evaluate(matrix.matrix, facts, matrix.id)
    if not decision.decided:
        return AuthorityDecision(None, (), decision)
    body = matrix.body(decision.code("body"))
    chain = (*(matrix.body(name) for name in body.heard_first), body)
    return AuthorityDecision(body, chain, decision)
