"""Keys: the names of things in the archive, the same on disk and on S3."""

from __future__ import annotations

import hashlib
import re

from statement_builder.errors import ArchiveError, InvariantError

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def require_key(key: str) -> None:
    """InvariantError unless `key` is made of plain parts: nothing hidden, nothing that climbs out of the archive."""
    if not all(_PART.fullmatch(part) for part in key.split("/")):
        raise InvariantError(f"{key!r} is no key of the archive")


def require_hash(key: str, data: bytes, sha256: str) -> None:
    """ArchiveError unless `data` is what its maker hashed."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ArchiveError(f"{key}: the bytes to be archived are not the ones that were made. Run the step again.")
