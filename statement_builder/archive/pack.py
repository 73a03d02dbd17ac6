"""Packs: one ZIP per shard with its PDFs uncompressed, so each PDF is one byte range and any ZIP tool opens it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from statement_builder.billing.model import Record
from statement_builder.errors import ArchiveError

if TYPE_CHECKING:
    from statement_builder.archive.factory import Archive

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The earliest ZIP timestamp. A fixed time makes the bytes reproducible."""
_READ_ONLY_FILE = 0o100400 << 16
_UNIX = 3


class PackEntry(Record, kw_only=True):
    """The byte range of one document in a pack."""

    document_id: str
    offset: int
    length: int


class Pack(Record, kw_only=True):
    data: bytes
    sha256: str
    entries: tuple[PackEntry, ...]
    """In the order of `members`."""


def build_pack(members: Sequence[tuple[str, bytes]]) -> Pack:
    """Pack `members`, as (document id, PDF), in this order. The same members give the same bytes."""
    entries = []
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as pack:
        for document_id, pdf in members:
            member = zipfile.ZipInfo(f"{document_id}.pdf", _EARLIEST)
            member.create_system = _UNIX
            member.external_attr = _READ_ONLY_FILE
            pack.writestr(member, pdf)
            entries.append(PackEntry(document_id=document_id, offset=buffer.tell() - len(pdf), length=len(pdf)))
    data = buffer.getvalue()
    return Pack(data=data, sha256=hashlib.sha256(data).hexdigest(), entries=tuple(entries))


def read_document(archive: Archive, pack_key: str, offset: int, length: int, sha256: str) -> bytes:
    """Read one document's PDF from a pack. ArchiveError if its hash is not `sha256`."""
    return _verify_hash(archive.read_range(pack_key, offset, length), pack_key, sha256)


@contextmanager
def naming_document(document_id: str) -> Iterator[None]:
    """Name the document in an `ArchiveError`, which names the pack only."""
    try:
        yield
    except ArchiveError as exc:
        raise ArchiveError(f"document {document_id}: {exc}") from exc


class PackReader:
    """Reads many documents from a few packs, pack by pack. Each pack is fetched whole, in one request."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._key = ""
        self._pack = b""

    def read(self, pack_key: str, offset: int, length: int, sha256: str) -> bytes:
        """See `read_document`."""
        if pack_key != self._key:
            self._key, self._pack = pack_key, self._archive.get(pack_key)
        return _verify_hash(self._pack[offset : offset + length], pack_key, sha256)


def _verify_hash(pdf: bytes, pack_key: str, sha256: str) -> bytes:
    if hashlib.sha256(pdf).hexdigest() != sha256:
        raise ArchiveError(f"a document in {pack_key} is damaged. Restore the pack from a backup of the archive.")
    return pdf
