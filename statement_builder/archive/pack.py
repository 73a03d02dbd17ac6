"""One pack per shard: a ZIP of its PDFs, stored as they are, so that one is a byte range and any tool opens all."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from statement_builder.billing.model import Record
from statement_builder.errors import ArchiveError

if TYPE_CHECKING:
    from statement_builder.archive.factory import Archive

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that ZIP knows: the same documents give the same bytes, whenever they are packed."""
_READ_ONLY_FILE = 0o100400 << 16
_UNIX = 3


class PackEntry(Record, kw_only=True):
    """Where in the pack a document's bytes are."""

    document_id: str
    offset: int
    length: int


class Pack(Record, kw_only=True):
    data: bytes
    sha256: str
    entries: tuple[PackEntry, ...]
    """In the order of the members."""


def build_pack(members: Sequence[tuple[str, bytes]]) -> Pack:
    """Pack documents, given as (document id, PDF), in the order given. The same members give the same bytes."""
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
    """The exact bytes that were rendered. ArchiveError when they are not those any more."""
    return _require_whole(archive.read_range(pack_key, offset, length), pack_key, sha256)


class PackReader:
    """Reads many documents of a few packs, one pack after the other: each pack as a whole, which takes one request."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._key = ""
        self._pack = b""

    def read(self, pack_key: str, offset: int, length: int, sha256: str) -> bytes:
        """As `read_document`."""
        if pack_key != self._key:
            self._key, self._pack = pack_key, self._archive.get(pack_key)
        return _require_whole(self._pack[offset : offset + length], pack_key, sha256)


def _require_whole(pdf: bytes, pack_key: str, sha256: str) -> bytes:
    if hashlib.sha256(pdf).hexdigest() != sha256:
        raise ArchiveError(f"a document in {pack_key} was damaged. Restore the pack from a backup of the archive.")
    return pdf
