"""Archive keys and content hashes, the same on disk and on S3."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from statement_builder.errors import ArchiveError, InvariantError

MARK = "installation.json"
"""The object that says which installation an archive belongs to."""
PROBE = "check.txt"
"""The object that shows that an archive can be written to."""


@dataclass(frozen=True)
class StoredObject:
    """An object in the archive."""

    key: str
    written_at: datetime
    """UTC."""


_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def check_key(key: str) -> None:
    """InvariantError unless `key` has plain parts only: no hidden files, no path traversal."""
    if not all(_PART.fullmatch(part) for part in key.split("/")):
        raise InvariantError(f"{key!r} is not a valid archive key")


def check_hash(key: str, data: bytes, sha256: str) -> None:
    """ArchiveError unless `data` has the hash `sha256` (hex)."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ArchiveError(f"{key}: the data changed before it was archived. Run this again.")
