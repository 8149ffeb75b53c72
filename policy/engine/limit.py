"""How limits are formed from version 2 of the limit model on (docs/models/limit.md). Without such a file version 1 stands."""

from typing import Annotated, Literal

from pydantic import Field

from domain.model import Value
from domain.money import Positive, Rate
from policy.engine.file import PolicyFile


class JointCreditDuty(Value):
    """From when on lenders must agree on one ceiling for all they lend a firm (联合授信)."""

    lenders: Annotated[int, Field(ge=2, le=100)]
    total_financing: Positive
    """Of all lenders together, the loan asked for included."""


class LimitPolicy(PolicyFile):
    """Parameters of the limit that are the house's own and the same for every product."""

    unique = True

    kind: Literal["limit"]
    model: Literal["2", "3"]
    """Version of the limit model that this policy was approved with."""
    guarantor_net_assets: Annotated[Rate, Field(gt=0, le=1)]
    """Share of its net assets up to which a guarantor may stand for others; beyond, its guarantees count nothing."""
    joint_credit: JointCreditDuty

    @property
    def servers_as_repaid(self) -> bool:
        """Whether servers carry no more than their own contracts repay while they lose value (from model 3 on)."""
        return self.model != "2"
