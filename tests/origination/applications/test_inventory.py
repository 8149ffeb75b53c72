"""Inventories and documents from outside: all or nothing, every bad cell named, and nothing that is not what it says."""

import asyncio
import io
import zipfile
from typing import Any

import pytest

from tests.origination.house import House, key, read
from tests.origination.sample import HEADINGS, TODAY, content, opened, prepared, servers, sheet

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def test_an_inventory_is_taken_in_whole(house: House) -> None:
    draft = await opened(house)
    report = await read(await draft.import_servers(sheet(servers(16))), 200)
    assert (report["servers"], report["gpus"]) == (16, 128)
    assert report["price_ex_vat"]["amount"] == "29734513.28"
    view = await read(await draft.manager.get(draft.address), 200)
    assert len(view["content"]["assets"][0]["servers"]) == 16
    assert view["content"]["assets"][0]["servers"][0]["price_ex_vat"]["amount"] == "1858407.08"
    assert view["content"]["documents"][0]["kind"] == "server_inventory"


async def test_chinese_headings_do_as_well(house: House) -> None:
    draft = await opened(house)
    headings = ("序列号", "型号", "GPU型号", "GPU数量", "显存GB", "状况", "不含税单价", "增值税率", "来源")
    report = await read(await draft.import_servers(sheet(servers(2), headings)), 200)
    assert report["servers"] == 2


async def test_one_bad_cell_and_nothing_is_written(house: House) -> None:
    draft = await opened(house)
    rows: list[tuple[Any, ...]] = servers(6)
    rows[1] = ("x", *rows[1][1:])
    rows[2] = (*rows[2][:3], 99, *rows[2][4:])
    rows[3] = (rows[0][0].lower(), *rows[3][1:])
    rows[4] = (*rows[4][:6], "minus", "0.13", "smuggled")
    before = await draft.version()
    problem = await read(await draft.import_servers(sheet(rows)), 422)
    assert problem["code"] == "inventory_refused"
    assert {(item["pointer"], item["code"]) for item in problem["errors"]} == {
        ("/rows/3/serial", "too_short"),
        ("/rows/4/gpu_count", "out_of_range"),
        ("/rows/5/serial", "duplicate_serial"),
        ("/rows/6/price_ex_vat/amount", "decimal_text"),
        ("/rows/6/provenance", "not_in_list"),
    }
    assert all(item["message"] for item in problem["errors"])
    assert await draft.version() == before


async def test_headings_are_checked_before_rows(house: House) -> None:
    draft = await opened(house)
    headings = ("serial", "serial", *HEADINGS[2:-1], "colour")
    problem = await read(await draft.import_servers(sheet(servers(1), headings)), 422)
    assert {(item["pointer"], item["code"]) for item in problem["errors"]} == {
        ("/rows/1/serial", "duplicate_column"),
        ("/rows/1", "unknown_column"),
        ("/rows/1/model", "missing_column"),
        ("/rows/1/provenance", "missing_column"),
    }


async def test_servers_that_secure_another_case_are_refused_without_naming_it(house: House) -> None:
    first = await prepared(house, number=1001, prefix="SN-P")
    await read(await first.submit(), 202)
    second = await opened(house, number=1002)
    problem = await read(await second.import_servers(sheet(servers(2, "SN-P"))), 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [
        ("/rows/2/serial", "serial_pledged"),
        ("/rows/3/serial", "serial_pledged"),
    ]
    assert first.case_id not in str(problem)


async def test_a_csv_of_a_chinese_spreadsheet_does_as_well(house: House) -> None:
    draft = await opened(house)
    lines = [",".join(HEADINGS), *(",".join(map(str, row)) for row in servers(3))]
    answer = await draft.manager.post(
        f"{draft.address}/assets/import",
        files={
            "file": ("清单.CSV", "\r\n".join(lines).replace("X640 G50", "八卡服务器").encode("gb18030"), "text/csv")
        },
        data={"asset_key": "gpu"},
        headers=key(),
    )
    assert (await read(answer, 200))["servers"] == 3
    view = await read(await draft.manager.get(draft.address), 200)
    assert {item["model"] for item in view["content"]["assets"][0]["servers"]} == {"八卡服务器"}


def with_gpus(rows: list[tuple[Any, ...]], gpus: dict[int, str]) -> bytes:
    return sheet([(*row, gpus.get(index)) for index, row in enumerate(rows)], (*HEADINGS, "gpu_uuids"))


async def test_a_gpu_that_was_pledged_with_another_server_refuses_the_submission(house: House) -> None:
    """A server under another plate keeps its GPUs (row R11)."""
    first = await prepared(house, number=1001, prefix="SN-G")
    await read(await first.import_servers(with_gpus(servers(prefix="SN-G"), {2: "GPU-aaaa1111"})), 200)
    await read(await first.submit(), 202)
    second = await prepared(house, number=1002, prefix="SN-H")
    listed = servers(prefix="SN-H")
    await read(await second.import_servers(with_gpus(listed, {3: "aaaa-1111", 5: "AAAA1111"})), 200)
    problem = await read(await second.submit(), 422)
    assert ("/assets/0/servers/5/gpu_uuids/0", "duplicate_gpu") in {
        (item["pointer"], item["code"]) for item in problem["errors"]
    }
    await read(await second.import_servers(with_gpus(listed, {3: "aaaa-1111"})), 200)
    problem = await read(await second.submit(), 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [
        ("/assets/0/servers/3/gpu_uuids", "gpu_pledged")
    ]
    assert first.case_id not in str(problem)


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 80_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04[Content_Types].xml this is no archive", "not_an_xlsx"),
        (sheet([("=1+1", *servers(1)[0][1:])]), "formula_refused"),
        (zip_bomb(), "archive_too_large"),
    ],
    ids=["not_an_xlsx", "formula", "zip_bomb"],
)
async def test_a_file_that_is_no_plain_spreadsheet_is_refused(house: House, content: bytes, code: str) -> None:
    draft = await opened(house)
    problem = await read(await draft.import_servers(content), 422)
    assert code in {item["code"] for item in problem["errors"]}


async def test_an_unknown_asset_or_a_foreign_case_takes_no_inventory(house: House) -> None:
    draft = await opened(house)
    problem = await read(await draft.import_servers(sheet(servers(1)), "nothing"), 422)
    assert problem["errors"][0]["code"] == "unknown_asset"
    stranger = await house.staff("li.na", "relationship_manager", branch="320100")
    answer = await stranger.post(
        f"{draft.address}/assets/import",
        files={"file": ("servers.xlsx", sheet(servers(1)), XLSX)},
        data={"asset_key": "gpu"},
        headers=key(),
    )
    await read(answer, 404)


async def test_a_document_is_stored_once_and_read_by_its_people(house: House) -> None:
    draft = await opened(house)
    first = await draft.upload("business_licence", "营业执照")
    again = await draft.upload("business_licence", "营业执照")
    assert first["document_id"] == again["document_id"]
    listed = await read(await draft.manager.get(f"{draft.address}/documents"), 200)
    assert [item["sha256"] for item in listed] == [first["sha256"]]
    answer = await draft.manager.get(f"{draft.address}/documents/{first['sha256']}")
    assert answer.content == b"%PDF-1.7\n" + "营业执照".encode()
    assert "attachment" in answer.headers["content-disposition"]
    stranger = await house.staff("li.na", "relationship_manager", branch="320100")
    await read(await stranger.get(f"{draft.address}/documents/{first['sha256']}"), 404)


async def test_documents_of_unknown_kind_or_content_are_refused(house: House) -> None:
    draft = await opened(house)

    async def upload(kind: str, name: str, content: bytes) -> Any:
        return await draft.manager.post(
            f"{draft.address}/documents",
            files={"file": (name, content, "application/pdf")},
            data={"kind": kind, "as_of": TODAY.isoformat()},
            headers=key(),
        )

    problem = await read(await upload("love_letter", "a.pdf", b"%PDF-1.7"), 422)
    assert problem["errors"][0]["code"] == "unknown_document_kind"
    await read(await upload("business_licence", "a.pdf", b"MZ\x90\x00\x03"), 415)
    await read(await upload("business_licence", "a.pdf", b""), 422)
    without_file = await draft.manager.post(f"{draft.address}/documents", data={"kind": "other"}, headers=key())
    await read(without_file, 422)


async def test_a_proposed_product_without_conditions_still_takes_documents(house: House) -> None:
    draft = await opened(house)
    (line,) = content(draft.customer_id, "0" * 64)["lines"]
    await read(await draft.patch({"lines": [line | {"product": "talent_loan"}]}), 200)
    await draft.upload("other", "说明")
    problem = await read(
        await draft.manager.post(
            f"{draft.address}/documents",
            files={"file": ("a.pdf", b"%PDF-1.7", "application/pdf")},
            data={"kind": "love_letter", "as_of": TODAY.isoformat()},
            headers=key(),
        ),
        422,
    )
    assert problem["errors"][0]["code"] == "unknown_document_kind"


async def test_the_same_upload_sent_twice_has_one_effect(house: House) -> None:
    draft = await opened(house)
    headers = key()

    async def send() -> Any:
        return await draft.manager.post(
            f"{draft.address}/documents",
            files={"file": ("a.pdf", b"%PDF-1.7 one", "application/pdf")},
            data={"kind": "other"},
            headers=headers,
        )

    answers = await asyncio.gather(*[send() for _ in range(4)])
    assert {answer.status_code for answer in answers} == {201}
    assert len(await read(await draft.manager.get(f"{draft.address}/documents"), 200)) == 1
