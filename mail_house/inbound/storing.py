"""Stores fetched files. A file is removed from its source only after it is on disk."""

from __future__ import annotations

from collections.abc import Callable

from mail_house.errors import Misconfigured

StoreFile = Callable[[str, bytes], None]
"""Takes a name without a path, and the bytes. They are on disk when it returns."""


def store_file(store: StoreFile, name: str, data: bytes) -> None:
    """Store the file. Raises Misconfigured if it cannot be stored; it then stays at its source."""
    try:
        store(name, data)
    except OSError as exc:
        raise Misconfigured(
            f"{name} cannot be stored in the inbox ({exc.strerror or type(exc).__name__}): it stays at its source; fix "
            "the inbox, then run this again"
        ) from exc
