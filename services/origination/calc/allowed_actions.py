"""The verbs a caller may try on a task, by the same rules the process decides by."""

from domain.roles import Role
from domain.task_rules import allowed_verbs
from domain.tasks import HumanTask, Verb

_KNOWN = frozenset(Role)


def roles_of(names: tuple[str, ...]) -> tuple[Role, ...]:
    """The roles of a token that suandai knows; an issuer may hand out others."""
    return tuple(Role(name) for name in names if name in _KNOWN)


def allowed_actions(task: HumanTask, subject: str, roles: tuple[str, ...]) -> tuple[Verb, ...]:
    """What the inbox offers: verbs the task's state and the caller's place allow. Duties that must be apart, authority
    and the body of the request are checked when the verb is tried."""
    return allowed_verbs(task, subject, roles_of(roles))
