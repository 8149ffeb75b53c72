"""A line that several banks lend under one contract (银团贷款): who leads, and how it is shared out."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.figures import Share
from domain.model import Value


class SyndicateRole(StrEnum):
    """What this lender does in the syndicate."""

    SOLE_LEAD = "sole_lead"
    JOINT_LEAD = "joint_lead"
    PARTICIPANT = "participant"


class SyndicateMember(Value):
    """A bank of the syndicate and its share of the whole, as a fraction."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    lead: bool
    own: bool = False
    """Whether this is the lender that takes the application."""
    share: Share


class Syndication(Value):
    """The plan of a syndicate: every member with its share; the shares add up to the whole."""

    members: Annotated[tuple[SyndicateMember, ...], Field(min_length=2, max_length=100)]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if sum(member.share for member in self.members) != 1:
            raise PydanticCustomError("shares_not_whole", "the shares of the members must add up to 1")
        if sum(member.own for member in self.members) != 1:
            raise PydanticCustomError("own_member", "exactly one member must be the lender itself")
        if not any(member.lead for member in self.members):
            raise PydanticCustomError("no_lead", "a syndicate must have a lead")
        return self

    @property
    def own(self) -> SyndicateMember:
        return next(member for member in self.members if member.own)

    @property
    def leads(self) -> tuple[SyndicateMember, ...]:
        return tuple(member for member in self.members if member.lead)

    @property
    def role(self) -> SyndicateRole:
        if not self.own.lead:
            return SyndicateRole.PARTICIPANT
        return SyndicateRole.SOLE_LEAD if len(self.leads) == 1 else SyndicateRole.JOINT_LEAD
