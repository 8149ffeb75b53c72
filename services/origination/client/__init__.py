"""Typed client of origination: for the worker, for the other two services, and for people's own programs."""

from services.origination.client.casework import CaseworkCalls


class OriginationClient(CaseworkCalls):
    """Every call of origination. The Idempotency-Key of a process step is ``{workflow_id}:{step}``."""
