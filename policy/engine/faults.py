"""What is wrong with a book, all of it at once."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class FileFault:
    """One fault of one policy file: where an editor finds it, and why it is refused."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class PolicyFaults(ValueError):
    """A book that may not be published: every fault of every file."""

    def __init__(self, faults: list[FileFault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class PolicyNotInForce(LookupError):
    """No version of the policy asked for is in force on that date."""


class FactTypeError(TypeError):
    """A fact was passed with a type that its vocabulary entry does not have: a programming error of the caller."""
