"""A shard's snapshot: the accounts as they were pulled, one JSON line each, compressed."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator

import msgspec

from statement_builder.billing.model import FaultyAccount, GuarantorAccount, Record
from statement_builder.errors import ArchiveError

_COMPRESSION = 3
"""Twice as fast as the usual 6 for files a tenth larger."""


class _Line(Record, kw_only=True):
    """Which of the two an entry is."""

    account: GuarantorAccount | None = None
    faulty: FaultyAccount | None = None


_DECODER = msgspec.json.Decoder(_Line)


def write_snapshot(entries: Iterable[GuarantorAccount | FaultyAccount]) -> bytes:
    """The same entries give the same bytes."""
    lines = [_Line(account=entry) if isinstance(entry, GuarantorAccount) else _Line(faulty=entry) for entry in entries]
    return gzip.compress(msgspec.json.Encoder().encode_lines(lines), _COMPRESSION, mtime=0)


def read_snapshot(data: bytes) -> Iterator[GuarantorAccount | FaultyAccount]:
    """The entries in the order in which they were pulled. ArchiveError when the snapshot was damaged."""
    try:
        lines = gzip.decompress(data).splitlines()
    except (EOFError, OSError, zlib.error) as exc:
        raise ArchiveError("a snapshot was damaged: it cannot be decompressed. Restore it from a backup.") from exc
    for number, line in enumerate(lines, 1):
        yield _read_line(number, line)


def _read_line(number: int, line: bytes) -> GuarantorAccount | FaultyAccount:
    try:
        decoded = _DECODER.decode(line)
    except msgspec.MsgspecError:
        # Without its cause: a decoder's message may quote what it read.
        raise ArchiveError(f"line {number} of a snapshot is not what this release writes.") from None
    entry = decoded.account or decoded.faulty
    if entry is None:
        raise ArchiveError(f"line {number} of a snapshot is empty.")
    return entry
