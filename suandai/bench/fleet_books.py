"""The same fleet in a database: a million servers in the register, revalued as the collateral service does it."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

import psycopg

from domain.application import Condition, Provenance
from domain.canonical import sha256_of
from domain.collateral import CohortSubject, ServerEconomics, Valuation, ValuationRequest
from domain.finding import Finding
from domain.money import Money, yuan
from domain.reference import ReferenceVintage
from domain.revaluation import RentMove, RevaluationRequest, RevaluationState
from domain.roles import HEAD_OFFICE
from migrations import MIGRATOR, application_role
from migrations.runner import upgrade
from policy.engine import Bundle, load_book
from services.collateral.calc.valuation import KIND, conclude, model
from services.collateral.revaluations import RevaluationDesk
from services.collateral.sources import PolicyShelf
from services.collateral.store import revaluations, valuations
from services.kit.database import Database, new_id
from suandai.bench.figures import Figure, figure
from suandai.stack import StackError
from suandai.stack.postgres import Postgres
from suandai.stack.process import running

Told = Callable[[str], None]

ON: Final = date(2026, 12, 1)
CASES: Final = 20
MODELS: Final = 5
AGES: Final = (0, 6, 12, 18, 24)
"""Months; with cases and models 500 cohorts."""
MONTHS: Final = 60
_NAMES: Final = UUID("5f3b1c52-52a4-4f0e-9a53-1f3f4f1d8a10")

_SERVERS: Final = """
INSERT INTO collateral.server
    (id, asset_id, serial, serial_as_given, model, gpu_type, gpu_count, purchased, state, created_at)
SELECT gen_random_uuid(), (%(assets)s::uuid[])[n %% %(cases)s + 1], 'BENCH' || n, 'BENCH' || n,
    '8xH100 M' || (n / %(cases)s) %% %(models)s, 'H100-SXM', 8,
    (%(bought)s::date[])[(n / (%(cases)s * %(models)s)) %% %(ages)s + 1], 'held', now()
FROM generate_series(0, %(servers)s - 1) n
"""


class _ShippedBooks:
    """Origination as the measured service needs it: the shipped book."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    async def policy(self, sha: str) -> dict[str, Any]:
        return self._bundle.canonical()

    async def reference(self, series: str, as_of: date) -> ReferenceVintage:
        raise StackError("a revaluation reads no reference data")


def fleet_books_figures(servers: int, told: Told) -> list[Figure]:
    """``fleet_<n>_db_s`` on a database of its own, of which nothing is left. Raises ``StackError`` when it does not start,
    or when the run does not end as it must."""
    directory = Path(tempfile.mkdtemp(prefix="sd-fleet-"))
    try:
        server = Postgres(directory / "pg")
        with running(server, directory):
            upgrade(server.url(MIGRATOR))
            told(f"{servers:,} servers into a register of their own")
            bundle = load_book(Path(__file__).parents[2] / "policy" / "book")
            url = server.url(application_role("collateral"))
            return asyncio.run(_measured(url, server.conninfo(server.database), bundle, servers, told))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def _measured(url: str, conninfo: str, bundle: Bundle, servers: int, told: Told) -> list[Figure]:
    database = Database(url)
    try:
        await _filled(database, conninfo, bundle, servers)
        desk = RevaluationDesk(database, PolicyShelf(_ShippedBooks(bundle)))
        request = RevaluationRequest(
            policy_sha256=bundle.sha256,
            as_of=ON,
            moves=(RentMove(factor=Decimal("0.9")),),
            months=MONTHS,
            cause="benchmark",
        )
        taken = []
        for _ in range(2):
            async with database.session() as session:
                row = await revaluations.open_run(session, request, HEAD_OFFICE, "bench")
            told("grouped, valued and written")
            begun = time.perf_counter()
            await desk.work_once()
            taken.append(time.perf_counter() - begun)
            async with database.session() as session:
                found = await session.get(type(row), row.id)
            cohorts = CASES * MODELS * len(AGES)
            if (
                found is None
                or found.state != RevaluationState.DONE.value
                or (found.servers, found.cohorts_done, found.servers_unvalued) != (servers, cohorts, 0)
            ):
                raise StackError("the revaluation did not value the whole fleet")
    finally:
        await database.dispose()
    name = f"fleet_{servers // 1_000_000}m_db_s" if servers % 1_000_000 == 0 else f"fleet_{servers // 1000}k_db_s"
    note = (
        f"{servers:,} servers of {CASES} cases read from the register and grouped to {cohorts} cohorts in SQL, paths of "
        f"{MONTHS + 1} months valued and written in chunks with progress; beside: the first run after the start"
    )
    return [figure(name, taken[-1], "s", beside=taken[0], note=note)]


async def _filled(database: Database, conninfo: str, bundle: Bundle, servers: int) -> None:
    cases = [uuid5(_NAMES, f"case {number}") for number in range(CASES)]
    assets = [uuid5(_NAMES, f"asset {number}") for number in range(CASES)]
    async with await psycopg.AsyncConnection.connect(conninfo) as books:
        for case_id, asset_id in zip(cases, assets, strict=True):
            await books.execute(
                "INSERT INTO collateral.asset (id, case_id, asset_key, kind, description, branch, version, created_at,"
                " updated_at) VALUES (%s, %s, 'servers', 'gpu_server', 'GPU servers', 'YC', 1, now(), now())",
                (asset_id, case_id),
            )
        bought = [_first_of(age) for age in AGES]
        await books.execute(
            _SERVERS,
            {
                "assets": assets,
                "cases": CASES,
                "models": MODELS,
                "bought": bought,
                "ages": len(AGES),
                "servers": servers,
            },
        )
    async with database.session() as session:
        for case_id in cases:
            for request in _requests(case_id, bundle):
                await valuations.keep(session, _finding(request, bundle), request, "YC")
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as settled:
        # What the server would do by itself within minutes: statistics for its planner, and visibility of the new pages.
        await settled.execute("VACUUM ANALYZE collateral.server")


def _first_of(age_months: int) -> date:
    months = ON.year * 12 + ON.month - 1 - age_months
    return date(months // 12, months % 12 + 1, 1)


def _requests(case_id: UUID, bundle: Bundle) -> Sequence[ValuationRequest]:
    return [
        ValuationRequest(
            case_id=case_id,
            policy_sha256=bundle.sha256,
            product="nxb_project_loan",
            lender_id="nxb",
            as_of=ON,
            asset_key="servers",
            subject=_subject(number, age),
            encumbered=False,
            exists=True,
        )
        for number in range(MODELS)
        for age in AGES
    ]


def _subject(number: int, age_months: int) -> CohortSubject:
    return CohortSubject(
        model=f"8xH100 M{number}",
        gpu_type="H100-SXM",
        gpus_per_server=8,
        servers=1,
        condition=Condition.USED if age_months else Condition.NEW,
        provenance=Provenance.OFFICIAL_CN,
        age_months=age_months,
        replacement_cost_new=yuan(1_800_000 + 100_000 * number),
        economics=ServerEconomics(
            rent_per_gpu_hour=Decimal(10 + number),
            occupancy=Decimal("0.75"),
            server_kw=Decimal(8),
            tariff_per_kwh=Decimal("0.55"),
            pue=Decimal("1.25"),
            rack_per_month=yuan(6_000),
            maintenance_rate=Decimal("0.03"),
            sla_per_month=Money(amount=Decimal("0.00")),
            rent_basis="on_demand",
        ),
    )


def _finding(request: ValuationRequest, bundle: Bundle) -> Finding[Valuation]:
    policy = bundle.collateral(ON)
    concluded = conclude(request, policy, 90)
    return Finding[Valuation](
        id=new_id(),
        kind=KIND,
        outcome=concluded.outcome,
        value=concluded.value,
        reasons=concluded.reasons,
        trace=concluded.trace,
        inputs_sha256=sha256_of(request),
        policy=bundle.ref(policy),
        model=model(request.subject, policy),
        as_of=ON,
        made_at=datetime(ON.year, ON.month, ON.day, tzinfo=UTC),
    )
