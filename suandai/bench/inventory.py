"""How long an inventory takes from its upload until its servers are in the register, beside the bare rows."""

import asyncio
import csv
import io
import time
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from suandai.bench.figures import Figure, figure

_COLUMNS = (
    "serial",
    "model",
    "gpu_type",
    "gpu_count",
    "gpu_memory_gb",
    "gpu_uuids",
    "condition",
    "price_ex_vat",
    "vat_rate",
    "provenance",
    "site",
    "rack",
)
_GPUS = 8
_BARE = """
CREATE TEMP TABLE bare_server (serial text PRIMARY KEY, model text, site text, rack text);
CREATE TEMP TABLE bare_gpu (identity text PRIMARY KEY, serial text);
CREATE INDEX ON bare_gpu (serial);
"""
_PAUSE = 0.1
_LONGEST = 600.0


async def imported(books: str, collateral: str, token: str, branch: str, *, servers: int) -> list[Figure]:
    """``import_100k_s`` for 100,000 servers with eight GPU identifiers each, as a CSV over HTTP.

    ``books`` is the conninfo of a superuser, who enters the asset that takes the list and copies the bare rows. Raises
    ``RuntimeError`` when the import does not end as it should.
    """
    listed = [_row(number) for number in range(servers)]
    content = _csv(listed)
    bare = await asyncio.to_thread(_copied, books, listed)
    asset_id = await asyncio.to_thread(_entered, books, branch)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=collateral, headers=headers, timeout=60, trust_env=False) as http:
        begun = time.perf_counter()
        job = (
            await http.post(
                f"/v1/assets/{asset_id}/import",
                files={"file": ("inventory.csv", content, "text/csv")},
                headers={"Idempotency-Key": str(uuid4())},
            )
        ).raise_for_status()
        ended = await _ended(http, job.headers["location"])
        seconds = time.perf_counter() - begun
    if (ended["state"], ended["servers"]) != ("done", servers):
        raise RuntimeError(f"the import ended {ended['state']} with {ended['fault_count']} faults")
    note = (
        f"upload until {servers:,} servers with {ended['gpus']:,} GPU identifiers are in the register, a CSV of"
        f" {len(content) / 1e6:.0f} MB; aim < 20; beside: the same rows by COPY into bare tables with the same keys"
    )
    return [figure(f"import_{servers // 1000}k_s", seconds, "s", beside=bare, note=note)]


def _row(number: int) -> tuple[Any, ...]:
    gpus = ";".join(f"GPU-{number:08x}-0000-4000-8000-{slot:012x}" for slot in range(_GPUS))
    fixed = ("H100-SXM", _GPUS, 80, gpus, "new", "1858407.08", "0.13", "official_cn")
    return (f"BENCH-{number:06d}", "8xH100 SXM", *fixed, f"Room {number % 7}", f"R{number % 400:03d}")


def _csv(listed: list[tuple[Any, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows(listed)
    return text.getvalue().encode()


def _copied(books: str, listed: list[tuple[Any, ...]]) -> float:
    with psycopg.connect(books) as connection, connection.cursor() as cursor:
        cursor.execute(_BARE)
        begun = time.perf_counter()
        with cursor.copy("COPY bare_server FROM STDIN") as copy:
            for row in listed:
                copy.write_row((row[0], row[1], row[10], row[11]))
        with cursor.copy("COPY bare_gpu FROM STDIN") as copy:
            for row in listed:
                for gpu in row[5].split(";"):
                    copy.write_row((gpu, row[0]))
        return time.perf_counter() - begun


def _entered(books: str, branch: str) -> str:
    asset_id = str(uuid4())
    with psycopg.connect(books) as connection:
        connection.execute(
            "INSERT INTO collateral.asset"
            " (id, case_id, asset_key, kind, description, branch, version, created_at, updated_at)"
            " VALUES (%s, %s, 'servers', 'gpu_server', 'bench', %s, 1, now(), now())",
            (asset_id, str(uuid4()), branch),
        )
    return asset_id


async def _ended(http: httpx.AsyncClient, address: str) -> dict[str, Any]:
    deadline = time.monotonic() + _LONGEST
    while time.monotonic() < deadline:
        job: dict[str, Any] = (await http.get(address)).raise_for_status().json()
        if job["state"] not in ("waiting", "running"):
            return job
        await asyncio.sleep(_PAUSE)
    raise RuntimeError("the import did not end")
