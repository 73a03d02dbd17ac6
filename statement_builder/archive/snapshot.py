"""Snapshots of a shard: its pulled accounts as compressed JSON, one account per line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from statement_builder.billing.model import FaultyAccount, GuarantorAccount, Record
from statement_builder.errors import ArchiveError

_COMPRESSION = 3
"""Gzip level 3 is twice as fast as the default 6, and files are 10% larger."""


class _Line(Record, kw_only=True):
    """One line: exactly one of the two is set."""

    account: GuarantorAccount | None = None
    faulty: FaultyAccount | None = None


_DECODER = msgspec.json.Decoder(_Line)


def write_snapshot(entries: Iterable[GuarantorAccount | FaultyAccount]) -> bytes:
    """Encode a snapshot, without the passwords that guarantors chose. The same entries give the same bytes."""
    lines = [
        _Line(account=_without_secret(entry)) if isinstance(entry, GuarantorAccount) else _Line(faulty=entry)
        for entry in entries
    ]
    return gzip.compress(msgspec.json.Encoder().encode_lines(lines), _COMPRESSION, mtime=0)


def _without_secret(account: GuarantorAccount) -> GuarantorAccount:
    if not account.guarantor.email_secret:
        return account
    return replace(account, guarantor=replace(account.guarantor, email_secret=""))


def read_snapshot(data: bytes) -> Iterator[GuarantorAccount | FaultyAccount]:
    """The entries, in the order of the pull. ArchiveError if the snapshot is damaged."""
    try:
        lines = gzip.decompress(data).splitlines()
    except (EOFError, OSError, zlib.error) as exc:
        raise ArchiveError(
            "a snapshot is damaged: it cannot be decompressed. Restore it from a backup of the archive."
        ) from exc
    for number, line in enumerate(lines, 1):
        yield _read_line(number, line)


def _read_line(number: int, line: bytes) -> GuarantorAccount | FaultyAccount:
    try:
        decoded = _DECODER.decode(line)
    except msgspec.MsgspecError:
        # Suppress the cause: a decoder's message may quote patient data.
        raise ArchiveError(
            f"line {number} of a snapshot cannot be decoded. Restore the snapshot, or use the release that wrote it."
        ) from None
    entry = decoded.account or decoded.faulty
    if entry is None:
        raise ArchiveError(f"line {number} of a snapshot is empty. Restore the snapshot from a backup of the archive.")
    return entry
