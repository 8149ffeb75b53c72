"""Authority to decide: what a case requires (from the matrix) and what a person holds (from the register, 授权书)."""

from datetime import date
from typing import Literal
from uuid import UUID

from domain.model import Message
from domain.money import Money


class AuthorityRequirement(Message):
    """Which body must decide, and the proof: the matrix row that says so and the finding that holds its inputs."""

    body: str
    """``branch_approver``, ``head_office_approver``, ``credit_committee`` …: a body of the authority matrix."""
    rank: int
    """Order of the bodies; a higher rank may always decide what a lower one may."""
    amount: Money
    rule: str
    policy_sha256: str
    finding_sha256: str
    kind: Literal["person", "committee"] = "person"
    seats: int = 1
    """Members of a committee who are asked to vote; one for a person."""
    quorum: int = 1
    """Votes (approve, reject or abstain) that must be cast for a ballot to count."""
    reason_zh: str
    reason_en: str


class AuthorityChain(Message):
    """The requirements in the order in which they must be met; the last one decides."""

    steps: tuple[AuthorityRequirement, ...]


class Mandate(Message):
    """What a person may decide, as the register says on the day of the act."""

    mandate_id: UUID
    subject: str
    body: str
    rank: int
    limit: Money
    branch: str
    valid_from: date
    valid_to: date

    def covers(self, requirement: AuthorityRequirement, on: date, branch: str) -> bool:
        """Whether this mandate suffices for a requirement on a day in a branch."""
        in_force = self.valid_from <= on <= self.valid_to
        in_branch = self.branch in (branch, "HO")
        return in_force and in_branch and self.rank >= requirement.rank and requirement.amount <= self.limit
