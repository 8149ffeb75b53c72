"""The development identity provider (nanoidp), once for staff and services and once for borrowers.

It speaks real OpenID Connect, so a bank's own provider takes its place by address. Passwords and client secrets are
made at the first start and lie in files that only the stack's account can read.
"""

import importlib.util
import json
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bcrypt
import httpx
import yaml

from suandai.stack.accounts import SERVICE_ACCOUNTS, Account, ServiceAccount, audience
from suandai.stack.component import Command, Component, Preload, StackError
from suandai.stack.files import write_private

# What a person's own program (the command line, a workbench on this machine) signs in as; it cannot keep a secret.
PUBLIC_CLIENT = "suandai-cli"
# The passwords are 128 random bits: a slower hash would make no search through them any slower.
_BCRYPT_ROUNDS = 4


class IdentityProvider(Component):
    """One issuer. Tokens carry ``roles`` and, inside ``attributes``, ``branch`` (staff) or ``uscc`` (borrowers).

    A service's token instead carries its role as ``scope`` (``service:worker``) and its client id as subject.
    """

    preload = Preload(("nanoidp.app", "nanoidp.config_schema"))

    def __init__(
        self,
        name: str,
        directory: Path,
        port: int,
        accounts: Sequence[Account],
        services: Sequence[ServiceAccount] = (),
        *,
        token_minutes: int = 60,
    ) -> None:
        self.name = name
        self.directory = directory
        self.port = port
        self.issuer = f"http://127.0.0.1:{port}"
        self._accounts = accounts
        self._services = services
        self._token_minutes = token_minutes
        # One client: each makes a context for TLS of its own, which takes longer than the question.
        self._http = httpx.Client(timeout=10, trust_env=False)

    def prepare(self) -> None:
        """Make secrets for those who have none yet and write the provider's configuration from the accounts."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = self._secrets()
        made = {
            "session": known.get("session") or secrets.token_urlsafe(32),
            "management": known.get("management") or secrets.token_urlsafe(32),
            "passwords": {
                account.username: known.get("passwords", {}).get(account.username) or secrets.token_urlsafe(16)
                for account in self._accounts
            },
        }
        write_private(self._secrets_file, json.dumps(made, indent=1))
        for service in self._services:
            if not self.client_secret_file(service.component).exists():
                write_private(self.client_secret_file(service.component), secrets.token_urlsafe(32))
        write_private(self.directory / "settings.yaml", yaml.safe_dump(self._settings(made), allow_unicode=True))
        users = {"config_version": 1, "users": {a.username: self._user(a, made) for a in self._accounts}}
        write_private(self.directory / "users.yaml", yaml.safe_dump(users, allow_unicode=True))

    def command(self) -> Command:
        if importlib.util.find_spec("nanoidp") is None:
            raise StackError("nanoidp is not installed; uv sync --extra embedded")
        return Command(
            (sys.executable, "-m", "nanoidp", "--config", str(self.directory), "--strict-config"),
            {"NANOIDP_CONFIG_DIR": str(self.directory), "HOME": str(self.directory)},
            grace_seconds=3,
        )

    def is_ready(self) -> bool:
        try:
            found = self._http.get(f"{self.issuer}/.well-known/openid-configuration", timeout=2)
            return found.status_code == 200 and found.json()["issuer"] == self.issuer
        except (httpx.HTTPError, ValueError, KeyError):
            return False

    def ports(self) -> Mapping[str, int]:
        return {"sign-in": self.port}

    def addresses(self) -> Mapping[str, str]:
        return {"issuer": self.issuer}

    def client_secret_file(self, component: str) -> Path:
        """Where a service account's secret lies."""
        return self.directory / f"{component}.secret"

    def password_grant(self, username: str, service: str = "") -> dict[str, str]:
        """The form that signs an account in at the token endpoint, for origination unless another service is named.

        Raises ``StackError`` for an unknown account.
        """
        password = self._secrets().get("passwords", {}).get(username)
        if password is None:
            raise StackError(f"{self.name} knows no account {username}")
        asked = {"resource": audience(service)} if service else {}
        return asked | {
            "grant_type": "password",
            "client_id": PUBLIC_CLIENT,
            "username": username,
            "password": password,
        }

    def service_grant(self, service: str) -> dict[str, str]:
        """The form that asks for a service account's token for the audience of ``service``.

        The account authenticates itself with HTTP Basic by ``service_credentials``.
        """
        return {"grant_type": "client_credentials", "resource": audience(service)}

    def service_credentials(self, component: str) -> tuple[str, str]:
        """Client id and secret of a service account."""
        return f"suandai-{component}", self.client_secret_file(component).read_text("utf-8")

    def management_headers(self) -> dict[str, str]:
        """What lets a test add accounts to the running provider (``/api/runtime/users``)."""
        return {"X-Management-Secret": str(self._secrets()["management"])}

    def token(self, username: str, service: str = "") -> str:
        """An access token of an account for one service. Raises ``StackError`` when the provider refuses or does not answer."""
        try:
            answer = self._http.post(f"{self.issuer}/token", data=self.password_grant(username, service))
        except httpx.HTTPError:
            raise StackError(f"{self.name} does not answer at {self.issuer}; is the stack up?") from None
        if answer.status_code != 200:
            raise StackError(f"{self.name} refused {username} ({answer.status_code})")
        return str(answer.json()["access_token"])

    @property
    def _secrets_file(self) -> Path:
        return self.directory / "secrets.json"

    def _secrets(self) -> dict[str, Any]:
        if not self._secrets_file.exists():
            return {}
        found: dict[str, Any] = json.loads(self._secrets_file.read_text("utf-8"))
        return found

    def _settings(self, made: Mapping[str, Any]) -> dict[str, Any]:
        clients: list[dict[str, Any]] = [
            {
                "client_id": PUBLIC_CLIENT,
                "token_endpoint_auth_method": "none",
                "redirect_uris": ["http://127.0.0.1/callback"],
                "allowed_scopes": ["openid", "offline_access"],
            }
        ]
        clients += [
            {
                "client_id": service.client_id,
                "client_secret": self.client_secret_file(service.component).read_text("utf-8"),
                "allowed_scopes": [service.scope],
                "allowed_resources": [audience(name) for name in service.audiences],
            }
            for service in self._services
        ]
        return {
            "config_version": 1,
            "security_profile": "stricter-dev",
            "cors_allowed_origins": [],
            "server": {
                "host": "127.0.0.1",
                "port": self.port,
                # The profile forces a limit; one person with many tests signs in more often than ten times a minute.
                "rate_limit_enabled": True,
                "rate_limit_token_endpoint": "100000/minute",
            },
            "oauth": {
                "issuer": self.issuer,
                "audience": audience("origination"),
                "token_expiry_minutes": self._token_minutes,
                "refresh_token_rotation": True,
                "scopes_supported": ["openid", "offline_access", *(service.scope for service in self._services)],
                "clients": clients,
            },
            "jwt": {"keys_dir": str(self.directory / "keys")},
            "session": {
                "secret_key": made["session"],
                "management_secret": made["management"],
                "enforce_password_check": True,
                "require_ui_login": True,
            },
            # Accounts are personal data and have no place in a log.
            "logging": {"verbose_logging": False, "log_token_requests": False, "log_saml_requests": False},
        }

    @staticmethod
    def _user(account: Account, made: Mapping[str, Any]) -> dict[str, Any]:
        return user_entry(account, made["passwords"][account.username])


def user_entry(account: Account, password: str) -> dict[str, Any]:
    """An account in the provider's own words, with its password hashed."""
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(_BCRYPT_ROUNDS)).decode()
    return {"password": hashed, "roles": [str(role) for role in account.roles], "attributes": account.attributes()}


def staff(directory: Path, port: int, accounts: Sequence[Account]) -> IdentityProvider:
    """The issuer of staff and of the services' own accounts."""
    return IdentityProvider("staff-identity", directory, port, accounts, SERVICE_ACCOUNTS)


def borrowers(directory: Path, port: int, accounts: Sequence[Account]) -> IdentityProvider:
    """The issuer of the borrowers' people; it knows no service and no staff."""
    return IdentityProvider("borrower-identity", directory, port, accounts)
