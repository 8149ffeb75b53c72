"""Bounded texts: every string that enters from outside has a length."""

from typing import Annotated

from pydantic import Field, StringConstraints

Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]*$")]
"""An identifier or a policy code: product ids, purposes, tags, document kinds."""
Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Remark = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
DivisionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
"""GB/T 2260 administrative division."""
Key = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
"""A name given inside one application to refer from one part of it to another."""
Months = Annotated[int, Field(ge=1, le=600)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]
