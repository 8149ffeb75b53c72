"""Tags an application carries. They say what a case belongs to, and count in no score, limit, exposure or guarantee."""

from domain.application.text import Code, Label
from domain.model import Value


class ApplicationTag(Value):
    """A tag of one of the lists of the policy book."""

    list: Code
    tag: Code
    document_number: Label | None = None
    """Of the document that grants the tag, where the list asks for one."""
