"""A ballot of the credit committee (贷审会): one vote a member, quorum, two thirds of the votes that say yes or no.

The committee recommends. Who recuses is replaced by nobody and counted in nothing; who abstains counts towards the quorum
only. A ballot without quorum carries nothing.
"""

import asyncio
from typing import TYPE_CHECKING

from domain.authority import AuthorityRequirement
from domain.finding import FindingRef
from domain.model import Value
from domain.tasks import HumanTask, TaskOutcome, TaskSubject, TaskType

if TYPE_CHECKING:
    from workflows.human.desk import Desk


class BallotResult(Value):
    carried: bool
    voters: tuple[str, ...]


class Ballot:
    """One vote task per seat, opened together; the result is read when every seat has voted."""

    def __init__(self, desk: "Desk", requirement: AuthorityRequirement, findings: tuple[FindingRef, ...]) -> None:
        self._desk = desk
        self._requirement = requirement
        self._findings = findings

    async def held(self) -> BallotResult:
        ballot = TaskSubject(type="ballot", id=self._desk.step("ballot"))
        seats = [
            self._desk.offer_task(
                TaskType.COMMITTEE_VOTE,
                authority=self._requirement,
                subject=ballot,
                findings=self._findings,
                title_suffix=(f" {n}", f" {n}"),
            )
            for n in range(1, self._requirement.seats + 1)
        ]
        await self._desk.report()
        votes = await asyncio.gather(*[self._desk.completed(seat) for seat in seats])
        return counted(tuple(votes), self._requirement.quorum)


def counted(votes: tuple[HumanTask, ...], quorum: int) -> BallotResult:
    """Whether a ballot carries: quorum of votes cast, and at least two thirds of approve and reject are approve."""
    cast = [vote for vote in votes if vote.outcome not in (None, TaskOutcome.RECUSE)]
    approve = sum(vote.outcome is TaskOutcome.APPROVE for vote in cast)
    reject = sum(vote.outcome is TaskOutcome.REJECT for vote in cast)
    decided = approve + reject
    carried = len(cast) >= quorum and decided > 0 and 3 * approve >= 2 * decided
    return BallotResult(carried=carried, voters=tuple(vote.completed_by or "" for vote in cast))
