"""Spreadsheets from outside: read exactly, and refused with every reason at once when they could hurt."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from services.kit.problems import Problem
from services.kit.spreadsheet import read_rows
from services.kit.xlsx_safety import SheetLimits

CONTENT_TYPES = "[Content_Types].xml"
SHEET = "xl/worksheets/sheet1.xml"
SHOWN = datetime(2026, 9, 24, 8, 30)  # noqa: DTZ001 a cell has no time zone
NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rewritten(
    content: bytes, change: dict[str, Callable[[bytes], bytes]] | None = None, add: dict[str, bytes] | None = None
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            body = old.read(name)
            new.writestr(name, change[name](body) if change and name in change else body)
        for name, body in (add or {}).items():
            new.writestr(name, body)
    return file.getvalue()


def sheet(rows: str) -> Callable[[bytes], bytes]:
    return lambda _: f"<worksheet {NS}><sheetData>{rows}</sheetData></worksheet>".encode()


async def codes(content: bytes, limits: SheetLimits | None = None) -> set[str]:
    with pytest.raises(Problem) as refused:
        await read_rows(content, limits=limits)
    assert (refused.value.code, refused.value.status) == ("spreadsheet_refused", 422)
    return {fault.code for fault in refused.value.errors}


async def test_cells_are_read_as_they_were_meant(tmp_path: Path) -> None:
    content = workbook(
        ["serial", "price", "count", "delivered", "at", "new", "note"],
        ["000123", 0.1 + 0.2, 8, date(2026, 9, 24), SHOWN, True, "  水冷  "],
        [None] * 7,
        ["000124", 1234567.89, 1, None, None, False, ""],
    )
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    rows = await read_rows(path)
    assert rows == await read_rows(content)
    assert [row.number for row in rows] == [1, 2, 4]
    assert rows[1].cells == (
        "000123",
        Decimal("0.3"),
        Decimal(8),
        date(2026, 9, 24),
        SHOWN,
        True,
        "水冷",
    )
    assert rows[2].cells[:4] == ("000124", Decimal("1234567.89"), Decimal(1), None)


async def test_an_empty_sheet_has_no_rows() -> None:
    assert await read_rows(workbook()) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"serial,price\n1,2\n", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 512, b"%PDF-1.7"],
)
async def test_what_is_no_xlsx(content: bytes) -> None:
    assert await codes(content) == {"not_an_xlsx"}


async def test_a_zip_that_is_no_workbook_or_has_two_faces() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert await codes(file.getvalue()) == {"not_an_xlsx"}
    assert await codes(rewritten(workbook([1]), add={"XL/Workbook.xml": b"<a/>"})) == {"not_an_xlsx"}
    assert await codes(rewritten(workbook([1]), change={SHEET: lambda b: b.decode().encode("utf-16")})) >= {
        "not_an_xlsx"
    }
    broken = rewritten(workbook([1]), change={"xl/workbook.xml": lambda _: b"<workbook"})
    assert await codes(broken) == {"not_an_xlsx"}


async def test_archives_that_unpack_to_too_much() -> None:
    bomb = rewritten(workbook([1]), add={"xl/media/image1.png": b"\x00" * 30_000_000})
    assert len(bomb) < 100_000
    assert await codes(bomb) == {"archive_too_large"}
    many = rewritten(workbook([1]), add={f"xl/media/{number}.png": b"" for number in range(400)})
    assert await codes(many) == {"archive_too_large"}
    assert await codes(workbook([1]), SheetLimits(max_file=100)) == {"archive_too_large"}


async def test_an_archive_that_lies_about_its_size() -> None:
    content = bytearray(rewritten(workbook([1]), add={"xl/media/image1.png": b"\x00" * 30_000_000}))
    # The directory at the end says that the entry is small; only unpacking shows the truth.
    size = (30_000_000).to_bytes(4, "little")
    assert content.count(size) >= 1
    lying = bytes(content.replace(size, (100).to_bytes(4, "little")))
    assert await codes(lying) <= {"archive_too_large", "not_an_xlsx"}


async def test_formulas_macros_and_outside_data_are_named_together() -> None:
    rels = b'<Relationships><Relationship Type="x/externalLinkPath" TargetMode="External"/></Relationships>'
    content = rewritten(
        workbook(["a", "=1+1"]),
        add={
            "xl/vbaProject.bin": b"macro",
            "xl/externalLinks/externalLink1.xml": b"<a/>",
            "xl/externalLinks/_rels/externalLink1.xml.rels": rels,
            "xl/embeddings/oleObject1.bin": b"x",
        },
    )
    assert await codes(content) == {
        "formula_refused",
        "macro_refused",
        "external_link_refused",
        "embedded_object_refused",
    }


@pytest.mark.parametrize(
    ("addition", "code"),
    [
        ({"xl/connections.xml": b"<connections/>"}, "external_link_refused"),
        ({"xl/queryTables/queryTable1.xml": b"<a/>"}, "external_link_refused"),
        ({"xl/activeX/activeX1.xml": b"<a/>"}, "embedded_object_refused"),
        ({"xl/macrosheets/sheet1.xml": b"<a/>"}, "macro_refused"),
        ({"xl/strange.xml": b'<c r="A1"><f>1+1</f></c>'}, "formula_refused"),
        ({"xl/extra.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'}, "xml_entity_refused"),
    ],
)
async def test_each_way_to_smuggle_something_in(addition: dict[str, bytes], code: str) -> None:
    assert await codes(rewritten(workbook(["a"]), add=addition)) == {code}


async def test_a_formula_across_the_edge_of_a_block_is_seen() -> None:
    for shift in range(12):
        padding = "<!--" + "x" * ((1 << 20) - 200 + shift * 16) + "-->"
        rows = f'{padding}<row r="1"><c r="A1"><f>SUM(B1)</f><v>1</v></c></row>'
        # Stored, not deflated: the padding would otherwise look like a bomb.
        file = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(workbook(["a"]))) as old, zipfile.ZipFile(file, "w") as new:
            for name in old.namelist():
                new.writestr(name, sheet(rows)(b"") if name == SHEET else old.read(name))
        assert await codes(file.getvalue()) == {"formula_refused"}


async def test_a_hyperlink_is_no_outside_data() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = "supplier"
    book.active["A1"].hyperlink = "https://example.com"
    file = io.BytesIO()
    book.save(file)
    assert (await read_rows(file.getvalue()))[0].cells == ("supplier",)


async def test_cells_placed_far_apart_do_not_fill_the_memory() -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert await codes(rewritten(workbook(["a"]), change={SHEET: sheet(far)})) == {"too_many_rows", "too_many_columns"}


async def test_a_cell_too_long_is_named_by_its_place() -> None:
    with pytest.raises(Problem) as refused:
        await read_rows(workbook(["a"], ["b", "x" * 1_001]))
    assert [(fault.pointer, fault.code) for fault in refused.value.errors] == [("/rows/2/2", "cell_too_long")]


async def test_the_sheet_asked_for_must_be_there() -> None:
    with pytest.raises(Problem) as refused:
        await read_rows(workbook(["a"]), sheet="servers")
    assert [fault.code for fault in refused.value.errors] == ["sheet_missing"]
