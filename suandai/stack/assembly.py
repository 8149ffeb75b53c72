"""Which components a stack has, in which order they start, and what each is told."""

from collections.abc import Sequence
from pathlib import Path

from domain.process import NAMESPACE
from migrations import MIGRATOR, application_role
from suandai.stack import identity_provider
from suandai.stack.accounts import BORROWERS, STAFF, audience
from suandai.stack.builds import BuildStore
from suandai.stack.component import Component
from suandai.stack.fleet import Fleet
from suandai.stack.identity_provider import IdentityProvider
from suandai.stack.layout import Layout, Ports
from suandai.stack.postgres import Postgres
from suandai.stack.services import AsgiService
from suandai.stack.temporal_server import TemporalServer
from suandai.stack.workers import CreditWorker

_FACTORIES = {
    "core-banking": "services.origination.core_banking.simulator:create_app",
    "pricing": "services.pricing.app:create_app",
    "collateral": "services.collateral.app:create_app",
    "origination": "services.origination.app:create_app",
}
KEY_HOLDERS = ("pricing", "collateral", "origination", "worker")
"""The components that seal, sign or encrypt, and so need the installation's keys."""
SOURCES = Path(__file__).parents[2]
"""The code this process runs; the stack's worker runs a kept copy of it."""


class Assembly:
    """The whole stack on one machine. ``sources`` hold the build that new cases are sent to."""

    def __init__(self, layout: Layout, ports: Ports, sources: Path = SOURCES) -> None:
        self._layout = layout
        self._ports = ports
        self.postgres = Postgres(layout.postgres, complete_database=_migrate)
        self.temporal = TemporalServer(layout.temporal, ports.temporal, ports.temporal_ui)
        self.staff: IdentityProvider = identity_provider.staff(layout.staff_identity, ports.staff_identity, STAFF)
        self.borrowers: IdentityProvider = identity_provider.borrowers(
            layout.borrower_identity, ports.borrower_identity, BORROWERS
        )
        http_ports = {
            "core-banking": ports.core_banking,
            "pricing": ports.pricing,
            "collateral": ports.collateral,
            "origination": ports.origination,
        }
        services = [
            AsgiService(name, factory, http_ports[name], self.settings(name)) for name, factory in _FACTORIES.items()
        ]
        builds = BuildStore(layout.builds)
        worker = CreditWorker(sources, builds, self.temporal, self.settings("worker"))
        self.fleet = Fleet(worker.build, builds, self.temporal, lambda name: self.settings("worker", name))
        self.stages: Sequence[Sequence[Component]] = (
            (self.postgres, self.temporal, self.staff, self.borrowers),
            services,
            (worker,),
        )

    def token(self, username: str, service: str = "") -> str:
        """An access token of a standing account. Raises ``StackError`` for an unknown one or when nobody answers."""
        at_borrowers = username in {account.username for account in BORROWERS}
        return (self.borrowers if at_borrowers else self.staff).token(username, service)

    def settings(self, component: str, name: str = "") -> dict[str, str]:
        """The ``SUANDAI_*`` variables of a component: addresses of its neighbours, its own identity, its files.

        ``name`` is what the files of this process are called where several do the component's work.
        """
        ports, layout = self._ports, self._layout
        settings = {
            "ENVIRONMENT": "local",
            "ORIGINATION_URL": f"http://127.0.0.1:{ports.origination}",
            "PRICING_URL": f"http://127.0.0.1:{ports.pricing}",
            "COLLATERAL_URL": f"http://127.0.0.1:{ports.collateral}",
            "CORE_BANKING_URL": f"http://127.0.0.1:{ports.core_banking}",
            "TEMPORAL_ADDRESS": self.temporal.address,
            "TEMPORAL_NAMESPACE": NAMESPACE,
            "TEMPORAL_TLS": "false",
            "STAFF_ISSUER": self.staff.issuer,
            "BORROWER_ISSUER": self.borrowers.issuer,
            "KEYS_DIR": str(layout.worker_keys if component == "worker" else layout.keys),
            "DOCUMENT_DIR": str(layout.documents),
            "CORE_BANKING_DIR": str(layout.core_banking),
            "REGISTRY_DIR": str(layout.movables_registry),
            "OUTSIDE_SOURCES": "simulated",
            "TRACE_FILE": str(layout.logs / f"{name or component}.traces.jsonl"),
        }
        if component in ("origination", "pricing", "collateral"):
            settings["DATABASE_URL"] = self.postgres.url(application_role(component))
        if component != "worker":
            settings["AUDIENCE"] = audience(component)
        if component != "core-banking":
            settings["SERVICE_CLIENT_ID"] = f"suandai-{component}"
            settings["SERVICE_CLIENT_SECRET_FILE"] = str(self.staff.client_secret_file(component))
        return {f"SUANDAI_{name}": value for name, value in settings.items()}


def _migrate(postgres: Postgres) -> None:
    # Imported when it is needed: a command that only asks how the stack stands would pay a second for it.
    from migrations.runner import upgrade

    upgrade(postgres.url(MIGRATOR))
