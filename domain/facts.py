"""Facts: a value with its date and evidence, or an honest statement that there is none."""

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

from pydantic import Discriminator, Field, Tag

from domain.model import Value

T = TypeVar("T")


class FactState(StrEnum):
    VALUE = "value"
    UNKNOWN = "unknown"
    UNDISCLOSED = "undisclosed"
    NOT_APPLICABLE = "not_applicable"


class Known(Value, Generic[T]):
    """A fact that is known: its value, the date it speaks of and the documents (SHA-256) that prove it."""

    state: Literal["value"] = "value"
    value: T
    as_of: date | None = None
    evidence: tuple[str, ...] = Field(default=(), max_length=20)


class Absent(Value):
    """A fact without a value. Never read as zero, false or empty: what needs it refers the case and names it."""

    state: Literal["unknown", "undisclosed", "not_applicable"]
    note: Annotated[str, Field(max_length=500)] = ""


def _which(raw: Any) -> str:
    if isinstance(raw, dict):
        # Left to a state that is none of the four, the absent branch names the four in its error.
        return "known" if raw.get("state", "value") == "value" else "absent"
    return "absent" if isinstance(raw, Absent) else "known"


if TYPE_CHECKING:
    Fact = Known[T] | Absent
else:

    class Fact:
        """``Fact[int]``: an int that is known, or the statement that it is unknown, undisclosed or not applicable."""

        def __class_getitem__(cls, item: Any) -> Any:
            return Annotated[
                Annotated[Known[item], Tag("known")] | Annotated[Absent, Tag("absent")], Discriminator(_which)
            ]


def known(fact: Known[T] | Absent | None) -> T | None:
    """The value of a fact, or ``None`` where there is none; the caller must then say what is missing."""
    return fact.value if isinstance(fact, Known) else None


def state_of(fact: Known[Any] | Absent | None) -> FactState | None:
    """The state of a fact; ``None`` when it was not given at all."""
    return None if fact is None else FactState(fact.state)
