"""Inventories as people send them."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl

HEADINGS = (
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
)
CHINESE = (
    "序列号",
    "型号",
    "GPU型号",
    "GPU数量",
    "显存GB",
    "GPU标识",
    "状况",
    "不含税单价",
    "增值税率",
    "来源",
    "机房",
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def gpu(server: int, slot: int) -> str:
    return f"GPU-{server:08x}-0000-4000-8000-{slot:012x}"


def rows(count: int, prefix: str = "SN", *, first: int = 0, gpus: int = 2) -> list[list[Any]]:
    """Servers with serials ``SN-000000`` …, each with some of its GPUs by their identifiers."""
    return [
        [
            f"{prefix}-{number:06d}",
            "8xH100 SXM",
            "H100-SXM",
            8,
            80,
            ";".join(gpu(number, slot) for slot in range(gpus)),
            "new",
            "1858407.08",
            "0.13",
            "official_cn",
            "中卫一号机房",
        ]
        for number in range(first, first + count)
    ]


def as_csv(listed: Iterable[Sequence[Any]], headings: Sequence[str] = HEADINGS, encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows(listed)
    return text.getvalue().encode(encoding)


def as_xlsx(listed: Iterable[Sequence[Any]], headings: Sequence[str] = HEADINGS) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(headings))
    for row in listed:
        sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def upload(content: bytes, name: str) -> dict[str, Any]:
    return {"file": (name, content, "text/csv" if name.endswith(".csv") else XLSX)}
