"""Imports of inventories: a job to follow, all or nothing, every bad cell named, and nothing lost to a process that dies."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.collateral.desk import MOST_ATTEMPTS
from services.collateral.imports import ImportDesk
from services.collateral.inventory import InventoryFile
from services.kit.database import Database
from tests.collateral.conftest import Speaker
from tests.collateral.inventories import CHINESE, HEADINGS, as_csv, as_xlsx, gpu, rows, upload
from tests.collateral.requests import registration, server
from tests.fixtures.postgres import DatabaseUrls

Entered = Callable[..., Awaitable[str]]


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


@pytest.fixture
def entered(worker: httpx.AsyncClient) -> Entered:
    """``await entered(*serials)``: an asset of a case of its own; its id."""

    async def enter(*serials: str, case_id: UUID | None = None, **changes: Any) -> str:
        answer = await worker.post(
            "/v1/assets", json=registration(case_id or uuid4(), *serials, **changes), headers=key()
        )
        assert answer.status_code == 200, answer.text
        asset_id: str = answer.json()["asset_id"]
        return asset_id

    return enter


async def ended(client: httpx.AsyncClient, begun: httpx.Response) -> dict[str, Any]:
    """The import once it has ended."""
    assert begun.status_code == 202, begun.text
    for _ in range(600):
        job: dict[str, Any] = (await client.get(begun.headers["location"])).json()
        if job["state"] not in ("waiting", "running"):
            return job
        await asyncio.sleep(0.05)
    raise AssertionError(job)


async def imported(client: httpx.AsyncClient, asset_id: str, content: bytes, name: str = "a.xlsx") -> dict[str, Any]:
    return await ended(
        client, await client.post(f"/v1/assets/{asset_id}/import", files=upload(content, name), headers=key())
    )


async def unit_count(client: httpx.AsyncClient, asset_id: str) -> int:
    count: int = (await client.get(f"/v1/assets/{asset_id}")).json()["unit_count"]
    return count


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.xlsx", as_xlsx(rows(30))),
        ("列表.xlsx", as_xlsx(rows(30), CHINESE)),
        ("list.csv", as_csv(rows(30))),
        ("with mark.csv", as_csv(rows(30), CHINESE, "utf-8-sig")),
        ("LIST.CSV", as_csv(rows(30), CHINESE, "gb18030")),
        ("tabs.csv", as_csv(rows(30), CHINESE).replace(b",", b"\t")),
    ],
)
async def test_a_list_of_any_usual_form_is_taken_in(
    worker: httpx.AsyncClient, entered: Entered, name: str, content: bytes
) -> None:
    asset_id = await entered()
    job = await imported(worker, asset_id, content, name)
    assert (job["state"], job["servers"], job["gpus"], job["faults"]) == ("done", 30, 60, []), job
    assert (job["rows_read"], job["rows_entered"]) == (30, 30)
    assert await unit_count(worker, asset_id) == 30
    found = (await worker.get("/v1/assets", params={"serial": "ｓｎ 00-00-07"})).json()["items"]
    assert [item["asset_id"] for item in found] == [asset_id]


async def test_dates_and_shares_of_a_csv_are_read_as_excel_writes_them(
    worker: httpx.AsyncClient, entered: Entered
) -> None:
    row = [*rows(1)[0], "2026/3/2"]
    row[8] = "13%"
    row[7] = "1,858,407.08"
    job = await imported(worker, await entered(), as_csv([row], (*HEADINGS, "purchased")), "a.csv")
    assert (job["state"], job["faults"]) == ("done", [])


async def test_every_bad_cell_is_told_and_nothing_is_entered(worker: httpx.AsyncClient, entered: Entered) -> None:
    asset_id = await entered("KEPT-0001")
    listed = rows(12)
    listed[1][0] = "x"
    listed[2][3] = 99
    listed[3][0] = "ＳＮ_ooo-ooo"
    listed[4][7] = "minus"
    listed[4][9] = "smuggled"
    listed[5][5] = gpu(0, 0)
    listed[6][3] = 1
    listed[7][5] = "--"
    for name, content in (("a.xlsx", as_xlsx(listed)), ("a.csv", as_csv(listed, encoding="gb18030"))):
        job = await imported(worker, asset_id, content, name)
        assert job["state"] == "refused"
        assert [(fault["row"], fault["column"], fault["code"]) for fault in job["faults"]] == [
            (3, "serial", "too_short"),
            (4, "gpu_count", "out_of_range"),
            (5, "serial", "duplicate_serial"),
            (6, "price_ex_vat", "decimal_text"),
            (6, "provenance", "not_in_list"),
            (7, "gpu_uuids", "duplicate_gpu"),
            (8, "gpu_uuids", "too_many_gpus"),
            (9, "gpu_uuids", "wrong_format"),
        ]
        assert job["fault_count"] == 8
        assert all(fault["message_zh"] and fault["message_en"] for fault in job["faults"])
    assert await unit_count(worker, asset_id) == 1


async def test_headings_come_before_rows(worker: httpx.AsyncClient, entered: Entered) -> None:
    headings = ("serial", "serial", *HEADINGS[2:-2], "colour", "site")
    job = await imported(worker, await entered(), as_csv(rows(2), headings), "a.csv")
    assert {(fault["row"], fault["column"], fault["code"]) for fault in job["faults"]} == {
        (1, "serial", "duplicate_column"),
        (1, "", "unknown_column"),
        (1, "model", "missing_column"),
        (1, "provenance", "missing_column"),
    }


async def test_the_report_is_bounded_and_counts_the_rest(worker: httpx.AsyncClient, entered: Entered) -> None:
    listed = rows(1500)
    for row in listed:
        row[3] = 99
    job = await imported(worker, await entered(), as_csv(listed), "a.csv")
    assert (job["fault_count"], len(job["faults"])) == (1500, 1000)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"\xff\xfe\xff,\x81", "encoding_unknown"),
        ("a.csv", as_csv([["=1+1", *rows(1)[0][1:]]]), "formula_refused"),
        ("a.csv", as_csv([["x" * 1200, *rows(1)[0][1:]]]), "cell_too_long"),
        ("a.csv", as_csv([[*rows(1)[0], *["more"] * 200]]), "too_many_columns"),
        ("a.csv", as_csv([]) + b'"never closed', "not_a_csv"),
        ("a.csv", as_csv([]), "no_rows"),
        ("a.csv", b"\n\n", "empty_sheet"),
        ("a.csv", as_csv([[*rows(1)[0], "unheaded"]]), "unheaded_cell"),
        ("a.xlsx", as_xlsx([["=1+1", *rows(1)[0][1:]]]), "formula_refused"),
        ("a.xlsx", b"PK\x03\x04[Content_Types].xml this is no archive", "not_an_xlsx"),
        ("a.xlsx", as_csv(rows(1)), "not_an_xlsx"),
    ],
)
async def test_what_is_no_plain_list_is_refused(
    worker: httpx.AsyncClient, entered: Entered, name: str, content: bytes, code: str
) -> None:
    begun = await worker.post(f"/v1/assets/{await entered()}/import", files=upload(content, name), headers=key())
    if begun.status_code == 415:
        assert code == "encoding_unknown", begun.text
        return
    job = await ended(worker, begun)
    assert (job["state"], [fault["code"] for fault in job["faults"]]) == ("refused", [code])


async def test_more_rows_than_100_000_are_refused(worker: httpx.AsyncClient, entered: Entered) -> None:
    line = as_csv(rows(1)).splitlines()[1]
    content = as_csv([]) + b"\r\n".join([line] * 100_001)
    job = await imported(worker, await entered(), content, "a.csv")
    assert "too_many_rows" in {fault["code"] for fault in job["faults"]} or job["fault_count"] > 1000


async def test_a_serial_of_another_case_refuses_the_list_and_names_the_first(
    worker: httpx.AsyncClient, entered: Entered
) -> None:
    """Row R1: two of 512 serials secure another case."""
    first = uuid4()
    await entered("R1-000100", "R1-000400", case_id=first)
    asset_id = await entered()
    job = await imported(worker, asset_id, as_xlsx(rows(512, "R1")))
    assert [(fault["row"], fault["column"], fault["code"]) for fault in job["faults"]] == [
        (102, "serial", "serial_pledged"),
        (402, "serial", "serial_pledged"),
    ]
    assert all(registration(first)["case_number"] in fault["message_en"] for fault in job["faults"])
    assert await unit_count(worker, asset_id) == 0


async def test_a_gpu_secures_one_server(worker: httpx.AsyncClient, entered: Entered) -> None:
    first = await entered(case_id=uuid4())
    await imported(worker, first, as_csv(rows(3, "AA")), "a.csv")
    second = await entered()
    relabelled = rows(3, "BB", first=7)
    relabelled[1][5] = gpu(2, 0).replace("-", "").lower()
    job = await imported(worker, second, as_csv(relabelled), "a.csv")
    assert [(fault["row"], fault["code"]) for fault in job["faults"]] == [(3, "gpu_pledged")]
    assert "AA-000002" in job["faults"][0]["message_en"]
    case = registration(uuid4()) | {"servers": [server("CC-0001", gpu_uuids=[gpu(1, 1)])]}
    conflict = (await worker.post("/v1/assets", json=case, headers=key())).json()["gpu_conflicts"]
    assert [(item["serial"], item["pledged_serial"]) for item in conflict] == [("CC-0001", "AA-000001")]


async def test_a_gpu_may_follow_into_another_server_once_the_first_lets_go(
    worker: httpx.AsyncClient, entered: Entered
) -> None:
    asset_id = await entered()
    listed = rows(2)
    await imported(worker, asset_id, as_csv(listed), "a.csv")
    listed[0][5], listed[1][5] = "", f"{gpu(1, 0)};{gpu(0, 0)}"
    job = await imported(worker, asset_id, as_csv(listed), "a.csv")
    assert [fault["code"] for fault in job["faults"]] == ["gpu_pledged"], "an empty cell says nothing about a server"
    listed[0][5] = gpu(0, 1)
    assert (await imported(worker, asset_id, as_csv(listed), "a.csv"))["state"] == "done"


async def test_a_list_replaces_the_one_before(worker: httpx.AsyncClient, entered: Entered) -> None:
    case_id = uuid4()
    asset_id = await entered("OLD-0001", case_id=case_id)
    await imported(worker, asset_id, as_csv(rows(4)), "a.csv")
    assert await unit_count(worker, asset_id) == 4
    await entered(case_id=case_id)
    assert await unit_count(worker, asset_id) == 4, "an entry without servers leaves the imported list"
    await imported(worker, asset_id, as_csv(rows(3, first=2)), "a.csv")
    assert await unit_count(worker, asset_id) == 3
    await entered("NEW-0001", case_id=case_id)
    assert await unit_count(worker, asset_id) == 1
    assert await unit_count(worker, await entered("OLD-0001", "SN-000003")) == 2


async def test_the_same_request_sent_twice_is_one_import(worker: httpx.AsyncClient, entered: Entered) -> None:
    asset_id, headers = await entered(), key()

    async def send() -> httpx.Response:
        return await worker.post(
            f"/v1/assets/{asset_id}/import", files=upload(as_csv(rows(5)), "a.csv"), headers=headers
        )

    answers = await asyncio.gather(*(send() for _ in range(4)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["import_id"] for answer in answers}) == 1


async def test_an_asset_that_is_no_servers_or_released_takes_no_list(
    worker: httpx.AsyncClient, entered: Entered
) -> None:
    case_id = uuid4()
    building = await entered(kind="civil_works", case_id=case_id)
    for asset_id, code in ((building, "not_servers"), (str(uuid4()), "not_found")):
        answer = await worker.post(
            f"/v1/assets/{asset_id}/import", files=upload(as_csv(rows(1)), "a.csv"), headers=key()
        )
        assert answer.json()["code"] == code
    servers = await entered(case_id=uuid4())
    await worker.post(
        "/v1/releases", json={"case_id": (await worker.get(f"/v1/assets/{servers}")).json()["case_id"]}, headers=key()
    )
    answer = await worker.post(f"/v1/assets/{servers}/import", files=upload(as_csv(rows(1)), "a.csv"), headers=key())
    assert answer.json()["code"] == "asset_released"


async def test_an_officer_imports_for_the_own_branch_only(
    worker: httpx.AsyncClient, person: Speaker, entered: Entered
) -> None:
    asset_id = await entered()
    officer = await person("li.na", "collateral_officer", "640100")
    job = await imported(officer, asset_id, as_csv(rows(2)), "a.csv")
    assert (job["state"], job["requested_by"]) == ("done", "li.na")
    stranger = await person("wu.jie", "collateral_officer", "320100")
    files = upload(as_csv(rows(2)), "a.csv")
    assert (await stranger.post(f"/v1/assets/{asset_id}/import", files=files, headers=key())).status_code == 404
    assert (await stranger.get(f"/v1/imports/{job['import_id']}")).status_code == 404
    assert (await stranger.get("/v1/imports")).json()["items"] == []
    listed = (await officer.get("/v1/imports", params={"asset_id": asset_id})).json()["items"]
    assert [item["import_id"] for item in listed] == [job["import_id"]]


# --- processes that die -----------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def other_desk(app: FastAPI, database_urls: DatabaseUrls) -> AsyncIterator[ImportDesk]:
    """The desk of another process on the same books, which does nothing unless it is told to."""
    database = Database(database_urls.collateral)
    yield ImportDesk(database, app.state.documents, lease=timedelta(seconds=1))
    await database.dispose()


def _books(database_urls: DatabaseUrls) -> psycopg.Connection[Any]:
    return psycopg.connect(database_urls.superuser.replace("postgresql+psycopg://", "postgresql://"), autocommit=True)


async def test_what_a_process_died_over_is_done_by_the_next(
    worker: httpx.AsyncClient, entered: Entered, database_urls: DatabaseUrls, other_desk: ImportDesk
) -> None:
    asset_id = await entered()
    done = await imported(worker, asset_id, as_csv(rows(20)), "a.csv")
    with _books(database_urls) as books:
        # As a process leaves it that is killed between reading and the end of its transaction.
        books.execute("UPDATE collateral.server SET state = 'released'")
        books.execute(
            "UPDATE collateral.import_job SET state = 'running', finished_at = NULL, runner = gen_random_uuid(),"
            " leased_until = now() + interval '1 hour'"
        )
        assert not await other_desk.work_once(), "its lease has not passed"
        books.execute("UPDATE collateral.import_job SET leased_until = now() - interval '1 second'")
    while await other_desk.work_once():
        pass
    job = (await worker.get(f"/v1/imports/{done['import_id']}")).json()
    assert (job["state"], job["servers"]) == ("done", 20)
    assert await unit_count(worker, asset_id) == 20


async def test_a_process_that_ends_in_the_middle_leaves_nothing_and_lets_go(
    worker: httpx.AsyncClient,
    app: FastAPI,
    entered: Entered,
    database_urls: DatabaseUrls,
    other_desk: ImportDesk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading = asyncio.Event()
    loop = asyncio.get_running_loop()
    read = InventoryFile.read

    def slow(file: InventoryFile) -> None:
        loop.call_soon_threadsafe(reading.set)
        while not file.abandoned:
            pass
        read(file)

    asset_id = await entered()
    with monkeypatch.context() as patch:
        patch.setattr(InventoryFile, "read", slow)
        patch.setattr(app.state.imports, "wake", lambda: None)
        with _books(database_urls) as books:
            begun = await worker.post(
                f"/v1/assets/{asset_id}/import", files=upload(as_csv(rows(5)), "a.csv"), headers=key()
            )
            task = asyncio.create_task(other_desk.work_once())
            await reading.wait()
            assert (await worker.get(begun.headers["location"])).json()["state"] == "running"
            again = await worker.post(
                f"/v1/assets/{asset_id}/import", files=upload(as_csv(rows(5)), "a.csv"), headers=key()
            )
            assert (again.status_code, again.json()["code"]) == (409, "import_in_progress")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            [(state, runner)] = books.execute("SELECT state, runner FROM collateral.import_job").fetchall()
            assert (state, runner) == ("waiting", None)
    assert await unit_count(worker, asset_id) == 0
    await other_desk.work_once()
    assert (await ended(worker, begun))["state"] == "done"


async def test_a_list_that_ends_every_process_is_given_up(
    worker: httpx.AsyncClient, entered: Entered, database_urls: DatabaseUrls, other_desk: ImportDesk
) -> None:
    done = await imported(worker, await entered(), as_csv(rows(2)), "a.csv")
    with _books(database_urls) as books:
        books.execute(
            "UPDATE collateral.import_job SET state = 'running', attempts = %s, leased_until = now() - interval '1 s'",
            (MOST_ATTEMPTS,),
        )
    await other_desk.work_once()
    job = (await worker.get(f"/v1/imports/{done['import_id']}")).json()
    assert (job["state"], [fault["code"] for fault in job["faults"]]) == ("failed", ["import_failed"])
