"""Refusals that only a store can see: somebody asked for what is outside its sight."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, Request

from services.kit.auth import record_refusal
from services.kit.problems import Problem


async def _scope_refusals(request: Request) -> AsyncIterator[None]:
    try:
        yield
    except Problem as problem:
        if problem.code == "not_found":
            who = getattr(request.state, "principal", None)
            await record_refusal(request, "not_found", principal=who, reason="scope")
        raise


def recorded() -> Any:
    """Router dependency: an object that is not there for the caller is entered into the register of refusals. The answer does
    not say whether it exists."""
    return Depends(_scope_refusals)
