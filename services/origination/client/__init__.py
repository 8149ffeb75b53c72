"""Typed client of origination: for the worker, for the other two services, and for people's own programs."""

from services.origination.client.casework import CaseworkCalls
from services.origination.client.payments import PaymentsClient


class OriginationClient(CaseworkCalls, PaymentsClient):
    """Every call of origination. The Idempotency-Key of a process step is ``{workflow_id}:{step}``."""
