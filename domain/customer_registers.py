"""Registers that stand beside credit: services a customer was referred to, and innovation projects it has won."""

from datetime import datetime
from uuid import UUID

from domain.application.text import Code, Label
from domain.figures import Day
from domain.model import Value


class ReferralBody(Value):
    """A referral to a service of a programme. It changes no limit."""

    programme: Code
    service: Code
    referred_on: Day


class ReferralView(ReferralBody):
    referral_id: UUID
    customer_id: UUID
    entered_by: str
    created_at: datetime


class InnovationProjectBody(Value):
    """A project the customer has won (揭榜挂帅). Without the id of its certificate it is a statement and no evidence."""

    programme: Code
    project: Label
    won_on: Day
    certificate_id: Code | None = None


class InnovationProjectView(InnovationProjectBody):
    project_id: UUID
    customer_id: UUID
    entered_by: str
    created_at: datetime
