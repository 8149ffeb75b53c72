"""The token with which one component calls another: OAuth 2.0 client credentials (RFC 6749 §4.4)."""

import asyncio
import time

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from services.kit.database import in_transaction
from services.kit.http import CallInsideTransaction, RemoteUnavailable


class _Grant(BaseModel):
    access_token: SecretStr
    expires_in: int = 300


class ClientCredentials:
    """Fetches and keeps the token of a service account for one audience; renews it before it runs out.

    The audience is asked for both ways providers know: RFC 8707 ``resource`` and the older ``audience``.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        secret: SecretStr,
        audience: str,
        *,
        client: httpx.AsyncClient,
        margin: float = 30.0,
    ) -> None:
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._secret = secret
        self._audience = audience
        self._client = client
        self._margin = margin
        self._endpoint = ""
        self._token = ""
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """A valid token. Raises ``RemoteUnavailable`` when the issuer gives none."""
        if in_transaction():
            raise CallInsideTransaction("token")
        async with self._lock:
            if not self._token or time.monotonic() >= self._until:
                await self._fetch()
            return self._token

    async def refused(self, token: str) -> None:
        """Forget a token that was not accepted."""
        async with self._lock:
            if token == self._token:
                self._token = ""

    async def _fetch(self) -> None:
        form = {"grant_type": "client_credentials", "audience": self._audience}
        if ":" in self._audience:
            form["resource"] = self._audience
        try:
            if not self._endpoint:
                found = await self._client.get(f"{self._issuer}/.well-known/openid-configuration")
                found.raise_for_status()
                self._endpoint = str(found.json()["token_endpoint"])
            answer = await self._client.post(
                self._endpoint, data=form, auth=(self._client_id, self._secret.get_secret_value())
            )
            answer.raise_for_status()
            grant = _Grant.model_validate_json(answer.content)
        except (httpx.HTTPError, ValidationError, KeyError, TypeError, ValueError) as error:
            raise RemoteUnavailable(f"no service token: {type(error).__name__}") from None
        self._token = grant.access_token.get_secret_value()
        # Half the lifetime at most is given up as margin, so that short tokens do not cause a fetch on every call.
        self._until = time.monotonic() + max(grant.expires_in / 2, grant.expires_in - self._margin)


class FixedToken:
    """A token handed in from outside: a person's at the command line, or a test's."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        return self._token

    async def refused(self, token: str) -> None:
        return None
