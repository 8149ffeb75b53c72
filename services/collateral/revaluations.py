"""Fleets valued anew while nobody waits: the register is grouped to cohorts once, then valued a chunk at a time.

Each chunk is one write together with the progress. A process that dies loses the chunk it was at: whoever takes the run
over when the lease has passed goes on with the cohorts that have no value yet.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Final
from uuid import UUID

import structlog

from domain.revaluation import RevaluationRequest, RevaluationState
from policy.engine.collateral import GpuValuation
from services.collateral.calc.conclusion import FIGURES
from services.collateral.calc.fleet.revaluation import CohortPath, revalued
from services.collateral.calc.gpu_server.cohort_value import complete
from services.collateral.calc.gpu_server.price_process import Cohorts
from services.collateral.calc.gpu_server.rent import standing_rent
from services.collateral.calc.gpu_server.value_path import Server
from services.collateral.desk import MOST_ATTEMPTS, Desk
from services.collateral.sources import PolicyShelf
from services.collateral.store import revaluations
from services.collateral.store.revaluations import Held, LastValued
from services.collateral.tables import RevaluationRow, RevaluedCohort
from services.kit.database import Database, now

CHUNK: Final = 250
LEASE: Final = timedelta(seconds=30)

NOT_VALUED: Final = "NOT_VALUED"
"""No valuation of such servers is on file."""

_log = structlog.get_logger(__name__)


class RevaluationDesk(Desk):
    """The revaluations of one process. ``chunk``: cohorts a write."""

    kind = "revaluation"

    def __init__(
        self, database: Database, policies: PolicyShelf, *, lease: timedelta = LEASE, chunk: int = CHUNK
    ) -> None:
        super().__init__(database, lease)
        self._policies = policies
        self._chunk = chunk

    async def work_once(self) -> bool:
        """Carry the next revaluation to its end; False when there is none."""
        async with self._database.session() as session:
            run = await revaluations.take_next(session, self._runner, self._lease)
        if run is None:
            return False
        if run.attempts > MOST_ATTEMPTS:
            await self._finish(run.id, RevaluationState.FAILED)
            return True
        async with self._leased(run.id):
            await self._carry_out(run)
        return True

    async def _carry_out(self, run: RevaluationRow) -> None:
        asked = RevaluationRequest.model_validate(run.request, strict=False)
        bundle = await self._policies.bundle(asked.policy_sha256)
        terms = bundle.collateral(asked.as_of).gpu
        if run.cohorts is None and not await self._grouped(run.id, asked):
            return
        on_file = await self._on_file(run, asked.as_of)
        while await self._next_chunk(run.id, asked, terms, on_file):
            pass
        await self._finish(run.id, RevaluationState.DONE)

    async def _grouped(self, run_id: UUID, asked: RevaluationRequest) -> bool:
        """Write down the cohorts of the day, whole or not at all; False where another has taken the run over."""
        async with self._database.session() as session:
            row = await revaluations.held(session, run_id, self._runner)
            if row is None:
                return False
            branch = revaluations.scope_of(row)
            fleet = await revaluations.cohorts_held(session, branch)
            valued = matched(fleet, await revaluations.last_valued(session, branch, asked.as_of))
            session.add_all(
                revaluations.cohort_rows(
                    run_id, [_as_found(item, last, asked) for item, last in zip(fleet, valued, strict=True)]
                )
            )
            row.cohorts, row.servers = len(fleet), sum(item.servers for item in fleet)
            row.leased_until = now() + self._lease
            session.add(row)
        return True

    async def _on_file(self, run: RevaluationRow, as_of: date) -> dict[UUID, LastValued]:
        async with self._database.session() as session:
            found = await revaluations.last_valued(session, revaluations.scope_of(run), as_of)
        return {item.valuation_id: item for item in found}

    async def _next_chunk(
        self, run_id: UUID, asked: RevaluationRequest, terms: GpuValuation, on_file: dict[UUID, LastValued]
    ) -> bool:
        """Value the next cohorts and write them with the progress; False when none is left or the run is another's."""
        async with self._database.session() as session:
            waiting = await revaluations.waiting_cohorts(session, run_id, self._chunk)
        if not waiting:
            return False
        found = await asyncio.to_thread(_valued, waiting, asked, terms, on_file)
        async with self._database.session() as session:
            row = await revaluations.held(session, run_id, self._runner)
            if row is None:
                return False
            await revaluations.keep(session, run_id, found)
            await revaluations.count_up(session, row)
            row.leased_until = now() + self._lease
        return True

    async def _finish(self, run_id: UUID, state: RevaluationState) -> None:
        async with self._database.session() as session:
            row = await revaluations.held(session, run_id, self._runner)
            if row is None or (state is RevaluationState.DONE and row.cohorts_done < (row.cohorts or 0)):
                return
            row.state = state.value
            row.runner = row.leased_until = None
            row.finished_at = now()
            session.add(row)
        _log.info("fleet_revalued", revaluation_id=str(run_id), state=state.value)

    async def _let_go(self, run_id: UUID) -> None:
        async with self._database.session() as session:
            await revaluations.let_go(session, run_id, self._runner)


def matched(fleet: Sequence[Held], valued: Sequence[LastValued]) -> list[LastValued | None]:
    """For every cohort the valuation on file of the same case, asset, model and GPUs whose servers were bought nearest to
    its own; of several the newest, which comes first."""
    by_kind: dict[tuple[UUID, str, str, str, int], list[LastValued]] = {}
    for item in valued:
        subject = item.subject
        key = (item.case_id, item.asset_key, subject.model, subject.gpu_type, subject.gpus_per_server)
        by_kind.setdefault(key, []).append(item)
    found: list[LastValued | None] = []
    for held in fleet:
        key = (held.case_id, held.asset_key, held.model, held.gpu_type, held.gpus_per_server)
        candidates = by_kind.get(key, [])
        found.append(min(candidates, key=lambda item: _months_apart(held, item), default=None))
    return found


def _months_apart(held: Held, item: LastValued) -> int:
    if held.purchased_in is None or item.subject.age_months is None:
        return 0
    return abs(_months(held.purchased_in, item.request.as_of) - item.subject.age_months)


def _as_found(held: Held, last: LastValued | None, asked: RevaluationRequest) -> dict[str, object]:
    age = None if last is None else _age(held, last, asked.as_of)
    code = NOT_VALUED if last is None else "AGE_UNKNOWN" if age is None else ""
    return {
        "case_id": held.case_id,
        "asset_key": held.asset_key,
        "model": held.model,
        "gpu_type": held.gpu_type,
        "gpus_per_server": held.gpus_per_server,
        "purchased_in": held.purchased_in,
        "servers": held.servers,
        "age_months": age,
        "rent_factor": asked.factor_of(held.gpu_type),
        "valuation_id": None if last is None else last.valuation_id,
        "code": code,
    }


def _age(held: Held, last: LastValued, on: date) -> int | None:
    """Months since purchase; where the register does not know it, the age on file and the months since."""
    if held.purchased_in is not None:
        return max(0, _months(held.purchased_in, on))
    if last.subject.age_months is None:
        return None
    return last.subject.age_months + max(0, _months(last.request.as_of, on))


def _months(since: date, until: date) -> int:
    return (until.year - since.year) * 12 + until.month - since.month


def _valued(
    waiting: Sequence[RevaluedCohort],
    asked: RevaluationRequest,
    terms: GpuValuation,
    on_file: dict[UUID, LastValued],
) -> dict[int, CohortPath | str]:
    """Values by position, or the code that says why there is none."""
    found: dict[int, CohortPath | str] = {}
    servers: list[tuple[RevaluedCohort, Server]] = []
    for row in waiting:
        server = _server(row, on_file, terms) if terms.resale_curve else "RESALE_CURVE_MISSING"
        if isinstance(server, str):
            found[row.position] = server
        else:
            servers.append((row, server))
    if servers:
        with localcontext(FIGURES):
            cohorts = Cohorts.of((server for _, server in servers), terms.income)
        rows = [row for row, _ in servers]
        counts, factors = [row.servers for row in rows], [Decimal(row.rent_factor) for row in rows]
        paths = revalued(cohorts, counts, factors, terms, asked.months)
        found |= {row.position: path for row, path in zip(rows, paths, strict=True)}
    return found


def _server(row: RevaluedCohort, on_file: dict[UUID, LastValued], terms: GpuValuation) -> Server | str:
    """A server of the cohort as it was last valued, at the rent that valuation stood on, or the code of what it lacks."""
    last = on_file.get(row.valuation_id) if row.valuation_id is not None else None
    if last is None or row.age_months is None:
        return NOT_VALUED
    economics, missing = complete(last.subject.economics)
    if economics is None:
        return missing[0].code
    evidence = last.request.evidence
    if evidence is not None and terms.index is not None and last.subject.economics is not None:
        basis = last.subject.economics.rent_basis
        stood = standing_rent(economics.rent_per_gpu_hour, basis, evidence.rents, last.request.as_of, terms.index)
        economics = replace(economics, rent_per_gpu_hour=stood.rent)
    return Server(economics, last.subject.gpus_per_server, last.subject.replacement_cost_new.amount, row.age_months)
