"""The base of every value object and message."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value; unknown fields are refused so that a misspelt one is an error and not a silent loss."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=True)


class Message(Value):
    """A message recorded in a workflow history.

    Histories live for years while the code goes on, so a message ignores fields that a newer build added; fields are only
    ever added, each with a plain default.
    """

    model_config = ConfigDict(extra="ignore")
