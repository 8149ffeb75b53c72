"""Writes the documents of the example cases: small PDFs with the texts of ``documents.yaml``, and their index.

``python examples/make_documents.py`` rewrites ``<case>/documents/`` byte for byte. The PDFs name a font that every reader
brings for Chinese (STSong-Light) and carry none themselves.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
_LINE = 22
_TOP = 790
_WIDTH = 42
"""Full-width characters to a line."""


def pdf(title: str, lines: list[str]) -> bytes:
    """A one-page PDF."""
    drawn = [f"BT /F1 16 Tf 56 {_TOP} Td <{_utf16(title)}> Tj ET"]
    wrapped = [part for line in lines for part in _wrapped(line)]
    for number, line in enumerate(wrapped, start=2):
        drawn.append(f"BT /F1 11 Tf 56 {_TOP - number * _LINE} Td <{_utf16(line)}> Tj ET")
    stream = "\n".join(drawn).encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H /DescendantFonts [6 0 R] >>",
        (
            b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /FontDescriptor 7 0 R"
            b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 5 >> >>"
        ),
        (
            b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0"
            b" /Ascent 752 /Descent -271 /CapHeight 737 /StemV 58 >>"
        ),
    ]
    written = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(written)


def _utf16(text: str) -> str:
    return text.encode("utf-16-be").hex()


def _wrapped(line: str) -> list[str]:
    """Lines of at most the page's width; Latin letters and digits count half."""
    parts, current, used = [], "", 0.0
    for token in re.findall(r"[ -~]+|[^ -~]", line):
        width = len(token) * (0.5 if token.isascii() else 1)
        if used + width > _WIDTH and current:
            parts.append(current)
            current, used = "", 0.0
        current += token
        used += width
    return [*parts, current]


def files() -> dict[str, list[dict[str, Any]]]:
    """The documents of each case, as listed in ``documents.yaml``."""
    loaded: dict[str, list[dict[str, Any]]] = yaml.safe_load((HERE / "documents.yaml").read_text("utf-8"))
    return loaded


def rendered(document: dict[str, Any]) -> bytes:
    """A document as it is handed in; every one says of itself that nobody issued it."""
    return pdf(
        document["title"], [*document["lines"], "本文件为示例材料，内容虚构。 Illustrative; not issued by anybody."]
    )


def main() -> None:
    for case, documents in files().items():
        directory = HERE / case / "documents"
        directory.mkdir(parents=True, exist_ok=True)
        index = []
        for document in documents:
            (directory / document["file"]).write_bytes(rendered(document))
            index.append({name: str(document[name]) for name in ("file", "kind", "as_of") if name in document})
        (directory / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
