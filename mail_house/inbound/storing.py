"""Handing on what was fetched. Who keeps it has it on disk before it is taken away where it came from."""

from __future__ import annotations

from collections.abc import Callable

from mail_house.errors import Misconfigured

StoreFile = Callable[[str, bytes], None]
"""Given a name without a path, and the bytes; they are on disk when it returns."""


def store_file(store: StoreFile, name: str, data: bytes) -> None:
    """Misconfigured where it cannot be kept: that is no fault of the other side, and nothing is taken from it."""
    try:
        store(name, data)
    except OSError as exc:
        raise Misconfigured(
            f"{name} cannot be kept in the inbox ({exc.strerror or type(exc).__name__}): it stays where it is"
        ) from exc
