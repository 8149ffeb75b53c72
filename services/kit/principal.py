"""Who calls: a member of staff, a borrower's user, or one of suandai's own components."""

from typing import Literal

from domain.model import Value
from domain.roles import HEAD_OFFICE

PrincipalKind = Literal["staff", "borrower", "service"]


class Principal(Value):
    """The verified caller. Roles say what somebody may do at all; how much one may decide is in the authority
    register."""

    subject: str
    kind: PrincipalKind
    roles: tuple[str, ...]
    branch: str = ""
    """The branch a member of staff belongs to; empty for borrowers and services."""
    uscc: str = ""
    """The unified social credit code of the borrower a borrower's user acts for; empty for all others."""
    token_id: str
    """The token's ``jti``, or the SHA-256 of the token where the issuer gives none."""
    issuer: str

    @property
    def key(self) -> str:
        """The caller as one text, for idempotency and logs of refusals. Subjects of two kinds never meet."""
        return f"{self.kind}:{self.subject}"

    def has(self, *roles: str) -> bool:
        """Whether the caller holds any of the roles."""
        return any(role in self.roles for role in roles)

    def sees_branch(self, branch: str) -> bool:
        """Whether cases of this branch are within the caller's sight. Borrowers see by USCC, never by branch."""
        if self.kind == "service":
            return True
        return self.kind == "staff" and self.branch != "" and self.branch in (branch, HEAD_OFFICE)
