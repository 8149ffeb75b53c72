"""Marks for personal data: what is sealed before it enters an event, and never enters a log, trace or search attribute."""

from typing import Annotated

from pydantic import StringConstraints


class Personal:
    """Marks a field that speaks of a natural person (个人信息保护法 art. 4)."""


PersonName = Annotated[str, StringConstraints(min_length=1, max_length=100), Personal()]
PersonContact = Annotated[str, StringConstraints(min_length=1, max_length=100), Personal()]
