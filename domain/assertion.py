"""The actor assertion: origination's signed statement of who sent a command to which workflow (compact JWS, Ed25519)."""

from datetime import datetime

from domain.model import Message


class ActorClaims(Message):
    subject: str
    roles: tuple[str, ...]
    token_id: str
    workflow_id: str
    update_id: str
    command_sha256: str
    issued_at: datetime
    expires_at: datetime
    key_id: str = ""


class SignedCommand(Message):
    """Base of the arguments of every update by which a person acts."""

    assertion: str
