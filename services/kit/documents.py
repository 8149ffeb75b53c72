"""Documents by content: what was proved at the time of a decision can neither be changed nor lost under its hash.

A document lies under its SHA-256 in a two-level tree. It is written to a temporary file, synchronised, and moved into
place, so that a crash leaves either the whole document or none; reading checks the hash again.
"""

import asyncio
import codecs
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from domain.model import Value
from services.kit.problems import Problem, ProblemType, register

_SHA256 = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 18
_HEAD = 4096

register(
    ProblemType("document_not_found", 404, "文件不存在", "No such document"),
    ProblemType(
        "document_type_refused",
        415,
        "不接受的文件类型",
        "Type of document not accepted",
        "文件内容须为：{accepted}。",
        "The content must be one of: {accepted}.",
    ),
    ProblemType("document_empty", 422, "文件为空", "The document is empty"),
    ProblemType(
        "document_too_large",
        413,
        "文件过大",
        "The document is too large",
        "上限 {limit} 字节。",
        "At most {limit} bytes.",
    ),
)

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "json": "application/json",
    "csv": "text/csv",
    "txt": "text/plain",
    "md": "text/markdown",
}
_TEXT = {"json", "csv", "txt", "md"}


class StoredDocument(Value):
    """What the store knows of a document. Its name and meaning are the application's business."""

    sha256: str
    size: int
    """Bytes."""
    media_type: str


class DocumentDamaged(RuntimeError):
    """What lies under a hash no longer has it: the disk failed or somebody changed evidence."""


class DocumentStore:
    """The tree under ``DOCUMENT_DIR``; directories 0700, files 0400."""

    def __init__(self, root: Path, *, max_bytes: int = 64_000_000) -> None:
        self._root = root
        self._max_bytes = max_bytes
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    async def put(
        self, content: AsyncIterator[bytes], name: str = "", *, max_bytes: int | None = None
    ) -> StoredDocument:
        """Store a stream. ``name`` helps only to tell the kinds of plain text apart, by its ending.

        Raises ``document_too_large`` (413), ``document_empty`` (422), ``document_type_refused`` (415). Storing the same
        content again is no error and writes nothing.
        """
        limit = min(max_bytes or self._max_bytes, self._max_bytes)
        temporary = self._root / f".incoming-{secrets.token_hex(12)}"
        digest = hashlib.sha256()
        size = 0
        head = b""
        texts = _TextCheck()
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        try:
            with os.fdopen(descriptor, "wb") as file:
                async for block in content:
                    size += len(block)
                    if size > limit:
                        raise Problem("document_too_large", limit=limit)
                    digest.update(block)
                    if len(head) < _HEAD:
                        head += block[: _HEAD - len(head)]
                    texts.feed(block)
                    await asyncio.to_thread(file.write, block)
                if size == 0:
                    raise Problem("document_empty")
                media_type = _media_type(head, name, is_text=texts.finish())
                await asyncio.to_thread(_synchronise, file)
            final = self._path(digest.hexdigest())
            await asyncio.to_thread(_move, temporary, final)
        finally:
            temporary.unlink(missing_ok=True)
        return StoredDocument(sha256=digest.hexdigest(), size=size, media_type=media_type)

    async def put_bytes(self, content: bytes, name: str = "", *, max_bytes: int | None = None) -> StoredDocument:
        """Store a document held in memory."""

        async def blocks() -> AsyncIterator[bytes]:
            yield content

        return await self.put(blocks(), name, max_bytes=max_bytes)

    async def read(self, sha256: str) -> bytes:
        """The whole content. Raises ``document_not_found`` (404) and ``DocumentDamaged``."""
        return b"".join([block async for block in self.stream(sha256)])

    async def stream(self, sha256: str) -> AsyncIterator[bytes]:
        """The content in blocks. The hash is checked before the first block is handed out: a reader who has acted on
        half of a forged document cannot be called back."""
        path = self.path(sha256)
        if await asyncio.to_thread(_hash_of, path) != sha256:
            raise DocumentDamaged(sha256)
        with path.open("rb") as file:
            while block := await asyncio.to_thread(file.read, _BLOCK):
                yield block

    def path(self, sha256: str) -> Path:
        """Where a stored document lies, for readers that need a file. Raises ``document_not_found`` (404)."""
        if not _SHA256.fullmatch(sha256):
            raise Problem("document_not_found")
        path = self._path(sha256)
        if not path.is_file():
            raise Problem("document_not_found")
        return path

    def _path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256[2:4] / sha256


class _TextCheck:
    """Whether a stream is text: UTF-8 or GB 18030 (what Excel writes in China), without control characters."""

    def __init__(self) -> None:
        self._decoders = [codecs.getincrementaldecoder(name)() for name in ("utf-8", "gb18030")]
        self._control = False

    def feed(self, block: bytes) -> None:
        self._control = self._control or bool(_CONTROL.search(block))
        self._run(block, final=False)

    def finish(self) -> bool:
        self._run(b"", final=True)
        return bool(self._decoders) and not self._control

    def _run(self, block: bytes, *, final: bool) -> None:
        going = []
        for decoder in self._decoders:
            try:
                decoder.decode(block, final)
            except UnicodeDecodeError:
                continue
            going.append(decoder)
        self._decoders = going


_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def _media_type(head: bytes, name: str, *, is_text: bool) -> str:
    """The media type by content; among plain texts by the name's ending."""
    if head.startswith(b"%PDF-"):
        return MEDIA_TYPES["pdf"]
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MEDIA_TYPES["png"]
    if head.startswith(b"\xff\xd8\xff"):
        return MEDIA_TYPES["jpeg"]
    if head.startswith(b"PK\x03\x04") and (b"[Content_Types].xml" in head or b"xl/" in head):
        return MEDIA_TYPES["xlsx"]
    if is_text:
        ending = Path(name).suffix.lower().removeprefix(".")
        if ending in _TEXT:
            return MEDIA_TYPES[ending]
        return MEDIA_TYPES["json"] if head.lstrip()[:1] in (b"{", b"[") else MEDIA_TYPES["txt"]
    raise Problem("document_type_refused", accepted=", ".join(MEDIA_TYPES))


def _synchronise(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _move(temporary: Path, final: Path) -> None:
    final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if final.exists():
        return
    os.rename(temporary, final)
    directory = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
