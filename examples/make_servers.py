"""Writes the server inventories of the example cases: one row a server, made up from beginning to end.

``python examples/make_servers.py`` rewrites ``<case>/servers.xlsx`` byte for byte: the workbook carries no time of its own.
"""

import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from openpyxl import Workbook

HERE = Path(__file__).parent

COLUMNS = (
    ("序列号", "serial"),
    ("型号", "model"),
    ("GPU型号", "gpu_type"),
    ("GPU数量", "gpu_count"),
    ("显存GB", "gpu_memory_gb"),
    ("状况", "condition"),
    ("发票号码", "invoice_number"),
    ("不含税单价", "price_ex_vat"),
    ("增值税率", "vat_rate"),
    ("来源", "provenance"),
    ("报关单号", "customs_document"),
    ("机房", "site"),
    ("机柜", "rack"),
    ("保修至", "warranty_until"),
)
"""Headings as people read them and the field each one fills."""

_EPOCH = datetime(2026, 3, 16, tzinfo=UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Fleet:
    """Servers of one purchase contract."""

    case: str
    prefix: str
    count: int
    price_ex_vat: Decimal
    site: str
    hall: str


FLEETS = (
    Fleet("nxb-xiyun", "XYZS1", 120, Decimal("1475000.00"), "中卫智算一期机房", "A"),
    Fleet("bocom-qinghai", "QHGC1", 24, Decimal("1475000.00"), "西宁绿色算力中心", "B"),
)


def rows(fleet: Fleet) -> list[tuple[object, ...]]:
    """The servers of a fleet in the order of :data:`COLUMNS`; eight stand in a row of racks, two to a rack."""
    return [
        (
            f"{fleet.prefix}-{number:04d}-{(number * 7919) % 9973:04d}",
            "8×H20-141G 机架式服务器",
            "H20-141G",
            8,
            141,
            "new",
            f"{fleet.prefix}-FP-{(number - 1) // 20 + 1:03d}",
            str(fleet.price_ex_vat),
            "0.13",
            "licensed",
            f"{fleet.prefix}-BGD-{(number - 1) // 40 + 1:02d}",
            fleet.site,
            f"{fleet.hall}{(number - 1) // 8 + 1:02d}-{(number - 1) % 8 // 2 + 1:02d}",
            date(2030, 3, 31).isoformat(),
        )
        for number in range(1, fleet.count + 1)
    ]


def workbook(fleet: Fleet) -> bytes:
    """The inventory as an xlsx file, the same bytes at every run."""
    book = Workbook()
    book.properties.created = book.properties.modified = _EPOCH
    sheet = book.active
    assert sheet is not None
    sheet.title = "servers"
    sheet.append([f"{chinese} ({field})" for chinese, field in COLUMNS])
    for row in rows(fleet):
        sheet.append(list(row))
    written = io.BytesIO()
    book.save(written)
    return _without_times(written.getvalue())


def _without_times(archive: bytes) -> bytes:
    """The same archive with every entry dated alike: openpyxl stamps the moment of saving into it."""
    plain = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name == "docProps/core.xml":
                start, end = content.index(b"<dcterms:modified"), content.index(b"</dcterms:modified>")
                stamp = b'<dcterms:modified xsi:type="dcterms:W3CDTF">' + f"{_EPOCH.isoformat()}Z".encode()
                content = content[:start] + stamp + content[end:]
            entry = zipfile.ZipInfo(name, date_time=(2026, 3, 16, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content)
    return plain.getvalue()


def main() -> None:
    for fleet in FLEETS:
        (HERE / fleet.case / "servers.xlsx").write_bytes(workbook(fleet))


if __name__ == "__main__":
    main()
