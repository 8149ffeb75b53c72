"""The adapter to core banking.

An instruction is sent once. What a caller must tell apart is only this: settled, rejected, or nobody knows; a failure of
the connection, an error after the instruction was heard and an answer that makes no sense are all "nobody knows".
"""

from collections.abc import AsyncIterator
from typing import Protocol

import structlog

from services.kit.http import RemoteProblem, RemoteUnavailable, ServiceClient, http_client
from services.kit.service_token import ClientCredentials
from services.kit.telemetry import describe
from services.origination.core_banking.messages import CreditTransfer, PaymentStatus, Statement, StatementEntry
from services.origination.settings import OriginationSettings

_log = structlog.get_logger(__name__)


class CoreBanking(Protocol):
    """A payment system."""

    async def pay(self, transfer: CreditTransfer) -> PaymentStatus | None:
        """Instruct a transfer, once. ``None`` when nobody can say whether it was heard."""
        ...

    async def inquire(self, end_to_end_id: str) -> PaymentStatus | None:
        """What became of a transfer; ``None`` when the system has never heard of it.

        Raises ``RemoteUnavailable`` or ``RemoteProblem`` when it cannot be asked.
        """
        ...

    def statement(self) -> AsyncIterator[StatementEntry]:
        """Everything that was booked, in the order of booking. Raises as ``inquire``."""
        ...


class HttpCoreBanking(ServiceClient):
    """Core banking over HTTP."""

    async def pay(self, transfer: CreditTransfer) -> PaymentStatus | None:
        try:
            # Without an Idempotency-Key the client sends it once and never again.
            return await self.call("POST", "/v1/credit-transfers", PaymentStatus, body=transfer)
        except (RemoteProblem, RemoteUnavailable) as error:
            _log.warning("payment_unanswered", end_to_end_id=transfer.end_to_end_id, failure=describe(error))
            return None

    async def inquire(self, end_to_end_id: str) -> PaymentStatus | None:
        try:
            return await self.call("GET", f"/v1/credit-transfers/{end_to_end_id}", PaymentStatus)
        except RemoteProblem as problem:
            if problem.status == 404:
                return None
            raise

    async def statement(self) -> AsyncIterator[StatementEntry]:
        cursor = ""
        while True:
            params = {"after": cursor} if cursor else {}
            part = await self.call("GET", "/v1/statement", Statement, params=params)
            for entry in part.entries:
                yield entry
            cursor = part.next_cursor
            if not cursor:
                return


def connected(settings: OriginationSettings) -> HttpCoreBanking:
    """The adapter to the address in the settings. Raises ``SettingsRefused`` without a service account."""
    client = http_client(timeout=settings.core_banking_timeout_seconds)
    tokens = ClientCredentials(
        settings.staff_issuer,
        settings.service_client_id,
        settings.client_secret(),
        settings.core_banking_audience,
        client=client,
    )
    return HttpCoreBanking(settings.core_banking_url, tokens, client=client)
