"""Documents under their hash: bounded, typed by content, unchangeable without being noticed."""

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.kit.documents import DocumentDamaged, DocumentStore
from services.kit.problems import Problem

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"x" * 100


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return DocumentStore(tmp_path / "documents", max_bytes=10_000)


def left_over(store: DocumentStore, tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "documents").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (PDF, "", "application/pdf"),
        (PDF, "lies.png", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "", "image/png"),
        (b"\xff\xd8\xff\xe0\x00", "", "image/jpeg"),
        (b'{"a": 1}', "a.json", "application/json"),
        (b"a,b\n1,2\n", "a.csv", "text/csv"),
        ("型号,数量\n".encode("gb18030"), "a.csv", "text/csv"),
        (b"# Title\n", "a.md", "text/markdown"),
        (b"plain", "", "text/plain"),
        (b'  {"a": 1}', "", "application/json"),
    ],
)
async def test_a_document_is_kept_under_its_hash(
    store: DocumentStore, content: bytes, name: str, media_type: str
) -> None:
    stored = await store.put_bytes(content, name)
    assert (stored.sha256, stored.size, stored.media_type) == (
        hashlib.sha256(content).hexdigest(),
        len(content),
        media_type,
    )
    assert await store.read(stored.sha256) == content
    path = store.path(stored.sha256)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert path.parent.name == stored.sha256[2:4]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "document_empty"),
        (b"x" * 10_001, "document_too_large"),
        (b"\x7fELF\x02\x01\x01", "document_type_refused"),
        (b"MZ\x90\x00", "document_type_refused"),
        (b"PK\x03\x04 some other archive", "document_type_refused"),
        (b"text with a \x00 in it", "document_type_refused"),
        (b"\x81", "document_type_refused"),
    ],
)
async def test_what_is_refused_leaves_nothing_behind(
    store: DocumentStore, tmp_path: Path, content: bytes, code: str
) -> None:
    with pytest.raises(Problem) as refused:
        await store.put_bytes(content, "a.txt")
    assert refused.value.code == code
    assert left_over(store, tmp_path) == []


async def test_a_stream_that_breaks_leaves_nothing_behind(store: DocumentStore, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield PDF
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.put(broken())
    assert left_over(store, tmp_path) == []


async def test_the_same_content_at_once_is_stored_once(store: DocumentStore, tmp_path: Path) -> None:
    stored = await asyncio.gather(*(store.put_bytes(PDF) for _ in range(10)))
    assert len(set(stored)) == 1
    assert left_over(store, tmp_path) == [stored[0].sha256]


async def test_a_changed_document_is_noticed(store: DocumentStore) -> None:
    stored = await store.put_bytes(PDF)
    path = store.path(stored.sha256)
    os.chmod(path, 0o600)
    path.write_bytes(PDF + b"!")
    with pytest.raises(DocumentDamaged):
        await store.read(stored.sha256)


@pytest.mark.parametrize("sha256", ["0" * 64, "", "../../etc/passwd", "A" * 64, "0" * 63 + "/"])
async def test_unknown_and_malformed_hashes_are_not_found(store: DocumentStore, sha256: str) -> None:
    with pytest.raises(Problem) as refused:
        await store.read(sha256)
    assert refused.value.code == "document_not_found"
