"""What the small process says. It passes the sandbox as it is, as the domain does."""

from datetime import datetime

from pydantic import BaseModel


class Valuation(BaseModel):
    server: str
    amount: str
    asked_at: datetime


class Answer(BaseModel):
    accepted: bool
    rate: str


class End(BaseModel):
    stage: str
    paid: str
